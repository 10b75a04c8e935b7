//! A cache of Valkey or Redis: a primary and its replicas, encrypted, and open only to who has the password.

use std::collections::BTreeSet;

use aws_sdk_elasticache::types::{
    AuthTokenUpdateStrategyType, AutomaticFailoverStatus, CacheCluster as Member, MultiAzStatus,
    ReplicationGroup as Described,
};
use serde::{Deserialize, Serialize};

use super::cache_parameter_group::{CacheParameterGroup, CacheParameterGroupName};
use super::cache_subnet_group::{CacheSubnetGroup, CacheSubnetGroupName};
use super::secret::{Secret, password};
use super::security_group::{SecurityGroup, SecurityGroupId};
use crate::aws::clients::Aws;
use crate::aws::elasticache::{compare_groups, count, owned, retag, survey, tags_on};
use crate::aws::failure::{classify, is_absent, with_references};
use crate::aws::naming::name;
use crate::aws::tags::Tags;
use crate::aws::versions;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use crate::engine::reference::Ref;
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A replication group with one shard. Always encrypted, at rest and in transit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReplicationGroup {
    /// What it is for.
    pub description: String,
    /// `valkey` or `redis`.
    pub engine: String,
    /// The version, `8.0`, or what AWS has made of it since.
    pub version: String,
    /// The node type, `cache.t4g.small`.
    pub node: String,
    /// How many replicas the primary has, 0 to 5.
    pub replicas: u32,
    /// Whether a replica in another zone takes over when the primary fails. Needs a replica.
    pub multi_az: bool,
    /// Where it stands.
    pub subnet_group: Ref<CacheSubnetGroup>,
    /// Its settings.
    pub parameter_group: Ref<CacheParameterGroup>,
    /// The groups that say who may reach it.
    pub security_groups: BTreeSet<Ref<SecurityGroup>>,
    /// Where the password is kept.
    pub password: Ref<Secret>,
    /// For how many days daily snapshots are kept.
    pub snapshot_days: u32,
    /// Whether a last snapshot is taken when it is deleted.
    pub final_snapshot: bool,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// The group's identifier.
    ReplicationGroupId
}

/// What ElastiCache tells about a replication group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// Its ARN.
    pub arn: String,
    /// What it is for.
    pub description: String,
    /// The status in ElastiCache's words.
    pub status: String,
    /// The node type.
    pub node: String,
    /// How many replicas the primary has.
    pub replicas: u32,
    /// Whether a replica takes over.
    pub failover: bool,
    /// Whether it stands in another zone.
    pub multi_az: bool,
    /// The identifier of its first member.
    pub first_member: Option<String>,
    /// Whether data at rest is encrypted.
    pub encrypted_at_rest: bool,
    /// Whether data in transit is encrypted.
    pub encrypted_in_transit: bool,
    /// For how many days snapshots are kept.
    pub snapshot_days: u32,
    /// The primary's host name.
    pub host: String,
    /// The host name that spreads reads over the replicas.
    pub reader_host: String,
    /// What only its members tell, by a call of their own; so only by a close look.
    pub members: Option<Members>,
}

/// What the members of a group tell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Members {
    /// The engine.
    pub engine: String,
    /// The full version.
    pub version: String,
    /// The name of the group of subnets they stand in.
    pub subnet_group: CacheSubnetGroupName,
    /// The name of their parameter group.
    pub parameter_group: CacheParameterGroupName,
    /// The groups that say who may reach them. Some emulators do not tell.
    pub security_groups: Option<BTreeSet<SecurityGroupId>>,
}

/// What others need of a cache.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// The primary's host name.
    pub host: String,
    /// The host name that spreads reads over the replicas.
    pub reader_host: String,
}

// rules

impl Resource for ReplicationGroup {
    const KIND: &'static str = "replication_group";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    /// Sessions, counters and locks live in caches, often nowhere else.
    const HOLDS_DATA: bool = true;
    type Id = ReplicationGroupId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(_: &ReplicationGroupId, seen: &Observed) -> Outputs {
        Outputs { host: seen.host.clone(), reader_host: seen.reader_host.clone() }
    }

