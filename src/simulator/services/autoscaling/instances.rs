//! What can be said about single instances of a group: their health, their protection, that they are to go.

use std::time::Duration;

use super::activities::spoken;
use super::group::Group;
use super::member::{Ailment, Member};
use super::{groups, invalid, leaving, look, named, required};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

pub(super) const ACTIONS: &[Action] = &[
    action("DescribeAutoScalingInstances", describe),
    action("SetInstanceHealth", set_health),
    action("SetInstanceProtection", set_protection),
    action("TerminateInstanceInAutoScalingGroup", terminate),
];

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let ids = input.texts("InstanceIds");
    input.pass_over("IncludeManagedResources");
    let page = Page::read(input, "MaxRecords", "NextToken", (1, 50), "InvalidNextToken")?;
    let all = scene
        .here
        .autoscaling
        .groups
        .visible(scene.sight)
        .flat_map(|(_, group)| group.members.values().map(move |member| (group, member)));
    let found = all.filter(|(_, member)| ids.is_empty() || ids.contains(&member.id.as_str()));
    let mut found: Vec<(String, Tree)> =
        found.map(|(group, member)| (member.id.clone(), shown(group, member))).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = page.cut(found);
    Ok(object! { "AutoScalingInstances" => members(page), "NextToken" => next })
}

fn shown(group: &Group, member: &Member) -> Tree {
    object! {
        "InstanceId" => &member.id,
        "InstanceType" => &member.kind,
        "AutoScalingGroupName" => &group.name,
        "AvailabilityZone" => &member.zone,
        "LifecycleState" => member.state.shown(),
        "HealthStatus" => if member.ailment.is_some() { "UNHEALTHY" } else { "HEALTHY" },
        "LaunchTemplate" => member.template.shown(),
        "ProtectedFromScaleIn" => member.is_protected,
    }
}

/// With `ShouldRespectGracePeriod`, which is the default, an unhealthy word is not heard during the grace period
/// (<https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceHealth.html>).
fn set_health(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let now = scene.now;
    let id = required(input, "InstanceId")?;
    let is_healthy = match required(input, "HealthStatus")? {
        "Healthy" => true,
        "Unhealthy" => false,
        other => return Err(invalid(format!("Valid instance health states are: [Healthy, Unhealthy], not {other}"))),
    };
    let respects_grace = input.flag("ShouldRespectGracePeriod") != Some(false);
    let name = groups::holder(scene, id)?;
    let Some(group) = scene.here.autoscaling.groups.get_mut(&name) else { return Ok(Tree::NONE) };
    let grace = Duration::from_secs(group.grace.unsigned_abs());
    if let Some(member) = group.members.get_mut(id) {
        let in_grace = member.in_service.is_none_or(|since| now.since(since) < grace);
        if is_healthy {
            member.ailment = None;
        } else if !(respects_grace && in_grace && grace > Duration::ZERO) {
            member.ailment = Some(Ailment::Told);
        }
    }
    look::wake(scene, &name, Duration::ZERO);
    Ok(Tree::NONE)
}

fn set_protection(scene: &mut Scene<'_>, input: &Input) -> Answer {
    required(input, "ProtectedFromScaleIn")?;
    let is_protected = input.flag("ProtectedFromScaleIn") == Some(true);
    let ids = input.texts("InstanceIds");
    let group = named(scene, input)?;
    known(group, &ids)?;
    for id in ids {
        if let Some(member) = group.members.get_mut(id) {
            member.is_protected = is_protected;
        }
    }
    let name = group.name.clone();
    look::wake(scene, &name, Duration::ZERO);
    Ok(Tree::EMPTY)
}

/// Refuses instances that are not the group's.
pub(super) fn known(group: &Group, ids: &[&str]) -> Result<(), Refusal> {
    match ids.iter().find(|id| !group.members.contains_key(**id)) {
        None => Ok(()),
        Some(id) => Err(invalid(format!("The instance {id} is not part of Auto Scaling group {}.", group.name))),
    }
}

fn terminate(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = required(input, "InstanceId")?;
    required(input, "ShouldDecrementDesiredCapacity")?;
    let shrinks = input.flag("ShouldDecrementDesiredCapacity") == Some(true);
    let name = groups::holder(scene, id)?;
    let now = scene.now;
    let group = groups::find(scene, &name)?;
    let desired = group.sizes.desired;
    if shrinks && desired - 1 < group.sizes.min {
        let words = "Currently, desiredSize equals minSize";
        return Err(invalid(format!(
            "{words} ({}). Terminating instance without replacement will violate group's min size constraint. \
                                    Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.",
            group.sizes.min
        )));
    }
    let effect = if shrinks {
        format!("shrinking the capacity from {desired} to {}.", desired - 1)
    } else {
        format!("keeping the capacity at the current {desired}.")
    };
    let cause =
        format!("At {} instance {id} was taken out of service in response to a user request, {effect}", spoken(now));
    let shown = look::lend(scene, &name, |scene, group| {
        if shrinks {
            group.sizes.desired -= 1;
        }
        let activity = leaving::terminate(scene, group, id, cause)?;
        group.activity(&activity).map(|activity| activity.shown())
    });
    look::wake(scene, &name, Duration::ZERO);
    Ok(object! { "Activity" => shown.flatten() })
}
