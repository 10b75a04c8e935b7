//! VPC endpoints: ways to AWS's services that do not lead through the internet.

mod changes;
mod services;

use serde::Serialize;

use super::interfaces::{self, Wish};
use super::listing::{self, Kind, Thing, kept, need, tags};
use super::route_tables::{Destination, Route, RouteTable, Target};
use super::security_groups::{self, SecurityGroup};
use super::subnets::{self, Subnet};
use super::vpcs::Vpc;
use crate::simulator::clock::Moment;
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

pub(super) use changes::ACTIONS as CHANGES;
pub(super) use services::{ACTIONS as SERVICES, is_prefix_list};

/// What can be done with endpoints.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateVpcEndpoint", create).token("ClientToken"),
    action("DescribeVpcEndpoints", listing::describe::<Endpoint>),
];

/// As many gateway endpoints as a region, and interface endpoints as a VPC, may have
/// (<https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html>).
const LIMITS: (usize, usize) = (20, 50);

/// What an endpoint lets through if nobody says otherwise: everything.
const POLICIES: (&str, &str) = (
    r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#,
    r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#,
);

/// An endpoint.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Endpoint {
    pub(super) vpc: String,
    service: String,
    is_gateway: bool,
    state: Phase,
    made: Moment,
    policy: String,
    pub(super) route_tables: Vec<String>,
    /// The subnets it is in, with its interface in each.
    places: Vec<(String, String)>,
    groups: Vec<String>,
    has_private_name: bool,
    tags: Tags,
}

/// Where one is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Phase {
    Pending,
    Available,
    Deleting,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Deleting => "deleting",
        }
    }
}

impl Thing for Endpoint {
    const KIND: Kind = Kind {
        prefix: "vpce",
        resource: "vpc-endpoint",
        noun: "Vpc Endpoint Id",
        not_found: "InvalidVpcEndpointId.NotFound",
        malformed: "InvalidVpcEndpointId.Malformed",
    };
    const IDS: &'static str = "VpcEndpointId";
    const SET: &'static str = "vpcEndpointSet";
    const FILTERS: &'static [&'static str] = &[
        "ip-address-type",
        "service-name",
        "service-region",
        "vpc-endpoint-id",
        "vpc-endpoint-state",
        "vpc-endpoint-type",
        "vpc-id",
    ];
    const PAGE: (i64, i64) = (1, 1000);

    kept!(endpoints);

    fn values(&self, scene: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
        let one = match filter {
            "ip-address-type" => "ipv4",
            "service-name" => &self.service,
            "service-region" => &scene.place.region,
            "vpc-endpoint-id" => id,
            "vpc-endpoint-state" => self.state.name(),
            "vpc-endpoint-type" => self.kind(),
            _ => &self.vpc,
        };
        vec![one.to_owned()]
    }

    fn show(&self, scene: &Scene<'_>, id: &str) -> Tree {
        object! {
            "vpcEndpointId" => id.to_owned(),
            "vpcEndpointType" => self.kind(),
            "vpcId" => &self.vpc,
            "serviceName" => &self.service,
            "serviceRegion" => &scene.place.region,
            "state" => self.state.name(),
            "policyDocument" => &self.policy,
            "routeTableIdSet" => items(&self.route_tables),
            "subnetIdSet" => items(self.places.iter().map(|(subnet, _)| subnet)),
            "networkInterfaceIdSet" => items(self.places.iter().map(|(_, interface)| interface)),
            "groupSet" => security_groups::show_groups(scene, &self.groups),
            "ipAddressType" => "ipv4",
            "dnsOptions" => object! {
                "dnsRecordIpType" => if self.is_gateway { "service-defined" } else { "ipv4" },
            },
            "privateDnsEnabled" => self.has_private_name,
            "requesterManaged" => false,
            "dnsEntrySet" => items(self.names(scene, id)),
            "creationTimestamp" => self.made,
            "ownerId" => &scene.place.account,
            "tagSet" => self.tags.ec2_list(),
        }
    }
}

impl Endpoint {
    fn kind(&self) -> &'static str {
        if self.is_gateway { "Gateway" } else { "Interface" }
    }

    /// The names under which an interface endpoint is reached: one for all zones, one for each, and the private one.
    fn names(&self, scene: &Scene<'_>, id: &str) -> Vec<Tree> {
        if self.is_gateway || self.places.is_empty() {
            return Vec::new();
        }
        let region = &scene.place.region;
        let short = self.service.rsplit(&format!("{region}.")).next().unwrap_or_default();
        // The same for the same endpoint.
        let end: String = id.chars().rev().take(8).collect();
        let zones = self.places.iter().filter_map(|(subnet, _)| subnets::zone_of_subnet(scene, subnet));
        let zones = zones.map(|zone| format!("{id}-{end}-{zone}.{short}.{region}.vpce.amazonaws.com"));
        let all = std::iter::once(format!("{id}-{end}.{short}.{region}.vpce.amazonaws.com")).chain(zones);
        let private = services::private_name(scene, &self.service).filter(|_| self.has_private_name);
        let entry = |name: String| object! { "dnsName" => name, "hostedZoneId" => "Z38GZ743OKFT7T" };
        all.chain(private).map(entry).collect()
    }
}