    fn readiness(seen: &Observed) -> Readiness {
        match seen.status.as_str() {
            "available" => Readiness::Ready,
            "deleting" => Readiness::Leaving,
            FAILED => Readiness::Unusable("it failed to start".into()),
            status => Readiness::Pending(status.into()),
        }
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self {
            description,
            engine,
            version,
            node,
            replicas,
            multi_az,
            subnet_group,
            parameter_group,
            security_groups,
            password,
            snapshot_days,
            final_snapshot,
            tags,
        } = self;
        let members = seen.members.as_ref();
        diff.in_place("description", description, &seen.description);
        versions::compare_cache(diff, (engine, version), members.map(|m| (&m.engine, &m.version)));
        diff.in_place("node", node, &seen.node);
        diff.in_place("replicas", replicas, &seen.replicas);
        diff.in_place("failover", &(*replicas > 0), &seen.failover);
        diff.in_place("multi_az", multi_az, &seen.multi_az);
        if let Some(members) = members {
            let subnets = diff.outputs(subnet_group).map(|group| group.name);
            diff.replace("subnet_group", subnets, &members.subnet_group);
            let parameters = diff.outputs(parameter_group).map(|group| group.name);
            diff.in_place("parameter_group", parameters, &members.parameter_group);
        } else {
            diff.unseen_ref("subnet_group", Manner::Replace, subnet_group);
            diff.unseen_ref("parameter_group", Manner::InPlace, parameter_group);
        }
        compare_groups(diff, security_groups, members.and_then(|members| members.security_groups.as_ref()));
        diff.unseen_ref("password", Manner::InPlace, password);
        diff.in_place("snapshot_days", snapshot_days, &seen.snapshot_days);
        // Matters when it is deleted, and is read from the record then.
        diff.unseen("final_snapshot", Manner::InPlace, final_snapshot);
        diff.replace("encrypted_at_rest", &true, &seen.encrypted_at_rest);
        diff.replace("encrypted_in_transit", &true, &seen.encrypted_in_transit);
        diff.unseen("tags", Manner::InPlace, tags);
    }

    fn remains(&self, id: &ReplicationGroupId) -> Vec<String> {
        self.final_snapshot.then(|| format!("the last snapshot, {}", last_snapshot(id))).into_iter().collect()
    }
}

// cloud calls

impl Manage for ReplicationGroup {
    type Cloud = Aws;
    const READ_BATCH: usize = 1;
    const WAIT: WaitPolicy = WaitPolicy::every(15, 5400);

