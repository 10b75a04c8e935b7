//! Snapshots of replication groups.

use serde::Serialize;

use super::super::super::clock::Moment;
use super::super::super::input::Input;
use super::super::super::output::{Tree, named, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::replication::{ReplicationGroup, changing};
use super::{name, page};

/// What can be done with snapshots.
pub(super) const ACTIONS: &[Action] =
    &[action("CreateSnapshot", create), action("DeleteSnapshot", delete), action("DescribeSnapshots", describe)];

/// A snapshot.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Snapshot {
    group: String,
    description: String,
    status: &'static str,
    engine: String,
    version: String,
    node_type: String,
    shards: usize,
    made: Moment,
    pub(super) tags: Tags,
}

fn absent(name: &str) -> Refusal {
    Refusal::new("SnapshotNotFoundFault", format!("{name} is either not present or not available.")).status(404)
}

/// Takes a snapshot of a group; it is available after a while.
pub(super) fn take(scene: &mut Scene<'_>, name: &str, of: &str, group: &ReplicationGroup) -> Result<Tree, Refusal> {
    if scene.here.elasticache.snapshots.has(name) {
        let words = format!("Snapshot with name {name} already exists");
        return Err(Refusal::new("SnapshotAlreadyExistsFault", words));
    }
    let snapshot = Snapshot {
        group: of.to_owned(),
        description: group.description.clone(),
        status: "creating",
        engine: group.engine.clone(),
        version: group.version.clone(),
        node_type: group.node_type.clone(),
        shards: group.shards.len(),
        made: scene.now,
        tags: Tags::default(),
    };
    let tree = show(scene, name, &snapshot);
    let visible = scene.fresh();
    scene.here.elasticache.snapshots.put(name, snapshot, visible);
    scene.later(scene.settings.durations.database_snapshot, become_available, name);
    Ok(tree)
}

fn become_available(scene: &mut Scene<'_>, name: &str) {
    if let Some(snapshot) = scene.here.elasticache.snapshots.get_mut(name) {
        snapshot.status = "available";
    }
}

fn show(scene: &Scene<'_>, name: &str, snapshot: &Snapshot) -> Tree {
    object! {
        "SnapshotName" => name.to_owned(),
        "ReplicationGroupId" => &snapshot.group,
        "ReplicationGroupDescription" => &snapshot.description,
        "SnapshotStatus" => snapshot.status,
        "SnapshotSource" => "manual",
        "CacheNodeType" => &snapshot.node_type,
        "Engine" => &snapshot.engine,
        "EngineVersion" => &snapshot.version,
        "NumNodeGroups" => snapshot.shards,
        "CacheClusterCreateTime" => snapshot.made,
        "NodeSnapshots" => named::<Tree>("NodeSnapshot", []),
        "ARN" => scene.arn("elasticache", &format!("snapshot:{name}")),
    }
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let snapshot = name(input, "SnapshotName", 255)?;
    let (of, group) = changing(scene, input)?;
    let tree = take(scene, &snapshot, &of, &group)?;
    Ok(object! { "Snapshot" => tree })
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    // The smallest page of snapshots differs from that of everything else, and is not modelled.
    let page = page(input)?;
    let (wanted, of) = (input.text("SnapshotName").map(str::to_ascii_lowercase), input.text("ReplicationGroupId"));
    let found = scene.here.elasticache.snapshots.visible(scene.sight).filter(|(name, snapshot)| {
        wanted.as_deref().is_none_or(|wanted| wanted == *name) && of.is_none_or(|of| of == snapshot.group)
    });
    let found: Vec<_> = found.map(|(name, snapshot)| (name.to_owned(), show(scene, name, snapshot))).collect();
    match wanted {
        Some(wanted) if found.is_empty() => Err(absent(&wanted)),
        _ => {
            let (snapshots, marker) = page.cut(found);
            Ok(object! { "Snapshots" => named("Snapshot", snapshots), "Marker" => marker })
        }
    }
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = input.need("SnapshotName")?.to_ascii_lowercase();
    let snapshot = scene.here.elasticache.snapshots.seen(&name, scene.sight).ok_or_else(|| absent(&name))?.clone();
    if snapshot.status != "available" {
        return Err(Refusal::new("InvalidSnapshotState", format!("Snapshot {name} is not available.")));
    }
    scene.here.elasticache.snapshots.remove(&name);
    let gone = Snapshot { status: "deleting", ..snapshot };
    Ok(object! { "Snapshot" => show(scene, &name, &gone) })
}
