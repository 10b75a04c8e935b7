//! Routes: where to, and through what.

use ipnet::{Ipv4Net, Ipv6Net};
use serde::Serialize;

use super::RouteTable;
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::endpoints;
use crate::simulator::services::ec2::interfaces::{self, Interface};
use crate::simulator::services::ec2::internet_gateways::InternetGateway;
use crate::simulator::services::ec2::listing::{done, need, need_mut};
use crate::simulator::services::ec2::nat_gateways::NatGateway;
use crate::simulator::services::ec2::vpcs;

/// What can be done with routes.
pub(in super::super) const ACTIONS: &[Action] =
    &[action("CreateRoute", create), action("ReplaceRoute", replace), action("DeleteRoute", delete)];

/// As many as a table may have, besides those that come by themselves
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>).
const LIMIT: usize = 500;

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Route {
    pub(in super::super) to: Destination,
    pub(in super::super) through: Target,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Destination {
    Ipv4(Ipv4Net),
    Ipv6(Ipv6Net),
    PrefixList(String),
}

/// What a route leads through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Target {
    Local,
    InternetGateway(String),
    NatGateway(String),
    Endpoint(String),
    Interface(String),
}

impl Destination {
    fn read(input: &Input) -> Result<Self, Refusal> {
        let given = [
            input.text("DestinationCidrBlock").map(|text| vpcs::range(text, "destinationCidrBlock").map(Self::Ipv4)),
            input.text("DestinationIpv6CidrBlock").map(|text| {
                let wrong = || {
                    let words = "parameter destinationIpv6CidrBlock is invalid. This is not a valid CIDR block.";
                    invalid(format!("Value ({text}) for {words}"))
                };
                text.parse::<Ipv6Net>().map(|range| Self::Ipv6(range.trunc())).map_err(|_| wrong())
            }),
            input.text("DestinationPrefixListId").map(|text| Ok(Self::PrefixList(text.to_owned()))),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(one), None) => one,
            (None, _) => Err(missing("destinationCidrBlock")),
            (Some(_), Some(_)) => {
                Err(Refusal::new("InvalidParameterCombination", "Only one destination may be specified"))
            }
        }
    }

    /// The field it is shown in, which filters are named after.
    fn field(&self) -> &'static str {
        match self {
            Self::Ipv4(_) => "destinationCidrBlock",
            Self::Ipv6(_) => "destinationIpv6CidrBlock",
            Self::PrefixList(_) => "destinationPrefixListId",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Ipv4(range) => range.to_string(),
            Self::Ipv6(range) => range.to_string(),
            Self::PrefixList(id) => id.clone(),
        }
    }

    fn absent(&self, table: &str) -> Refusal {
        let kind = match self {
            Self::Ipv4(_) => "destination-cidr-block",
            Self::Ipv6(_) => "destination-ipv6-cidr-block",
            Self::PrefixList(_) => "destination-prefix-list-id",
        };
        Refusal::new("InvalidRoute.NotFound", format!("no route with {kind} {} in route table {table}", self.text()))
    }
}

/// The parameters that name targets which the simulator does not have, and how each kind's ids are missed.
const ABSENT: [(&str, &str, &str); 6] = [
    ("EgressOnlyInternetGatewayId", "InvalidGatewayID.NotFound", "eigw ID"),
    ("VpcPeeringConnectionId", "InvalidVpcPeeringConnectionID.NotFound", "vpcPeeringConnection ID"),
    ("TransitGatewayId", "InvalidTransitGatewayID.NotFound", "transitGateway ID"),
    ("LocalGatewayId", "InvalidLocalGatewayID.NotFound", "localGateway ID"),
    ("CarrierGatewayId", "InvalidCarrierGatewayID.NotFound", "carrierGateway ID"),
    ("CoreNetworkArn", "InvalidCoreNetworkArn.NotFound", "core network"),
];

