//! What parameters are, without their values, and the filters to find them.

use super::super::super::input::Input;
use super::super::super::output::{Tree, named, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::parameters::{Parameter, Version, arn};
use super::{CHECKS, invalid, page, reading};

pub(super) const ACTIONS: &[Action] = &[action("DescribeParameters", describe)];

/// What a caller looks for: all of the filters, any of the values of each.
pub(super) struct Filters(Vec<Filter>);

struct Filter {
    key: String,
    option: String,
    values: Vec<String>,
}

/// The filters of a call, of which those with these keys are possible.
pub(super) fn read_filters(input: &Input, keys: &[&str]) -> Result<Filters, Refusal> {
    let mut filters = Vec::new();
    for filter in input.list("ParameterFilters") {
        let key = CHECKS.sized(filter, "Key", (1, 132))?.to_owned();
        let is_known = |known: &&str| *known == key || (*known == "tag:" && key.starts_with("tag:"));
        if !keys.iter().any(is_known) {
            let words = format!("The following filter key is not valid: {key}. Valid filter keys include: {keys:?}.");
            return Err(Refusal::new("InvalidFilterKey", words));
        }
        let options: &[&str] = match key.as_str() {
            "Path" => &["OneLevel", "Recursive"],
            "Name" => &["BeginsWith", "Equals", "Contains"],
            "Type" | "Tier" | "DataType" => &["BeginsWith", "Equals"],
            _ => &["Equals", "BeginsWith"],
        };
        let option = filter.text_or("Option", if key == "Path" { "OneLevel" } else { "Equals" });
        if !options.contains(&option.as_str()) {
            let words =
                format!("The following filter option is not valid: {option}. Valid options include: {options:?}.");
            return Err(Refusal::new("InvalidFilterOption", words));
        }
        let values: Vec<String> = filter.texts("Values").into_iter().map(str::to_owned).collect();
        // A tag may be asked for without a value.
        if values.is_empty() && !key.starts_with("tag:") {
            return Err(Refusal::new(
                "InvalidFilterValue",
                "The following filter values are missing : null for filter key ".to_owned() + &key,
            ));
        }
        filters.push(Filter { key, option, values });
    }
    Ok(Filters(filters))
}

impl Filters {
    /// Whether a parameter passes all of them.
    pub(super) fn pass(&self, name: &str, parameter: &Parameter) -> bool {
        self.0.iter().all(|filter| filter.passes(name, parameter))
    }
}

impl Filter {
    fn passes(&self, name: &str, parameter: &Parameter) -> bool {
        let Some((_, version)) = parameter.last() else { return false };
        match self.key.as_str() {
            // A name matches with and without the slash before it.
            "Name" => self.fits(name) || self.fits(name.trim_start_matches('/')),
            "Path" => self.values.iter().any(|path| reading::is_under(name, path, self.option == "Recursive")),
            "Type" => self.fits(&version.kind),
            "KeyId" => version.key.as_ref().is_some_and(|key| self.fits(key)),
            "Tier" => self.fits(version.tier),
            "DataType" => self.fits(&version.data_type),
            "Label" => parameter.versions.values().flat_map(|version| &version.labels).any(|label| self.fits(label)),
            key => {
                let value = key.strip_prefix("tag:").and_then(|key| parameter.tags.get(key));
                value.is_some_and(|value| self.values.is_empty() || self.fits(value))
            }
        }
    }

    fn fits(&self, text: &str) -> bool {
        self.values.iter().any(|value| match self.option.as_str() {
            "BeginsWith" => text.starts_with(value),
            "Contains" => text.contains(value),
            _ => text == value,
        })
    }
}

/// Everything about a version but its value.
pub(super) fn metadata(name: &str, number: u64, version: &Version) -> Tree {
    let policies = version.policies.iter().map(|text| {
        object! { "PolicyText" => text, "PolicyStatus" => "Pending" }
    });
    object! {
        "Name" => name.to_owned(),
        "Type" => &version.kind,
        "KeyId" => version.key.clone(),
        "LastModifiedDate" => version.modified,
        "LastModifiedUser" => &version.user,
        "Description" => version.description.clone(),
        "AllowedPattern" => version.pattern.clone(),
        "Version" => number,
        "Tier" => version.tier,
        "Policies" => named("", policies),
        "DataType" => &version.data_type,
    }
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("Shared");
    let keys = ["Path", "Name", "Type", "KeyId", "Tier", "DataType", "Label", "tag:"];
    let mut filters = read_filters(input, &keys)?;
    if input.has("Filters") {
        if input.has("ParameterFilters") {
            return Err(invalid("You can use either Filters or ParameterFilters in a single request."));
        }
        filters.0.extend(older_filters(input)?);
    }
    let found =
        scene.here.ssm.parameters.visible(scene.sight).filter(|(name, parameter)| filters.pass(name, parameter));
    let shown = found.filter_map(|(name, parameter)| {
        let (number, version) = parameter.last()?;
        Some((name.to_owned(), metadata(name, number, version).with("ARN", arn(scene, name))))
    });
    page(input, "Parameters", (10, 50), shown)
}

/// The filters of an older form, which has no options.
fn older_filters(input: &Input) -> Result<Vec<Filter>, Refusal> {
    let mut filters = Vec::new();
    for filter in input.list("Filters") {
        CHECKS.need(filter, "Key")?;
        let key = CHECKS.one_of(filter, "Key", &["Name", "Type", "KeyId"])?.unwrap_or_default().to_owned();
        let option = if key == "Name" { "BeginsWith" } else { "Equals" }.to_owned();
        filters.push(Filter { key, option, values: filter.texts("Values").into_iter().map(str::to_owned).collect() });
    }
    Ok(filters)
}
