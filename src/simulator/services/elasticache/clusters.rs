//! Clusters that stand alone, of Memcached or of one node of Redis: made, changed, restarted, deleted, and all clusters looked at.

use super::cluster::{Cluster, Node, due, find, turn};
use super::engines::{self, Version};
use super::goal::Goal;
use super::network::Site;
use super::refusals::{cluster_state, combination, no_modifications, no_snapshot};
use super::{life, listing, membership, network, requests, show, snapshots, subnet_groups};
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::iam;
use crate::simulator::services::rds::windows;
use crate::simulator::tags::Tags;

/// Clusters.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateCacheCluster", create),
    action("DeleteCacheCluster", delete),
    action("DescribeCacheClusters", describe),
    action("ModifyCacheCluster", modify),
    action("RebootCacheCluster", reboot),
];

/// As many nodes as a cluster of Memcached may have.
const MOST: i64 = 40;

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = listing::identifier(input, "CacheClusterId", 50)?;
    if scene.here.elasticache.clusters.has(&id) {
        let words = format!("CacheCluster {id} already exists.");
        return Err(Refusal::new("CacheClusterAlreadyExists", words));
    }
    if input.has("ReplicationGroupId") {
        return membership::join(scene, input, &id);
    }
    let engine = input.text("Engine").map_or_else(|| "memcached".to_owned(), str::to_ascii_lowercase);
    let version = engines::find(&engine, input.text("EngineVersion"))?;
    let node = input.text("CacheNodeType").ok_or_else(|| combination("CacheNodeType must be specified."))?.to_owned();
    engines::check_node(&node)?;
    let count = count(input, version)?;
    let parameter_group =
        requests::parameter_group(scene, input, version)?.unwrap_or_else(|| version.parameter_group(false));
    let tags = Tags::read(input, "Tags")?;
    let mut cluster = settings(scene, input, version)?;
    let site = network::site(scene, input)?;
    let is_spread = spread(input, version, count, &site)?;
    let zones = zones(scene, input, &site, is_spread)?;
    let node_at = |number: usize| Node {
        id: format!("{:04}", number + 1),
        zone: zones.get(number % zones.len().max(1)).cloned().unwrap_or_default(),
        interface: None,
        status: "creating",
    };
    let nodes = (0..usize::try_from(count).unwrap_or(1)).map(node_at).collect();
    cluster = Cluster { node, nodes, is_spread, parameter_group, tags, ..cluster };
    let Site { subnet_group, vpc, security_groups, .. } = site;
    cluster = Cluster { subnet_group, vpc, security_groups, ..cluster };
    network::attach(scene, &id, &mut cluster)?;
    iam::service_role(scene, "elasticache.amazonaws.com");
    let visible = scene.fresh();
    scene.here.elasticache.clusters.put(id.clone(), cluster, visible);
    turn(scene, &id, "creating", Some((scene.settings.durations.cache, life::cluster_created)));
    Ok(answer(scene, &id))
}

fn count(input: &Input, version: Version) -> Result<i64, Refusal> {
    let count = input.ranged("NumCacheNodes", (1, MOST))?;
    let count = count.ok_or_else(|| combination("NumCacheNodes must be specified."))?;
    if version.engine != "memcached" && count != 1 {
        return Err(invalid("NumCacheNodes should be 1 if engine is redis or valkey"));
    }
    Ok(count)
}

/// Whether the nodes are to be in several zones.
fn spread(input: &Input, version: Version, count: i64, site: &Site) -> Result<bool, Refusal> {
    match input.text("AZMode") {
        None | Some("single-az") => Ok(false),
        Some("cross-az") if version.engine != "memcached" => {
            Err(combination("AZMode cross-az is only supported for Memcached clusters."))
        }
        Some("cross-az") if count < 2 => Err(combination("AZMode cross-az requires at least two cache nodes.")),
        Some("cross-az") if site.zones.len() < 2 => {
            Err(combination("AZMode cross-az requires subnets in at least two Availability Zones."))
        }
        Some("cross-az") => Ok(true),
        Some(odd) => Err(invalid(format!("Invalid AZMode: {odd}"))),
    }
}

