//! Security groups and their rules.

mod calls;
mod permissions;
mod rules;

use std::collections::BTreeMap;

use serde::Serialize;

use super::listing::{self, Kind, Thing, kept, need, tags};
use super::vpcs::{self, Vpc};
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

pub(super) use calls::ACTIONS as RULES;
pub(super) use rules::{Rule, begin_default};

/// What can be done with groups.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateSecurityGroup", create),
    action("DescribeSecurityGroups", describe),
    action("DeleteSecurityGroup", delete),
];

/// As many as a region may have (<https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>).
const LIMIT: usize = 2500;

/// A group.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SecurityGroup {
    pub(super) name: String,
    description: String,
    pub(super) vpc: String,
    tags: Tags,
}

/// The VPC of a group.
pub(crate) fn group_vpc(scene: &Scene<'_>, group: &str) -> Option<String> {
    scene.here.ec2.security_groups.seen(group, scene.sight).map(|group| group.vpc.clone())
}

/// The name of a group.
pub(crate) fn group_name(scene: &Scene<'_>, group: &str) -> Option<String> {
    scene.here.ec2.security_groups.get(group).map(|group| group.name.clone())
}

/// The default group of a VPC.
pub(crate) fn default_group(scene: &Scene<'_>, vpc: &str) -> Option<String> {
    let mut all = scene.here.ec2.security_groups.iter();
    all.find(|(_, group)| group.vpc == vpc && group.is_default()).map(|(id, _)| id.to_owned())
}

/// Groups with their names.
pub(super) fn show_groups(scene: &Scene<'_>, groups: &[String]) -> Tree {
    items(groups.iter().map(|group| object! { "groupId" => group, "groupName" => group_name(scene, group) }))
}

impl SecurityGroup {
    /// The default one of a VPC.
    pub(super) fn standard(vpc: &str) -> Self {
        Self {
            name: "default".to_owned(),
            description: "default VPC security group".to_owned(),
            vpc: vpc.to_owned(),
            tags: Tags::default(),
        }
    }

    /// Whether it is one that a VPC begins with.
    pub(super) fn is_default(&self) -> bool {
        self.name == "default"
    }
}

impl Thing for SecurityGroup {
    const KIND: Kind = Kind {
        prefix: "sg",
        resource: "security-group",
        noun: "security group",
        not_found: "InvalidGroup.NotFound",
        malformed: "InvalidGroupId.Malformed",
    };
    const IDS: &'static str = "GroupId";
    const SET: &'static str = "securityGroupInfo";
    const FILTERS: &'static [&'static str] = &[
        "description",
        "egress.ip-permission.cidr",
        "egress.ip-permission.from-port",
        "egress.ip-permission.group-id",
        "egress.ip-permission.group-name",
        "egress.ip-permission.ipv6-cidr",
        "egress.ip-permission.prefix-list-id",
        "egress.ip-permission.protocol",
        "egress.ip-permission.to-port",
        "egress.ip-permission.user-id",
        "group-id",
        "group-name",
        "ip-permission.cidr",
        "ip-permission.from-port",
        "ip-permission.group-id",
        "ip-permission.group-name",
        "ip-permission.ipv6-cidr",
        "ip-permission.prefix-list-id",
        "ip-permission.protocol",
        "ip-permission.to-port",
        "ip-permission.user-id",
        "owner-id",
        "vpc-id",
    ];

    kept!(security_groups);

    fn values(&self, scene: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
        let rules = |is_egress: bool, name: &str| {
            let rules = rules::of(scene, id, is_egress);
            rules.filter_map(|(_, rule)| rule.permission_value(scene, name)).collect::<Vec<_>>()
        };
        if let Some(name) = filter.strip_prefix("egress.ip-permission.") {
            return rules(true, name);
        }
        if let Some(name) = filter.strip_prefix("ip-permission.") {
            return rules(false, name);
        }
        let one = match filter {
            "description" => &self.description,
            "group-id" => id,
            "group-name" => &self.name,
            "owner-id" => &scene.place.account,
            _ => &self.vpc,
        };
        vec![one.to_owned()]
    }

    fn show(&self, scene: &Scene<'_>, id: &str) -> Tree {
        object! {
            "groupId" => id.to_owned(),
            "groupName" => &self.name,
            "groupDescription" => &self.description,
            "ownerId" => &scene.place.account,
            "vpcId" => &self.vpc,
            "securityGroupArn" => scene.arn("ec2", &format!("security-group/{id}")),
            "ipPermissions" => show_permissions(scene, id, false),
            "ipPermissionsEgress" => show_permissions(scene, id, true),
            "tagSet" => self.tags.ec2(),
        }
    }
}

