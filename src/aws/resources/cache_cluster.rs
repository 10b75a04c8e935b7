//! A cache of Memcached: nodes that know nothing of each other, over which clients spread their keys.

use std::collections::BTreeSet;

use aws_sdk_elasticache::types::{AzMode, CacheCluster as Described};
use serde::{Deserialize, Serialize};

use super::cache_parameter_group::{CacheParameterGroup, CacheParameterGroupName};
use super::cache_subnet_group::{CacheSubnetGroup, CacheSubnetGroupName};
use super::security_group::{SecurityGroup, SecurityGroupId};
use crate::aws::clients::Aws;
use crate::aws::elasticache::{clusters, compare_groups, count, owned, retag, survey, tags_on};
use crate::aws::failure::{classify, is_absent, with_references};
use crate::aws::naming::name;
use crate::aws::tags::Tags;
use crate::aws::versions;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::reference::Ref;
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A Memcached cluster. Encrypted in transit; Memcached keeps nothing at rest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CacheCluster {
    /// The version, `1.6.22`, or what AWS has made of it since.
    pub version: String,
    /// The node type, `cache.t4g.small`.
    pub node: String,
    /// How many nodes, 1 to 40.
    pub nodes: u32,
    /// Where it stands.
    pub subnet_group: Ref<CacheSubnetGroup>,
    /// Its settings.
    pub parameter_group: Ref<CacheParameterGroup>,
    /// The groups that say who may reach it.
    pub security_groups: BTreeSet<Ref<SecurityGroup>>,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// The cluster's identifier.
    CacheClusterId
}

/// What ElastiCache tells about a cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// Its ARN.
    pub arn: String,
    /// The status in ElastiCache's words.
    pub status: String,
    /// The full version.
    pub version: String,
    /// The node type.
    pub node: String,
    /// How many nodes there are.
    pub nodes: u32,
    /// Their identifiers within the cluster, sorted: `0001` and so on, with gaps where some were removed.
    pub node_ids: BTreeSet<String>,
    /// The name of the group of subnets it stands in.
    pub subnet_group: CacheSubnetGroupName,
    /// The name of its parameter group.
    pub parameter_group: CacheParameterGroupName,
    /// The groups that say who may reach it. Some emulators do not tell.
    pub security_groups: Option<BTreeSet<SecurityGroupId>>,
    /// Whether data in transit is encrypted. Some emulators do not tell.
    pub encrypted_in_transit: Option<bool>,
    /// The host name that tells clients where the nodes are.
    pub host: String,
}

/// What others need of a cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// The host name that tells clients where the nodes are.
    pub host: String,
}

// rules

impl Resource for CacheCluster {
    const KIND: &'static str = "cache_cluster";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    type Id = CacheClusterId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(_: &CacheClusterId, seen: &Observed) -> Outputs {
        Outputs { host: seen.host.clone() }
    }

    fn readiness(seen: &Observed) -> Readiness {
        match seen.status.as_str() {
            "available" => Readiness::Ready,
            "deleting" | "deleted" => Readiness::Leaving,
            "incompatible-network" | "restore-failed" => Readiness::Unusable(format!("it is `{}`", seen.status)),
            status => Readiness::Pending(status.into()),
        }
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { version, node, nodes, subnet_group, parameter_group, security_groups, tags } = self;
        versions::compare(diff, version, &seen.version, 2);
        // ElastiCache cannot change the nodes of a Memcached cluster, only make others.
        diff.replace("node", node, &seen.node);
        diff.in_place("nodes", nodes, &seen.nodes);
        diff.replace("subnet_group", diff.outputs(subnet_group).map(|group| group.name), &seen.subnet_group);
        diff.in_place("parameter_group", diff.outputs(parameter_group).map(|group| group.name), &seen.parameter_group);
        compare_groups(diff, security_groups, seen.security_groups.as_ref());
        if let Some(encrypted) = &seen.encrypted_in_transit {
            diff.replace("encrypted_in_transit", &true, encrypted);
        }
        diff.unseen("tags", Manner::InPlace, tags);
    }
}

// cloud calls

impl Manage for CacheCluster {
    type Cloud = Aws;
    const READ_BATCH: usize = 1;
    const WAIT: WaitPolicy = WaitPolicy::every(15, 3600);

