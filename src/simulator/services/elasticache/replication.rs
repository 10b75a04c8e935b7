//! Replication groups: a primary with its replicas, or several of them in cluster mode.

use serde::Serialize;

use super::super::super::clock::Moment;
use super::super::super::input::{Input, invalid};
use super::super::super::output::{named, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::super::ec2::interfaces;
use super::clusters::{self, Choice, Cluster};
use super::{Status, combination, engines, name, page, parameters, show, snapshots};

/// What can be done with replication groups, besides changing how many members they have.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateReplicationGroup", create),
    action("DeleteReplicationGroup", delete),
    action("DescribeReplicationGroups", describe),
    action("ModifyReplicationGroup", modify),
];

/// A replication group.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ReplicationGroup {
    pub(super) status: Status,
    pub(super) description: String,
    pub(super) engine: String,
    pub(super) version: String,
    pub(super) node_type: String,
    pub(super) shards: Vec<Shard>,
    pub(super) port: u16,
    pub(super) failover: bool,
    pub(super) multi_az: bool,
    pub(super) cluster_mode: bool,
    pub(super) in_transit: bool,
    pub(super) at_rest: bool,
    pub(super) auth_token: bool,
    pub(super) snapshot_days: i64,
    pub(super) snapshot_window: String,
    pub(super) snapshotting: Option<String>,
    pub(super) minor_upgrades: bool,
    pub(super) made: Moment,
    pub(super) tags: Tags,
}

/// A node group: a primary and its replicas.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Shard {
    pub(super) id: String,
    pub(super) members: Vec<String>,
    pub(super) primary: String,
    pub(super) slots: String,
}

pub(super) fn absent(name: &str) -> Refusal {
    Refusal::new("ReplicationGroupNotFoundFault", format!("ReplicationGroup {name} not found.")).status(404)
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name(input, "ReplicationGroupId", 40)?;
    let description = input.need("ReplicationGroupDescription")?.to_owned();
    let tags = Tags::read(input, "Tags")?;
    let engine = input.text_or("Engine", "redis");
    if engine == "memcached" {
        return Err(invalid("Replication groups are of Redis or Valkey."));
    }
    let (shards, each, cluster_mode) = size(input)?;
    let choice = clusters::choose(scene, input, &engine, cluster_mode)?;
    if scene.here.elasticache.replication_groups.has(&name) {
        let words = format!("Replication group {name} already exists.");
        return Err(Refusal::new("ReplicationGroupAlreadyExists", words));
    }
    let mut group = ReplicationGroup {
        status: Status::Creating,
        description,
        engine,
        version: choice.version.version.to_owned(),
        node_type: choice.node_type.clone(),
        shards: Vec::new(),
        port: choice.port,
        failover: input.flag("AutomaticFailoverEnabled").unwrap_or(cluster_mode),
        multi_az: input.flag("MultiAZEnabled").unwrap_or(false),
        cluster_mode,
        in_transit: input.flag("TransitEncryptionEnabled").unwrap_or(false),
        at_rest: input.flag("AtRestEncryptionEnabled").unwrap_or(false),
        auth_token: check_token(input)?,
        snapshot_days: input.whole("SnapshotRetentionLimit")?.unwrap_or_default(),
        snapshot_window: input.text_or("SnapshotWindow", "03:00-04:00"),
        snapshotting: None,
        minor_upgrades: input.flag("AutoMinorVersionUpgrade").unwrap_or(true),
        made: scene.now,
        tags,
    };
    check(&group, each)?;
    populate(scene, &mut group, &name, &choice, (shards, each))?;
    snapshot_from(&mut group);
    let tree = show::group(scene, &name, &group);
    let visible = scene.fresh();
    scene.here.elasticache.replication_groups.put(&name, group, visible);
    scene.later(scene.settings.durations.cache, become_available, &name);
    Ok(object! { "ReplicationGroup" => tree })
}

