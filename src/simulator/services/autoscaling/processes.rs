//! What a group does by itself: processes that can be suspended, metrics that it publishes; and what there is of each kind.

use std::time::Duration;

use super::{invalid, look, named, requests, required};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

pub(super) const ACTIONS: &[Action] = &[
    action("SuspendProcesses", suspend),
    action("ResumeProcesses", resume),
    action("EnableMetricsCollection", enable_metrics),
    action("DisableMetricsCollection", disable_metrics),
    action("DescribeAccountLimits", limits),
    action("DescribeAdjustmentTypes", adjustment_types),
    action("DescribeLifecycleHookTypes", hook_types),
    action("DescribeMetricCollectionTypes", metric_types),
    action("DescribeScalingProcessTypes", process_types),
    action("DescribeTerminationPolicyTypes", termination_types),
    action("DescribeNotificationConfigurations", notifications),
    action("DescribeLaunchConfigurations", launch_configurations),
    action("DescribeWarmPool", warm_pool),
];

/// The processes of a group (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html>).
const PROCESSES: [&str; 9] = [
    "AZRebalance",
    "AddToLoadBalancer",
    "AlarmNotification",
    "HealthCheck",
    "InstanceRefresh",
    "Launch",
    "ReplaceUnhealthy",
    "ScheduledActions",
    "Terminate",
];

/// The processes that a call means: all, if it names none.
fn processes<'a>(input: &'a Input) -> Result<Vec<&'a str>, Refusal> {
    let named: Vec<&'a str> = input.texts("ScalingProcesses");
    if let Some(unknown) = named.iter().find(|name| !PROCESSES.contains(name)) {
        return Err(invalid(format!("Unknown process type: {unknown}")));
    }
    Ok(if named.is_empty() { PROCESSES.to_vec() } else { named })
}

fn suspend(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let at = super::activities::spoken(scene.now);
    let processes = processes(input)?;
    let group = named(scene, input)?;
    for process in processes {
        group.suspended.entry(process.to_owned()).or_insert_with(|| format!("User suspended at {at}"));
    }
    Ok(Tree::NONE)
}

fn resume(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let processes = processes(input)?;
    let group = named(scene, input)?;
    for process in processes {
        group.suspended.remove(process);
    }
    let name = group.name.clone();
    look::wake(scene, &name, Duration::ZERO);
    Ok(Tree::NONE)
}

/// The metrics that a call means: all, if it names none.
fn metrics<'a>(input: &'a Input) -> Result<Vec<&'a str>, Refusal> {
    let named: Vec<&'a str> = input.texts("Metrics");
    let is_known = |name: &&str| {
        look::METRICS.contains(name)
            || name.starts_with("WarmPool")
            || name.starts_with("GroupAndWarmPool")
            || name.starts_with("Group")
    };
    if let Some(unknown) = named.iter().find(|name| !is_known(name)) {
        return Err(invalid(format!("Invalid metric name(s) {unknown}")));
    }
    Ok(if named.is_empty() { look::METRICS.to_vec() } else { named })
}

fn enable_metrics(scene: &mut Scene<'_>, input: &Input) -> Answer {
    if required(input, "Granularity")? != "1Minute" {
        return Err(invalid("Unknown metric granularity. The only valid value is 1Minute."));
    }
    let metrics = metrics(input)?;
    let group = named(scene, input)?;
    group.metrics.extend(metrics.into_iter().map(str::to_owned));
    let name = group.name.clone();
    look::wake(scene, &name, Duration::ZERO);
    Ok(Tree::NONE)
}

fn disable_metrics(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let metrics = metrics(input)?;
    let group = named(scene, input)?;
    group.metrics.retain(|metric| !metrics.contains(&metric.as_str()));
    Ok(Tree::NONE)
}

fn limits(scene: &mut Scene<'_>, _: &Input) -> Answer {
    Ok(object! {
        "MaxNumberOfAutoScalingGroups" => 500,
        "MaxNumberOfLaunchConfigurations" => 200,
        "NumberOfAutoScalingGroups" => scene.here.autoscaling.groups.len(),
        "NumberOfLaunchConfigurations" => 0,
    })
}

fn adjustment_types(_: &mut Scene<'_>, _: &Input) -> Answer {
    let kinds = ["ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"];
    Ok(object! { "AdjustmentTypes" => members(kinds.map(|kind| object! { "AdjustmentType" => kind })) })
}

fn hook_types(_: &mut Scene<'_>, _: &Input) -> Answer {
    let kinds = ["autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"];
    Ok(object! { "LifecycleHookTypes" => members(kinds) })
}

fn metric_types(_: &mut Scene<'_>, _: &Input) -> Answer {
    Ok(object! {
        "Metrics" => members(look::METRICS.map(|metric| object! { "Metric" => metric })),
        "Granularities" => members([object! { "Granularity" => "1Minute" }]),
    })
}

fn process_types(_: &mut Scene<'_>, _: &Input) -> Answer {
    Ok(object! { "Processes" => members(PROCESSES.map(|process| object! { "ProcessName" => process })) })
}

fn termination_types(_: &mut Scene<'_>, _: &Input) -> Answer {
    Ok(object! { "TerminationPolicyTypes" => members(requests::TERMINATION_POLICIES) })
}

/// The simulator has no notification topics.
fn notifications(_: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("AutoScalingGroupNames");
    Ok(object! { "NotificationConfigurations" => members::<String>([]) })
}

/// New accounts can make none (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/launch-configurations.html>).
fn launch_configurations(_: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("LaunchConfigurationNames");
    Ok(object! { "LaunchConfigurations" => members::<String>([]) })
}

/// No group here has a warm pool.
fn warm_pool(scene: &mut Scene<'_>, input: &Input) -> Answer {
    named(scene, input)?;
    Ok(object! { "Instances" => members::<String>([]) })
}
