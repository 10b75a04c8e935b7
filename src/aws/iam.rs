//! What the kinds of IAM share: paths, tags, and the list of profiles, which tells of roles too.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_iam::types::{InstanceProfile, Tag};

use super::clients::Aws;
use super::failure::{classify, unbuildable};
use super::tags::Tags;
use super::together::listed;
use crate::engine::address::Owner;
use crate::engine::cloud_error::CloudResult;
use crate::engine::resource::Call;

/// What every stack's path begins with.
const PATHS: &str = "/pando/";

/// Roles and profiles stand under a path of their stack's, so that they can be listed without listing the account's.
pub(super) fn path(owner: &Owner) -> String {
    format!("{PATHS}{}/", owner.stack)
}

/// The instance profiles of all stacks, each with its role and that role's trust document
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/iam_example_iam_ListInstanceProfiles_section.html>), but without tags: "this operation does
/// not return tags" (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfiles.html>). One call for all who want it at the
/// same moment. Who is alone gets none, for one profile or role costs no more by name; and so does who may not list.
pub(super) async fn instance_profiles(cloud: &Aws) -> CloudResult<Arc<Vec<InstanceProfile>>> {
    let list = list_profiles(cloud, PATHS.to_owned());
    cloud.rounds.instance_profiles.ask((), |asked| listed(asked.len(), list)).await
}

/// The instance profiles under a path.
pub(super) async fn list_profiles(cloud: &Aws, path: String) -> CloudResult<Vec<InstanceProfile>> {
    let request = cloud.api.iam.list_instance_profiles().path_prefix(path).max_items(1000);
    request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.map_err(classify)
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
