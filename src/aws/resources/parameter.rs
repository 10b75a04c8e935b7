//! A parameter of SSM: one thing that clones are told about their surroundings.
//!
//! Its name is chosen by the blueprint alone, without a key, because people and clones look for it; so a stranger's parameter of that name is
//! a real possibility, and is refused (`Overwrite` is not set when it is made).

use aws_sdk_ssm::types::{ParameterStringFilter, ParameterType, ResourceTypeForTagging, Tag};
use serde::{Deserialize, Serialize};

use super::cache_cluster::CacheCluster;
use super::db_instance::DbInstance;
use super::db_replica::DbReplica;
use super::load_balancer::LoadBalancer;
use super::queue::Queue;
use super::replication_group::ReplicationGroup;
use super::secret::Secret;
use crate::aws::at_once::each;
use crate::aws::clients::Aws;
use crate::aws::failure::{classify, is_absent, unbuildable};
use crate::aws::sightings::standing;
use crate::aws::tags::{KEY, LINEAGE, Tags};
use crate::engine::address::{Incarnation, Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use crate::engine::reference::{Book, Known, Ref};
use crate::engine::resource::{Call, Look, Manage, Readiness, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A parameter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parameter {
    /// Its full name, `/pando/shop/database/host`.
    pub name: String,
    /// What it says.
    pub value: Setting,
    /// The user's tags.
    pub tags: Tags,
}

/// Something worth telling, where it comes from. Never a secret: only where one is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// Known from the blueprint.
    Text(String),
    /// The host name of the database that takes writes.
    DatabaseHost(Ref<DbInstance>),
    /// The host names of the databases that take reads, separated by commas.
    ReaderHosts(Vec<Ref<DbReplica>>),
    /// The host name of a Memcached cluster's configuration endpoint.
    MemcachedHost(Ref<CacheCluster>),
    /// The host name of a cache's primary.
    CacheHost(Ref<ReplicationGroup>),
    /// The host name that spreads reads over a cache's replicas.
    CacheReaderHost(Ref<ReplicationGroup>),
    /// A queue's URL.
    QueueUrl(Ref<Queue>),
    /// Where a password is kept.
    SecretArn(Ref<Secret>),
    /// The address of the service, with its scheme.
    Url {
        /// `http` or `https`.
        scheme: String,
        /// Its public face.
        load_balancer: Ref<LoadBalancer>,
    },
}

// identity, observation, outputs

super::id! {
    /// The parameter's full name.
    ParameterName
}

/// What SSM tells about a parameter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// What it says.
    pub value: String,
}

// rules

impl Resource for Parameter {
    const KIND: &'static str = "parameter";
    const NAME_RETURNS: bool = true;
    const GOES_AT_ONCE: bool = true;
    type Id = ParameterName;
    type Observed = Observed;
    type Outputs = ();

    fn outputs(_: &ParameterName, _: &Observed) {}

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { name, value, tags } = self;
        diff.unseen("name", Manner::Replace, name);
        diff.in_place("value", value.text(diff.book()), &seen.value);
        diff.unseen("tags", Manner::InPlace, tags);
    }
}

impl Setting {
    /// What it says, if that is known.
    pub fn text(&self, book: &Book) -> Known<String> {
        match self {
            Self::Text(text) => Known::Now(text.clone()),
            Self::DatabaseHost(database) => book.known(database).map(|database| database.host),
            Self::ReaderHosts(replicas) => {
                let hosts: Known<Vec<String>> = replicas.iter().map(|r| book.known(r).map(|r| r.host)).collect();
                hosts.map(|hosts| hosts.join(","))
            }
            Self::MemcachedHost(cluster) => book.known(cluster).map(|cluster| cluster.host),
            Self::CacheHost(group) => book.known(group).map(|group| group.host),
            Self::CacheReaderHost(group) => book.known(group).map(|group| group.reader_host),
            Self::QueueUrl(queue) => book.known(queue).map(|queue| queue.url.0),
            Self::SecretArn(secret) => book.known(secret).map(|secret| secret.arn),
            Self::Url { scheme, load_balancer } => {
                book.known(load_balancer).map(|balancer| format!("{scheme}://{}", balancer.dns_name))
            }
        }
    }
}

// cloud calls

/// A filter of SSM takes at most this many values.
const FILTER_VALUES: usize = 50;

impl Manage for Parameter {
    type Cloud = Aws;
    const READ_BATCH: usize = 10;
    const WAIT: WaitPolicy = WaitPolicy::every(3, 120);

    async fn read(cloud: &Aws, ids: &[ParameterName], _: Look) -> CloudResult<Vec<(ParameterName, Observed)>> {
        let names = ids.iter().map(|id| id.0.clone()).collect();
        let answer = cloud.api.ssm.get_parameters().set_names(Some(names)).send().await.map_err(classify)?;
        let seen = answer.parameters.unwrap_or_default().into_iter();
        Ok(seen
            .filter_map(|p| Some((ParameterName(p.name?), Observed { value: p.value.unwrap_or_default() })))
            .collect())
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, ParameterName)>> {
        let request = cloud.api.ssm.get_parameters_by_path().path(format!("/pando/{}/", owner.stack)).recursive(true);
        let pages = request.into_paginator().send().collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
        let all = pages.into_iter().flat_map(|page| page.parameters.unwrap_or_default());
        owned(cloud, owner, all.filter_map(|parameter| Some(ParameterName(parameter.name?))).collect()).await
    }

