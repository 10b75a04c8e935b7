//! What the kinds of Elastic Load Balancing share. Its Describe calls leave tags out; they are asked for only where they decide something.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::Tag;

use super::clients::Aws;
use super::failure::classify;
use super::sightings::{Listed, joined, placed};
use super::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::cloud_error::CloudResult;
use crate::engine::resource::{Call, Resource};
use crate::engine::survey::{Sighting, Wanted};

/// `DescribeTags` takes at most this many.
const ARNS: usize = 20;

pub(super) fn tags_on(tags: &Tags, call: &Call<'_, Aws>) -> Vec<Tag> {
    elb_tags(tags.with_identity(call))
}

fn elb_tags(tags: BTreeMap<String, String>) -> Vec<Tag> {
    let tag = |(key, value): (String, String)| Tag::builder().key(key).value(value).build();
    // A tag without key cannot be built, and there is none.
    tags.into_iter().map(tag).collect()
}

/// Those of these ARNs that the owner has tagged.
pub(super) async fn owned(cloud: &Aws, owner: &Owner, arns: Vec<String>) -> CloudResult<Vec<(Key, String)>> {
    let mut found = Vec::new();
    for batch in arns.chunks(ARNS) {
        let request = cloud.api.elb.describe_tags().set_resource_arns(Some(batch.to_vec()));
        for described in request.send().await.map_err(classify)?.tag_descriptions.unwrap_or_default() {
            let tags = Tags::collect(described.tags().iter().map(|tag| (tag.key(), tag.value())));
            found.extend(tags.key_of(owner).zip(described.resource_arn));
        }
    }
    Ok(found)
}

/// What was listed by name, as far as it is the owner's. Tags are asked for only where the name does not tell.
pub(super) async fn survey<R: Resource>(
    cloud: &Aws,
    wanted: &Wanted,
    listed: Vec<(String, Listed<R>)>,
) -> CloudResult<Vec<Sighting<R>>>
where
    R::Id: AsRef<str>,
{
    let (known, others) = placed(listed, wanted, |(name, _)| name);
    let arns = others.iter().map(|(_, (id, _))| id.as_ref().to_owned()).collect();
    let owned = owned(cloud, wanted.owner(), arns).await?;
    let known = known.into_iter().map(|(key, (_, seen))| (key, seen)).collect();
    Ok(joined(known, others.into_iter().map(|(_, seen)| seen).collect(), &owned))
}

/// Sets the tags of an existing resource, and takes away those that the blueprint no longer has.
pub(super) async fn retag(call: &Call<'_, Aws>, arn: &str, to: &Tags) -> CloudResult<()> {
    let before = Tags::recorded(call);
    let missing = to.missing_in(&before);
    if !missing.is_empty() {
        let request = call.cloud.api.elb.add_tags().resource_arns(arn);
        request.set_tags(Some(elb_tags(missing))).send().await.map_err(classify)?;
    }
    let dropped = to.dropped(&before, call);
    if !dropped.is_empty() {
        let request = call.cloud.api.elb.remove_tags().resource_arns(arn);
        request.set_tag_keys(Some(dropped)).send().await.map_err(classify)?;
    }
    Ok(())
}
