//! A replication group: shards of a primary and its replicas, which are clusters.

use std::time::Duration;

use serde::Serialize;

use super::cluster::Cluster;
use super::goal::Goal;
use super::listing;
use super::refusals::{group_state, no_group};
use crate::simulator::agenda::Event;
use crate::simulator::clock::Moment;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::tags::Tags;

/// A replication group. What its members have in common is kept here, too.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct ReplicationGroup {
    /// Tells it from others of the same name, before and after it.
    pub(super) uid: String,
    /// Counts what happens to it, so that what was to come of an earlier state does not.
    pub(super) turn: u64,
    pub(super) status: &'static str,
    pub(super) description: String,
    pub(super) engine: &'static str,
    /// The full version.
    pub(super) version: &'static str,
    pub(super) node: String,
    /// `disabled`, `compatible` or `enabled`.
    pub(super) cluster_mode: &'static str,
    pub(super) fails_over: bool,
    pub(super) multi_az: bool,
    pub(super) shards: Vec<Shard>,
    pub(super) subnet_group: String,
    pub(super) vpc: String,
    pub(super) security_groups: Vec<String>,
    pub(super) parameter_group: String,
    pub(super) port: i64,
    pub(super) in_transit: bool,
    /// `required` or `preferred`.
    pub(super) transit_mode: Option<String>,
    pub(super) at_rest: bool,
    /// A key of the caller's own.
    pub(super) key: Option<String>,
    /// Since when it has a password.
    pub(super) password: Option<Moment>,
    pub(super) user_groups: Vec<String>,
    pub(super) window: String,
    pub(super) snapshot_days: i64,
    pub(super) snapshot_window: String,
    /// The member that snapshots are taken of.
    pub(super) snapshotting: Option<String>,
    pub(super) minor_upgrades: bool,
    /// When it was asked for.
    pub(super) begun: Moment,
    /// When it first was there to be used; it has host names from then on.
    pub(super) created: Option<Moment>,
    /// What waits for the maintenance window.
    pub(super) pending: Goal,
    /// What is being done.
    pub(super) under_way: Goal,
    pub(super) tags: Tags,
}

/// A part of the data: a primary and its replicas.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Shard {
    /// `0001`.
    pub(super) id: String,
    /// The slots it has, with cluster mode.
    pub(super) slots: Option<String>,
    /// The clusters.
    pub(super) members: Vec<String>,
    /// Which of them takes writes.
    pub(super) primary: String,
}

impl ReplicationGroup {
    /// Whether its data is in shards.
    pub(super) fn has_cluster_mode(&self) -> bool {
        self.cluster_mode == "enabled"
    }

    /// Gives a member what changes at once in the whole group.
    pub(super) fn share(&self, member: &mut Cluster) {
        member.window.clone_from(&self.window);
        member.snapshot_window = Some(self.snapshot_window.clone());
        member.minor_upgrades = self.minor_upgrades;
    }

    /// All its clusters, in the order of shards and members.
    pub(super) fn members(&self) -> Vec<String> {
        self.shards.iter().flat_map(|shard| shard.members.iter().cloned()).collect()
    }
}

/// The group that a caller names.
pub(super) fn find<'s>(scene: &'s Scene<'_>, identifier: &str) -> Result<(String, &'s ReplicationGroup), Refusal> {
    let id = listing::name(identifier);
    match scene.here.elasticache.replication_groups.seen(&id, scene.sight) {
        Some(group) => Ok((id, group)),
        None => Err(no_group(&id)),
    }
}

/// The same, of which something is wanted that it takes only while it is available.
pub(super) fn find_available(scene: &Scene<'_>, identifier: &str) -> Result<(String, ReplicationGroup), Refusal> {
    let (id, group) = find(scene, identifier)?;
    let words =
        || format!("Replication group {id} must be in available state to modify. Its status is {}.", group.status);
    Scene::ensure(group.status == "available", || group_state(words()))?;
    Ok((id, group.clone()))
}

/// Puts a group into another state, and has what comes of it happen later, unless something else happens to it before.
pub(super) fn turn(scene: &mut Scene<'_>, id: &str, status: &'static str, next: Option<(Duration, Event)>) {
    let Some(group) = scene.here.elasticache.replication_groups.get_mut(id) else { return };
    group.status = status;
    group.turn += 1;
    let subject = format!("{id}/{}/{}", group.uid, group.turn);
    if let Some((after, event)) = next {
        scene.later(after, event, &subject);
    }
}

/// The id of the group for which an event was entered, if nothing has happened to it since.
pub(super) fn due(scene: &Scene<'_>, subject: &str) -> Option<String> {
    let (id, rest) = subject.split_once('/')?;
    let group = scene.here.elasticache.replication_groups.get(id)?;
    (rest == format!("{}/{}", group.uid, group.turn)).then(|| id.to_owned())
}
