//! Clusters: Memcached, and Redis or Valkey without replicas. The members of replication groups are clusters, too.

use serde::Serialize;

use super::super::super::clock::Moment;
use super::super::super::input::{Input, invalid};
use super::super::super::output::{Tree, named, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::super::ec2::interfaces::{self, Wish};
use super::super::ec2::security_groups::group_vpc;
use super::super::ec2::subnets::zone_of_subnet;
use super::super::ec2::zones;
use super::engines::{self, Release};
use super::{Status, combination, name, page, parameters, show, subnets};

/// What can be done with clusters.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateCacheCluster", create),
    action("DeleteCacheCluster", delete),
    action("DescribeCacheClusters", describe),
    action("ModifyCacheCluster", modify),
    action("RebootCacheCluster", reboot),
];

/// A cluster.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cluster {
    pub(super) status: Status,
    /// The replication group it is a member of.
    pub(super) member_of: Option<String>,
    pub(super) engine: String,
    pub(super) version: String,
    pub(super) node_type: String,
    pub(super) nodes: Vec<Node>,
    pub(super) port: u16,
    pub(super) subnet_group: Option<String>,
    pub(super) parameter_group: String,
    pub(super) security_groups: Vec<String>,
    pub(super) in_transit: bool,
    pub(super) at_rest: bool,
    pub(super) auth_token: bool,
    pub(super) snapshot_days: i64,
    pub(super) snapshot_window: String,
    pub(super) maintenance: String,
    pub(super) minor_upgrades: bool,
    pub(super) made: Moment,
    pub(super) tags: Tags,
}

/// A node of a cluster.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) zone: String,
    pub(super) subnet: Option<String>,
    pub(super) interface: Option<String>,
    pub(super) made: Moment,
}

pub(super) fn absent(name: &str) -> Refusal {
    Refusal::new("CacheClusterNotFound", format!("CacheCluster {name} not found.")).status(404)
}

/// What is chosen for the nodes of a new cluster or group.
pub(super) struct Choice {
    pub(super) version: Release,
    pub(super) node_type: String,
    pub(super) subnet_group: Option<String>,
    pub(super) parameter_group: String,
    pub(super) security_groups: Vec<String>,
    pub(super) port: u16,
}

/// Reads and checks what creates of clusters and of replication groups have in common.
pub(super) fn choose(scene: &Scene<'_>, input: &Input, engine: &str, cluster_mode: bool) -> Result<Choice, Refusal> {
    let version = engines::find(engine, input.text("EngineVersion"))?;
    let node_type = node_type(input.need("CacheNodeType")?)?;
    let subnet_group = input.text("CacheSubnetGroupName").map(str::to_ascii_lowercase);
    if let Some(group) = &subnet_group {
        let groups = &scene.here.elasticache.subnet_groups;
        groups.seen(group, scene.sight).ok_or_else(|| subnets::absent(group))?;
    }
    let on = if cluster_mode { ".cluster.on" } else { "" };
    let parameter_group = match input.text("CacheParameterGroupName") {
        Some(name) => name.to_ascii_lowercase(),
        None => format!("default.{}{on}", version.family),
    };
    parameters::check(scene, &parameter_group, version.family)?;
    let security_groups = security_groups(scene, input)?;
    let port = input.whole("Port")?.unwrap_or(if engine == "memcached" { 11211 } else { 6379 });
    let port = u16::try_from(port).map_err(|_| invalid("Port must be between 1 and 65535."))?;
    Ok(Choice { version, node_type, subnet_group, parameter_group, security_groups, port })
}

/// A node type, which begins with `cache.`.
pub(super) fn node_type(text: &str) -> Result<String, Refusal> {
    let is_one = text.strip_prefix("cache.").is_some_and(|rest| rest.split('.').count() == 2);
    if is_one { Ok(text.to_owned()) } else { Err(invalid(format!("Invalid cache node type: {text}"))) }
}

