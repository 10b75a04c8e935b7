//! Groups of subnets that caches may stand in.

use std::collections::BTreeSet;

use serde::Serialize;

use super::listing;
use super::refusals::no_subnet_group;
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{Tree, members, named, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::{subnets, zones};
use crate::simulator::tags::Tags;

/// Groups of subnets.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateCacheSubnetGroup", create),
    action("DeleteCacheSubnetGroup", delete),
    action("DescribeCacheSubnetGroups", describe),
    action("ModifyCacheSubnetGroup", modify),
];

/// A group of subnets.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct SubnetGroup {
    pub(super) description: String,
    pub(super) vpc: String,
    pub(super) subnets: BTreeSet<String>,
    pub(super) tags: Tags,
}

/// The name of the group of the default VPC's subnets, which ElastiCache makes when it is first needed.
pub(super) fn default(scene: &mut Scene<'_>) -> Result<String, Refusal> {
    let name = "default";
    if scene.here.elasticache.subnet_groups.has(name) {
        return Ok(name.to_owned());
    }
    let zones = zones::of(&scene.place.region);
    let own = zones.iter().filter_map(|zone| subnets::default_subnet(scene, Some(&zone.name)));
    let subnets: BTreeSet<String> = own.collect();
    let vpc = subnets.first().and_then(|subnet| subnets::vpc_of_subnet(scene, subnet));
    let words = "Use of cache security groups is not permitted in this API version for your account.";
    let vpc = vpc.ok_or_else(|| invalid(words))?;
    let description = "Default CacheSubnetGroup".to_owned();
    let group = SubnetGroup { description, vpc, subnets, tags: Tags::default() };
    scene.here.elasticache.subnet_groups.put(name, group, scene.now);
    Ok(name.to_owned())
}

/// The zones that a group covers.
pub(super) fn zones(scene: &Scene<'_>, group: &SubnetGroup) -> Vec<String> {
    let zones: BTreeSet<String> = group.subnets.iter().filter_map(|id| subnets::zone_of_subnet(scene, id)).collect();
    zones.into_iter().collect()
}

/// Which subnets a call names, and in which VPC they are.
fn wanted(scene: &Scene<'_>, input: &Input) -> Result<(String, BTreeSet<String>), Refusal> {
    let wanted: BTreeSet<String> = input.texts("SubnetIds").into_iter().map(str::to_owned).collect();
    if wanted.is_empty() {
        return Err(missing("SubnetIds"));
    }
    let odd: Vec<&str> =
        wanted.iter().filter(|id| subnets::vpc_of_subnet(scene, id).is_none()).map(String::as_str).collect();
    if !odd.is_empty() {
        let words = format!("Some input subnets in :[{}] are invalid.", odd.join(", "));
        return Err(Refusal::new("InvalidSubnet", words));
    }
    let vpcs: BTreeSet<String> = wanted.iter().filter_map(|id| subnets::vpc_of_subnet(scene, id)).collect();
    if vpcs.len() > 1 {
        return Err(Refusal::new("InvalidSubnet", "Subnets: [..] are not in the same VPC."));
    }
    Ok((vpcs.into_iter().next().unwrap_or_default(), wanted))
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = new_name(input)?;
    let description = input.need("CacheSubnetGroupDescription")?.to_owned();
    let tags = Tags::read(input, "Tags")?;
    if scene.here.elasticache.subnet_groups.has(&name) {
        let words = format!("CacheSubnetGroup {name} already exists.");
        return Err(Refusal::new("CacheSubnetGroupAlreadyExists", words));
    }
    let (vpc, subnets) = wanted(scene, input)?;
    let visible = scene.fresh();
    let group = SubnetGroup { description, vpc, subnets, tags };
    scene.here.elasticache.subnet_groups.put(name.clone(), group, visible);
    Ok(answer(scene, &name))
}

fn new_name(input: &Input) -> Result<String, Refusal> {
    let name = listing::name(input.need("CacheSubnetGroupName")?);
    let has_form = !name.is_empty()
        && name.len() <= 255
        && name.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '-')
        && name != "default";
    if has_form { Ok(name) } else { Err(invalid(format!("The parameter CacheSubnetGroupName is not valid: {name}"))) }
}

fn answer(scene: &Scene<'_>, name: &str) -> Tree {
    let group = scene.here.elasticache.subnet_groups.get(name);
    object! { "CacheSubnetGroup" => group.map(|group| show(scene, name, group)) }
}

fn show(scene: &Scene<'_>, name: &str, group: &SubnetGroup) -> Tree {
    let subnets = group.subnets.iter().map(|id| {
        let zone = subnets::zone_of_subnet(scene, id);
        object! {
            "SubnetIdentifier" => id,
            "SubnetAvailabilityZone" => object! { "Name" => zone },
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

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    let name = input.text("CacheSubnetGroupName").map(listing::name);
    let groups = &scene.here.elasticache.subnet_groups;
    if let Some(name) = name.as_deref().filter(|name| groups.seen(name, scene.sight).is_none()) {
        return Err(no_subnet_group(name));
    }
    let found = groups.visible(scene.sight).filter(|(id, _)| name.as_deref().is_none_or(|name| name == *id));
    let all = found.map(|(id, group)| (id.to_owned(), show(scene, id, group)));
    Ok(page.list("CacheSubnetGroups", "CacheSubnetGroup", all))
}

/// The zones that caches of a group stand in.
fn used_zones(scene: &Scene<'_>, name: &str) -> BTreeSet<String> {
    let users = scene.here.elasticache.clusters.values().filter(|cluster| cluster.subnet_group == name);
    users.flat_map(|cluster| cluster.nodes.iter().map(|node| node.zone.clone())).collect()
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = listing::name(input.need("CacheSubnetGroupName")?);
    let Some(group) = scene.here.elasticache.subnet_groups.seen(&name, scene.sight) else {
        return Err(no_subnet_group(&name));
    };
    let mut group = group.clone();
    if let Some(description) = input.text("CacheSubnetGroupDescription") {
        description.clone_into(&mut group.description);
    }
    if input.has("SubnetIds") {
        let (vpc, subnets) = wanted(scene, input)?;
        let used = used_zones(scene, &name);
        let other = SubnetGroup { vpc, subnets, ..group };
        let covered = zones(scene, &other);
        if used.iter().any(|zone| !covered.contains(zone)) {
            return Err(Refusal::new("SubnetInUse", "Some of the subnets to be deleted are currently in use"));
        }
        group = other;
    }
    if let Some(there) = scene.here.elasticache.subnet_groups.get_mut(&name) {
        *there = group;
    }
    Ok(answer(scene, &name))
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = listing::name(input.need("CacheSubnetGroupName")?);
    if scene.here.elasticache.subnet_groups.seen(&name, scene.sight).is_none() {
        return Err(no_subnet_group(&name));
    }
    let elasticache = &scene.here.elasticache;
    let is_used = elasticache.clusters.values().any(|cluster| cluster.subnet_group == name)
        || elasticache.replication_groups.values().any(|group| group.subnet_group == name);
    if is_used {
        let words = format!("Cache subnet group {name} is currently in use by a cache cluster.");
        return Err(Refusal::new("CacheSubnetGroupInUse", words));
    }
    scene.here.elasticache.subnet_groups.remove(&name);
    Ok(Tree::NONE)
}
