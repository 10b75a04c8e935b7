//! An Auto Scaling group: the clones.
//!
//! How many there are is the autoscaler's business: Pando sets the bounds and never the desired capacity. A new launch template is rolled
//! over the clones by an instance refresh; while it runs the group is not ready, and what it replaces stays.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::{AutoScalingGroup as Described, LifecycleState, Tag};
use serde::{Deserialize, Serialize};

use super::launch_template::{LaunchTemplate, LaunchTemplateId};
use super::listener::Listener;
use super::subnet::{Subnet, SubnetId};
use super::target_group::{TargetGroup, TargetGroupArn};
use crate::aws::at_once::each;
use crate::aws::clients::Aws;
use crate::aws::failure::{classify, with_references};
use crate::aws::naming::name;
use crate::aws::rollout::{self, Refresh, specification};
use crate::aws::sightings::tagged;
use crate::aws::tags::{LINEAGE, Tags};
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::reference::{Known, Ref};
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// An Auto Scaling group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AutoscalingGroup {
    /// What a clone is made of.
    pub launch_template: Ref<LaunchTemplate>,
    /// The private subnets the clones are spread over.
    pub subnets: BTreeSet<Ref<Subnet>>,
    /// Where the clones are registered.
    pub target_groups: BTreeSet<Ref<TargetGroup>>,
    /// ELB calls clones unwell whose target group no listener uses, so the listeners come first.
    pub listeners: BTreeSet<Ref<Listener>>,
    /// The fewest clones.
    pub min: u32,
    /// The most clones.
    pub max: u32,
    /// Who says whether a clone is well.
    pub health_check: HealthCheck,
    /// How long a new clone may take before it is judged, in seconds.
    pub grace_seconds: u32,
    /// How long a new clone's metrics are left out of scaling decisions, in seconds.
    pub warmup_seconds: u32,
    /// The user's tags, which the clones get too.
    pub tags: Tags,
}

/// Who says whether a clone is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HealthCheck {
    /// EC2: the machine runs.
    #[serde(rename = "EC2")]
    Ec2,
    /// The load balancer too: the application answers.
    #[serde(rename = "ELB")]
    Elb,
}

// identity, observation, outputs

super::id! {
    /// The group's name.
    AutoscalingGroupName
}

/// What Auto Scaling tells about a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// What a clone is made of, or, while a refresh runs, will be.
    pub launch_template: Option<LaunchTemplateId>,
    /// The subnets the clones are spread over.
    pub subnets: BTreeSet<SubnetId>,
    /// Where the clones are registered.
    pub target_groups: BTreeSet<TargetGroupArn>,
    /// The fewest clones.
    pub min: u32,
    /// The most clones.
    pub max: u32,
    /// How many there should be, by the autoscaler's will.
    pub desired: u32,
    /// How many are in service.
    pub in_service: u32,
    /// Who says whether a clone is well.
    pub health_check: String,
    /// How long a new clone may take before it is judged.
    pub grace_seconds: u32,
    /// Some emulators do not tell.
    pub warmup_seconds: Option<u32>,
    /// Whether all group metrics are published, of which scaling on a backlog needs one.
    pub group_metrics: bool,
    /// It is being deleted.
    pub deleting: bool,
    /// The latest refresh, seen only by a close look.
    pub refresh: Option<Refresh>,
    /// Why the latest launch failed, seen only by a close look at a group that lacks clones.
    pub failed_launch: Option<String>,
    /// All tags.
    pub tags: Tags,
}

/// What others need of a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its name.
    pub name: AutoscalingGroupName,
}

// rules

