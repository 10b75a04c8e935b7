//! Parameters: putting them, with all their versions, and deleting them.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex_lite::Regex;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::super::super::clock::Moment;
use super::super::super::input::Input;
use super::super::super::output::{Tree, named, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::super::sts;
use super::{CHECKS, invalid, not_found};

pub(super) const ACTIONS: &[Action] =
    &[action("DeleteParameter", delete), action("DeleteParameters", delete_all), action("PutParameter", put)];

/// A parameter.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Parameter {
    pub(super) tags: Tags,
    /// By number, of which the last counts.
    pub(super) versions: BTreeMap<u64, Version>,
}

/// What was put at once.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Version {
    pub(super) value: String,
    pub(super) kind: String,
    pub(super) tier: &'static str,
    pub(super) data_type: String,
    pub(super) description: Option<String>,
    pub(super) pattern: Option<String>,
    /// The key that a `SecureString` is encrypted with.
    pub(super) key: Option<String>,
    /// The policies of an advanced parameter, as they were given.
    pub(super) policies: Option<String>,
    pub(super) labels: BTreeSet<String>,
    pub(super) modified: Moment,
    /// Who did it.
    pub(super) user: String,
}

/// Versions that are kept (<https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html>).
const VERSIONS: usize = 100;

/// Levels of a name (<https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>).
const LEVELS: usize = 15;

/// As long as values may be (same page).
const STANDARD_SIZE: usize = 4096;
const ADVANCED_SIZE: usize = 8192;

impl Parameter {
    /// The number of the last version, and the version.
    pub(super) fn last(&self) -> Option<(u64, &Version)> {
        self.versions.last_key_value().map(|(number, version)| (*number, version))
    }
}

impl Version {
    /// The value as it is read: encrypted values only for those who ask for that are clear. A fingerprint stands for the cipher.
    pub(super) fn shown(&self, name: &str, decrypted: bool) -> String {
        if self.kind != "SecureString" || decrypted {
            return self.value.clone();
        }
        let digest = Sha256::digest(format!("{name}\n{}\n{}", self.modified.0, self.value));
        STANDARD.encode([&[1, 2, 2, 0, 120], digest.as_slice()].concat())
    }
}

/// The ARN of a parameter.
pub(super) fn arn(scene: &Scene<'_>, name: &str) -> String {
    let slash = if name.starts_with('/') { "" } else { "/" };
    scene.arn("ssm", &format!("parameter{slash}{name}"))
}

/// The name in a parameter that may be an ARN: of a name without levels the ARN has a slash more than the name.
pub(super) fn name_of(scene: &Scene<'_>, given: &str) -> String {
    let Some(path) = given.strip_prefix(&scene.arn("ssm", "parameter")) else { return given.to_owned() };
    let bare = path.trim_start_matches('/');
    let is_path = bare.contains('/') || scene.here.ssm.parameters.has(path);
    if is_path { path.to_owned() } else { bare.to_owned() }
}

/// Refuses names that a parameter cannot have.
fn check_name(name: &str) -> Result<(), Refusal> {
    CHECKS.length("Name", name, (1, 2048))?;
    let first = name.trim_start_matches('/').to_ascii_lowercase();
    if name.starts_with("/aws") || first.starts_with("aws") {
        let words = format!("No access to reserved parameter name: {name}.");
        return Err(Refusal::new("AccessDeniedException", words));
    }
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "._-/".contains(sign);
    if first.starts_with("ssm") || !name.chars().all(is_sign) || name.contains("//") || name.ends_with('/') {
        return Err(invalid(
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of \
             sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following \
             3 symbols .-_",
        ));
    }
    Scene::ensure(!name.contains('/') || name.starts_with('/'), || {
        invalid("Parameter name must be a fully qualified name.")
    })?;
    let levels = name.matches('/').count();
    let words = format!("A parameter hierarchy can have a maximum of {LEVELS} levels");
    Scene::ensure(levels <= LEVELS, || Refusal::new("HierarchyLevelLimitExceededException", words))
}

fn put(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name_of(scene, CHECKS.need(input, "Name")?);
    check_name(&name)?;
    let overwrites = input.flag("Overwrite") == Some(true);
    let tags = Tags::read(input, "Tags").map_err(|refusal| invalid(refusal.message))?;
    if overwrites && input.has("Tags") {
        return Err(invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove \
             overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
        ));
    }
    let before = scene.here.ssm.parameters.get(&name);
    if before.is_some() && !overwrites {
        let words =
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
        return Err(Refusal::new("ParameterAlreadyExists", words));
    }
    let version = version(scene, input, before.and_then(Parameter::last).map(|(_, version)| version))?;
    let tier = version.tier;
    let mut parameter = before.cloned().unwrap_or(Parameter { tags, ..Parameter::default() });
    let number = parameter.last().map_or(1, |(number, _)| number + 1);
    parameter.versions.insert(number, version);
    forget_oldest(&name, &mut parameter)?;
    let visible = if before.is_some() { scene.now } else { scene.fresh() };
    scene.here.ssm.parameters.put(name, parameter, visible);
    Ok(object! { "Version" => number, "Tier" => tier })
}

