//! Endpoints of VPCs: ways to AWS's services that do not go through the internet; and the prefix lists that routes to them name.

use serde::Serialize;

use super::State;
use super::interfaces::{self, Wish};
use super::listing::{self, Kind, Thing, done, need, need_mut, tags};
use super::route_tables::{RouteTable, check_no_endpoint, forget_endpoint, lead_to_endpoint};
use super::security_groups::{self, SecurityGroup};
use super::subnets::Subnet;
use super::vpcs::Vpc;
use crate::simulator::clock::Moment;
use crate::simulator::filters::Filters;
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::shelf::Shelf;
use crate::simulator::tags::Tags;

/// What can be done with endpoints.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateVpcEndpoint", create).token("ClientToken"),
    action("DeleteVpcEndpoints", delete),
    action("DescribePrefixLists", describe_prefix_lists),
    action("DescribeVpcEndpoints", listing::describe::<Endpoint>),
    action("ModifyVpcEndpoint", modify),
];

/// Services that gateway endpoints lead to.
const GATEWAYS: [&str; 2] = ["s3", "dynamodb"];

/// Services that interface endpoints lead to, of those that Pando's users meet.
const INTERFACES: [&str; 14] = [
    "autoscaling",
    "ec2",
    "ec2messages",
    "elasticache",
    "elasticloadbalancing",
    "kms",
    "logs",
    "monitoring",
    "rds",
    "s3",
    "secretsmanager",
    "sqs",
    "ssm",
    "ssmmessages",
];

/// What an endpoint permits whose maker said nothing.
const FULL_ACCESS: &str =
    r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// An endpoint.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Endpoint {
    pub(super) vpc: String,
    service: String,
    is_gateway: bool,
    state: &'static str,
    policy: String,
    pub(super) route_tables: Vec<String>,
    subnets: Vec<String>,
    groups: Vec<String>,
    interfaces: Vec<String>,
    private_dns: bool,
    made: Moment,
    tags: Tags,
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
    const FILTERS: &'static [&'static str] =
        &["service-name", "vpc-endpoint-id", "vpc-endpoint-state", "vpc-endpoint-type", "vpc-id"];

    fn shelf(state: &State) -> &Shelf<Self> {
        &state.endpoints
    }

    fn shelf_mut(state: &mut State) -> &mut Shelf<Self> {
        &mut state.endpoints
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn tags_mut(&mut self) -> &mut Tags {
        &mut self.tags
    }

    fn values(&self, _: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
        let one = match filter {
            "service-name" => &self.service,
            "vpc-endpoint-id" => id,
            "vpc-endpoint-state" => self.state,
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
            "state" => self.state,
            "policyDocument" => &self.policy,
            "routeTableIdSet" => items(&self.route_tables),
            "subnetIdSet" => items(&self.subnets),
            "groupSet" => security_groups::show_groups(scene, &self.groups),
            "ipAddressType" => "ipv4",
            "privateDnsEnabled" => self.private_dns,
            "requesterManaged" => false,
            "networkInterfaceIdSet" => items(&self.interfaces),
            "creationTimestamp" => self.made,
            "tagSet" => self.tags.ec2(),
            "ownerId" => &scene.place.account,
        }
    }
}

impl Endpoint {
    fn kind(&self) -> &'static str {
        if self.is_gateway { "Gateway" } else { "Interface" }
    }
}

/// The short name of a service, `s3` of `com.amazonaws.eu-west-1.s3`.
fn short<'a>(scene: &Scene<'_>, service: &'a str) -> Option<&'a str> {
    service.strip_prefix(&format!("com.amazonaws.{}.", scene.place.region))
}

/// The prefix lists of a region, with their services: the same ids in every account.
fn prefix_lists(scene: &Scene<'_>) -> Vec<(String, String)> {
    // The ids look like AWS's and are none of them: eight digits from the region's and the service's letters.
    let id = |service: &str| {
        let letters = scene.place.region.bytes().chain(service.bytes());
        let number = letters.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        format!("pl-{number:08x}")
    };
    GATEWAYS.iter().map(|service| (id(service), format!("com.amazonaws.{}.{service}", scene.place.region))).collect()
}