impl Target {
    /// The target that a call names, which is there and in the table's VPC.
    fn read(scene: &Scene<'_>, input: &Input, table_id: &str, table: &RouteTable) -> Result<Self, Refusal> {
        let own = ["GatewayId", "NatGatewayId", "NetworkInterfaceId", "InstanceId", "VpcEndpointId"];
        let names = own.iter().chain(ABSENT.iter().map(|(name, ..)| name));
        let mut given = names.filter_map(|name| Some((*name, input.text(name)?)));
        let local = input.flag("LocalTarget") == Some(true);
        let (name, id) = match (given.next(), given.next()) {
            (Some(one), None) if !local => one,
            (None, _) if local => return Ok(Self::Local),
            (None, _) => return Err(missing("gatewayId")),
            _ => return Err(Refusal::new("InvalidParameterCombination", "Only one target may be specified")),
        };
        if let Some((_, code, noun)) = ABSENT.iter().find(|(absent, ..)| *absent == name) {
            return Err(Refusal::new(*code, format!("The {noun} '{id}' does not exist")));
        }
        let (target, vpc) = match name {
            "GatewayId" if id == "local" => (Self::Local, Some(table.vpc.clone())),
            "GatewayId" => {
                let absent =
                    || Refusal::new("InvalidGatewayID.NotFound", format!("The gateway ID '{id}' does not exist"));
                let gateway = need::<InternetGateway>(scene, id).map_err(|_| absent())?;
                (Self::InternetGateway(id.to_owned()), gateway.vpc.clone())
            }
            "NatGatewayId" => {
                let absent =
                    || Refusal::new("InvalidNatGatewayID.NotFound", format!("The natGateway ID '{id}' does not exist"));
                let gateway = need::<NatGateway>(scene, id).ok().filter(|it| it.is_passable()).ok_or_else(absent)?;
                (Self::NatGateway(id.to_owned()), Some(gateway.vpc.clone()))
            }
            "InstanceId" => {
                let absent =
                    || Refusal::new("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist"));
                let interface = interfaces::of_instance(scene, id).ok_or_else(absent)?;
                let vpc = scene.here.ec2.interfaces.get(&interface).map(|it| it.vpc.clone());
                (Self::Interface(interface), vpc)
            }
            "NetworkInterfaceId" => (Self::Interface(id.to_owned()), Some(need::<Interface>(scene, id)?.vpc.clone())),
            _ => return Err(invalid(format!("Gateway Load Balancer endpoint {id} cannot be found"))),
        };
        Scene::ensure(vpc.as_ref() == Some(&table.vpc), || {
            invalid(format!("route table {table_id} and network gateway {id} belong to different networks"))
        })?;
        Ok(target)
    }

    /// Whether what is sent there arrives anywhere.
    fn is_active(&self, scene: &Scene<'_>, vpc: &str) -> bool {
        let state = &scene.here.ec2;
        match self {
            Self::Local => true,
            Self::InternetGateway(id) => {
                state.internet_gateways.get(id).is_some_and(|gateway| gateway.vpc.as_deref() == Some(vpc))
            }
            Self::NatGateway(id) => state.nat_gateways.get(id).is_some_and(NatGateway::is_passable),
            Self::Endpoint(id) => state.endpoints.has(id),
            Self::Interface(id) => state.interfaces.has(id),
        }
    }
}

impl Route {
    fn local(range: Ipv4Net) -> Self {
        Self { to: Destination::Ipv4(range), through: Target::Local }
    }

    fn is_active(&self, scene: &Scene<'_>, table: &RouteTable) -> bool {
        self.through.is_active(scene, &table.vpc)
    }

