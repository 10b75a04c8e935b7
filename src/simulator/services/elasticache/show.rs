//! How replication groups and clusters are shown.

use super::cluster::{Cluster, Node};
use super::goal::Password;
use super::group::{ReplicationGroup, Shard};
use crate::simulator::output::{Tree, members, named, object};
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::zones;

/// A replication group as all calls show it.
pub(super) fn group(scene: &Scene<'_>, id: &str, group: &ReplicationGroup) -> Tree {
    let is_there = group.created.is_some();
    let shards = group.shards.iter().filter(|_| is_there).map(|part| shard(scene, id, group, part));
    let on = |on: bool| if on { "enabled" } else { "disabled" };
    let failover = match group.under_way.fails_over {
        Some(true) => "enabling",
        Some(false) => "disabling",
        None => on(group.fails_over),
    };
    let configuration =
        (is_there && group.has_cluster_mode()).then(|| endpoint(host(scene, id, group, "clustercfg"), group.port));
    object! {
        "ReplicationGroupId" => id.to_owned(),
        "Description" => &group.description,
        "Status" => group.status,
        "GlobalReplicationGroupInfo" => object! {},
        "PendingModifiedValues" => pending(group),
        "MemberClusters" => named("ClusterId", group.members()),
        "NodeGroups" => named("NodeGroup", shards),
        "SnapshottingClusterId" => group.snapshotting.as_ref(),
        "AutomaticFailover" => failover,
        "MultiAZ" => on(group.multi_az),
        "ConfigurationEndpoint" => configuration,
        "SnapshotRetentionLimit" => group.snapshot_days,
        "SnapshotWindow" => &group.snapshot_window,
        "ClusterEnabled" => group.has_cluster_mode(),
        "ClusterMode" => group.cluster_mode,
        "CacheNodeType" => &group.node,
        "AuthTokenEnabled" => group.password.is_some(),
        "AuthTokenLastModifiedDate" => group.password,
        "TransitEncryptionEnabled" => group.in_transit,
        "TransitEncryptionMode" => group.transit_mode.as_ref(),
        "AtRestEncryptionEnabled" => group.at_rest,
        "KmsKeyId" => group.key.as_ref(),
        "ARN" => scene.arn("elasticache", &format!("replicationgroup:{id}")),
        "UserGroupIds" => members(&group.user_groups),
        "LogDeliveryConfigurations" => Tree::List("LogDeliveryConfiguration", Vec::new()),
        "ReplicationGroupCreateTime" => group.begun,
        "DataTiering" => on(group.node.starts_with("cache.r6gd")),
        "AutoMinorVersionUpgrade" => group.minor_upgrades,
        "NetworkType" => "ipv4",
        "IpDiscovery" => "ipv4",
        "Engine" => group.engine,
    }
}

fn pending(group: &ReplicationGroup) -> Tree {
    let mut goal = group.pending.clone();
    goal.take(group.under_way.clone());
    let failover = goal.fails_over.map(|on| if on { "enabled" } else { "disabled" });
    object! {
        "PrimaryClusterId" => goal.primary,
        "AutomaticFailoverStatus" => failover,
        "AuthTokenStatus" => token(goal.password),
        "TransitEncryptionEnabled" => goal.in_transit,
        "TransitEncryptionMode" => goal.transit_mode,
        "ClusterMode" => goal.cluster_mode,
    }
}

fn token(password: Option<Password>) -> Option<&'static str> {
    match password? {
        Password::Rotate => Some("ROTATING"),
        Password::Set => Some("SETTING"),
        Password::Delete => None,
    }
}

