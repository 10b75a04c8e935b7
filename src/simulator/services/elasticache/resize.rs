//! More and fewer replicas, and another primary.

use super::super::super::input::{Input, invalid};
use super::super::super::output::object;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::replication::{self, ReplicationGroup, Shard, add_member, become_available, changing};
use super::{Status, clusters, combination, show};

/// What changes the members of a replication group.
pub(super) const ACTIONS: &[Action] = &[
    action("DecreaseReplicaCount", decrease),
    action("IncreaseReplicaCount", increase),
    action("TestFailover", fail_over),
];

/// The number of replicas that each shard is to have.
fn wanted(input: &Input) -> Result<usize, Refusal> {
    if input.flag("ApplyImmediately") != Some(true) {
        return Err(invalid("ApplyImmediately must be true: replicas are added and removed at once."));
    }
    let count = input.whole("NewReplicaCount")?.ok_or_else(|| combination("NewReplicaCount is missing."))?;
    usize::try_from(count).ok().filter(|count| *count <= 5).ok_or_else(|| invalid("A shard has from 0 to 5 replicas."))
}

fn increase(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, mut group) = changing(scene, input)?;
    let count = wanted(input)?;
    if group.shards.iter().any(|shard| shard.members.len() > count) {
        return Err(invalid("NewReplicaCount must be greater than the number of replicas."));
    }
    let cluster_mode = group.cluster_mode;
    for shard in &mut group.shards {
        let like = scene.here.elasticache.clusters.get(&shard.primary).cloned();
        let like = like.ok_or_else(|| clusters::absent(&shard.primary))?;
        for turn in shard.members.len()..=count {
            add_member(scene, cluster_mode, &name, shard, like.clone(), turn)?;
        }
    }
    changed(scene, &name, group)
}

fn decrease(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, mut group) = changing(scene, input)?;
    let count = wanted(input)?;
    if group.shards.iter().any(|shard| shard.members.len() <= count + 1) {
        return Err(invalid("NewReplicaCount must be less than the number of replicas."));
    }
    if count == 0 && group.failover {
        let words = "Automatic failover needs a replica: disable it before the last replica is removed.";
        return Err(combination(words));
    }
    let named = input.texts("ReplicasToRemove");
    let mut gone = Vec::new();
    for shard in &mut group.shards {
        while shard.members.len() > count + 1 {
            let at = leaving(shard, &named).ok_or_else(|| invalid("ReplicasToRemove names no replica."))?;
            gone.push(shard.members.remove(at));
        }
    }
    for member in &gone {
        clusters::vanish(scene, member);
    }
    changed(scene, &name, group)
}

/// Which replica leaves: one that is named, else the last.
fn leaving(shard: &Shard, named: &[&str]) -> Option<usize> {
    let is_replica = |member: &String| *member != shard.primary;
    let is_meant = |member: &String| is_replica(member) && named.contains(&member.as_str());
    shard.members.iter().position(is_meant).or_else(|| shard.members.iter().rposition(is_replica))
}

fn changed(scene: &mut Scene<'_>, name: &str, mut group: ReplicationGroup) -> Answer {
    group.status = Status::Modifying;
    replication::snapshot_from(&mut group);
    let tree = show::group(scene, name, &group);
    replication::put(scene, name, group);
    scene.later(scene.settings.durations.cache_change, become_available, name);
    Ok(object! { "ReplicationGroup" => tree })
}

fn fail_over(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, mut group) = changing(scene, input)?;
    let id = input.need("NodeGroupId")?;
    if !group.failover {
        return Err(combination("Automatic failover is not enabled."));
    }
    let absent = || Refusal::new("NodeGroupNotFoundFault", format!("Node group {id} not found.")).status(404);
    let shard = group.shards.iter_mut().find(|shard| shard.id == id).ok_or_else(absent)?;
    let next = shard.members.iter().find(|member| **member != shard.primary).cloned();
    shard.primary = next.ok_or_else(|| combination("There is no replica to fail over to."))?;
    changed(scene, &name, group)
}
