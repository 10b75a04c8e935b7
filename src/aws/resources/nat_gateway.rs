//! A NAT gateway: the way out to the internet for what has no public address.

use aws_sdk_ec2::types::{Filter, NatGateway as Described, NatGatewayState, ResourceType};
use serde::{Deserialize, Serialize};

use super::elastic_ip::{AllocationId, ElasticIp};
use super::internet_gateway::InternetGateway;
use super::subnet::{Subnet, SubnetId};
use crate::aws::clients::Aws;
use crate::aws::ec2::{
    FILTER_VALUES, describe_nat_gateways, filter, keys, nat_gateways, owned_by, retag, seen_tags, tags_on,
};
use crate::aws::failure::{classify, with_references};
use crate::aws::sightings::tagged;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use crate::engine::reference::Ref;
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A public NAT gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NatGateway {
    /// The public subnet it stands in.
    pub subnet: Ref<Subnet>,
    /// Its address to the world.
    pub address: Ref<ElasticIp>,
    /// EC2 refuses a gateway in a VPC without one (`Gateway.NotAttached`).
    pub internet_gateway: Ref<InternetGateway>,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// `nat-…`.
    NatGatewayId
}

/// What EC2 tells about a NAT gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The subnet it stands in.
    pub subnet: SubnetId,
    /// Its address, once it has one. Some emulators never tell.
    pub address: Option<AllocationId>,
    /// `pending`, `available`, `deleting` or `failed`; what is `deleted` is not there.
    pub state: String,
    /// Why it failed.
    pub failure: Option<String>,
    /// All tags.
    pub tags: Tags,
}

/// What others need of a NAT gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its id.
    pub id: NatGatewayId,
}

// rules

impl Resource for NatGateway {
    const KIND: &'static str = "nat_gateway";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    type Id = NatGatewayId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &NatGatewayId, _: &Observed) -> Outputs {
        Outputs { id: id.clone() }
    }

    fn readiness(seen: &Observed) -> Readiness {
        match seen.state.as_str() {
            "available" => Readiness::Ready,
            "deleting" => Readiness::Leaving,
            "failed" => Readiness::Unusable(seen.failure.clone().unwrap_or_else(|| "it failed to start".into())),
            state => Readiness::Pending(state.into()),
        }
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { subnet, address, internet_gateway, tags } = self;
        diff.replace("subnet", diff.outputs(subnet).map(|subnet| subnet.id), &seen.subnet);
        match &seen.address {
            Some(seen) => diff.replace("address", diff.outputs(address).map(|address| address.id), seen),
            None => diff.unseen_ref("address", Manner::Replace, address),
        }
        diff.unseen_ref("internet_gateway", Manner::Replace, internet_gateway);
        diff.owned_entries("tags", &tags.0, &seen.tags.0);
    }
}

// cloud calls

impl Manage for NatGateway {
    type Cloud = Aws;
    const READ_BATCH: usize = FILTER_VALUES;
    const WAIT: WaitPolicy = WaitPolicy::every(10, 900);

    async fn read(cloud: &Aws, ids: &[NatGatewayId], look: Look) -> CloudResult<Vec<(NatGatewayId, Observed)>> {
        if look == Look::Close {
            return describe(cloud, filter("nat-gateway-id", ids.iter().map(|id| &id.0))).await;
        }
        let found = nat_gateways(cloud, ids.iter().map(|id| id.0.clone()).collect()).await?;
        Ok(found.iter().filter_map(observed).filter(|(id, _)| ids.contains(id)).collect())
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, NatGatewayId)>> {
        Ok(keys(describe(cloud, owned_by(owner)).await?, owner, |seen| &seen.tags))
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        Ok(tagged::<Self>(describe(cloud, owned_by(wanted.owner())).await?, wanted.owner(), |seen| &seen.tags))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<NatGatewayId> {
        let (subnet, address) = (call.outputs(&self.subnet)?.id.0, call.outputs(&self.address)?.id.0);
        let request = call.cloud.api.ec2.create_nat_gateway().subnet_id(subnet).allocation_id(address);
        let request = request.client_token(call.key.as_str());
        let answer = request.tag_specifications(tags_on(ResourceType::Natgateway, &self.tags, call)).send().await;
        let gateway = answer
            .map_err(with_references)
            // The address is taken: by an earlier attempt of ours, or by a gateway on its way out.
            .map_err(|e| match e {
                CloudError::Refused(why) if why.contains("Resource.AlreadyAssociated") => CloudError::Exists(why),
                e => e,
            })?
            .nat_gateway;
        Ok(NatGatewayId(gateway.and_then(|gateway| gateway.nat_gateway_id).unwrap_or_default()))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &NatGatewayId, seen: &Observed) -> CloudResult<()> {
        retag(call, &id.0, &self.tags, &seen.tags).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &NatGatewayId) -> CloudResult<()> {
        call.cloud.api.ec2.delete_nat_gateway().nat_gateway_id(&id.0).send().await.map_err(classify)?;
        Ok(())
    }
}

async fn describe(cloud: &Aws, filter: Filter) -> CloudResult<Vec<(NatGatewayId, Observed)>> {
    Ok(describe_nat_gateways(cloud, filter).await?.iter().filter_map(observed).collect())
}

// conversions

/// `None`: it is deleted, and still described.
fn observed(gateway: &Described) -> Option<(NatGatewayId, Observed)> {
    if gateway.state() == Some(&NatGatewayState::Deleted) {
        return None;
    }
    let address = gateway.nat_gateway_addresses().iter().find_map(|address| address.allocation_id());
    let observed = Observed {
        subnet: SubnetId(gateway.subnet_id()?.into()),
        address: address.map(|id| AllocationId(id.into())),
        state: gateway.state().map_or("pending", |state| state.as_str()).into(),
        failure: gateway.failure_message().map(Into::into),
        tags: seen_tags(gateway.tags()),
    };
    Some((NatGatewayId(gateway.nat_gateway_id()?.into()), observed))
}
