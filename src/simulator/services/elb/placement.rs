//! Where load balancers stand: in subnets and groups, with an interface in each subnet.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::balancers::{find, find_mut, need};
use super::{configuration, validation};
use crate::simulator::input::Input;
use crate::simulator::output::{members, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::interfaces::{self, Wish};
use crate::simulator::services::ec2::{self, instances, security_groups, subnets};

/// What can be done with where load balancers stand.
pub(super) const ACTIONS: &[Action] = &[
    action("SetSubnets", set_subnets),
    action("SetSecurityGroups", set_security_groups),
    action("SetIpAddressType", set_addresses),
];

/// A load balancer in one subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Place {
    pub(super) zone: String,
    pub(super) interface: String,
    pub(super) allocation: Option<String>,
}

/// Subnets as a call names them, with the address that each is to have.
pub(super) type Subnets = BTreeMap<String, Option<String>>;

/// The subnets that a call names.
pub(super) fn read_subnets(input: &Input) -> Result<Subnets, Refusal> {
    let mut all: Subnets = input.texts("Subnets").into_iter().map(|subnet| (subnet.to_owned(), None)).collect();
    if !all.is_empty() && input.has("SubnetMappings") {
        return Err(validation("You must specify either subnets or subnet mappings, not both"));
    }
    for mapping in input.list("SubnetMappings") {
        all.insert(mapping.need("SubnetId")?.to_owned(), mapping.text("AllocationId").map(str::to_owned));
    }
    Ok(all)
}

/// The VPC of subnets that can carry a load balancer of this type together.
pub(super) fn check_subnets(scene: &Scene<'_>, kind: &str, scheme: &str, wanted: &Subnets) -> Result<String, Refusal> {
    if wanted.is_empty() {
        return Err(validation("At least one subnet must be specified"));
    }
    let mut zones = BTreeSet::new();
    let mut vpcs = BTreeSet::new();
    for subnet in wanted.keys() {
        let zone = subnets::zone_of_subnet(scene, subnet).zip(subnets::vpc_of_subnet(scene, subnet));
        let (zone, vpc) =
            zone.ok_or_else(|| Refusal::new("SubnetNotFound", format!("The subnet ID '{subnet}' does not exist")))?;
        vpcs.insert(vpc);
        if !zones.insert(zone.clone()) {
            let words = "A load balancer cannot be attached to multiple subnets in the same Availability Zone";
            return Err(configuration(words));
        }
    }
    if kind == "application" && zones.len() < 2 {
        let words = "At least two subnets in two different Availability Zones must be specified";
        return Err(validation(words));
    }
    let vpc = vpcs.pop_first().unwrap_or_default();
    if !vpcs.is_empty() {
        return Err(Refusal::new("InvalidSubnet", "All subnets must belong to the same VPC"));
    }
    if scheme == "internet-facing" && !ec2::has_gateway(scene, &vpc) {
        return Err(Refusal::new("InvalidSubnet", format!("VPC {vpc} has no internet gateway")));
    }
    Ok(vpc)
}

/// Refuses groups that a load balancer in this VPC cannot have.
pub(super) fn check_groups(scene: &Scene<'_>, vpc: &str, groups: &[&str]) -> Result<(), Refusal> {
    for group in groups {
        match security_groups::group_vpc(scene, group) {
            Some(other) if other == vpc => {}
            Some(_) => {
                let words = format!("One or more security groups are invalid: '{group}' is not in the VPC '{vpc}'");
                return Err(configuration(words));
            }
            None => {
                let words = format!("Security group '{group}' is not valid");
                return Err(Refusal::new("InvalidSecurityGroup", words));
            }
        }
    }
    Ok(())
}

/// The network interface that a load balancer has in a subnet.
fn stand(scene: &mut Scene<'_>, arn: &str, scheme: &str, subnet: &str, groups: &[String]) -> Result<Place, Refusal> {
    let path = arn.split_once(":loadbalancer/").map_or(arn, |(_, path)| path);
    let zone = subnets::zone_of_subnet(scene, subnet).unwrap_or_default();
    let description = format!("ELB {path}");
    let wish = Wish { subnet, groups, description, requester: "amazon-elb", instance: None };
    let interface = interfaces::attach(scene, wish)?;
    if scheme == "internet-facing" {
        let address = instances::public_address(scene);
        interfaces::set_public_ip(scene, &interface, Some(address));
    }
    Ok(Place { zone, interface, allocation: None })
}

