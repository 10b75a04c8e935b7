//! What the kinds of RDS share: tags, and a database instance as RDS describes it, whether it is a primary or a replica.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, DbInstance as Described, Filter, Tag};
use serde::{Deserialize, Serialize};

use super::clients::Aws;
use super::failure::{classify, is_absent};
use super::resources::security_group::SecurityGroupId;
use super::sightings::{joined, placed};
use super::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::cloud_error::CloudResult;
use crate::engine::resource::{Call, Look, Readiness, Resource};
use crate::engine::survey::{Sighting, Wanted};

/// How a database instance is doing and where it is: the same for primaries and replicas.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Instance {
    /// The status in RDS's words: `creating`, `available`, `modifying` and many more.
    pub status: String,
    /// Its instance class.
    pub class: String,
    /// The host name, once it has one.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The groups that say who may reach it.
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// The name of its parameter group.
    pub parameter_group: String,
    /// Whether it can be reached from the internet.
    pub public: bool,
    /// Whether RDS raises the minor version by itself.
    pub minor_upgrades: bool,
    /// Whether snapshots get the instance's tags.
    pub copy_tags: bool,
    /// Whether IAM can be used to log in. Some emulators do not tell.
    pub iam_login: Option<bool>,
    /// The storage there is, in GiB.
    pub storage: u32,
    /// How far storage may grow by itself, in GiB.
    pub storage_max: Option<u32>,
    /// The logs that go to CloudWatch.
    pub logs: BTreeSet<String>,
    /// Whether AWS refuses to delete it.
    pub deletion_protection: bool,
    /// All tags.
    pub tags: Tags,
}

impl Instance {
    /// What a description of RDS says.
    pub(super) fn of(instance: &Described) -> Option<Self> {
        let endpoint = instance.endpoint();
        let port = endpoint.and_then(|endpoint| endpoint.port()).and_then(|port| u16::try_from(port).ok());
        let groups = instance.vpc_security_groups().iter().filter_map(|group| group.vpc_security_group_id());
        let parameters = instance.db_parameter_groups().first().and_then(|group| group.db_parameter_group_name());
        Some(Self {
            status: instance.db_instance_status().unwrap_or("creating").into(),
            class: instance.db_instance_class()?.into(),
            host: endpoint.and_then(|endpoint| endpoint.address()).unwrap_or_default().into(),
            port: port.unwrap_or_default(),
            security_groups: groups.map(|id| SecurityGroupId(id.into())).collect(),
            parameter_group: parameters.unwrap_or_default().into(),
            public: instance.publicly_accessible() == Some(true),
            minor_upgrades: instance.auto_minor_version_upgrade() == Some(true),
            copy_tags: instance.copy_tags_to_snapshot() == Some(true),
            iam_login: instance.iam_database_authentication_enabled(),
            storage: number(instance.allocated_storage).unwrap_or_default(),
            storage_max: number(instance.max_allocated_storage),
            logs: instance.enabled_cloudwatch_logs_exports().iter().cloned().collect(),
            deletion_protection: instance.deletion_protection() == Some(true),
            tags: Tags::collect(instance.tag_list().iter().map(|tag| (tag.key(), tag.value()))),
        })
    }

    /// The logs to begin and to stop exporting, if there are any.
    pub(super) fn log_changes(&self, wanted: &BTreeSet<String>) -> Option<CloudwatchLogsExportConfiguration> {
        let more: Vec<String> = wanted.difference(&self.logs).cloned().collect();
        let less: Vec<String> = self.logs.difference(wanted).cloned().collect();
        let config = CloudwatchLogsExportConfiguration::builder().set_enable_log_types(Some(more));
        (*wanted != self.logs).then(|| config.set_disable_log_types(Some(less)).build())
    }

    /// How far storage is to grow by itself, in RDS's terms. Equal to what there is means: no further.
    pub(super) fn growth(&self, wanted: Option<u32>, storage: u32) -> Option<i32> {
        let stop = self.storage_max.map(|_| self.storage.max(storage));
        wanted.or(stop).map(signed)
    }

    /// What nobody can bring into order but by making it anew.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self.status.as_str(), "failed" | "incompatible-restore" | "incompatible-network")
    }

    /// How it is doing.
    pub(super) fn readiness(&self) -> Readiness {
        match self.status.as_str() {
            // While storage is optimised, for hours, the database works as before.
            "available" | "storage-optimization" | "storage-config-upgrade" => Readiness::Ready,
            "deleting" => Readiness::Leaving,
            "failed" => Readiness::Unusable("it failed to start".into()),
            "stopped" => Readiness::Stuck("somebody stopped it; start it".into()),
            status if status.starts_with("incompatible") || status == "inaccessible-encryption-credentials" => {
                Readiness::Stuck(format!("it is `{status}`"))
            }
            status => Readiness::Pending(status.into()),
        }
    }
}