/// How many node groups, how many nodes in each, and whether that is cluster mode.
fn size(input: &Input) -> Result<(usize, usize, bool), Refusal> {
    let count = |name: &str, most: i64| match input.whole(name)? {
        Some(count) if !(1..=most).contains(&count) => Err(invalid(format!("{name} must be between 1 and {most}."))),
        count => Ok(count.and_then(|count| usize::try_from(count).ok())),
    };
    let replicas = input.whole("ReplicasPerNodeGroup")?;
    if replicas.is_some_and(|replicas| !(0..=5).contains(&replicas)) {
        return Err(invalid("ReplicasPerNodeGroup must be between 0 and 5."));
    }
    let (clusters, shards) = (count("NumCacheClusters", 6)?, count("NumNodeGroups", 500)?);
    let cluster_mode = shards.is_some_and(|shards| shards > 1) || input.text("ClusterMode") == Some("enabled");
    if clusters.is_some() && (shards.is_some_and(|shards| shards > 1) || replicas.is_some()) {
        return Err(combination("NumCacheClusters cannot be used with NumNodeGroups or ReplicasPerNodeGroup."));
    }
    let replicas = replicas.and_then(|replicas| usize::try_from(replicas).ok());
    let each = clusters.unwrap_or(replicas.unwrap_or_default() + 1);
    Ok((shards.unwrap_or(1), each, cluster_mode))
}

/// Passwords need encryption in transit, and have from 16 to 128 characters
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html>).
fn check_token(input: &Input) -> Result<bool, Refusal> {
    let Some(token) = input.text("AuthToken") else { return Ok(false) };
    if input.flag("TransitEncryptionEnabled") == Some(false) {
        return Err(combination("AuthToken is supported only when encryption-in-transit is enabled."));
    }
    let is_fine = (16..=128).contains(&token.chars().count()) && !token.contains(['@', '"', '/', ' ']);
    if is_fine { Ok(true) } else { Err(invalid("Invalid AuthToken provided.")) }
}

/// What holds for every group.
fn check(group: &ReplicationGroup, each: usize) -> Result<(), Refusal> {
    if group.failover && each < 2 && !group.cluster_mode {
        return Err(combination("Automatic failover is not supported for replication groups without replicas."));
    }
    if group.multi_az && (!group.failover || each < 2) {
        return Err(combination("Multi-AZ needs automatic failover, and at least one replica."));
    }
    if !(0..=35).contains(&group.snapshot_days) {
        return Err(invalid("SnapshotRetentionLimit must be between 0 and 35."));
    }
    Ok(())
}

fn populate(
    scene: &mut Scene<'_>,
    group: &mut ReplicationGroup,
    name: &str,
    choice: &Choice,
    (shards, each): (usize, usize),
) -> Result<(), Refusal> {
    let slots = 16384 / shards;
    for shard in 0..shards {
        let id = format!("{:04}", shard + 1);
        let last = if shard + 1 == shards { 16383 } else { (shard + 1) * slots - 1 };
        let mut made =
            Shard { id, members: Vec::new(), primary: String::new(), slots: format!("{}-{last}", shard * slots) };
        for turn in 0..each {
            let like = member(scene, group, choice, name);
            let added = add_member(scene, group.cluster_mode, name, &mut made, like, turn)?;
            if turn == 0 {
                made.primary = added;
            }
        }
        group.shards.push(made);
    }
    Ok(())
}

fn member(scene: &mut Scene<'_>, group: &ReplicationGroup, choice: &Choice, name: &str) -> Cluster {
    let mut cluster = choice.cluster(scene, group.tags.clone());
    cluster.member_of = Some(name.to_owned());
    (cluster.in_transit, cluster.at_rest, cluster.auth_token) = (group.in_transit, group.at_rest, group.auth_token);
    cluster.snapshot_days = group.snapshot_days;
    cluster.minor_upgrades = group.minor_upgrades;
    cluster
}

