//! A fixed public address, for a NAT gateway.
//!
//! `AllocateAddress` has neither token nor name. A forgotten one costs money, so the key in its tag matters doubly.

use aws_sdk_ec2::types::{DomainType, Filter, NatGateway, NatGatewayState, ResourceType};
use serde::{Deserialize, Serialize};

use super::subnet::Subnet;
use crate::aws::clients::Aws;
use crate::aws::ec2::{
    FILTER_VALUES, filter, find_keys, keys, nat_gateways, owned_by, retag, seen_tags, tags_on, with_the_rest,
};
use crate::aws::failure::classify;
use crate::aws::sightings::tagged;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, Resend, WaitPolicy};
use crate::engine::reference::Ref;
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A fixed public IPv4 address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ElasticIp {
    /// The subnet whose gateway it serves. An address serves one gateway at a time, so a gateway that is made anew elsewhere, beside the old
    /// one, needs another.
    pub subnet: Ref<Subnet>,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// `eipalloc-…`.
    AllocationId
}

/// What EC2 tells about an address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The address.
    pub public_ip: String,
    /// All tags. A gateway that uses the address does not tell them.
    pub tags: Option<Tags>,
}

/// What others need of an address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its id.
    pub id: AllocationId,
    /// The address.
    pub public_ip: String,
}

// rules

impl Resource for ElasticIp {
    const KIND: &'static str = "elastic_ip";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const RESEND: Resend = Resend::NewKey;
    const GOES_AT_ONCE: bool = true;
    type Id = AllocationId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &AllocationId, seen: &Observed) -> Outputs {
        Outputs { id: id.clone(), public_ip: seen.public_ip.clone() }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { subnet, tags } = self;
        diff.unseen_ref("subnet", Manner::Replace, subnet);
        tags.compare(seen.tags.as_ref(), diff);
    }
}

// cloud calls

impl Manage for ElasticIp {
    type Cloud = Aws;
    const READ_BATCH: usize = FILTER_VALUES;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 300);

    async fn read(cloud: &Aws, ids: &[AllocationId], look: Look) -> CloudResult<Vec<(AllocationId, Observed)>> {
        let vouched = match look {
            Look::Brief => used(&nat_gateways(cloud, Vec::new()).await?, ids),
            Look::Close => Vec::new(),
        };
        with_the_rest(vouched, ids, |rest| describe(cloud, filter("allocation-id", rest))).await
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, AllocationId)>> {
        Ok(keys(describe(cloud, owned_by(owner)).await?, owner, |seen| Tags::or_none(seen.tags.as_ref())))
    }

    async fn find_doubles(cloud: &Aws, _: &Owner, keys: &[Key]) -> CloudResult<Vec<(Key, AllocationId)>> {
        find_keys(cloud, "eipalloc-", keys, AllocationId).await
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        let found = describe(cloud, owned_by(wanted.owner())).await?;
        Ok(tagged::<Self>(found, wanted.owner(), |seen| Tags::or_none(seen.tags.as_ref())))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<AllocationId> {
        let request = call.cloud.api.ec2.allocate_address().domain(DomainType::Vpc);
        let request = request.tag_specifications(tags_on(ResourceType::ElasticIp, &self.tags, call));
        Ok(AllocationId(request.send().await.map_err(classify)?.allocation_id.unwrap_or_default()))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &AllocationId, seen: &Observed) -> CloudResult<()> {
        retag(call, &id.0, &self.tags, &Tags::before(seen.tags.as_ref(), call)).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &AllocationId) -> CloudResult<()> {
        call.cloud.api.ec2.release_address().allocation_id(&id.0).send().await.map_err(classify)?;
        Ok(())
    }
}

/// Addresses have no pages. Some emulators ignore the filter, so the answer is filtered once more by whoever asks for ids or keys.
async fn describe(cloud: &Aws, filter: Filter) -> CloudResult<Vec<(AllocationId, Observed)>> {
    let answer = cloud.api.ec2.describe_addresses().filters(filter).send().await.map_err(classify)?;
    let seen = answer.addresses.unwrap_or_default().into_iter().filter_map(|address| {
        let public_ip = address.public_ip().unwrap_or_default().into();
        let observed = Observed { public_ip, tags: Some(seen_tags(address.tags())) };
        Some((AllocationId(address.allocation_id?), observed))
    });
    Ok(seen.collect())
}

// conversions

/// Those of these addresses that a gateway uses. EC2 takes back no address that is in use
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReleaseAddress.html>), so who uses it vouches for it.
fn used(gateways: &[NatGateway], ids: &[AllocationId]) -> Vec<(AllocationId, Observed)> {
    let in_service = gateways.iter().filter(|gateway| gateway.state() == Some(&NatGatewayState::Available));
    let seen = in_service.flat_map(|gateway| gateway.nat_gateway_addresses()).filter_map(|address| {
        let public_ip = address.public_ip().filter(|ip| !ip.is_empty())?.into();
        Some((AllocationId(address.allocation_id()?.into()), Observed { public_ip, tags: None }))
    });
    seen.filter(|(id, _)| ids.contains(id)).collect()
}
