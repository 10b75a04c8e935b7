//! Managed policies on roles and users, and the boundaries of these.

use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::holders::Kind;
use super::{CHECKS, Holdings, limit, listed, managed, no_such, path_prefix};

pub(super) const ACTIONS: &[Action] = &[
    action("AttachRolePolicy", |scene, input| attach(scene, input, Kind::Role)),
    action("AttachUserPolicy", |scene, input| attach(scene, input, Kind::User)),
    action("DeleteRolePermissionsBoundary", |scene, input| delete_boundary(scene, input, Kind::Role)),
    action("DeleteUserPermissionsBoundary", |scene, input| delete_boundary(scene, input, Kind::User)),
    action("DetachRolePolicy", |scene, input| detach(scene, input, Kind::Role)),
    action("DetachUserPolicy", |scene, input| detach(scene, input, Kind::User)),
    action("ListAttachedRolePolicies", |scene, input| list(scene, input, Kind::Role)),
    action("ListAttachedUserPolicies", |scene, input| list(scene, input, Kind::User)),
    action("PutRolePermissionsBoundary", |scene, input| put_boundary(scene, input, Kind::Role)),
    action("PutUserPermissionsBoundary", |scene, input| put_boundary(scene, input, Kind::User)),
];

/// Managed policies on one holder, unless one asks AWS for more
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
const MOST: usize = 10;

/// The ARN of a policy that a call names.
fn policy_arn(input: &Input) -> Result<&str, Refusal> {
    CHECKS.sized(input, "PolicyArn", (20, 2048))
}

fn attach(scene: &mut Scene<'_>, input: &Input, kind: Kind) -> Answer {
    let policy = policy_arn(input)?;
    let is_there = managed::exists(scene, policy);
    let holdings = kind.holdings_mut(scene, input)?;
    if !is_there {
        return Err(no_such(format!("Policy {policy} does not exist or is not attachable.")));
    }
    if holdings.attached.len() >= MOST && !holdings.attached.contains(policy) {
        let quota = if kind == Kind::Role { "PoliciesPerRole" } else { "PoliciesPerUser" };
        return Err(limit(format!("Cannot exceed quota for {quota}: {MOST}")));
    }
    holdings.attached.insert(policy.to_owned());
    Ok(Tree::NONE)
}

fn detach(scene: &mut Scene<'_>, input: &Input, kind: Kind) -> Answer {
    let policy = policy_arn(input)?;
    let was_there = kind.holdings_mut(scene, input)?.attached.remove(policy);
    Scene::ensure(was_there, || no_such(format!("Policy {policy} was not found.")))?;
    Ok(Tree::NONE)
}

fn list(scene: &mut Scene<'_>, input: &Input, kind: Kind) -> Answer {
    let attached = kind.holdings(scene, input)?.attached.iter();
    let prefix = path_prefix(input);
    let shown = attached.filter(|arn| managed::is_under(prefix, arn)).map(|arn| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        (arn.clone(), object! { "PolicyName" => name.to_owned(), "PolicyArn" => arn })
    });
    listed(input, "AttachedPolicies", shown)
}

/// The boundary that something new is given.
pub(super) fn boundary(scene: &Scene<'_>, input: &Input) -> Result<Option<String>, Refusal> {
    let Some(policy) = input.text("PermissionsBoundary") else { return Ok(None) };
    CHECKS.length("PermissionsBoundary", policy, (20, 2048))?;
    let words = || no_such(format!("Scope ARN: {policy} does not exist or is not attachable."));
    Scene::ensure(managed::exists(scene, policy), words)?;
    Ok(Some(policy.to_owned()))
}

/// A boundary as it is shown.
pub(super) fn boundary_tree(holdings: &Holdings) -> Option<Tree> {
    let arn = holdings.boundary.as_ref()?;
    Some(object! { "PermissionsBoundaryType" => "PermissionsBoundaryPolicy", "PermissionsBoundaryArn" => arn })
}

fn put_boundary(scene: &mut Scene<'_>, input: &Input, kind: Kind) -> Answer {
    CHECKS.need(input, "PermissionsBoundary")?;
    let boundary = boundary(scene, input)?;
    kind.holdings_mut(scene, input)?.boundary = boundary;
    Ok(Tree::NONE)
}

fn delete_boundary(scene: &mut Scene<'_>, input: &Input, kind: Kind) -> Answer {
    let holdings = kind.holdings_mut(scene, input)?;
    let (noun, holder) = (kind.noun(), input.text_or(kind.parameter(), ""));
    let words = format!("The {noun} {holder} does not have a permissions boundary.");
    holdings.boundary.take().map(|_| Tree::NONE).ok_or_else(|| no_such(words))
}
