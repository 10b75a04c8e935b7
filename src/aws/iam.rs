//! What the kinds of IAM share: paths and tags.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Tag;

use super::clients::Aws;
use super::failure::unbuildable;
use super::tags::Tags;
use crate::engine::address::Owner;
use crate::engine::cloud_error::CloudResult;
use crate::engine::resource::Call;

/// Roles and profiles stand under a path of their stack's, so that they can be listed without listing the account's.
pub(super) fn path(owner: &Owner) -> String {
    format!("/pando/{}/", owner.stack)
}

/// The tags of something that is being made.
pub(super) fn tags_on(tags: &Tags, call: &Call<'_, Aws>) -> CloudResult<Vec<Tag>> {
    iam_tags(tags.with_identity(call))
}

/// Tags in IAM's form.
pub(super) fn iam_tags(tags: BTreeMap<String, String>) -> CloudResult<Vec<Tag>> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.into_iter().map(tag).collect::<Result<_, _>>().map_err(|e| unbuildable(&e))
}

/// The tags in an answer.
pub(super) fn seen_tags(tags: &[Tag]) -> Tags {
    Tags::collect(tags.iter().map(|tag| (Some(tag.key()), Some(tag.value()))))
}
