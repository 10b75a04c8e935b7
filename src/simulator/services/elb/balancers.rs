//! Load balancers.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::placement::{Place, check_groups, check_subnets, read_subnets, stand_in, vanish};
use super::{check_name, limits, page, validation};
use crate::simulator::clock::Moment;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::security_groups;
use crate::simulator::services::iam;
use crate::simulator::tags::Tags;

/// What can be done with load balancers.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateLoadBalancer", create),
    action("DescribeLoadBalancers", describe),
    action("DeleteLoadBalancer", delete),
];

/// A load balancer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Balancer {
    pub(super) name: String,
    id: String,
    pub(super) kind: String,
    pub(super) scheme: String,
    pub(super) vpc: String,
    pub(super) groups: Vec<String>,
    pub(super) addresses: String,
    /// Its subnets, with the zone and the interface in each.
    pub(super) subnets: BTreeMap<String, Place>,
    is_active: bool,
    made: Moment,
    dns: String,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) tags: Tags,
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

/// The load balancer that a call names by its `LoadBalancerArn`.
pub(super) fn need<'i>(scene: &Scene<'_>, input: &'i Input) -> Result<&'i str, Refusal> {
    let arn = input.need("LoadBalancerArn")?;
    find(scene, arn).map(|_| arn)
}

/// The same, to be changed.
pub(super) fn find_mut<'a>(scene: &'a mut Scene<'_>, arn: &str) -> Result<&'a mut Balancer, Refusal> {
    scene.here.elb.balancers.get_mut(arn).ok_or_else(absent)
}

/// Whether a load balancer is done with being set up.
pub(super) fn is_active(scene: &Scene<'_>, arn: &str) -> bool {
    scene.here.elb.balancers.get(arn).is_some_and(|balancer| balancer.is_active)
}

/// Whether a load balancer has a subnet in this zone.
pub(super) fn is_in_zone(scene: &Scene<'_>, arn: &str, zone: &str) -> bool {
    let balancer = scene.here.elb.balancers.get(arn);
    balancer.is_some_and(|balancer| balancer.subnets.values().any(|place| place.zone == zone))
}

impl Balancer {
    /// Its zones, as answers show them.
    pub(super) fn zones(&self) -> Tree {
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

/// Refuses what no load balancer can be.
fn check_request(name: &str, kind: &str, scheme: &str) -> Result<(), Refusal> {
    check_name("Load balancer", name)?;
    if name.starts_with("internal-") {
        return Err(validation(format!("Load balancer name '{name}' cannot begin with 'internal-'")));
    }
    if !["application", "network", "gateway"].contains(&kind) {
        return Err(validation(format!("Load balancer type '{kind}' must be one of 'application,network,gateway'")));
    }
    if !["internet-facing", "internal"].contains(&scheme) {
        return Err(Refusal::new("InvalidScheme", format!("The scheme '{scheme}' is not valid")));
    }
    Ok(())
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = input.need("Name")?;
    let kind = input.text_or("Type", "application");
    let scheme = input.text_or("Scheme", "internet-facing");
    let addresses = input.text_or("IpAddressType", "ipv4");
    check_request(name, &kind, &scheme)?;
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
        // Tags are no settings: whoever comes second does not learn whose the load balancer is.
        let is_same = known.kind == kind
            && known.scheme == scheme
            && known.addresses == addresses
            && known.groups == groups
            && known.subnets().into_iter().eq(wanted.keys().map(String::as_str));
        if is_same {
            return Ok(object! { "LoadBalancers" => members([known.show(arn)]) });
        }
        let words = format!("A load balancer with the same name '{name}' exists, but with different settings");
        return Err(Refusal::new("DuplicateLoadBalancerName", words));
    }
    let alike = scene.here.elb.balancers.values().filter(|other| other.kind == kind).count();
    limits::check(&format!("{kind}-load-balancers"), alike, "TooManyLoadBalancers")?;
    let id = scene.dice.hex(16);
    let short = match kind.as_str() {
        "application" => "app",
        "network" => "net",
        _ => "gwy",
    };
    let arn = scene.arn("elasticloadbalancing", &format!("loadbalancer/{short}/{name}/{id}"));
    let places = stand_in(scene, &arn, &scheme, wanted, &groups)?;
    let number = scene.dice.between(1_000_000_000, 1_999_999_999);
    let dns = dns_name(&scene.place.region, &kind, &scheme, name, &id, number);
    let attributes = super::attributes::of_balancer(&kind, &scheme);
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
    iam::service_role(scene, "elasticloadbalancing.amazonaws.com");
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
