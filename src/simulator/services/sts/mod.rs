//! AWS STS: who calls, and credentials for a while.

use std::collections::BTreeMap;

use super::super::clock::Moment;
use super::super::input::{Input, invalid};
use super::super::output::object;
use super::super::refusal::Refusal;
use super::super::scene::Scene;
use super::super::service::{Action, Answer, Protocol, Service, action};
use super::super::world::Caller;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "sts",
    protocol: Protocol::Query { namespace: "https://sts.amazonaws.com/doc/2011-06-15/" },
    areas: &[ACTIONS],
};

const ACTIONS: &[Action] = &[action("AssumeRole", assume_role), action("GetCallerIdentity", get_caller_identity)];

/// Credentials that were handed out, by access key id.
pub(crate) type Sessions = BTreeMap<String, Session>;

/// Who acts with temporary credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// Whose account the role is in.
    pub(crate) account: String,
    /// The role's name.
    pub(crate) role: String,
    /// What the caller named the session.
    pub(crate) name: String,
    /// The role's unique id.
    pub(crate) role_id: String,
    /// Until when.
    pub(crate) expires: Moment,
}

/// The ARN of the caller.
pub(crate) fn arn(scene: &Scene<'_>) -> String {
    let Caller { account, session, user, .. } = scene.caller;
    match (session, user) {
        (Some(Session { role, name, .. }), _) => format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"),
        (None, Some(user)) => scene.iam.user(user).map_or_else(String::new, |(arn, _)| arn.to_owned()),
        (None, None) => format!("arn:aws:iam::{account}:root"),
    }
}

/// The id of the caller.
pub(crate) fn user_id(scene: &Scene<'_>) -> String {
    let Caller { account, session, user, .. } = scene.caller;
    match (session, user) {
        (Some(Session { role_id, name, .. }), _) => format!("{role_id}:{name}"),
        (None, Some(user)) => scene.iam.user(user).map_or_else(String::new, |(_, id)| id.to_owned()),
        (None, None) => account.clone(),
    }
}

fn get_caller_identity(scene: &mut Scene<'_>, _: &Input) -> Answer {
    Ok(object! { "UserId" => user_id(scene), "Account" => &scene.caller.account, "Arn" => arn(scene) })
}

fn assume_role(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let arn = input.need("RoleArn")?;
    let name = input.need("RoleSessionName")?.to_owned();
    input.pass_over("ExternalId");
    let seconds = input.whole("DurationSeconds")?.unwrap_or(3600);
    if !(900..=43_200).contains(&seconds) {
        return Err(invalid("DurationSeconds must be between 900 and 43200"));
    }
    let parts: Vec<&str> = arn.split(':').collect();
    let role = arn.rsplit('/').next().unwrap_or_default().to_owned();
    let [_, _, "iam", _, account, _] = parts[..] else { return Err(invalid(format!("{arn} is invalid"))) };
    let key = format!("ASIA{}", scene.dice.capitals(16));
    let role_id = format!("AROA{}", scene.dice.capitals(17));
    let expires = scene.now.plus(std::time::Duration::from_secs(seconds.unsigned_abs()));
    let session = Session {
        account: account.to_owned(),
        role: role.clone(),
        name: name.clone(),
        role_id: role_id.clone(),
        expires,
    };
    scene.sessions.insert(key.clone(), session);
    let assumed = format!("arn:aws:sts::{account}:assumed-role/{role}/{name}");
    Ok(object! {
        "AssumedRoleUser" => object! { "AssumedRoleId" => format!("{role_id}:{name}"), "Arn" => assumed },
        "Credentials" => object! {
            "AccessKeyId" => key,
            "SecretAccessKey" => scene.dice.hex(40),
            "SessionToken" => scene.dice.hex(64),
            "Expiration" => expires,
        },
    })
}

/// Whether the caller's credentials still count.
pub(crate) fn check(_scene: &Scene<'_>, _service: &Service) -> Result<(), Refusal> {
    Ok(())
}