    /// The route to the VPC itself was made with the table; the others by calls.
    fn origin(&self) -> &'static str {
        if self.through == Target::Local { "CreateRouteTable" } else { "CreateRoute" }
    }

    fn gateway(&self) -> Option<String> {
        match &self.through {
            Target::Local => Some("local".to_owned()),
            Target::InternetGateway(id) | Target::Endpoint(id) => Some(id.clone()),
            _ => None,
        }
    }

    fn nat_gateway(&self) -> Option<String> {
        if let Target::NatGateway(id) = &self.through { Some(id.clone()) } else { None }
    }

    fn interface(&self) -> Option<String> {
        if let Target::Interface(id) = &self.through { Some(id.clone()) } else { None }
    }

    fn instance(&self, scene: &Scene<'_>) -> Option<String> {
        scene.here.ec2.interfaces.get(&self.interface()?)?.instance.clone()
    }

    fn state(&self, scene: &Scene<'_>, table: &RouteTable) -> &'static str {
        if self.is_active(scene, table) { "active" } else { "blackhole" }
    }

    /// What it has for a filter.
    pub(super) fn value(&self, scene: &Scene<'_>, table: &RouteTable, name: &str) -> Option<String> {
        let to = |is_it: bool| is_it.then(|| self.to.text());
        match name {
            "destination-cidr-block" => to(matches!(self.to, Destination::Ipv4(_))),
            "destination-ipv6-cidr-block" => to(matches!(self.to, Destination::Ipv6(_))),
            "destination-prefix-list-id" => to(matches!(self.to, Destination::PrefixList(_))),
            "gateway-id" => self.gateway(),
            "instance-id" => self.instance(scene),
            "nat-gateway-id" => self.nat_gateway(),
            "origin" => Some(self.origin().to_owned()),
            "state" => Some(self.state(scene, table).to_owned()),
            _ => None,
        }
    }

    /// As its table shows it.
    pub(super) fn show(&self, scene: &Scene<'_>, table: &RouteTable) -> Tree {
        let instance = self.instance(scene);
        object! {
            self.to.field() => self.to.text(),
            "gatewayId" => self.gateway(),
            "natGatewayId" => self.nat_gateway(),
            "networkInterfaceId" => self.interface(),
            "instanceOwnerId" => instance.as_ref().map(|_| &scene.place.account),
            "instanceId" => instance,
            "state" => self.state(scene, table),
            "origin" => self.origin(),
        }
    }
}

impl RouteTable {
    /// Its routes, with those to the VPC's own ranges.
    pub(super) fn all_routes(&self, scene: &Scene<'_>) -> Vec<Route> {
        let vpc = scene.here.ec2.vpcs.get(&self.vpc);
        let own = vpc.into_iter().flat_map(|vpc| vpc.ranges()).map(Route::local);
        own.filter(|route| self.position(&route.to).is_none()).chain(self.routes.iter().cloned()).collect()
    }

    fn position(&self, to: &Destination) -> Option<usize> {
        self.routes.iter().position(|route| route.to == *to)
    }

    fn has(&self, scene: &Scene<'_>, to: &Destination) -> bool {
        self.all_routes(scene).iter().any(|route| route.to == *to)
    }
}

/// Has the main table of a VPC lead out through a gateway.
pub(in super::super) fn lead_out(scene: &mut Scene<'_>, vpc: &str, gateway: &str) {
    let route =
        Route { to: Destination::Ipv4(Ipv4Net::default()), through: Target::InternetGateway(gateway.to_owned()) };
    let mut tables = scene.here.ec2.route_tables.values_mut();
    if let Some(main) = tables.find(|table| table.vpc == vpc && table.is_main()) {
        main.routes.push(route);
    }
}

/// Has a table lead to a gateway endpoint for the addresses of its service.
///
/// # Errors
/// If there is such a route already.
pub(in super::super) fn lead_to_endpoint(
    scene: &mut Scene<'_>,
    table_id: &str,
    list: &str,
    endpoint: &str,
) -> Result<(), Refusal> {
    check_no_endpoint(scene, table_id, list)?;
    let through = Target::Endpoint(endpoint.to_owned());
    let route = Route { to: Destination::PrefixList(list.to_owned()), through };
    need_mut::<RouteTable>(scene, table_id)?.routes.push(route);
    Ok(())
}

/// Refuses a table that has a route for these addresses.
pub(in super::super) fn check_no_endpoint(scene: &Scene<'_>, table_id: &str, list: &str) -> Result<(), Refusal> {
    let table = need::<RouteTable>(scene, table_id)?;
    Scene::ensure(table.position(&Destination::PrefixList(list.to_owned())).is_none(), || {
        let words = format!("route table {table_id} already has a route with destination-prefix-list-id {list}");
        Refusal::new("RouteAlreadyExists", words)
    })
}

