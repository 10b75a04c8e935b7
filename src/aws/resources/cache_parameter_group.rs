//! The settings of a cache engine.

use std::collections::BTreeMap;

use aws_sdk_elasticache::types::{CacheCluster, CacheParameterGroup as Described, ParameterNameValue};
use serde::{Deserialize, Serialize};

use crate::aws::clients::Aws;
use crate::aws::elasticache::{clusters, owned, retag, survey, tags_on};
use crate::aws::failure::{classify, is_absent};
use crate::aws::naming::name;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A cache parameter group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CacheParameterGroup {
    /// What it is for. Cannot be changed.
    pub description: String,
    /// Engine and version it fits: `valkey8`.
    pub family: String,
    /// The settings that differ from the engine's own, by name.
    pub parameters: BTreeMap<String, String>,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// The group's name.
    CacheParameterGroupName
}

/// What ElastiCache tells about a parameter group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// Its ARN.
    pub arn: String,
    /// What it is for. A cluster that uses the group does not tell.
    pub description: Option<String>,
    /// Engine and version it fits. A cluster that uses the group does not tell.
    pub family: Option<String>,
    /// The settings that somebody made. Read by a call of its own, so only by a close look.
    pub parameters: Option<BTreeMap<String, String>>,
}

/// What others need of a parameter group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its name.
    pub name: CacheParameterGroupName,
}

// rules

impl Resource for CacheParameterGroup {
    const KIND: &'static str = "cache_parameter_group";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const GOES_AT_ONCE: bool = true;
    type Id = CacheParameterGroupName;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &CacheParameterGroupName, _: &Observed) -> Outputs {
        Outputs { name: id.clone() }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { description, family, parameters, tags } = self;
        diff.reported("description", Manner::Replace, description, seen.description.as_ref());
        diff.reported("family", Manner::Replace, family, seen.family.as_ref());
        match &seen.parameters {
            Some(seen) => diff.owned_entries("parameters", parameters, seen),
            None => diff.unseen("parameters", Manner::InPlace, parameters),
        }
        diff.unseen("tags", Manner::InPlace, tags);
    }
}

// cloud calls