/// Whether there is such a prefix list.
pub(super) fn is_prefix_list(scene: &Scene<'_>, id: &str) -> bool {
    prefix_lists(scene).iter().any(|(list, _)| list == id)
}

fn prefix_list(scene: &Scene<'_>, service: &str) -> Option<String> {
    prefix_lists(scene).into_iter().find(|(_, name)| name == service).map(|(id, _)| id)
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (vpc, service) = (input.need("VpcId")?, input.need("ServiceName")?);
    let tags = tags::<Endpoint>(input)?;
    need::<Vpc>(scene, vpc)?;
    let is_gateway = match input.text("VpcEndpointType") {
        None | Some("Gateway") => true,
        Some("Interface") => false,
        Some(other) => return Err(invalid(format!("Endpoint type ({other}) is not supported."))),
    };
    let known: &[&str] = if is_gateway { &GATEWAYS } else { &INTERFACES };
    Scene::ensure(short(scene, service).is_some_and(|name| known.contains(&name)), || {
        let words = format!("The Vpc Endpoint Service '{service}' does not exist");
        Refusal::new("InvalidServiceName", words)
    })?;
    let texts = |name: &str| input.texts(name).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let endpoint = Endpoint {
        vpc: vpc.to_owned(),
        service: service.to_owned(),
        is_gateway,
        state: "pending",
        policy: policy(input)?.unwrap_or_else(|| FULL_ACCESS.to_owned()),
        route_tables: texts("RouteTableId"),
        subnets: texts("SubnetId"),
        groups: texts("SecurityGroupId"),
        interfaces: Vec::new(),
        private_dns: input.flag("PrivateDnsEnabled").unwrap_or(!is_gateway),
        made: scene.now,
        tags,
    };
    check(scene, &endpoint)?;
    let id = listing::put(scene, endpoint);
    wire(scene, &id)?;
    let token = input.text("ClientToken").map(str::to_owned);
    Ok(object! { "vpcEndpoint" => listing::shown::<Endpoint>(scene, &id), "clientToken" => token })
}

fn policy(input: &Input) -> Result<Option<String>, Refusal> {
    let Some(text) = input.text("PolicyDocument") else { return Ok(None) };
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(policy) if policy.get("Statement").is_some() => Ok(Some(text.to_owned())),
        _ => {
            Err(Refusal::new("InvalidPolicyDocument", "Invalid policy document (Could not parse the policy document)"))
        }
    }
}

/// Refuses tables, subnets and groups that are not there, of another VPC, or taken.
fn check(scene: &Scene<'_>, endpoint: &Endpoint) -> Result<(), Refusal> {
    let foreign = |id: &str| invalid(format!("{id} does not belong to VPC {}", endpoint.vpc));
    for id in &endpoint.route_tables {
        Scene::ensure(need::<RouteTable>(scene, id)?.vpc == endpoint.vpc, || foreign(id))?;
        if let Some(list) = prefix_list(scene, &endpoint.service) {
            check_no_endpoint(scene, id, &list)?;
        }
    }
    for id in &endpoint.subnets {
        Scene::ensure(need::<Subnet>(scene, id)?.vpc == endpoint.vpc, || foreign(id))?;
    }
    for id in &endpoint.groups {
        Scene::ensure(need::<SecurityGroup>(scene, id)?.vpc == endpoint.vpc, || foreign(id))?;
    }
    Ok(())
}

/// Gives an endpoint its routes or its interfaces. A gateway is available at once.
fn wire(scene: &mut Scene<'_>, id: &str) -> Result<(), Refusal> {
    let Some(endpoint) = scene.here.ec2.endpoints.get(id).cloned() else { return Ok(()) };
    if endpoint.is_gateway {
        if let Some(list) = prefix_list(scene, &endpoint.service) {
            for table in &endpoint.route_tables {
                lead_to_endpoint(scene, table, &list, id)?;
            }
        }
        become_available(scene, id);
        return Ok(());
    }
    let mut attached = Vec::new();
    for subnet in &endpoint.subnets {
        let description = format!("VPC Endpoint Interface {id}");
        let wish = Wish { subnet, groups: &endpoint.groups, description, requester: "amazon-aws", instance: None };
        attached.push(interfaces::attach_as(scene, wish, "vpc_endpoint")?);
    }
    if let Some(kept) = scene.here.ec2.endpoints.get_mut(id) {
        kept.interfaces = attached;
    }
    scene.later(scene.settings.durations.vpc_endpoint, become_available, id);
    Ok(())
}