/// The security groups of a request, which exist.
pub(super) fn security_groups(scene: &Scene<'_>, input: &Input) -> Result<Vec<String>, Refusal> {
    let groups = input.texts("SecurityGroupIds");
    match groups.iter().find(|group| group_vpc(scene, group).is_none()) {
        Some(unknown) => Err(invalid(format!("Some security group IDs are invalid: {unknown}"))),
        None => Ok(groups.into_iter().map(str::to_owned).collect()),
    }
}

impl Choice {
    /// A cluster of this choice, without nodes.
    pub(super) fn cluster(&self, scene: &mut Scene<'_>, tags: Tags) -> Cluster {
        Cluster {
            status: Status::Creating,
            member_of: None,
            engine: self.version.engine.to_owned(),
            version: self.version.version.to_owned(),
            node_type: self.node_type.clone(),
            nodes: Vec::new(),
            port: self.port,
            subnet_group: self.subnet_group.clone(),
            parameter_group: self.parameter_group.clone(),
            security_groups: self.security_groups.clone(),
            in_transit: false,
            at_rest: false,
            auth_token: false,
            snapshot_days: 0,
            snapshot_window: "03:00-04:00".to_owned(),
            maintenance: "sun:05:00-sun:06:00".to_owned(),
            minor_upgrades: true,
            made: scene.now,
            tags,
        }
    }
}

/// Adds a node to a cluster, in the zone after that of the node before, with a network interface where it is in a subnet.
pub(super) fn add_node(scene: &mut Scene<'_>, cluster: &mut Cluster, name: &str, turn: usize) -> Result<(), Refusal> {
    let number = cluster.nodes.iter().filter_map(|node| node.id.parse::<usize>().ok()).max().unwrap_or_default() + 1;
    let group = cluster.subnet_group.as_ref().and_then(|group| scene.here.elasticache.subnet_groups.get(group));
    let subnet = group.and_then(|group| group.subnets.get(turn % group.subnets.len().max(1)).cloned());
    let zone = if let Some(subnet) = &subnet {
        zone_of_subnet(scene, subnet)
    } else {
        let zones = zones::of(&scene.place.region);
        zones.get(turn % zones.len().max(1)).map(|zone| zone.name.clone())
    };
    let interface = match &subnet {
        None => None,
        Some(subnet) => {
            let wish = Wish {
                subnet,
                groups: &cluster.security_groups,
                description: format!("ElastiCache {name}"),
                requester: "amazon-elasticache",
                instance: None,
            };
            Some(interfaces::attach(scene, wish)?)
        }
    };
    let zone = zone.unwrap_or_default();
    cluster.nodes.push(Node { id: format!("{number:04}"), zone, subnet, interface, made: scene.now });
    Ok(())
}

