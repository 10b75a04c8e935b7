//! Target tracking: a policy makes two alarms for itself, and keeps a metric near its target
//! (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html>).

use serde_json::{Value, json};

use super::adjustment::warming;
use super::group::Group;
use super::invalid;
use super::member::Stage;
use super::policies::{Kind, Policy};
use crate::simulator::input::Input;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::services::cloudwatch::alarms;

/// Minutes in a row above the target before a group grows, and below it before it shrinks.
const HIGH: u64 = 3;
const LOW: u64 = 15;

/// How far below the target the lower alarm is.
const SLACK: f64 = 0.9;

/// Checks a configuration; it is kept as it was given.
pub(super) fn read(input: &Input) -> Result<Value, Refusal> {
    let target = input.real("TargetValue")?.ok_or_else(|| invalid("TargetValue must be specified"))?;
    if target <= 0.0 || !target.is_finite() {
        return Err(invalid("TargetValue must be greater than 0"));
    }
    let (predefined, custom) = (input.at("PredefinedMetricSpecification"), input.at("CustomizedMetricSpecification"));
    if predefined.is_some() == custom.is_some() {
        return Err(invalid(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified",
        ));
    }
    if let Some(predefined) = predefined {
        let kind = super::required(predefined, "PredefinedMetricType")?;
        let label = predefined.text("ResourceLabel");
        if namespace(kind).is_none() && kind != "ALBRequestCountPerTarget" {
            return Err(invalid(format!("Unknown predefined metric type {kind}")));
        }
        if kind == "ALBRequestCountPerTarget" && label.is_none_or(|label| !label.contains("/targetgroup/")) {
            return Err(invalid(
                "ResourceLabel must be specified for ALBRequestCountPerTarget: app/<name>/<id>/targetgroup/<name>/<id>",
            ));
        }
    }
    let mut kept = input.data();
    if let Some(fields) = kept.as_object_mut() {
        fields.entry("DisableScaleIn").or_insert(Value::Bool(false));
    }
    Ok(kept)
}

/// Namespace and name of a predefined metric of a group.
fn namespace(kind: &str) -> Option<(&'static str, &'static str)> {
    match kind {
        "ASGAverageCPUUtilization" | "ASGAverageCPUUtilizationHighResolution" => Some(("AWS/EC2", "CPUUtilization")),
        "ASGAverageNetworkIn" => Some(("AWS/EC2", "NetworkIn")),
        "ASGAverageNetworkOut" => Some(("AWS/EC2", "NetworkOut")),
        _ => None,
    }
}

/// What the alarms watch, as parameters of `PutMetricAlarm`.
fn watched(group: &str, configuration: &Value) -> Value {
    let Some(predefined) = configuration.get("PredefinedMetricSpecification") else {
        let mut custom = configuration.get("CustomizedMetricSpecification").cloned().unwrap_or_default();
        let has_metrics = custom.get("Metrics").is_some();
        if let Some(fields) = custom.as_object_mut().filter(|_| !has_metrics) {
            fields.entry("Period").or_insert(json!(60));
        }
        return custom;
    };
    let kind = predefined.get("PredefinedMetricType").and_then(Value::as_str).unwrap_or_default();
    if let Some((namespace, metric)) = namespace(kind) {
        let dimensions = json!([{ "Name": "AutoScalingGroupName", "Value": group }]);
        return json!({ "Namespace": namespace, "MetricName": metric, "Dimensions": dimensions, "Statistic": "Average", "Period": 60 });
    }
    let label = predefined.get("ResourceLabel").and_then(Value::as_str).unwrap_or_default();
    let (balancer, targets) = label.split_once("/targetgroup/").unwrap_or_default();
    let dimensions = json!([
        { "Name": "TargetGroup", "Value": format!("targetgroup/{targets}") },
        { "Name": "LoadBalancer", "Value": balancer },
    ]);
    json!({
        "Namespace": "AWS/ApplicationELB", "MetricName": "RequestCountPerTarget", "Dimensions": dimensions, "Statistic": "Sum", "Period": 60,
    })
}

