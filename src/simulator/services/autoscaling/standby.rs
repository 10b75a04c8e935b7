//! Instances leave a group for a while, or for good, and others come in: standby, detachment, attachment
//! (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-enter-exit-standby.html>).

use std::collections::BTreeMap;
use std::time::Duration;

use super::activities::{Status, spoken};
use super::group::Group;
use super::member::{Member, Stage};
use super::{groups, instances as members_of, invalid, lifecycle, look, named, required};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::instances;
use crate::simulator::services::elb::targets;

pub(super) const ACTIONS: &[Action] = &[
    action("EnterStandby", enter),
    action("ExitStandby", exit),
    action("AttachInstances", attach),
    action("DetachInstances", detach),
];

fn enter(scene: &mut Scene<'_>, input: &Input) -> Answer {
    leave(scene, input, Stage::Standby)
}

fn detach(scene: &mut Scene<'_>, input: &Input) -> Answer {
    leave(scene, input, Stage::Detaching)
}

/// Takes instances out of service without terminating them.
fn leave(scene: &mut Scene<'_>, input: &Input, into: Stage) -> Answer {
    required(input, "ShouldDecrementDesiredCapacity")?;
    let shrinks = input.flag("ShouldDecrementDesiredCapacity") == Some(true);
    let ids = input.texts("InstanceIds");
    let group = named(scene, input)?;
    groups::refuse_leaving(group)?;
    members_of::known(group, &ids)?;
    let is_fit = |member: &Member| {
        member.state == Stage::InService || (into == Stage::Detaching && member.state == Stage::Standby)
    };
    let unfit = ids.iter().find(|id| group.members.get(**id).is_none_or(|member| !is_fit(member)));
    if let Some(unfit) = unfit {
        return Err(invalid(format!("The instance {unfit} is not in InService")));
    }
    let serving = ids.iter().filter(|id| group.members.get(**id).is_some_and(|member| member.state.counts())).count();
    let after = group.sizes.desired - i64::try_from(serving).unwrap_or(i64::MAX);
    if shrinks && after < group.sizes.min {
        let words = "AutoScalingGroup has min-size";
        return Err(invalid(format!("{words} {} and desired capacity would be {after}", group.sizes.min)));
    }
    let name = group.name.clone();
    let shown = look::lend(scene, &name, |scene, group| {
        ids.iter().filter_map(|id| depart(scene, group, id, into, shrinks)).collect::<Vec<_>>()
    });
    look::wake(scene, &name, Duration::ZERO);
    Ok(object! { "Activities" => members(shown.unwrap_or_default()) })
}

fn depart(scene: &mut Scene<'_>, group: &mut Group, id: &str, into: Stage, shrinks: bool) -> Option<Tree> {
    let (what, verb) = match into {
        Stage::Standby => ("Moving EC2 instance to Standby", "moved to standby"),
        _ => ("Detaching EC2 instance", "detached"),
    };
    let desired = group.sizes.desired;
    let counted = group.members.get(id)?.state.counts();
    if shrinks && counted {
        group.sizes.desired -= 1;
    }
    let effect = if shrinks {
        format!("shrinking the capacity from {desired} to {}.", group.sizes.desired)
    } else {
        String::new()
    };
    let cause = format!("At {} instance {id} was {verb} in response to a user request, {effect}", spoken(scene.now));
    let cause = cause.trim_end_matches([' ', ',']).to_owned();
    let member = group.members.get(id)?;
    let place = (member.subnet.clone(), member.zone.clone());
    lifecycle::deregister(scene, group, id);
    let activity = group.begin(scene, format!("{what}: {id}"), cause, Some((&place.0, &place.1)));
    group.report(&activity, Status::InProgress, 50);
    let shown = group.activity(&activity).map(|activity| activity.shown());
    let member = group.members.get_mut(id)?;
    member.state = into;
    member.activity.clone_from(&activity);
    if into == Stage::Standby {
        group.end(&activity, Status::Successful, scene.now, None);
    }
    shown
}

fn exit(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let ids = input.texts("InstanceIds");
    let group = named(scene, input)?;
    members_of::known(group, &ids)?;
    if let Some(other) =
        ids.iter().find(|id| group.members.get(**id).is_none_or(|member| member.state != Stage::Standby))
    {
        return Err(invalid(format!("The instance {other} is not in Standby")));
    }
    let more = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    if group.sizes.desired + more > group.sizes.max {
        return Err(invalid(format!("AutoScalingGroup has max-size {} and would exceed it", group.sizes.max)));
    }
    let name = group.name.clone();
    let shown = look::lend(scene, &name, |scene, group| {
        ids.iter().filter_map(|id| come_back(scene, group, id)).collect::<Vec<_>>()
    });
    look::wake(scene, &name, Duration::ZERO);
    Ok(object! { "Activities" => members(shown.unwrap_or_default()) })
}

/// It goes through `Pending` again, with the hooks of a launch.
fn come_back(scene: &mut Scene<'_>, group: &mut Group, id: &str) -> Option<Tree> {
    let before = group.sizes.desired;
    group.sizes.desired += 1;
    let words = "was moved out of standby in response to a user request, increasing the capacity from";
    let cause = format!("At {} instance {id} {words} {before} to {}.", spoken(scene.now), before + 1);
    let activity = group.begin(scene, format!("Moving EC2 instance out of Standby: {id}"), cause, None);
    group.report(&activity, Status::PreInService, 30);
    let member = group.members.get_mut(id)?;
    member.state = Stage::Pending;
    member.activity.clone_from(&activity);
    group.activity(&activity).map(|activity| activity.shown())
}

fn attach(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let ids = input.texts("InstanceIds");
    for id in &ids {
        if !instances::is_running(scene, id) {
            return Err(invalid(format!("Invalid Instance ID(s) {id} specified")));
        }
        if groups::holder(scene, id).is_ok() {
            return Err(invalid(format!("Instance {id} is already attached to an Auto Scaling group")));
        }
    }
    let group = named(scene, input)?;
    groups::refuse_leaving(group)?;
    let more = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    if group.sizes.desired + more > group.sizes.max {
        let words = "the new desired capacity would exceed the group's maximum size of";
        return Err(invalid(format!("Cannot attach instances: {words} {}", group.sizes.max)));
    }
    let name = group.name.clone();
    look::lend(scene, &name, |scene, group| ids.iter().for_each(|id| take_in(scene, group, id)));
    look::wake(scene, &name, Duration::ZERO);
    Ok(Tree::NONE)
}

fn take_in(scene: &mut Scene<'_>, group: &mut Group, id: &str) {
    let now = scene.now;
    let before = group.sizes.desired;
    group.sizes.desired += 1;
    let words = "an instance was attached in response to a user request, increasing the capacity from";
    let cause = format!("At {} {words} {before} to {}.", spoken(now), before + 1);
    let activity = group.begin(scene, format!("Attaching an existing EC2 instance: {id}"), cause, None);
    group.end(&activity, Status::Successful, now, None);
    for arn in group.wanted_targets() {
        // A target group that went away takes nobody.
        drop(targets::register(scene, &arn, id, None));
    }
    let member = Member {
        id: id.to_owned(),
        subnet: String::new(),
        zone: instances::zone(scene, id).unwrap_or_default(),
        kind: instances::kind(scene, id).unwrap_or_default(),
        template: group.template.clone(),
        state: Stage::InService,
        ailment: None,
        is_protected: group.protects_new,
        launched: now,
        in_service: Some(now),
        gone: None,
        activity,
        waits: BTreeMap::new(),
        refresh: None,
    };
    group.members.insert(id.to_owned(), member);
}
