//! The values of secrets, their versions, and the stages of these.

use std::collections::BTreeSet;

use super::super::super::clock::Moment;
use super::super::super::input::Input;
use super::super::super::output::{Tree, named, object};
use super::super::super::pages::Page;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::{CHECKS, CURRENT, Secret, Value, Version, exists, invalid, living, meant};

pub(super) const ACTIONS: &[Action] = &[
    action("GetSecretValue", get),
    action("ListSecretVersionIds", list_versions),
    action("PutSecretValue", put_value),
    action("UpdateSecretVersionStage", move_stage),
];

/// As long as a value may be (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>).
const SIZE: usize = 65_536;

/// Milliseconds of a day: when a secret was last read is told by the day.
const DAY: u64 = 86_400_000;

/// The token of a call, which becomes the version's id; one is drawn if the call has none, as clients do.
pub(super) fn token(scene: &mut Scene<'_>, input: &Input) -> Result<String, Refusal> {
    let Some(token) = input.text("ClientRequestToken") else { return Ok(scene.dice.uuid()) };
    let words = "ClientRequestToken must be 32-64 characters long.";
    Scene::ensure((32..=64).contains(&token.chars().count()), || invalid(words))?;
    Ok(token.to_owned())
}

/// The value that a call has, if it has one.
pub(super) fn read(input: &Input) -> Result<Option<Value>, Refusal> {
    let (text, binary) = (input.text("SecretString"), input.text("SecretBinary"));
    for (name, value, longest) in [("SecretString", text, SIZE), ("SecretBinary", binary, SIZE * 4 / 3 + 4)] {
        // The value itself is not told: it would stand in logs.
        if value.is_some_and(|value| value.is_empty() || value.len() > longest) {
            return Err(CHECKS.broken(name, Some("****"), "Member must have length less than or equal to 65536"));
        }
    }
    match (text, binary) {
        (Some(_), Some(_)) => {
            Err(invalid("You can't specify both a binary secret value and a string secret value in the same secret."))
        }
        (Some(text), None) => Ok(Some(Value::Text(text.to_owned()))),
        (None, Some(binary)) => Ok(Some(Value::Binary(binary.to_owned()))),
        (None, None) => Ok(None),
    }
}

/// Adds a version with these stages.
pub(super) fn add(secret: &mut Secret, id: &str, value: Value, stages: &[&str], now: Moment) {
    secret.versions.insert(id.to_owned(), Version { value, created: now, stages: BTreeSet::new() });
    for stage in stages {
        secret.stage(stage, id);
    }
    secret.changed = now;
}

/// The same, unless there is a version with this id, which then must have this value.
pub(super) fn put(secret: &mut Secret, id: &str, value: Value, stages: &[&str], now: Moment) -> Result<(), Refusal> {
    match secret.versions.get(id) {
        None => add(secret, id, value, stages, now),
        Some(version) if version.value == value => {}
        Some(_) => return Err(exists("You can't modify an existing version, you can only create a new version.")),
    }
    Ok(())
}

fn put_value(scene: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("RotationToken");
    let token = token(scene, input)?;
    let words = "You must provide either SecretString or SecretBinary.";
    let value = read(input)?.ok_or_else(|| Refusal::new("InvalidRequestException", words))?;
    let mut stages = input.texts("VersionStages");
    CHECKS.count("VersionStages", &stages, (0, 20))?;
    let now = scene.now;
    let (name, secret) = living(scene, input)?;
    // The first version is current whatever else it is.
    if stages.is_empty() || (secret.staged(CURRENT).is_none() && !stages.contains(&CURRENT)) {
        stages.push(CURRENT);
    }
    put(secret, &token, value, &stages, now)?;
    let stages = secret.versions.get(&token).map(|version| named("", version.stages.clone()));
    Ok(secret.brief(&name).with("VersionId", token).with("VersionStages", stages))
}

