//! Snapshots of caches: taken, shown, copied, deleted.

use serde::Serialize;

use super::cluster::{self, Cluster};
use super::group::{self, ReplicationGroup};
use super::listing;
use super::refusals::{cluster_state, combination, group_state, no_snapshot};
use crate::simulator::clock::Moment;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, named, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// Snapshots.
pub(super) const ACTIONS: &[Action] = &[
    action("CopySnapshot", copy),
    action("CreateSnapshot", create),
    action("DeleteSnapshot", delete),
    action("DescribeSnapshots", describe),
];

/// A snapshot.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Snapshot {
    status: &'static str,
    /// The replication group, and what it was like.
    group: Option<(String, ReplicationGroup)>,
    /// The cluster of each part, and what it was like.
    clusters: Vec<(String, Cluster)>,
    taken: Moment,
    pub(super) tags: Tags,
}

fn check_free(scene: &Scene<'_>, name: &str) -> Result<(), Refusal> {
    let words = || format!("Snapshot {name} already exists.");
    let is_free = !scene.here.elasticache.snapshots.has(name);
    Scene::ensure(is_free, || Refusal::new("SnapshotAlreadyExistsFault", words()))
}

/// Takes a snapshot of a replication group: of its primaries.
pub(super) fn take_of_group(scene: &mut Scene<'_>, id: &str, name: &str) -> Result<(), Refusal> {
    check_free(scene, name)?;
    let Some(group) = scene.here.elasticache.replication_groups.get(id).cloned() else { return Ok(()) };
    let primaries = group.shards.iter().map(|shard| &shard.primary);
    let picture = |name: &String| Some((name.clone(), scene.here.elasticache.clusters.get(name)?.clone()));
    let clusters = primaries.filter_map(picture).collect();
    keep(scene, name, Snapshot { group: Some((id.to_owned(), group)), clusters, ..Snapshot::default() });
    Ok(())
}

/// Takes a snapshot of a cluster, which is not one of Memcached.
pub(super) fn take_of_cluster(scene: &mut Scene<'_>, id: &str, name: &str) -> Result<(), Refusal> {
    check_free(scene, name)?;
    let Some(cluster) = scene.here.elasticache.clusters.get(id).cloned() else { return Ok(()) };
    if cluster.engine == "memcached" {
        let words = "Snapshots are not supported for Memcached clusters.";
        return Err(Refusal::new("SnapshotFeatureNotSupportedFault", words));
    }
    keep(scene, name, Snapshot { clusters: vec![(id.to_owned(), cluster)], ..Snapshot::default() });
    Ok(())
}

fn keep(scene: &mut Scene<'_>, name: &str, snapshot: Snapshot) {
    let visible = scene.fresh();
    let snapshot = Snapshot { status: "creating", taken: scene.now, ..snapshot };
    scene.here.elasticache.snapshots.put(name, snapshot, visible);
    scene.later(scene.settings.durations.cache_change / 2, taken, name);
}

fn taken(scene: &mut Scene<'_>, name: &str) {
    if let Some(snapshot) = scene.here.elasticache.snapshots.get_mut(name) {
        snapshot.status = "available";
    }
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = listing::identifier(input, "SnapshotName", 255)?;
    let tags = Tags::read(input, "Tags")?;
    input.pass_over("KmsKeyId");
    let half = scene.settings.durations.cache_change / 2;
    match (input.text("ReplicationGroupId"), input.text("CacheClusterId")) {
        (Some(id), None) => {
            let (id, found) = group::find(scene, id)?;
            if found.status != "available" {
                return Err(group_state(format!("Replication group {id} must be in available state.")));
            }
            take_of_group(scene, &id, &name)?;
            group::turn(scene, &id, "snapshotting", Some((half, group_taken)));
        }
        (None, Some(id)) => {
            let (id, found) = cluster::find(scene, id)?;
            if found.status != "available" {
                return Err(cluster_state(format!("Cache cluster {id} must be in available state.")));
            }
            take_of_cluster(scene, &id, &name)?;
            cluster::turn(scene, &id, "snapshotting", Some((half, super::life::cluster_created)));
        }
        _ => return Err(combination("Exactly one of ReplicationGroupId and CacheClusterId must be specified.")),
    }
    if let Some(snapshot) = scene.here.elasticache.snapshots.get_mut(&name) {
        snapshot.tags = tags;
    }
    Ok(answer(scene, &name))
}

fn group_taken(scene: &mut Scene<'_>, subject: &str) {
    if let Some(id) = group::due(scene, subject) {
        group::turn(scene, &id, "available", None);
    }
}

fn answer(scene: &Scene<'_>, name: &str) -> Tree {
    let snapshot = scene.here.elasticache.snapshots.get(name);
    object! { "Snapshot" => snapshot.map(|snapshot| show(scene, name, snapshot)) }
}