/// There is no such service.
fn no_service(name: &str) -> Refusal {
    Refusal::new("InvalidServiceName", format!("The Vpc Endpoint Service '{name}' does not exist"))
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (vpc, service) = (input.need("VpcId")?, input.need("ServiceName")?);
    let kind = input.text_or("VpcEndpointType", "Gateway");
    let tags = tags::<Endpoint>(input)?;
    let address_type = input.text_or("IpAddressType", "ipv4");
    input.pass_over("DnsOptions");
    need::<Vpc>(scene, vpc)?;
    Scene::ensure(["Gateway", "Interface"].contains(&kind.as_str()) && address_type == "ipv4", || {
        Refusal::new("UnsupportedOperation", "The simulator has Gateway and Interface endpoints of IPv4 only")
    })?;
    let is_gateway = kind == "Gateway";
    Scene::ensure(services::has(scene, service, is_gateway), || no_service(service))?;
    let count = |of: &dyn Fn(&&Endpoint) -> bool| scene.here.ec2.endpoints.values().filter(of).count();
    let has_room = if is_gateway {
        count(&|one| one.is_gateway) < LIMITS.0
    } else {
        count(&|one| !one.is_gateway && one.vpc == vpc) < LIMITS.1
    };
    Scene::ensure(has_room, || {
        Refusal::new("VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.")
    })?;
    let policy = policy(input)?.unwrap_or_else(|| standard_policy(is_gateway));
    let endpoint = Endpoint {
        vpc: vpc.to_owned(),
        service: service.to_owned(),
        is_gateway,
        state: if is_gateway { Phase::Available } else { Phase::Pending },
        made: scene.now,
        policy,
        route_tables: Vec::new(),
        places: Vec::new(),
        groups: Vec::new(),
        has_private_name: false,
        tags,
    };
    let id = if is_gateway { begin_gateway(scene, input, endpoint)? } else { begin_interface(scene, input, endpoint)? };
    let token = input.text("ClientToken").map(str::to_owned);
    Ok(object! { "vpcEndpoint" => listing::shown::<Endpoint>(scene, &id), "clientToken" => token })
}

fn standard_policy(is_gateway: bool) -> String {
    if is_gateway { POLICIES.0.to_owned() } else { POLICIES.1.to_owned() }
}

/// The policy that a call gives, which is JSON.
fn policy(input: &Input) -> Result<Option<String>, Refusal> {
    let Some(text) = input.text("PolicyDocument").filter(|text| !text.is_empty()) else { return Ok(None) };
    let is_policy = serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.is_object());
    Scene::ensure(is_policy, || Refusal::new("InvalidPolicyDocument", "The Policy Document is malformed"))?;
    Ok(Some(text.to_owned()))
}

fn begin_gateway(scene: &mut Scene<'_>, input: &Input, endpoint: Endpoint) -> Result<String, Refusal> {
    for name in ["SubnetId", "SecurityGroupId"] {
        Scene::ensure(input.list(name).is_empty(), || {
            Refusal::new("InvalidParameter", format!("{name}s are not supported for Gateway endpoints"))
        })?;
    }
    Scene::ensure(input.flag("PrivateDnsEnabled") != Some(true), || {
        Refusal::new("InvalidParameter", "Private DNS can only be enabled for Interface endpoints")
    })?;
    let tables: Vec<String> = input.texts("RouteTableId").into_iter().map(str::to_owned).collect();
    check_tables(scene, &endpoint, &tables)?;
    let id = listing::put(scene, endpoint);
    lead_to(scene, &id, &tables);
    Ok(id)
}

/// The tables must be in the VPC, and lead nowhere for the service yet.
fn check_tables(scene: &Scene<'_>, endpoint: &Endpoint, tables: &[String]) -> Result<(), Refusal> {
    let list = services::prefix_list(scene, &endpoint.service).unwrap_or_default();
    for id in tables {
        let table = need::<RouteTable>(scene, id)?;
        Scene::ensure(table.vpc == endpoint.vpc, || {
            invalid(format!("route table {id} and network {} belong to different networks", endpoint.vpc))
        })?;
        let to = Destination::PrefixList(list.clone());
        Scene::ensure(!table.routes.iter().any(|route| route.to == to), || {
            let words = format!("route table {id} already has a route with destination-prefix-list-id {list}");
            Refusal::new("RouteAlreadyExists", words)
        })?;
    }
    Ok(())
}

/// Has route tables lead to a gateway endpoint.
fn lead_to(scene: &mut Scene<'_>, id: &str, tables: &[String]) {
    let Some(service) = scene.here.ec2.endpoints.get(id).map(|endpoint| endpoint.service.clone()) else { return };
    let Some(list) = services::prefix_list(scene, &service) else { return };
    for table in tables {
        if let Some(table) = scene.here.ec2.route_tables.get_mut(table) {
            let (to, through) = (Destination::PrefixList(list.clone()), Target::Endpoint(id.to_owned()));
            table.routes.push(Route { to, through });
        }
    }
    if let Some(endpoint) = scene.here.ec2.endpoints.get_mut(id) {
        endpoint.route_tables.extend_from_slice(tables);
    }
}

