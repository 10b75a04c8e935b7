//! A VPC: the network that everything else of a stack stands in.
//!
//! `CreateVpc` has neither token nor unique name: only its tag tells whose it is, so a create of unknown fate is never sent again under the
//! same key.

use aws_sdk_ec2::types::{AttributeBooleanValue, Filter, ResourceType, VpcAttributeName, VpcState};
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::aws::clients::Aws;
use crate::aws::ec2::{FILTER_VALUES, filter, find_keys, keys, owned_by, retag, seen_tags, tags_on};
use crate::aws::failure::classify;
use crate::aws::sightings::tagged;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, Resend, WaitPolicy};
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A VPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Vpc {
    /// Its range of addresses, a /16 to a /28.
    pub cidr: Ipv4Net,
    /// Whether instances get DNS names. RDS and SSM need it.
    pub dns_hostnames: bool,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// `vpc-…`.
    VpcId
}

/// What EC2 tells about a VPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// Its range of addresses.
    pub cidr: Ipv4Net,
    /// Read by a call of its own, so only by a close look.
    pub dns_hostnames: Option<bool>,
    /// All tags.
    pub tags: Tags,
    /// No longer `pending`.
    pub available: bool,
}

/// What others need of a VPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its id.
    pub id: VpcId,
}

// rules

impl Resource for Vpc {
    const KIND: &'static str = "vpc";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const RESEND: Resend = Resend::NewKey;
    const GOES_AT_ONCE: bool = true;
    type Id = VpcId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &VpcId, _: &Observed) -> Outputs {
        Outputs { id: id.clone() }
    }

    fn readiness(seen: &Observed) -> Readiness {
        if seen.available { Readiness::Ready } else { Readiness::Pending("pending".into()) }
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { cidr, dns_hostnames, tags } = self;
        diff.replace("cidr", cidr, &seen.cidr);
        diff.reported("dns_hostnames", Manner::InPlace, dns_hostnames, seen.dns_hostnames.as_ref());
        diff.owned_entries("tags", &tags.0, &seen.tags.0);
    }
}

// cloud calls

impl Manage for Vpc {
    type Cloud = Aws;
    const READ_BATCH: usize = FILTER_VALUES;
    const WAIT: WaitPolicy = WaitPolicy::every(10, 1500);

    async fn read(cloud: &Aws, ids: &[VpcId], look: Look) -> CloudResult<Vec<(VpcId, Observed)>> {
        let mut found = describe(cloud, filter("vpc-id", ids.iter().map(|id| &id.0))).await?;
        if look == Look::Close {
            for (id, seen) in &mut found {
                let request = cloud.api.ec2.describe_vpc_attribute().vpc_id(&id.0);
                let answer = request.attribute(VpcAttributeName::EnableDnsHostnames).send().await.map_err(classify)?;
                seen.dns_hostnames = answer.enable_dns_hostnames.and_then(|flag| flag.value);
            }
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, VpcId)>> {
        Ok(keys(describe(cloud, owned_by(owner)).await?, owner, |seen| &seen.tags))
    }

    async fn find_doubles(cloud: &Aws, _: &Owner, keys: &[Key]) -> CloudResult<Vec<(Key, VpcId)>> {
        find_keys(cloud, "vpc-", keys, VpcId).await
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        Ok(tagged::<Self>(describe(cloud, owned_by(wanted.owner())).await?, wanted.owner(), |seen| &seen.tags))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<VpcId> {
        let request = call.cloud.api.ec2.create_vpc().cidr_block(self.cidr.to_string());
        let answer = request.tag_specifications(tags_on(ResourceType::Vpc, &self.tags, call)).send().await;
        Ok(VpcId(answer.map_err(classify)?.vpc.and_then(|vpc| vpc.vpc_id).unwrap_or_default()))
    }

    fn as_made(&self, _: &Call<'_, Aws>, _: &VpcId) -> CloudResult<Option<Observed>> {
        Ok(Some(Observed { cidr: self.cidr, dns_hostnames: Some(false), tags: self.tags.clone(), available: true }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &VpcId, seen: &Observed) -> CloudResult<()> {
        if seen.dns_hostnames != Some(self.dns_hostnames) {
            let flag = AttributeBooleanValue::builder().value(self.dns_hostnames).build();
            let request = call.cloud.api.ec2.modify_vpc_attribute().vpc_id(&id.0).enable_dns_hostnames(flag);
            request.send().await.map_err(classify)?;
        }
        retag(call, &id.0, &self.tags, &seen.tags).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &VpcId) -> CloudResult<()> {
        call.cloud.api.ec2.delete_vpc().vpc_id(&id.0).send().await.map_err(classify)?;
        Ok(())
    }
}

async fn describe(cloud: &Aws, filter: Filter) -> CloudResult<Vec<(VpcId, Observed)>> {
    let pages = cloud.api.ec2.describe_vpcs().filters(filter).into_paginator().items().send();
    let vpcs = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let seen = vpcs.into_iter().filter_map(|vpc| {
        let observed = Observed {
            cidr: vpc.cidr_block()?.parse().ok()?,
            dns_hostnames: None,
            tags: seen_tags(vpc.tags()),
            available: vpc.state() == Some(&VpcState::Available),
        };
        Some((VpcId(vpc.vpc_id?), observed))
    });
    Ok(seen.collect())
}
