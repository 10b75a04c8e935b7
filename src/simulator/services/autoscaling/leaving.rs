//! Instances are taken out of service: because there are too many, because they are not well, because somebody said so.

use super::activities::spoken;
use super::choice;
use super::group::Group;
use super::lifecycle;
use super::member::{Ailment, Stage};
use crate::simulator::scene::Scene;

/// Begins to terminate a member; answers the activity.
pub(super) fn terminate(scene: &mut Scene<'_>, group: &mut Group, id: &str, cause: String) -> Option<String> {
    let member = group.members.get(id).filter(|member| !member.state.is_terminating())?;
    let (subnet, zone) = (member.subnet.clone(), member.zone.clone());
    let was_pending = member.state.is_pending().then(|| member.activity.clone());
    if let Some(activity) = was_pending {
        group.end(&activity, super::activities::Status::Cancelled, scene.now, None);
    }
    lifecycle::deregister(scene, group, id);
    let activity = group.begin(scene, format!("Terminating EC2 instance: {id}"), cause, Some((&subnet, &zone)));
    let member = group.members.get_mut(id)?;
    member.waits.clear();
    member.state = Stage::Terminating;
    member.activity.clone_from(&activity);
    lifecycle::advance(scene, group);
    Some(activity)
}

/// Takes away as many as there are too many.
pub(super) fn shrink(scene: &mut Scene<'_>, group: &mut Group, number: i64) {
    let (reasons, at) = (std::mem::take(&mut group.reasons), spoken(scene.now));
    for _ in 0..number {
        let before = group.capacity();
        // All that are left are protected.
        let Some(id) = choice::leaver(scene, group) else { break };
        let why =
            "an instance was taken out of service in response to a difference between desired and actual capacity,";
        let mut words = reasons.clone();
        words.push(format!("At {at} {why} shrinking the capacity from {before} to {}.", before - 1));
        words.push(format!("At {at} instance {id} was selected for termination."));
        terminate(scene, group, &id, words.join("  "));
    }
}

/// Takes away everybody, also those that are protected, held or in standby.
pub(super) fn clear(scene: &mut Scene<'_>, group: &mut Group) {
    let reason = group.reasons.join("  ");
    let ids: Vec<String> = group.members.keys().cloned().collect();
    for id in ids {
        if let Some(member) = group.members.get_mut(&id).filter(|member| member.state == Stage::TerminatingWait) {
            member.waits.clear();
            member.state = Stage::TerminatingProceed;
        }
        terminate(scene, group, &id, reason.clone());
    }
}

/// Terminates the members that are not well, so that others take their place.
pub(super) fn replace_unwell(scene: &mut Scene<'_>, group: &mut Group) {
    if !group.runs("ReplaceUnhealthy") || !group.runs("Terminate") {
        return;
    }
    let unwell: Vec<(String, Ailment)> =
        group.counted().filter_map(|member| Some((member.id.clone(), member.ailment?))).collect();
    for (id, ailment) in unwell {
        terminate(scene, group, &id, ailment.cause(scene.now));
    }
}