/// Interfaces in all of the subnets, or in none.
pub(super) fn stand_in(
    scene: &mut Scene<'_>,
    arn: &str,
    scheme: &str,
    wanted: Subnets,
    groups: &[String],
) -> Result<BTreeMap<String, Place>, Refusal> {
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for (subnet, allocation) in wanted {
        match stand(scene, arn, scheme, &subnet, groups) {
            Ok(place) => places.insert(subnet, Place { allocation, ..place }),
            Err(refusal) => {
                for place in places.values() {
                    interfaces::detach(scene, &place.interface);
                }
                return Err(refusal);
            }
        };
    }
    Ok(places)
}

fn set_subnets(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let arn = need(scene, input)?;
    let wanted = read_subnets(input)?;
    let known = find(scene, arn)?;
    let (kind, scheme, vpc) = (known.kind.clone(), known.scheme.clone(), known.vpc.clone());
    if check_subnets(scene, &kind, &scheme, &wanted)? != vpc {
        return Err(Refusal::new("InvalidSubnet", format!("All subnets must belong to the VPC '{vpc}'")));
    }
    let balancer = find(scene, arn)?;
    let groups = balancer.groups.clone();
    let new: Subnets = wanted
        .iter()
        .filter(|(id, _)| !balancer.subnets.contains_key(*id))
        .map(|(id, of)| (id.clone(), of.clone()))
        .collect();
    let places = stand_in(scene, arn, &scheme, new, &groups)?;
    let balancer = find_mut(scene, arn)?;
    balancer.subnets.extend(places);
    if let Some(addresses) = input.text("IpAddressType") {
        addresses.clone_into(&mut balancer.addresses);
    }
    let left: Vec<String> = balancer.subnets.keys().filter(|id| !wanted.contains_key(*id)).cloned().collect();
    let gone: Vec<Place> = left.iter().filter_map(|id| balancer.subnets.remove(id)).collect();
    let (zones, addresses) = (balancer.zones(), balancer.addresses.clone());
    for place in gone {
        scene.later(scene.settings.durations.load_balancer_linger, vanish, &place.interface);
    }
    Ok(object! { "AvailabilityZones" => zones, "IpAddressType" => addresses })
}

/// An interface that lingered goes.
pub(super) fn vanish(scene: &mut Scene<'_>, interface: &str) {
    interfaces::detach(scene, interface);
}

fn set_security_groups(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let arn = need(scene, input)?;
    let given = input.texts("SecurityGroups");
    let balancer = find(scene, arn)?;
    if balancer.kind == "application" && given.is_empty() {
        return Err(validation("At least one security group must be specified"));
    }
    if balancer.kind == "network" && balancer.groups.is_empty() {
        let words = "Security groups cannot be set on a network load balancer that was created without any";
        return Err(configuration(words));
    }
    check_groups(scene, &balancer.vpc, &given)?;
    let groups: Vec<String> = given.into_iter().map(str::to_owned).collect();
    let balancer = find_mut(scene, arn)?;
    balancer.groups.clone_from(&groups);
    let interfaces: Vec<String> = balancer.subnets.values().map(|place| place.interface.clone()).collect();
    for interface in interfaces {
        interfaces::set_groups(scene, &interface, &groups);
    }
    Ok(object! { "SecurityGroupIds" => members(groups) })
}

fn set_addresses(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let arn = need(scene, input)?;
    let wanted = input.need("IpAddressType")?;
    let balancer = find_mut(scene, arn)?;
    match (wanted, balancer.scheme.as_str()) {
        ("ipv4" | "dualstack", _) | ("dualstack-without-public-ipv4", "internet-facing") => {}
        _ => return Err(configuration(format!("The address type '{wanted}' is not supported by this load balancer"))),
    }
    wanted.clone_into(&mut balancer.addresses);
    Ok(object! { "IpAddressType" => wanted.to_owned() })
}