impl Manage for CacheParameterGroup {
    type Cloud = Aws;
    const READ_BATCH: usize = 1;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 900);

    async fn read(
        cloud: &Aws,
        ids: &[CacheParameterGroupName],
        look: Look,
    ) -> CloudResult<Vec<(CacheParameterGroupName, Observed)>> {
        let clusters = clusters(cloud, look).await?;
        let mut found = Vec::new();
        for id in ids {
            if let Some(seen) = used(cloud, &clusters, id) {
                found.push((id.clone(), seen));
                continue;
            }
            let request = cloud.api.elasticache.describe_cache_parameter_groups().cache_parameter_group_name(&id.0);
            let groups = match request.send().await {
                Err(e) if is_absent(&e) => continue,
                answer => answer.map_err(classify)?.cache_parameter_groups.unwrap_or_default(),
            };
            for group in groups {
                let parameters = if look == Look::Close { Some(parameters(cloud, id).await?) } else { None };
                found.push((id.clone(), Observed { parameters, ..observed(&group) }));
            }
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, CacheParameterGroupName)>> {
        let named = list(cloud).await?.into_iter().map(|(id, seen)| (id.0, seen.arn));
        let found = owned(cloud, owner, named).await?.into_iter();
        Ok(found.map(|(key, name)| (key, CacheParameterGroupName(name))).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        survey::<Self>(cloud, wanted, list(cloud).await?, |seen| &seen.arn).await
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<CacheParameterGroupName> {
        let name = name(call, 255);
        let request = call.cloud.api.elasticache.create_cache_parameter_group().cache_parameter_group_name(&name);
        let request = request.cache_parameter_group_family(&self.family).description(&self.description);
        request.set_tags(Some(tags_on(&self.tags, call))).send().await.map_err(classify)?;
        Ok(CacheParameterGroupName(name))
    }

    fn as_made(&self, call: &Call<'_, Aws>, id: &CacheParameterGroupName) -> CloudResult<Option<Observed>> {
        Ok(Some(Observed {
            arn: arn(call.cloud, id),
            description: Some(self.description.clone()),
            family: Some(self.family.clone()),
            parameters: Some(BTreeMap::new()),
        }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &CacheParameterGroupName, seen: &Observed) -> CloudResult<()> {
        let elasticache = &call.cloud.api.elasticache;
        let there = seen.parameters.clone().unwrap_or_default();
        let differs = self.parameters.iter().filter(|(name, value)| there.get(*name) != Some(*value));
        let wanted: Vec<_> = differs.map(|(name, value)| parameter(name, Some(value))).collect();
        if !wanted.is_empty() {
            let request = elasticache.modify_cache_parameter_group().cache_parameter_group_name(&id.0);
            request.set_parameter_name_values(Some(wanted)).send().await.map_err(classify)?;
        }
        let recorded: BTreeMap<String, String> =
            serde_json::from_value(call.recorded.properties["parameters"].clone()).unwrap_or_default();
        let dropped = recorded.keys().filter(|name| !self.parameters.contains_key(*name));
        let dropped: Vec<_> = dropped.map(|name| parameter(name, None)).collect();
        if !dropped.is_empty() {
            let request = elasticache.reset_cache_parameter_group().cache_parameter_group_name(&id.0);
            request.set_parameter_name_values(Some(dropped)).send().await.map_err(classify)?;
        }
        retag(call, &seen.arn, &self.tags).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &CacheParameterGroupName) -> CloudResult<()> {
        let request = call.cloud.api.elasticache.delete_cache_parameter_group().cache_parameter_group_name(&id.0);
        request.send().await.map_err(classify)?;
        Ok(())
    }
}

/// Only what somebody set.
/// All that there are, whoever's they are.
async fn list(cloud: &Aws) -> CloudResult<Vec<(CacheParameterGroupName, Observed)>> {
    let pages = cloud.api.elasticache.describe_cache_parameter_groups().into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let named = all
        .iter()
        .filter_map(|group| Some((CacheParameterGroupName(group.cache_parameter_group_name()?.into()), group)));
    Ok(named.map(|(id, group)| (id, observed(group))).collect())
}

async fn parameters(cloud: &Aws, id: &CacheParameterGroupName) -> CloudResult<BTreeMap<String, String>> {
    let request = cloud.api.elasticache.describe_cache_parameters().cache_parameter_group_name(&id.0).source("user");
    let pages = request.into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?.into_iter();
    Ok(all.filter_map(|parameter| Some((parameter.parameter_name?, parameter.parameter_value?))).collect())
}

// conversions

fn arn(cloud: &Aws, id: &CacheParameterGroupName) -> String {
    cloud.arn("elasticache", &format!("parametergroup:{}", id.0))
}

/// That it is there, if a cluster uses it. ElastiCache deletes no group that a cluster uses
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteCacheParameterGroup.html>), so the cluster vouches for it; and
/// what the cluster does not tell of it nobody can change.
fn used(cloud: &Aws, clusters: &[CacheCluster], id: &CacheParameterGroupName) -> Option<Observed> {
    let mut groups = clusters.iter().filter_map(|cluster| cluster.cache_parameter_group());
    let is_used = groups.any(|group| group.cache_parameter_group_name() == Some(id.as_ref()));
    is_used.then(|| Observed { arn: arn(cloud, id), description: None, family: None, parameters: None })
}

fn observed(group: &Described) -> Observed {
    Observed {
        arn: group.arn().unwrap_or_default().into(),
        description: Some(group.description().unwrap_or_default().into()),
        family: Some(group.cache_parameter_group_family().unwrap_or_default().into()),
        parameters: None,
    }
}

fn parameter(name: &str, value: Option<&String>) -> ParameterNameValue {
    ParameterNameValue::builder().parameter_name(name).set_parameter_value(value.cloned()).build()
}
