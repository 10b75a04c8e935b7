//! Groups: made, changed, shown, deleted.

use std::time::Duration;

use super::group::Group;
use super::hooks::Hook;
use super::member::Member;
use super::{activities, invalid, look, named, requests, required, unknown_group};
use crate::simulator::filters::Filters;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::subnets;
use crate::simulator::services::iam;
use crate::simulator::tags::Tags;

pub(super) const ACTIONS: &[Action] = &[
    action("CreateAutoScalingGroup", create),
    action("UpdateAutoScalingGroup", update),
    action("DeleteAutoScalingGroup", delete),
    action("DescribeAutoScalingGroups", describe),
    action("SetDesiredCapacity", set_desired),
];

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = required(input, "AutoScalingGroupName")?.to_owned();
    if name.chars().count() > 255 || name.contains(':') {
        return Err(invalid(format!("Invalid AutoScalingGroupName '{name}'")));
    }
    if scene.here.autoscaling.groups.has(&name) {
        let words = "AutoScalingGroup by this name already exists - A group with the name";
        return Err(Refusal::new("AlreadyExists", format!("{words} {name} already exists")));
    }
    for size in ["MinSize", "MaxSize"] {
        required(input, size)?;
    }
    let unique = scene.dice.uuid();
    let arn = scene.arn("autoscaling", &format!("autoScalingGroup:{unique}:autoScalingGroupName/{name}"));
    let mut group = Group {
        name: name.clone(),
        arn,
        created: scene.now,
        cooldown: 300,
        health_check: "EC2".to_owned(),
        termination_policies: vec!["Default".to_owned()],
        ..Group::default()
    };
    requests::apply(scene, input, &mut group)?;
    if group.template.id.is_empty() {
        let words = "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.";
        return Err(invalid(words));
    }
    if group.subnets.is_empty() {
        return Err(invalid("At least one Availability Zone or VPC Subnet is required."));
    }
    group.take_targets(requests::targets(scene, input)?);
    group.tags = requests::tags(input)?.into_iter().collect();
    for hook in input.list("LifecycleHookSpecificationList") {
        group.hooks.insert(required(hook, "LifecycleHookName")?.to_owned(), Hook::read(hook, None)?);
    }
    let desired = std::mem::take(&mut group.sizes.desired);
    let now = activities::spoken(scene.now);
    group.want(desired, &format!("At {now} a user request created an AutoScalingGroup"));
    if !input.has("ServiceLinkedRoleARN") {
        iam::service_role(scene, "autoscaling.amazonaws.com");
    }
    let visible = scene.fresh();
    scene.here.autoscaling.groups.put(&name, group, visible);
    look::wake(scene, &name, Duration::ZERO);
    Ok(Tree::NONE)
}

fn update(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let group = named(scene, input)?;
    refuse_leaving(group)?;
    let mut group = group.clone();
    let before = group.sizes;
    requests::apply(scene, input, &mut group)?;
    if group.sizes != before {
        let desired = std::mem::replace(&mut group.sizes.desired, before.desired);
        let (now, min, max) = (activities::spoken(scene.now), group.sizes.min, group.sizes.max);
        let why = "a user request update of AutoScalingGroup constraints to";
        group.want(desired, &format!("At {now} {why} min: {min}, max: {max}, desired: {desired}"));
    }
    let name = group.name.clone();
    if let Some(kept) = scene.here.autoscaling.groups.get_mut(&name) {
        *kept = group;
    }
    look::wake(scene, &name, Duration::ZERO);
    Ok(Tree::NONE)
}

/// A group that is being deleted takes no orders any more.
pub(super) fn refuse_leaving(group: &Group) -> Result<(), Refusal> {
    let words =
        || Refusal::new("ScalingActivityInProgress", format!("AutoScalingGroup {} is being deleted", group.name));
    if group.is_leaving { Err(words()) } else { Ok(()) }
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let is_forced = input.flag("ForceDelete") == Some(true);
    let now = scene.now;
    let group = named(scene, input)?;
    let protection = group.given.get("DeletionProtection").and_then(|value| value.as_str()).unwrap_or("none");
    if protection == "prevent-all-deletion" || (protection == "prevent-force-deletion" && is_forced) {
        return Err(Refusal::new(
            "ResourceInUse",
            format!("AutoScalingGroup {} is protected from deletion", group.name),
        ));
    }
    if !is_forced {
        let words = "You cannot delete an AutoScalingGroup while there are";
        if group.sizes.desired > 0 || group.members.values().any(|member| !member.state.is_terminating()) {
            return Err(Refusal::new(
                "ResourceInUse",
                format!("{words} instances or pending Spot instance request(s) still in the group."),
            ));
        }
        if !group.members.is_empty() {
            return Err(Refusal::new(
                "ScalingActivityInProgress",
                format!("{words} scaling activities in progress for that group."),
            ));
        }
    }
    group.is_leaving = true;
    group.sizes = super::group::Sizes::default();
    group.reasons = vec![format!("At {} a user request deleted the AutoScalingGroup.", activities::spoken(now))];
    let name = group.name.clone();
    look::wake(scene, &name, Duration::ZERO);
    Ok(Tree::NONE)
}