impl Resource for AutoscalingGroup {
    const KIND: &'static str = "autoscaling_group";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    type Id = AutoscalingGroupName;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &AutoscalingGroupName, _: &Observed) -> Outputs {
        Outputs { name: id.clone() }
    }

    fn readiness(seen: &Observed) -> Readiness {
        match &seen.refresh {
            _ if seen.deleting => Readiness::Leaving,
            Some(refresh) if refresh.running => {
                Readiness::Pending(format!("rolling over the clones: {}, {} %", refresh.status, refresh.percent))
            }
            Some(Refresh { status, reason, failed: true, .. }) => Readiness::Undone(format!(
                "the rollout ended as {status}: {}",
                reason.as_deref().unwrap_or("no reason given")
            )),
            _ if seen.in_service < seen.min => {
                let why = seen.failed_launch.as_ref().map(|why| format!("; the last launch failed: {why}"));
                Readiness::Pending(format!(
                    "{} of {} clones in service{}",
                    seen.in_service,
                    seen.min,
                    why.unwrap_or_default()
                ))
            }
            _ => Readiness::Ready,
        }
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self {
            launch_template,
            subnets,
            target_groups,
            listeners,
            min,
            max,
            health_check,
            grace_seconds,
            warmup_seconds,
            tags,
        } = self;
        let template = diff.outputs(launch_template).map(|template| template.id);
        diff.in_place("launch_template", Some(template), &seen.launch_template);
        // A group could move to another VPC, but its template's security groups and its target groups could not: no call changes them all
        // at once. The subnets of another VPC have nothing in common with these.
        let subnets = subnets.iter().map(|subnet| diff.outputs(subnet).map(|subnet| subnet.id)).collect();
        diff.replace_unless_shared("subnets", subnets, &seen.subnets);
        let groups: Known<BTreeSet<_>> = target_groups.iter().map(|g| diff.outputs(g).map(|g| g.arn)).collect();
        diff.in_place("target_groups", groups, &seen.target_groups);
        for listener in listeners {
            diff.unseen_ref("listeners", Manner::InPlace, listener);
        }
        diff.in_place("min", min, &seen.min);
        diff.in_place("max", max, &seen.max);
        diff.in_place("health_check", &health_check.as_str().to_owned(), &seen.health_check);
        diff.in_place("grace_seconds", grace_seconds, &seen.grace_seconds);
        diff.reported("warmup_seconds", Manner::InPlace, warmup_seconds, seen.warmup_seconds.as_ref());
        diff.in_place("group_metrics", &true, &seen.group_metrics);
        diff.owned_entries("tags", &tags.0, &seen.tags.0);
    }
}

impl HealthCheck {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ec2 => "EC2",
            Self::Elb => "ELB",
        }
    }
}

// cloud calls

/// All metrics of a group, by name: `EnableMetricsCollection` with an empty list means all of them too, but not in every emulator.
const METRICS: [&str; 8] = [
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupMaxSize",
    "GroupMinSize",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
];

/// What `UpdateAutoScalingGroup` does not change.
const BY_OTHER_CALLS: [&str; 5] = ["launch_template", "target_groups", "listeners", "group_metrics", "tags"];

impl Manage for AutoscalingGroup {
    type Cloud = Aws;
    const READ_BATCH: usize = 50;
    /// AWS gives up a refresh when no clone came into service for an hour, and then takes back what it did; its verdict says more than ours.
    const WAIT: WaitPolicy = WaitPolicy::every(10, 7200);