fn number(value: Option<i32>) -> Option<u32> {
    value.and_then(|value| u32::try_from(value).ok())
}

/// RDS counts in signed numbers.
pub(super) fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// How many instances are asked for in one call.
pub(super) const BATCH: usize = 20;

/// Instances, to a brief look in one call with whoever else asks for some at the same moment. Others may come along; without any identifiers at
/// all nothing is asked.
pub(super) async fn instances(cloud: &Aws, ids: Vec<String>, look: Look) -> CloudResult<Arc<Vec<Described>>> {
    match look {
        Look::Brief => cloud.rounds.databases.ask(ids, |asked| instances_of_all(cloud, asked)).await,
        Look::Close => instances_of_all(cloud, vec![ids]).await.map(Arc::new),
    }
}

async fn instances_of_all(cloud: &Aws, asked: Vec<Vec<String>>) -> CloudResult<Vec<Described>> {
    let ids: BTreeSet<String> = asked.into_iter().flatten().collect();
    let ids: Vec<String> = ids.into_iter().collect();
    let mut found = Vec::new();
    for ids in ids.chunks(BATCH) {
        found.extend(describe(cloud, Some(ids.to_vec())).await?);
    }
    Ok(found)
}

/// The instances with these identifiers, or all of them.
pub(super) async fn describe(cloud: &Aws, ids: Option<Vec<String>>) -> CloudResult<Vec<Described>> {
    let filter = ids.map(|ids| vec![Filter::builder().name("db-instance-id").set_values(Some(ids)).build()]);
    let request = cloud.api.rds.describe_db_instances().set_filters(filter);
    match request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await {
        Err(e) if is_absent(&e) => Ok(Vec::new()),
        answer => answer.map_err(classify),
    }
}

/// Of these named resources, those that the owner has tagged. RDS shows tags of groups by a call for each.
pub(super) async fn owned(
    cloud: &Aws,
    owner: &Owner,
    named: impl Iterator<Item = (String, String)>,
) -> CloudResult<Vec<(Key, String)>> {
    let prefix = format!("{}-", owner.stack);
    let mut found = Vec::new();
    for (name, arn) in named.filter(|(name, _)| name.starts_with(&prefix)) {
        let tags = match cloud.api.rds.list_tags_for_resource().resource_name(arn).send().await {
            // Listed a moment ago and gone since.
            Err(e) if is_absent(&e) => continue,
            answer => answer.map_err(classify)?.tag_list.unwrap_or_default(),
        };
        let tags = Tags::collect(tags.iter().map(|tag| (tag.key(), tag.value())));
        found.extend(tags.key_of(owner).map(|key| (key, name)));
    }
    Ok(found)
}

/// What was listed of these named resources, as far as it is the owner's. Tags are asked for only where the name does not tell.
pub(super) async fn survey<R: Resource>(
    cloud: &Aws,
    wanted: &Wanted,
    listed: Vec<(R::Id, R::Observed)>,
    arn: impl Fn(&R::Observed) -> &str,
) -> CloudResult<Vec<Sighting<R>>>
where
    R::Id: AsRef<str>,
{
    let (known, others) = placed(listed, wanted, |(id, _)| id.as_ref());
    let named = others.iter().map(|(id, seen)| (id.as_ref().to_owned(), arn(seen).to_owned()));
    let named: Vec<_> = named.collect();
    let owned = owned(cloud, wanted.owner(), named.into_iter()).await?;
    Ok(joined(known, others, &owned))
}

/// The tags of something that is being made.
pub(super) fn tags_on(tags: &Tags, call: &Call<'_, Aws>) -> Vec<Tag> {
    rds_tags(tags.with_identity(call))
}

/// Sets the tags of an existing resource, and takes away those that the blueprint no longer has.
pub(super) async fn retag(call: &Call<'_, Aws>, arn: &str, to: &Tags, seen: &Tags) -> CloudResult<()> {
    let missing = to.missing_in(seen);
    if !missing.is_empty() {
        let request = call.cloud.api.rds.add_tags_to_resource().resource_name(arn);
        request.set_tags(Some(rds_tags(missing))).send().await.map_err(classify)?;
    }
    let dropped = to.dropped(seen, call);
    if !dropped.is_empty() {
        let request = call.cloud.api.rds.remove_tags_from_resource().resource_name(arn);
        request.set_tag_keys(Some(dropped)).send().await.map_err(classify)?;
    }
    Ok(())
}

fn rds_tags(tags: BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