/// Names that are not there are passed over (<https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html>).
fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let names = input.texts("AutoScalingGroupNames");
    let with_members = input.flag("IncludeInstances") != Some(false);
    let filters = Filters::of(input.list("Filters"), "Values", &[]).map_err(|refusal| invalid(refusal.message))?;
    let page = Page::read(input, "MaxRecords", "NextToken", (1, 100), "InvalidNextToken")?;
    let (groups, scene) = (&scene.here.autoscaling.groups, &*scene);
    let found = groups.visible(scene.sight).filter(|(name, _)| names.is_empty() || names.contains(name));
    let found = found.filter(|(_, group)| filters.pass(&group.plain_tags(), |_| Vec::new()));
    let found = found.map(|(name, group)| (name.to_owned(), shown(scene, group, with_members)));
    let (page, next) = page.cut(found);
    Ok(object! { "AutoScalingGroups" => members(page), "NextToken" => next })
}

fn set_desired(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let now = scene.now;
    let honors_cooldown = input.flag("HonorCooldown") == Some(true);
    required(input, "DesiredCapacity")?;
    let desired = input.whole("DesiredCapacity")?.unwrap_or_default();
    let group = named(scene, input)?;
    refuse_leaving(group)?;
    let sizes = group.sizes;
    if desired > sizes.max {
        let words = format!(
            "New SetDesiredCapacity value {desired} is above max value {} for the AutoScalingGroup.",
            sizes.max
        );
        return Err(invalid(words));
    }
    if desired < sizes.min {
        let words = format!(
            "New SetDesiredCapacity value {desired} is below min value {} for the AutoScalingGroup.",
            sizes.min
        );
        return Err(invalid(words));
    }
    if honors_cooldown && now < group.cooled {
        let words = format!("Cooldown period is in progress for the AutoScalingGroup {}", group.name);
        return Err(Refusal::new("ScalingActivityInProgress", words));
    }
    let why = "a user request explicitly set group desired capacity";
    group.want(desired, &format!("At {} {why}", activities::spoken(now)));
    let name = group.name.clone();
    look::wake(scene, &name, Duration::ZERO);
    Ok(Tree::NONE)
}

impl Group {
    /// Its tags as filters look at them.
    pub(super) fn plain_tags(&self) -> Tags {
        let mut tags = Tags::default();
        self.tags.iter().for_each(|(key, tag)| tags.set(key, &tag.value));
        tags
    }

    /// Its tags as answers show them.
    pub(super) fn shown_tags(&self) -> impl Iterator<Item = Tree> {
        self.tags.iter().map(|(key, tag)| {
            object! {
                "ResourceId" => &self.name,
                "ResourceType" => "auto-scaling-group",
                "Key" => key,
                "Value" => &tag.value,
                "PropagateAtLaunch" => tag.propagates,
            }
        })
    }
}

/// A value that was given, as it is given back. What is a number in AWS's model comes as text from the wire, and goes back as it came.
pub(super) fn given(value: &serde_json::Value) -> Tree {
    use serde_json::Value;
    match value {
        Value::Null => Tree::EMPTY,
        Value::Bool(flag) => Tree::Flag(*flag),
        Value::Number(number) => Tree::Text(number.to_string().into()),
        Value::String(text) => Tree::Text(text.clone().into()),
        Value::Array(items) => Tree::List("member", items.iter().map(given).collect()),
        Value::Object(fields) => {
            Tree::Object(fields.iter().map(|(key, value)| (key.clone().into(), given(value))).collect())
        }
    }
}