fn shard(scene: &Scene<'_>, id: &str, group: &ReplicationGroup, shard: &Shard) -> Tree {
    let port = group.port;
    let has_own_hosts = !group.has_cluster_mode();
    let all = shard.members.iter().filter_map(|name| {
        let cluster = scene.here.elasticache.clusters.get(name)?;
        let node = cluster.nodes.first()?;
        let read = cluster.created.map(|_| endpoint(node_host(scene, name, cluster, node), port));
        let role = if *name == shard.primary { "primary" } else { "replica" };
        Some(object! {
            "CacheClusterId" => name,
            "CacheNodeId" => &node.id,
            "ReadEndpoint" => read.filter(|_| has_own_hosts),
            "PreferredAvailabilityZone" => &node.zone,
            // With cluster mode only the cluster itself knows who is the primary.
            "CurrentRole" => has_own_hosts.then_some(role),
        })
    });
    let hosts = has_own_hosts.then(|| (host(scene, id, group, "master"), host(scene, id, group, "replica")));
    let (primary, reader) = hosts.unzip();
    object! {
        "NodeGroupId" => &shard.id,
        "Status" => group.status,
        "PrimaryEndpoint" => primary.map(|host| endpoint(host, port)),
        "ReaderEndpoint" => reader.map(|host| endpoint(host, port)),
        "Slots" => shard.slots.as_ref(),
        "NodeGroupMembers" => named("NodeGroupMember", all),
    }
}

fn endpoint(host: String, port: i64) -> Tree {
    object! { "Address" => host, "Port" => port }
}

/// What the account's host names in a region have in common: `abc123`, and `euw1.cache.amazonaws.com`.
fn domain(scene: &Scene<'_>) -> (String, String) {
    let account: u64 = scene.place.account.parse().unwrap_or_default();
    let zone = zones::of(&scene.place.region).into_iter().next();
    let short = zone.and_then(|zone| zone.id.split('-').next().map(str::to_owned)).unwrap_or_default();
    (format!("{:06x}", account.wrapping_mul(2_654_435_761) >> 24 & 0xff_ffff), format!("{short}.cache.amazonaws.com"))
}

/// A host name of a group, for the primary, the replicas or all shards
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Endpoints.html>).
fn host(scene: &Scene<'_>, id: &str, group: &ReplicationGroup, role: &str) -> String {
    let (own, domain) = domain(scene);
    match (group.in_transit, role) {
        (true, _) => format!("{role}.{id}.{own}.{domain}"),
        (false, "master") => format!("{id}.{own}.ng.0001.{domain}"),
        (false, "replica") => format!("{id}-ro.{own}.ng.0001.{domain}"),
        (false, _) => format!("{id}.{own}.{role}.{domain}"),
    }
}

fn node_host(scene: &Scene<'_>, id: &str, cluster: &Cluster, node: &Node) -> String {
    let (own, domain) = domain(scene);
    match &cluster.group {
        Some(group) if cluster.in_transit => format!("{id}.{group}.{own}.{domain}"),
        _ => format!("{id}.{own}.{}.{domain}", node.id),
    }
}

