//! Scaling policies: made, changed, shown, deleted, and carried out when an alarm calls.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::activities::spoken;
use super::adjustment::{self, Step};
use super::group::Group;
use super::{groups, invalid, look, named, required, tracking};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::cloudwatch::alarms;

pub(super) const ACTIONS: &[Action] = &[
    action("PutScalingPolicy", put),
    action("DescribePolicies", describe),
    action("DeletePolicy", delete),
    action("ExecutePolicy", execute),
];

/// A policy.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) kind: Kind,
    pub(super) is_enabled: bool,
    pub(super) adjustment: Option<String>,
    pub(super) scaling: Option<i64>,
    pub(super) cooldown: Option<i64>,
    pub(super) magnitude: Option<i64>,
    pub(super) aggregation: Option<String>,
    pub(super) steps: Vec<Step>,
    pub(super) warmup: Option<i64>,
    /// As the caller wrote it.
    pub(super) tracking: Option<Value>,
    /// The alarms that the policy made for itself.
    pub(super) alarms: Vec<String>,
}

/// What kind of policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Kind {
    Simple,
    Step,
    TargetTracking,
}

impl Kind {
    fn shown(self) -> &'static str {
        match self {
            Self::Simple => "SimpleScaling",
            Self::Step => "StepScaling",
            Self::TargetTracking => "TargetTrackingScaling",
        }
    }
}

/// Makes a policy, or changes the group's policy of this name.
fn put(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = required(input, "PolicyName")?.to_owned();
    let unique = scene.dice.uuid();
    let group = named(scene, input)?;
    groups::refuse_leaving(group)?;
    let owner = group.name.clone();
    let before = group.policies.get(&name).cloned();
    let mut policy = read(input, &name)?;
    policy.arn = before.as_ref().map_or_else(
        || scene.arn("autoscaling", &format!("scalingPolicy:{unique}:autoScalingGroupName/{owner}:policyName/{name}")),
        |before| before.arn.clone(),
    );
    tracking::set_alarms(scene, &owner, &mut policy, before.as_ref());
    let (arn, shown) = (policy.arn.clone(), shown_alarms(scene, &policy));
    if let Some(group) = scene.here.autoscaling.groups.get_mut(&owner) {
        group.policies.insert(name, policy);
    }
    Ok(object! { "PolicyARN" => arn, "Alarms" => shown })
}

fn read(input: &Input, name: &str) -> Result<Policy, Refusal> {
    let kind = match input.text("PolicyType").unwrap_or("SimpleScaling") {
        "SimpleScaling" => Kind::Simple,
        "StepScaling" => Kind::Step,
        "TargetTrackingScaling" => Kind::TargetTracking,
        other => return Err(invalid(format!("The simulator has no policies of type {other}"))),
    };
    let adjustment = input.text("AdjustmentType").map(str::to_owned);
    if kind != Kind::TargetTracking
        && !matches!(adjustment.as_deref(), Some("ChangeInCapacity" | "ExactCapacity" | "PercentChangeInCapacity"))
    {
        let words = "AdjustmentType must be one of [ChangeInCapacity, ExactCapacity, PercentChangeInCapacity]";
        return Err(invalid(words));
    }
    let scaling = input.whole("ScalingAdjustment")?;
    if kind == Kind::Simple && scaling.is_none() {
        return Err(invalid("ScalingAdjustment must be specified for policy type SimpleScaling"));
    }
    let steps = input.list("StepAdjustments").iter().map(Step::read).collect::<Result<Vec<_>, _>>()?;
    if (kind == Kind::Step) == steps.is_empty() {
        return Err(invalid("StepAdjustments must be specified for policy type StepScaling, and only for it"));
    }
    let configuration = input.at("TargetTrackingConfiguration").map(tracking::read).transpose()?;
    if (kind == Kind::TargetTracking) != configuration.is_some() {
        return Err(invalid(
            "TargetTrackingConfiguration must be specified for policy type TargetTrackingScaling, and only for it",
        ));
    }
    let magnitude = input.whole("MinAdjustmentMagnitude")?.or(input.whole("MinAdjustmentStep")?);
    Ok(Policy {
        name: name.to_owned(),
        arn: String::new(),
        kind,
        is_enabled: input.flag("Enabled") != Some(false),
        adjustment,
        scaling,
        cooldown: input.whole("Cooldown")?,
        magnitude,
        aggregation: input
            .text("MetricAggregationType")
            .map(str::to_owned)
            .or((kind == Kind::Step).then(|| "Average".to_owned())),
        steps,
        warmup: input.whole("EstimatedInstanceWarmup")?,
        tracking: configuration,
        alarms: Vec::new(),
    })
}

fn shown_alarms(scene: &Scene<'_>, policy: &Policy) -> Tree {
    let alarms = alarms::calling(scene, &policy.arn).into_iter();
    members(alarms.map(|(name, arn)| object! { "AlarmName" => name, "AlarmARN" => arn }))
}

fn shown(scene: &Scene<'_>, group: &Group, policy: &Policy) -> Tree {
    object! {
        "AutoScalingGroupName" => &group.name,
        "PolicyName" => &policy.name,
        "PolicyARN" => &policy.arn,
        "PolicyType" => policy.kind.shown(),
        "AdjustmentType" => policy.adjustment.clone(),
        "MinAdjustmentMagnitude" => policy.magnitude,
        "ScalingAdjustment" => policy.scaling,
        "Cooldown" => policy.cooldown,
        "StepAdjustments" => members(policy.steps.iter().map(Step::shown)),
        "MetricAggregationType" => policy.aggregation.clone(),
        "EstimatedInstanceWarmup" => policy.warmup,
        "Alarms" => shown_alarms(scene, policy),
        "TargetTrackingConfiguration" => policy.tracking.as_ref().map(groups::given),
        "Enabled" => policy.is_enabled,
    }
}

