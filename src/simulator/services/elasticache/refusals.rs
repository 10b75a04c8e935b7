//! The refusals of ElastiCache, in its codes and words. Codes are those of the wire, which are not always the names of the SDKs' types.

use crate::simulator::refusal::Refusal;

/// Something that was named is not there; its status is 404.
fn absent(code: &'static str, message: String) -> Refusal {
    Refusal::new(code, message).status(404)
}

/// There is no such cluster.
pub(super) fn no_cluster(id: &str) -> Refusal {
    absent("CacheClusterNotFound", format!("CacheCluster not found: {id}"))
}

/// There is no such replication group.
pub(super) fn no_group(id: &str) -> Refusal {
    absent("ReplicationGroupNotFoundFault", format!("ReplicationGroup {id} not found."))
}

/// There is no such group of subnets. Its status is 400, unlike the others'.
pub(super) fn no_subnet_group(name: &str) -> Refusal {
    Refusal::new("CacheSubnetGroupNotFoundFault", format!("Cache Subnet Group {name} does not exist."))
}

/// There is no such group of parameters.
pub(super) fn no_parameter_group(name: &str) -> Refusal {
    absent("CacheParameterGroupNotFound", format!("CacheParameterGroup {name} not found."))
}

/// There is no such snapshot.
pub(super) fn no_snapshot(name: &str) -> Refusal {
    absent("SnapshotNotFoundFault", format!("Snapshot {name} not found."))
}

/// A cluster is in a state in which this cannot be done.
pub(super) fn cluster_state(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidCacheClusterState", message)
}

/// A replication group is in a state in which this cannot be done.
pub(super) fn group_state(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidReplicationGroupState", message)
}

/// Parameters that do not go together, or not with what is there.
pub(super) fn combination(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterCombination", message)
}

/// A change of nothing.
pub(super) fn no_modifications() -> Refusal {
    combination("No modifications were requested")
}