/// Takes the nodes' interfaces away.
pub(super) fn detach(scene: &mut Scene<'_>, nodes: &[Node]) {
    for interface in nodes.iter().filter_map(|node| node.interface.as_deref()) {
        interfaces::detach(scene, interface);
    }
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name(input, "CacheClusterId", 50)?;
    if input.has("ReplicationGroupId") {
        return Err(combination("Use IncreaseReplicaCount to add a member to a replication group."));
    }
    let engine = input.text_or("Engine", "memcached");
    let tags = Tags::read(input, "Tags")?;
    let choice = choose(scene, input, &engine, false)?;
    let count = input.whole("NumCacheNodes")?.unwrap_or(1);
    let most = if engine == "memcached" { 40 } else { 1 };
    if !(1..=most).contains(&count) {
        return Err(invalid(format!("NumCacheNodes should be between 1 and {most} for {engine}")));
    }
    let is_spread = match input.text("AZMode") {
        None | Some("single-az") => false,
        Some("cross-az") if count > 1 => true,
        Some("cross-az") => return Err(combination("cross-az needs more than one cache node.")),
        Some(other) => return Err(invalid(format!("Invalid AZMode: {other}"))),
    };
    if scene.here.elasticache.clusters.has(&name) {
        return Err(Refusal::new("CacheClusterAlreadyExists", format!("CacheCluster {name} already exists.")));
    }
    let mut cluster = choice.cluster(scene, tags);
    cluster.in_transit = input.flag("TransitEncryptionEnabled").unwrap_or(false);
    cluster.minor_upgrades = input.flag("AutoMinorVersionUpgrade").unwrap_or(true);
    cluster.snapshot_days = input.whole("SnapshotRetentionLimit")?.unwrap_or_default();
    if let Some(window) = input.text("PreferredMaintenanceWindow") {
        window.clone_into(&mut cluster.maintenance);
    }
    for turn in 0..usize::try_from(count).unwrap_or(1) {
        add_node(scene, &mut cluster, &name, if is_spread { turn } else { 0 })?;
    }
    let tree = show::cluster(scene, &name, &cluster, false);
    let visible = scene.fresh();
    scene.here.elasticache.clusters.put(&name, cluster, visible);
    scene.later(scene.settings.durations.cache, become_available, &name);
    Ok(object! { "CacheCluster" => tree })
}

/// What was being made or changed is done.
fn become_available(scene: &mut Scene<'_>, name: &str) {
    if let Some(cluster) = scene.here.elasticache.clusters.get_mut(name)
        && cluster.status != Status::Deleting
    {
        cluster.status = Status::Available;
    }
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = page(input)?;
    let with_nodes = input.flag("ShowCacheNodeInfo") == Some(true);
    let is_alone = input.flag("ShowCacheClustersNotInReplicationGroups") == Some(true);
    let wanted = input.text("CacheClusterId").map(str::to_ascii_lowercase);
    let found = scene.here.elasticache.clusters.visible(scene.sight).filter(|(name, cluster)| {
        wanted.as_deref().is_none_or(|wanted| wanted == *name) && (!is_alone || cluster.member_of.is_none())
    });
    let found: Vec<_> =
        found.map(|(name, cluster)| (name.to_owned(), show::cluster(scene, name, cluster, with_nodes))).collect();
    match wanted {
        Some(wanted) if found.is_empty() => Err(absent(&wanted)),
        _ => {
            let (clusters, marker) = page.cut(found);
            Ok(object! { "CacheClusters" => named("CacheCluster", clusters), "Marker" => marker })
        }
    }
}

/// The cluster that a request is to change: one that stands alone and is available.
fn changing(scene: &Scene<'_>, input: &Input) -> Result<(String, Cluster), Refusal> {
    let name = input.need("CacheClusterId")?.to_ascii_lowercase();
    let cluster = scene.here.elasticache.clusters.seen(&name, scene.sight).ok_or_else(|| absent(&name))?;
    if cluster.status != Status::Available {
        let words = format!("Cache cluster {name} is not in available state.");
        return Err(Refusal::new("InvalidCacheClusterState", words));
    }
    Ok((name, cluster.clone()))
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, mut cluster) = changing(scene, input)?;
    // Changes are applied at once; that they could wait for the window is not modelled.
    input.pass_over("ApplyImmediately");
    if input.has("SecurityGroupIds") {
        cluster.security_groups = security_groups(scene, input)?;
    }
    if let Some(text) = input.text("CacheNodeType") {
        cluster.node_type = node_type(text)?;
    }
    if input.has("EngineVersion") {
        let engine = input.text_or("Engine", &cluster.engine);
        let version = engines::find(&engine, input.text("EngineVersion"))?;
        (cluster.engine, cluster.version) = (engine, version.version.to_owned());
    }
    if let Some(group) = input.text("CacheParameterGroupName") {
        cluster.parameter_group = group.to_ascii_lowercase();
    }
    let family = engines::find(&cluster.engine, Some(&cluster.version))?.family;
    parameters::check(scene, &cluster.parameter_group, family)?;
    if let Some(window) = input.text("PreferredMaintenanceWindow") {
        window.clone_into(&mut cluster.maintenance);
    }
    if let Some(upgrades) = input.flag("AutoMinorVersionUpgrade") {
        cluster.minor_upgrades = upgrades;
    }
    if let Some(days) = input.whole("SnapshotRetentionLimit")? {
        cluster.snapshot_days = days;
    }
    let gone = resize(scene, input, &name, &mut cluster)?;
    detach(scene, &gone);
    for interface in cluster.nodes.iter().filter_map(|node| node.interface.as_deref()) {
        interfaces::set_groups(scene, interface, &cluster.security_groups);
    }
    cluster.status = Status::Modifying;
    let tree = show::cluster(scene, &name, &cluster, false);
    if let Some(kept) = scene.here.elasticache.clusters.get_mut(&name) {
        *kept = cluster;
    }
    scene.later(scene.settings.durations.cache_change, become_available, &name);
    Ok(object! { "CacheCluster" => tree })
}

