//! Snapshots of databases: taken, shown, deleted.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::instance::find;
use super::origin::Origin;
use super::refusals::{no_snapshot, wrong_state};
use super::{events, listing};
use crate::simulator::clock::Moment;
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// Snapshots.
pub(super) const ACTIONS: &[Action] =
    &[action("CreateDBSnapshot", create), action("DeleteDBSnapshot", delete), action("DescribeDBSnapshots", describe)];

/// A snapshot.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Snapshot {
    pub(super) origin: Origin,
    /// `manual` or `automated`.
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    pub(super) taken: Moment,
    /// The snapshot that it is a copy of.
    pub(super) source: Option<String>,
    /// The accounts that may restore it.
    pub(super) shared: BTreeSet<String>,
    pub(super) tags: Tags,
}

/// Takes a snapshot of a database, which has it be `available` after a while.
pub(super) fn take(scene: &mut Scene<'_>, id: &str, name: &str) -> Result<(), Refusal> {
    check_free(scene, name)?;
    let snapshot = picture(scene, id, "manual");
    keep(scene, name, snapshot.unwrap_or_default());
    Ok(())
}

/// Refuses a name that another snapshot has.
pub(super) fn check_free(scene: &Scene<'_>, name: &str) -> Result<(), Refusal> {
    let words = || format!("Cannot create the snapshot because a snapshot with the identifier {name} already exists.");
    Scene::ensure(!scene.here.rds.snapshots.has(name), || Refusal::new("DBSnapshotAlreadyExists", words()))
}

/// Puts a new snapshot on the shelf.
pub(super) fn keep(scene: &mut Scene<'_>, name: &str, snapshot: Snapshot) {
    let visible = scene.fresh();
    scene.here.rds.snapshots.put(name, snapshot, visible);
    scene.later(scene.settings.durations.database_snapshot, taken, name);
}

/// Keeps the first backup of a database; it was going on before.
pub(super) fn automate(scene: &mut Scene<'_>, id: &str) {
    let Some(mut snapshot) = picture(scene, id, "automated") else { return };
    snapshot.status = "available";
    let at = scene.now.iso();
    let (day, time) = at.split_once('T').unwrap_or((&at, ""));
    let name = format!("rds:{id}-{day}-{}", time.get(..5).unwrap_or_default().replace(':', "-"));
    scene.here.rds.snapshots.put(name, snapshot, scene.now);
}

/// Forgets the automated snapshots of a database.
pub(super) fn forget_automated(scene: &mut Scene<'_>, resource: &str) {
    let all = scene.here.rds.snapshots.iter();
    let own = all.filter(|(_, snapshot)| snapshot.kind == "automated" && snapshot.origin.resource == resource);
    let names: Vec<String> = own.map(|(name, _)| name.to_owned()).collect();
    for name in names {
        scene.here.rds.snapshots.remove(&name);
    }
}

fn picture(scene: &Scene<'_>, id: &str, kind: &'static str) -> Option<Snapshot> {
    let instance = scene.here.rds.instances.get(id)?;
    Some(Snapshot {
        origin: Origin::of(id, instance),
        kind,
        status: "creating",
        taken: scene.now,
        source: None,
        shared: BTreeSet::new(),
        tags: if instance.settings.copy_tags { instance.tags.clone() } else { Tags::default() },
    })
}

fn taken(scene: &mut Scene<'_>, name: &str) {
    if let Some(snapshot) = scene.here.rds.snapshots.get_mut(name) {
        snapshot.status = "available";
        events::of_snapshot(scene, name, "Manual snapshot created");
    }
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = listing::identifier(input, "DBSnapshotIdentifier", 255)?;
    let (id, instance) = find(scene, input.need("DBInstanceIdentifier")?)?;
    if !instance.is_available() {
        return Err(wrong_state(format!(
            "Cannot create a snapshot because the database instance {id} is not currently in the available state."
        )));
    }
    let tags = Tags::read(input, "Tags")?;
    take(scene, &id, &name)?;
    if let Some(snapshot) = scene.here.rds.snapshots.get_mut(&name) {
        snapshot.tags.merge(tags)?;
    }
    answer(scene, &name)
}

