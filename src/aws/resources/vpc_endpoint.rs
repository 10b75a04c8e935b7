//! A gateway endpoint: traffic to S3 that never leaves Amazon's network and costs nothing.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, ResourceType, VpcEndpoint as Described, VpcEndpointType};
use serde::{Deserialize, Serialize};

use super::route_table::{RouteTable, RouteTableId};
use super::vpc::{Vpc, VpcId};
use crate::aws::clients::Aws;
use crate::aws::ec2::{FILTER_VALUES, keys, owned_by, retag, seen_tags, tags_on};
use crate::aws::failure::{classify, with_references};
use crate::aws::present::present;
use crate::aws::sightings::tagged;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::Diff;
use crate::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use crate::engine::reference::{Known, Ref};
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A gateway endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VpcEndpoint {
    /// The VPC it serves.
    pub vpc: Ref<Vpc>,
    /// The service's name, `com.amazonaws.eu-west-1.s3`.
    pub service: String,
    /// The route tables that lead to it.
    pub route_tables: BTreeSet<Ref<RouteTable>>,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// `vpce-…`.
    VpcEndpointId
}

/// What EC2 tells about an endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The VPC it serves.
    pub vpc: VpcId,
    /// The service's name.
    pub service: String,
    /// The route tables that lead to it.
    pub route_tables: BTreeSet<RouteTableId>,
    /// `pending`, `available`, `deleting`, `failed` and so on, in lower case.
    pub state: String,
    /// All tags.
    pub tags: Tags,
}

// rules

impl Resource for VpcEndpoint {
    const KIND: &'static str = "vpc_endpoint";
    /// A table leads to one endpoint of a service at a time.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    type Id = VpcEndpointId;
    type Observed = Observed;
    type Outputs = ();

    fn outputs(_: &VpcEndpointId, _: &Observed) {}

    fn readiness(seen: &Observed) -> Readiness {
        match seen.state.as_str() {
            "available" => Readiness::Ready,
            "deleting" => Readiness::Leaving,
            "failed" | "rejected" | "expired" => Readiness::Unusable(format!("it is {}", seen.state)),
            state => Readiness::Pending(state.into()),
        }
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { vpc, service, route_tables, tags } = self;
        diff.replace("vpc", diff.outputs(vpc).map(|vpc| vpc.id), &seen.vpc);
        diff.replace("service", service, &seen.service);
        let tables: Known<BTreeSet<_>> = route_tables.iter().map(|table| diff.outputs(table).map(|t| t.id)).collect();
        diff.in_place("route_tables", tables, &seen.route_tables);
        diff.owned_entries("tags", &tags.0, &seen.tags.0);
    }
}

// cloud calls

impl Manage for VpcEndpoint {
    type Cloud = Aws;
    const READ_BATCH: usize = FILTER_VALUES;
    /// Endpoints are throttled harder than anything else in EC2: four at once, then one in three seconds.
    const WAIT: WaitPolicy = WaitPolicy::every(10, 600).stable(2);

    async fn read(cloud: &Aws, ids: &[VpcEndpointId], _: Look) -> CloudResult<Vec<(VpcEndpointId, Observed)>> {
        let ask = |ids| async move {
            let request = cloud.api.ec2.describe_vpc_endpoints().set_vpc_endpoint_ids(Some(ids));
            Ok(request.send().await?.vpc_endpoints)
        };
        let found = present(ids.iter().map(|id| id.0.clone()).collect(), ask).await?;
        Ok(there(&found))
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, VpcEndpointId)>> {
        Ok(keys(describe(cloud, owned_by(owner)).await?, owner, |seen| &seen.tags))
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        Ok(tagged::<Self>(describe(cloud, owned_by(wanted.owner())).await?, wanted.owner(), |seen| &seen.tags))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<VpcEndpointId> {
        let request = call.cloud.api.ec2.create_vpc_endpoint().vpc_endpoint_type(VpcEndpointType::Gateway);
        let request = request.vpc_id(call.outputs(&self.vpc)?.id.0).service_name(&self.service);
        let tables = self.route_tables.iter().map(|table| Ok(call.outputs(table)?.id.0)).collect::<CloudResult<_>>()?;
        let request = request.set_route_table_ids(Some(tables)).client_token(call.key.as_str());
        let answer = request.tag_specifications(tags_on(ResourceType::VpcEndpoint, &self.tags, call)).send().await;
        let endpoint = answer.map_err(with_references)?.vpc_endpoint;
        Ok(VpcEndpointId(endpoint.and_then(|endpoint| endpoint.vpc_endpoint_id).unwrap_or_default()))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &VpcEndpointId, seen: &Observed) -> CloudResult<()> {
        let wanted = self.route_tables.iter().map(|table| Ok(call.outputs(table)?.id));
        let wanted = wanted.collect::<CloudResult<BTreeSet<RouteTableId>>>()?;
        if wanted != seen.route_tables {
            let names = |from: &BTreeSet<RouteTableId>, to: &BTreeSet<RouteTableId>| {
                let surplus: Vec<String> = from.difference(to).map(|id| id.0.clone()).collect();
                Some(surplus).filter(|surplus| !surplus.is_empty())
            };
            let request = call.cloud.api.ec2.modify_vpc_endpoint().vpc_endpoint_id(&id.0);
            let request = request.set_add_route_table_ids(names(&wanted, &seen.route_tables));
            let request = request.set_remove_route_table_ids(names(&seen.route_tables, &wanted));
            request.send().await.map_err(with_references)?;
        }
        retag(call, &id.0, &self.tags, &seen.tags).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &VpcEndpointId) -> CloudResult<()> {
        let answer = call.cloud.api.ec2.delete_vpc_endpoints().vpc_endpoint_ids(&id.0).send().await;
        // A refusal does not fail the call; it is listed in the answer.
        match answer.map_err(classify)?.unsuccessful().first().and_then(|item| item.error()) {
            Some(error) if !error.code().unwrap_or_default().contains("NotFound") => Err(CloudError::NotYet(format!(
                "{}: {}",
                error.code().unwrap_or_default(),
                error.message().unwrap_or_default()
            ))),
            _ => Ok(()),
        }
    }
}

// conversions

async fn describe(cloud: &Aws, filter: Filter) -> CloudResult<Vec<(VpcEndpointId, Observed)>> {
    let pages = cloud.api.ec2.describe_vpc_endpoints().filters(filter).into_paginator().items().send();
    let endpoints = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    Ok(there(&endpoints))
}

fn there(endpoints: &[Described]) -> Vec<(VpcEndpointId, Observed)> {
    let seen = endpoints
        .iter()
        .filter_map(|endpoint| Some((VpcEndpointId(endpoint.vpc_endpoint_id.clone()?), observed(endpoint)?)));
    seen.filter(|(_, seen)| seen.state != "deleted").collect()
}

fn observed(endpoint: &Described) -> Option<Observed> {
    Some(Observed {
        vpc: VpcId(endpoint.vpc_id()?.into()),
        service: endpoint.service_name()?.into(),
        route_tables: endpoint.route_table_ids().iter().cloned().map(RouteTableId).collect(),
        // AWS writes `available` in its examples and `Available` in its model.
        state: endpoint.state().map_or("pending", |state| state.as_str()).to_lowercase(),
        tags: seen_tags(endpoint.tags()),
    })
}