    async fn read(
        cloud: &Aws,
        ids: &[ReplicationGroupId],
        look: Look,
    ) -> CloudResult<Vec<(ReplicationGroupId, Observed)>> {
        let mut found = Vec::new();
        for id in ids {
            let request = cloud.api.elasticache.describe_replication_groups().replication_group_id(&id.0);
            let groups = match request.send().await {
                Err(e) if is_absent(&e) => continue,
                answer => answer.map_err(classify)?.replication_groups.unwrap_or_default(),
            };
            for group in groups {
                let Some(mut seen) = observed(&group) else { continue };
                if let Some(member) = group.member_clusters().first().filter(|_| look == Look::Close) {
                    seen.members = members(cloud, member, &group).await?;
                }
                found.push((id.clone(), seen));
            }
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, ReplicationGroupId)>> {
        let named = list(cloud).await?.into_iter().map(|(id, seen)| (id.0, seen.arn));
        let found = owned(cloud, owner, named).await?.into_iter();
        Ok(found.map(|(key, name)| (key, ReplicationGroupId(name))).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        survey::<Self>(cloud, wanted, list(cloud).await?, |seen| &seen.arn).await
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<ReplicationGroupId> {
        let id = name(call, 40);
        let password = password(call.cloud, &call.outputs(&self.password)?.arn).await?;
        let request = call.cloud.api.elasticache.create_replication_group().replication_group_id(&id);
        let request = request.replication_group_description(&self.description);
        let request = request.engine(&self.engine).engine_version(&self.version).cache_node_type(&self.node);
        let request = request.num_cache_clusters(count(self.replicas + 1));
        let request = request.automatic_failover_enabled(self.replicas > 0).multi_az_enabled(self.multi_az);
        let request = request.cache_subnet_group_name(call.outputs(&self.subnet_group)?.name.0);
        let request = request.cache_parameter_group_name(call.outputs(&self.parameter_group)?.name.0);
        let request = request.set_security_group_ids(Some(self.groups(call)?));
        let request = request.at_rest_encryption_enabled(true).transit_encryption_enabled(true);
        let request = request.auth_token(password.expose()).snapshot_retention_limit(count(self.snapshot_days));
        let request = request.auto_minor_version_upgrade(true).set_tags(Some(tags_on(&self.tags, call)));
        request.send().await.map_err(|e| password.redact(with_references(e)))?;
        Ok(ReplicationGroupId(id))
    }

    /// ElastiCache takes one change at a time and none while another is under way, so each but the last is answered with "not yet", and the engine
    /// comes back when it is done. More replicas come before the failover that needs them, and fewer after it; that is the order in which
    /// Terraform's provider has learned to send them, the password alone and last.
    async fn update(&self, call: &Call<'_, Aws>, id: &ReplicationGroupId, seen: &Observed) -> CloudResult<()> {
        // A plan does not look at the members, and what only they tell must not be sent when it is the same.
        let closer = match &seen.members {
            Some(_) => None,
            None => Self::read(call.cloud, std::slice::from_ref(id), Look::Close).await?.pop(),
        };
        let seen = closer.as_ref().map_or(seen, |(_, seen)| seen);
        let more = |what: &str| Err(CloudError::NotYet(format!("{what}; the rest follows")));
        let elasticache = &call.cloud.api.elasticache;
        if self.replicas > seen.replicas {
            let request = elasticache.increase_replica_count().replication_group_id(&id.0).apply_immediately(true);
            request.new_replica_count(count(self.replicas)).send().await.map_err(classify)?;
            return more("replicas are being added");
        }
        if call.changes(self, seen).has_beside(&["replicas", "password", "final_snapshot", "tags"]) {
            self.modify(call, id, seen).await?;
            return more("settings are being changed");
        }
        if self.replicas < seen.replicas {
            let request = elasticache.decrease_replica_count().replication_group_id(&id.0).apply_immediately(true);
            request.new_replica_count(count(self.replicas)).send().await.map_err(classify)?;
            return more("replicas are being removed");
        }
        retag(call, &seen.arn, &self.tags).await?;
        if call.moved(&self.password) {
            // Both passwords hold until the next change, so that clones can be told.
            let password = password(call.cloud, &call.outputs(&self.password)?.arn).await?;
            let request = elasticache.modify_replication_group().replication_group_id(&id.0).apply_immediately(true);
            let request = request.auth_token_update_strategy(AuthTokenUpdateStrategyType::Rotate);
            let request = request.auth_token(password.expose());
            request.send().await.map_err(|e| password.redact(classify(e)))?;
        }
        Ok(())
    }

    /// With a last snapshot, named after the group, if the blueprint said so.
    async fn delete(&self, call: &Call<'_, Aws>, id: &ReplicationGroupId) -> CloudResult<()> {
        // Of one that failed to start ElastiCache can take no snapshot, and then deletes it only without.
        let found = Self::read(call.cloud, std::slice::from_ref(id), Look::Brief).await?;
        let is_broken = found.iter().any(|(_, seen)| seen.status == FAILED);
        let snapshot = (self.final_snapshot && !is_broken).then(|| last_snapshot(id));
        let request = call.cloud.api.elasticache.delete_replication_group().replication_group_id(&id.0);
        let request = request.set_final_snapshot_identifier(snapshot);
        request.send().await.map_err(classify)?;
        Ok(())
    }
}

impl ReplicationGroup {
    fn groups(&self, call: &Call<'_, Aws>) -> CloudResult<Vec<String>> {
        self.security_groups.iter().map(|group| Ok(call.outputs(group)?.id.0)).collect()
    }

    /// Sends what differs, and nothing else: a change of nothing is refused.
    async fn modify(&self, call: &Call<'_, Aws>, id: &ReplicationGroupId, seen: &Observed) -> CloudResult<()> {
        let changes = call.changes(self, seen);
        let differs = |field: &str| changes.has(field);
        let request = call.cloud.api.elasticache.modify_replication_group().replication_group_id(&id.0);
        let request = request.apply_immediately(true);
        let description = differs("description").then(|| self.description.clone());
        let request = request.set_replication_group_description(description);
        let request = request.set_cache_node_type(differs("node").then(|| self.node.clone()));
        let groups = if differs("security_groups") { Some(self.groups(call)?) } else { None };
        let request = request.set_security_group_ids(groups);
        let parameters = call.outputs(&self.parameter_group)?.name.0;
        let request = request.set_cache_parameter_group_name(differs("parameter_group").then_some(parameters));
        let other = differs("engine") || differs("version");
        let request = request.set_engine(differs("engine").then(|| self.engine.clone()));
        let request = request.set_engine_version(other.then(|| self.version.clone()));
        let request = request.set_multi_az_enabled(differs("multi_az").then_some(self.multi_az));
        let request = request.set_automatic_failover_enabled(differs("failover").then_some(self.replicas > 0));
        let request = request.set_snapshot_retention_limit(differs("snapshot_days").then(|| count(self.snapshot_days)));
        // Where there were no snapshots, ElastiCache wants to be told of which member to take them.
        let first = seen.first_member.clone().filter(|_| seen.snapshot_days == 0 && self.snapshot_days > 0);
        request.set_snapshotting_cluster_id(first).send().await.map(drop).map_err(with_references)
    }
}

/// All that there are, whoever's they are.
async fn list(cloud: &Aws) -> CloudResult<Vec<(ReplicationGroupId, Observed)>> {
    let pages = cloud.api.elasticache.describe_replication_groups().into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let seen = all
        .iter()
        .filter_map(|group| Some((ReplicationGroupId(group.replication_group_id()?.into()), observed(group)?)));
    Ok(seen.collect())
}

/// A group's description leaves out what all its members have in common; the first of them tells.
async fn members(cloud: &Aws, member: &str, group: &Described) -> CloudResult<Option<Members>> {
    let clusters = match cloud.api.elasticache.describe_cache_clusters().cache_cluster_id(member).send().await {
        Err(e) if is_absent(&e) => return Ok(None),
        answer => answer.map_err(classify)?.cache_clusters.unwrap_or_default(),
    };
    Ok(clusters.first().and_then(|cluster| members_of(cluster, group)))
}

// conversions

/// The status of a group that failed to start.
const FAILED: &str = "create-failed";

/// Named after the group, whose identifier is used only once.
fn last_snapshot(id: &ReplicationGroupId) -> String {
    format!("{}-final", id.0)
}

fn observed(group: &Described) -> Option<Observed> {
    let node_group = group.node_groups().first();
    let host = node_group.and_then(|node| node.primary_endpoint()).and_then(|endpoint| endpoint.address());
    let reader = node_group.and_then(|node| node.reader_endpoint()).and_then(|endpoint| endpoint.address());
    let has_failover = group.automatic_failover() == Some(&AutomaticFailoverStatus::Enabled);
    Some(Observed {
        arn: group.arn().unwrap_or_default().into(),
        description: group.description().unwrap_or_default().into(),
        status: group.status().unwrap_or("creating").into(),
        node: group.cache_node_type()?.into(),
        replicas: u32::try_from(group.member_clusters().len()).ok()?.saturating_sub(1),
        failover: has_failover,
        first_member: group.member_clusters().first().cloned(),
        multi_az: has_failover && group.multi_az() == Some(&MultiAzStatus::Enabled),
        encrypted_at_rest: group.at_rest_encryption_enabled() == Some(true),
        encrypted_in_transit: group.transit_encryption_enabled() == Some(true),
        snapshot_days: group.snapshot_retention_limit().and_then(|days| u32::try_from(days).ok()).unwrap_or_default(),
        host: host.unwrap_or_default().into(),
        reader_host: reader.or(host).unwrap_or_default().into(),
        members: None,
    })
}

fn members_of(cluster: &Member, group: &Described) -> Option<Members> {
    let groups = cluster.security_groups().iter().filter_map(|g| Some(SecurityGroupId(g.security_group_id()?.into())));
    let groups: BTreeSet<_> = groups.collect();
    Some(Members {
        engine: cluster.engine().or(group.engine())?.into(),
        version: cluster.engine_version()?.into(),
        subnet_group: CacheSubnetGroupName(cluster.cache_subnet_group_name()?.into()),
        parameter_group: CacheParameterGroupName(cluster.cache_parameter_group()?.cache_parameter_group_name()?.into()),
        security_groups: Some(groups).filter(|groups| !groups.is_empty()),
    })
}
