//! Which subnets and gateways a route table is for.

use serde::Serialize;

use super::RouteTable;
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::internet_gateways::InternetGateway;
use crate::simulator::services::ec2::listing::{Kind, done, need, need_mut};
use crate::simulator::services::ec2::subnets::Subnet;

/// What can be done with associations.
pub(in super::super) const ACTIONS: &[Action] = &[
    action("AssociateRouteTable", associate),
    action("ReplaceRouteTableAssociation", replace),
    action("DisassociateRouteTable", disassociate),
];

/// That a table is for something.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Association {
    id: String,
    /// A subnet or a gateway; nothing, if the table is the main one.
    pub(in super::super) of: Option<String>,
}

/// Associations are no things of their own, but have ids.
const KIND: Kind = Kind {
    prefix: "rtbassoc",
    resource: "",
    noun: "association ID",
    not_found: "InvalidAssociationID.NotFound",
    malformed: "InvalidAssociationID.Malformed",
};

impl Association {
    /// That of a main table.
    pub(super) fn main(scene: &mut Scene<'_>) -> Self {
        Self { id: scene.dice.id(KIND.prefix), of: None }
    }

    fn subnet(&self) -> Option<String> {
        self.of.clone().filter(|of| of.starts_with("subnet-"))
    }

    fn gateway(&self) -> Option<String> {
        self.of.clone().filter(|of| !of.starts_with("subnet-"))
    }

    /// What it has for a filter.
    pub(super) fn value(&self, table: &str, name: &str) -> Option<String> {
        match name {
            "gateway-id" => self.gateway(),
            "main" => Some(self.of.is_none().to_string()),
            "route-table-association-id" => Some(self.id.clone()),
            "route-table-id" => Some(table.to_owned()),
            "subnet-id" => self.subnet(),
            _ => None,
        }
    }

    /// As its table shows it.
    pub(super) fn show(&self, table: &str) -> Tree {
        object! {
            "routeTableAssociationId" => &self.id,
            "routeTableId" => table.to_owned(),
            "subnetId" => self.subnet(),
            "gatewayId" => self.gateway(),
            "main" => self.of.is_none(),
            "associationState" => state(),
        }
    }
}

fn state() -> Tree {
    object! { "state" => "associated" }
}

/// Forgets a subnet that is gone.
pub(in super::super) fn forget_subnet(scene: &mut Scene<'_>, subnet: &str) {
    for table in scene.here.ec2.route_tables.values_mut() {
        table.associations.retain(|association| association.of.as_deref() != Some(subnet));
    }
}

/// The table that is for a subnet or a gateway by name, and the association's id.
fn bound(scene: &Scene<'_>, of: &str) -> Option<(String, String)> {
    scene.here.ec2.route_tables.iter().find_map(|(id, table)| {
        let association = table.associations.iter().find(|it| it.of.as_deref() == Some(of))?;
        Some((id.to_owned(), association.id.clone()))
    })
}

/// The table of an association, and what it is for.
fn find(scene: &Scene<'_>, id: &str) -> Result<(String, Association), Refusal> {
    KIND.check(id)?;
    let found = scene.here.ec2.route_tables.visible(scene.sight).find_map(|(table, it)| {
        let association = it.associations.iter().find(|association| association.id == id)?;
        Some((table.to_owned(), association.clone()))
    });
    found.ok_or_else(|| KIND.absent(id))
}

fn associate(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let table_id = input.need("RouteTableId")?;
    let table = need::<RouteTable>(scene, table_id)?;
    let (of, vpc) = match (input.text("SubnetId"), input.text("GatewayId")) {
        (Some(subnet), None) => (subnet, Some(need::<Subnet>(scene, subnet)?.vpc.clone())),
        (None, Some(gateway)) => (gateway, need::<InternetGateway>(scene, gateway)?.vpc.clone()),
        (None, None) => return Err(missing("subnetId")),
        (Some(_), Some(_)) => {
            let words = "The parameter subnetId cannot be used with the parameter gatewayId";
            return Err(Refusal::new("InvalidParameterCombination", words));
        }
    };
    Scene::ensure(vpc.as_ref() == Some(&table.vpc), || {
        invalid(format!("Route table {table_id} and network {of} belong to different networks"))
    })?;
    if let Some((other, association)) = bound(scene, of) {
        // The same again is no error, and nothing new.
        if other == table_id {
            return Ok(object! { "associationId" => association, "associationState" => state() });
        }
        let words =
            format!("the specified association for route table {table_id} conflicts with an existing association");
        return Err(Refusal::new("Resource.AlreadyAssociated", words));
    }
    let id = scene.dice.id(KIND.prefix);
    let association = Association { id: id.clone(), of: Some(of.to_owned()) };
    need_mut::<RouteTable>(scene, table_id)?.associations.push(association);
    Ok(object! { "associationId" => id, "associationState" => state() })
}

fn replace(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (association, table_id) = (input.need("AssociationId")?, input.need("RouteTableId")?);
    let (old, found) = find(scene, association)?;
    let table = need::<RouteTable>(scene, table_id)?;
    let old_vpc = scene.here.ec2.route_tables.get(&old).map(|table| &table.vpc);
    Scene::ensure(old_vpc == Some(&table.vpc), || {
        invalid(format!("Route table {table_id} and association {association} belong to different networks"))
    })?;
    let id = scene.dice.id(KIND.prefix);
    drop_association(scene, &old, association);
    need_mut::<RouteTable>(scene, table_id)?.associations.push(Association { id: id.clone(), ..found });
    Ok(object! { "newAssociationId" => id, "associationState" => state() })
}

fn disassociate(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("AssociationId")?;
    let (table, association) = find(scene, id)?;
    Scene::ensure(association.of.is_some(), || {
        invalid(format!("cannot disassociate the main route table association {id}"))
    })?;
    drop_association(scene, &table, id);
    Ok(done())
}

fn drop_association(scene: &mut Scene<'_>, table: &str, id: &str) {
    if let Some(table) = scene.here.ec2.route_tables.get_mut(table) {
        table.associations.retain(|association| association.id != id);
    }
}