/// A version as a call has it; what it does not say is as before.
fn version(scene: &Scene<'_>, input: &Input, before: Option<&Version>) -> Result<Version, Refusal> {
    let kind = CHECKS.one_of(input, "Type", &["String", "StringList", "SecureString"])?;
    let kind = kind.or(before.map(|before| before.kind.as_str()));
    let kind = kind.ok_or_else(|| invalid("A parameter type is required when you create a parameter."))?;
    if before.is_some_and(|before| before.kind != kind) {
        let words =
            "Parameter Store doesn't support changing a parameter type in a hierarchy. Create a new, unique parameter.";
        return Err(Refusal::new("HierarchyTypeMismatchException", words));
    }
    let value = CHECKS.sized(input, "Value", (1, usize::MAX))?;
    let tier = tier(input, value, before)?;
    let pattern = input.text("AllowedPattern").filter(|pattern| !pattern.is_empty());
    let pattern = pattern.map(str::to_owned).or_else(|| before?.pattern.clone());
    if let Some(pattern) = &pattern {
        check_pattern(pattern, value)?;
    }
    let description = input.text("Description").map(str::to_owned).or_else(|| before?.description.clone());
    CHECKS.length("Description", description.as_deref().unwrap_or_default(), (0, 1024))?;
    let data_type = input.text_or("DataType", before.map_or("text", |before| before.data_type.as_str()));
    if !["text", "aws:ec2:image", "aws:ssm:integration"].contains(&data_type.as_str()) {
        let words =
            format!("The following data type is not supported: {data_type} (Data type names are all lowercase.)");
        return Err(invalid(words));
    }
    let key = (kind == "SecureString").then(|| input.text_or("KeyId", "alias/aws/ssm"));
    if kind != "SecureString" && input.has("KeyId") {
        return Err(invalid("KeyId is required for SecureString type parameter only."));
    }
    let policies = input.text("Policies").map(str::to_owned);
    if policies.is_some() && tier == "Standard" {
        return Err(invalid("Parameter policies are only supported for the advanced-parameter tier."));
    }
    let labels = BTreeSet::new();
    let user = sts::arn(scene);
    let (value, kind, modified) = (value.to_owned(), kind.to_owned(), scene.now);
    Ok(Version { value, kind, tier, data_type, description, pattern, key, policies, labels, modified, user })
}

fn tier(input: &Input, value: &str, before: Option<&Version>) -> Result<&'static str, Refusal> {
    let wanted = CHECKS.one_of(input, "Tier", &["Standard", "Advanced", "Intelligent-Tiering"])?;
    let was_advanced = before.is_some_and(|before| before.tier == "Advanced");
    if wanted == Some("Standard") && was_advanced {
        return Err(invalid(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter \
             tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a \
             standard parameter.",
        ));
    }
    let grows = wanted == Some("Intelligent-Tiering") && (value.len() > STANDARD_SIZE || input.has("Policies"));
    let tier = if was_advanced || wanted == Some("Advanced") || grows { "Advanced" } else { "Standard" };
    let (most, name) = if tier == "Advanced" { (ADVANCED_SIZE, "Advanced") } else { (STANDARD_SIZE, "Standard") };
    if value.len() > most {
        let mut words = format!("{name} tier parameters support a maximum parameter value of {most} characters.");
        if tier == "Standard" {
            words.push_str(
                " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.",
            );
        }
        return Err(invalid(words));
    }
    Ok(tier)
}

fn check_pattern(pattern: &str, value: &str) -> Result<(), Refusal> {
    let words = "The request does not meet the regular expression requirement.";
    let whole =
        Regex::new(&format!("^(?:{pattern})$")).map_err(|_| Refusal::new("InvalidAllowedPatternException", words))?;
    let words = format!("Parameter value, cannot be validated against allowedPattern: {pattern}");
    Scene::ensure(whole.is_match(value), || Refusal::new("ParameterPatternMismatchException", words))
}

/// With one version too many the oldest goes, unless it has a label.
fn forget_oldest(name: &str, parameter: &mut Parameter) -> Result<(), Refusal> {
    if parameter.versions.len() <= VERSIONS {
        return Ok(());
    }
    if let Some((number, oldest)) = parameter.versions.first_key_value().filter(|(_, oldest)| !oldest.labels.is_empty())
    {
        let words = format!(
            "You attempted to create a new version of {name} by calling the PutParameter API. Version {number}, the oldest \
             version, can't be deleted because it has a label associated with it: {:?}",
            oldest.labels
        );
        return Err(Refusal::new("ParameterMaxVersionLimitExceeded", words));
    }
    parameter.versions.pop_first();
    Ok(())
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name_of(scene, CHECKS.need(input, "Name")?);
    let is_seen = scene.here.ssm.parameters.seen(&name, scene.sight).is_some();
    Scene::ensure(is_seen, not_found)?;
    scene.here.ssm.parameters.remove(&name);
    Ok(Tree::EMPTY)
}

fn delete_all(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let names = input.texts("Names");
    CHECKS.count("Names", &names, (1, 10))?;
    let (mut deleted, mut invalid) = (Vec::new(), Vec::new());
    for given in names {
        let name = name_of(scene, given);
        let is_seen = scene.here.ssm.parameters.seen(&name, scene.sight).is_some();
        if is_seen && scene.here.ssm.parameters.remove(&name).is_some() {
            deleted.push(given.to_owned());
        } else {
            invalid.push(given.to_owned());
        }
    }
    Ok(object! { "DeletedParameters" => named("", deleted), "InvalidParameters" => named("", invalid) })
}
