//! How a stack is doing: clones and their health, databases, caches and queues, as AWS tells right now.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::{Instance, LifecycleState};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde::Serialize;
use serde_json::Value;

use super::clients::Aws;
use super::failure::classify;
use super::resources::autoscaling_group::AutoscalingGroup;
use super::resources::db_instance::DbInstance;
use super::resources::db_replica::DbReplica;
use super::resources::replication_group::ReplicationGroup;
use super::resources::{cache_cluster::CacheCluster, queue::Queue, target_group::TargetGroup};
use crate::engine::cloud_error::{CloudError, CloudResult};
use crate::engine::resource::{Look, Manage, Readiness, Resource};
use crate::engine::state::State;

/// One line of the overview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `autoscaling_group/web`.
    pub address: String,
    /// `well`, or what it is doing.
    pub state: String,
    /// What is worth knowing, by name.
    pub facts: BTreeMap<&'static str, String>,
}

/// Looks at everything worth looking at.
pub async fn look(cloud: &Aws, state: &State) -> CloudResult<Vec<Line>> {
    let mut lines = Vec::new();
    let groups = all::<AutoscalingGroup>(cloud, state).await?;
    lines.extend(groups.iter().map(|(address, seen)| {
        let facts = [
            ("clones", seen.as_ref().map(|seen| format!("{} in service of {} wanted", seen.in_service, seen.desired))),
            ("bounds", seen.as_ref().map(|seen| format!("{} to {}", seen.min, seen.max))),
        ];
        line::<AutoscalingGroup>(address, seen.as_ref(), facts)
    }));
    let mut health = BTreeMap::new();
    for (address, id) in ids::<TargetGroup>(state) {
        lines.push(targets(cloud, address, &id.0, &mut health).await?);
    }
    lines.extend(clones(cloud, state, &health).await?);
    let primaries = all::<DbInstance>(cloud, state).await?;
    lines.extend(primaries.iter().map(|(address, seen)| {
        let storage = seen.as_ref().map(|seen| format!("{} GiB", seen.instance.storage));
        let version = seen.as_ref().map(|seen| format!("{} {}", seen.engine, seen.version));
        line::<DbInstance>(address, seen.as_ref(), [("engine", version), ("storage", storage)])
    }));
    let replicas = all::<DbReplica>(cloud, state).await?;
    lines.extend(replicas.iter().map(|(address, seen)| {
        let source = seen.as_ref().map(|seen| seen.source.as_ref().map_or("nobody".into(), |source| source.0.clone()));
        line::<DbReplica>(address, seen.as_ref(), [("copies", source)])
    }));
    let caches = all::<ReplicationGroup>(cloud, state).await?;
    lines.extend(caches.iter().map(|(address, seen)| {
        let replicas = seen.as_ref().map(|seen| seen.replicas.to_string());
        line::<ReplicationGroup>(address, seen.as_ref(), [("replicas", replicas)])
    }));
    let clusters = all::<CacheCluster>(cloud, state).await?;
    lines.extend(clusters.iter().map(|(address, seen)| {
        let nodes = seen.as_ref().map(|seen| seen.nodes.to_string());
        line::<CacheCluster>(address, seen.as_ref(), [("nodes", nodes)])
    }));
    for (address, id) in ids::<Queue>(state) {
        lines.push(queue(cloud, address, &id.0).await?);
    }
    Ok(lines)
}

/// The ids of a kind's resources that are in use.
fn ids<R: Resource>(state: &State) -> Vec<(String, R::Id)> {
    let of_kind = state.records.iter().filter(|(at, _)| at.address.kind == R::KIND);
    let with_id = of_kind.filter_map(|(at, record)| {
        let id: &Value = record.id()?;
        Some((at.address.to_string(), serde_json::from_value(id.clone()).ok()?))
    });
    with_id.collect()
}

async fn all<R: Manage<Cloud = Aws>>(cloud: &Aws, state: &State) -> CloudResult<Vec<(String, Option<R::Observed>)>> {
    let mut lines = Vec::new();
    for batch in ids::<R>(state).chunks(R::READ_BATCH) {
        let wanted: Vec<R::Id> = batch.iter().map(|(_, id)| id.clone()).collect();
        let mut seen: BTreeMap<R::Id, R::Observed> = R::read(cloud, &wanted, Look::Brief).await?.into_iter().collect();
        lines.extend(batch.iter().map(|(address, id)| (address.clone(), seen.remove(id))));
    }
    Ok(lines)
}