fn become_available(scene: &mut Scene<'_>, id: &str) {
    if let Some(endpoint) = scene.here.ec2.endpoints.get_mut(id).filter(|endpoint| endpoint.state == "pending") {
        endpoint.state = "available";
    }
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("VpcEndpointId")?;
    let endpoint = need::<Endpoint>(scene, id)?.clone();
    let (more, less) = (input.texts("AddRouteTableId"), input.texts("RemoveRouteTableId"));
    let list = prefix_list(scene, &endpoint.service).filter(|_| endpoint.is_gateway);
    for table in &more {
        need::<RouteTable>(scene, table)?;
        if let Some(list) = &list {
            check_no_endpoint(scene, table, list)?;
        }
    }
    let policy = match input.flag("ResetPolicy") {
        Some(true) => Some(FULL_ACCESS.to_owned()),
        _ => policy(input)?,
    };
    for table in &less {
        forget_endpoint(scene, Some(table), id);
    }
    for table in &more {
        if let Some(list) = &list {
            lead_to_endpoint(scene, table, list, id)?;
        }
    }
    let private_dns = input.flag("PrivateDnsEnabled");
    let kept = need_mut::<Endpoint>(scene, id)?;
    kept.route_tables.retain(|table| !less.contains(&table.as_str()));
    kept.route_tables.extend(more.into_iter().map(str::to_owned));
    kept.private_dns = private_dns.unwrap_or(kept.private_dns);
    if let Some(policy) = policy {
        kept.policy = policy;
    }
    Ok(done())
}

/// Endpoints that are not there come back as unsuccessful; the call itself succeeds.
fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let mut failures = Vec::new();
    for id in input.texts("VpcEndpointId") {
        match need::<Endpoint>(scene, id).map(|endpoint| endpoint.interfaces.clone()) {
            Ok(interfaces) => {
                forget_endpoint(scene, None, id);
                for interface in interfaces {
                    interfaces::detach(scene, &interface);
                }
                scene.here.ec2.endpoints.remove(id);
            }
            Err(refusal) => {
                let error = object! { "code" => refusal.code.to_string(), "message" => refusal.message };
                failures.push(object! { "resourceId" => id.to_owned(), "error" => error });
            }
        }
    }
    Ok(object! { "unsuccessful" => items(failures) })
}

fn describe_prefix_lists(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, &["prefix-list-id", "prefix-list-name"])?;
    let page = Page::read(input, "MaxResults", "NextToken", (5, 1000), "InvalidParameterValue")?;
    let (wanted, all) = (input.texts("PrefixListId"), prefix_lists(scene));
    if let Some(unknown) = wanted.iter().find(|id| !all.iter().any(|(list, _)| list == *id)) {
        let words = format!("The prefix list ID '{unknown}' does not exist");
        return Err(Refusal::new("InvalidPrefixListID.NotFound", words));
    }
    let found = all.into_iter().filter(|(id, name)| {
        let fits =
            filters.pass(&Tags::default(), |filter| vec![if filter == "prefix-list-id" { id } else { name }.clone()]);
        fits && (wanted.is_empty() || wanted.contains(&id.as_str()))
    });
    let (lists, next) = page.cut(found.map(|(id, name)| {
        // Addresses for documentation stand for those of the service.
        let ranges = items(["192.0.2.0/24", "198.51.100.0/24"]);
        (id.clone(), object! { "prefixListId" => id, "prefixListName" => name, "cidrSet" => ranges })
    }));
    Ok(object! { "prefixListSet" => items(lists), "nextToken" => next })
}
