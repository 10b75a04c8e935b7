//! A database instance: what RDS keeps of it, and how one is found.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::changes::Changes;
use super::listing;
use super::refusals::no_instance;
use crate::simulator::agenda::Event;
use crate::simulator::clock::Moment;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::tags::Tags;

/// A database instance.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Instance {
    /// `db-ABC…`, which stays when it gets another identifier.
    pub(super) resource: String,
    pub(super) status: &'static str,
    /// Counts what happens to it, so that what was to come of an earlier state does not.
    pub(super) turn: u64,
    pub(super) settings: Settings,
    /// The databases it can be restored to, its logs, its size.
    pub(super) storage: Storage,
    pub(super) place: Site,
    /// When it first was there to be used; it has a host name from then on.
    pub(super) created: Option<Moment>,
    /// The primary that it copies.
    pub(super) source: Option<String>,
    /// The secret with the password that RDS manages.
    pub(super) secret: Option<String>,
    /// What waits for the maintenance window.
    pub(super) pending: Changes,
    /// What is being done.
    pub(super) under_way: Changes,
    /// Whether its automated backups stay when it is gone.
    pub(super) keeps_backups: bool,
    /// Whether its settings are those of its parameter group: `in-sync`, `applying`, `pending-reboot`.
    pub(super) parameters: &'static str,
    pub(super) tags: Tags,
}

/// What somebody chose.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Settings {
    pub(super) engine: String,
    pub(super) version: String,
    pub(super) class: String,
    pub(super) username: String,
    pub(super) database: Option<String>,
    pub(super) port: i64,
    pub(super) parameter_group: String,
    pub(super) option_group: String,
    pub(super) multi_az: bool,
    pub(super) public: bool,
    pub(super) minor_upgrades: bool,
    pub(super) copy_tags: bool,
    pub(super) iam_login: bool,
    pub(super) deletion_protection: bool,
    pub(super) backup_days: i64,
    pub(super) backup_window: String,
    pub(super) maintenance_window: String,
    pub(super) logs: BTreeSet<String>,
    pub(super) certificate: String,
    pub(super) license: String,
    pub(super) monitoring_seconds: i64,
    pub(super) monitoring_role: Option<String>,
    /// `standard` or `advanced`.
    pub(super) insights_mode: String,
    /// For how many days Performance Insights keeps what it sees, if it is on.
    pub(super) insights_days: Option<i64>,
    pub(super) lifecycle_support: String,
}

/// Its disks.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Storage {
    pub(super) kind: String,
    /// GiB.
    pub(super) size: i64,
    /// How far it may grow by itself, in GiB.
    pub(super) most: Option<i64>,
    pub(super) iops: Option<i64>,
    pub(super) throughput: Option<i64>,
    /// The ARN of the key it is encrypted with.
    pub(super) key: Option<String>,
    /// When it last grew.
    pub(super) grown: Option<Moment>,
}

/// Where it stands.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Site {
    pub(super) subnet_group: String,
    pub(super) vpc: String,
    pub(super) zone: String,
    /// Where its standby is.
    pub(super) other_zone: Option<String>,
    pub(super) security_groups: Vec<String>,
    /// Its network interfaces, which hold subnets and security groups.
    pub(super) interfaces: Vec<String>,
}

impl Instance {
    /// Whether it can be changed and copied.
    pub(super) fn is_available(&self) -> bool {
        matches!(self.status, "available" | "storage-optimization")
    }
}

/// The database that a caller names by its identifier or ARN, with its identifier.
pub(super) fn find<'s>(scene: &'s Scene<'_>, identifier: &str) -> Result<(String, &'s Instance), Refusal> {
    let id = listing::name(identifier);
    match scene.here.rds.instances.seen(&id, scene.sight) {
        Some(instance) => Ok((id, instance)),
        None => Err(no_instance(identifier)),
    }
}

/// The identifier of the database with this resource id.
pub(super) fn id_of(scene: &Scene<'_>, resource: &str) -> Option<String> {
    scene.here.rds.instances.iter().find(|(_, instance)| instance.resource == resource).map(|(id, _)| id.to_owned())
}

/// The identifiers of the replicas of a database.
pub(super) fn replicas(scene: &Scene<'_>, id: &str) -> Vec<String> {
    let all = scene.here.rds.instances.iter();
    all.filter(|(_, instance)| instance.source.as_deref() == Some(id)).map(|(id, _)| id.to_owned()).collect()
}

/// Puts a database into another state, and has what comes of it happen later, unless something else happens to it before.
pub(super) fn turn(scene: &mut Scene<'_>, id: &str, status: &'static str, next: Option<(Duration, Event)>) {
    let Some(instance) = scene.here.rds.instances.get_mut(id) else { return };
    instance.status = status;
    instance.turn += 1;
    let subject = format!("{}/{}", instance.resource, instance.turn);
    if let Some((after, event)) = next {
        scene.later(after, event, &subject);
    }
}

/// The identifier of the database for which an event was entered, if nothing has happened to it since.
pub(super) fn due(scene: &Scene<'_>, subject: &str) -> Option<String> {
    let (resource, turn) = subject.split_once('/')?;
    let id = id_of(scene, resource)?;
    let is_same = scene.here.rds.instances.get(&id)?.turn.to_string() == turn;
    is_same.then_some(id)
}