fn line<R: Resource>(
    address: &str,
    seen: Option<&R::Observed>,
    facts: impl IntoIterator<Item = (&'static str, Option<String>)>,
) -> Line {
    let state = match seen.map(R::readiness) {
        None => "not there".into(),
        Some(Readiness::Ready) => "well".into(),
        Some(Readiness::Leaving) => "going".into(),
        Some(Readiness::Pending(why) | Readiness::Stuck(why) | Readiness::Undone(why) | Readiness::Unusable(why)) => {
            why
        }
    };
    let facts = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Line { address: address.into(), state, facts: facts.collect() }
}

/// A line for each clone: where it is, how far, and what its load balancer says of it.
async fn clones(cloud: &Aws, state: &State, health: &BTreeMap<String, String>) -> CloudResult<Vec<Line>> {
    let mut lines = Vec::new();
    for batch in ids::<AutoscalingGroup>(state).chunks(AutoscalingGroup::READ_BATCH) {
        let addresses: BTreeMap<&str, &str> =
            batch.iter().map(|(address, id)| (id.0.as_str(), address.as_str())).collect();
        let names = addresses.keys().map(ToString::to_string).collect();
        let request = cloud.api.autoscaling.describe_auto_scaling_groups().set_auto_scaling_group_names(Some(names));
        let pages = request.into_paginator().items().send();
        for group in pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)? {
            let Some(address) = group.auto_scaling_group_name().and_then(|name| addresses.get(name)) else { continue };
            lines.extend(group.instances().iter().map(|instance| clone(address, instance, health)));
        }
    }
    Ok(lines)
}

fn clone(group: &str, instance: &Instance, health: &BTreeMap<String, String>) -> Line {
    let id = instance.instance_id().unwrap_or_default();
    let text = |text: Option<&str>| text.map(str::to_owned);
    let facts = [
        ("type", text(instance.instance_type())),
        ("zone", text(instance.availability_zone())),
        ("health", text(instance.health_status()).map(|health| health.to_lowercase())),
        ("target", health.get(id).cloned()),
    ];
    let state = match instance.lifecycle_state() {
        Some(LifecycleState::InService) => "in service".to_owned(),
        Some(other) => other.as_str().to_lowercase(),
        None => "unknown".to_owned(),
    };
    let facts = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Line { address: format!("{group}/{id}"), state, facts: facts.collect() }
}

/// The line of a target group; what it says of each target goes into `health`.
async fn targets(cloud: &Aws, address: String, arn: &str, health: &mut BTreeMap<String, String>) -> CloudResult<Line> {
    let answer = cloud.api.elb.describe_target_health().target_group_arn(arn).send().await.map_err(classify);
    let targets = match answer {
        Err(CloudError::Missing(_)) => return Ok(Line { address, state: "not there".into(), facts: BTreeMap::new() }),
        answer => answer?.target_health_descriptions.unwrap_or_default(),
    };
    let state = |target: &aws_sdk_elasticloadbalancingv2::types::TargetHealthDescription| {
        target.target_health().and_then(|health| health.state()).map(|state| state.as_str().to_owned())
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for target in &targets {
        let state = state(target).unwrap_or_else(|| "unknown".into());
        health.extend(target.target().and_then(|target| target.id()).map(|id| (id.to_owned(), state.clone())));
        *counts.entry(state).or_default() += 1;
    }
    let healthy = counts.get("healthy").copied().unwrap_or_default();
    let counted: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let well = healthy == targets.len() && healthy > 0;
    let facts = BTreeMap::from([("targets", if counted.is_empty() { "none".into() } else { counted.join(", ") })]);
    Ok(Line { address, state: if well { "well" } else { "not all healthy" }.into(), facts })
}

async fn queue(cloud: &Aws, address: String, url: &str) -> CloudResult<Line> {
    let names = [
        ("waiting", Attribute::ApproximateNumberOfMessages),
        ("in work", Attribute::ApproximateNumberOfMessagesNotVisible),
    ];
    let request = cloud.api.sqs.get_queue_attributes().queue_url(url);
    let request = request.set_attribute_names(Some(names.iter().map(|(_, name)| name.clone()).collect()));
    let attributes = match request.send().await.map_err(classify) {
        Err(CloudError::Missing(_)) => return Ok(Line { address, state: "not there".into(), facts: BTreeMap::new() }),
        answer => answer?.attributes.unwrap_or_default(),
    };
    let facts = names.iter().filter_map(|(name, attribute)| Some((*name, attributes.get(attribute)?.clone())));
    Ok(Line { address, state: "well".into(), facts: facts.collect() })
}
