//! Clusters and replication groups as they are described.

use super::super::super::output::{Tree, members, named, object};
use super::super::super::scene::Scene;
use super::Status;
use super::clusters::Cluster;
use super::replication::{ReplicationGroup, Shard};

/// Where something answers. The names are made like AWS's, and lead nowhere.
fn endpoint(scene: &Scene<'_>, name: &str, port: u16) -> Tree {
    let region: String = scene.place.region.split('-').filter_map(|part| part.get(..2.min(part.len()))).collect();
    object! { "Address" => format!("{name}.sim001.{region}.cache.amazonaws.com"), "Port" => port }
}

/// A cluster.
pub(super) fn cluster(scene: &Scene<'_>, name: &str, cluster: &Cluster, with_nodes: bool) -> Tree {
    let is_there = cluster.status != Status::Creating;
    let mut zones: Vec<&String> = cluster.nodes.iter().map(|node| &node.zone).collect();
    zones.dedup();
    let zone = match zones.as_slice() {
        [zone] => Some((*zone).clone()),
        _ => Some("Multiple".to_owned()),
    };
    let is_memcached = cluster.engine == "memcached";
    let configuration = is_memcached.then(|| endpoint(scene, &format!("{name}.cfg"), cluster.port));
    let tree = object! {
        "CacheClusterId" => name.to_owned(),
        "ConfigurationEndpoint" => configuration.filter(|_| is_there),
        "ClientDownloadLandingPage" => "https://console.aws.amazon.com/elasticache/home#client-download:",
        "CacheNodeType" => &cluster.node_type,
        "Engine" => &cluster.engine,
        "EngineVersion" => &cluster.version,
        "CacheClusterStatus" => cluster.status.text(),
        "NumCacheNodes" => cluster.nodes.len(),
        "PreferredAvailabilityZone" => zone,
        "CacheClusterCreateTime" => is_there.then_some(cluster.made),
        "PreferredMaintenanceWindow" => &cluster.maintenance,
        "PendingModifiedValues" => Tree::EMPTY,
        "CacheSecurityGroups" => named::<Tree>("CacheSecurityGroup", []),
        "CacheParameterGroup" => object! {
            "CacheParameterGroupName" => &cluster.parameter_group,
            "ParameterApplyStatus" => "in-sync",
            "CacheNodeIdsToReboot" => named::<Tree>("CacheNodeId", []),
        },
        "CacheSubnetGroupName" => cluster.subnet_group.clone(),
        "CacheNodes" => with_nodes.then(|| nodes(scene, name, cluster, is_there)),
    };
    let groups = cluster.security_groups.iter().map(|id| object! { "SecurityGroupId" => id, "Status" => "active" });
    tree.with("AutoMinorVersionUpgrade", cluster.minor_upgrades)
        .with("SecurityGroups", members(groups))
        .with("ReplicationGroupId", cluster.member_of.clone())
        .with("SnapshotRetentionLimit", (!is_memcached).then_some(cluster.snapshot_days))
        .with("SnapshotWindow", (!is_memcached).then(|| cluster.snapshot_window.clone()))
        .with("AuthTokenEnabled", cluster.auth_token)
        .with("TransitEncryptionEnabled", cluster.in_transit)
        .with("AtRestEncryptionEnabled", cluster.at_rest)
        .with("ARN", scene.arn("elasticache", &format!("cluster:{name}")))
        .with("ReplicationGroupLogDeliveryEnabled", false)
        .with("LogDeliveryConfigurations", named::<Tree>("LogDeliveryConfiguration", []))
        .with("NetworkType", "ipv4")
        .with("IpDiscovery", "ipv4")
        .with("TransitEncryptionMode", cluster.in_transit.then_some("required"))
}