/// Names may be ARNs; unknown ones are passed over.
fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let owner = input.text("AutoScalingGroupName");
    if let Some(owner) = owner {
        groups::find(scene, owner)?;
    }
    let (names, kinds) = (input.texts("PolicyNames"), input.texts("PolicyTypes"));
    let page = Page::read(input, "MaxRecords", "NextToken", (1, 100), "InvalidNextToken")?;
    let groups =
        scene.here.autoscaling.groups.visible(scene.sight).filter(|(name, _)| owner.is_none_or(|owner| owner == *name));
    let policies = groups.flat_map(|(_, group)| group.policies.values().map(move |policy| (group, policy)));
    let found = policies.filter(|(_, policy)| {
        (names.is_empty() || names.contains(&policy.name.as_str()) || names.contains(&policy.arn.as_str()))
            && (kinds.is_empty() || kinds.contains(&policy.kind.shown()))
    });
    let mut found: Vec<(String, Tree)> =
        found.map(|(group, policy)| (format!("{}/{}", group.name, policy.name), shown(scene, group, policy))).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = page.cut(found);
    Ok(object! { "ScalingPolicies" => members(page), "NextToken" => next })
}

/// The policy that a call means, by name or ARN, and its group's name.
fn meant(scene: &Scene<'_>, input: &Input) -> Result<(String, Policy), Refusal> {
    let wanted = required(input, "PolicyName")?;
    let owner = input.text("AutoScalingGroupName");
    if owner.is_none() && !wanted.starts_with("arn:") {
        return Err(invalid("AutoScalingGroupName must be specified unless PolicyName is an ARN"));
    }
    if let Some(owner) = owner {
        groups::find(scene, owner)?;
    }
    let groups = scene.here.autoscaling.groups.values().filter(|group| owner.is_none_or(|owner| owner == group.name));
    let mut policies = groups.flat_map(|group| group.policies.values().map(move |policy| (group, policy)));
    let found = policies.find(|(_, policy)| policy.name == wanted || policy.arn == wanted);
    let found = found.ok_or_else(|| invalid(format!("Policy name not found - Scaling Policy '{wanted}' not found")))?;
    Ok((found.0.name.clone(), found.1.clone()))
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (owner, policy) = meant(scene, input)?;
    if let Some(group) = scene.here.autoscaling.groups.get_mut(&owner) {
        group.policies.remove(&policy.name);
    }
    policy.alarms.iter().for_each(|name| alarms::delete(scene, name));
    Ok(Tree::NONE)
}

fn execute(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let now = scene.now;
    let (owner, policy) = meant(scene, input)?;
    let honors_cooldown = input.flag("HonorCooldown") == Some(true);
    let (value, threshold) = (input.real("MetricValue")?, input.real("BreachThreshold")?);
    if policy.kind == Kind::TargetTracking {
        return Err(invalid("Policies of type TargetTrackingScaling cannot be executed"));
    }
    if policy.kind == Kind::Step && (value.is_none() || threshold.is_none()) {
        return Err(invalid("MetricValue and BreachThreshold must be specified for policy type StepScaling"));
    }
    let group = groups::find(scene, &owner)?;
    if honors_cooldown && now < group.cooled {
        let words = format!("Cooldown period is in progress for the AutoScalingGroup {owner}");
        return Err(Refusal::new("ScalingActivityInProgress", words));
    }
    let over = value.zip(threshold).map(|(value, threshold)| value - threshold);
    let why = format!("At {} a user request executed policy {}", spoken(now), policy.name);
    let desired = adjustment::desired(scene, group, &policy, over);
    change(scene, &owner, desired, &why);
    Ok(Tree::NONE)
}

/// Sets a group's size, within its bounds.
fn change(scene: &mut Scene<'_>, owner: &str, desired: Option<i64>, why: &str) {
    let (Some(desired), now) = (desired, scene.now) else { return };
    if let Some(group) = scene.here.autoscaling.groups.get_mut(owner) {
        let desired = desired.clamp(group.sizes.min, group.sizes.max);
        if desired > group.sizes.desired {
            group.grown = Some(now);
        }
        group.want(desired, why);
    }
    look::wake(scene, owner, Duration::ZERO);
}

/// An alarm calls a policy, with the value that it went off at.
pub(crate) fn alarm(scene: &mut Scene<'_>, alarm_name: &str, policy_arn: &str, metric_value: Option<f64>) {
    let now = scene.now;
    let Some((group, policy)) = called(scene, policy_arn) else { return };
    let desired = match policy.kind {
        Kind::TargetTracking => tracking::desired(scene, group, policy, alarm_name, metric_value),
        Kind::Step => {
            let threshold = alarms::threshold(scene, alarm_name).unwrap_or_default();
            let over = metric_value.map_or(0.0, |value| value - threshold);
            adjustment::desired(scene, group, policy, Some(over))
        }
        Kind::Simple if now < group.cooled => None,
        Kind::Simple => adjustment::desired(scene, group, policy, None),
    };
    let why =
        format!("At {} a monitor alarm {alarm_name} in state ALARM triggered policy {}", spoken(now), policy.name);
    let owner = group.name.clone();
    change(scene, &owner, desired, &why);
}

/// The policy of an ARN, with its group, if both may act.
fn called<'a>(scene: &'a Scene<'_>, arn: &str) -> Option<(&'a Group, &'a Policy)> {
    let is_meant = |policy: &&Policy| policy.arn == arn && policy.is_enabled;
    let mut groups =
        scene.here.autoscaling.groups.values().filter(|group| !group.is_leaving && group.runs("AlarmNotification"));
    groups.find_map(|group| Some((group, group.policies.values().find(is_meant)?)))
}