/// The zones of the nodes, in their order.
fn zones(scene: &mut Scene<'_>, input: &Input, site: &Site, is_spread: bool) -> Result<Vec<String>, Refusal> {
    let mut wanted: Vec<String> = input.texts("PreferredAvailabilityZones").into_iter().map(str::to_owned).collect();
    wanted.extend(input.text("PreferredAvailabilityZone").filter(|zone| *zone != "Multiple").map(str::to_owned));
    if let Some(odd) = wanted.iter().find(|zone| !site.zones.contains(zone)) {
        return Err(invalid(format!("{odd} is not a zone of the cache subnet group.")));
    }
    if !wanted.is_empty() {
        return Ok(wanted);
    }
    let mut zones = site.zones.clone();
    let first = scene.dice.index(zones.len());
    zones.rotate_left(first);
    if !is_spread {
        zones.truncate(1);
    }
    Ok(zones)
}

/// What somebody chose, but for nodes and place.
fn settings(scene: &mut Scene<'_>, input: &Input, version: Version) -> Result<Cluster, Refusal> {
    for passed in ["NotificationTopicArn", "NetworkType", "IpDiscovery", "LogDeliveryConfigurations", "SnapshotArns"] {
        input.pass_over(passed);
    }
    let in_transit = input.flag("TransitEncryptionEnabled").unwrap_or(false);
    // "Memcached version 1.6.12 and later" (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/in-transit-encryption.html>).
    if in_transit && (version.engine != "memcached" || matches!(version.number, "1.4.34" | "1.5.16" | "1.6.6")) {
        let words = format!("Encryption in transit is not supported for {} {}.", version.engine, version.number);
        return Err(combination(words));
    }
    if input.has("AuthToken") {
        return Err(combination("AuthToken can be specified only if encryption in transit is enabled."));
    }
    if let Some(name) = input.text("SnapshotName").map(listing::name) {
        let is_there = scene.here.elasticache.snapshots.seen(&name, scene.sight).is_some();
        Scene::ensure(is_there, || no_snapshot(&name))?;
    }
    let days = requests::snapshot_days(input)?.unwrap_or(0);
    if days > 0 && version.engine == "memcached" {
        return Err(combination("Snapshots are not supported for Memcached clusters."));
    }
    let window = windows::maintenance(input)?;
    let snapshot = requests::snapshot_window(input)?;
    Ok(Cluster {
        uid: scene.dice.hex(8),
        status: "creating",
        engine: version.engine,
        version: version.full,
        parameters: "in-sync",
        port: input.ranged("Port", (1, 65_535))?.unwrap_or(engines::port(version.engine)),
        window: window.unwrap_or_else(|| windows::draw_weekly(scene.dice, 60)),
        snapshot_days: days,
        snapshot_window: Some(snapshot.unwrap_or_else(|| windows::draw_daily(scene.dice, 60))),
        minor_upgrades: input.flag("AutoMinorVersionUpgrade").unwrap_or(true),
        in_transit,
        ..Cluster::default()
    })
}

/// A cluster as it is now, as answers have it.
fn answer(scene: &Scene<'_>, id: &str) -> Tree {
    let cluster = scene.here.elasticache.clusters.get(id);
    object! { "CacheCluster" => cluster.map(|cluster| show::cluster(scene, id, cluster, false)) }
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    let name = input.text("CacheClusterId").map(listing::name);
    if let Some(name) = &name {
        find(scene, name)?;
    }
    let with_nodes = input.flag("ShowCacheNodeInfo") == Some(true);
    let alone = input.flag("ShowCacheClustersNotInReplicationGroups") == Some(true);
    let found =
        scene.here.elasticache.clusters.visible(scene.sight).filter(|(id, cluster)| {
            name.as_deref().is_none_or(|name| name == *id) && !(alone && cluster.group.is_some())
        });
    let all = found.map(|(id, cluster)| (id.to_owned(), show::cluster(scene, id, cluster, with_nodes)));
    Ok(page.list("CacheClusters", "CacheCluster", all))
}

