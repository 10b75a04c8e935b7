//! Groups of subnets that databases may stand in.

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
    action("CreateDBSubnetGroup", create),
    action("DeleteDBSubnetGroup", delete),
    action("DescribeDBSubnetGroups", describe),
    action("ModifyDBSubnetGroup", modify),
];

/// A group of subnets.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct SubnetGroup {
    pub(super) description: String,
    pub(super) vpc: String,
    pub(super) subnets: BTreeSet<String>,
    pub(super) tags: Tags,
}

/// The name of the group of the default VPC's subnets, which RDS makes when it is first needed.
pub(super) fn default(scene: &mut Scene<'_>) -> Result<String, Refusal> {
    let name = "default";
    if scene.here.rds.subnet_groups.has(name) {
        return Ok(name.to_owned());
    }
    let zones = zones::of(&scene.place.region);
    let own = zones.iter().filter_map(|zone| subnets::default_subnet(scene, Some(&zone.name)));
    let subnets: BTreeSet<String> = own.collect();
    let vpc = subnets.first().and_then(|subnet| subnets::vpc_of_subnet(scene, subnet));
    let words = "No default subnet detected in VPC. Please contact AWS Support to recreate the default Subnets.";
    let vpc = vpc.ok_or_else(|| Refusal::new("InvalidSubnet", words))?;
    let group = SubnetGroup { description: name.to_owned(), vpc, subnets, tags: Tags::default() };
    scene.here.rds.subnet_groups.put(name, group, scene.now);
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
        return Err(Refusal::new("InvalidSubnet", "The requested subnets are not all in a common VPC."));
    }
    let group = SubnetGroup { subnets: wanted, ..SubnetGroup::default() };
    let zones = zones(scene, &group);
    if zones.len() < 2 {
        let words = format!(
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: {}. Add subnets to cover at \
             least 2 AZs.",
            zones.join(", ")
        );
        return Err(Refusal::new("DBSubnetGroupDoesNotCoverEnoughAZs", words));
    }
    Ok((vpcs.into_iter().next().unwrap_or_default(), group.subnets))
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name(input)?;
    let description = input.need("DBSubnetGroupDescription")?.to_owned();
    let tags = Tags::read(input, "Tags")?;
    if scene.here.rds.subnet_groups.has(&name) {
        let words = format!("The DB subnet group '{name}' already exists.");
        return Err(Refusal::new("DBSubnetGroupAlreadyExists", words));
    }
    let (vpc, subnets) = wanted(scene, input)?;
    let visible = scene.fresh();
    scene.here.rds.subnet_groups.put(name.clone(), SubnetGroup { description, vpc, subnets, tags }, visible);
    answer(scene, &name)
}

/// The name of a new group (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html>).
fn name(input: &Input) -> Result<String, Refusal> {
    let name = input.need("DBSubnetGroupName")?.to_ascii_lowercase();
    let has_form = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.len() <= 255
        && name.chars().all(|sign| sign.is_ascii_alphanumeric() || "._- ".contains(sign));
    if !has_form || name == "default" {
        return Err(invalid(format!("The parameter DBSubnetGroupName is not a valid identifier: {name}")));
    }
    Ok(name)
}

fn answer(scene: &Scene<'_>, name: &str) -> Answer {
    let group = scene.here.rds.subnet_groups.get(name);
    Ok(object! { "DBSubnetGroup" => group.map(|group| show(scene, name, group)) })
}

/// A group of subnets as all calls show it.
pub(super) fn show(scene: &Scene<'_>, name: &str, group: &SubnetGroup) -> Tree {
    let subnets = group.subnets.iter().map(|id| {
        let zone = subnets::zone_of_subnet(scene, id);
        object! {
            "SubnetIdentifier" => id,
            "SubnetAvailabilityZone" => object! { "Name" => zone },
            "SubnetOutpost" => object! {},
            "SubnetStatus" => "Active",
        }
    });
    object! {
        "DBSubnetGroupName" => name.to_owned(),
        "DBSubnetGroupDescription" => &group.description,
        "DBSubnetGroupArn" => scene.arn("rds", &format!("subgrp:{name}")),
        "VpcId" => &group.vpc,
        "SubnetGroupStatus" => "Complete",
        "Subnets" => named("Subnet", subnets),
        "SupportedNetworkTypes" => members(["IPV4"]),
    }
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    input.pass_over("Filters");
    let name = input.text("DBSubnetGroupName").map(listing::name);
    if let Some(name) = name.as_deref().filter(|name| scene.here.rds.subnet_groups.seen(name, scene.sight).is_none()) {
        return Err(no_subnet_group(name));
    }
    let found = scene.here.rds.subnet_groups.visible(scene.sight);
    let found = found.filter(|(id, _)| name.as_deref().is_none_or(|name| name == *id));
    let all = found.map(|(id, group)| (id.to_owned(), show(scene, id, group)));
    Ok(page.list("DBSubnetGroups", "DBSubnetGroup", all))
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = listing::name(input.need("DBSubnetGroupName")?);
    let Some(group) = scene.here.rds.subnet_groups.seen(&name, scene.sight) else { return Err(no_subnet_group(&name)) };
    let old = group.vpc.clone();
    let (vpc, subnets) = wanted(scene, input)?;
    let users = scene.here.rds.instances.iter().filter(|(_, instance)| instance.place.subnet_group == name);
    let mut zones = BTreeSet::new();
    for (_, instance) in users {
        zones.insert(instance.place.zone.clone());
        zones.extend(instance.place.other_zone.clone());
    }
    if !zones.is_empty() && vpc != old {
        return Err(Refusal::new("InvalidSubnet", "The requested subnets are not in the VPC of the subnet group."));
    }
    // A zone with a database in it cannot be taken away.
    let covered = self::zones(scene, &SubnetGroup { subnets: subnets.clone(), ..SubnetGroup::default() });
    if zones.iter().any(|zone| !covered.contains(zone)) {
        let words = "Some of the subnets to be deleted are currently in use";
        return Err(Refusal::new("SubnetAlreadyInUse", words));
    }
    if let Some(group) = scene.here.rds.subnet_groups.get_mut(&name) {
        (group.vpc, group.subnets) = (vpc, subnets);
        if let Some(description) = input.text("DBSubnetGroupDescription") {
            description.clone_into(&mut group.description);
        }
    }
    answer(scene, &name)
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = listing::name(input.need("DBSubnetGroupName")?);
    if scene.here.rds.subnet_groups.seen(&name, scene.sight).is_none() {
        return Err(no_subnet_group(&name));
    }
    let mut users = scene.here.rds.instances.iter().filter(|(_, instance)| instance.place.subnet_group == name);
    if let Some((user, _)) = users.next() {
        let words = format!(
            "Cannot delete the subnet group '{name}' because at least one database instance: {user} is still using it."
        );
        return Err(Refusal::new("InvalidDBSubnetGroupStateFault", words));
    }
    scene.here.rds.subnet_groups.remove(&name);
    Ok(Tree::NONE)
}
