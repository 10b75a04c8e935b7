//! Labels: names for versions.

use std::collections::BTreeSet;

use super::super::super::input::Input;
use super::super::super::output::{named, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::parameters::name_of;
use super::{CHECKS, not_found};

pub(super) const ACTIONS: &[Action] =
    &[action("LabelParameterVersion", label), action("UnlabelParameterVersion", unlabel)];

/// Labels of one version (<https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html>).
const MOST: usize = 10;

/// Whether a label is one: no number in front, none of the words that AWS keeps for itself.
fn is_label(label: &str) -> bool {
    let lower = label.to_ascii_lowercase();
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "._-".contains(sign);
    let is_reserved = lower.starts_with("aws") || lower.starts_with("ssm");
    label.len() <= 100
        && !label.starts_with(|sign: char| sign.is_ascii_digit())
        && !is_reserved
        && label.chars().all(is_sign)
}

/// A label moves from the version that had it.
fn label(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name_of(scene, CHECKS.sized(input, "Name", (1, 2048))?);
    let labels = input.texts("Labels");
    CHECKS.count("Labels", &labels, (1, 10))?;
    let wanted = CHECKS.whole(input, "ParameterVersion", (1, i64::MAX))?.map(i64::unsigned_abs);
    let parameter = scene.here.ssm.parameters.seen_mut(&name, scene.sight).ok_or_else(not_found)?;
    let number = wanted.or(parameter.last().map(|(number, _)| number)).unwrap_or_default();
    let (good, bad): (Vec<&str>, Vec<&str>) = labels.into_iter().partition(|label| is_label(label));
    let version = parameter.versions.get(&number).ok_or_else(|| no_version(&name, number))?;
    let all: BTreeSet<&str> = version.labels.iter().map(String::as_str).chain(good.iter().copied()).collect();
    if all.len() > MOST {
        let words = "An error occurred (ParameterVersionLabelLimitExceeded): A parameter version can have maximum 10 labels. \
                     Move one or more labels to another version and try again.";
        return Err(Refusal::new("ParameterVersionLabelLimitExceeded", words));
    }
    for version in parameter.versions.values_mut() {
        version.labels.retain(|label| !good.contains(&label.as_str()));
    }
    if let Some(version) = parameter.versions.get_mut(&number) {
        version.labels.extend(good.iter().map(|label| (*label).to_owned()));
    }
    let invalid = bad.into_iter().map(str::to_owned);
    Ok(object! { "InvalidLabels" => named("", invalid), "ParameterVersion" => number })
}

fn unlabel(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name_of(scene, CHECKS.sized(input, "Name", (1, 2048))?);
    let labels = input.texts("Labels");
    CHECKS.count("Labels", &labels, (1, 10))?;
    CHECKS.need(input, "ParameterVersion")?;
    let number = CHECKS.whole(input, "ParameterVersion", (1, i64::MAX))?.unwrap_or_default().unsigned_abs();
    let parameter = scene.here.ssm.parameters.seen_mut(&name, scene.sight).ok_or_else(not_found)?;
    let version = parameter.versions.get_mut(&number).ok_or_else(|| no_version(&name, number))?;
    let (removed, invalid): (Vec<&str>, Vec<&str>) =
        labels.into_iter().partition(|label| version.labels.remove(*label));
    let texts = |labels: Vec<&str>| named("", labels.into_iter().map(str::to_owned));
    Ok(object! { "RemovedLabels" => texts(removed), "InvalidLabels" => texts(invalid) })
}

fn no_version(name: &str, number: u64) -> Refusal {
    let words = format!("Systems Manager could not find version {number} of {name}. Verify the version and try again.");
    Refusal::new("ParameterVersionNotFound", words)
}
