//! Who may do what: whether the caller's policies allow a call.
//!
//! The account's root may do everything. Users and roles may do what their policies allow and no policy denies, within their boundary and
//! within their session's policies. Policies of queues and secrets count as well, and so does a role's trust. Those of buckets are for S3.
//!
//! What of AWS's is not there: policies of organisations, groups, and keys of conditions beside those in [`context`].

mod context;
mod needs;
mod resources;
mod storage;

use serde_json::Value;

use super::super::super::input::Input;
use super::super::super::protocol::Asked;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Protocol, Service};
use super::super::{secrets, sqs, sts};
use super::evaluation::{Case, Verdict, judge, judge_for};
use super::{Holdings, managed};
use context::Context;
use needs::Need;

/// Whether the caller's policies allow a call.
pub(crate) fn authorize(scene: &Scene<'_>, service: &Service, call: &Asked) -> Result<(), Refusal> {
    if is_root(scene) {
        return Ok(());
    }
    let parameters = call.input.plain();
    for need in needs::of(scene, service, call, &parameters) {
        decide(scene, &parameters, &need).map_err(|why| denied(scene, service, &need, &why))?;
    }
    Ok(())
}

fn is_root(scene: &Scene<'_>) -> bool {
    scene.caller.user.is_none() && scene.caller.session.is_none()
}

/// Whether the caller may have a service make its role.
pub(super) fn may_link(scene: &Scene<'_>, service: &str, role: &str) -> bool {
    let need = Need::new("iam:CreateServiceLinkedRole", role).with("iam:AWSServiceName", service);
    is_root(scene) || decide(scene, &Value::Null, &need).is_ok()
}

/// Whether a role's trust lets the caller take it on.
pub(crate) fn trusts(scene: &Scene<'_>, trust: &str, input: &Input) -> bool {
    let parameters = input.plain();
    let need = Need::new("sts:AssumeRole", input.text("RoleArn").unwrap_or_default());
    let context = Context::new(scene, &parameters, &need);
    let values = |key: &str| context.values(key);
    let case = Case { action: &need.action, resource: &need.resource, context: &values };
    judge_for([trust], &case, Some(&principals(scene, true))) == Verdict::Allowed
}

/// The names that the caller has in policies: its own, and if wanted those that stand for everybody in the account.
fn principals(scene: &Scene<'_>, with_account: bool) -> Vec<String> {
    let account = &scene.caller.account;
    let mut names = vec![sts::arn(scene)];
    if let Some(session) = &scene.caller.session {
        names.extend(scene.iam.roles.get(&session.role).map(|role| role.arn.clone()));
    }
    if with_account || is_root(scene) {
        names.extend([account.clone(), format!("arn:aws:iam::{account}:root")]);
    }
    names
}

/// What the caller holds. The role of a session may be gone by now: then there is nothing.
fn holdings<'a>(scene: &'a Scene<'_>) -> Option<&'a Holdings> {
    match (&scene.caller.session, &scene.caller.user) {
        (Some(session), _) => {
            let role = scene.iam.roles.get(&session.role).filter(|role| role.id == session.role_id);
            role.map(|role| &role.holdings)
        }
        (None, Some(user)) => scene.iam.users.get(user).map(|user| &user.holdings),
        (None, None) => None,
    }
}

/// All documents of what somebody holds.
pub(super) fn documents(scene: &Scene<'_>, holdings: &Holdings) -> Vec<String> {
    let attached = holdings.attached.iter().filter_map(|arn| managed::document(scene, arn));
    holdings.inline.values().cloned().chain(attached).collect()
}

/// Why something is not allowed, as the message ends.
fn decide(scene: &Scene<'_>, parameters: &Value, need: &Need) -> Result<(), String> {
    let context = Context::new(scene, parameters, need);
    let values = |key: &str| context.values(key);
    let case = Case { action: &need.action, resource: &need.resource, context: &values };
    let deny = |kind: &str| Err(format!("with an explicit deny in {kind}"));
    let silent = |kind: &str| Err(format!("because no {kind} allows the {} action", need.action));
    let by_resource = of_resource(scene, need, &case);
    if by_resource == Verdict::Denied {
        return deny("a resource-based policy");
    }
    let holdings = holdings(scene);
    let own = holdings.map(|holdings| documents(scene, holdings)).unwrap_or_default();
    let by_identity = judge(own.iter().map(String::as_str), &case);
    if by_identity == Verdict::Denied {
        return deny("an identity-based policy");
    }
    let narrow =
        |documents: Vec<String>, kind: &str, article: &str| match judge(documents.iter().map(String::as_str), &case) {
            Verdict::Allowed => Ok(()),
            Verdict::Denied => deny(&format!("{article} {kind}")),
            Verdict::Silent => silent(kind),
        };
    // A policy of the resource that names the caller itself is not narrowed by these
    // (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html).
    if by_resource != Verdict::Allowed {
        if by_identity != Verdict::Allowed {
            return silent("identity-based policy");
        }
        if let Some(boundary) = holdings.and_then(|holdings| holdings.boundary.as_deref()) {
            narrow(managed::document(scene, boundary).into_iter().collect(), "permissions boundary", "a")?;
        }
        if let Some(session) = scene.caller.session.as_ref().filter(|session| !session.policies.is_empty()) {
            narrow(session.policies.clone(), "session policy", "a")?;
        }
    }
    Ok(())
}

/// What the policy of the resource itself says of this caller.
fn of_resource(scene: &Scene<'_>, need: &Need, case: &Case<'_>) -> Verdict {
    let service = need.action.split(':').next().unwrap_or_default();
    let policy = match service {
        "sqs" => sqs::policy(scene, &need.resource),
        "secretsmanager" => secrets::policy(scene, &need.resource),
        "sts" => scene.iam.assumable(&need.resource, scene.now).map(|role| role.trust.to_owned()),
        _ => None,
    };
    let Some(policy) = policy else { return Verdict::Silent };
    // Who is denied may be named by the account; for who is allowed the account only hands the decision on to its own policies.
    match judge_for([policy.as_str()], case, Some(&principals(scene, true))) {
        Verdict::Denied => Verdict::Denied,
        _ => judge_for([policy.as_str()], case, Some(&principals(scene, false))),
    }
}

/// The refusal, in the form of each service
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>).
fn denied(scene: &Scene<'_>, service: &Service, need: &Need, why: &str) -> Refusal {
    let who = sts::arn(scene);
    let words =
        format!("User: {who} is not authorized to perform: {} on resource: {} {why}", need.action, need.resource);
    match service.protocol {
        Protocol::Ec2 { .. } => {
            let words = format!("You are not authorized to perform this operation. {words}");
            Refusal::new("UnauthorizedOperation", words).status(403)
        }
        Protocol::Json { .. } if service.name == "sqs" => {
            Refusal::new("AccessDeniedException", words).status(403).query_code("AccessDenied")
        }
        Protocol::Json { .. } => Refusal::new("AccessDeniedException", words),
        Protocol::Query { .. } | Protocol::Rest { .. } => Refusal::new("AccessDenied", words).status(403),
    }
}
