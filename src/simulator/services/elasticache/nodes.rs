//! More and fewer replicas and shards of a replication group, and failing over.

use super::cluster;
use super::group::{ReplicationGroup, Shard, find_available};
use super::refusals::{combination, group_state};
use super::subnet_groups;
use super::{create, life, listing};
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

/// Replicas and shards.
pub(super) const ACTIONS: &[Action] = &[
    action("DecreaseReplicaCount", decrease),
    action("IncreaseReplicaCount", increase),
    action("ModifyReplicationGroupShardConfiguration", reshard),
    action("TestFailover", fail_over),
];

/// As many replicas as a shard may have.
pub(super) const MOST: i64 = 5;

/// The group that a call is about, which has to change at once.
fn wanted(scene: &Scene<'_>, input: &Input) -> Result<(String, ReplicationGroup), Refusal> {
    let found = find_available(scene, input.need("ReplicationGroupId")?)?;
    match input.flag("ApplyImmediately") {
        None => Err(missing("ApplyImmediately")),
        Some(false) => {
            Err(invalid("ApplyImmediately must be true: this change cannot wait for the maintenance window."))
        }
        Some(true) => Ok(found),
    }
}

/// How many replicas each shard is to have; `None` for those that stay as they are.
fn counts(input: &Input, group: &ReplicationGroup) -> Result<Vec<Option<i64>>, Refusal> {
    let count = input.ranged("NewReplicaCount", (0, MOST))?;
    let configured = input.list("ReplicaConfiguration");
    if count.is_some() != configured.is_empty() {
        return Err(combination("Exactly one of NewReplicaCount and ReplicaConfiguration must be specified."));
    }
    let mut counts = vec![count; group.shards.len()];
    for entry in configured {
        entry.pass_over("PreferredAvailabilityZones");
        let id = entry.need("NodeGroupId")?;
        let wanted = entry.ranged("NewReplicaCount", (0, MOST))?;
        let at = group.shards.iter().position(|shard| shard.id == id).ok_or_else(|| no_shard(id))?;
        if let Some(count) = counts.get_mut(at) {
            *count = wanted;
        }
    }
    Ok(counts)
}

fn no_shard(id: &str) -> Refusal {
    Refusal::new("NodeGroupNotFoundFault", format!("Node group {id} not found.")).status(404)
}

fn nothing(words: &str) -> Refusal {
    Refusal::new("NoOperationFault", words)
}

fn increase(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, mut group) = wanted(scene, input)?;
    let counts = counts(input, &group)?;
    let has_cluster_mode = group.has_cluster_mode();
    let mut is_more = false;
    for (shard, count) in group.shards.iter_mut().zip(counts) {
        let there = i64::try_from(shard.members.len()).unwrap_or(i64::MAX) - 1;
        let Some(count) = count.filter(|count| *count != there) else { continue };
        if count < there {
            return Err(combination(format!("New replica count {count} is smaller than the current one, {there}.")));
        }
        is_more = true;
        let mut number = 1;
        while i64::try_from(shard.members.len()).is_ok_and(|members| members <= count) {
            let name = create::member_name(&id, has_cluster_mode, &shard.id, number);
            if !shard.members.contains(&name) {
                shard.members.push(name);
            }
            number += 1;
        }
    }
    Scene::ensure(is_more, || nothing("The replication group has as many replicas already."))?;
    grow(scene, &id, group)
}

/// Makes the clusters that a group has more than before, over the zones of its subnets.
fn grow(scene: &mut Scene<'_>, id: &str, group: ReplicationGroup) -> Answer {
    let zones = zones(scene, &group);
    create::populate(scene, &group, id, &zones)?;
    put(scene, id, group);
    Ok(create::answer(scene, id))
}

/// The zones of a group's subnets, from that of the primary on.
pub(super) fn zones(scene: &Scene<'_>, group: &ReplicationGroup) -> Vec<String> {
    let subnets = scene.here.elasticache.subnet_groups.get(&group.subnet_group).cloned().unwrap_or_default();
    let mut zones = subnet_groups::zones(scene, &subnets);
    let first = group.shards.first().and_then(|shard| scene.here.elasticache.clusters.get(&shard.primary));
    let first = first.and_then(|cluster| cluster.nodes.first()).map(|node| node.zone.clone());
    let at = zones.iter().position(|zone| Some(zone) == first.as_ref()).unwrap_or(0);
    zones.rotate_left(at);
    zones
}

/// Puts a group with other members in the place of the old one, and has it change.
pub(super) fn put(scene: &mut Scene<'_>, id: &str, group: ReplicationGroup) {
    if let Some(there) = scene.here.elasticache.replication_groups.get_mut(id) {
        *there = group;
    }
    life::begin(scene, id);
}

