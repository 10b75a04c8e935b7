//! `CreateReplicationGroup`.

use super::cluster::{Cluster, Node};
use super::engines::{self, Version};
use super::group::{ReplicationGroup, Shard, turn};
use super::network::Site;
use super::refusals::{combination, no_snapshot};
use super::{life, listing, network, parameter_groups, requests, show};
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::iam;
use crate::simulator::services::rds::windows;
use crate::simulator::tags::Tags;

/// Making replication groups.
pub(super) const ACTIONS: &[Action] = &[action("CreateReplicationGroup", create)];

/// As many shards as a group may have without asking (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/quota-limits.html>).
pub(super) const MOST_SHARDS: i64 = 90;

/// How many slots there are to be shared out among shards.
const SLOTS: usize = 16_384;

/// How many shards there are, and how many clusters in each.
#[derive(Clone, Copy)]
struct Form {
    shards: i64,
    members: i64,
    has_cluster_mode: bool,
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = listing::identifier(input, "ReplicationGroupId", 40)?;
    let description = input.need("ReplicationGroupDescription")?.to_owned();
    if scene.here.elasticache.replication_groups.has(&id) {
        let words = format!("Replication group {id} already exists");
        return Err(Refusal::new("ReplicationGroupAlreadyExists", words));
    }
    let version = version(input)?;
    let node = node(input)?;
    let (form, parameter_group) = form(scene, input, version)?;
    let tags = Tags::read(input, "Tags")?;
    let (fails_over, multi_az) = failover(input, form)?;
    check_source(scene, input)?;
    let site = network::site(scene, input)?;
    if multi_az && site.zones.len() < 2 {
        return Err(combination("Multi-AZ requires subnets in at least two Availability Zones."));
    }
    let mut group = ReplicationGroup {
        description,
        engine: version.engine,
        version: version.full,
        node,
        cluster_mode: if form.has_cluster_mode { "enabled" } else { "disabled" },
        fails_over,
        multi_az,
        parameter_group,
        port: input.ranged("Port", (1, 65_535))?.unwrap_or(6379),
        tags,
        ..encrypted(scene, input, version)?
    };
    times(scene, input, &mut group)?;
    (group.subnet_group, group.vpc) = (site.subnet_group.clone(), site.vpc.clone());
    group.security_groups.clone_from(&site.security_groups);
    group.shards = shards(&id, form);
    let zones = zones(scene, input, &site, form)?;
    populate(scene, &group, &id, &zones)?;
    Ok(open(scene, &id, group))
}

fn version(input: &Input) -> Result<Version, Refusal> {
    let engine = input.text("Engine").map_or_else(|| "redis".to_owned(), str::to_ascii_lowercase);
    if engine == "memcached" {
        return Err(invalid("Invalid parameter value: memcached for parameter Engine"));
    }
    engines::find(&engine, input.text("EngineVersion"))
}

fn node(input: &Input) -> Result<String, Refusal> {
    let node = input.text("CacheNodeType").ok_or_else(|| combination("CacheNodeType must be specified."))?;
    engines::check_node(node).map(|()| node.to_owned())
}

/// How many shards and members are wanted, and with which parameter group, which decides about cluster mode.
fn form(scene: &Scene<'_>, input: &Input, version: Version) -> Result<(Form, String), Refusal> {
    let configured = input.list("NodeGroupConfiguration");
    let listed = i64::try_from(configured.len()).ok().filter(|listed| *listed > 0);
    let shards = input.ranged("NumNodeGroups", (1, MOST_SHARDS))?.or(listed);
    let replicas = input.ranged("ReplicasPerNodeGroup", (0, 5))?;
    let count = input.ranged("NumCacheClusters", (1, 6))?;
    let own = requests::parameter_group(scene, input, version)?;
    let mode = input.text("ClusterMode");
    let by_group = own.as_ref().map(|name| parameter_groups::has_cluster_mode(scene, name));
    let has_cluster_mode = by_group.unwrap_or(shards.is_some_and(|shards| shards > 1) || mode == Some("enabled"));
    if !has_cluster_mode && shards.is_some_and(|shards| shards > 1) {
        return Err(combination(
            "Cannot have more than one node group with a parameter group that has cluster mode disabled.",
        ));
    }
    if count.is_some() && (replicas.is_some() || shards.is_some_and(|shards| shards > 1)) {
        return Err(combination("Cannot specify both NumCacheClusters and NumNodeGroups or ReplicasPerNodeGroup."));
    }
    let first = configured.first().map(|shard| shard.whole("ReplicaCount")).transpose()?.flatten();
    let members = count.or(replicas.or(first).map(|replicas| replicas + 1)).unwrap_or(1);
    let group = own.unwrap_or_else(|| version.parameter_group(has_cluster_mode));
    Ok((Form { shards: shards.unwrap_or(1), members, has_cluster_mode }, group))
}

