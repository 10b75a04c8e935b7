//! Reading parameters: one, several, all under a path, all versions of one.

use super::super::super::input::Input;
use super::super::super::output::{Tree, named, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::describing;
use super::parameters::{Parameter, Version, arn, name_of};
use super::{CHECKS, invalid, not_found, page, public};

pub(super) const ACTIONS: &[Action] = &[
    action("GetParameter", get),
    action("GetParameterHistory", history),
    action("GetParameters", get_all),
    action("GetParametersByPath", by_path),
];

/// What is read of a parameter.
struct Found {
    name: String,
    arn: String,
    number: u64,
    version: Version,
    /// `:3` or `:label`, if the caller chose a version.
    selector: Option<String>,
}

impl Found {
    fn tree(&self, decrypted: bool) -> Tree {
        object! {
            "Name" => &self.name,
            "Type" => &self.version.kind,
            "Value" => self.version.shown(&self.name, decrypted),
            "Version" => self.number,
            "Selector" => self.selector.clone(),
            "LastModifiedDate" => self.version.modified,
            "ARN" => &self.arn,
            "DataType" => &self.version.data_type,
        }
    }
}

/// Finds a parameter by name or ARN, and by version or label if one follows: `/shop/size:3`.
fn find(scene: &Scene<'_>, given: &str) -> Result<Found, Refusal> {
    let start = if given.starts_with("arn:") { given.find(":parameter/").map_or(0, |at| at + 1) } else { 0 };
    let (name, selector) = match given.get(start..).and_then(|rest| rest.split_once(':')) {
        Some((name, selector)) => (given.get(..start + name.len()).unwrap_or_default(), Some(selector)),
        None => (given, None),
    };
    let name = name_of(scene, name);
    if let Some((id, version)) = public::find(scene, &name) {
        return Ok(Found { name: id.clone(), arn: public::arn(scene, &id), number: 1, version, selector: None });
    }
    let parameter = scene.here.ssm.parameters.seen(&name, scene.sight).ok_or_else(not_found)?;
    let (number, version) = match selector {
        None => parameter.last().ok_or_else(not_found)?,
        Some(selector) => select(&name, parameter, selector)?,
    };
    let selector = selector.map(|selector| format!(":{selector}"));
    Ok(Found { arn: arn(scene, &name), number, version: version.clone(), selector, name })
}

fn select<'a>(name: &str, parameter: &'a Parameter, selector: &str) -> Result<(u64, &'a Version), Refusal> {
    let mut versions = parameter.versions.iter().map(|(number, version)| (*number, version));
    let found = match selector.parse::<u64>() {
        Ok(wanted) => versions.find(|(number, _)| *number == wanted),
        Err(_) => versions.find(|(_, version)| version.labels.contains(selector)),
    };
    found.ok_or_else(|| {
        let what = if selector.parse::<u64>().is_ok() { "version" } else { "label" };
        let words =
            format!("Systems Manager could not find {what} {selector} of {name}. Verify the {what} and try again.");
        Refusal::new("ParameterVersionNotFound", words)
    })
}

fn decrypts(input: &Input) -> bool {
    input.flag("WithDecryption") == Some(true)
}

fn get(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let given = CHECKS.sized(input, "Name", (1, 2048))?;
    Ok(object! { "Parameter" => find(scene, given)?.tree(decrypts(input)) })
}

fn get_all(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let names = input.texts("Names");
    CHECKS.count("Names", &names, (1, 10))?;
    let (mut found, mut invalid) = (Vec::new(), Vec::new());
    for given in names {
        match find(scene, given) {
            Ok(parameter) => found.push(parameter.tree(decrypts(input))),
            Err(_) => invalid.push(given.to_owned()),
        }
    }
    Ok(object! { "Parameters" => named("", found), "InvalidParameters" => named("", invalid) })
}

/// Whether a name lies under a path, directly or at any depth.
pub(super) fn is_under(name: &str, path: &str, at_any_depth: bool) -> bool {
    let path = path.trim_end_matches('/');
    let rest = name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
    rest.is_some_and(|rest| at_any_depth || !rest.contains('/'))
}

fn by_path(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let path = CHECKS.sized(input, "Path", (1, 2048))?;
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "._-/".contains(sign);
    if !path.starts_with('/') || !path.chars().all(is_sign) {
        return Err(invalid(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \
             \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the \
             following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if \
             specified, must use the forward slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_.",
        ));
    }
    let at_any_depth = input.flag("Recursive") == Some(true);
    let filters = describing::read_filters(input, &["Type", "KeyId", "Label"])?;
    let own = scene.here.ssm.parameters.visible(scene.sight);
    let own = own.filter(|(name, parameter)| filters.pass(name, parameter)).map(|(name, _)| name.to_owned());
    let names = own.chain(public::names(scene)).filter(|name| is_under(name, path, at_any_depth));
    let mut found: Vec<Found> = names.filter_map(|name| find(scene, &name).ok()).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let decrypted = decrypts(input);
    page(input, "Parameters", (10, 10), found.iter().map(|found| (found.name.clone(), found.tree(decrypted))))
}

fn history(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name_of(scene, CHECKS.sized(input, "Name", (1, 2048))?);
    let parameter = scene.here.ssm.parameters.seen(&name, scene.sight).ok_or_else(not_found)?;
    let decrypted = decrypts(input);
    let versions = parameter.versions.iter().map(|(number, version)| {
        let tree = describing::metadata(&name, *number, version);
        let tree =
            tree.with("Value", version.shown(&name, decrypted)).with("Labels", named("", version.labels.clone()));
        (format!("{number:09}"), tree)
    });
    page(input, "Parameters", (50, 50), versions)
}
