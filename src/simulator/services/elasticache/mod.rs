//! Amazon ElastiCache: caches of Valkey, Redis and Memcached.

mod cluster;
mod clusters;
mod create;
mod engines;
mod goal;
mod group;
mod life;
mod listing;
mod membership;
mod modify;
mod network;
mod nodes;
mod offers;
mod parameter_groups;
mod refusals;
mod requests;
mod show;
mod snapshots;
mod subnet_groups;
mod tables;
mod tagging;

use serde::Serialize;

use super::super::service::{Protocol, Service};
use super::super::shelf::Shelf;
use cluster::Cluster;
use group::ReplicationGroup;
use parameter_groups::ParameterGroup;
use snapshots::Snapshot;
use subnet_groups::SubnetGroup;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "elasticache",
    protocol: Protocol::Query { namespace: "http://elasticache.amazonaws.com/doc/2015-02-02/" },
    areas: &[
        clusters::ACTIONS,
        create::ACTIONS,
        life::ACTIONS,
        modify::ACTIONS,
        nodes::ACTIONS,
        offers::ACTIONS,
        parameter_groups::ACTIONS,
        snapshots::ACTIONS,
        subnet_groups::ACTIONS,
        tagging::ACTIONS,
    ],
};

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    /// Clusters of Memcached and of Redis, and the members of replication groups.
    clusters: Shelf<Cluster>,
    parameter_groups: Shelf<ParameterGroup>,
    replication_groups: Shelf<ReplicationGroup>,
    snapshots: Shelf<Snapshot>,
    subnet_groups: Shelf<SubnetGroup>,
}

#[cfg(test)]
mod tests;