/// Whether a replica takes over, and whether it stands in another zone. It needs to be there
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html>).
fn failover(input: &Input, form: Form) -> Result<(bool, bool), Refusal> {
    let fails_over = input.flag("AutomaticFailoverEnabled").unwrap_or(false);
    let multi_az = input.flag("MultiAZEnabled").unwrap_or(false);
    if form.has_cluster_mode && !fails_over {
        return Err(invalid("Redis with cluster mode enabled cannot be created with auto failover turned off."));
    }
    if fails_over && !form.has_cluster_mode && form.members < 2 {
        return Err(combination(
            "Automatic failover is not supported for replication groups with less than two cache clusters.",
        ));
    }
    if multi_az && (!fails_over || form.members < 2) {
        return Err(combination("Multi-AZ requires automatic failover and at least one replica."));
    }
    Ok((fails_over, multi_az))
}

fn check_source(scene: &Scene<'_>, input: &Input) -> Result<(), Refusal> {
    input.pass_over("SnapshotArns");
    let Some(name) = input.text("SnapshotName").map(listing::name) else { return Ok(()) };
    let is_there = scene.here.elasticache.snapshots.seen(&name, scene.sight).is_some();
    Scene::ensure(is_there, || no_snapshot(&name))
}

/// A group of which no more is known than how it is encrypted and who gets in.
fn encrypted(scene: &mut Scene<'_>, input: &Input, version: Version) -> Result<ReplicationGroup, Refusal> {
    let in_transit = input.flag("TransitEncryptionEnabled").unwrap_or(false);
    let mode = input.text("TransitEncryptionMode");
    // "Default: true when using Valkey, false when using Redis OSS".
    let at_rest = input.flag("AtRestEncryptionEnabled").unwrap_or(version.engine == "valkey");
    let key = input.text("KmsKeyId").map(str::to_owned);
    if key.is_some() && !at_rest {
        return Err(combination("A KMS key can be specified only if encryption at rest is enabled."));
    }
    if mode.is_some() && !in_transit {
        return Err(combination("TransitEncryptionMode can be specified only if encryption in transit is enabled."));
    }
    let user_groups: Vec<String> = input.texts("UserGroupIds").into_iter().map(str::to_owned).collect();
    if let Some(password) = input.text("AuthToken") {
        if !in_transit {
            return Err(combination("AuthToken can be specified only if encryption in transit is enabled."));
        }
        if !user_groups.is_empty() {
            return Err(combination("AuthToken and UserGroupIds cannot be specified together."));
        }
        requests::password(password)?;
    }
    Ok(ReplicationGroup {
        uid: scene.dice.hex(8),
        in_transit,
        transit_mode: in_transit.then(|| mode.unwrap_or("required").to_owned()),
        at_rest,
        key,
        password: input.has("AuthToken").then_some(scene.now),
        user_groups,
        ..ReplicationGroup::default()
    })
}

/// When snapshots are taken and changes made.
fn times(scene: &mut Scene<'_>, input: &Input, group: &mut ReplicationGroup) -> Result<(), Refusal> {
    input.pass_over("NotificationTopicArn");
    input.pass_over("NetworkType");
    input.pass_over("IpDiscovery");
    input.pass_over("LogDeliveryConfigurations");
    let window = windows::maintenance(input)?;
    let snapshot = requests::snapshot_window(input)?;
    group.window = window.unwrap_or_else(|| windows::draw_weekly(scene.dice, 60));
    group.snapshot_window = snapshot.unwrap_or_else(|| windows::draw_daily(scene.dice, 60));
    group.snapshot_days = requests::snapshot_days(input)?.unwrap_or(0);
    group.minor_upgrades = input.flag("AutoMinorVersionUpgrade").unwrap_or(true);
    group.begun = scene.now;
    Ok(())
}

fn shards(id: &str, form: Form) -> Vec<Shard> {
    let count = usize::try_from(form.shards).unwrap_or(1);
    let shard = |number: usize| {
        let shard = format!("{:04}", number + 1);
        let members: Vec<String> =
            (1..=form.members).map(|member| member_name(id, form.has_cluster_mode, &shard, member)).collect();
        let primary = members.first().cloned().unwrap_or_default();
        let slots = form.has_cluster_mode.then(|| slots(number, count));
        Shard { id: shard, slots, members, primary }
    };
    (0..count).map(shard).collect()
}

/// The name of a member: that of the group, its shard's if there are several, and its own number.
pub(super) fn member_name(id: &str, has_cluster_mode: bool, shard: &str, member: i64) -> String {
    if has_cluster_mode { format!("{id}-{shard}-{member:03}") } else { format!("{id}-{member:03}") }
}

