//! Which zone gets the next instance, and which instance goes first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::group::Group;
use super::launching;
use super::member::{Member, Stage};
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::launch_templates;

/// The subnet, and its zone, with the fewest instances; the first of them in the caller's order.
pub(super) fn place(scene: &Scene<'_>, group: &Group) -> (String, String) {
    let count = |is_same: &dyn Fn(&Member) -> bool| group.counted().filter(|member| is_same(member)).count();
    let places = group.subnets.iter().map(|subnet| (subnet.clone(), launching::zone(scene, subnet)));
    let fewest = places.min_by_key(|(subnet, zone)| {
        (count(&|member| member.zone == *zone), count(&|member| member.subnet == *subnet))
    });
    fewest.unwrap_or_default()
}

/// Which instance a scale-in takes, if it may take any: one of the fullest zone, and there the first by the group's policies
/// (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html>).
pub(super) fn leaver(scene: &Scene<'_>, group: &Group) -> Option<String> {
    let mut zones: BTreeMap<&str, usize> = BTreeMap::new();
    for member in group.counted() {
        *zones.entry(&member.zone).or_default() += 1;
    }
    let may_go =
        |member: &&Member| !member.is_protected && (member.state == Stage::InService || member.state.is_pending());
    let open: Vec<&Member> = group.counted().filter(may_go).collect();
    let fullest = open.iter().filter_map(|member| zones.get(member.zone.as_str())).max().copied();
    let mut left: Vec<&Member> =
        open.into_iter().filter(|member| zones.get(member.zone.as_str()).copied() == fullest).collect();
    // Those that are not in service yet serve nobody.
    left.sort_by_key(|member| {
        (member.ailment.is_none(), member.state == Stage::InService, Reverse(member.launched), member.id.clone())
    });
    if let Some(unwell) = left.first().filter(|member| member.ailment.is_some()) {
        return Some(unwell.id.clone());
    }
    for policy in &group.termination_policies {
        narrow(scene, group, policy, &mut left);
    }
    left.first().map(|member| member.id.clone())
}

/// Keeps those that a policy would take.
fn narrow(scene: &Scene<'_>, group: &Group, policy: &str, left: &mut Vec<&Member>) {
    match policy {
        "OldestInstance" => {
            let oldest = left.iter().map(|member| member.launched).min();
            left.retain(|member| Some(member.launched) == oldest);
        }
        "NewestInstance" => {
            let newest = left.iter().map(|member| member.launched).max();
            left.retain(|member| Some(member.launched) == newest);
        }
        "OldestLaunchTemplate" | "OldestLaunchConfiguration" => oldest_template(scene, group, left),
        // "ClosestToNextInstanceHour" and "AllocationStrategy" do not tell instances on demand of one type apart.
        "Default" => {
            oldest_template(scene, group, left);
            narrow(scene, group, "OldestInstance", left);
        }
        _ => {}
    }
}

/// Those of another template, if there are any; else those of the oldest version.
fn oldest_template(scene: &Scene<'_>, group: &Group, left: &mut Vec<&Member>) {
    let current = launch_templates::resolve(scene, &group.template.id, &group.template.version);
    let current = current.map(|(id, _, _)| id).unwrap_or_default();
    if left.iter().any(|member| member.template.id != current) {
        left.retain(|member| member.template.id != current);
    }
    let version = |member: &&Member| member.template.version.parse::<u64>().unwrap_or_default();
    let oldest = left.iter().map(version).min();
    left.retain(|member| Some(version(member)) == oldest);
}
