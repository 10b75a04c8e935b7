//! Where caches stand: zones, subnets, security groups, and the network interfaces that hold them.

use super::cluster::{Cluster, Node};
use super::refusals::{combination, no_subnet_group};
use super::{listing, subnet_groups};
use crate::simulator::input::{Input, invalid};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::{interfaces, security_groups, subnets};

/// A place for a cache.
pub(super) struct Site {
    pub(super) subnet_group: String,
    pub(super) vpc: String,
    pub(super) security_groups: Vec<String>,
    /// The zones of the subnets.
    pub(super) zones: Vec<String>,
}

/// Finds the place that a call asks for: a subnet group, or that of the default VPC.
pub(super) fn site(scene: &mut Scene<'_>, input: &Input) -> Result<Site, Refusal> {
    let name = match input.text("CacheSubnetGroupName") {
        Some(name) => listing::name(name),
        None => subnet_groups::default(scene)?,
    };
    let Some(group) = scene.here.elasticache.subnet_groups.seen(&name, scene.sight) else {
        return Err(no_subnet_group(&name));
    };
    let group = group.clone();
    let security_groups = security_groups(scene, input, &group.vpc)?;
    let zones = subnet_groups::zones(scene, &group);
    Ok(Site { subnet_group: name, vpc: group.vpc, security_groups, zones })
}

/// The security groups of a call, or the default one of the VPC.
pub(super) fn security_groups(scene: &Scene<'_>, input: &Input, vpc: &str) -> Result<Vec<String>, Refusal> {
    if !input.list("CacheSecurityGroupNames").is_empty() {
        let words = "Use of cache security groups is not permitted in this API version for your account.";
        return Err(combination(words));
    }
    let wanted: Vec<String> = input.texts("SecurityGroupIds").into_iter().map(str::to_owned).collect();
    if wanted.is_empty() {
        return Ok(security_groups::default_group(scene, vpc).into_iter().collect());
    }
    for group in &wanted {
        let home = security_groups::group_vpc(scene, group);
        if home.as_deref() != Some(vpc) {
            return Err(invalid(format!("Some security groups are not found or not in the VPC {vpc}: [{group}]")));
        }
    }
    Ok(wanted)
}

/// Attaches the interface of each node of a cluster that has none yet. If one cannot be, none of them stays.
pub(super) fn attach(scene: &mut Scene<'_>, id: &str, cluster: &mut Cluster) -> Result<(), Refusal> {
    let Some(group) = scene.here.elasticache.subnet_groups.get(&cluster.subnet_group).cloned() else { return Ok(()) };
    for at in 0..cluster.nodes.len() {
        let Some(zone) = cluster.nodes.get(at).filter(|node| node.interface.is_none()).map(|node| node.zone.clone())
        else {
            continue;
        };
        let is_inside = |subnet: &&String| subnets::zone_of_subnet(scene, subnet).as_deref() == Some(zone.as_str());
        let Some(subnet) = group.subnets.iter().find(is_inside) else { continue };
        let wish = interfaces::Wish {
            subnet,
            groups: &cluster.security_groups,
            description: format!("ElastiCache {id}"),
            requester: "amazon-elasticache",
            instance: None,
        };
        match interfaces::attach(scene, wish) {
            Ok(interface) => {
                if let Some(node) = cluster.nodes.get_mut(at) {
                    node.interface = Some(interface);
                }
            }
            Err(refusal) => {
                cluster.nodes.iter().for_each(|node| detach(scene, node));
                return Err(refusal);
            }
        }
    }
    Ok(())
}

/// Lets go of the interface of a node.
pub(super) fn detach(scene: &mut Scene<'_>, node: &Node) {
    if let Some(interface) = &node.interface {
        interfaces::detach(scene, interface);
    }
}

/// Sets who may reach a cluster.
pub(super) fn set_groups(scene: &mut Scene<'_>, id: &str, groups: &[String]) {
    let Some(cluster) = scene.here.elasticache.clusters.get_mut(id) else { return };
    groups.clone_into(&mut cluster.security_groups);
    let held: Vec<String> = cluster.nodes.iter().filter_map(|node| node.interface.clone()).collect();
    for interface in held {
        interfaces::set_groups(scene, &interface, groups);
    }
}

/// Takes a cluster away, with its interfaces.
pub(super) fn remove(scene: &mut Scene<'_>, id: &str) {
    if let Some(cluster) = scene.here.elasticache.clusters.remove(id) {
        cluster.nodes.iter().for_each(|node| detach(scene, node));
    }
}