fn target(policy: &Policy) -> Option<f64> {
    let target = policy.tracking.as_ref()?.get("TargetValue")?;
    target.as_f64().or_else(|| target.as_str()?.parse().ok())
}

fn shrinks(policy: &Policy) -> bool {
    let disabled = policy.tracking.as_ref().and_then(|tracking| tracking.get("DisableScaleIn"));
    !matches!(disabled, Some(Value::Bool(true))) && disabled.and_then(Value::as_str) != Some("true")
}

/// Makes the alarms of a policy, and deletes those that it no longer needs.
pub(super) fn set_alarms(scene: &mut Scene<'_>, group: &str, policy: &mut Policy, before: Option<&Policy>) {
    let old = before.map(|before| before.alarms.clone()).unwrap_or_default();
    if policy.kind == Kind::TargetTracking {
        let (Some(target), Some(configuration)) = (target(policy), policy.tracking.clone()) else { return };
        let sides = [
            ("AlarmHigh", "GreaterThanThreshold", target, HIGH, true),
            ("AlarmLow", "LessThanThreshold", target * SLACK, LOW, shrinks(policy)),
        ];
        for (side, operator, threshold, periods, _) in sides.into_iter().filter(|side| side.4) {
            let kept = old.iter().find(|name| name.contains(&format!("-{side}-"))).cloned();
            let name = kept.unwrap_or_else(|| format!("TargetTracking-{group}-{side}-{}", scene.dice.uuid()));
            let mut definition = watched(group, &configuration);
            if let Some(fields) = definition.as_object_mut() {
                let description = format!("DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {}.", policy.arn);
                fields.insert("AlarmDescription".to_owned(), json!(description));
                fields.insert("ComparisonOperator".to_owned(), json!(operator));
                fields.insert("Threshold".to_owned(), json!(threshold));
                fields.insert("EvaluationPeriods".to_owned(), json!(periods));
            }
            alarms::put_for_policy(scene, &name, definition, &policy.arn);
            policy.alarms.push(name);
        }
    }
    for name in old.iter().filter(|name| !policy.alarms.contains(name)) {
        alarms::delete(scene, name);
    }
}

/// The size that brings the metric to its target, if the group should have another size.
///
/// It grows by the share that the metric is over the target, counting only instances that are warm; it shrinks only when nothing warms up and
/// when all of its other tracking policies agree.
pub(super) fn desired(
    scene: &Scene<'_>,
    group: &Group,
    policy: &Policy,
    alarm: &str,
    value: Option<f64>,
) -> Option<i64> {
    let (now, fresh) = (group.sizes.desired, warming(scene, group, policy));
    let serving = group.counted().filter(|member| member.state == Stage::InService).count();
    let warm = (i64::try_from(serving).unwrap_or(i64::MAX).min(now) - fresh.min(now)).max(1);
    let share = value? / target(policy)?;
    let wanted = rounded_up(warm, share);
    if alarm.contains("-AlarmHigh-") {
        return (wanted > now).then_some(wanted);
    }
    let others =
        group.policies.values().filter(|other| other.name != policy.name && other.kind == Kind::TargetTracking);
    let disagrees = |other: &Policy| {
        let mut low = other.alarms.iter().filter(|name| name.contains("-AlarmLow-"));
        low.any(|name| alarms::state(scene, name) != Some("ALARM"))
    };
    let may_shrink = fresh == 0 && !others.into_iter().any(disagrees);
    (may_shrink && wanted < now).then_some(wanted)
}

/// A number of instances times a share, rounded up.
fn rounded_up(number: i64, share: f64) -> i64 {
    let number = f64::from(i32::try_from(number).unwrap_or(i32::MAX));
    // A group has at most some thousands of instances, and what is more is cut off at its maximum.
    #[expect(clippy::cast_possible_truncation, reason = "the number is cut to what fits before")]
    let wanted = (number * share).ceil().clamp(0.0, 1_000_000.0) as i64;
    wanted
}