fn begin_interface(scene: &mut Scene<'_>, input: &Input, mut endpoint: Endpoint) -> Result<String, Refusal> {
    Scene::ensure(input.list("RouteTableId").is_empty(), || {
        Refusal::new("InvalidParameter", "RouteTableIds are not supported for Interface endpoints")
    })?;
    let places: Vec<String> = input.texts("SubnetId").into_iter().map(str::to_owned).collect();
    check_subnets(scene, &endpoint, &places)?;
    endpoint.groups = groups(scene, input, &endpoint.vpc)?;
    endpoint.has_private_name = input.flag("PrivateDnsEnabled").unwrap_or(true);
    if endpoint.has_private_name {
        check_private_name(scene, &endpoint, "")?;
    }
    let id = listing::put(scene, endpoint);
    enter(scene, &id, &places)?;
    scene.later(scene.settings.durations.vpc_endpoint, become_available, &id);
    Ok(id)
}

/// The groups of an interface endpoint: those named, or the default one of its VPC.
fn groups(scene: &Scene<'_>, input: &Input, vpc: &str) -> Result<Vec<String>, Refusal> {
    let given: Vec<String> = input.texts("SecurityGroupId").into_iter().map(str::to_owned).collect();
    check_groups(scene, &given, vpc)?;
    Ok(if given.is_empty() { security_groups::default_group(scene, vpc).into_iter().collect() } else { given })
}

fn check_groups(scene: &Scene<'_>, groups: &[String], vpc: &str) -> Result<(), Refusal> {
    groups.iter().try_for_each(|id| {
        let group = need::<SecurityGroup>(scene, id)?;
        Scene::ensure(group.vpc == vpc, || {
            Refusal::new(
                "InvalidParameter",
                format!("Security group {id} and network {vpc} belong to different networks."),
            )
        })
    })
}

/// An interface endpoint is in one subnet of a zone, each in its VPC.
fn check_subnets(scene: &Scene<'_>, endpoint: &Endpoint, more: &[String]) -> Result<(), Refusal> {
    let zone = |subnet: &str| subnets::zone_of_subnet(scene, subnet);
    let mut zones: Vec<Option<String>> = endpoint.places.iter().map(|(subnet, _)| zone(subnet)).collect();
    for id in more {
        let subnet = need::<Subnet>(scene, id)?;
        Scene::ensure(subnet.vpc == endpoint.vpc, || {
            Refusal::new(
                "InvalidParameter",
                format!("Subnet {id} and network {} belong to different networks.", endpoint.vpc),
            )
        })?;
        Scene::ensure(!zones.contains(&zone(id)), || {
            let words = format!("Found another VPC endpoint subnet in the availability zone of {id}");
            Refusal::new("DuplicateSubnetsInSameZone", words)
        })?;
        zones.push(zone(id));
    }
    Ok(())
}

/// A private name needs a VPC that resolves names, and is for one endpoint of the VPC.
fn check_private_name(scene: &Scene<'_>, endpoint: &Endpoint, id: &str) -> Result<(), Refusal> {
    let vpc = need::<Vpc>(scene, &endpoint.vpc)?;
    Scene::ensure(vpc.resolves_names && vpc.names_hosts, || {
        let words = format!(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {}",
            endpoint.vpc
        );
        Refusal::new("InvalidParameter", words)
    })?;
    let mut others = scene.here.ec2.endpoints.iter().filter(|(other, _)| *other != id);
    let is_taken = others.any(|(_, other)| {
        other.vpc == endpoint.vpc && other.service == endpoint.service && other.has_private_name && !other.is_gateway
    });
    Scene::ensure(!is_taken, || {
        let name = services::private_name(scene, &endpoint.service).unwrap_or_default();
        let words = format!(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {name} in the VPC {}",
            endpoint.vpc
        );
        Refusal::new("InvalidParameter", words)
    })
}

/// Gives an endpoint an interface in each of these subnets.
fn enter(scene: &mut Scene<'_>, id: &str, subnets: &[String]) -> Result<(), Refusal> {
    for subnet in subnets {
        let Some(endpoint) = scene.here.ec2.endpoints.get(id) else { return Ok(()) };
        let groups = endpoint.groups.clone();
        let description = format!("VPC Endpoint Interface {id}");
        let wish = Wish { subnet, groups: &groups, description, requester: "amazon-aws", instance: None };
        let interface = interfaces::attach_as(scene, wish, "vpc_endpoint")?;
        if let Some(endpoint) = scene.here.ec2.endpoints.get_mut(id) {
            endpoint.places.push((subnet.clone(), interface));
        }
    }
    Ok(())
}

fn become_available(scene: &mut Scene<'_>, id: &str) {
    if let Some(endpoint) = scene.here.ec2.endpoints.get_mut(id).filter(|it| it.state == Phase::Pending) {
        endpoint.state = Phase::Available;
    }
}
