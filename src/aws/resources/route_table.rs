//! A route table with its routes and the subnets that use it.
//!
//! Routes and associations are part of it: EC2 shows them here, and they point only downwards.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Filter, ResourceType, RouteTable as Described};
use serde::{Deserialize, Serialize};

use super::internet_gateway::InternetGateway;
use super::nat_gateway::NatGateway;
use super::subnet::{Subnet, SubnetId};
use super::vpc::{Vpc, VpcId};
use crate::aws::at_once;
use crate::aws::clients::Aws;
use crate::aws::ec2::{
    FILTER_VALUES, describe_route_tables, filter, keys, owned_by, retag, route_tables, seen_tags, tags_on,
};
use crate::aws::failure::{classify, code, is_absent, with_references};
use crate::aws::sightings::tagged;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::Diff;
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::reference::{Known, Ref};
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A route table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RouteTable {
    /// The VPC it is in.
    pub vpc: Ref<Vpc>,
    /// Where traffic to the world goes. `None`: nowhere.
    pub default_route: Option<Way>,
    /// The subnets that use it.
    pub subnets: BTreeSet<Ref<Subnet>>,
    /// The user's tags.
    pub tags: Tags,
}

/// A way to the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// In both directions.
    InternetGateway(Ref<InternetGateway>),
    /// Out only.
    NatGateway(Ref<NatGateway>),
}

// identity, observation, outputs

super::id! {
    /// `rtb-…`.
    RouteTableId
}

/// What EC2 tells about a route table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The VPC it is in.
    pub vpc: VpcId,
    /// The gateway that `0.0.0.0/0` leads to. A route whose gateway is gone (`blackhole`) leads nowhere and shows as `blackhole`.
    pub default_route: Option<String>,
    /// The subnets that use it, with the association's id.
    pub subnets: BTreeMap<SubnetId, String>,
    /// All tags.
    pub tags: Tags,
}

/// What others need of a route table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its id.
    pub id: RouteTableId,
}

// rules

impl Resource for RouteTable {
    const KIND: &'static str = "route_table";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const GOES_AT_ONCE: bool = true;
    type Id = RouteTableId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &RouteTableId, _: &Observed) -> Outputs {
        Outputs { id: id.clone() }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { vpc, default_route, subnets, tags } = self;
        diff.replace("vpc", diff.outputs(vpc).map(|vpc| vpc.id), &seen.vpc);
        let way = default_route.as_ref().map(|way| match way {
            Way::InternetGateway(gateway) => diff.outputs(gateway).map(|gateway| gateway.id.0),
            Way::NatGateway(gateway) => diff.outputs(gateway).map(|gateway| gateway.id.0),
        });
        diff.in_place("default_route", way, &seen.default_route);
        let wanted: Known<BTreeSet<SubnetId>> = subnets.iter().map(|s| diff.outputs(s).map(|s| s.id)).collect();
        diff.in_place("subnets", wanted, &seen.subnets.keys().cloned().collect());
        diff.owned_entries("tags", &tags.0, &seen.tags.0);
    }
}

// cloud calls

const WORLD: &str = "0.0.0.0/0";

