//! How caches come to be available, change, and go; and how replication groups are looked at.

use super::cluster::{self, due as cluster_due};
use super::group::{self, due as group_due, find};
use super::refusals::{combination, group_state, no_group};
use super::{create, listing, network, show, snapshots};
use crate::simulator::input::Input;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::rds::windows;

/// Looking at replication groups, and deleting them.
pub(super) const ACTIONS: &[Action] =
    &[action("DeleteReplicationGroup", delete), action("DescribeReplicationGroups", describe)];

/// A cluster was made: it has host names from now on.
pub(super) fn cluster_created(scene: &mut Scene<'_>, subject: &str) {
    if let Some(id) = cluster_due(scene, subject) {
        settle_cluster(scene, &id);
    }
}

/// What was going on with a cluster is over.
pub(super) fn settle_cluster(scene: &mut Scene<'_>, id: &str) {
    let now = scene.now;
    if let Some(cluster) = scene.here.elasticache.clusters.get_mut(id) {
        cluster.created = cluster.created.or(Some(now));
        cluster.nodes.iter_mut().for_each(|node| node.status = "available");
    }
    cluster::turn(scene, id, "available", None);
}

/// A group was made.
pub(super) fn group_created(scene: &mut Scene<'_>, subject: &str) {
    let Some(id) = group_due(scene, subject) else { return };
    let now = scene.now;
    let Some(group) = scene.here.elasticache.replication_groups.get_mut(&id) else { return };
    group.created = Some(now);
    settle_group(scene, &id);
}

/// A group and all its members are available.
fn settle_group(scene: &mut Scene<'_>, id: &str) {
    group::turn(scene, id, "available", None);
    let members = scene.here.elasticache.replication_groups.get(id).map(group::ReplicationGroup::members);
    for member in members.unwrap_or_default() {
        settle_cluster(scene, &member);
    }
}

/// Has what is under way with a group begin.
pub(super) fn begin(scene: &mut Scene<'_>, id: &str) {
    group::turn(scene, id, "modifying", Some((scene.settings.durations.cache_change, changed)));
    let members = scene.here.elasticache.replication_groups.get(id).map(group::ReplicationGroup::members);
    for member in members.unwrap_or_default() {
        let is_new = scene.here.elasticache.clusters.get(&member).is_some_and(|member| member.created.is_none());
        cluster::turn(scene, &member, if is_new { "creating" } else { "modifying" }, None);
    }
}

/// What was under way with a group is done.
fn changed(scene: &mut Scene<'_>, subject: &str) {
    let Some(id) = group_due(scene, subject) else { return };
    let now = scene.now;
    let Some(group) = scene.here.elasticache.replication_groups.get_mut(&id) else { return };
    let goal = std::mem::take(&mut group.under_way);
    goal.apply_to_group(group, now);
    for member in group.members() {
        if let Some(cluster) = scene.here.elasticache.clusters.get_mut(&member) {
            goal.apply_to_cluster(cluster, now);
        }
        if let Some(groups) = &goal.security_groups {
            network::set_groups(scene, &member, groups);
        }
    }
    depart(scene, &id);
    settle_group(scene, &id);
}

/// Takes away the clusters that left a group.
fn depart(scene: &mut Scene<'_>, id: &str) {
    let Some(group) = scene.here.elasticache.replication_groups.get(id) else { return };
    let members = group.members();
    let all = scene.here.elasticache.clusters.iter();
    let gone = all.filter(|(name, cluster)| cluster.group.as_deref() == Some(id) && !members.iter().any(|m| m == name));
    let gone: Vec<String> = gone.map(|(name, _)| name.to_owned()).collect();
    for name in gone {
        network::remove(scene, &name);
    }
}

/// Has what waits happen when a group's maintenance window opens.
pub(super) fn await_window(scene: &mut Scene<'_>, id: &str) {
    let Some(group) = scene.here.elasticache.replication_groups.get(id) else { return };
    let subject = format!("{id}/{}", group.uid);
    if let Some(opens) = windows::next_opening(&group.window, scene.now) {
        scene.later(opens.since(scene.now), window_opens, &subject);
    }
}

fn window_opens(scene: &mut Scene<'_>, subject: &str) {
    let Some((id, uid)) = subject.split_once('/') else { return };
    let Some(group) = scene.here.elasticache.replication_groups.get_mut(id) else { return };
    if group.uid != uid || group.pending.is_empty() || group.status == "deleting" {
        return;
    }
    if group.status != "available" {
        return await_window(scene, id);
    }
    let pending = std::mem::take(&mut group.pending);
    group.under_way.take(pending);
    begin(scene, id);
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, group) = find(scene, input.need("ReplicationGroupId")?)?;
    if group.status != "available" && group.status != "create-failed" {
        return Err(group_state(format!(
            "Replication group {id} has status {} which is not valid for deletion.",
            group.status
        )));
    }
    let group = group.clone();
    let retains = input.flag("RetainPrimaryCluster") == Some(true);
    if let Some(name) = input.text("FinalSnapshotIdentifier") {
        if retains {
            return Err(combination(
                "FinalSnapshotIdentifier cannot be specified when the primary cluster is retained.",
            ));
        }
        snapshots::take_of_group(scene, &id, &listing::name(name))?;
    }
    if retains && group.has_cluster_mode() {
        return Err(combination("The primary cluster of a group with cluster mode enabled cannot be retained."));
    }
    let kept = group.shards.first().map(|shard| shard.primary.clone()).filter(|_| retains);
    if let Some(kept) = &kept {
        keep_alone(scene, &id, kept);
    }
    for member in group.members() {
        if Some(&member) != kept.as_ref() {
            cluster::turn(scene, &member, "deleting", None);
        }
    }
    group::turn(scene, &id, "deleting", Some((scene.settings.durations.cache_delete, vanish)));
    Ok(create::answer(scene, &id))
}

/// Makes a member a cluster that stands alone.
fn keep_alone(scene: &mut Scene<'_>, id: &str, member: &str) {
    if let Some(cluster) = scene.here.elasticache.clusters.get_mut(member) {
        cluster.group = None;
    }
    if let Some(group) = scene.here.elasticache.replication_groups.get_mut(id) {
        group.shards.iter_mut().for_each(|shard| shard.members.retain(|name| name != member));
    }
}

fn vanish(scene: &mut Scene<'_>, subject: &str) {
    let Some(id) = group_due(scene, subject) else { return };
    let Some(group) = scene.here.elasticache.replication_groups.remove(&id) else { return };
    for member in group.members() {
        network::remove(scene, &member);
    }
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    let name = input.text("ReplicationGroupId").map(listing::name);
    let groups = &scene.here.elasticache.replication_groups;
    if let Some(name) = name.as_deref() {
        let words = || -> Refusal { no_group(name) };
        Scene::ensure(groups.seen(name, scene.sight).is_some(), words)?;
    }
    let found = groups.visible(scene.sight).filter(|(id, _)| name.as_deref().is_none_or(|name| name == *id));
    let all = found.map(|(id, group)| (id.to_owned(), show::group(scene, id, group)));
    Ok(page.list("ReplicationGroups", "ReplicationGroup", all))
}