/// The version that a call wants: by id, by stage, by both, or the current one.
fn wanted(secret: &Secret, id: Option<&str>, stage: Option<&str>) -> Result<String, Refusal> {
    let lost = |what: String| {
        let words = format!("Secrets Manager can't find the specified secret value for {what}");
        Refusal::new("ResourceNotFoundException", words)
    };
    let Some(id) = id else {
        let stage = stage.unwrap_or(CURRENT);
        return secret.staged(stage).map(str::to_owned).ok_or_else(|| lost(format!("staging label: {stage}")));
    };
    let version = secret.versions.get(id).ok_or_else(|| lost(format!("VersionId: {id}")))?;
    if stage.is_some_and(|stage| !version.stages.contains(stage)) {
        let words = "You provided a VersionStage that is not associated to the provided VersionId.";
        return Err(Refusal::new("InvalidRequestException", words));
    }
    Ok(id.to_owned())
}

fn get(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let now = scene.now;
    let (name, secret) = living(scene, input)?;
    let id = wanted(secret, input.text("VersionId"), input.text("VersionStage"))?;
    read_value(&name, secret, &id, now)
}

/// The value of a version as it is answered. It counts as read today.
pub(super) fn read_value(name: &str, secret: &mut Secret, id: &str, now: Moment) -> Answer {
    secret.accessed = Some(Moment(now.0 - now.0 % DAY));
    let version = secret.versions.get(id).ok_or_else(super::not_found)?;
    let tree = secret.brief(name).with("VersionId", id.to_owned());
    let tree = match &version.value {
        Value::Text(text) => tree.with("SecretString", text),
        Value::Binary(binary) => tree.with("SecretBinary", binary),
    };
    Ok(tree.with("VersionStages", named("", version.stages.clone())).with("CreatedDate", version.created))
}

/// The id of the current version.
pub(super) fn current(secret: &Secret) -> Result<String, Refusal> {
    wanted(secret, None, None)
}

fn list_versions(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = Page::read(input, "MaxResults", "NextToken", (1, 100), "InvalidNextTokenException")?;
    let with_deprecated = input.flag("IncludeDeprecated") == Some(true);
    let (name, secret) = meant(scene, input)?;
    let versions = secret.versions.iter().filter(|(_, version)| with_deprecated || !version.stages.is_empty());
    let (found, token) = page.cut(versions.map(|(id, version)| (id.clone(), shown(secret, id, version))));
    Ok(object! { "Versions" => Tree::List("", found), "NextToken" => token, "ARN" => &secret.arn, "Name" => name })
}

fn shown(secret: &Secret, id: &str, version: &Version) -> Tree {
    let stages = (!version.stages.is_empty()).then(|| named("", version.stages.clone()));
    let key = secret.key.clone().unwrap_or_else(|| "DefaultEncryptionKey".to_owned());
    object! {
        "VersionId" => id.to_owned(),
        "VersionStages" => stages,
        "LastAccessedDate" => secret.accessed,
        "CreatedDate" => version.created,
        "KmsKeyIds" => named("", [key]),
    }
}

fn move_stage(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let stage = CHECKS.sized(input, "VersionStage", (1, 256))?;
    let (from, to) = (input.text("RemoveFromVersionId"), input.text("MoveToVersionId"));
    let now = scene.now;
    let (name, secret) = living(scene, input)?;
    let holder = secret.staged(stage).map(str::to_owned);
    if from.is_some() && from != holder.as_deref() {
        return Err(invalid(format!(
            "The parameter RemoveFromVersionId can't be a version that doesn't have the staging label {stage}."
        )));
    }
    if from.is_none() && holder.is_some() && holder.as_deref() != to {
        return Err(invalid(format!(
            "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version {}, so \
             you must explicitly reference that version in RemoveFromVersionId.",
            holder.unwrap_or_default()
        )));
    }
    match to {
        Some(to) if secret.versions.contains_key(to) => secret.stage(stage, to),
        Some(_) => return Err(super::not_found()),
        None if stage == CURRENT => {
            return Err(invalid(
                "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
            ));
        }
        None => secret.unstage(stage),
    }
    secret.changed = now;
    Ok(secret.brief(&name))
}