/// The cluster that a call is about, which stands alone and is available.
fn find_available(scene: &Scene<'_>, input: &Input) -> Result<(String, Cluster), Refusal> {
    let (id, cluster) = find(scene, input.need("CacheClusterId")?)?;
    if cluster.status != "available" {
        return Err(cluster_state(format!("The cache cluster {id} is not in available state: {}.", cluster.status)));
    }
    Ok((id, cluster.clone()))
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, mut cluster) = find_available(scene, input)?;
    let before = cluster.clone();
    let notifies = requests::notifies(input);
    input.pass_over("AZMode");
    input.pass_over("NewAvailabilityZones");
    let at_once = input.flag("ApplyImmediately") == Some(true);
    let mut goal = Goal { nodes: nodes(input, &cluster)?, ..Goal::default() };
    if let Some(node) = input.text("CacheNodeType").filter(|node| *node != cluster.node) {
        engines::check_node(node)?;
        goal.node = Some(node.to_owned());
    }
    let current = engines::find(cluster.engine, Some(cluster.version))?;
    let wanted = input.text("EngineVersion").map(|number| engines::find(cluster.engine, Some(number))).transpose()?;
    let wanted = wanted.unwrap_or(current);
    if !current.leads_to(wanted) {
        return Err(combination("Engine versions cannot be downgraded."));
    }
    goal.version = (wanted != current).then_some((wanted.engine, wanted.full));
    let group = requests::parameter_group(scene, input, wanted)?;
    goal.parameter_group = group.filter(|name| *name != cluster.parameter_group);
    if input.has("SecurityGroupIds") {
        let groups = network::security_groups(scene, input, &cluster.vpc)?;
        goal.security_groups = Some(groups).filter(|groups| *groups != cluster.security_groups);
    }
    cluster.window = windows::maintenance(input)?.unwrap_or(cluster.window);
    cluster.snapshot_days = requests::snapshot_days(input)?.unwrap_or(cluster.snapshot_days);
    cluster.snapshot_window = requests::snapshot_window(input)?.or(cluster.snapshot_window);
    cluster.minor_upgrades = input.flag("AutoMinorVersionUpgrade").unwrap_or(cluster.minor_upgrades);
    let is_same = cluster == before && goal.is_empty();
    Scene::ensure(!is_same || notifies, no_modifications)?;
    cluster.pending.take(goal);
    if at_once {
        let waiting = std::mem::take(&mut cluster.pending);
        cluster.under_way.take(waiting);
    }
    let (begins, waits) = (!cluster.under_way.is_empty(), !cluster.pending.is_empty());
    if begins {
        add_nodes(scene, &id, &mut cluster)?;
    }
    if let Some(there) = scene.here.elasticache.clusters.get_mut(&id) {
        *there = cluster;
    }
    if begins {
        turn(scene, &id, "modifying", Some((scene.settings.durations.cache_change, changed)));
    }
    if waits {
        await_window(scene, &id);
    }
    Ok(answer(scene, &id))
}

/// How many nodes a cluster is to have, and which go: as many as it has too many have to be named.
fn nodes(input: &Input, cluster: &Cluster) -> Result<Option<(usize, Vec<String>)>, Refusal> {
    let going: Vec<String> = input.texts("CacheNodeIdsToRemove").into_iter().map(str::to_owned).collect();
    let Some(count) = input.ranged("NumCacheNodes", (1, MOST))? else {
        let words = "CacheNodeIdsToRemove can be specified only together with NumCacheNodes.";
        return if going.is_empty() { Ok(None) } else { Err(combination(words)) };
    };
    if cluster.engine != "memcached" && count != 1 {
        return Err(invalid("NumCacheNodes should be 1 if engine is redis or valkey"));
    }
    let (count, there) = (usize::try_from(count).unwrap_or(1), cluster.nodes.len());
    if going.len() != there.saturating_sub(count) {
        return Err(combination(format!(
            "The number of cache node ids to remove must be the difference between the number of cache nodes, {there}, and NumCacheNodes, \
             {count}."
        )));
    }
    if let Some(odd) = going.iter().find(|id| !cluster.nodes.iter().any(|node| node.id == **id)) {
        return Err(invalid(format!("There is no cache node {odd}.")));
    }
    Ok((count != there).then_some((count, going)))
}

