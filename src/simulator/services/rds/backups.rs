//! Automated backups: those of databases that are there, and those that stayed when a database was deleted
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.Retaining.html>).

use std::time::Duration;

use serde::Serialize;

use super::instance::Instance;
use super::origin::Origin;
use super::windows::last_five_minutes;
use super::{listing, snapshots};
use crate::simulator::clock::Moment;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// Automated backups.
pub(super) const ACTIONS: &[Action] =
    &[action("DeleteDBInstanceAutomatedBackup", delete), action("DescribeDBInstanceAutomatedBackups", describe)];

/// The backups of a database, from which it can be restored to any moment in a span of time.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Backup {
    pub(super) origin: Origin,
    /// The span of time.
    pub(super) from: Moment,
    pub(super) until: Moment,
    /// `active`, or `retained` after the database was deleted.
    status: &'static str,
    tags: Tags,
}

/// The backups of a database, if it makes any.
pub(super) fn of(scene: &Scene<'_>, id: &str, instance: &Instance) -> Option<Backup> {
    let created = instance.created.filter(|_| instance.settings.backup_days > 0)?;
    let days = Duration::from_hours(24 * instance.settings.backup_days.unsigned_abs());
    Some(Backup {
        origin: Origin::of(id, instance),
        from: scene.now.minus(days).max(created),
        until: last_five_minutes(scene.now).max(created),
        status: "active",
        tags: instance.tags.clone(),
    })
}

/// Keeps the backups of a database that goes, for as long as it kept them.
pub(super) fn retain(scene: &mut Scene<'_>, id: &str, instance: &Instance) {
    let Some(backup) = of(scene, id, instance) else { return };
    let days = Duration::from_hours(24 * backup.origin.settings.backup_days.unsigned_abs());
    let backup = Backup { status: "retained", ..backup };
    scene.here.rds.automated_backups.put(instance.resource.clone(), backup, scene.now);
    scene.later(days, expire, &instance.resource);
}

fn expire(scene: &mut Scene<'_>, resource: &str) {
    if scene.here.rds.automated_backups.remove(resource).is_some() {
        snapshots::forget_automated(scene, resource);
    }
}

/// What the last part of an ARN of backups is made of.
fn arn(scene: &Scene<'_>, resource: &str) -> String {
    let id = resource.trim_start_matches("db-").to_ascii_lowercase();
    scene.arn("rds", &format!("auto-backup:ab-{id}"))
}

/// All backups, of databases that are there and of those that are gone.
fn all(scene: &Scene<'_>) -> Vec<Backup> {
    let instances = scene.here.rds.instances.visible(scene.sight);
    let active = instances.filter_map(|(id, instance)| of(scene, id, instance));
    let retained = scene.here.rds.automated_backups.visible(scene.sight).map(|(_, backup)| backup.clone());
    active.chain(retained).collect()
}

/// The backups with this ARN.
pub(super) fn find(scene: &Scene<'_>, wanted: &str) -> Result<Backup, Refusal> {
    let found = all(scene).into_iter().find(|backup| arn(scene, &backup.origin.resource) == wanted);
    found.ok_or_else(|| absent(wanted))
}

/// The backups of the database with this resource id.
pub(super) fn find_resource(scene: &Scene<'_>, resource: &str) -> Result<Backup, Refusal> {
    all(scene).into_iter().find(|backup| backup.origin.resource == resource).ok_or_else(|| absent(resource))
}

fn absent(wanted: &str) -> Refusal {
    let words = format!("The automated backup {wanted} was not found.");
    Refusal::new("DBInstanceAutomatedBackupNotFound", words).status(404)
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    let filters = listing::filters(input, &["db-instance-id", "dbi-resource-id", "status"])?;
    let instance = input.text("DBInstanceIdentifier").map(listing::name);
    let resource = input.text("DbiResourceId");
    if let Some(wanted) = input.text("DBInstanceAutomatedBackupsArn") {
        let backup = find(scene, wanted)?;
        let shown = (backup.origin.resource.clone(), show(scene, &backup));
        return Ok(page.list(LIST, MEMBER, [shown]));
    }
    let mut found = all(scene);
    found.retain(|backup| {
        let values = |filter: &str| match filter {
            "db-instance-id" => vec![backup.origin.instance.clone()],
            "dbi-resource-id" => vec![backup.origin.resource.clone()],
            _ => vec![backup.status.to_owned()],
        };
        instance.as_ref().is_none_or(|instance| *instance == backup.origin.instance)
            && resource.is_none_or(|resource| resource == backup.origin.resource)
            && filters.pass(&backup.tags, values)
    });
    found.sort_by(|one, other| one.origin.resource.cmp(&other.origin.resource));
    let shown = found.iter().map(|backup| (backup.origin.resource.clone(), show(scene, backup)));
    Ok(page.list(LIST, MEMBER, shown))
}

const LIST: &str = "DBInstanceAutomatedBackups";
const MEMBER: &str = "DBInstanceAutomatedBackup";

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let backup = match (input.text("DbiResourceId"), input.text("DBInstanceAutomatedBackupsArn")) {
        (Some(resource), _) => find_resource(scene, resource)?,
        (None, Some(arn)) => find(scene, arn)?,
        (None, None) => return Err(crate::simulator::input::missing("DbiResourceId")),
    };
    if backup.status != "retained" {
        let words = "Only automated backups of deleted DB instances can be deleted.";
        return Err(Refusal::new("InvalidDBInstanceAutomatedBackupState", words));
    }
    expire(scene, &backup.origin.resource);
    Ok(object! { MEMBER => show(scene, &Backup { status: "deleting", ..backup }) })
}

fn show(scene: &Scene<'_>, backup: &Backup) -> Tree {
    let Backup { origin, .. } = backup;
    origin.show(object! {
        "DBInstanceArn" => scene.arn("rds", &format!("db:{}", origin.instance)),
        "DBInstanceAutomatedBackupsArn" => arn(scene, &origin.resource),
        "Region" => &scene.place.region,
        "RestoreWindow" => object! { "EarliestTime" => backup.from, "LatestTime" => backup.until },
        "Status" => backup.status,
        "BackupRetentionPeriod" => origin.settings.backup_days,
        "PreferredBackupWindow" => &origin.settings.backup_window,
        "DBInstanceAutomatedBackupsReplications" => Tree::List("DBInstanceAutomatedBackupsReplication", Vec::new()),
        "BackupTarget" => "region",
        "TagList" => backup.tags.list("Tag"),
    })
}
