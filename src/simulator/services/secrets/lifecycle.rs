//! The life of a secret: from its making to its deletion, which waits.

use std::time::Duration;

use super::super::super::clock::Moment;
use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::{CHECKS, CURRENT, Secret, Value, exists, invalid, living, meant, name_of, values};

pub(super) const ACTIONS: &[Action] = &[
    action("CreateSecret", create),
    action("DeleteSecret", delete),
    action("DescribeSecret", describe),
    action("RestoreSecret", restore),
    action("UpdateSecret", update),
];

const DAY: Duration = Duration::from_hours(24);

/// What a name may consist of (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html>).
fn check_name(name: &str) -> Result<(), Refusal> {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "/_+=.@-".contains(sign);
    if name.chars().count() > 512 || !name.chars().all(is_sign) {
        let words =
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
        return Err(Refusal::new("ValidationException", words));
    }
    Ok(())
}

/// The random end of an ARN, so that a secret of the same name is another one.
fn make_arn(scene: &mut Scene<'_>, name: &str) -> String {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let end: String =
        (0..6).filter_map(|_| SIGNS.get(scene.dice.index(SIGNS.len()))).map(|sign| char::from(*sign)).collect();
    scene.arn("secretsmanager", &format!("secret:{name}-{end}"))
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = CHECKS.sized(input, "Name", (1, 512))?;
    check_name(name)?;
    for without_effect in ["AddReplicaRegions", "ForceOverwriteReplicaSecret"] {
        input.pass_over(without_effect);
    }
    let tags = tags(input)?;
    let description = description(input)?;
    let key = input.text("KmsKeyId").map(str::to_owned);
    let token = values::token(scene, input)?;
    let value = values::read(input)?;
    if let Some(there) = scene.here.secrets.secrets.get(name) {
        return again(name, there, &token, value.as_ref());
    }
    let (now, arn) = (scene.now, make_arn(scene, name));
    let mut secret = Secret { arn, description, key, tags, created: now, changed: now, ..Secret::default() };
    let version = value.is_some().then(|| token.clone());
    if let Some(value) = value {
        values::add(&mut secret, &token, value, &[CURRENT], now);
    }
    let answer = secret.brief(name).with("VersionId", version);
    let visible = scene.fresh();
    scene.here.secrets.secrets.put(name, secret, visible);
    Ok(answer)
}

/// What is answered if there is a secret of this name: the same once more, if token and value are the same.
fn again(name: &str, there: &Secret, token: &str, value: Option<&Value>) -> Answer {
    if there.ends.is_some() {
        let words = "You can't create this secret because a secret with this name is already scheduled for deletion.";
        return Err(Refusal::new("InvalidRequestException", words));
    }
    match there.versions.get(token) {
        Some(version) if Some(&version.value) == value => Ok(there.brief(name).with("VersionId", token.to_owned())),
        _ => Err(exists(format!("The operation failed because the secret {name} already exists."))),
    }
}

/// The tags that something new is given, or that are added.
pub(super) fn tags(input: &Input) -> Result<Tags, Refusal> {
    Tags::read(input, "Tags").map_err(|refusal| invalid(refusal.message))
}

fn description(input: &Input) -> Result<Option<String>, Refusal> {
    let text = input.text("Description");
    CHECKS.length("Description", text.unwrap_or_default(), (0, 2048))?;
    Ok(text.map(str::to_owned))
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, secret) = meant(scene, input)?;
    Ok(shown(&name, secret).with("VersionIdsToStages", secret.stages()))
}

/// Everything about a secret but its values.
pub(super) fn shown(name: &str, secret: &Secret) -> Tree {
    let tags = (!secret.tags.is_empty()).then(|| secret.tags.list(""));
    object! {
        "ARN" => &secret.arn,
        "Name" => name.to_owned(),
        "Description" => secret.description.clone(),
        "KmsKeyId" => secret.key.clone(),
        "LastChangedDate" => secret.changed,
        "LastAccessedDate" => secret.accessed,
        "DeletedDate" => secret.ends,
        "Tags" => tags,
        "OwningService" => secret.owner.clone(),
        "CreatedDate" => secret.created,
    }
}