/// Adds a member to a shard; answers its name: `group-001`, in cluster mode `group-0001-001`.
pub(super) fn add_member(
    scene: &mut Scene<'_>,
    cluster_mode: bool,
    group: &str,
    shard: &mut Shard,
    mut like: Cluster,
    turn: usize,
) -> Result<String, Refusal> {
    let prefix = if cluster_mode { format!("{group}-{}", shard.id) } else { group.to_owned() };
    let free = (1..1000).map(|number| format!("{prefix}-{number:03}")).find(|name| !shard.members.contains(name));
    let name = free.ok_or_else(|| combination("There are too many members."))?;
    like.nodes.clear();
    like.status = Status::Creating;
    clusters::add_node(scene, &mut like, &name, turn)?;
    let visible = scene.now;
    scene.here.elasticache.clusters.put(&name, like, visible);
    shard.members.push(name.clone());
    Ok(name)
}

/// Snapshots are taken of the last member, which is a replica where there is one.
pub(super) fn snapshot_from(group: &mut ReplicationGroup) {
    let last = group.shards.first().and_then(|shard| shard.members.last()).cloned();
    group.snapshotting = last.filter(|_| group.snapshot_days > 0);
}

/// A group and all its members are ready.
pub(super) fn become_available(scene: &mut Scene<'_>, name: &str) {
    let elasticache = &mut scene.here.elasticache;
    let Some(group) = elasticache.replication_groups.get_mut(name) else { return };
    if group.status == Status::Deleting {
        return;
    }
    group.status = Status::Available;
    for member in group.shards.iter().flat_map(|shard| &shard.members) {
        if let Some(cluster) = elasticache.clusters.get_mut(member) {
            cluster.status = Status::Available;
        }
    }
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = page(input)?;
    let wanted = input.text("ReplicationGroupId").map(str::to_ascii_lowercase);
    let groups = scene.here.elasticache.replication_groups.visible(scene.sight);
    let found = groups.filter(|(name, _)| wanted.as_deref().is_none_or(|wanted| wanted == *name));
    let found: Vec<_> = found.map(|(name, group)| (name.to_owned(), show::group(scene, name, group))).collect();
    match wanted {
        Some(wanted) if found.is_empty() => Err(absent(&wanted)),
        _ => {
            let (groups, marker) = page.cut(found);
            Ok(object! { "ReplicationGroups" => named("ReplicationGroup", groups), "Marker" => marker })
        }
    }
}

/// The group that a request is to change, which is available.
pub(super) fn changing(scene: &Scene<'_>, input: &Input) -> Result<(String, ReplicationGroup), Refusal> {
    let name = input.need("ReplicationGroupId")?.to_ascii_lowercase();
    let groups = &scene.here.elasticache.replication_groups;
    let group = groups.seen(&name, scene.sight).ok_or_else(|| absent(&name))?;
    if group.status != Status::Available {
        let words = format!("Replication group {name} is not in available state.");
        return Err(Refusal::new("InvalidReplicationGroupState", words));
    }
    Ok((name, group.clone()))
}

/// Changes what is asked for, at once: that a change could wait for the window is not modelled.
fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, mut group) = changing(scene, input)?;
    input.pass_over("ApplyImmediately");
    let before = format!("{group:?}");
    if let Some(description) = input.text("ReplicationGroupDescription") {
        description.clone_into(&mut group.description);
    }
    if let Some(text) = input.text("CacheNodeType") {
        group.node_type = clusters::node_type(text)?;
    }
    if input.has("EngineVersion") || input.has("Engine") {
        let engine = input.text_or("Engine", &group.engine);
        let version = engines::find(&engine, input.text("EngineVersion"))?;
        (group.engine, group.version) = (engine, version.version.to_owned());
    }
    group.failover = input.flag("AutomaticFailoverEnabled").unwrap_or(group.failover);
    group.multi_az = input.flag("MultiAZEnabled").unwrap_or(group.multi_az);
    group.minor_upgrades = input.flag("AutoMinorVersionUpgrade").unwrap_or(group.minor_upgrades);
    group.snapshot_days = input.whole("SnapshotRetentionLimit")?.unwrap_or(group.snapshot_days);
    group.snapshot_window = input.text_or("SnapshotWindow", &group.snapshot_window);
    if input.has("AuthToken") {
        if !group.in_transit {
            return Err(combination("AuthToken is supported only when encryption-in-transit is enabled."));
        }
        group.auth_token = check_token(input)?;
        input.pass_over("AuthTokenUpdateStrategy");
    }
    check(&group, group.shards.first().map_or(0, |shard| shard.members.len()))?;
    match input.text("SnapshottingClusterId") {
        Some(member) => group.snapshotting = Some(member.to_owned()),
        None => snapshot_from(&mut group),
    }
    let members = change_members(scene, input, &group)?;
    if before == format!("{group:?}") && !members && !input.has("AuthToken") {
        return Err(combination("No modifications were requested"));
    }
    group.status = Status::Modifying;
    let tree = show::group(scene, &name, &group);
    put(scene, &name, group);
    scene.later(scene.settings.durations.cache_change, become_available, &name);
    Ok(object! { "ReplicationGroup" => tree })
}

