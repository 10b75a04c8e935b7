//! Subnet groups: where nodes may be.

use serde::Serialize;

use super::super::super::input::Input;
use super::super::super::output::{Tree, members, named, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::super::ec2::subnets::{vpc_of_subnet, zone_of_subnet};
use super::{name, page};

/// What can be done with subnet groups.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateCacheSubnetGroup", create),
    action("DeleteCacheSubnetGroup", delete),
    action("DescribeCacheSubnetGroups", describe),
    action("ModifyCacheSubnetGroup", modify),
];

/// A subnet group.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SubnetGroup {
    pub(super) description: String,
    pub(super) vpc: String,
    pub(super) subnets: Vec<String>,
    pub(super) tags: Tags,
}

/// What is said of one that is not there.
pub(super) fn absent(name: &str) -> Refusal {
    Refusal::new("CacheSubnetGroupNotFoundFault", format!("CacheSubnetGroup {name} not found."))
}

fn show(scene: &Scene<'_>, name: &str, group: &SubnetGroup) -> Tree {
    let subnets = group.subnets.iter().map(|id| {
        object! {
            "SubnetIdentifier" => id,
            "SubnetAvailabilityZone" => object! { "Name" => zone_of_subnet(scene, id) },
            "SupportedNetworkTypes" => members(["ipv4"]),
        }
    });
    object! {
        "CacheSubnetGroupName" => name.to_owned(),
        "CacheSubnetGroupDescription" => &group.description,
        "VpcId" => &group.vpc,
        "Subnets" => named("Subnet", subnets),
        "ARN" => scene.arn("elasticache", &format!("subnetgroup:{name}")),
        "SupportedNetworkTypes" => members(["ipv4"]),
    }
}

/// The one VPC that all these subnets are in.
fn vpc_of(scene: &Scene<'_>, subnets: &[String]) -> Result<String, Refusal> {
    let mut vpcs = Vec::new();
    for subnet in subnets {
        let vpc = vpc_of_subnet(scene, subnet);
        let words = format!("The requested subnet(s) do not exist: {subnet}");
        vpcs.push(vpc.ok_or_else(|| Refusal::new("InvalidSubnet", words))?);
    }
    vpcs.dedup();
    match vpcs.as_slice() {
        [vpc] => Ok(vpc.clone()),
        [] => Err(Refusal::new("InvalidParameterValue", "SubnetIds must not be empty")),
        _ => Err(Refusal::new("InvalidSubnet", "Subnets must all be in the same VPC")),
    }
}

fn subnet_ids(input: &Input) -> Vec<String> {
    input.texts("SubnetIds").into_iter().map(str::to_owned).collect()
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name(input, "CacheSubnetGroupName", 255)?;
    let description = input.need("CacheSubnetGroupDescription")?.to_owned();
    let tags = Tags::read(input, "Tags")?;
    if scene.here.elasticache.subnet_groups.has(&name) {
        let words = format!("Cache subnet group {name} already exists.");
        return Err(Refusal::new("CacheSubnetGroupAlreadyExists", words));
    }
    let subnets = subnet_ids(input);
    let vpc = vpc_of(scene, &subnets)?;
    let group = SubnetGroup { description, vpc, subnets, tags };
    let tree = show(scene, &name, &group);
    let visible = scene.fresh();
    scene.here.elasticache.subnet_groups.put(name, group, visible);
    Ok(object! { "CacheSubnetGroup" => tree })
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = input.need("CacheSubnetGroupName")?.to_ascii_lowercase();
    let mut group = scene.here.elasticache.subnet_groups.seen(&name, scene.sight).ok_or_else(|| absent(&name))?.clone();
    if let Some(description) = input.text("CacheSubnetGroupDescription") {
        description.clone_into(&mut group.description);
    }
    if input.has("SubnetIds") {
        let subnets = subnet_ids(input);
        if vpc_of(scene, &subnets)? != group.vpc {
            return Err(Refusal::new("InvalidSubnet", "Subnets must be in the VPC of the subnet group"));
        }
        let gone = group.subnets.iter().find(|subnet| !subnets.contains(subnet) && in_use(scene, &name, Some(subnet)));
        if let Some(gone) = gone {
            return Err(Refusal::new("SubnetInUse", format!("The subnet {gone} is being used by a cache cluster.")));
        }
        group.subnets = subnets;
    }
    let tree = show(scene, &name, &group);
    if let Some(kept) = scene.here.elasticache.subnet_groups.get_mut(&name) {
        *kept = group;
    }
    Ok(object! { "CacheSubnetGroup" => tree })
}

/// Whether a cluster has nodes in a group, or in one subnet of it.
fn in_use(scene: &Scene<'_>, name: &str, subnet: Option<&str>) -> bool {
    scene.here.elasticache.clusters.values().any(|cluster| {
        cluster.subnet_group.as_deref() == Some(name)
            && subnet.is_none_or(|subnet| cluster.nodes.iter().any(|node| node.subnet.as_deref() == Some(subnet)))
    })
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = input.need("CacheSubnetGroupName")?.to_ascii_lowercase();
    scene.here.elasticache.subnet_groups.seen(&name, scene.sight).ok_or_else(|| absent(&name))?;
    if in_use(scene, &name, None) {
        let words = format!("The cache subnet group {name} is currently in use by a cache cluster.");
        return Err(Refusal::new("CacheSubnetGroupInUse", words));
    }
    scene.here.elasticache.subnet_groups.remove(&name);
    Ok(Tree::EMPTY)
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = page(input)?;
    let wanted = input.text("CacheSubnetGroupName").map(str::to_ascii_lowercase);
    let groups = scene.here.elasticache.subnet_groups.visible(scene.sight);
    let mut found: Vec<(String, Tree)> = groups
        .filter(|(name, _)| wanted.as_deref().is_none_or(|wanted| wanted == *name))
        .map(|(name, group)| (name.to_owned(), show(scene, name, group)))
        .collect();
    match wanted {
        Some(wanted) if found.is_empty() => Err(absent(&wanted)),
        _ => {
            let (groups, marker) = page.cut(found.drain(..));
            Ok(object! { "CacheSubnetGroups" => named("CacheSubnetGroup", groups), "Marker" => marker })
        }
    }
}
