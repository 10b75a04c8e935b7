//! An internet gateway, attached to its VPC.
//!
//! The attachment is part of it: EC2 shows it here, and it points only downwards. Like a VPC, only its tag tells whose it is.

use aws_sdk_ec2::types::{Filter, ResourceType, Route, RouteState, RouteTable};
use serde::{Deserialize, Serialize};

use super::vpc::{Vpc, VpcId};
use crate::aws::clients::Aws;
use crate::aws::ec2::{
    FILTER_VALUES, filter, find_keys, keys, owned_by, retag, route_tables, seen_tags, tags_on, with_the_rest,
};
use crate::aws::failure::{classify, code, with_references};
use crate::aws::sightings::tagged;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::Diff;
use crate::engine::cloud_error::{CloudResult, Resend, WaitPolicy};
use crate::engine::reference::Ref;
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// An internet gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InternetGateway {
    /// The VPC it is attached to.
    pub vpc: Ref<Vpc>,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// `igw-…`.
    InternetGatewayId
}

/// What EC2 tells about an internet gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The VPC it is attached to.
    pub vpc: Option<VpcId>,
    /// All tags. A route table that leads to the gateway does not tell them.
    pub tags: Option<Tags>,
}

/// What others need of an internet gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its id.
    pub id: InternetGatewayId,
}

// rules

impl Resource for InternetGateway {
    const KIND: &'static str = "internet_gateway";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const RESEND: Resend = Resend::NewKey;
    const GOES_AT_ONCE: bool = true;
    type Id = InternetGatewayId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &InternetGatewayId, _: &Observed) -> Outputs {
        Outputs { id: id.clone() }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { vpc, tags } = self;
        // It could be moved, but everything that routes through it would be cut off; a new VPC gets a new gateway.
        match &seen.vpc {
            Some(attached) => diff.replace("vpc", diff.outputs(vpc).map(|vpc| vpc.id), attached),
            None => diff.in_place("vpc", Some(diff.outputs(vpc).map(|vpc| vpc.id)), &None),
        }
        tags.compare(seen.tags.as_ref(), diff);
    }
}

// cloud calls

impl Manage for InternetGateway {
    type Cloud = Aws;
    const READ_BATCH: usize = FILTER_VALUES;
    /// It cannot be detached while a load balancer's public addresses linger, which takes up to twenty minutes.
    const WAIT: WaitPolicy = WaitPolicy::every(10, 1500);

    async fn read(
        cloud: &Aws,
        ids: &[InternetGatewayId],
        look: Look,
    ) -> CloudResult<Vec<(InternetGatewayId, Observed)>> {
        let vouched = match look {
            Look::Brief => used(&route_tables(cloud, Vec::new()).await?, ids),
            Look::Close => Vec::new(),
        };
        with_the_rest(vouched, ids, |rest| describe(cloud, filter("internet-gateway-id", rest))).await
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, InternetGatewayId)>> {
        Ok(keys(describe(cloud, owned_by(owner)).await?, owner, |seen| Tags::or_none(seen.tags.as_ref())))
    }

    async fn find_doubles(cloud: &Aws, _: &Owner, keys: &[Key]) -> CloudResult<Vec<(Key, InternetGatewayId)>> {
        find_keys(cloud, "igw-", keys, InternetGatewayId).await
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        let found = describe(cloud, owned_by(wanted.owner())).await?;
        Ok(tagged::<Self>(found, wanted.owner(), |seen| Tags::or_none(seen.tags.as_ref())))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<InternetGatewayId> {
        let request = call.cloud.api.ec2.create_internet_gateway();
        let request = request.tag_specifications(tags_on(ResourceType::InternetGateway, &self.tags, call));
        let answer = request.send().await.map_err(classify)?;
        Ok(InternetGatewayId(answer.internet_gateway.and_then(|g| g.internet_gateway_id).unwrap_or_default()))
    }

    fn as_made(&self, _: &Call<'_, Aws>, _: &InternetGatewayId) -> CloudResult<Option<Observed>> {
        Ok(Some(Observed { vpc: None, tags: Some(self.tags.clone()) }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &InternetGatewayId, seen: &Observed) -> CloudResult<()> {
        if seen.vpc.is_none() {
            let vpc = call.outputs(&self.vpc)?.id;
            let request = call.cloud.api.ec2.attach_internet_gateway().internet_gateway_id(&id.0).vpc_id(vpc.0);
            match request.send().await {
                // An earlier attempt did it; the next look shows whether to the right VPC.
                Err(e) if code(&e) == "Resource.AlreadyAssociated" => {}
                answer => drop(answer.map_err(with_references)?),
            }
        }
        retag(call, &id.0, &self.tags, &Tags::before(seen.tags.as_ref(), call)).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &InternetGatewayId) -> CloudResult<()> {
        let ec2 = &call.cloud.api.ec2;
        let found = describe(call.cloud, filter("internet-gateway-id", [&id.0])).await?;
        if let Some(vpc) = found.into_iter().find_map(|(_, seen)| seen.vpc) {
            let request = ec2.detach_internet_gateway().internet_gateway_id(&id.0).vpc_id(vpc.0);
            match request.send().await {
                Err(e) if code(&e) == "Gateway.NotAttached" => {}
                answer => drop(answer.map_err(classify)?),
            }
        }
        ec2.delete_internet_gateway().internet_gateway_id(&id.0).send().await.map_err(classify)?;
        Ok(())
    }
}

async fn describe(cloud: &Aws, filter: Filter) -> CloudResult<Vec<(InternetGatewayId, Observed)>> {
    let pages = cloud.api.ec2.describe_internet_gateways().filters(filter).into_paginator().items().send();
    let gateways = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let seen = gateways.into_iter().filter_map(|gateway| {
        let vpc = gateway.attachments().iter().find_map(|attachment| attachment.vpc_id()).map(|id| VpcId(id.into()));
        let observed = Observed { vpc, tags: Some(seen_tags(gateway.tags())) };
        Some((InternetGatewayId(gateway.internet_gateway_id?), observed))
    });
    Ok(seen.collect())
}

// conversions

/// Those of these gateways that a route of their VPC leads to. A route to one that is not attached is a `blackhole`
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html>), and EC2 deletes none that is attached, so a route that is `active`
/// vouches for both.
fn used(tables: &[RouteTable], ids: &[InternetGatewayId]) -> Vec<(InternetGatewayId, Observed)> {
    let seen = |id: &InternetGatewayId| {
        let leads_to = |route: &Route| route.state() == Some(&RouteState::Active) && route.gateway_id() == Some(&id.0);
        let table = tables.iter().find(|table| table.routes().iter().any(leads_to))?;
        Some((id.clone(), Observed { vpc: Some(VpcId(table.vpc_id()?.into())), tags: None }))
    };
    ids.iter().filter_map(seen).collect()
}
