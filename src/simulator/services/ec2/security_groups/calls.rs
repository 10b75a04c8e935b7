//! What can be done with rules.

use super::permissions::{self, Wanted, check_description};
use super::rules::{self, Rule};
use super::{SecurityGroup, meant};
use crate::simulator::input::{Input, missing};
use crate::simulator::output::{items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::listing::{self, done, need, tags};

/// What can be done with rules.
pub(in super::super) const ACTIONS: &[Action] = &[
    action("AuthorizeSecurityGroupIngress", |scene, input| authorize(scene, input, false)),
    action("AuthorizeSecurityGroupEgress", |scene, input| authorize(scene, input, true)),
    action("RevokeSecurityGroupIngress", |scene, input| revoke(scene, input, false)),
    action("RevokeSecurityGroupEgress", |scene, input| revoke(scene, input, true)),
    action("DescribeSecurityGroupRules", listing::describe::<Rule>),
    action("ModifySecurityGroupRules", modify),
    action("UpdateSecurityGroupRuleDescriptionsIngress", |scene, input| describe_anew(scene, input, false)),
    action("UpdateSecurityGroupRuleDescriptionsEgress", |scene, input| describe_anew(scene, input, true)),
];

/// The group that a call names, and its VPC.
fn group(scene: &Scene<'_>, input: &Input) -> Result<(String, String), Refusal> {
    let id = meant(scene, input)?;
    let vpc = need::<SecurityGroup>(scene, &id)?.vpc.clone();
    Ok((id, vpc))
}

fn duplicate(wanted: &Wanted) -> Refusal {
    let words =
        format!("the specified rule \"peer: {}, {}, ALLOW\" already exists", wanted.who.text(), wanted.what.words());
    Refusal::new("InvalidPermission.Duplicate", words)
}

fn authorize(scene: &mut Scene<'_>, input: &Input, is_egress: bool) -> Answer {
    let (id, vpc) = group(scene, input)?;
    let wanted = permissions::read(scene, input, &vpc)?;
    let tags = tags::<Rule>(input)?;
    Scene::ensure(!wanted.is_empty(), || missing("ipPermissions"))?;
    for (index, one) in wanted.iter().enumerate() {
        let is_twice = wanted.iter().take(index).any(|other| other.what == one.what && other.who == one.who);
        if is_twice {
            let words = "The same permission must not appear multiple times";
            return Err(Refusal::new("InvalidParameterValue", words));
        }
        Scene::ensure(rules::find(scene, &id, is_egress, one).is_none(), || duplicate(one))?;
    }
    rules::check_limit(scene, &id, is_egress, &wanted)?;
    let made: Vec<String> =
        wanted.into_iter().map(|one| rules::add(scene, &id, is_egress, one, tags.clone())).collect();
    let all = &scene.here.ec2.security_group_rules;
    let shown = made.iter().filter_map(|id| all.get(id).map(|rule: &Rule| rule.show_made(scene, id)));
    Ok(object! { "return" => true, "securityGroupRuleSet" => items(shown.collect::<Vec<_>>()) })
}

/// The rules of a group that a call names, by id or by what they say.
fn named(scene: &Scene<'_>, input: &Input, is_egress: bool) -> Result<(String, Vec<String>), Refusal> {
    let (id, vpc) = group(scene, input)?;
    let absent =
        || Refusal::new("InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
    let mut found = Vec::new();
    for rule in input.texts("SecurityGroupRuleId") {
        let kept = need::<Rule>(scene, rule)?;
        Scene::ensure(kept.group == id && kept.is_egress == is_egress, || {
            let words = format!("The security group rule ID '{rule}' does not exist");
            Refusal::new("InvalidSecurityGroupRuleId.NotFound", words)
        })?;
        found.push(rule.to_owned());
    }
    for wanted in permissions::read(scene, input, &vpc)? {
        found.push(rules::find(scene, &id, is_egress, &wanted).ok_or_else(absent)?);
    }
    Ok((id, found))
}

fn revoke(scene: &mut Scene<'_>, input: &Input, is_egress: bool) -> Answer {
    let (_, found) = named(scene, input, is_egress)?;
    Scene::ensure(!found.is_empty(), || missing("ipPermissions"))?;
    let mut revoked = Vec::new();
    for id in found {
        if let Some(rule) = scene.here.ec2.security_group_rules.remove(&id) {
            revoked.push(rule.show_revoked(&id));
        }
    }
    Ok(object! { "return" => true, "revokedSecurityGroupRuleSet" => items(revoked) })
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (group, vpc) = group(scene, input)?;
    let changes = input.list("SecurityGroupRule");
    Scene::ensure(!changes.is_empty(), || missing("SecurityGroupRules"))?;
    let mut wanted = Vec::new();
    for change in changes {
        let id = change.need("SecurityGroupRuleId")?;
        let rule = need::<Rule>(scene, id)?;
        Scene::ensure(rule.group == group, || {
            let words = format!("The security group rule ID '{id}' does not exist");
            Refusal::new("InvalidSecurityGroupRuleId.NotFound", words)
        })?;
        let new = change.at("SecurityGroupRule").ok_or_else(|| missing("SecurityGroupRule"))?;
        let new = permissions::read_rule(scene, new, &vpc)?;
        let other = rules::find(scene, &group, rule.is_egress, &new);
        Scene::ensure(other.is_none_or(|other| other == id), || duplicate(&new))?;
        wanted.push((id, new));
    }
    for (id, new) in wanted {
        if let Some(rule) = scene.here.ec2.security_group_rules.get_mut(id) {
            rule.what = new.what;
            rule.who = new.who;
            rule.description = new.description;
        }
    }
    Ok(done())
}

/// Rules are found by what they say, or by id, and get the descriptions that the call has for them.
fn describe_anew(scene: &mut Scene<'_>, input: &Input, is_egress: bool) -> Answer {
    let (group, vpc) = group(scene, input)?;
    let absent =
        || Refusal::new("InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
    let mut changes = Vec::new();
    for change in input.list("SecurityGroupRuleDescription") {
        let id = change.need("SecurityGroupRuleId")?;
        let rule = need::<Rule>(scene, id)?;
        Scene::ensure(rule.group == group && rule.is_egress == is_egress, absent)?;
        let description = change.text("Description").map(str::to_owned);
        check_description(description.as_deref())?;
        changes.push((id.to_owned(), description));
    }
    for wanted in permissions::read(scene, input, &vpc)? {
        let id = rules::find(scene, &group, is_egress, &wanted).ok_or_else(absent)?;
        changes.push((id, wanted.description));
    }
    Scene::ensure(!changes.is_empty(), || missing("ipPermissions"))?;
    for (id, description) in changes {
        if let Some(rule) = scene.here.ec2.security_group_rules.get_mut(&id) {
            rule.description = description.filter(|text| !text.is_empty());
        }
    }
    Ok(done())
}
