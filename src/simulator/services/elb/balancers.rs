//! Load balancers.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{check_name, configuration, page, validation};
use crate::simulator::clock::Moment;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::interfaces::{self, Wish};
use crate::simulator::services::ec2::{security_groups, subnets};
use crate::simulator::tags::Tags;

/// What can be done with load balancers.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateLoadBalancer", create),
    action("DescribeLoadBalancers", describe),
    action("SetSubnets", set_subnets),
    action("SetSecurityGroups", set_security_groups),
    action("SetIpAddressType", set_addresses),
    action("DeleteLoadBalancer", delete),
];

/// A load balancer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Balancer {
    pub(super) name: String,
    id: String,
    pub(super) kind: String,
    scheme: String,
    pub(super) vpc: String,
    groups: Vec<String>,
    addresses: String,
    /// Its subnets, with the zone and the interface in each.
    subnets: BTreeMap<String, Place>,
    is_active: bool,
    made: Moment,
    dns: String,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Place {
    zone: String,
    interface: String,
    allocation: Option<String>,
}

pub(super) fn absent() -> Refusal {
    Refusal::new("LoadBalancerNotFound", "One or more load balancers not found")
}

/// The load balancer of this ARN.
pub(super) fn find<'a>(scene: &'a Scene<'_>, arn: &str) -> Result<&'a Balancer, Refusal> {
    if !arn.contains(":loadbalancer/") {
        return Err(validation(format!("'{arn}' is not a valid load balancer ARN")));
    }
    scene.here.elb.balancers.seen(arn, scene.sight).ok_or_else(absent)
}

fn need<'i>(scene: &Scene<'_>, input: &'i Input) -> Result<&'i str, Refusal> {
    let arn = input.need("LoadBalancerArn")?;
    find(scene, arn).map(|_| arn)
}

fn find_mut<'a>(scene: &'a mut Scene<'_>, arn: &str) -> Result<&'a mut Balancer, Refusal> {
    scene.here.elb.balancers.get_mut(arn).ok_or_else(absent)
}

/// Whether a load balancer has a subnet in this zone.
pub(super) fn is_in_zone(scene: &Scene<'_>, arn: &str, zone: &str) -> bool {
    let balancer = scene.here.elb.balancers.get(arn);
    balancer.is_some_and(|balancer| balancer.subnets.values().any(|place| place.zone == zone))
}

impl Balancer {
    fn zones(&self) -> Tree {
        members(self.subnets.iter().map(|(subnet, place)| {
            let address = place.allocation.as_ref().map(|allocation| object! { "AllocationId" => allocation });
            object! {
                "ZoneName" => &place.zone,
                "SubnetId" => subnet,
                "LoadBalancerAddresses" => members(address),
            }
        }))
    }

    fn show(&self, arn: &str) -> Tree {
        let is_network = self.kind == "network";
        object! {
            "LoadBalancerArn" => arn.to_owned(),
            "DNSName" => &self.dns,
            "CanonicalHostedZoneId" => if is_network { "Z2IFOLAFXWLO4F" } else { "Z32O12XQLNTSW2" },
            "CreatedTime" => self.made,
            "LoadBalancerName" => &self.name,
            "Scheme" => &self.scheme,
            "VpcId" => &self.vpc,
            "State" => object! { "Code" => if self.is_active { "active" } else { "provisioning" } },
            "Type" => &self.kind,
            "AvailabilityZones" => self.zones(),
            "SecurityGroups" => (!self.groups.is_empty()).then(|| members(&self.groups)),
            "IpAddressType" => &self.addresses,
            "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic" =>
                (is_network && !self.groups.is_empty()).then_some("on"),
            "EnablePrefixForIpv6SourceNat" => is_network.then_some("off"),
        }
    }

    fn subnets(&self) -> BTreeSet<&str> {
        self.subnets.keys().map(String::as_str).collect()
    }
}

/// Subnets as a call names them, with the address that each is to have.
type Subnets = BTreeMap<String, Option<String>>;

