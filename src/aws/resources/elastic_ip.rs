//! A fixed public address, for a NAT gateway.
//!
//! `AllocateAddress` has neither token nor name. A forgotten one costs money, so the key in its tag matters doubly.

use aws_sdk_ec2::types::{DomainType, Filter, ResourceType};
use serde::{Deserialize, Serialize};

use super::subnet::Subnet;
use crate::aws::clients::Aws;
use crate::aws::ec2::{FILTER_VALUES, filter, keys, owned_by, retag, seen_tags, tags_on};
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
    /// All tags.
    pub tags: Tags,
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
        diff.owned_entries("tags", &tags.0, &seen.tags.0);
    }
}

// cloud calls

impl Manage for ElasticIp {
    type Cloud = Aws;
    const READ_BATCH: usize = FILTER_VALUES;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 300);

    async fn read(cloud: &Aws, ids: &[AllocationId], _: Look) -> CloudResult<Vec<(AllocationId, Observed)>> {
        describe(cloud, filter("allocation-id", ids.iter().map(|id| &id.0))).await
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, AllocationId)>> {
        Ok(keys(describe(cloud, owned_by(owner)).await?, owner, |seen| &seen.tags))
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        Ok(tagged::<Self>(describe(cloud, owned_by(wanted.owner())).await?, wanted.owner(), |seen| &seen.tags))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<AllocationId> {
        let request = call.cloud.api.ec2.allocate_address().domain(DomainType::Vpc);
        let request = request.tag_specifications(tags_on(ResourceType::ElasticIp, &self.tags, call));
        Ok(AllocationId(request.send().await.map_err(classify)?.allocation_id.unwrap_or_default()))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &AllocationId, seen: &Observed) -> CloudResult<()> {
        retag(call, &id.0, &self.tags, &seen.tags).await
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
        let observed =
            Observed { public_ip: address.public_ip().unwrap_or_default().into(), tags: seen_tags(address.tags()) };
        Some((AllocationId(address.allocation_id?), observed))
    });
    Ok(seen.collect())
}