/// The rules of a group by protocol and ports, as `DescribeSecurityGroups` has them.
fn show_permissions(scene: &Scene<'_>, group: &str, is_egress: bool) -> Tree {
    let mut sorted: BTreeMap<_, Vec<&Rule>> = BTreeMap::new();
    for (_, rule) in rules::of(scene, group, is_egress) {
        sorted.entry((&rule.what.protocol, rule.what.ports)).or_default().push(rule);
    }
    items(sorted.into_iter().map(|((protocol, ports), rules)| {
        let list =
            |name: &str| items(rules.iter().filter(|rule| rule.who.list() == name).map(|rule| rule.show_source(scene)));
        object! {
            "ipProtocol" => protocol,
            "fromPort" => ports.map(|(from, _)| from),
            "toPort" => ports.map(|(_, to)| to),
            "groups" => list("groups"),
            "ipRanges" => list("ipRanges"),
            "ipv6Ranges" => list("ipv6Ranges"),
            "prefixListIds" => list("prefixListIds"),
        }
    }))
}

/// Whether this could be a name or a description: of the letters that are allowed, and not too long
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html>).
fn check_text(what: &str, text: &str) -> Result<(), Refusal> {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(letter);
    Scene::ensure(!text.is_empty() && text.len() <= 255 && text.chars().all(is_allowed), || {
        invalid(format!(
            "Value ({text}) for parameter {what} is invalid. Character sets beyond ASCII are not supported, and it may have up to 255 \
             characters."
        ))
    })
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, description) = (input.need("GroupName")?, input.need("GroupDescription")?);
    let tags = tags::<SecurityGroup>(input)?;
    check_text("GroupName", name)?;
    check_text("GroupDescription", description)?;
    if name.starts_with("sg-") {
        let words = "is invalid. Group names may not be in the format sg-*.";
        return Err(invalid(format!("Value ({name}) for parameter GroupName {words}")));
    }
    Scene::ensure(!name.eq_ignore_ascii_case("default"), || {
        Refusal::new("InvalidGroup.Reserved", format!("The security group name '{name}' is reserved"))
    })?;
    let vpc = match input.text("VpcId") {
        Some(id) => need::<Vpc>(scene, id).map(|_| id.to_owned())?,
        None => {
            vpcs::default_vpc(scene).ok_or_else(|| Refusal::new("VPCIdNotSpecified", "No default VPC for this user"))?
        }
    };
    let has_name = |group: &SecurityGroup| group.vpc == vpc && group.name.eq_ignore_ascii_case(name);
    let is_taken = scene.here.ec2.security_groups.values().any(has_name);
    Scene::ensure(!is_taken, || {
        let words = format!("The security group '{name}' already exists for VPC '{vpc}'");
        Refusal::new("InvalidGroup.Duplicate", words)
    })?;
    Scene::ensure(scene.here.ec2.security_groups.len() < LIMIT, || {
        Refusal::new("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.")
    })?;
    let group = SecurityGroup { name: name.to_owned(), description: description.to_owned(), vpc, tags: tags.clone() };
    let id = listing::put(scene, group);
    rules::begin(scene, &id);
    let arn = scene.arn("ec2", &format!("security-group/{id}"));
    Ok(object! { "groupId" => id, "securityGroupArn" => arn, "tagSet" => tags.ec2() })
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let names = input.texts("GroupName");
    if names.is_empty() {
        return listing::describe::<SecurityGroup>(scene, input);
    }
    // By name only groups of the default VPC are found.
    let mut found = Vec::new();
    for name in names {
        let id = by_name(scene, name)?;
        found.extend(listing::shown::<SecurityGroup>(scene, &id));
    }
    Ok(object! { "securityGroupInfo" => items(found) })
}

/// The group of this name in the default VPC.
fn by_name(scene: &Scene<'_>, name: &str) -> Result<String, Refusal> {
    let vpc = vpcs::default_vpc(scene);
    let mut all = scene.here.ec2.security_groups.visible(scene.sight);
    let found = all.find(|(_, group)| Some(&group.vpc) == vpc.as_ref() && group.name == name);
    found.map(|(id, _)| id.to_owned()).ok_or_else(|| {
        let place = vpc.map_or_else(|| "default VPC".to_owned(), |vpc| format!("default VPC '{vpc}'"));
        Refusal::new("InvalidGroup.NotFound", format!("The security group '{name}' does not exist in {place}"))
    })
}

/// The group that a call names by id, or by name in the default VPC.
fn meant(scene: &Scene<'_>, input: &Input) -> Result<String, Refusal> {
    match (input.text("GroupId"), input.text("GroupName")) {
        (Some(id), None) => need::<SecurityGroup>(scene, id).map(|_| id.to_owned()),
        (None, Some(name)) => by_name(scene, name),
        (Some(_), Some(_)) => {
            let words = "The parameters GroupId and GroupName may not both be specified";
            Err(Refusal::new("InvalidParameterCombination", words))
        }
        (None, None) => Err(missing("groupName or groupId")),
    }
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = meant(scene, input)?;
    let group = need::<SecurityGroup>(scene, &id)?;
    Scene::ensure(!group.is_default(), || {
        let words = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        Refusal::new("CannotDelete", words)
    })?;
    let is_worn = scene.here.ec2.interfaces.values().any(|interface| interface.groups.contains(&id));
    Scene::ensure(!is_worn && !rules::is_named_elsewhere(scene, &id), || {
        Refusal::new("DependencyViolation", format!("resource {id} has a dependent object"))
    })?;
    rules::forget(scene, &id);
    scene.here.ec2.security_groups.remove(&id);
    Ok(object! { "return" => true, "groupId" => id })
}
