//! Where databases stand: zones, subnets, security groups, and the network interfaces that hold them.

use super::instance::Site;
use super::refusals::{combination, no_subnet_group};
use super::subnet_groups::{self, SubnetGroup};
use crate::simulator::input::{Input, invalid};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::{interfaces, security_groups, subnets};

/// What RDS calls its interfaces.
const DESCRIPTION: &str = "RDSNetworkInterface";

/// Finds the place that a call asks for: a subnet group, or that of the default VPC, and zones in it.
pub(super) fn site(scene: &mut Scene<'_>, input: &Input, multi_az: bool) -> Result<Site, Refusal> {
    let wanted = input.text("AvailabilityZone");
    if multi_az && wanted.is_some() {
        return Err(combination("Requesting a specific availability zone is not valid for Multi-AZ instances."));
    }
    let name = match input.text("DBSubnetGroupName") {
        Some(name) => name.to_ascii_lowercase(),
        None => subnet_groups::default(scene)?,
    };
    let Some(group) = scene.here.rds.subnet_groups.seen(&name, scene.sight) else { return Err(no_subnet_group(&name)) };
    let group = group.clone();
    let security_groups = security_groups(scene, input, &group.vpc)?;
    let mut zones = subnet_groups::zones(scene, &group);
    if let Some(wanted) = wanted {
        zones.retain(|zone| zone == wanted);
        if zones.is_empty() {
            let words = format!("The requested DB subnet group '{name}' has no subnet in availability zone {wanted}.");
            return Err(invalid(words));
        }
    }
    let zone = zones.remove(scene.dice.index(zones.len()));
    let other_zone = (multi_az && !zones.is_empty()).then(|| zones.remove(scene.dice.index(zones.len())));
    let vpc = group.vpc;
    Ok(Site { subnet_group: name, vpc, zone, other_zone, security_groups, interfaces: Vec::new() })
}

/// The security groups of a call, or the default one of the VPC.
pub(super) fn security_groups(scene: &Scene<'_>, input: &Input, vpc: &str) -> Result<Vec<String>, Refusal> {
    input.pass_over("DBSecurityGroups");
    let wanted: Vec<String> = input.texts("VpcSecurityGroupIds").into_iter().map(str::to_owned).collect();
    if wanted.is_empty() {
        return Ok(security_groups::default_group(scene, vpc).into_iter().collect());
    }
    for group in &wanted {
        let Some(other) = security_groups::group_vpc(scene, group) else {
            return Err(invalid(format!("Invalid security group , groupId= {group}, groupName=.")));
        };
        if other != vpc {
            return Err(combination(format!(
                "The DB instance and EC2 security group are in different VPCs. The DB instance is in {vpc} and the EC2 security group is in \
                 {other}"
            )));
        }
    }
    Ok(wanted)
}

/// Attaches the interfaces of a place: one in the zone, and one in the standby's.
pub(super) fn attach(scene: &mut Scene<'_>, site: &mut Site) -> Result<(), Refusal> {
    let Some(group) = scene.here.rds.subnet_groups.get(&site.subnet_group).cloned() else { return Ok(()) };
    for zone in [Some(site.zone.clone()), site.other_zone.clone()].into_iter().flatten() {
        match interface(scene, &group, &zone, &site.security_groups) {
            Ok(id) => site.interfaces.extend(id),
            Err(refusal) => {
                detach(scene, site);
                return Err(refusal);
            }
        }
    }
    Ok(())
}

fn interface(
    scene: &mut Scene<'_>,
    group: &SubnetGroup,
    zone: &str,
    groups: &[String],
) -> Result<Option<String>, Refusal> {
    let mut inside = group.subnets.iter().filter(|id| subnets::zone_of_subnet(scene, id).as_deref() == Some(zone));
    let Some(subnet) = inside.next().cloned() else { return Ok(None) };
    let description = DESCRIPTION.to_owned();
    let wish = interfaces::Wish { subnet: &subnet, groups, description, requester: "amazon-rds", instance: None };
    interfaces::attach(scene, wish).map(Some)
}

/// Lets go of the interfaces of a place.
pub(super) fn detach(scene: &mut Scene<'_>, site: &mut Site) {
    for id in std::mem::take(&mut site.interfaces) {
        interfaces::detach(scene, &id);
    }
}

/// Sets who may reach a database.
pub(super) fn set_groups(scene: &mut Scene<'_>, id: &str, groups: Vec<String>) {
    let Some(instance) = scene.here.rds.instances.get_mut(id) else { return };
    let held = instance.place.interfaces.clone();
    instance.place.security_groups.clone_from(&groups);
    for interface in held {
        interfaces::set_groups(scene, &interface, &groups);
    }
}

/// Gives a database a standby in another zone, or takes it away.
pub(super) fn set_standby(scene: &mut Scene<'_>, id: &str, wanted: bool) {
    let Some(instance) = scene.here.rds.instances.get(id) else { return };
    let mut site = instance.place.clone();
    if wanted == site.other_zone.is_some() {
        return;
    }
    if wanted {
        let Some(group) = scene.here.rds.subnet_groups.get(&site.subnet_group).cloned() else { return };
        let mut zones = subnet_groups::zones(scene, &group);
        zones.retain(|zone| *zone != site.zone);
        if zones.is_empty() {
            return;
        }
        let zone = zones.remove(scene.dice.index(zones.len()));
        if let Ok(Some(interface)) = interface(scene, &group, &zone, &site.security_groups) {
            site.interfaces.push(interface);
        }
        site.other_zone = Some(zone);
    } else {
        site.other_zone = None;
        if let Some(interface) = site.interfaces.pop().filter(|_| !site.interfaces.is_empty()) {
            interfaces::detach(scene, &interface);
        }
    }
    put(scene, id, site);
}

/// Swaps a database and its standby.
pub(super) fn fail_over(scene: &mut Scene<'_>, id: &str) {
    let Some(instance) = scene.here.rds.instances.get_mut(id) else { return };
    let site = &mut instance.place;
    if let Some(other) = site.other_zone.take() {
        site.other_zone = Some(std::mem::replace(&mut site.zone, other));
        site.interfaces.reverse();
    }
}

/// Moves a database into the VPC of another subnet group, with that VPC's default security group.
pub(super) fn migrate(scene: &mut Scene<'_>, id: &str, name: &str) {
    let Some(group) = scene.here.rds.subnet_groups.get(name).cloned() else { return };
    let Some(mut site) = scene.here.rds.instances.get(id).map(|instance| instance.place.clone()) else { return };
    detach(scene, &mut site);
    let mut zones = subnet_groups::zones(scene, &group);
    zones.reverse();
    let is_twofold = site.other_zone.is_some();
    site.zone = zones.pop().unwrap_or_default();
    site.other_zone = zones.pop().filter(|_| is_twofold);
    site.security_groups = security_groups::default_group(scene, &group.vpc).into_iter().collect();
    site.vpc = group.vpc;
    name.clone_into(&mut site.subnet_group);
    // The subnets were there when the group was made; if one is not any more, the database has no interface in it.
    if attach(scene, &mut site).is_ok() {
        put(scene, id, site);
    }
}

fn put(scene: &mut Scene<'_>, id: &str, site: Site) {
    if let Some(instance) = scene.here.rds.instances.get_mut(id) {
        instance.place = site;
    }
}