impl Manage for RouteTable {
    type Cloud = Aws;
    const READ_BATCH: usize = FILTER_VALUES;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 300).stable(2);

    async fn read(cloud: &Aws, ids: &[RouteTableId], look: Look) -> CloudResult<Vec<(RouteTableId, Observed)>> {
        if look == Look::Close {
            return describe(cloud, filter("route-table-id", ids.iter().map(|id| &id.0))).await;
        }
        let found = route_tables(cloud, ids.iter().map(|id| id.0.clone()).collect()).await?;
        Ok(found.iter().filter_map(observed).filter(|(id, _)| ids.contains(id)).collect())
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, RouteTableId)>> {
        Ok(keys(describe(cloud, owned_by(owner)).await?, owner, |seen| &seen.tags))
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        Ok(tagged::<Self>(describe(cloud, owned_by(wanted.owner())).await?, wanted.owner(), |seen| &seen.tags))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<RouteTableId> {
        let request = call.cloud.api.ec2.create_route_table().vpc_id(call.outputs(&self.vpc)?.id.0);
        let request = request.client_token(call.key.as_str());
        let answer = request.tag_specifications(tags_on(ResourceType::RouteTable, &self.tags, call)).send().await;
        let table = answer.map_err(with_references)?.route_table;
        Ok(RouteTableId(table.and_then(|table| table.route_table_id).unwrap_or_default()))
    }

    fn as_made(&self, call: &Call<'_, Aws>, _: &RouteTableId) -> CloudResult<Option<Observed>> {
        let (vpc, tags) = (call.outputs(&self.vpc)?.id, self.tags.clone());
        Ok(Some(Observed { vpc, default_route: None, subnets: BTreeMap::new(), tags }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &RouteTableId, seen: &Observed) -> CloudResult<()> {
        let (routed, associated) = tokio::join!(self.route(call, id, seen), self.associate(call, id, seen));
        at_once::gravest([routed, associated])?;
        retag(call, &id.0, &self.tags, &seen.tags).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &RouteTableId) -> CloudResult<()> {
        let found = describe(call.cloud, filter("route-table-id", [&id.0])).await?;
        let associations = found.iter().flat_map(|(_, seen)| seen.subnets.values());
        at_once::all(associations.map(|association| disassociate(call, association))).await?;
        call.cloud.api.ec2.delete_route_table().route_table_id(&id.0).send().await.map_err(classify)?;
        Ok(())
    }
}

impl RouteTable {
    async fn route(&self, call: &Call<'_, Aws>, id: &RouteTableId, seen: &Observed) -> CloudResult<()> {
        let ec2 = &call.cloud.api.ec2;
        let (internet, nat) = match &self.default_route {
            None => (None, None),
            Some(Way::InternetGateway(gateway)) => (Some(call.outputs(gateway)?.id.0), None),
            Some(Way::NatGateway(gateway)) => (None, Some(call.outputs(gateway)?.id.0)),
        };
        match (internet.as_ref().or(nat.as_ref()), &seen.default_route) {
            (None, None) => {}
            (to, from) if to == from.as_ref() => {}
            (None, Some(_)) => {
                let request = ec2.delete_route().route_table_id(&id.0).destination_cidr_block(WORLD);
                request.send().await.map_err(classify)?;
            }
            (Some(_), Some(_)) => {
                let request = ec2.replace_route().route_table_id(&id.0).destination_cidr_block(WORLD);
                let request = request.set_gateway_id(internet).set_nat_gateway_id(nat);
                request.send().await.map_err(with_references)?;
            }
            (Some(_), None) => {
                let request = ec2.create_route().route_table_id(&id.0).destination_cidr_block(WORLD);
                match request.set_gateway_id(internet).set_nat_gateway_id(nat).send().await {
                    // An earlier attempt did it; the next look shows where it leads.
                    Err(e) if code(&e) == "RouteAlreadyExists" => {}
                    answer => drop(answer.map_err(with_references)?),
                }
            }
        }
        Ok(())
    }

    async fn associate(&self, call: &Call<'_, Aws>, id: &RouteTableId, seen: &Observed) -> CloudResult<()> {
        let wanted = self.subnets.iter().map(|subnet| Ok(call.outputs(subnet)?.id));
        let wanted = wanted.collect::<CloudResult<BTreeSet<SubnetId>>>()?;
        let unwanted = seen.subnets.iter().filter(|(subnet, _)| !wanted.contains(*subnet));
        at_once::all(unwanted.map(|(_, association)| disassociate(call, association))).await?;
        let missing = wanted.iter().filter(|subnet| !seen.subnets.contains_key(*subnet));
        at_once::all(missing.map(|subnet| associate(call, id, subnet))).await
    }
}

async fn associate(call: &Call<'_, Aws>, id: &RouteTableId, subnet: &SubnetId) -> CloudResult<()> {
    let request = call.cloud.api.ec2.associate_route_table().route_table_id(&id.0).subnet_id(&subnet.0);
    match request.send().await {
        // It uses another table still: move it over in one step, so that it is never without.
        Err(e) if code(&e) == "Resource.AlreadyAssociated" => take_over(call, id, subnet).await,
        answer => answer.map(drop).map_err(with_references),
    }
}

async fn take_over(call: &Call<'_, Aws>, id: &RouteTableId, subnet: &SubnetId) -> CloudResult<()> {
    let others = describe(call.cloud, filter("association.subnet-id", [&subnet.0])).await?;
    let association = others.into_iter().find_map(|(other, seen)| {
        seen.subnets
            .into_iter()
            .find(|(of, _)| of == subnet)
            .filter(|_| other != *id)
            .map(|(_, association)| association)
    });
    if let Some(association) = association {
        let request = call.cloud.api.ec2.replace_route_table_association().association_id(association);
        request.route_table_id(&id.0).send().await.map_err(with_references)?;
    }
    Ok(())
}

async fn disassociate(call: &Call<'_, Aws>, association: &str) -> CloudResult<()> {
    match call.cloud.api.ec2.disassociate_route_table().association_id(association).send().await {
        Err(e) if is_absent(&e) => Ok(()),
        answer => answer.map(drop).map_err(classify),
    }
}

async fn describe(cloud: &Aws, filter: Filter) -> CloudResult<Vec<(RouteTableId, Observed)>> {
    Ok(describe_route_tables(cloud, filter).await?.iter().filter_map(observed).collect())
}

// conversions

fn observed(table: &Described) -> Option<(RouteTableId, Observed)> {
    let world = table.routes().iter().find(|route| route.destination_cidr_block() == Some(WORLD));
    let default_route = world.map(|route| match route.state().map(|state| state.as_str()) {
        Some("blackhole") => "blackhole".to_owned(),
        _ => route.nat_gateway_id().or(route.gateway_id()).unwrap_or("another target").to_owned(),
    });
    let subnets = table.associations().iter().filter_map(|association| {
        // An association that is going away has no id worth keeping.
        let state = association.association_state().and_then(|state| state.state()).map(|state| state.as_str());
        let subnet = association.subnet_id().filter(|_| !matches!(state, Some("disassociating" | "disassociated")))?;
        Some((SubnetId(subnet.into()), association.route_table_association_id()?.to_owned()))
    });
    let observed = Observed {
        vpc: VpcId(table.vpc_id()?.into()),
        default_route,
        subnets: subnets.collect(),
        tags: seen_tags(table.tags()),
    };
    Some((RouteTableId(table.route_table_id()?.into()), observed))
}