fn update(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let token = values::token(scene, input)?;
    let (description, value, now) = (description(input)?, values::read(input)?, scene.now);
    let key = input.text("KmsKeyId").map(str::to_owned);
    let (name, secret) = living(scene, input)?;
    let version = value.is_some().then(|| token.clone());
    if let Some(value) = value {
        values::put(secret, &token, value, &[CURRENT], now)?;
    }
    secret.description = description.or(secret.description.take());
    secret.key = key.or(secret.key.take());
    secret.changed = now;
    Ok(secret.brief(&name).with("VersionId", version))
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let is_forced = input.flag("ForceDeleteWithoutRecovery") == Some(true);
    let window = input.whole("RecoveryWindowInDays").map_err(|refusal| invalid(refusal.message))?;
    if is_forced && window.is_some() {
        return Err(invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."));
    }
    let days = window.unwrap_or(30);
    if !(7..=30).contains(&days) {
        return Err(invalid("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."));
    }
    let id = CHECKS.sized(input, "SecretId", (1, 2048))?;
    let now = scene.now;
    if is_forced {
        return delete_at_once(scene, id);
    }
    let (name, secret) = meant(scene, input)?;
    if secret.ends.is_some() {
        let words = "You can't perform this operation on the secret because it was already scheduled for deletion.";
        return Err(Refusal::new("InvalidRequestException", words));
    }
    refuse_managed(secret)?;
    let span = DAY * u32::try_from(days).unwrap_or(30);
    let ends = now.plus(span);
    secret.ends = Some(ends);
    let answer = secret.brief(&name).with("DeletionDate", ends);
    scene.later(span, vanish, &name);
    Ok(answer)
}

/// Of a secret that is not there it is said as well that it was deleted, so that the call can be repeated.
fn delete_at_once(scene: &mut Scene<'_>, id: &str) -> Answer {
    let now = scene.now;
    let Ok(name) = name_of(scene, id) else {
        let arn =
            if id.starts_with("arn:") { id.to_owned() } else { scene.arn("secretsmanager", &format!("secret:{id}")) };
        return Ok(object! { "ARN" => arn, "Name" => id.to_owned(), "DeletionDate" => now });
    };
    if let Some(secret) = scene.here.secrets.secrets.get(&name) {
        refuse_managed(secret)?;
    }
    let secret = scene.here.secrets.secrets.remove(&name).unwrap_or_default();
    Ok(secret.brief(&name).with("DeletionDate", now))
}

fn refuse_managed(secret: &Secret) -> Result<(), Refusal> {
    let Some(owner) = &secret.owner else { return Ok(()) };
    let words = format!("You can't delete the secret because it's managed by {owner}.");
    Err(Refusal::new("InvalidRequestException", words))
}

/// The end of the window, unless the secret was restored, or is another one by now.
fn vanish(scene: &mut Scene<'_>, name: &str) {
    let is_due = |ends: Moment| ends <= scene.now;
    if scene.here.secrets.secrets.get(name).and_then(|secret| secret.ends).is_some_and(is_due) {
        scene.here.secrets.secrets.remove(name);
    }
}

fn restore(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, secret) = meant(scene, input)?;
    secret.ends = None;
    Ok(secret.brief(&name))
}

/// Makes a secret that a service of AWS manages, `rds!db-…`, and answers its ARN.
pub(crate) fn create_managed(scene: &mut Scene<'_>, name: &str, value: &str) -> String {
    let (now, arn, token) = (scene.now, make_arn(scene, name), scene.dice.uuid());
    let owner = name.split_once('!').map(|(owner, _)| owner.to_owned());
    let mut secret = Secret { arn: arn.clone(), created: now, changed: now, owner, ..Secret::default() };
    values::add(&mut secret, &token, Value::Text(value.to_owned()), &[CURRENT], now);
    scene.here.secrets.secrets.put(name, secret, now);
    arn
}

/// Deletes a secret that a service of AWS manages, at once.
pub(crate) fn delete_managed(scene: &mut Scene<'_>, arn: &str) {
    if let Ok(name) = name_of(scene, arn) {
        scene.here.secrets.secrets.remove(&name);
    }
}
