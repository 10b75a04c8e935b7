//! Instances move on: into service, and out of the group.

use super::activities::Status;
use super::group::{Attachment, Group};
use super::hooks::{self, Transition};
use super::member::Stage;
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::instances;
use crate::simulator::services::elb::targets::{self, Health};

/// Lets every member go as far as it can.
pub(super) fn advance(scene: &mut Scene<'_>, group: &mut Group) {
    let ids: Vec<String> = group.members.keys().cloned().collect();
    for id in ids {
        let runs = instances::is_running(scene, &id);
        hooks::time_out(scene, group, &id);
        let Some(member) = group.members.get_mut(&id) else { continue };
        member.has_run |= runs;
        match member.state {
            Stage::Pending if runs => arrive(scene, group, &id),
            Stage::PendingProceed => enter_service(scene, group, &id),
            Stage::Terminating | Stage::TerminatingProceed => go(scene, group, &id),
            Stage::Detaching => let_go(scene, group, &id),
            _ => {}
        }
    }
}

/// An instance runs: hooks hold it, if there are any.
fn arrive(scene: &mut Scene<'_>, group: &mut Group, id: &str) {
    if !hooks::hold(scene, group, id, Transition::Launching) {
        enter_service(scene, group, id);
    }
}

/// An instance begins to serve: it is registered, and its launch has succeeded.
fn enter_service(scene: &mut Scene<'_>, group: &mut Group, id: &str) {
    let now = scene.now;
    if group.runs("AddToLoadBalancer") {
        for arn in group.wanted_targets() {
            // A target group that went away takes nobody.
            drop(targets::register(scene, &arn, id, None));
        }
    }
    let Some(member) = group.members.get_mut(id) else { return };
    member.state = Stage::InService;
    member.in_service = Some(now);
    let activity = member.activity.clone();
    group.end(&activity, Status::Successful, now, None);
    group.cooled = now.plus(std::time::Duration::from_secs(group.cooldown.unsigned_abs()));
}

/// Whether a target group still drains an instance.
fn drains(scene: &Scene<'_>, group: &Group, id: &str) -> bool {
    group.targets.keys().any(|arn| targets::health(scene, arn, id) == Some(Health::Draining))
}

/// An instance on its way out: drained first, then held by hooks, then terminated, then forgotten.
fn go(scene: &mut Scene<'_>, group: &mut Group, id: &str) {
    let now = scene.now;
    let is_draining = drains(scene, group, id);
    let Some(member) = group.members.get_mut(id) else { return };
    let activity = member.activity.clone();
    if is_draining {
        if let Some(activity) = group.activity(&activity) {
            activity.status = Status::WaitingForELBConnectionDraining;
            activity.description = format!("Terminating EC2 instance: {id} - Waiting For ELB connection draining.");
        }
        return;
    }
    // What drains is held only then. A group that is deleted by force waits for nobody.
    if member.state == Stage::Terminating
        && member.gone.is_none()
        && !group.is_leaving
        && hooks::hold(scene, group, id, Transition::Terminating)
    {
        return;
    }
    let Some(member) = group.members.get_mut(id) else { return };
    if member.gone.is_none() {
        let is_there = instances::is_running(scene, id) || !member.has_run;
        let takes = if is_there { scene.settings.durations.instance_stop } else { std::time::Duration::ZERO };
        member.gone = Some(now.plus(takes));
        instances::terminate(scene, id);
        if let Some(activity) = group.activity(&activity) {
            activity.status = Status::InProgress;
            activity.description = format!("Terminating EC2 instance: {id}");
            activity.progress = 50;
        }
    }
    if group.members.get(id).is_some_and(|member| member.gone.is_some_and(|gone| gone <= now)) {
        group.members.remove(id);
        group.end(&activity, Status::Successful, now, None);
    }
}

/// An instance that leaves the group and lives on.
fn let_go(scene: &mut Scene<'_>, group: &mut Group, id: &str) {
    if drains(scene, group, id) {
        return;
    }
    if let Some(member) = group.members.remove(id) {
        group.end(&member.activity, Status::Successful, scene.now, None);
    }
}

/// Takes an instance out of the group's target groups.
pub(super) fn deregister(scene: &mut Scene<'_>, group: &Group, id: &str) {
    for (arn, state) in &group.targets {
        if *state != Attachment::Removing {
            targets::deregister(scene, arn, id);
        }
    }
}