/// Gives a cluster the number of nodes that is asked for. Those that go have to be named. Answers them.
fn resize(scene: &mut Scene<'_>, input: &Input, name: &str, cluster: &mut Cluster) -> Result<Vec<Node>, Refusal> {
    let Some(count) = input.whole("NumCacheNodes")? else { return Ok(Vec::new()) };
    let (count, there) = (usize::try_from(count).unwrap_or_default(), cluster.nodes.len());
    let going = input.texts("CacheNodeIdsToRemove");
    if cluster.engine != "memcached" || !(1..=40).contains(&count) {
        return Err(invalid(format!("Cluster {name} cannot have {count} cache nodes.")));
    }
    if count < there && going.len() != there - count {
        return Err(combination("CacheNodeIdsToRemove must name as many nodes as NumCacheNodes removes."));
    }
    let (gone, kept) = cluster.nodes.drain(..).partition(|node| count < there && going.contains(&node.id.as_str()));
    cluster.nodes = kept;
    if count < there && cluster.nodes.len() != count {
        return Err(invalid("CacheNodeIdsToRemove names nodes that are not there."));
    }
    for turn in there..count {
        add_node(scene, cluster, name, turn)?;
    }
    Ok(gone)
}

fn reboot(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, mut cluster) = changing(scene, input)?;
    let nodes = input.texts("CacheNodeIdsToReboot");
    if nodes.iter().any(|id| !cluster.nodes.iter().any(|node| node.id == *id)) {
        return Err(invalid("CacheNodeIdsToReboot names nodes that are not there."));
    }
    cluster.status = Status::Modifying;
    let tree = show::cluster(scene, &name, &cluster, false);
    if let Some(kept) = scene.here.elasticache.clusters.get_mut(&name) {
        kept.status = Status::Modifying;
    }
    scene.later(scene.settings.durations.database_reboot, become_available, &name);
    Ok(object! { "CacheCluster" => tree })
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, mut cluster) = changing(scene, input)?;
    if let Some(group) = &cluster.member_of {
        let words =
            format!("Cluster {name} is a member of {group}; use DecreaseReplicaCount or DeleteReplicationGroup.");
        return Err(Refusal::new("InvalidCacheClusterState", words));
    }
    cluster.status = Status::Deleting;
    let tree: Tree = show::cluster(scene, &name, &cluster, false);
    if let Some(kept) = scene.here.elasticache.clusters.get_mut(&name) {
        kept.status = Status::Deleting;
    }
    scene.later(scene.settings.durations.cache_delete, vanish, &name);
    Ok(object! { "CacheCluster" => tree })
}

/// A cluster and its interfaces are gone.
pub(super) fn vanish(scene: &mut Scene<'_>, name: &str) {
    if let Some(cluster) = scene.here.elasticache.clusters.remove(name) {
        detach(scene, &cluster.nodes);
    }
}
