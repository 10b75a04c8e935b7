//! A cluster: one of Memcached or Redis that stands alone, or a member of a replication group.

use std::time::Duration;

use serde::Serialize;

use super::goal::Goal;
use super::listing;
use super::refusals::no_cluster;
use crate::simulator::agenda::Event;
use crate::simulator::clock::Moment;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::tags::Tags;

/// A cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Cluster {
    /// Tells it from others of the same name, before and after it.
    pub(super) uid: String,
    /// Counts what happens to it, so that what was to come of an earlier state does not.
    pub(super) turn: u64,
    pub(super) status: &'static str,
    pub(super) engine: &'static str,
    /// The full version.
    pub(super) version: &'static str,
    pub(super) node: String,
    pub(super) nodes: Vec<Node>,
    /// Whether its nodes are in several zones.
    pub(super) is_spread: bool,
    pub(super) subnet_group: String,
    pub(super) vpc: String,
    pub(super) security_groups: Vec<String>,
    pub(super) parameter_group: String,
    /// Whether its settings are those of its parameter group: `in-sync`, `pending-reboot`.
    pub(super) parameters: &'static str,
    pub(super) port: i64,
    /// The replication group that it is a member of.
    pub(super) group: Option<String>,
    pub(super) window: String,
    pub(super) snapshot_days: i64,
    pub(super) snapshot_window: Option<String>,
    pub(super) minor_upgrades: bool,
    pub(super) in_transit: bool,
    pub(super) at_rest: bool,
    /// Since when it has a password.
    pub(super) password: Option<Moment>,
    /// When it first was there to be used; it has host names from then on.
    pub(super) created: Option<Moment>,
    /// What waits for the maintenance window.
    pub(super) pending: Goal,
    /// What is being done.
    pub(super) under_way: Goal,
    pub(super) tags: Tags,
}

/// A node of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Node {
    /// `0001`.
    pub(super) id: String,
    pub(super) zone: String,
    /// Its network interface, which holds subnet and security groups.
    pub(super) interface: Option<String>,
    pub(super) status: &'static str,
}

/// The cluster that a caller names.
pub(super) fn find<'s>(scene: &'s Scene<'_>, identifier: &str) -> Result<(String, &'s Cluster), Refusal> {
    let id = listing::name(identifier);
    match scene.here.elasticache.clusters.seen(&id, scene.sight) {
        Some(cluster) => Ok((id, cluster)),
        None => Err(no_cluster(&id)),
    }
}

/// Puts a cluster into another state, and has what comes of it happen later, unless something else happens to it before.
pub(super) fn turn(scene: &mut Scene<'_>, id: &str, status: &'static str, next: Option<(Duration, Event)>) {
    let Some(cluster) = scene.here.elasticache.clusters.get_mut(id) else { return };
    cluster.status = status;
    cluster.turn += 1;
    let subject = format!("{id}/{}/{}", cluster.uid, cluster.turn);
    if let Some((after, event)) = next {
        scene.later(after, event, &subject);
    }
}

/// The id of the cluster for which an event was entered, if nothing has happened to it since.
pub(super) fn due(scene: &Scene<'_>, subject: &str) -> Option<String> {
    let (id, rest) = subject.split_once('/')?;
    let cluster = scene.here.elasticache.clusters.get(id)?;
    (rest == format!("{}/{}", cluster.uid, cluster.turn)).then(|| id.to_owned())
}
