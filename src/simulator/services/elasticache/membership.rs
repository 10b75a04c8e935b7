//! Replicas that come into a replication group and leave it one at a time, as clusters with names of their own.

use super::group::find_available;
use super::refusals::{cluster_state, combination};
use super::{create, listing, nodes, show, snapshots};
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::Answer;
use crate::simulator::tags::Tags;

/// Adds a replica: "the cluster is added to the specified replication group as a read replica"
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateCacheCluster.html>). Everything else is as the group has it.
pub(super) fn join(scene: &mut Scene<'_>, input: &Input, id: &str) -> Answer {
    let (group_id, mut group) = find_available(scene, input.need("ReplicationGroupId")?)?;
    for common in ["Engine", "EngineVersion", "CacheNodeType", "NumCacheNodes", "Port", "AutoMinorVersionUpgrade"] {
        if input.has(common) {
            return Err(combination(format!("{common} cannot be specified for a member of a replication group.")));
        }
    }
    if group.has_cluster_mode() {
        return Err(combination("Clusters cannot be added to a replication group with cluster mode enabled."));
    }
    let zone = input.text("PreferredAvailabilityZone").map(str::to_owned);
    let zones = nodes::zones(scene, &group);
    if let Some(odd) = zone.as_ref().filter(|zone| !zones.contains(zone)) {
        return Err(invalid(format!("{odd} is not a zone of the cache subnet group.")));
    }
    let mut tags = group.tags.clone();
    tags.merge(Tags::read(input, "Tags")?)?;
    let Some(shard) = group.shards.first_mut() else { return Err(combination("The replication group has no nodes.")) };
    if i64::try_from(shard.members.len()).is_ok_and(|members| members > nodes::MOST) {
        let words = format!("A replication group can have at most {} replicas.", nodes::MOST);
        return Err(Refusal::new("NodeQuotaForClusterExceeded", words));
    }
    shard.members.push(id.to_owned());
    create::populate(scene, &group, &group_id, &zone.map_or(zones, |zone| vec![zone]))?;
    if let Some(cluster) = scene.here.elasticache.clusters.get_mut(id) {
        cluster.tags = tags;
    }
    nodes::put(scene, &group_id, group);
    Ok(answer(scene, id))
}

/// Takes a replica away. The primary stays, and so does the last replica that could take over
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteCacheCluster.html>).
pub(super) fn part(scene: &mut Scene<'_>, input: &Input, id: &str, group_id: &str) -> Answer {
    let (group_id, mut group) = find_available(scene, group_id)?;
    let kept = |role: &str| {
        let words =
            format!("Cache cluster {id} is serving as {role} for replication group {group_id} and cannot be deleted.");
        Err(cluster_state(words))
    };
    if group.has_cluster_mode() {
        return kept("a node");
    }
    if group.shards.iter().any(|shard| shard.primary == id) {
        return kept("primary");
    }
    let is_needed = group.fails_over || group.multi_az;
    if is_needed && group.members().len() <= 2 {
        return kept("the last read replica");
    }
    if let Some(name) = input.text("FinalSnapshotIdentifier") {
        snapshots::take_of_cluster(scene, id, &listing::name(name))?;
    }
    group.shards.iter_mut().for_each(|shard| shard.members.retain(|member| member != id));
    nodes::leave(scene, &group_id, group, &[id.to_owned()])?;
    Ok(answer(scene, id))
}

fn answer(scene: &Scene<'_>, id: &str) -> Tree {
    let cluster = scene.here.elasticache.clusters.get(id);
    object! { "CacheCluster" => cluster.map(|cluster| show::cluster(scene, id, cluster, false)) }
}
