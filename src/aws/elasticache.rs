//! What the kinds of ElastiCache share: tags, which it shows only by a call for each resource, and clusters, which tell of their groups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_elasticache::types::{CacheCluster, Tag};

use super::clients::Aws;
use super::failure::classify;
use super::resources::security_group::{SecurityGroup, SecurityGroupId};
use super::sightings::{joined, placed};
use super::tags::Tags;
use super::together::listed;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudError, CloudResult};
use crate::engine::reference::{Known, Ref};
use crate::engine::resource::{Call, Look, Resource};
use crate::engine::survey::{Sighting, Wanted};

/// Of these named resources, those that the owner has tagged.
///
/// ElastiCache shows tags only of what is `available` (hashicorp/terraform-provider-aws#44811), and calls a cluster that is being made unknown. Of
/// anything else that was listed the end of the name stands for the tag: it is the short form of the key, and whoever asks has to know it.
pub(super) async fn owned(
    cloud: &Aws,
    owner: &Owner,
    named: impl Iterator<Item = (String, String)>,
) -> CloudResult<Vec<(Key, String)>> {
    let prefix = format!("{}-", owner.stack);
    let mut found = Vec::new();
    for (name, arn) in named.filter(|(name, _)| name.starts_with(&prefix)) {
        let answer = cloud.api.elasticache.list_tags_for_resource().resource_name(arn).send().await;
        let tags = match answer.map_err(classify) {
            Err(CloudError::NotYet(_) | CloudError::Missing(_)) => {
                found.extend(name.rsplit('-').next().map(Key::from_cloud).map(|key| (key, name.clone())));
                continue;
            }
            answer => answer?.tag_list.unwrap_or_default(),
        };
        let tags = Tags::collect(tags.iter().map(|tag| (tag.key(), tag.value())));
        found.extend(tags.key_of(owner).map(|key| (key, name)));
    }
    Ok(found)
}

/// The clusters there are with their nodes, whoever's they are: one call for all kinds whose brief look wants them at the same moment. Who is alone
/// gets none, for one group or cluster costs no more by name; and so does a close look, and who may not list. There are no more than come in one
/// answer; what none of them tells of has to be asked for by name, too.
pub(super) async fn clusters(cloud: &Aws, look: Look) -> CloudResult<Arc<Vec<CacheCluster>>> {
    match look {
        Look::Brief => cloud.rounds.cache_clusters.ask((), |asked| listed(asked.len(), list_clusters(cloud))).await,
        Look::Close => Ok(Arc::default()),
    }
}

async fn list_clusters(cloud: &Aws) -> CloudResult<Vec<CacheCluster>> {
    let request = cloud.api.elasticache.describe_cache_clusters().show_cache_node_info(true).max_records(100);
    Ok(request.send().await.map_err(classify)?.cache_clusters.unwrap_or_default())
}

/// Compares who may reach a cache. Where the cloud does not tell (a brief look, some emulators), the record decides.
pub(super) fn compare_groups(
    diff: &mut Diff<'_>,
    to: &BTreeSet<Ref<SecurityGroup>>,
    seen: Option<&BTreeSet<SecurityGroupId>>,
) {
    if let Some(there) = seen {
        let groups: Known<BTreeSet<_>> = to.iter().map(|group| diff.outputs(group).map(|group| group.id)).collect();
        diff.in_place("security_groups", groups, there);
        return;
    }
    diff.unseen("security_groups", Manner::InPlace, to);
    for group in to {
        diff.unseen_ref("security_groups", Manner::InPlace, group);
    }
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

/// A number as ElastiCache takes it.
pub(super) fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// The tags of something that is being made.
pub(super) fn tags_on(tags: &Tags, call: &Call<'_, Aws>) -> Vec<Tag> {
    cache_tags(tags.with_identity(call))
}

/// Sets the tags of an existing resource, and takes away those that the blueprint no longer has.
pub(super) async fn retag(call: &Call<'_, Aws>, arn: &str, to: &Tags) -> CloudResult<()> {
    let before = Tags::recorded(call);
    let missing = to.missing_in(&before);
    if !missing.is_empty() {
        let request = call.cloud.api.elasticache.add_tags_to_resource().resource_name(arn);
        request.set_tags(Some(cache_tags(missing))).send().await.map_err(classify)?;
    }
    for key in to.dropped(&before, call) {
        untag(call, arn, key).await?;
    }
    Ok(())
}

/// Takes away a tag. Each has a call of its own, because `ElastiCache` refuses to take away several when one is gone already, which it is
/// after an update that nobody saw the end of
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_RemoveTagsFromResource.html>).
async fn untag(call: &Call<'_, Aws>, arn: &str, key: String) -> CloudResult<()> {
    let request = call.cloud.api.elasticache.remove_tags_from_resource().resource_name(arn).tag_keys(key);
    match request.send().await {
        Err(error) if error.as_service_error().is_some_and(|error| error.is_tag_not_found_fault()) => Ok(()),
        answer => answer.map(|_| ()).map_err(classify),
    }
}

fn cache_tags(tags: BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
