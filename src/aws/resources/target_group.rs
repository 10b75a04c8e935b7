//! A target group: the clones as a load balancer sees them, and how it tells whether they are well.

use aws_sdk_elasticloadbalancingv2::types::{
    ProtocolEnum, TargetGroup as Described, TargetGroupAttribute, TargetTypeEnum,
};
use serde::{Deserialize, Serialize};

use super::vpc::{Vpc, VpcId};
use crate::aws::at_once::each;
use crate::aws::clients::Aws;
use crate::aws::elb::{owned, retag, survey, tags_on};
use crate::aws::failure::{classify, with_references};
use crate::aws::naming::name;
use crate::aws::present::present;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::reference::Ref;
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A target group of instances, over HTTP.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TargetGroup {
    /// The VPC of the clones.
    pub vpc: Ref<Vpc>,
    /// The port the clones listen on.
    pub port: u16,
    /// The path that answers 200 when a clone is well.
    pub health_path: String,
    /// How long a clone that goes may finish its requests, in seconds.
    pub drain_seconds: u32,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// The target group's ARN.
    TargetGroupArn
}

/// What ELB tells about a target group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The VPC of the clones.
    pub vpc: VpcId,
    /// The port the clones listen on.
    pub port: u16,
    /// The path that answers 200 when a clone is well.
    pub health_path: String,
    /// Read by a call of its own, so only by a close look.
    pub drain_seconds: Option<u32>,
}

/// What others need of a target group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its ARN.
    pub arn: TargetGroupArn,
}

// rules

impl Resource for TargetGroup {
    const KIND: &'static str = "target_group";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const GOES_AT_ONCE: bool = true;
    type Id = TargetGroupArn;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &TargetGroupArn, _: &Observed) -> Outputs {
        Outputs { arn: id.clone() }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { vpc, port, health_path, drain_seconds, tags } = self;
        diff.replace("vpc", diff.outputs(vpc).map(|vpc| vpc.id), &seen.vpc);
        diff.replace("port", port, &seen.port);
        diff.in_place("health_path", health_path, &seen.health_path);
        diff.reported("drain_seconds", Manner::InPlace, drain_seconds, seen.drain_seconds.as_ref());
        diff.unseen("tags", Manner::InPlace, tags);
    }
}

// cloud calls

const DRAIN: &str = "deregistration_delay.timeout_seconds";

impl Manage for TargetGroup {
    type Cloud = Aws;
    const READ_BATCH: usize = 20;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 300);

    async fn read(cloud: &Aws, ids: &[TargetGroupArn], look: Look) -> CloudResult<Vec<(TargetGroupArn, Observed)>> {
        let mut found = describe(cloud, ids).await?;
        if look == Look::Close {
            let attributes = async |(id, seen): (TargetGroupArn, Observed)| {
                let request = cloud.api.elb.describe_target_group_attributes().target_group_arn(&id.0);
                let all = request.send().await.map_err(classify)?.attributes.unwrap_or_default();
                let drain = all.iter().find(|attribute| attribute.key() == Some(DRAIN));
                let drain_seconds = drain.and_then(|attribute| attribute.value()?.parse().ok());
                Ok(Some((id, Observed { drain_seconds, ..seen })))
            };
            found = each(found, attributes).await?;
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, TargetGroupArn)>> {
        let arns = list(cloud, owner).await?.into_iter().map(|(_, (id, _))| id.0).collect();
        Ok(owned(cloud, owner, arns).await?.into_iter().map(|(key, arn)| (key, TargetGroupArn(arn))).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        survey::<Self>(cloud, wanted, list(cloud, wanted.owner()).await?).await
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<TargetGroupArn> {
        let request =
            call.cloud.api.elb.create_target_group().name(name(call, 32)).vpc_id(call.outputs(&self.vpc)?.id.0);
        let request = request.protocol(ProtocolEnum::Http).port(self.port.into()).target_type(TargetTypeEnum::Instance);
        let request = request.health_check_path(&self.health_path).set_tags(Some(tags_on(&self.tags, call)));
        let answer = request.send().await.map_err(with_references)?;
        let made = answer.target_groups.unwrap_or_default().into_iter().find_map(|group| group.target_group_arn);
        Ok(TargetGroupArn(made.unwrap_or_default()))
    }

    /// Clones are given five minutes to drain unless the group says otherwise
    /// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html>).
    fn as_made(&self, call: &Call<'_, Aws>, _: &TargetGroupArn) -> CloudResult<Option<Observed>> {
        let Self { vpc, port, health_path, drain_seconds: _, tags: _ } = self;
        let (vpc, health_path) = (call.outputs(vpc)?.id, health_path.clone());
        Ok(Some(Observed { vpc, port: *port, health_path, drain_seconds: Some(300) }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &TargetGroupArn, seen: &Observed) -> CloudResult<()> {
        let elb = &call.cloud.api.elb;
        if seen.health_path != self.health_path {
            let request = elb.modify_target_group().target_group_arn(&id.0).health_check_path(&self.health_path);
            request.send().await.map_err(classify)?;
        }
        if seen.drain_seconds != Some(self.drain_seconds) {
            let drain = TargetGroupAttribute::builder().key(DRAIN).value(self.drain_seconds.to_string()).build();
            let request = elb.modify_target_group_attributes().target_group_arn(&id.0).attributes(drain);
            request.send().await.map_err(classify)?;
        }
        retag(call, &id.0, &self.tags).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &TargetGroupArn) -> CloudResult<()> {
        call.cloud.api.elb.delete_target_group().target_group_arn(&id.0).send().await.map_err(classify)?;
        Ok(())
    }
}

/// All that begin with the stack's name, whoever's they are, by name.
async fn list(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(String, (TargetGroupArn, Observed))>> {
    let pages = cloud.api.elb.describe_target_groups().into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let prefix = format!("{}-", owner.stack);
    let named = all.iter().filter_map(|described| Some((described.target_group_name()?, described)));
    let named = named.filter(|(name, _)| name.starts_with(&prefix));
    Ok(named.filter_map(|(name, described)| Some((name.to_owned(), observed(described)?))).collect())
}

async fn describe(cloud: &Aws, ids: &[TargetGroupArn]) -> CloudResult<Vec<(TargetGroupArn, Observed)>> {
    let ask = |arns| async move {
        let request = cloud.api.elb.describe_target_groups().set_target_group_arns(Some(arns));
        Ok(request.send().await?.target_groups)
    };
    let found = present(ids.iter().map(|id| id.0.clone()).collect(), ask).await?;
    Ok(found.iter().filter_map(observed).collect())
}

// conversions

fn observed(group: &Described) -> Option<(TargetGroupArn, Observed)> {
    let observed = Observed {
        vpc: VpcId(group.vpc_id()?.into()),
        port: group.port().and_then(|port| u16::try_from(port).ok())?,
        health_path: group.health_check_path().unwrap_or_default().into(),
        drain_seconds: None,
    };
    Some((TargetGroupArn(group.target_group_arn()?.into()), observed))
}
