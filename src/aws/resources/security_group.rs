//! A security group, without its rules: those are a kind of their own, so that two groups can let each other in.
//!
//! The one rule it knows is the one EC2 adds to every new group, which lets everything out. That is taken away.

use aws_sdk_ec2::types::{Filter, IpPermission, IpRange, ResourceType, SecurityGroup as Described};
use serde::{Deserialize, Serialize};

use super::vpc::{Vpc, VpcId};
use crate::aws::clients::Aws;
use crate::aws::ec2::{
    FILTER_VALUES, GroupsAsked, describe_security_groups, filter, keys, owned_by, retag, security_groups, seen_tags,
    tags_on,
};
use crate::aws::failure::{classify, is_absent, with_references};
use crate::aws::naming::name;
use crate::aws::sightings::tagged;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::reference::Ref;
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A security group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// The VPC it is in.
    pub vpc: Ref<Vpc>,
    /// What it is for. Cannot be changed.
    pub description: String,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// `sg-…`.
    SecurityGroupId
}

/// What EC2 tells about a security group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The VPC it is in.
    pub vpc: VpcId,
    /// What it is for.
    pub description: String,
    /// Whether it still has the rule that lets everything out.
    pub open_egress: bool,
    /// All tags.
    pub tags: Tags,
}

/// What others need of a security group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its id.
    pub id: SecurityGroupId,
}

// rules

impl Resource for SecurityGroup {
    const KIND: &'static str = "security_group";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const GOES_AT_ONCE: bool = true;
    type Id = SecurityGroupId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &SecurityGroupId, _: &Observed) -> Outputs {
        Outputs { id: id.clone() }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { vpc, description, tags } = self;
        diff.replace("vpc", diff.outputs(vpc).map(|vpc| vpc.id), &seen.vpc);
        diff.replace("description", description, &seen.description);
        diff.reported("open_egress", Manner::InPlace, &false, Some(&seen.open_egress));
        diff.owned_entries("tags", &tags.0, &seen.tags.0);
    }
}

// cloud calls

impl Manage for SecurityGroup {
    type Cloud = Aws;
    const READ_BATCH: usize = FILTER_VALUES;
    /// Deleting waits for the network interfaces of load balancers and instances, which linger for up to twenty minutes.
    const WAIT: WaitPolicy = WaitPolicy::every(10, 1500);

    async fn read(cloud: &Aws, ids: &[SecurityGroupId], look: Look) -> CloudResult<Vec<(SecurityGroupId, Observed)>> {
        if look == Look::Close {
            return describe(cloud, filter("group-id", ids.iter().map(|id| &id.0))).await;
        }
        let asked = GroupsAsked::ById(ids.iter().map(|id| id.0.clone()).collect());
        let found = security_groups(cloud, asked).await?;
        Ok(found.iter().filter_map(observed).filter(|(id, _)| ids.contains(id)).collect())
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, SecurityGroupId)>> {
        Ok(keys(describe(cloud, owned_by(owner)).await?, owner, |seen| &seen.tags))
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        Ok(tagged::<Self>(describe(cloud, owned_by(wanted.owner())).await?, wanted.owner(), |seen| &seen.tags))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<SecurityGroupId> {
        let request = call.cloud.api.ec2.create_security_group().vpc_id(call.outputs(&self.vpc)?.id.0);
        let request = request.group_name(name(call, 255)).description(&self.description);
        let answer = request.tag_specifications(tags_on(ResourceType::SecurityGroup, &self.tags, call)).send().await;
        Ok(SecurityGroupId(answer.map_err(with_references)?.group_id.unwrap_or_default()))
    }

    /// EC2 gives each new group a rule that lets everything out
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html>).
    fn as_made(&self, call: &Call<'_, Aws>, _: &SecurityGroupId) -> CloudResult<Option<Observed>> {
        let Self { vpc, description, tags } = self;
        let (vpc, description, tags) = (call.outputs(vpc)?.id, description.clone(), tags.clone());
        Ok(Some(Observed { vpc, description, open_egress: true, tags }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &SecurityGroupId, seen: &Observed) -> CloudResult<()> {
        if seen.open_egress {
            let everything =
                IpPermission::builder().ip_protocol("-1").ip_ranges(IpRange::builder().cidr_ip(WORLD).build());
            let request = call.cloud.api.ec2.revoke_security_group_egress().group_id(&id.0);
            match request.ip_permissions(everything.build()).send().await {
                Err(e) if is_absent(&e) => {}
                answer => drop(answer.map_err(classify)?),
            }
        }
        retag(call, &id.0, &self.tags, &seen.tags).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &SecurityGroupId) -> CloudResult<()> {
        call.cloud.api.ec2.delete_security_group().group_id(&id.0).send().await.map_err(classify)?;
        Ok(())
    }
}

const WORLD: &str = "0.0.0.0/0";

async fn describe(cloud: &Aws, filter: Filter) -> CloudResult<Vec<(SecurityGroupId, Observed)>> {
    Ok(describe_security_groups(cloud, vec![filter]).await?.iter().filter_map(observed).collect())
}

// conversions

fn observed(group: &Described) -> Option<(SecurityGroupId, Observed)> {
    let open = |rule: &IpPermission| {
        rule.ip_protocol() == Some("-1") && rule.ip_ranges().iter().any(|range| range.cidr_ip() == Some(WORLD))
    };
    let observed = Observed {
        vpc: VpcId(group.vpc_id()?.into()),
        description: group.description().unwrap_or_default().into(),
        open_egress: group.ip_permissions_egress().iter().any(open),
        tags: seen_tags(group.tags()),
    };
    Some((SecurityGroupId(group.group_id()?.into()), observed))
}
