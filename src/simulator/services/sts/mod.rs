//! AWS STS: who calls, and credentials for a while.

mod roles;
mod tokens;

use std::collections::BTreeMap;

use super::super::clock::Moment;
use super::super::constraints::Constraints;
use super::super::input::Input;
use super::super::output::{Tree, object};
use super::super::refusal::Refusal;
use super::super::scene::Scene;
use super::super::service::{Action, Answer, Protocol, Service, action};
use super::super::tags::Tags;
use super::super::world::Caller;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "sts",
    protocol: Protocol::Query { namespace: "https://sts.amazonaws.com/doc/2011-06-15/" },
    areas: &[ACTIONS, roles::ACTIONS, tokens::ACTIONS],
};

const ACTIONS: &[Action] = &[action("GetCallerIdentity", get_caller_identity)];

/// Credentials that were handed out, by access key id.
pub(crate) type Sessions = BTreeMap<String, Temporary>;

/// Credentials that count for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Temporary {
    /// Whose account calls with them are in.
    pub(crate) account: String,
    /// The user that they are of, if it is one.
    pub(crate) user: Option<String>,
    /// The session that they are of, if it is one of a role.
    pub(crate) session: Option<Session>,
    /// Until when.
    pub(crate) expires: Moment,
}

/// Somebody in a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Session {
    /// The role's name.
    pub(crate) role: String,
    /// What the caller named the session.
    pub(crate) name: String,
    /// The role's unique id.
    pub(crate) role_id: String,
    /// Documents that the session can never go beyond.
    pub(crate) policies: Vec<String>,
    /// Tags of the session, which count beside the role's.
    pub(crate) tags: Tags,
}

/// STS's answer to parameters that cannot be.
const CHECKS: Constraints = Constraints("ValidationError");

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

/// Refuses callers whose credentials count no longer, in the words of each service.
pub(crate) fn check(scene: &Scene<'_>, service: &Service) -> Result<(), Refusal> {
    if scene.caller.expires.is_some_and(|expires| expires <= scene.now) {
        return Err(match service.protocol {
            Protocol::Ec2 { .. } => Refusal::new("RequestExpired", "Request has expired."),
            Protocol::Json { .. } => {
                Refusal::new("ExpiredTokenException", "The security token included in the request is expired")
            }
            Protocol::Query { .. } => {
                Refusal::new("ExpiredToken", "The security token included in the request is expired").status(403)
            }
            Protocol::Rest { .. } => Refusal::new("ExpiredToken", "The provided token has expired."),
        });
    }
    if scene.iam.is_inactive(&scene.caller.key) {
        let words = "The security token included in the request is invalid.";
        return Err(match service.protocol {
            Protocol::Ec2 { .. } => {
                Refusal::new("AuthFailure", "AWS was not able to validate the provided access credentials").status(401)
            }
            Protocol::Json { .. } => Refusal::new("UnrecognizedClientException", words),
            Protocol::Query { .. } => Refusal::new("InvalidClientTokenId", words).status(403),
            Protocol::Rest { .. } => {
                let words = "The AWS Access Key Id you provided does not exist in our records.";
                Refusal::new("InvalidAccessKeyId", words).status(403)
            }
        });
    }
    Ok(())
}

fn get_caller_identity(scene: &mut Scene<'_>, _: &Input) -> Answer {
    Ok(object! { "UserId" => user_id(scene), "Account" => &scene.caller.account, "Arn" => arn(scene) })
}

/// Makes credentials, and shows them.
fn hand_out(scene: &mut Scene<'_>, credentials: Temporary) -> Tree {
    let key = format!("ASIA{}", scene.dice.capitals(16));
    let tree = object! {
        "AccessKeyId" => &key,
        "SecretAccessKey" => scene.dice.hex(40),
        "SessionToken" => scene.dice.hex(64),
        "Expiration" => credentials.expires,
    };
    scene.sessions.insert(key, credentials);
    tree
}
