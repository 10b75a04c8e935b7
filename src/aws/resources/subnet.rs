//! A subnet in one availability zone.
//!
//! Its range is unique in the VPC, which is what makes a second create fail instead of making a second one.

use aws_sdk_ec2::types::{AttributeBooleanValue, Filter, ResourceType, SubnetState};
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use super::vpc::{Vpc, VpcId};
use crate::aws::clients::Aws;
use crate::aws::ec2::{FILTER_VALUES, filter, keys, owned_by, retag, seen_tags, tags_on};
use crate::aws::failure::{classify, with_references};
use crate::aws::sightings::tagged;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::Diff;
use crate::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use crate::engine::reference::Ref;
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A subnet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Subnet {
    /// The VPC it is in.
    pub vpc: Ref<Vpc>,
    /// Its range of addresses, within the VPC's.
    pub cidr: Ipv4Net,
    /// The availability zone's name, `eu-west-1a`.
    pub zone: String,
    /// Whether what starts here gets a public address. Never, in Pando: public traffic comes through load balancers and gateways.
    pub public_addresses: bool,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// `subnet-…`.
    SubnetId
}

/// What EC2 tells about a subnet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The VPC it is in.
    pub vpc: VpcId,
    /// Its range of addresses.
    pub cidr: Ipv4Net,
    /// The availability zone's name.
    pub zone: String,
    /// Whether what starts here gets a public address.
    pub public_addresses: bool,
    /// All tags.
    pub tags: Tags,
    /// No longer `pending`.
    pub available: bool,
}

/// What others need of a subnet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its id.
    pub id: SubnetId,
}

// rules

impl Resource for Subnet {
    const KIND: &'static str = "subnet";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const GOES_AT_ONCE: bool = true;
    type Id = SubnetId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &SubnetId, _: &Observed) -> Outputs {
        Outputs { id: id.clone() }
    }

    fn readiness(seen: &Observed) -> Readiness {
        if seen.available { Readiness::Ready } else { Readiness::Pending("pending".into()) }
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { vpc, cidr, zone, public_addresses, tags } = self;
        diff.replace("vpc", diff.outputs(vpc).map(|vpc| vpc.id), &seen.vpc);
        diff.replace("cidr", cidr, &seen.cidr);
        if *cidr == seen.cidr {
            // Two subnets of one range cannot stand beside each other.
            diff.replace_delete_first("zone", zone, &seen.zone);
        } else {
            diff.replace("zone", zone, &seen.zone);
        }
        diff.in_place("public_addresses", public_addresses, &seen.public_addresses);
        diff.owned_entries("tags", &tags.0, &seen.tags.0);
    }
}

// cloud calls

impl Manage for Subnet {
    type Cloud = Aws;
    const READ_BATCH: usize = FILTER_VALUES;
    const WAIT: WaitPolicy = WaitPolicy::every(10, 1500);

    async fn read(cloud: &Aws, ids: &[SubnetId], _: Look) -> CloudResult<Vec<(SubnetId, Observed)>> {
        describe(cloud, filter("subnet-id", ids.iter().map(|id| &id.0))).await
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, SubnetId)>> {
        Ok(keys(describe(cloud, owned_by(owner)).await?, owner, |seen| &seen.tags))
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        Ok(tagged::<Self>(describe(cloud, owned_by(wanted.owner())).await?, wanted.owner(), |seen| &seen.tags))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<SubnetId> {
        let request = call.cloud.api.ec2.create_subnet().vpc_id(call.outputs(&self.vpc)?.id.0);
        let request = request.cidr_block(self.cidr.to_string()).availability_zone(&self.zone);
        let answer = request.tag_specifications(tags_on(ResourceType::Subnet, &self.tags, call)).send().await;
        match answer.map_err(with_references) {
            Ok(answer) => Ok(SubnetId(answer.subnet.and_then(|subnet| subnet.subnet_id).unwrap_or_default())),
            Err(CloudError::Exists(why)) if self.is_taken(call).await => Err(CloudError::Foreign(why)),
            Err(error) => Err(error),
        }
    }

    fn as_made(&self, call: &Call<'_, Aws>, _: &SubnetId) -> CloudResult<Option<Observed>> {
        let Self { vpc, cidr, zone, public_addresses: _, tags } = self;
        let (vpc, zone, tags) = (call.outputs(vpc)?.id, zone.clone(), tags.clone());
        Ok(Some(Observed { vpc, cidr: *cidr, zone, public_addresses: false, tags, available: true }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &SubnetId, seen: &Observed) -> CloudResult<()> {
        if seen.public_addresses != self.public_addresses {
            let flag = AttributeBooleanValue::builder().value(self.public_addresses).build();
            let request = call.cloud.api.ec2.modify_subnet_attribute().subnet_id(&id.0).map_public_ip_on_launch(flag);
            request.send().await.map_err(classify)?;
        }
        retag(call, &id.0, &self.tags, &seen.tags).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &SubnetId) -> CloudResult<()> {
        call.cloud.api.ec2.delete_subnet().subnet_id(&id.0).send().await.map_err(classify)?;
        Ok(())
    }
}

impl Subnet {
    /// Whether a subnet that is visible and not of this stack has some of its addresses.
    async fn is_taken(&self, call: &Call<'_, Aws>) -> bool {
        let Ok(vpc) = call.outputs(&self.vpc) else { return false };
        let request = call.cloud.api.ec2.describe_subnets().filters(filter("vpc-id", [vpc.id.0]));
        let Ok(answer) = request.send().await else { return false };
        answer.subnets().iter().any(|subnet| {
            let range = subnet.cidr_block().and_then(|range| range.parse::<Ipv4Net>().ok());
            let overlaps = range.is_some_and(|range| range.contains(&self.cidr) || self.cidr.contains(&range));
            overlaps && seen_tags(subnet.tags()).key_of(call.owner).is_none()
        })
    }
}

async fn describe(cloud: &Aws, filter: Filter) -> CloudResult<Vec<(SubnetId, Observed)>> {
    let pages = cloud.api.ec2.describe_subnets().filters(filter).into_paginator().items().send();
    let subnets = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let seen = subnets.into_iter().filter_map(|subnet| {
        let observed = Observed {
            vpc: VpcId(subnet.vpc_id()?.into()),
            cidr: subnet.cidr_block()?.parse().ok()?,
            zone: subnet.availability_zone()?.into(),
            public_addresses: subnet.map_public_ip_on_launch() == Some(true),
            tags: seen_tags(subnet.tags()),
            available: subnet.state() == Some(&SubnetState::Available),
        };
        Some((SubnetId(subnet.subnet_id?), observed))
    });
    Ok(seen.collect())
}