/// A cluster as all calls show it; its nodes only if asked for.
pub(super) fn cluster(scene: &Scene<'_>, id: &str, cluster: &Cluster, with_nodes: bool) -> Tree {
    let (own, domain) = domain(scene);
    let configuration = cluster.created.filter(|_| cluster.engine == "memcached");
    let configuration = configuration.map(|_| endpoint(format!("{id}.{own}.cfg.{domain}"), cluster.port));
    let zones = cluster.nodes.first().map(|node| if cluster.is_spread { "Multiple" } else { node.zone.as_str() });
    let groups = cluster.security_groups.iter();
    let groups = groups.map(|group| object! { "SecurityGroupId" => group, "Status" => "active" });
    let nodes = with_nodes.then(|| named("CacheNode", cluster.nodes.iter().map(|n| node(scene, id, cluster, n))));
    let waiting = cluster.nodes.iter().filter(|_| cluster.parameters == "pending-reboot").map(|node| &node.id);
    let parameters = object! {
        "CacheParameterGroupName" => &cluster.parameter_group,
        "ParameterApplyStatus" => cluster.parameters,
        "CacheNodeIdsToReboot" => named("CacheNodeId", waiting),
    };
    let snapshots = cluster.engine != "memcached";
    let group = cluster.group.as_ref().and_then(|name| scene.here.elasticache.replication_groups.get(name));
    // Of a group one member is what snapshots are taken of.
    let source = group.filter(|group| group.snapshotting.as_deref() == Some(id));
    let days = source.map_or(cluster.snapshot_days, |group| group.snapshot_days);
    object! {
        "CacheClusterId" => id.to_owned(),
        "ARN" => scene.arn("elasticache", &format!("cluster:{id}")),
        "CacheClusterStatus" => cluster.status,
        "ConfigurationEndpoint" => configuration,
        "ClientDownloadLandingPage" => "https://console.aws.amazon.com/elasticache/home#client-download:",
        "CacheNodeType" => &cluster.node,
        "Engine" => cluster.engine,
        "EngineVersion" => cluster.version,
        "NumCacheNodes" => cluster.nodes.iter().filter(|node| node.status != "creating" || cluster.created.is_none()).count(),
        "PreferredAvailabilityZone" => zones.map(str::to_owned),
        "CacheClusterCreateTime" => cluster.created,
        "PreferredMaintenanceWindow" => &cluster.window,
        "PendingModifiedValues" => pending_of_cluster(cluster, group),
        "CacheSecurityGroups" => Tree::List("CacheSecurityGroup", Vec::new()),
        "CacheParameterGroup" => parameters,
        "CacheSubnetGroupName" => &cluster.subnet_group,
        "CacheNodes" => nodes,
        "AutoMinorVersionUpgrade" => cluster.minor_upgrades,
        "SecurityGroups" => named("member", groups),
        "ReplicationGroupId" => cluster.group.as_ref(),
        "SnapshotRetentionLimit" => snapshots.then_some(days),
        "SnapshotWindow" => cluster.snapshot_window.as_ref().filter(|_| snapshots),
        "AuthTokenEnabled" => cluster.password.is_some(),
        "AuthTokenLastModifiedDate" => cluster.password,
        "TransitEncryptionEnabled" => cluster.in_transit,
        "TransitEncryptionMode" => cluster.in_transit.then_some("required"),
        "AtRestEncryptionEnabled" => cluster.at_rest,
        "ReplicationGroupLogDeliveryEnabled" => false,
        "LogDeliveryConfigurations" => Tree::List("LogDeliveryConfiguration", Vec::new()),
        "NetworkType" => "ipv4",
        "IpDiscovery" => "ipv4",
    }
}

fn pending_of_cluster(cluster: &Cluster, group: Option<&ReplicationGroup>) -> Tree {
    let mut goal = cluster.pending.clone();
    goal.take(cluster.under_way.clone());
    if let Some(group) = group {
        goal.take(group.pending.clone());
        goal.take(group.under_way.clone());
    }
    let (count, going) = goal.nodes.unzip();
    let going = going.filter(|going| !going.is_empty());
    object! {
        "NumCacheNodes" => count,
        "CacheNodeIdsToRemove" => going.map(|going| named("CacheNodeId", going)),
        "EngineVersion" => goal.version.map(|(_, version)| version),
        "CacheNodeType" => goal.node,
        "AuthTokenStatus" => token(goal.password),
    }
}

fn node(scene: &Scene<'_>, id: &str, cluster: &Cluster, node: &Node) -> Tree {
    let is_there = node.status != "creating";
    object! {
        "CacheNodeId" => &node.id,
        "CacheNodeStatus" => node.status,
        "CacheNodeCreateTime" => cluster.created.filter(|_| is_there),
        "Endpoint" => is_there.then(|| endpoint(node_host(scene, id, cluster, node), cluster.port)),
        "ParameterGroupStatus" => cluster.parameters,
        "CustomerAvailabilityZone" => &node.zone,
    }
}