fn shown(scene: &Scene<'_>, group: &Group, with_members: bool) -> Tree {
    let mut zones: Vec<String> =
        group.subnets.iter().filter_map(|subnet| subnets::zone_of_subnet(scene, subnet)).collect();
    zones.sort();
    zones.dedup();
    let suspended = group.suspended.iter();
    let suspended = suspended.map(|(name, why)| object! { "ProcessName" => name, "SuspensionReason" => why });
    let metrics = group.metrics.iter().map(|metric| object! { "Metric" => metric, "Granularity" => "1Minute" });
    let role = format!(
        "arn:aws:iam::{}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
        scene.place.account
    );
    let targets = group.wanted_targets();
    let sources = targets.iter().map(|arn| object! { "Identifier" => arn, "Type" => "elbv2" });
    let distribution = object! { "CapacityDistributionStrategy" => "balanced-best-effort" };
    let instances = group.members.values().filter(|_| with_members).map(|member| instance(group, member));
    let mut tree = object! {
        "AutoScalingGroupName" => &group.name,
        "AutoScalingGroupARN" => &group.arn,
        "LaunchTemplate" => group.mixed.is_none().then(|| group.template.shown()),
        "MixedInstancesPolicy" => group.mixed.as_ref().map(given),
        "MinSize" => group.sizes.min,
        "MaxSize" => group.sizes.max,
        "DesiredCapacity" => group.sizes.desired,
        "DefaultCooldown" => group.cooldown,
        "AvailabilityZones" => members(zones),
        "LoadBalancerNames" => members::<String>([]),
        "TargetGroupARNs" => members(targets.clone()),
        "HealthCheckType" => &group.health_check,
        "HealthCheckGracePeriod" => group.grace,
        "Instances" => members(instances),
        "CreatedTime" => group.created,
        "SuspendedProcesses" => members(suspended),
        "VPCZoneIdentifier" => group.subnets.join(","),
        "EnabledMetrics" => members(metrics),
        "Status" => group.is_leaving.then_some("Delete in progress"),
        "Tags" => members(group.shown_tags()),
        "TerminationPolicies" => members(group.termination_policies.iter()),
        "NewInstancesProtectedFromScaleIn" => group.protects_new,
        "ServiceLinkedRoleARN" => role,
        "DefaultInstanceWarmup" => group.warmup,
        "TrafficSources" => members(sources),
    };
    if group.maintenance.least >= 0 {
        let (least, most) = (group.maintenance.least, group.maintenance.most);
        let policy = object! { "MinHealthyPercentage" => least, "MaxHealthyPercentage" => most };
        tree = tree.with("InstanceMaintenancePolicy", policy);
    }
    if !group.given.contains_key("AvailabilityZoneDistribution") {
        tree = tree.with("AvailabilityZoneDistribution", distribution);
    }
    for (name, value) in &group.given {
        tree = tree.with(name.clone(), given(value));
    }
    for (name, value) in [
        ("CapacityReservationSpecification", object! { "CapacityReservationPreference" => "default" }),
        (
            "AvailabilityZoneImpairmentPolicy",
            object! {
                "ZonalShiftEnabled" => false, "ImpairedZoneHealthCheckBehavior" => "IgnoreUnhealthy",
            },
        ),
    ] {
        if !group.given.contains_key(name) {
            tree = tree.with(name, value);
        }
    }
    tree
}

/// An instance as a group shows it.
pub(super) fn instance(_: &Group, member: &Member) -> Tree {
    object! {
        "InstanceId" => &member.id,
        "InstanceType" => &member.kind,
        "AvailabilityZone" => &member.zone,
        "LifecycleState" => member.state.shown(),
        "HealthStatus" => if member.ailment.is_some() { "Unhealthy" } else { "Healthy" },
        "LaunchTemplate" => member.template.shown(),
        "ProtectedFromScaleIn" => member.is_protected,
    }
}

/// The group of an instance.
pub(super) fn holder(scene: &Scene<'_>, instance: &str) -> Result<String, Refusal> {
    let found = scene.here.autoscaling.groups.iter().find(|(_, group)| group.members.contains_key(instance));
    let unknown = || invalid(format!("Instance Id not found - No managed instance found for instance ID: {instance}"));
    found.map(|(name, _)| name.to_owned()).ok_or_else(unknown)
}

/// A group by name, to be looked at.
pub(super) fn find<'a>(scene: &'a Scene<'_>, name: &str) -> Result<&'a Group, Refusal> {
    scene.here.autoscaling.groups.get(name).ok_or_else(|| unknown_group(name))
}