/// Puts a changed group in the place of the old one.
pub(super) fn put(scene: &mut Scene<'_>, name: &str, group: ReplicationGroup) {
    if let Some(kept) = scene.here.elasticache.replication_groups.get_mut(name) {
        *kept = group;
    }
}

/// Gives the members what they have in common with their group, and what a request wants of them. Answers whether it wanted anything.
fn change_members(scene: &mut Scene<'_>, input: &Input, group: &ReplicationGroup) -> Result<bool, Refusal> {
    let groups = if input.has("SecurityGroupIds") { Some(clusters::security_groups(scene, input)?) } else { None };
    let parameters = input.text("CacheParameterGroupName").map(str::to_ascii_lowercase);
    let family = engines::find(&group.engine, Some(&group.version))?.family;
    if let Some(name) = &parameters {
        parameters::check(scene, name, family)?;
    }
    let mut wired = Vec::new();
    for member in group.shards.iter().flat_map(|shard| &shard.members) {
        let Some(cluster) = scene.here.elasticache.clusters.get_mut(member) else { continue };
        cluster.node_type.clone_from(&group.node_type);
        (cluster.engine, cluster.version) = (group.engine.clone(), group.version.clone());
        (cluster.snapshot_days, cluster.auth_token) = (group.snapshot_days, group.auth_token);
        cluster.status = Status::Modifying;
        if let Some(name) = &parameters {
            cluster.parameter_group.clone_from(name);
        }
        if let Some(groups) = &groups {
            cluster.security_groups.clone_from(groups);
            wired.extend(cluster.nodes.iter().filter_map(|node| node.interface.clone()));
        }
    }
    for interface in wired {
        interfaces::set_groups(scene, &interface, groups.as_deref().unwrap_or_default());
    }
    Ok(parameters.is_some() || groups.is_some())
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, mut group) = changing(scene, input)?;
    if input.flag("RetainPrimaryCluster") == Some(true) {
        return Err(combination("Retaining the primary cluster is not supported by the simulator."));
    }
    if let Some(last) = input.text("FinalSnapshotIdentifier") {
        snapshots::take(scene, &last.to_ascii_lowercase(), &name, &group)?;
    }
    group.status = Status::Deleting;
    for member in group.shards.iter().flat_map(|shard| &shard.members) {
        if let Some(cluster) = scene.here.elasticache.clusters.get_mut(member) {
            cluster.status = Status::Deleting;
        }
    }
    let tree = show::group(scene, &name, &group);
    put(scene, &name, group);
    scene.later(scene.settings.durations.cache_delete, vanish, &name);
    Ok(object! { "ReplicationGroup" => tree })
}

/// A group is gone, with all its members.
fn vanish(scene: &mut Scene<'_>, name: &str) {
    let Some(group) = scene.here.elasticache.replication_groups.remove(name) else { return };
    for member in group.shards.iter().flat_map(|shard| &shard.members) {
        clusters::vanish(scene, member);
    }
}