/// A snapshot as answers have it.
pub(super) fn answer(scene: &Scene<'_>, name: &str) -> Answer {
    let snapshot = scene.here.rds.snapshots.get(name);
    Ok(object! { "DBSnapshot" => snapshot.map(|snapshot| show(scene, name, snapshot)) })
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = listing::name(input.need("DBSnapshotIdentifier")?);
    let Some(snapshot) = scene.here.rds.snapshots.seen(&name, scene.sight) else { return Err(no_snapshot(&name)) };
    if snapshot.kind != "manual" {
        let words = "Only manual snapshots may be deleted.";
        return Err(invalid(words));
    }
    if snapshot.status != "available" {
        let words = format!("Cannot delete the snapshot because it is not currently in the available state: {name}");
        return Err(Refusal::new("InvalidDBSnapshotState", words));
    }
    let mut tree = show(scene, &name, snapshot);
    if let Tree::Object(fields) = &mut tree {
        fields.retain(|(field, _)| field != "Status");
    }
    scene.here.rds.snapshots.remove(&name);
    Ok(object! { "DBSnapshot" => tree.with("Status", "deleted") })
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    let known = ["db-instance-id", "db-snapshot-id", "dbi-resource-id", "snapshot-type", "engine"];
    let filters = listing::filters(input, &known)?;
    input.pass_over("IncludeShared");
    input.pass_over("IncludePublic");
    let name = input.text("DBSnapshotIdentifier").map(listing::name);
    if let Some(name) = name.as_deref().filter(|name| scene.here.rds.snapshots.seen(name, scene.sight).is_none()) {
        return Err(no_snapshot(name));
    }
    let instance = input.text("DBInstanceIdentifier").map(listing::name);
    let (resource, kind) = (input.text("DbiResourceId"), input.text("SnapshotType"));
    let found = scene.here.rds.snapshots.visible(scene.sight).filter(|(id, snapshot)| {
        let values = |filter: &str| match filter {
            "db-instance-id" => vec![snapshot.origin.instance.clone()],
            "db-snapshot-id" => vec![(*id).to_owned()],
            "dbi-resource-id" => vec![snapshot.origin.resource.clone()],
            "snapshot-type" => vec![snapshot.kind.to_owned()],
            _ => vec![snapshot.origin.settings.engine.clone()],
        };
        name.as_deref().is_none_or(|name| name == *id)
            && instance.as_ref().is_none_or(|instance| *instance == snapshot.origin.instance)
            && resource.is_none_or(|resource| resource == snapshot.origin.resource)
            && kind.is_none_or(|kind| kind == snapshot.kind)
            && filters.pass(&snapshot.tags, values)
    });
    let all = found.map(|(id, snapshot)| (id.to_owned(), show(scene, id, snapshot)));
    Ok(page.list("DBSnapshots", "DBSnapshot", all))
}

fn show(scene: &Scene<'_>, name: &str, snapshot: &Snapshot) -> Tree {
    let is_done = snapshot.status == "available";
    let took = scene.settings.durations.database_snapshot.min(Duration::from_mins(10));
    snapshot.origin.show(object! {
        "DBSnapshotIdentifier" => name.to_owned(),
        "DBSnapshotArn" => scene.arn("rds", &format!("snapshot:{name}")),
        "SnapshotType" => snapshot.kind,
        "Status" => snapshot.status,
        "PercentProgress" => if is_done { 100 } else { 0 },
        "SnapshotCreateTime" => is_done.then(|| snapshot.taken.plus(took)),
        "OriginalSnapshotCreateTime" => is_done.then(|| snapshot.taken.plus(took)),
        "SnapshotTarget" => "region",
        "SourceDBSnapshotIdentifier" => snapshot.source.as_ref(),
        "TagList" => snapshot.tags.list("Tag"),
    })
}