fn nodes(scene: &Scene<'_>, name: &str, cluster: &Cluster, is_there: bool) -> Tree {
    let nodes = cluster.nodes.iter().map(|node| {
        object! {
            "CacheNodeId" => &node.id,
            "CacheNodeStatus" => cluster.status.text(),
            "CacheNodeCreateTime" => node.made,
            "Endpoint" => is_there.then(|| endpoint(scene, &format!("{name}.{}", node.id), cluster.port)),
            "ParameterGroupStatus" => "in-sync",
            "CustomerAvailabilityZone" => &node.zone,
        }
    });
    named("CacheNode", nodes.collect::<Vec<_>>())
}

/// A replication group.
pub(super) fn group(scene: &Scene<'_>, name: &str, group: &ReplicationGroup) -> Tree {
    let is_there = group.status != Status::Creating;
    let on = |on: bool| if on { "enabled" } else { "disabled" };
    let clusters = group.shards.iter().flat_map(|shard| &shard.members);
    let configuration = group.cluster_mode && is_there;
    let tree = object! {
        "ReplicationGroupId" => name.to_owned(),
        "Description" => &group.description,
        "GlobalReplicationGroupInfo" => Tree::EMPTY,
        "Status" => group.status.text(),
        "PendingModifiedValues" => Tree::EMPTY,
        "MemberClusters" => named("ClusterId", clusters),
        "NodeGroups" => named("NodeGroup", group.shards.iter().map(|one| shard(scene, name, group, one))),
        "SnapshottingClusterId" => group.snapshotting.clone(),
        "AutomaticFailover" => on(group.failover),
        "MultiAZ" => on(group.multi_az),
        "ConfigurationEndpoint" => configuration.then(|| endpoint(scene, &format!("clustercfg.{name}"), group.port)),
        "SnapshotRetentionLimit" => group.snapshot_days,
        "SnapshotWindow" => &group.snapshot_window,
        "ClusterEnabled" => group.cluster_mode,
        "CacheNodeType" => &group.node_type,
        "AuthTokenEnabled" => group.auth_token,
        "TransitEncryptionEnabled" => group.in_transit,
        "AtRestEncryptionEnabled" => group.at_rest,
    };
    tree.with("ARN", scene.arn("elasticache", &format!("replicationgroup:{name}")))
        .with("UserGroupIds", members::<Tree>([]))
        .with("LogDeliveryConfigurations", named::<Tree>("LogDeliveryConfiguration", []))
        .with("ReplicationGroupCreateTime", group.made)
        .with("DataTiering", "disabled")
        .with("AutoMinorVersionUpgrade", group.minor_upgrades)
        .with("NetworkType", "ipv4")
        .with("IpDiscovery", "ipv4")
        .with("TransitEncryptionMode", group.in_transit.then_some("required"))
        .with("ClusterMode", on(group.cluster_mode))
        .with("Engine", &group.engine)
}

fn shard(scene: &Scene<'_>, name: &str, group: &ReplicationGroup, shard: &Shard) -> Tree {
    let is_there = group.status != Status::Creating;
    let own = is_there && !group.cluster_mode;
    let clusters = &scene.here.elasticache.clusters;
    let members = shard.members.iter().map(|member| {
        let node = clusters.get(member).and_then(|cluster| cluster.nodes.first());
        let role = if *member == shard.primary { "primary" } else { "replica" };
        object! {
            "CacheClusterId" => member,
            "CacheNodeId" => "0001",
            "ReadEndpoint" => own.then(|| endpoint(scene, member, group.port)),
            "PreferredAvailabilityZone" => node.map(|node| node.zone.clone()),
            // In cluster mode nobody tells who is the primary.
            "CurrentRole" => (is_there && !group.cluster_mode).then_some(role),
        }
    });
    object! {
        "NodeGroupId" => &shard.id,
        "Status" => group.status.text(),
        "PrimaryEndpoint" => own.then(|| endpoint(scene, &format!("master.{name}"), group.port)),
        "ReaderEndpoint" => own.then(|| endpoint(scene, &format!("replica.{name}"), group.port)),
        "Slots" => group.cluster_mode.then(|| shard.slots.clone()),
        "NodeGroupMembers" => named("NodeGroupMember", members.collect::<Vec<_>>()),
    }
}
