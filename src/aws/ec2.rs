//! What the kinds of EC2 share: filters and tags.

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

use super::clients::Aws;
use super::failure::classify;
use super::tags::{LINEAGE, Tags};
use crate::engine::address::{Key, Owner};
use crate::engine::cloud_error::CloudResult;
use crate::engine::resource::Call;

/// EC2 takes at most this many values in one filter.
pub(super) const FILTER_VALUES: usize = 200;

/// Filters by values. Preferred to lists of ids, of which a single missing one fails the whole call.
pub(super) fn filter<V: Into<String>>(name: &str, values: impl IntoIterator<Item = V>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

/// Filters what carries the owner's tag.
pub(super) fn owned_by(owner: &Owner) -> Filter {
    filter(&format!("tag:{LINEAGE}"), [&owner.lineage])
}

/// The tags of a resource that is being made.
pub(super) fn tags_on(what: ResourceType, tags: &Tags, call: &Call<'_, Aws>) -> TagSpecification {
    let all = tags.with_identity(call).into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    TagSpecification::builder().resource_type(what).set_tags(Some(all.collect())).build()
}

/// The tags in an answer.
pub(super) fn seen_tags(tags: &[Tag]) -> Tags {
    Tags::collect(tags.iter().map(|tag| (tag.key(), tag.value())))
}

/// The keys of found resources.
pub(super) fn keys<Id, Seen>(found: Vec<(Id, Seen)>, owner: &Owner, tags: impl Fn(&Seen) -> &Tags) -> Vec<(Key, Id)> {
    found.into_iter().filter_map(|(id, seen)| Some((tags(&seen).key_of(owner)?, id))).collect()
}

/// Makes the tags of an existing resource as asked. Sends nothing where nothing differs.
pub(super) async fn retag(call: &Call<'_, Aws>, id: &str, to: &Tags, seen: &Tags) -> CloudResult<()> {
    let missing = to.missing_in(seen);
    if !missing.is_empty() {
        let tags = missing.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let request = call.cloud.api.ec2.create_tags().resources(id).set_tags(Some(tags));
        request.send().await.map_err(classify)?;
    }
    let dropped = to.dropped(seen, call);
    if !dropped.is_empty() {
        let tags = dropped.into_iter().map(|key| Tag::builder().key(key).build()).collect();
        let request = call.cloud.api.ec2.delete_tags().resources(id).set_tags(Some(tags));
        request.send().await.map_err(classify)?;
    }
    Ok(())
}