fn read_subnets(input: &Input) -> Result<Subnets, Refusal> {
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
fn check_subnets(scene: &Scene<'_>, kind: &str, scheme: &str, wanted: &Subnets) -> Result<String, Refusal> {
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
    if scheme == "internet-facing" && !crate::simulator::services::ec2::has_gateway(scene, &vpc) {
        return Err(Refusal::new("InvalidSubnet", format!("VPC {vpc} has no internet gateway")));
    }
    Ok(vpc)
}

fn check_groups(scene: &Scene<'_>, vpc: &str, groups: &[&str]) -> Result<(), Refusal> {
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
fn stand(scene: &mut Scene<'_>, arn: &str, subnet: &str, groups: &[String]) -> Result<Place, Refusal> {
    let path = arn.split_once(":loadbalancer/").map_or(arn, |(_, path)| path);
    let zone = subnets::zone_of_subnet(scene, subnet).unwrap_or_default();
    let description = format!("ELB {path}");
    let wish = Wish { subnet, groups, description, requester: "amazon-elb", instance: None };
    let interface = interfaces::attach(scene, wish)?;
    Ok(Place { zone, interface, allocation: None })
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = input.need("Name")?;
    check_name("Load balancer", name)?;
    if name.starts_with("internal-") {
        return Err(validation(format!("Load balancer name '{name}' cannot begin with 'internal-'")));
    }
    let kind = input.text_or("Type", "application");
    let scheme = input.text_or("Scheme", "internet-facing");
    let addresses = input.text_or("IpAddressType", "ipv4");
    if !["application", "network", "gateway"].contains(&kind.as_str()) {
        return Err(validation(format!("Load balancer type '{kind}' must be one of 'application,network,gateway'")));
    }
    if !["internet-facing", "internal"].contains(&scheme.as_str()) {
        return Err(Refusal::new("InvalidScheme", format!("The scheme '{scheme}' is not valid")));
    }
    let wanted = read_subnets(input)?;
    let vpc = check_subnets(scene, &kind, &scheme, &wanted)?;
    let given = input.texts("SecurityGroups");
    check_groups(scene, &vpc, &given)?;
    let mut groups: Vec<String> = given.into_iter().map(str::to_owned).collect();
    if groups.is_empty() && kind == "application" {
        groups.extend(security_groups::default_group(scene, &vpc));
    }
    let tags = Tags::read(input, "Tags")?;
    if let Some((arn, known)) = scene.here.elb.balancers.iter().find(|(_, balancer)| balancer.name == name) {
        let is_same = known.kind == kind
            && known.scheme == scheme
            && known.addresses == addresses
            && known.groups == groups
            && known.tags == tags
            && known.subnets().into_iter().eq(wanted.keys().map(String::as_str));
        if is_same {
            return Ok(object! { "LoadBalancers" => members([known.show(arn)]) });
        }
        let words = format!("A load balancer with the same name '{name}' exists, but with different settings");
        return Err(Refusal::new("DuplicateLoadBalancerName", words));
    }
    let id = scene.dice.hex(16);
    let short = match kind.as_str() {
        "application" => "app",
        "network" => "net",
        _ => "gwy",
    };
    let arn = scene.arn("elasticloadbalancing", &format!("loadbalancer/{short}/{name}/{id}"));
    let places = stand_in(scene, &arn, wanted, &groups)?;
    let number = scene.dice.between(1_000_000_000, 1_999_999_999);
    let dns = dns_name(&scene.place.region, &kind, &scheme, name, &id, number);
    let attributes = super::attributes::of_balancer(&kind);
    let balancer = Balancer {
        name: name.to_owned(),
        id,
        kind,
        scheme,
        vpc,
        groups,
        addresses,
        subnets: places,
        is_active: false,
        made: scene.now,
        dns,
        attributes,
        tags,
    };
    let (visible, shown) = (scene.fresh(), balancer.show(&arn));
    scene.here.elb.balancers.put(&arn, balancer, visible);
    scene.later(scene.settings.durations.load_balancer, become_active, &arn);
    Ok(object! { "LoadBalancers" => members([shown]) })
}

fn dns_name(region: &str, kind: &str, scheme: &str, name: &str, id: &str, number: u64) -> String {
    match kind {
        "network" | "gateway" => format!("{name}-{id}.elb.{region}.amazonaws.com"),
        _ if scheme == "internal" => format!("internal-{name}-{number}.{region}.elb.amazonaws.com"),
        _ => format!("{name}-{number}.{region}.elb.amazonaws.com"),
    }
}

/// Interfaces in all of the subnets, or in none.
fn stand_in(
    scene: &mut Scene<'_>,
    arn: &str,
    wanted: Subnets,
    groups: &[String],
) -> Result<BTreeMap<String, Place>, Refusal> {
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for (subnet, allocation) in wanted {
        match stand(scene, arn, &subnet, groups) {
            Ok(place) => places.insert(subnet, Place { allocation, ..place }),
            Err(refusal) => {
                places.values().for_each(|place| interfaces::detach(scene, &place.interface));
                return Err(refusal);
            }
        };
    }
    Ok(places)
}

fn become_active(scene: &mut Scene<'_>, arn: &str) {
    if let Some(balancer) = scene.here.elb.balancers.get_mut(arn) {
        balancer.is_active = true;
    }
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = page(input)?;
    let (arns, names) = (input.texts("LoadBalancerArns"), input.texts("Names"));
    if arns.len() > 20 || names.len() > 20 {
        return Err(validation("Up to 20 load balancers can be described in a single call"));
    }
    arns.iter().try_for_each(|arn| find(scene, arn).map(|_| ()))?;
    let all = || scene.here.elb.balancers.visible(scene.sight);
    if let Some(name) = names.iter().find(|name| !all().any(|(_, balancer)| balancer.name == **name)) {
        return Err(Refusal::new("LoadBalancerNotFound", format!("Load balancers '[{name}]' not found")));
    }
    let found = all().filter(|(arn, balancer)| {
        (arns.is_empty() || arns.contains(arn)) && (names.is_empty() || names.contains(&balancer.name.as_str()))
    });
    let (page, next) = page.cut(found.map(|(arn, balancer)| (arn.to_owned(), balancer.show(arn))));
    Ok(object! { "LoadBalancers" => members(page), "NextMarker" => next })
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
    let places = stand_in(scene, arn, new, &groups)?;
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

fn vanish(scene: &mut Scene<'_>, interface: &str) {
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

/// Also succeeds for a load balancer that is not there (`API_DeleteLoadBalancer`).
fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let arn = input.need("LoadBalancerArn")?;
    if !arn.contains(":loadbalancer/") {
        return Err(validation(format!("'{arn}' is not a valid load balancer ARN")));
    }
    let protection = |balancer: &Balancer| balancer.attributes.get("deletion_protection.enabled").cloned();
    if scene.here.elb.balancers.get(arn).and_then(protection).as_deref() == Some("true") {
        let words = format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled");
        return Err(Refusal::new("OperationNotPermitted", words));
    }
    let Some(balancer) = scene.here.elb.balancers.remove(arn) else { return Ok(Tree::EMPTY) };
    super::listeners::remove_all(scene, arn);
    // The interfaces stay for a while, and hold groups and subnets.
    for place in balancer.subnets.values() {
        scene.later(scene.settings.durations.load_balancer_linger, vanish, &place.interface);
    }
    Ok(Tree::EMPTY)
}