/// Adds the nodes that a cluster is to have more, which are not there to be used yet.
fn add_nodes(scene: &mut Scene<'_>, id: &str, cluster: &mut Cluster) -> Result<(), Refusal> {
    let Some((count, _)) = cluster.under_way.nodes.clone() else { return Ok(()) };
    let group = scene.here.elasticache.subnet_groups.get(&cluster.subnet_group).cloned().unwrap_or_default();
    let mut zones = subnet_groups::zones(scene, &group);
    if !cluster.is_spread {
        zones = cluster.nodes.first().map(|node| node.zone.clone()).into_iter().collect();
    }
    let mut number = 1;
    while cluster.nodes.len() < count {
        let name = format!("{number:04}");
        if !cluster.nodes.iter().any(|node| node.id == name) {
            // Where there are fewest.
            let taken = |zone: &String| cluster.nodes.iter().filter(|node| node.zone == *zone).count();
            let zone = zones.iter().min_by_key(|zone| taken(zone)).cloned().unwrap_or_default();
            cluster.nodes.push(Node { id: name, zone, interface: None, status: "creating" });
        }
        number += 1;
    }
    network::attach(scene, id, cluster)
}

/// What was under way with a cluster is done.
fn changed(scene: &mut Scene<'_>, subject: &str) {
    let Some(id) = due(scene, subject) else { return };
    let now = scene.now;
    let Some(cluster) = scene.here.elasticache.clusters.get_mut(&id) else { return };
    let goal = std::mem::take(&mut cluster.under_way);
    goal.apply_to_cluster(cluster, now);
    let (_, going) = goal.nodes.unwrap_or_default();
    let (gone, kept) = std::mem::take(&mut cluster.nodes).into_iter().partition(|node| going.contains(&node.id));
    cluster.nodes = kept;
    let gone: Vec<Node> = gone;
    for node in &gone {
        network::detach(scene, node);
    }
    if let Some(groups) = &goal.security_groups {
        network::set_groups(scene, &id, groups);
    }
    life::settle_cluster(scene, &id);
}

fn await_window(scene: &mut Scene<'_>, id: &str) {
    let Some(cluster) = scene.here.elasticache.clusters.get(id) else { return };
    let subject = format!("{id}/{}", cluster.uid);
    if let Some(opens) = windows::next_opening(&cluster.window, scene.now) {
        scene.later(opens.since(scene.now), window_opens, &subject);
    }
}

fn window_opens(scene: &mut Scene<'_>, subject: &str) {
    let Some((id, uid)) = subject.split_once('/') else { return };
    let Some(cluster) = scene.here.elasticache.clusters.get_mut(id) else { return };
    if cluster.uid != uid || cluster.pending.is_empty() || cluster.status == "deleting" {
        return;
    }
    if cluster.status != "available" {
        return await_window(scene, id);
    }
    let mut cluster = cluster.clone();
    cluster.under_way = std::mem::take(&mut cluster.pending);
    // If there is no room for more nodes the change is dropped.
    if add_nodes(scene, id, &mut cluster).is_err() {
        cluster.under_way.nodes = None;
    }
    if let Some(there) = scene.here.elasticache.clusters.get_mut(id) {
        *there = cluster;
    }
    turn(scene, id, "modifying", Some((scene.settings.durations.cache_change, changed)));
}

fn reboot(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, cluster) = find_available(scene, input)?;
    let wanted = input.texts("CacheNodeIdsToReboot");
    if let Some(odd) = wanted.iter().find(|id| !cluster.nodes.iter().any(|node| node.id == **id)) {
        return Err(invalid(format!("There is no cache node {odd}.")));
    }
    turn(scene, &id, "rebooting cluster nodes", Some((scene.settings.durations.cache_change / 4, rebooted)));
    Ok(answer(scene, &id))
}

fn rebooted(scene: &mut Scene<'_>, subject: &str) {
    let Some(id) = due(scene, subject) else { return };
    if let Some(cluster) = scene.here.elasticache.clusters.get_mut(&id) {
        cluster.parameters = "in-sync";
    }
    life::settle_cluster(scene, &id);
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, cluster) = find(scene, input.need("CacheClusterId")?)?;
    if let Some(group) = &cluster.group {
        let group = group.clone();
        return membership::part(scene, input, &id, &group);
    }
    let (id, _) = find_available(scene, input)?;
    if let Some(name) = input.text("FinalSnapshotIdentifier") {
        snapshots::take_of_cluster(scene, &id, &listing::name(name))?;
    }
    turn(scene, &id, "deleting", Some((scene.settings.durations.cache_delete, vanish)));
    Ok(answer(scene, &id))
}

fn vanish(scene: &mut Scene<'_>, subject: &str) {
    if let Some(id) = due(scene, subject) {
        network::remove(scene, &id);
    }
}