/// The slots of a shard among so many.
pub(super) fn slots(number: usize, count: usize) -> String {
    let edge = |number: usize| number * SLOTS / count.max(1);
    format!("{}-{}", edge(number), edge(number + 1).saturating_sub(1))
}

/// In which zone each member of a shard is to stand.
fn zones(scene: &mut Scene<'_>, input: &Input, site: &Site, form: Form) -> Result<Vec<String>, Refusal> {
    for shard in input.list("NodeGroupConfiguration") {
        shard.pass_over("NodeGroupId");
        shard.pass_over("Slots");
        shard.pass_over("PrimaryAvailabilityZone");
        shard.pass_over("ReplicaAvailabilityZones");
    }
    let wanted: Vec<String> = input.texts("PreferredCacheClusterAZs").into_iter().map(str::to_owned).collect();
    if wanted.is_empty() {
        let mut zones = site.zones.clone();
        let first = scene.dice.index(zones.len());
        zones.rotate_left(first);
        return Ok(zones);
    }
    if i64::try_from(wanted.len()) != Ok(form.members * form.shards) {
        return Err(combination("The number of PreferredCacheClusterAZs must be the number of cache clusters."));
    }
    match wanted.iter().find(|zone| !site.zones.contains(zone)) {
        Some(odd) => Err(invalid(format!("{odd} is not a zone of the cache subnet group."))),
        None => Ok(wanted),
    }
}

/// Makes the clusters of a group that are not there yet, over the zones. If one cannot be made, none is.
pub(super) fn populate(
    scene: &mut Scene<'_>,
    group: &ReplicationGroup,
    id: &str,
    zones: &[String],
) -> Result<(), Refusal> {
    let mut made: Vec<(String, Cluster)> = Vec::new();
    for shard in &group.shards {
        for (number, name) in shard.members.iter().enumerate() {
            if scene.here.elasticache.clusters.has(name) {
                continue;
            }
            let zone = zones.get(number % zones.len().max(1)).cloned().unwrap_or_default();
            let mut cluster = member(scene, group, id, zone);
            if let Err(refusal) = network::attach(scene, name, &mut cluster) {
                let nodes = made.iter().flat_map(|(_, cluster)| cluster.nodes.iter());
                nodes.for_each(|node| network::detach(scene, node));
                return Err(refusal);
            }
            made.push((name.clone(), cluster));
        }
    }
    for (name, cluster) in made {
        let visible = scene.fresh();
        scene.here.elasticache.clusters.put(name, cluster, visible);
    }
    Ok(())
}

fn member(scene: &mut Scene<'_>, group: &ReplicationGroup, id: &str, zone: String) -> Cluster {
    let mut cluster = Cluster {
        uid: scene.dice.hex(8),
        status: "creating",
        engine: group.engine,
        version: group.version,
        node: group.node.clone(),
        nodes: vec![Node { id: "0001".to_owned(), zone, interface: None, status: "creating" }],
        subnet_group: group.subnet_group.clone(),
        vpc: group.vpc.clone(),
        security_groups: group.security_groups.clone(),
        parameter_group: group.parameter_group.clone(),
        parameters: "in-sync",
        port: group.port,
        group: Some(id.to_owned()),
        in_transit: group.in_transit,
        at_rest: group.at_rest,
        password: group.password,
        // "When you add or remove tags on replication groups, those actions are replicated to all nodes"
        // (<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_AddTagsToResource.html>).
        tags: group.tags.clone(),
        ..Cluster::default()
    };
    group.share(&mut cluster);
    cluster
}

fn open(scene: &mut Scene<'_>, id: &str, mut group: ReplicationGroup) -> Tree {
    iam::service_role(scene, "elasticache.amazonaws.com");
    let members = group.members();
    group.snapshotting = members.last().cloned().filter(|_| group.snapshot_days > 0 && !group.has_cluster_mode());
    let visible = scene.fresh();
    scene.here.elasticache.replication_groups.put(id, group, visible);
    // The members are there a little before the group.
    let whole = scene.settings.durations.cache;
    for member in members {
        super::cluster::turn(scene, &member, "creating", Some((whole * 9 / 10, life::cluster_created)));
    }
    turn(scene, id, "creating", Some((whole, life::group_created)));
    answer(scene, id)
}

/// A group as it is now, as answers have it.
pub(super) fn answer(scene: &Scene<'_>, id: &str) -> Tree {
    let group = scene.here.elasticache.replication_groups.get(id);
    object! { "ReplicationGroup" => group.map(|group| show::group(scene, id, group)) }
}