    /// A name without a key does not say which life it is, and almost always it is the first: which of them are is asked for fifty at once.
    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        let desired = wanted.desired().filter_map(|(address, value)| Some((address, Self::deserialize(value).ok()?)));
        let key_of = |address| wanted.key_of(&Incarnation::first(address));
        let firsts: Vec<(String, Key)> =
            desired.map(|(address, parameter)| (parameter.name, key_of(address))).collect();
        let mut found = Vec::new();
        for batch in firsts.chunks(FILTER_VALUES) {
            let tagged = list(cloud, KEY, batch.iter().map(|(_, key)| key.as_str().to_owned()).collect()).await?;
            let first = batch.iter().filter(|(name, _)| tagged.iter().any(|id| id.0 == *name));
            found.extend(first.map(|(name, key)| (key.clone(), ParameterName(name.clone()))));
        }
        let others = list(cloud, LINEAGE, vec![wanted.owner().lineage.clone()]).await?.into_iter();
        let others = others.filter(|id| found.iter().all(|(_, known)| known != id)).collect();
        found.extend(owned(cloud, wanted.owner(), others).await?);
        Ok(standing::<Self>(found, |_| ()))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<ParameterName> {
        let value = self.value.text(call.book).now()?;
        let request = call.cloud.api.ssm.put_parameter().name(&self.name).value(value).r#type(ParameterType::String);
        let tags = ssm_tags(self.tags.with_identity(call))?;
        match request.set_tags(Some(tags)).send().await.map_err(classify) {
            Ok(_) => Ok(ParameterName(self.name.clone())),
            Err(CloudError::Exists(why)) if self.is_foreign(call).await => Err(CloudError::Foreign(why)),
            Err(error) => Err(error),
        }
    }

    fn as_made(&self, call: &Call<'_, Aws>, _: &ParameterName) -> CloudResult<Option<Observed>> {
        Ok(Some(Observed { value: self.value.text(call.book).now()? }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &ParameterName, seen: &Observed) -> CloudResult<()> {
        let (ssm, value) = (&call.cloud.api.ssm, self.value.text(call.book).now()?);
        if seen.value != value {
            let request = ssm.put_parameter().name(&id.0).value(value).r#type(ParameterType::String);
            request.overwrite(true).send().await.map_err(classify)?;
        }
        let before = Tags::recorded(call);
        let missing = self.tags.missing_in(&before);
        if !missing.is_empty() {
            let request =
                ssm.add_tags_to_resource().resource_type(ResourceTypeForTagging::Parameter).resource_id(&id.0);
            request.set_tags(Some(ssm_tags(missing)?)).send().await.map_err(classify)?;
        }
        let dropped = self.tags.dropped(&before, call);
        if !dropped.is_empty() {
            let request = ssm.remove_tags_from_resource().resource_type(ResourceTypeForTagging::Parameter);
            request.resource_id(&id.0).set_tag_keys(Some(dropped)).send().await.map_err(classify)?;
        }
        Ok(())
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &ParameterName) -> CloudResult<()> {
        call.cloud.api.ssm.delete_parameter().name(&id.0).send().await.map_err(classify)?;
        Ok(())
    }
}

impl Parameter {
    /// Whether the parameter of this name is visible and not of this stack.
    async fn is_foreign(&self, call: &Call<'_, Aws>) -> bool {
        let request = call.cloud.api.ssm.list_tags_for_resource().resource_id(&self.name);
        let Ok(answer) = request.resource_type(ResourceTypeForTagging::Parameter).send().await else { return false };
        let tags = Tags::collect(answer.tag_list().iter().map(|tag| (Some(tag.key()), Some(tag.value()))));
        tags.key_of(call.owner).is_none()
    }
}

/// The names of all parameters of which a tag has one of these values.
async fn list(cloud: &Aws, tag: &str, values: Vec<String>) -> CloudResult<Vec<ParameterName>> {
    let filter = ParameterStringFilter::builder().key(format!("tag:{tag}")).option("Equals").set_values(Some(values));
    let filter = filter.build().map_err(|e| unbuildable(&e))?;
    let pages = cloud.api.ssm.describe_parameters().parameter_filters(filter).max_results(50).into_paginator();
    let pages = pages.send().collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let all = pages.into_iter().flat_map(|page| page.parameters.unwrap_or_default());
    Ok(all.filter_map(|parameter| parameter.name.map(ParameterName)).collect())
}

/// Those that the owner has tagged.
async fn owned(cloud: &Aws, owner: &Owner, listed: Vec<ParameterName>) -> CloudResult<Vec<(Key, ParameterName)>> {
    let key = async |id: ParameterName| {
        let request = cloud.api.ssm.list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter);
        let tags = match request.resource_id(&id.0).send().await {
            // Listed a moment ago and gone since.
            Err(e) if is_absent(&e) || crate::aws::failure::code(&e) == "InvalidResourceId" => return Ok(None),
            answer => answer.map_err(classify)?.tag_list.unwrap_or_default(),
        };
        let tags = Tags::collect(tags.iter().map(|tag| (Some(tag.key()), Some(tag.value()))));
        Ok(tags.key_of(owner).map(|key| (key, id)))
    };
    each(listed, key).await
}

fn ssm_tags(tags: std::collections::BTreeMap<String, String>) -> CloudResult<Vec<Tag>> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.into_iter().map(tag).collect::<Result<_, _>>().map_err(|e| unbuildable(&e))
}
