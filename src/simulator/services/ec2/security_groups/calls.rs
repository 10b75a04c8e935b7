//! The calls that add rules, take them away, change and show them.

use super::permissions::{self, Permission, What, Who, ipv4, ipv6};
use super::rules::{self, Rule};
use super::{SecurityGroup, meant};
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::listing::{self, Thing as _, done, need, need_mut, tags};

/// What can be done with rules.
pub(in super::super) const ACTIONS: &[Action] = &[
    action("AuthorizeSecurityGroupEgress", |scene, input| authorize(scene, input, true)),
    action("AuthorizeSecurityGroupIngress", |scene, input| authorize(scene, input, false)),
    action("DescribeSecurityGroupRules", listing::describe_either::<Rule>),
    action("ModifySecurityGroupRules", modify),
    action("RevokeSecurityGroupEgress", |scene, input| revoke(scene, input, true)),
    action("RevokeSecurityGroupIngress", |scene, input| revoke(scene, input, false)),
    action("UpdateSecurityGroupRuleDescriptionsEgress", |scene, input| describe_anew(scene, input, true)),
    action("UpdateSecurityGroupRuleDescriptionsIngress", |scene, input| describe_anew(scene, input, false)),
];

/// All rules or none.
fn authorize(scene: &mut Scene<'_>, input: &Input, is_egress: bool) -> Answer {
    let group = meant(scene, input)?;
    let wanted = permissions::read(scene, input)?;
    let tags = tags::<Rule>(input)?;
    for (at, permission) in wanted.iter().enumerate() {
        let is_there = rules::of(scene, &group, is_egress).any(|(_, rule)| rule.is(permission));
        let is_twice = wanted.iter().take(at).any(|other| other.what == permission.what && other.who == permission.who);
        Scene::ensure(!is_there && !is_twice, || {
            let (direction, what) = (if is_egress { "to" } else { "from" }, words(permission));
            let words = format!("the specified rule \"{direction}: {what}, ALLOW\" already exists");
            Refusal::new("InvalidPermission.Duplicate", words)
        })?;
    }
    rules::check_limit(scene, &group, is_egress, wanted.len())?;
    let mut made = Vec::new();
    for permission in wanted {
        let id = listing::put(scene, Rule::new(&group, is_egress, permission, tags.clone()));
        made.extend(listing::shown::<Rule>(scene, &id));
    }
    Ok(object! { "return" => true, "securityGroupRuleSet" => items(made) })
}

fn words(permission: &Permission) -> String {
    let (Who::Ipv4(who) | Who::Ipv6(who) | Who::Group(who) | Who::PrefixList(who)) = &permission.who;
    let What { protocol, ports } = &permission.what;
    match ports {
        Some((from, to)) => format!("{who}, {}, from port: {from}, to port: {to}", protocol.to_ascii_uppercase()),
        None => format!("{who}, {protocol}"),
    }
}

/// All rules or none. In a VPC a rule that is not there is an error
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html>).
fn revoke(scene: &mut Scene<'_>, input: &Input, is_egress: bool) -> Answer {
    let group = meant(scene, input)?;
    let mut going: Vec<String> = Vec::new();
    for id in input.texts("SecurityGroupRuleId") {
        let rule = need::<Rule>(scene, id)?;
        rules::belongs(rule, &group)?;
        Scene::ensure(rule.is_egress == is_egress, || Rule::KIND.absent(id))?;
        going.push(id.to_owned());
    }
    if going.is_empty() || input.has("IpPermissions") {
        for permission in permissions::read(scene, input)? {
            let found = rules::of(scene, &group, is_egress).find(|(_, rule)| rule.is(&permission));
            let found = found.map(|(id, _)| id.to_owned());
            going.push(found.ok_or_else(|| {
                let words = "The specified rule does not exist in this security group.";
                Refusal::new("InvalidPermission.NotFound", words)
            })?);
        }
    }
    let gone = going.iter().filter_map(|id| listing::shown::<Rule>(scene, id).map(|tree| revoked(tree, id)));
    let gone: Vec<_> = gone.collect();
    for id in &going {
        scene.here.ec2.security_group_rules.remove(id);
    }
    Ok(done().with("revokedSecurityGroupRuleSet", items(gone)))
}

/// A rule as `RevokedSecurityGroupRule` has it.
fn revoked(tree: Tree, id: &str) -> Tree {
    const KEPT: [&str; 9] = [
        "groupId",
        "isEgress",
        "ipProtocol",
        "fromPort",
        "toPort",
        "cidrIpv4",
        "cidrIpv6",
        "prefixListId",
        "description",
    ];
    let Tree::Object(fields) = tree else { return tree };
    let group = fields.iter().find(|(name, _)| name == "referencedGroupInfo").and_then(|(_, info)| match info {
        Tree::Object(fields) => fields.iter().find(|(name, _)| name == "groupId").map(|(_, id)| id.clone()),
        _ => None,
    });
    let kept = Tree::Object(fields.into_iter().filter(|(name, _)| KEPT.contains(&name.as_ref())).collect());
    kept.with("securityGroupRuleId", id.to_owned()).with("referencedGroupId", group)
}

/// Changes rules by their ids. What is not said of a rule becomes what it is without.
fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let group = input.need("GroupId")?;
    need::<SecurityGroup>(scene, group)?;
    let mut changed = Vec::new();
    for update in input.list("SecurityGroupRule") {
        let id = update.need("SecurityGroupRuleId")?;
        rules::belongs(need::<Rule>(scene, id)?, group)?;
        let Some(wish) = update.at("SecurityGroupRule") else { return Err(invalid("SecurityGroupRule is missing")) };
        let what = What::read(wish)?;
        let who = match (wish.text("CidrIpv4"), wish.text("CidrIpv6"), wish.text("PrefixListId")) {
            (Some(range), _, _) => Who::Ipv4(ipv4(range)?),
            (_, Some(range), _) => Who::Ipv6(ipv6(range)?),
            (_, _, Some(list)) => Who::PrefixList(list.to_owned()),
            _ => {
                let group = wish.need("ReferencedGroupId")?;
                need::<SecurityGroup>(scene, group)?;
                Who::Group(group.to_owned())
            }
        };
        changed.push((id, what, who, wish.text("Description").map(str::to_owned)));
    }
    for (id, what, who, description) in changed {
        let rule = need_mut::<Rule>(scene, id)?;
        (rule.what, rule.who, rule.description) = (what, who, description);
    }
    Ok(done())
}

/// Says something else about rules, which are named by id or by what they permit.
fn describe_anew(scene: &mut Scene<'_>, input: &Input, is_egress: bool) -> Answer {
    let group = meant(scene, input)?;
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    for named in input.list("SecurityGroupRuleDescription") {
        let id = named.need("SecurityGroupRuleId")?;
        rules::belongs(need::<Rule>(scene, id)?, &group)?;
        found.push((id.to_owned(), named.text("Description").map(str::to_owned)));
    }
    if input.has("IpPermissions") {
        for permission in permissions::read(scene, input)? {
            let rule = rules::of(scene, &group, is_egress).find(|(_, rule)| rule.is(&permission));
            let id = rule.map(|(id, _)| id.to_owned()).ok_or_else(|| {
                Refusal::new("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
            })?;
            found.push((id, permission.description));
        }
    }
    for (id, description) in found {
        need_mut::<Rule>(scene, &id)?.description = description;
    }
    Ok(done())
}