    async fn read(cloud: &Aws, ids: &[CacheClusterId], look: Look) -> CloudResult<Vec<(CacheClusterId, Observed)>> {
        let all = clusters(cloud, look).await?;
        let mut found = Vec::new();
        for id in ids {
            let told = all.iter().find(|cluster| cluster.cache_cluster_id() == Some(id.as_ref()));
            if let Some(seen) = told.and_then(observed) {
                found.push((id.clone(), seen));
                continue;
            }
            let request = cloud.api.elasticache.describe_cache_clusters().cache_cluster_id(&id.0);
            match request.show_cache_node_info(true).send().await {
                Err(e) if is_absent(&e) => {}
                answer => {
                    let clusters = answer.map_err(classify)?.cache_clusters.unwrap_or_default();
                    found.extend(clusters.iter().filter_map(observed).map(|seen| (id.clone(), seen)));
                }
            }
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, CacheClusterId)>> {
        let named = list(cloud).await?.into_iter().map(|(id, seen)| (id.0, seen.arn));
        let found = owned(cloud, owner, named).await?.into_iter();
        Ok(found.map(|(key, name)| (key, CacheClusterId(name))).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        survey::<Self>(cloud, wanted, list(cloud).await?, |seen| &seen.arn).await
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<CacheClusterId> {
        let id = name(call, 50);
        let zones = if self.nodes > 1 { AzMode::CrossAz } else { AzMode::SingleAz };
        let request = call.cloud.api.elasticache.create_cache_cluster().cache_cluster_id(&id).engine("memcached");
        let request =
            request.engine_version(&self.version).cache_node_type(&self.node).num_cache_nodes(count(self.nodes));
        let request = request.az_mode(zones).transit_encryption_enabled(true).auto_minor_version_upgrade(true);
        let request = request.cache_subnet_group_name(call.outputs(&self.subnet_group)?.name.0);
        let request = request.cache_parameter_group_name(call.outputs(&self.parameter_group)?.name.0);
        let request = request.set_security_group_ids(Some(self.groups(call)?));
        request.set_tags(Some(tags_on(&self.tags, call))).send().await.map_err(with_references)?;
        Ok(CacheClusterId(id))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &CacheClusterId, seen: &Observed) -> CloudResult<()> {
        // ElastiCache refuses a change of nothing, and tags what is not being changed.
        let changes = call.changes(self, seen);
        retag(call, &seen.arn, &self.tags).await?;
        if !changes.has_beside(&["tags"]) {
            return Ok(());
        }
        let differs = |field: &str| changes.has(field);
        let request = call.cloud.api.elasticache.modify_cache_cluster().cache_cluster_id(&id.0);
        let groups = if differs("security_groups") { Some(self.groups(call)?) } else { None };
        let request = request.apply_immediately(true).set_security_group_ids(groups);
        let parameters = call.outputs(&self.parameter_group)?.name.0;
        let request = request.set_cache_parameter_group_name(differs("parameter_group").then_some(parameters));
        let request = request.set_engine_version(differs("version").then(|| self.version.clone()));
        // Nodes that go are named; the last ones are as good as any.
        let going: Vec<String> = seen.node_ids.iter().skip(self.nodes as usize).cloned().collect();
        let request = request.set_cache_node_ids_to_remove(Some(going).filter(|going| !going.is_empty()));
        let request = request.set_num_cache_nodes(differs("nodes").then(|| count(self.nodes)));
        request.send().await.map(drop).map_err(with_references)
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &CacheClusterId) -> CloudResult<()> {
        let request = call.cloud.api.elasticache.delete_cache_cluster().cache_cluster_id(&id.0);
        request.send().await.map_err(classify)?;
        Ok(())
    }
}

impl CacheCluster {
    fn groups(&self, call: &Call<'_, Aws>) -> CloudResult<Vec<String>> {
        self.security_groups.iter().map(|group| Ok(call.outputs(group)?.id.0)).collect()
    }
}

/// All that stand alone, whoever's they are.
async fn list(cloud: &Aws) -> CloudResult<Vec<(CacheClusterId, Observed)>> {
    let request = cloud.api.elasticache.describe_cache_clusters().show_cache_node_info(true);
    let pages = request.show_cache_clusters_not_in_replication_groups(true).into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    // Some emulators do not filter, and say that a lone cluster belongs to a group without a name.
    let alone = all.iter().filter(|cluster| cluster.replication_group_id().is_none_or(str::is_empty));
    let seen =
        alone.filter_map(|cluster| Some((CacheClusterId(cluster.cache_cluster_id()?.into()), observed(cluster)?)));
    Ok(seen.collect())
}

// conversions

fn observed(cluster: &Described) -> Option<Observed> {
    let groups: BTreeSet<_> = cluster
        .security_groups()
        .iter()
        .filter_map(|g| g.security_group_id())
        .map(|id| SecurityGroupId(id.into()))
        .collect();
    // Where the emulator has no configuration endpoint, the first node stands for it.
    let node = cluster.cache_nodes().first().and_then(|node| node.endpoint());
    let host = cluster.configuration_endpoint().or(node).and_then(|endpoint| endpoint.address());
    Some(Observed {
        arn: cluster.arn().unwrap_or_default().into(),
        status: cluster.cache_cluster_status().unwrap_or("creating").into(),
        version: cluster.engine_version().unwrap_or_default().into(),
        node: cluster.cache_node_type()?.into(),
        nodes: cluster.num_cache_nodes().and_then(|nodes| u32::try_from(nodes).ok())?,
        node_ids: cluster.cache_nodes().iter().filter_map(|node| node.cache_node_id()).map(Into::into).collect(),
        subnet_group: CacheSubnetGroupName(cluster.cache_subnet_group_name().unwrap_or_default().into()),
        parameter_group: CacheParameterGroupName(
            cluster.cache_parameter_group().and_then(|g| g.cache_parameter_group_name()).unwrap_or_default().into(),
        ),
        security_groups: Some(groups).filter(|groups| !groups.is_empty()),
        encrypted_in_transit: cluster.transit_encryption_enabled(),
        host: host.unwrap_or_default().into(),
    })
}
