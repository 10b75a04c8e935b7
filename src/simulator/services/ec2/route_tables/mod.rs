//! Route tables: where what is in a subnet may go.

mod associations;
mod routes;

use serde::Serialize;

use super::listing::{self, Kind, Thing, done, kept, need, tags};
use super::vpcs::Vpc;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

pub(super) use associations::{ACTIONS as ASSOCIATIONS, Association, forget_subnet};
pub(super) use routes::{ACTIONS as ROUTES, Destination, Route, Target, lead_out};

/// What can be done with route tables.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateRouteTable", create).token("ClientToken"),
    action("DescribeRouteTables", listing::describe::<RouteTable>),
    action("DeleteRouteTable", delete),
];

/// As many as a VPC may have (<https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>).
const LIMIT: usize = 200;

/// A route table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RouteTable {
    pub(super) vpc: String,
    /// All routes but those to the VPC's own ranges, which are always there.
    pub(super) routes: Vec<Route>,
    pub(super) associations: Vec<Association>,
    tags: Tags,
}

impl RouteTable {
    fn new(vpc: &str, tags: Tags) -> Self {
        Self { vpc: vpc.to_owned(), routes: Vec::new(), associations: Vec::new(), tags }
    }

    /// The main one of a VPC.
    pub(super) fn main(scene: &mut Scene<'_>, vpc: &str) -> Self {
        let associations = vec![Association::main(scene)];
        Self { associations, ..Self::new(vpc, Tags::default()) }
    }

    /// Whether it is for all subnets of its VPC that have no other.
    pub(super) fn is_main(&self) -> bool {
        self.associations.iter().any(|association| association.of.is_none())
    }
}

impl Thing for RouteTable {
    const KIND: Kind = Kind {
        prefix: "rtb",
        resource: "route-table",
        noun: "routeTable ID",
        not_found: "InvalidRouteTableID.NotFound",
        malformed: "InvalidRouteTableId.Malformed",
    };
    const IDS: &'static str = "RouteTableId";
    const SET: &'static str = "routeTableSet";
    const FILTERS: &'static [&'static str] = &[
        "association.gateway-id",
        "association.main",
        "association.route-table-association-id",
        "association.route-table-id",
        "association.subnet-id",
        "owner-id",
        "route-table-id",
        "route.destination-cidr-block",
        "route.destination-ipv6-cidr-block",
        "route.destination-prefix-list-id",
        "route.egress-only-internet-gateway-id",
        "route.gateway-id",
        "route.instance-id",
        "route.nat-gateway-id",
        "route.origin",
        "route.state",
        "route.transit-gateway-id",
        "route.vpc-peering-connection-id",
        "vpc-id",
    ];
    const PAGE: (i64, i64) = (5, 100);

    kept!(route_tables);

    fn values(&self, scene: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
        if let Some(name) = filter.strip_prefix("association.") {
            return self.associations.iter().filter_map(|it| it.value(id, name)).collect();
        }
        if let Some(name) = filter.strip_prefix("route.") {
            return self.all_routes(scene).iter().filter_map(|route| route.value(scene, self, name)).collect();
        }
        match filter {
            "owner-id" => vec![scene.place.account.clone()],
            "route-table-id" => vec![id.to_owned()],
            _ => vec![self.vpc.clone()],
        }
    }

    fn show(&self, scene: &Scene<'_>, id: &str) -> Tree {
        let routes = self.all_routes(scene);
        object! {
            "routeTableId" => id.to_owned(),
            "vpcId" => &self.vpc,
            "routeSet" => items(routes.iter().map(|route| route.show(scene, self))),
            "associationSet" => items(self.associations.iter().map(|it| it.show(id))),
            "propagatingVgwSet" => Tree::List("item", Vec::new()),
            "ownerId" => &scene.place.account,
            "tagSet" => self.tags.ec2_list(),
        }
    }
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let vpc = input.need("VpcId")?;
    let tags = tags::<RouteTable>(input)?;
    need::<Vpc>(scene, vpc)?;
    let count = scene.here.ec2.route_tables.values().filter(|table| table.vpc == vpc).count();
    Scene::ensure(count < LIMIT, || {
        Refusal::new("RouteTableLimitExceeded", "The maximum number of route tables has been reached.")
    })?;
    let id = listing::put(scene, RouteTable::new(vpc, tags));
    let token = input.text("ClientToken").map(str::to_owned);
    Ok(object! { "routeTable" => listing::shown::<RouteTable>(scene, &id), "clientToken" => token })
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("RouteTableId")?;
    let table = need::<RouteTable>(scene, id)?;
    Scene::ensure(table.associations.is_empty(), || RouteTable::KIND.held(id))?;
    for endpoint in scene.here.ec2.endpoints.values_mut() {
        endpoint.route_tables.retain(|table| table != id);
    }
    scene.here.ec2.route_tables.remove(id);
    Ok(done())
}