fn decrease(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, mut group) = wanted(scene, input)?;
    let named: Vec<String> = input.texts("ReplicasToRemove").into_iter().map(listing::name).collect();
    let counts = if named.is_empty() { counts(input, &group)? } else { vec![None; group.shards.len()] };
    let least = usize::from(group.multi_az || (group.fails_over && !group.has_cluster_mode()));
    let mut leaving = Vec::new();
    for (shard, count) in group.shards.iter_mut().zip(counts) {
        let there = shard.members.len() - 1;
        let (primary, before) = (shard.primary.clone(), shard.members.clone());
        match count.and_then(|count| usize::try_from(count).ok()) {
            Some(count) if count > there => {
                return Err(combination(format!(
                    "New replica count {count} is greater than the current one, {there}."
                )));
            }
            Some(count) => shrink(shard, count),
            None => shard.members.retain(|member| !named.contains(member) || *member == primary),
        }
        if shard.members.len() <= least && before.len() != shard.members.len() {
            return Err(combination("Automatic failover and Multi-AZ need at least one replica in each shard."));
        }
        leaving.extend(before.into_iter().filter(|member| !shard.members.contains(member)));
    }
    Scene::ensure(!leaving.is_empty(), || nothing("The replication group has as few replicas already."))?;
    leave(scene, &id, group, &leaving)
}

/// Takes away the last replicas of a shard.
fn shrink(shard: &mut Shard, replicas: usize) {
    while shard.members.len() > replicas + 1 {
        let Some(at) = shard.members.iter().rposition(|member| *member != shard.primary) else { return };
        shard.members.remove(at);
    }
}

/// Has these clusters leave a group.
pub(super) fn leave(scene: &mut Scene<'_>, id: &str, mut group: ReplicationGroup, leaving: &[String]) -> Answer {
    let members = group.members();
    group.snapshotting = group.snapshotting.filter(|member| members.contains(member));
    if group.snapshot_days > 0 && !group.has_cluster_mode() && group.snapshotting.is_none() {
        group.snapshotting = members.last().cloned();
    }
    put(scene, id, group);
    for member in leaving {
        cluster::turn(scene, member, "deleting", None);
    }
    Ok(create::answer(scene, id))
}

fn reshard(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, mut group) = wanted(scene, input)?;
    input.pass_over("ReshardingConfiguration");
    if !group.has_cluster_mode() {
        return Err(combination("Shards can be changed only with cluster mode enabled."));
    }
    let wanted = input.ranged("NodeGroupCount", (1, create::MOST_SHARDS))?;
    let wanted = usize::try_from(wanted.ok_or_else(|| missing("NodeGroupCount"))?).unwrap_or(1);
    let there = group.shards.len();
    let before = group.members();
    if wanted == there {
        return Err(nothing("The replication group has as many node groups already."));
    }
    if wanted < there {
        let (going, staying) = (input.texts("NodeGroupsToRemove"), input.texts("NodeGroupsToRetain"));
        if going.is_empty() == staying.is_empty() {
            return Err(combination("Exactly one of NodeGroupsToRemove and NodeGroupsToRetain must be specified."));
        }
        group.shards.retain(|shard| {
            let id = shard.id.as_str();
            if going.is_empty() { staying.contains(&id) } else { !going.contains(&id) }
        });
        if group.shards.len() != wanted {
            return Err(combination("The node groups named do not leave as many as NodeGroupCount says."));
        }
    }
    let members = group.shards.first().map_or(1, |shard| shard.members.len());
    let mut number = 1;
    while group.shards.len() < wanted {
        let shard = format!("{number:04}");
        if !group.shards.iter().any(|there| there.id == shard) {
            let names = (1..=members).filter_map(|member| i64::try_from(member).ok());
            let names: Vec<String> = names.map(|member| create::member_name(&id, true, &shard, member)).collect();
            let primary = names.first().cloned().unwrap_or_default();
            group.shards.push(Shard { id: shard, slots: None, members: names, primary });
        }
        number += 1;
    }
    let count = group.shards.len();
    for (number, shard) in group.shards.iter_mut().enumerate() {
        shard.slots = Some(create::slots(number, count));
    }
    let after = group.members();
    let leaving: Vec<String> = before.into_iter().filter(|member| !after.contains(member)).collect();
    if leaving.is_empty() { grow(scene, &id, group) } else { leave(scene, &id, group, &leaving) }
}

fn fail_over(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, mut group) = find_available(scene, input.need("ReplicationGroupId")?)?;
    let shard = input.need("NodeGroupId")?;
    let Some(shard) = group.shards.iter_mut().find(|there| there.id == shard) else { return Err(no_shard(shard)) };
    if !group.fails_over {
        return Err(group_state(format!("Automatic failover is not enabled for replication group {id}.")));
    }
    let next = shard.members.iter().find(|member| **member != shard.primary).cloned();
    let next = next.ok_or_else(|| group_state("The node group has no replica."))?;
    group.under_way.primary = Some(next);
    put(scene, &id, group);
    Ok(create::answer(scene, &id))
}
