//! What went with a lost state and stands in no blueprint: whose the resources are, and which image the clones boot from.

use std::collections::BTreeMap;

use super::clients::Aws;
use super::ec2::{filter, owned_by, seen_tags};
use super::failure::classify;
use super::lookups::{ImageQuery, Lookup, LookupError};
use super::rds;
use super::resources::secret::listed;
use super::tags::{LINEAGE, STACK, Tags};
use crate::engine::address::Owner;
use crate::engine::cloud_error::CloudResult;
use crate::engine::journal::Entry;

/// The lineages of all stacks of this name, and what shows each, `vpc-…` as a rule. A stack that a destroy left half done may have no network any
/// more; then its groups of clones, its databases and its secrets tell.
pub async fn lineages(cloud: &Aws, stack: &str) -> CloudResult<BTreeMap<String, Vec<String>>> {
    let mut found = networks(cloud, stack).await?;
    if found.is_empty() {
        found.extend(groups(cloud, stack).await?);
        found.extend(databases(cloud).await?);
        found.extend(secrets(cloud, stack).await?);
    }
    let mut lineages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, Tags(mut tags)) in found.into_iter().filter(|(_, tags)| tags.0.get(STACK).is_some_and(|s| s == stack)) {
        if let Some(lineage) = tags.remove(LINEAGE) {
            lineages.entry(lineage).or_default().push(id);
        }
    }
    Ok(lineages)
}

/// The image that the owner's newest template has, pinned as the answer to the blueprint's question for one: what runs is not to be rolled over
/// only because a newer image came out meanwhile. Nothing, if no template is there or its image is gone.
pub async fn image_pin(cloud: &Aws, owner: &Owner, lookups: &[Lookup]) -> Result<Option<Entry>, LookupError> {
    let by_id = |lookup: &&Lookup| matches!(lookup, Lookup::Image(query) if !matches!(query, ImageQuery::Id(_)));
    let Some(lookup) = lookups.iter().find(by_id) else { return Ok(None) };
    let failed = |e| LookupError::Cloud(lookup.query(), e);
    let Some(id) = image_in_use(cloud, owner).await.map_err(failed)? else { return Ok(None) };
    match Lookup::Image(ImageQuery::Id(id)).ask(cloud).await {
        Err(LookupError::NoImage(..)) => Ok(None),
        answer => Ok(Some(Entry::Pinned { query: lookup.query(), answer: answer? })),
    }
}

async fn image_in_use(cloud: &Aws, owner: &Owner) -> CloudResult<Option<String>> {
    let ec2 = &cloud.api.ec2;
    let pages = ec2.describe_launch_templates().filters(owned_by(owner)).into_paginator().items().send();
    let templates = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let newest =
        templates.iter().max_by_key(|template| (template.create_time().copied(), template.launch_template_id()));
    let Some(id) = newest.and_then(|template| template.launch_template_id()) else { return Ok(None) };
    let request = ec2.describe_launch_template_versions().launch_template_id(id).versions("$Latest");
    let versions = request.send().await.map_err(classify)?.launch_template_versions.unwrap_or_default();
    let data = versions.first().and_then(|version| version.launch_template_data());
    Ok(data.and_then(|data| data.image_id()).map(str::to_owned))
}

async fn networks(cloud: &Aws, stack: &str) -> CloudResult<Vec<(String, Tags)>> {
    let request = cloud.api.ec2.describe_vpcs().filters(filter(&format!("tag:{STACK}"), [stack]));
    let vpcs = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    Ok(vpcs.iter().filter_map(|vpc| Some((vpc.vpc_id()?.to_owned(), seen_tags(vpc.tags())))).collect())
}

async fn groups(cloud: &Aws, stack: &str) -> CloudResult<Vec<(String, Tags)>> {
    let filter = aws_sdk_autoscaling::types::Filter::builder().name(format!("tag:{STACK}")).values(stack).build();
    let request = cloud.api.autoscaling.describe_auto_scaling_groups().filters(filter).max_records(100);
    let groups = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let tags = |tags: &[aws_sdk_autoscaling::types::TagDescription]| {
        Tags::collect(tags.iter().map(|tag| (tag.key(), tag.value())))
    };
    Ok(groups
        .iter()
        .filter_map(|group| Some((group.auto_scaling_group_name()?.to_owned(), tags(group.tags()))))
        .collect())
}

async fn databases(cloud: &Aws) -> CloudResult<Vec<(String, Tags)>> {
    let all = rds::describe(cloud, None).await?;
    let seen = all.iter().filter_map(|db| Some((db.db_instance_identifier()?.to_owned(), rds::Instance::of(db)?.tags)));
    Ok(seen.collect())
}

async fn secrets(cloud: &Aws, stack: &str) -> CloudResult<Vec<(String, Tags)>> {
    let all = listed(cloud, stack).await?.into_iter();
    Ok(all.filter_map(|(secret, tags)| Some((secret.name?, tags))).collect())
}