/// Takes the routes to a gateway endpoint away, out of one table or out of all.
pub(in super::super) fn forget_endpoint(scene: &mut Scene<'_>, table_id: Option<&str>, endpoint: &str) {
    let through = Target::Endpoint(endpoint.to_owned());
    let ids: Vec<String> = scene.here.ec2.route_tables.iter().map(|(id, _)| id.to_owned()).collect();
    for id in ids.iter().filter(|id| table_id.is_none_or(|wanted| wanted == id.as_str())) {
        if let Some(table) = scene.here.ec2.route_tables.get_mut(id) {
            table.routes.retain(|route| route.through != through);
        }
    }
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("RouteTableId")?;
    let to = Destination::read(input)?;
    let table = need::<RouteTable>(scene, id)?;
    let through = Target::read(scene, input, id, table)?;
    check_prefix_list(scene, &to)?;
    Scene::ensure(!table.has(scene, &to), || {
        Refusal::new("RouteAlreadyExists", format!("The route identified by {} already exists.", to.text()))
    })?;
    check_inside(scene, table, &to)?;
    Scene::ensure(table.routes.len() < LIMIT, || {
        Refusal::new("RouteLimitExceeded", "The maximum number of routes has been reached.")
    })?;
    need_mut::<RouteTable>(scene, id)?.routes.push(Route { to, through });
    Ok(done())
}

fn check_prefix_list(scene: &Scene<'_>, to: &Destination) -> Result<(), Refusal> {
    let Destination::PrefixList(id) = to else { return Ok(()) };
    Scene::ensure(endpoints::is_prefix_list(scene, id), || {
        Refusal::new("InvalidPrefixListID.NotFound", format!("The prefix list ID '{id}' does not exist"))
    })
}

/// Within the VPC a route may be for a whole subnet only
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/route-table-options.html>).
fn check_inside(scene: &Scene<'_>, table: &RouteTable, to: &Destination) -> Result<(), Refusal> {
    let Destination::Ipv4(range) = to else { return Ok(()) };
    let vpc = scene.here.ec2.vpcs.get(&table.vpc);
    let is_inside = vpc.is_some_and(|vpc| vpc.ranges().any(|own| own.contains(range)));
    let mut subnets = scene.here.ec2.subnets.values().filter(|subnet| subnet.vpc == table.vpc);
    Scene::ensure(!is_inside || subnets.any(|subnet| subnet.range == *range), || {
        invalid("Route destination doesn't match any subnet CIDR blocks.")
    })
}

fn replace(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("RouteTableId")?;
    let to = Destination::read(input)?;
    let table = need::<RouteTable>(scene, id)?;
    let through = Target::read(scene, input, id, table)?;
    Scene::ensure(table.has(scene, &to), || {
        let words =
            format!("There is no route defined for '{}' in the route table. Use CreateRoute instead.", to.text());
        invalid(words)
    })?;
    let position = table.position(&to);
    let existing = position.and_then(|at| table.routes.get(at));
    if let Some(Target::Endpoint(endpoint)) = existing.map(|route| &route.through) {
        return Err(invalid(format!(
            "cannot replace VPC endpoint route {} of {endpoint} in route table {id}",
            to.text()
        )));
    }
    let table = need_mut::<RouteTable>(scene, id)?;
    if let Some(at) = position {
        table.routes.remove(at);
    }
    // Back at the local target, the route is again the one that is always there.
    if through != Target::Local {
        table.routes.push(Route { to, through });
    }
    Ok(done())
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("RouteTableId")?;
    let to = Destination::read(input)?;
    let table = need::<RouteTable>(scene, id)?;
    let found = table.all_routes(scene).into_iter().find(|route| route.to == to).ok_or_else(|| to.absent(id))?;
    match found.through {
        Target::Local => return Err(invalid(format!("cannot remove local route {} in route table {id}", to.text()))),
        Target::Endpoint(_) => {
            return Err(invalid(format!("cannot remove VPC endpoint route {} in route table {id}", to.text())));
        }
        _ => {}
    }
    need_mut::<RouteTable>(scene, id)?.routes.retain(|route| route.to != to);
    Ok(done())
}
