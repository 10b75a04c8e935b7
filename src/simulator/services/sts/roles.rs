//! Taking roles on.

use std::time::Duration;

use super::super::super::input::Input;
use super::super::super::output::object;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::super::iam;
use super::{CHECKS, Session, Temporary, arn, hand_out};

pub(super) const ACTIONS: &[Action] = &[action("AssumeRole", assume)];

/// The longest session of one who is in a role already
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>).
const CHAINED: i64 = 3600;

fn assume(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let role_arn = CHECKS.sized(input, "RoleArn", (20, 2048))?;
    let name = CHECKS.sized(input, "RoleSessionName", (2, 64))?;
    let is_fitting = |sign: char| sign.is_ascii_alphanumeric() || "_+=,.@-".contains(sign);
    CHECKS.signs("RoleSessionName", name, r"[\w+=,.@-]*", is_fitting)?;
    let seconds = CHECKS.whole(input, "DurationSeconds", (900, 43_200))?.unwrap_or(3600);
    for without_effect in
        ["SerialNumber", "TokenCode", "TransitiveTagKeys", "ProvidedContexts", "MinimumSessionTokenSize"]
    {
        input.pass_over(without_effect);
    }
    let Some(account) = role_arn.split(':').nth(4).filter(|_| role_arn.contains(":role/")) else {
        return Err(Refusal::new("ValidationError", format!("{role_arn} is invalid")));
    };
    let iam = if account == scene.place.account { Some(&*scene.iam) } else { scene.others.get(account) };
    let role =
        iam.and_then(|iam| iam.assumable(role_arn, scene.now)).filter(|role| iam::trusts(scene, role.trust, input));
    let Some(role) = role else {
        let words =
            format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {role_arn}", arn(scene));
        return Err(Refusal::new("AccessDenied", words).status(403));
    };
    if scene.caller.session.is_some() && seconds > CHAINED {
        let words = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err(Refusal::new("ValidationError", words));
    }
    if seconds > role.longest {
        let words = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(Refusal::new("ValidationError", words));
    }
    let policies = policies(scene, input)?;
    let tags = Tags::read(input, "Tags").map_err(|refusal| Refusal::new("ValidationError", refusal.message))?;
    let session =
        Session { role: role.name.to_owned(), name: name.to_owned(), role_id: role.id.to_owned(), policies, tags };
    let assumed = object! {
        "AssumedRoleId" => format!("{}:{name}", role.id),
        "Arn" => format!("arn:aws:sts::{account}:assumed-role/{}/{name}", role.name),
    };
    let expires = scene.now.plus(Duration::from_secs(seconds.unsigned_abs()));
    let credentials = Temporary { account: account.to_owned(), user: None, session: Some(session), expires };
    Ok(object! {
        "Credentials" => hand_out(scene, credentials),
        "AssumedRoleUser" => assumed,
        "SourceIdentity" => input.text("SourceIdentity").map(str::to_owned),
    })
}

/// The policies of the session, which narrow what the role may do.
fn policies(scene: &Scene<'_>, input: &Input) -> Result<Vec<String>, Refusal> {
    let mut documents = Vec::new();
    if let Some(document) = input.text("Policy") {
        iam::check_identity_policy(document)?;
        documents.push(document.to_owned());
    }
    for policy in input.list("PolicyArns") {
        let arn = CHECKS.need(policy, "arn")?;
        let words = || Refusal::new("ValidationError", format!("Policy {arn} does not exist or is not attachable."));
        documents.push(iam::managed_policy(scene, arn).ok_or_else(words)?);
    }
    Ok(documents)
}
