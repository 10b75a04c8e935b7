//! Inline policies: those that are part of a role or a user.

use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::documents::{self, Purpose};
use super::holders::Kind;
use super::{CHECKS, encoded, limit, listed, name, no_such};

pub(super) const ACTIONS: &[Action] = &[
    action("DeleteRolePolicy", |scene, input| delete(scene, input, Kind::Role)),
    action("DeleteUserPolicy", |scene, input| delete(scene, input, Kind::User)),
    action("GetRolePolicy", |scene, input| get(scene, input, Kind::Role)),
    action("GetUserPolicy", |scene, input| get(scene, input, Kind::User)),
    action("ListRolePolicies", |scene, input| list(scene, input, Kind::Role)),
    action("ListUserPolicies", |scene, input| list(scene, input, Kind::User)),
    action("PutRolePolicy", |scene, input| put(scene, input, Kind::Role)),
    action("PutUserPolicy", |scene, input| put(scene, input, Kind::User)),
];

fn put(scene: &mut Scene<'_>, input: &Input, kind: Kind) -> Answer {
    let policy = name(input, "PolicyName", 128)?.to_owned();
    let document = CHECKS.sized(input, "PolicyDocument", (1, 131_072))?;
    let holdings = kind.holdings_mut(scene, input)?;
    documents::check(document, Purpose::Identity)?;
    let others = holdings.inline.iter().filter(|(name, _)| **name != policy).map(|(_, document)| document.as_str());
    let size: usize = others.chain([document]).map(documents::size).sum();
    if size > kind.inline_size() {
        let (most, noun, holder) = (kind.inline_size(), kind.noun(), input.text_or(kind.parameter(), ""));
        return Err(limit(format!("Maximum policy size of {most} bytes exceeded for {noun} {holder}")));
    }
    holdings.inline.insert(policy, document.to_owned());
    Ok(Tree::NONE)
}

fn get(scene: &mut Scene<'_>, input: &Input, kind: Kind) -> Answer {
    let policy = name(input, "PolicyName", 128)?;
    let document = kind.holdings(scene, input)?.inline.get(policy).ok_or_else(|| unknown(kind, policy))?;
    Ok(object! {
        kind.parameter() => input.text_or(kind.parameter(), ""),
        "PolicyName" => policy.to_owned(),
        "PolicyDocument" => encoded(document),
    })
}

fn list(scene: &mut Scene<'_>, input: &Input, kind: Kind) -> Answer {
    let policies = kind.holdings(scene, input)?.inline.keys();
    listed(input, "PolicyNames", policies.map(|name| (name.clone(), Tree::Text(name.clone().into()))))
}

fn delete(scene: &mut Scene<'_>, input: &Input, kind: Kind) -> Answer {
    let policy = name(input, "PolicyName", 128)?;
    let removed = kind.holdings_mut(scene, input)?.inline.remove(policy);
    removed.map(|_| Tree::NONE).ok_or_else(|| unknown(kind, policy))
}

fn unknown(kind: Kind, policy: &str) -> Refusal {
    no_such(format!("The {} policy with name {policy} cannot be found.", kind.noun()))
}
