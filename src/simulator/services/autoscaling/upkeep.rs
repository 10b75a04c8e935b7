//! A group keeps itself in order: the unwell are replaced, the old retire, the zones are balanced. A refresh comes before all of it but the unwell.

use std::collections::BTreeMap;
use std::time::Duration;

use super::activities::spoken;
use super::group::Group;
use super::member::{Ailment, Member, Stage};
use super::{launching, leaving};
use crate::simulator::scene::Scene;

/// Terminates the members that are not well, so that others take their place. With a maintenance policy that allows more than all of them, the
/// others come first (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-maintenance-policy.html>).
pub(super) fn replace_unwell(scene: &mut Scene<'_>, group: &mut Group) {
    if !group.runs("ReplaceUnhealthy") || !group.runs("Terminate") {
        return;
    }
    let unwell = group.counted().filter_map(|member| Some((member.id.clone(), member.ailment?)));
    let unwell: Vec<(String, Ailment)> = unwell.collect();
    let is_fit = |member: &&Member| member.state == Stage::InService && member.ailment.is_none();
    let fit = i64::try_from(group.counted().filter(is_fit).count()).unwrap_or(i64::MAX);
    let launches_first = group.maintenance.most > 100 && fit < group.sizes.desired && group.refresh().is_none();
    for (id, ailment) in unwell {
        if launches_first && ailment != Ailment::Gone {
            let more = group.sizes.desired * group.maintenance.most / 100 - group.sizes.desired;
            group.surge = (group.surge + 1).min(more.max(1));
        } else {
            leaving::terminate(scene, group, &id, ailment.cause(scene.now));
        }
    }
}

/// What can wait until all are in service: one at a time.
pub(super) fn tidy(scene: &mut Scene<'_>, group: &mut Group) {
    if group.refresh().is_some() || group.surge > 0 || group.is_leaving {
        return;
    }
    let all_serve = group.members.values().all(|member| matches!(member.state, Stage::InService | Stage::Standby));
    if group.capacity() == group.sizes.desired && all_serve {
        retire(scene, group);
    }
    if group.runs("AZRebalance") && is_uneven(scene, group) && group.capacity() - group.sizes.desired <= 1 {
        let comes = group.counted().any(|member| member.state.is_pending());
        // The new one comes first; when it serves, one too many is there, and scale-in takes it where there are the most.
        group.surge = i64::from(comes || (all_serve && group.capacity() == group.sizes.desired));
    }
}

/// One whose time is over goes (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-max-instance-lifetime.html>).
fn retire(scene: &mut Scene<'_>, group: &mut Group) {
    let given = group.given.get("MaxInstanceLifetime").and_then(|value| value.as_str()?.parse::<u64>().ok());
    let Some(lifetime) = given.filter(|seconds| *seconds > 0).map(Duration::from_secs) else { return };
    let is_over = |member: &&Member| !member.is_protected && scene.now.since(member.launched) >= lifetime;
    let oldest = group.counted().filter(is_over).min_by_key(|member| member.launched);
    if let Some(id) = oldest.map(|member| member.id.clone()) {
        let why = "an instance was taken out of service in response to its maximum instance lifetime being reached.";
        leaving::terminate(scene, group, &id, format!("At {} {why}", spoken(scene.now)));
    }
}

/// Whether one zone has two more than another, or somebody is in a zone that the group has left.
fn is_uneven(scene: &Scene<'_>, group: &Group) -> bool {
    let mut zones: BTreeMap<String, usize> = BTreeMap::new();
    for subnet in &group.subnets {
        zones.insert(launching::zone(scene, subnet), 0);
    }
    for member in group.counted() {
        match zones.get_mut(&member.zone) {
            Some(count) => *count += 1,
            None => return !member.is_protected,
        }
    }
    let (fewest, most) = (zones.values().min().copied(), zones.values().max().copied());
    let open = group.counted().any(|member| !member.is_protected && zones.get(&member.zone).copied() == most);
    open && fewest.zip(most).is_some_and(|(fewest, most)| most - fewest > 1)
}
