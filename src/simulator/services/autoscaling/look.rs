//! A group looks after itself: while there is something to do or to watch, it comes back to what it is and what it should be.

use std::time::Duration;

use super::group::{Attachment, Group};
use super::member::Stage;
use super::{health, launching, leaving, lifecycle, rolling};
use crate::simulator::clock::Moment;
use crate::simulator::scene::Scene;
use crate::simulator::services::cloudwatch;
use crate::simulator::services::elb::targets::{self, Health};

/// How often a group that has all it wants looks whether its instances are still well. AWS does so about once a minute.
const CALM: Duration = Duration::from_mins(1);

/// How often it looks at least while something moves, in a world in which nothing takes time.
const QUICK: Duration = Duration::from_secs(1);

/// Has a group look after itself, after this span at the latest.
pub(super) fn wake(scene: &mut Scene<'_>, name: &str, after: Duration) {
    let at = scene.now.plus(after);
    let Some(group) = scene.here.autoscaling.groups.get_mut(name) else { return };
    if group.next_look.is_some_and(|planned| planned <= at) {
        return;
    }
    group.next_look = Some(at);
    scene.later(after, look, name);
}

/// Does something with a group while it is out of the world, so that the rest of the world can be changed too.
pub(super) fn lend<R>(
    scene: &mut Scene<'_>,
    name: &str,
    act: impl FnOnce(&mut Scene<'_>, &mut Group) -> R,
) -> Option<R> {
    let mut group = scene.here.autoscaling.groups.get_mut(name)?.clone();
    let result = act(scene, &mut group);
    if let Some(kept) = scene.here.autoscaling.groups.get_mut(name) {
        *kept = group;
    }
    Some(result)
}

fn look(scene: &mut Scene<'_>, name: &str) {
    let now = scene.now;
    // A later look was moved forward: this is the one that was planned before.
    if scene.here.autoscaling.groups.get(name).is_none_or(|group| group.next_look != Some(now)) {
        return;
    }
    let next = lend(scene, name, |scene, group| {
        group.next_look = None;
        attach(scene, group);
        lifecycle::advance(scene, group);
        health::judge(scene, group);
        leaving::replace_unwell(scene, group);
        rolling::advance(scene, group);
        fit(scene, group);
        publish(scene, group);
        next(scene, group)
    });
    finish(scene, name);
    if let Some(at) = next.flatten() {
        wake(scene, name, at.since(now));
    }
}

/// As many instances as there should be.
fn fit(scene: &mut Scene<'_>, group: &mut Group) {
    if group.is_leaving {
        leaving::clear(scene, group);
        return;
    }
    let wanted = group.sizes.desired + group.surge;
    let lacking = wanted - group.capacity();
    if lacking > 0 && group.runs("Launch") && scene.now >= group.retry {
        for _ in 0..lacking {
            if launching::launch(scene, group).is_err() {
                break;
            }
        }
    }
    if lacking < 0 && group.runs("Terminate") {
        leaving::shrink(scene, group, -lacking);
    }
}

/// Registers those in service with target groups that are new, and lets go of those that are to go
/// (<https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLoadBalancerTargetGroups.html>).
fn attach(scene: &mut Scene<'_>, group: &mut Group) {
    let serving: Vec<String> = group
        .members
        .values()
        .filter(|member| member.state == Stage::InService)
        .map(|member| member.id.clone())
        .collect();
    let mut gone = Vec::new();
    for (arn, state) in &mut group.targets {
        match state {
            Attachment::Adding if group.suspended.contains_key("AddToLoadBalancer") => {}
            Attachment::Adding => {
                for instance in &serving {
                    // A target group that went away takes nobody.
                    drop(targets::register(scene, arn, instance, None));
                }
                *state = Attachment::Added;
            }
            Attachment::Added if serving.iter().any(|id| targets::health(scene, arn, id) == Some(Health::Healthy)) => {
                *state = Attachment::InService;
            }
            Attachment::Removing => {
                let drains = |id: &String| targets::health(scene, arn, id).is_some();
                if !group.members.keys().any(drains) {
                    gone.push(arn.clone());
                }
            }
            Attachment::Added | Attachment::InService => {}
        }
    }
    for arn in gone {
        group.targets.remove(&arn);
    }
}

/// A group that is being deleted is gone with its last instance.
fn finish(scene: &mut Scene<'_>, name: &str) {
    let groups = &mut scene.here.autoscaling.groups;
    if groups.get(name).is_some_and(|group| group.is_leaving && group.members.is_empty())
        && let Some(group) = groups.remove(name)
    {
        let alarms: Vec<&String> = group.policies.values().flat_map(|policy| &policy.alarms).collect();
        for alarm in alarms {
            cloudwatch::alarms::delete(scene, alarm);
        }
        scene.here.autoscaling.past.extend(group.activities);
    }
}

/// The metrics of a group (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html>).
pub(super) const METRICS: [&str; 8] = [
    "GroupMinSize",
    "GroupMaxSize",
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
];

/// Once a minute, if somebody asked for them.
fn publish(scene: &mut Scene<'_>, group: &mut Group) {
    if group.metrics.is_empty() || scene.now < group.next_metrics {
        return;
    }
    group.next_metrics = scene.now.plus(CALM);
    let count = |is_meant: fn(Stage) -> bool| {
        let number = group.members.values().filter(|member| is_meant(member.state)).count();
        i64::try_from(number).unwrap_or(i64::MAX)
    };
    for metric in &group.metrics {
        let value = match metric.as_str() {
            "GroupMinSize" => group.sizes.min,
            "GroupMaxSize" => group.sizes.max,
            "GroupDesiredCapacity" => group.sizes.desired,
            "GroupInServiceInstances" => count(|stage| stage == Stage::InService),
            "GroupPendingInstances" => count(Stage::is_pending),
            "GroupStandbyInstances" => count(|stage| stage == Stage::Standby),
            "GroupTerminatingInstances" => count(Stage::is_terminating),
            "GroupTotalInstances" => count(|_| true),
            _ => continue,
        };
        let value = f64::from(i32::try_from(value).unwrap_or(i32::MAX));
        cloudwatch::metrics::record(scene, "AWS/AutoScaling", metric, &[("AutoScalingGroupName", &group.name)], value);
    }
}

/// When to look again; never, if nothing moves and nothing can happen by itself.
fn next(scene: &Scene<'_>, group: &Group) -> Option<Moment> {
    let now = scene.now;
    let soon = now.plus(scene.settings.durations.group_look.max(QUICK));
    let mut moments: Vec<Moment> = Vec::new();
    for member in group.members.values() {
        moments.push(match member.state {
            Stage::Pending if !member.has_run && member.launched == now => {
                now.plus(scene.settings.durations.instance_start)
            }
            Stage::PendingWait | Stage::TerminatingWait => {
                member.waits.values().map(|wait| wait.until).min().unwrap_or(soon)
            }
            Stage::InService | Stage::Standby => now.plus(CALM),
            _ => member.gone.filter(|gone| *gone > now).unwrap_or(soon),
        });
    }
    if group.capacity() < group.sizes.desired + group.surge && group.runs("Launch") {
        moments.push(group.retry.max(soon));
    }
    moments.extend(rolling::next(group, soon));
    if !group.metrics.is_empty() {
        moments.push(group.next_metrics);
    }
    if group.targets.values().any(|state| matches!(state, Attachment::Adding | Attachment::Removing)) {
        moments.push(soon);
    }
    if !group.members.is_empty() && group.targets.values().any(|state| *state == Attachment::Added) {
        moments.push(soon);
    }
    moments.into_iter().min()
}