    async fn read(
        cloud: &Aws,
        ids: &[AutoscalingGroupName],
        look: Look,
    ) -> CloudResult<Vec<(AutoscalingGroupName, Observed)>> {
        let request = cloud.api.autoscaling.describe_auto_scaling_groups();
        let names = ids.iter().map(|id| id.0.clone()).collect();
        let pages = request.set_auto_scaling_group_names(Some(names)).into_paginator().items().send();
        let groups = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
        let mut found: Vec<_> = groups.iter().filter_map(observed).collect();
        if look == Look::Close {
            let closer = async |(id, mut seen): (AutoscalingGroupName, Observed)| {
                if !seen.deleting && seen.desired > 0 {
                    rollout::look_closer(cloud, &id, &mut seen).await;
                }
                Ok(Some((id, seen)))
            };
            found = each(found, closer).await?;
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, AutoscalingGroupName)>> {
        let found = list(cloud, owner).await?.into_iter();
        Ok(found.filter_map(|(id, seen)| Some((seen.tags.key_of(owner)?, id))).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        Ok(tagged::<Self>(list(cloud, wanted.owner()).await?, wanted.owner(), |seen| &seen.tags))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<AutoscalingGroupName> {
        let name = name(call, 255);
        let request = call.cloud.api.autoscaling.create_auto_scaling_group().auto_scaling_group_name(&name);
        let request = request.launch_template(specification(call.outputs(&self.launch_template)?.id));
        let targets = Some(self.targets(call)?).filter(|targets| !targets.is_empty());
        let request = request.vpc_zone_identifier(self.zones(call)?).set_target_group_arns(targets);
        let request = request.min_size(count(self.min)).max_size(count(self.max));
        let request =
            request.health_check_type(self.health_check.as_str()).health_check_grace_period(count(self.grace_seconds));
        let request = request.default_instance_warmup(count(self.warmup_seconds));
        let tags = self.tags.with_identity(call).into_iter().map(|(key, value)| tag(&name, key, value));
        request.set_tags(Some(tags.collect())).send().await.map_err(with_references)?;
        Ok(AutoscalingGroupName(name))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &AutoscalingGroupName, seen: &Observed) -> CloudResult<()> {
        let autoscaling = &call.cloud.api.autoscaling;
        let template = call.outputs(&self.launch_template)?.id;
        let is_empty = seen.desired == 0 && seen.in_service == 0;
        // With no clones there is nothing to roll over.
        let at_once = is_empty && seen.launch_template.as_ref() != Some(&template);
        if at_once || call.changes(self, seen).has_beside(&BY_OTHER_CALLS) {
            let request = autoscaling.update_auto_scaling_group().auto_scaling_group_name(&id.0);
            let request = request.set_launch_template(at_once.then(|| specification(template.clone())));
            let request = request.vpc_zone_identifier(self.zones(call)?);
            let request = request.min_size(count(self.min)).max_size(count(self.max));
            let request = request.health_check_type(self.health_check.as_str());
            let request = request.health_check_grace_period(count(self.grace_seconds));
            let request = request.default_instance_warmup(count(self.warmup_seconds));
            request.send().await.map_err(with_references)?;
        }
        if !seen.group_metrics {
            let request = autoscaling.enable_metrics_collection().auto_scaling_group_name(&id.0).granularity("1Minute");
            let names = METRICS.iter().map(ToString::to_string).collect();
            request.set_metrics(Some(names)).send().await.map_err(classify)?;
        }
        self.move_targets(call, id, seen).await?;
        self.retag(call, id, seen).await?;
        if !is_empty && seen.launch_template.as_ref() != Some(&template) {
            rollout::roll(call, id, template).await?;
        }
        Ok(())
    }

    /// With its clones. It goes on being described until the last of them is gone.
    async fn delete(&self, call: &Call<'_, Aws>, id: &AutoscalingGroupName) -> CloudResult<()> {
        let request = call.cloud.api.autoscaling.delete_auto_scaling_group().auto_scaling_group_name(&id.0);
        request.force_delete(true).send().await.map_err(classify)?;
        Ok(())
    }
}

impl AutoscalingGroup {
    fn zones(&self, call: &Call<'_, Aws>) -> CloudResult<String> {
        let subnets = self.subnets.iter().map(|subnet| Ok(call.outputs(subnet)?.id.0));
        Ok(subnets.collect::<CloudResult<Vec<_>>>()?.join(","))
    }

    fn targets(&self, call: &Call<'_, Aws>) -> CloudResult<Vec<String>> {
        self.target_groups.iter().map(|group| Ok(call.outputs(group)?.arn.0)).collect()
    }

    async fn move_targets(&self, call: &Call<'_, Aws>, id: &AutoscalingGroupName, seen: &Observed) -> CloudResult<()> {
        let autoscaling = &call.cloud.api.autoscaling;
        let wanted: BTreeSet<String> = self.targets(call)?.into_iter().collect();
        let there: BTreeSet<String> = seen.target_groups.iter().map(|arn| arn.0.clone()).collect();
        let new: Vec<String> = wanted.difference(&there).cloned().collect();
        if !new.is_empty() {
            let request = autoscaling.attach_load_balancer_target_groups().auto_scaling_group_name(&id.0);
            request.set_target_group_arns(Some(new)).send().await.map_err(with_references)?;
        }
        let old: Vec<String> = there.difference(&wanted).cloned().collect();
        if !old.is_empty() {
            let request = autoscaling.detach_load_balancer_target_groups().auto_scaling_group_name(&id.0);
            request.set_target_group_arns(Some(old)).send().await.map_err(classify)?;
        }
        Ok(())
    }

    async fn retag(&self, call: &Call<'_, Aws>, id: &AutoscalingGroupName, seen: &Observed) -> CloudResult<()> {
        let autoscaling = &call.cloud.api.autoscaling;
        let missing: Vec<Tag> =
            self.tags.missing_in(&seen.tags).into_iter().map(|(key, value)| tag(&id.0, key, value)).collect();
        if !missing.is_empty() {
            autoscaling.create_or_update_tags().set_tags(Some(missing)).send().await.map_err(classify)?;
        }
        let dropped: Vec<Tag> =
            self.tags.dropped(&seen.tags, call).into_iter().map(|key| tag(&id.0, key, String::new())).collect();
        if !dropped.is_empty() {
            autoscaling.delete_tags().set_tags(Some(dropped)).send().await.map_err(classify)?;
        }
        Ok(())
    }
}

/// All that carry the owner's tag.
async fn list(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(AutoscalingGroupName, Observed)>> {
    let filter = aws_sdk_autoscaling::types::Filter::builder().name(format!("tag:{LINEAGE}")).values(&owner.lineage);
    let request = cloud.api.autoscaling.describe_auto_scaling_groups().filters(filter.build()).max_records(100);
    let groups = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    Ok(groups.iter().filter_map(observed).collect())
}

// conversions

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn tag(group: &str, key: String, value: String) -> Tag {
    let tag = Tag::builder().resource_id(group).resource_type("auto-scaling-group").propagate_at_launch(true);
    tag.key(key).value(value).build()
}

fn observed(group: &Described) -> Option<(AutoscalingGroupName, Observed)> {
    let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
    let template = group.launch_template().and_then(|template| template.launch_template_id());
    let in_service =
        group.instances().iter().filter(|i| i.lifecycle_state() == Some(&LifecycleState::InService)).count();
    let enabled: BTreeSet<&str> = group.enabled_metrics().iter().filter_map(|metric| metric.metric()).collect();
    let subnets = group.vpc_zone_identifier().unwrap_or_default().split(',').filter(|id| !id.is_empty());
    let observed = Observed {
        launch_template: template.map(|id| LaunchTemplateId(id.into())),
        subnets: subnets.map(|id| SubnetId(id.trim().into())).collect(),
        target_groups: group.target_group_arns().iter().cloned().map(TargetGroupArn).collect(),
        min: number(group.min_size)?,
        max: number(group.max_size)?,
        desired: number(group.desired_capacity).unwrap_or_default(),
        in_service: u32::try_from(in_service).unwrap_or(u32::MAX),
        health_check: group.health_check_type().unwrap_or_default().into(),
        grace_seconds: number(group.health_check_grace_period).unwrap_or_default(),
        warmup_seconds: number(group.default_instance_warmup),
        group_metrics: METRICS.iter().all(|metric| enabled.contains(metric)),
        deleting: group.status().is_some(),
        refresh: None,
        failed_launch: None,
        tags: Tags::collect(group.tags().iter().map(|tag| (tag.key(), tag.value()))),
    };
    Some((AutoscalingGroupName(group.auto_scaling_group_name()?.into()), observed))
}