fn find(scene: &Scene<'_>, name: &str) -> Result<Snapshot, Refusal> {
    scene.here.elasticache.snapshots.seen(name, scene.sight).cloned().ok_or_else(|| no_snapshot(name))
}

fn available(snapshot: &Snapshot) -> Result<(), Refusal> {
    let words = "The snapshot is not in available state.";
    Scene::ensure(snapshot.status == "available", || Refusal::new("InvalidSnapshotState", words))
}

fn copy(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = listing::identifier(input, "TargetSnapshotName", 255)?;
    let source = find(scene, &listing::name(input.need("SourceSnapshotName")?))?;
    available(&source)?;
    check_free(scene, &name)?;
    input.pass_over("KmsKeyId");
    let tags = Tags::read(input, "Tags")?;
    keep(scene, &name, Snapshot { tags, ..source });
    Ok(answer(scene, &name))
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = listing::name(input.need("SnapshotName")?);
    let mut snapshot = find(scene, &name)?;
    available(&snapshot)?;
    snapshot.status = "deleting";
    scene.here.elasticache.snapshots.remove(&name);
    Ok(object! { "Snapshot" => show(scene, &name, &snapshot) })
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    // Pages are smaller than those of other lists
    // (https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeSnapshots.html).
    let page = listing::page_of(input, 50)?;
    input.pass_over("ShowNodeGroupConfig");
    let name = input.text("SnapshotName").map(listing::name);
    if let Some(name) = &name {
        find(scene, name)?;
    }
    let (group, cluster) =
        (input.text("ReplicationGroupId").map(listing::name), input.text("CacheClusterId").map(listing::name));
    // All snapshots here are taken by people; `system` ones are those of every day.
    let is_wanted = input.text("SnapshotSource").is_none_or(|source| source != "system");
    let found = scene.here.elasticache.snapshots.visible(scene.sight).filter(|(id, snapshot)| {
        is_wanted
            && name.as_deref().is_none_or(|name| name == *id)
            && group.is_none_or_some(snapshot.group.as_ref().map(|(group, _)| group))
            && cluster.is_none_or_some(snapshot.clusters.first().map(|(cluster, _)| cluster))
    });
    let all = found.map(|(id, snapshot)| (id.to_owned(), show(scene, id, snapshot)));
    Ok(page.list("Snapshots", "Snapshot", all))
}

/// Whether something wanted is what is there, or nothing is wanted.
trait Wanted {
    fn is_none_or_some(&self, there: Option<&String>) -> bool;
}

impl Wanted for Option<String> {
    fn is_none_or_some(&self, there: Option<&String>) -> bool {
        self.is_none() || self.as_ref() == there
    }
}

fn show(scene: &Scene<'_>, name: &str, snapshot: &Snapshot) -> Tree {
    let group = snapshot.group.as_ref();
    let parts = snapshot.clusters.iter().map(|(id, cluster)| {
        object! {
            "CacheClusterId" => group.map(|_| id),
            "CacheNodeId" => "0001",
            "CacheSize" => "1 MB",
            "CacheNodeCreateTime" => cluster.created,
            "SnapshotCreateTime" => snapshot.taken,
        }
    });
    let tree = object! {
        "SnapshotName" => name.to_owned(),
        "ARN" => scene.arn("elasticache", &format!("snapshot:{name}")),
        "SnapshotStatus" => snapshot.status,
        "SnapshotSource" => "manual",
        "ReplicationGroupId" => group.map(|(id, _)| id),
        "ReplicationGroupDescription" => group.map(|(_, group)| &group.description),
        "AutomaticFailover" => group.map(|(_, group)| if group.fails_over { "enabled" } else { "disabled" }),
        "NumNodeGroups" => group.map(|(_, group)| group.shards.len()),
        "NodeSnapshots" => named("NodeSnapshot", parts),
    };
    let Some((id, cluster)) = snapshot.clusters.first() else { return tree };
    let zone = cluster.nodes.first().map(|node| &node.zone);
    tree.with("CacheClusterId", group.is_none().then_some(id))
        .with("CacheNodeType", &cluster.node)
        .with("Engine", cluster.engine)
        .with("EngineVersion", cluster.version)
        .with("NumCacheNodes", cluster.nodes.len())
        .with("PreferredAvailabilityZone", zone)
        .with("CacheClusterCreateTime", cluster.created)
        .with("PreferredMaintenanceWindow", &cluster.window)
        .with("Port", cluster.port)
        .with("CacheParameterGroupName", &cluster.parameter_group)
        .with("CacheSubnetGroupName", &cluster.subnet_group)
        .with("VpcId", &cluster.vpc)
        .with("AutoMinorVersionUpgrade", cluster.minor_upgrades)
        .with("SnapshotRetentionLimit", cluster.snapshot_days)
        .with("SnapshotWindow", cluster.snapshot_window.as_ref())
}
