//! Rules of security groups: a permission for one range, group or list each.

use serde::Serialize;

use super::permissions::{Permission, What, Who};
use super::{SecurityGroup, group_vpc};
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::State;
use crate::simulator::services::ec2::listing::{self, Kind, Thing};
use crate::simulator::shelf::Shelf;
use crate::simulator::tags::Tags;

/// A rule.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rule {
    pub(in super::super) group: String,
    pub(super) is_egress: bool,
    pub(super) what: What,
    pub(super) who: Who,
    pub(super) description: Option<String>,
    tags: Tags,
}

impl Rule {
    pub(super) fn new(group: &str, is_egress: bool, permission: Permission, tags: Tags) -> Self {
        let Permission { what, who, description } = permission;
        Self { group: group.to_owned(), is_egress, what, who, description, tags }
    }

    /// Whether it permits the same to the same, whatever is said about it.
    pub(super) fn is(&self, permission: &Permission) -> bool {
        self.what == permission.what && self.who == permission.who
    }

    /// What it has for a filter of groups, `ip-permission.…`.
    pub(super) fn permission_value(&self, scene: &Scene<'_>, name: &str) -> Option<String> {
        match (name, &self.who) {
            ("cidr", Who::Ipv4(range)) | ("ipv6-cidr", Who::Ipv6(range)) => Some(range.clone()),
            ("prefix-list-id", Who::PrefixList(list)) => Some(list.clone()),
            ("group-id", Who::Group(group)) => Some(group.clone()),
            ("group-name", Who::Group(group)) => super::group_name(scene, group),
            ("user-id", Who::Group(_)) => Some(scene.place.account.clone()),
            ("from-port", _) => self.what.ports.map(|(from, _)| from.to_string()),
            ("to-port", _) => self.what.ports.map(|(_, to)| to.to_string()),
            ("protocol", _) => Some(self.what.protocol.clone()),
            _ => None,
        }
    }

    /// Whom it is for, as `DescribeSecurityGroups` has it.
    pub(super) fn show_source(&self, scene: &Scene<'_>) -> Tree {
        let tree = match &self.who {
            Who::Ipv4(range) => object! { "cidrIp" => range },
            Who::Ipv6(range) => object! { "cidrIpv6" => range },
            Who::PrefixList(list) => object! { "prefixListId" => list },
            Who::Group(group) => object! { "userId" => &scene.place.account, "groupId" => group },
        };
        tree.with("description", self.description.clone())
    }
}

impl Thing for Rule {
    const KIND: Kind = Kind {
        prefix: "sgr",
        resource: "security-group-rule",
        noun: "security group rule ID",
        not_found: "InvalidSecurityGroupRuleId.NotFound",
        malformed: "InvalidSecurityGroupRuleId.Malformed",
    };
    const IDS: &'static str = "SecurityGroupRuleId";
    const SET: &'static str = "securityGroupRuleSet";
    const FILTERS: &'static [&'static str] = &["group-id", "security-group-rule-id"];

    fn shelf(state: &State) -> &Shelf<Self> {
        &state.security_group_rules
    }

    fn shelf_mut(state: &mut State) -> &mut Shelf<Self> {
        &mut state.security_group_rules
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn tags_mut(&mut self) -> &mut Tags {
        &mut self.tags
    }

    fn values(&self, _: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
        vec![if filter == "group-id" { self.group.clone() } else { id.to_owned() }]
    }

    fn show(&self, scene: &Scene<'_>, id: &str) -> Tree {
        let account = &scene.place.account;
        let of = |is: bool, text: &String| is.then(|| text.clone());
        let (ipv4, ipv6, list, group) = match &self.who {
            Who::Ipv4(range) => (of(true, range), None, None, None),
            Who::Ipv6(range) => (None, of(true, range), None, None),
            Who::PrefixList(list) => (None, None, of(true, list), None),
            Who::Group(group) => (None, None, None, of(true, group)),
        };
        let referenced = group.map(|group| {
            let vpc = group_vpc(scene, &group);
            object! { "groupId" => group, "userId" => account, "vpcId" => vpc }
        });
        object! {
            "securityGroupRuleId" => id.to_owned(),
            "groupId" => &self.group,
            "groupOwnerId" => account,
            "isEgress" => self.is_egress,
            "ipProtocol" => &self.what.protocol,
            "fromPort" => self.what.ports.map_or(-1, |(from, _)| from),
            "toPort" => self.what.ports.map_or(-1, |(_, to)| to),
            "cidrIpv4" => ipv4,
            "cidrIpv6" => ipv6,
            "prefixListId" => list,
            "referencedGroupInfo" => referenced,
            "description" => self.description.clone(),
            "tagSet" => self.tags.ec2(),
            "securityGroupRuleArn" => scene.arn("ec2", &format!("security-group-rule/{id}")),
        }
    }
}

/// The rules of a group in one direction, with their ids.
pub(super) fn of<'a>(
    scene: &'a Scene<'_>,
    group: &'a str,
    is_egress: bool,
) -> impl Iterator<Item = (&'a str, &'a Rule)> {
    let all = scene.here.ec2.security_group_rules.iter();
    all.filter(move |(_, rule)| rule.group == group && rule.is_egress == is_egress)
}

fn everything(who: Who) -> Permission {
    Permission { what: What { protocol: "-1".to_owned(), ports: None }, who, description: None }
}

/// The rule that every group begins with: out, to anywhere.
pub(super) fn begin(scene: &mut Scene<'_>, group: &str) {
    let anywhere = everything(Who::Ipv4("0.0.0.0/0".to_owned()));
    listing::put(scene, Rule::new(group, true, anywhere, Tags::default()));
}

/// The rules that the default group of a VPC begins with: in, from itself, and out, to anywhere.
pub(in super::super) fn begin_default(scene: &mut Scene<'_>, group: &str) {
    let itself = everything(Who::Group(group.to_owned()));
    listing::put(scene, Rule::new(group, false, itself, Tags::default()));
    begin(scene, group);
}

/// Whether a rule of another group names this one.
pub(super) fn is_named_elsewhere(scene: &Scene<'_>, group: &str) -> bool {
    let mut all = scene.here.ec2.security_group_rules.values();
    all.any(|rule| rule.group != group && matches!(&rule.who, Who::Group(named) if named == group))
}

/// Takes away all rules of a group.
pub(super) fn forget(scene: &mut Scene<'_>, group: &str) {
    let rules = &mut scene.here.ec2.security_group_rules;
    let own: Vec<String> = rules.iter().filter(|(_, rule)| rule.group == group).map(|(id, _)| id.to_owned()).collect();
    for id in own {
        rules.remove(&id);
    }
}

/// Refuses a rule more than a group may have: 60 in each direction
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>).
pub(super) fn check_limit(scene: &Scene<'_>, group: &str, is_egress: bool, more: usize) -> Result<(), Refusal> {
    const LIMIT: usize = 60;
    Scene::ensure(of(scene, group, is_egress).count() + more <= LIMIT, || {
        Refusal::new(
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.",
        )
    })
}

/// Whether a group is the one of a rule.
pub(super) fn belongs(rule: &Rule, group: &str) -> Result<(), Refusal> {
    Scene::ensure(rule.group == group, || SecurityGroup::KIND.absent(group))
}
