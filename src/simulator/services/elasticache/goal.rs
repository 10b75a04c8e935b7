//! Changes of caches that take a while: what they are, and what they make of it.

use serde::Serialize;

use super::cluster::Cluster;
use super::group::ReplicationGroup;
use crate::simulator::clock::Moment;

/// What is to change; all that is not `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Goal {
    pub(super) node: Option<String>,
    /// The engine and the full version.
    pub(super) version: Option<(&'static str, &'static str)>,
    pub(super) parameter_group: Option<String>,
    pub(super) security_groups: Option<Vec<String>>,
    pub(super) fails_over: Option<bool>,
    pub(super) multi_az: Option<bool>,
    pub(super) password: Option<Password>,
    pub(super) in_transit: Option<bool>,
    pub(super) transit_mode: Option<String>,
    pub(super) cluster_mode: Option<&'static str>,
    pub(super) user_groups: Option<Vec<String>>,
    /// The member to become the primary.
    pub(super) primary: Option<String>,
    /// How many nodes a cluster is to have, and which of them go.
    pub(super) nodes: Option<(usize, Vec<String>)>,
}

/// What happens to a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Password {
    /// There is a new one; the old one holds, too.
    Rotate,
    /// Only the new one holds.
    Set,
    /// There is none any more.
    Delete,
}

impl Goal {
    /// Whether there is nothing to change.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes these over what is there.
    pub(super) fn take(&mut self, more: Self) {
        let Self {
            node,
            version,
            parameter_group,
            security_groups,
            fails_over,
            multi_az,
            password,
            in_transit,
            transit_mode,
            cluster_mode,
            user_groups,
            primary,
            nodes,
        } = more;
        over(&mut self.node, node);
        over(&mut self.version, version);
        over(&mut self.parameter_group, parameter_group);
        over(&mut self.security_groups, security_groups);
        over(&mut self.fails_over, fails_over);
        over(&mut self.multi_az, multi_az);
        over(&mut self.password, password);
        over(&mut self.in_transit, in_transit);
        over(&mut self.transit_mode, transit_mode);
        over(&mut self.cluster_mode, cluster_mode);
        over(&mut self.user_groups, user_groups);
        over(&mut self.primary, primary);
        over(&mut self.nodes, nodes);
    }

    /// Changes a group.
    pub(super) fn apply_to_group(&self, group: &mut ReplicationGroup, now: Moment) {
        if let Some(node) = &self.node {
            group.node.clone_from(node);
        }
        if let Some((engine, version)) = self.version {
            (group.engine, group.version) = (engine, version);
        }
        if let Some(name) = &self.parameter_group {
            group.parameter_group.clone_from(name);
        }
        if let Some(groups) = &self.security_groups {
            group.security_groups.clone_from(groups);
        }
        group.fails_over = self.fails_over.unwrap_or(group.fails_over);
        group.multi_az = self.multi_az.unwrap_or(group.multi_az);
        group.password = self.since(group.password, now);
        group.in_transit = self.in_transit.unwrap_or(group.in_transit);
        group.transit_mode = self.transit_mode.clone().or(group.transit_mode.take()).filter(|_| group.in_transit);
        group.cluster_mode = self.cluster_mode.unwrap_or(group.cluster_mode);
        if let Some(groups) = &self.user_groups {
            group.user_groups.clone_from(groups);
        }
        if let Some(primary) = &self.primary {
            for shard in group.shards.iter_mut().filter(|shard| shard.members.contains(primary)) {
                shard.primary.clone_from(primary);
            }
        }
    }

    /// Changes a cluster, but for its nodes and who may reach them.
    pub(super) fn apply_to_cluster(&self, cluster: &mut Cluster, now: Moment) {
        if let Some(node) = &self.node {
            cluster.node.clone_from(node);
        }
        if let Some((engine, version)) = self.version {
            (cluster.engine, cluster.version) = (engine, version);
        }
        if let Some(name) = &self.parameter_group {
            cluster.parameter_group.clone_from(name);
            cluster.parameters = "in-sync";
        }
        cluster.password = self.since(cluster.password, now);
        cluster.in_transit = self.in_transit.unwrap_or(cluster.in_transit);
    }

    fn since(&self, before: Option<Moment>, now: Moment) -> Option<Moment> {
        match self.password {
            None => before,
            Some(Password::Rotate | Password::Set) => Some(now),
            Some(Password::Delete) => None,
        }
    }
}

fn over<T>(there: &mut Option<T>, more: Option<T>) {
    if more.is_some() {
        *there = more;
    }
}
