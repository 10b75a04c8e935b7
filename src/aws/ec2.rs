//! What the kinds of EC2 share: filters, tags, and reads that tell of two kinds.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_ec2::types::{
    Filter, NatGateway, ResourceType, RouteTable, SecurityGroup, Tag, TagDescription, TagSpecification,
};

use super::clients::Aws;
use super::failure::classify;
use super::tags::{KEY, LINEAGE, Tags};
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

/// Which security groups somebody wants to know of.
pub(super) enum GroupsAsked {
    /// The default groups of these VPCs.
    OfVpcs(Vec<String>),
    /// Those with these ids.
    ById(Vec<String>),
}

/// Security groups, in one call with whoever else asks for some at the same moment. Others may come along.
pub(super) async fn security_groups(cloud: &Aws, asked: GroupsAsked) -> CloudResult<Arc<Vec<SecurityGroup>>> {
    cloud.rounds.security_groups.ask(asked, |asked| groups_of_all(cloud, asked)).await
}

/// Everything in a VPC of which somebody wants the default group; then, by id, what was not in any of them.
async fn groups_of_all(cloud: &Aws, asked: Vec<GroupsAsked>) -> CloudResult<Vec<SecurityGroup>> {
    let (mut vpcs, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for question in asked {
        match question {
            GroupsAsked::OfVpcs(more) => vpcs.extend(more),
            GroupsAsked::ById(more) => ids.extend(more),
        }
    }
    let only_default = ids.is_empty().then(|| filter("group-name", ["default"]));
    let mut found = Vec::new();
    for vpcs in batches(vpcs) {
        let filters = [Some(filter("vpc-id", vpcs)), only_default.clone()];
        found.extend(describe_security_groups(cloud, filters.into_iter().flatten().collect()).await?);
    }
    ids.retain(|id| found.iter().all(|group| group.group_id() != Some(id.as_str())));
    for ids in batches(ids) {
        found.extend(describe_security_groups(cloud, vec![filter("group-id", ids)]).await?);
    }
    Ok(found)
}

/// The security groups that pass all filters.
pub(super) async fn describe_security_groups(cloud: &Aws, filters: Vec<Filter>) -> CloudResult<Vec<SecurityGroup>> {
    let pages = cloud.api.ec2.describe_security_groups().set_filters(Some(filters)).into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)
}

/// NAT gateways, in one call with whoever else asks for some at the same moment. Others may come along; without any ids at all nothing is asked.
pub(super) async fn nat_gateways(cloud: &Aws, ids: Vec<String>) -> CloudResult<Arc<Vec<NatGateway>>> {
    let describe = |ids| describe_nat_gateways(cloud, filter("nat-gateway-id", ids));
    cloud.rounds.nat_gateways.ask(ids, |asked| in_batches(asked, describe)).await
}

/// The NAT gateways that pass the filter. EC2 goes on describing a deleted one for about an hour.
pub(super) async fn describe_nat_gateways(cloud: &Aws, filter: Filter) -> CloudResult<Vec<NatGateway>> {
    let pages = cloud.api.ec2.describe_nat_gateways().filter(filter).into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)
}

/// Route tables, in one call with whoever else asks for some at the same moment. Others may come along; without any ids at all nothing is asked.
pub(super) async fn route_tables(cloud: &Aws, ids: Vec<String>) -> CloudResult<Arc<Vec<RouteTable>>> {
    let describe = |ids| describe_route_tables(cloud, filter("route-table-id", ids));
    cloud.rounds.route_tables.ask(ids, |asked| in_batches(asked, describe)).await
}

/// The route tables that pass the filter.
pub(super) async fn describe_route_tables(cloud: &Aws, filter: Filter) -> CloudResult<Vec<RouteTable>> {
    let pages = cloud.api.ec2.describe_route_tables().filters(filter).into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)
}

/// What others vouch for, and what a look at the rest of the ids shows, if there is any.
pub(super) async fn with_the_rest<Id: AsRef<str>, Seen, F>(
    mut vouched: Vec<(Id, Seen)>,
    ids: &[Id],
    describe: impl FnOnce(Vec<String>) -> F,
) -> CloudResult<Vec<(Id, Seen)>>
where
    F: Future<Output = CloudResult<Vec<(Id, Seen)>>>,
{
    let rest = ids.iter().map(AsRef::as_ref).filter(|id| vouched.iter().all(|(known, _)| known.as_ref() != *id));
    let rest: Vec<String> = rest.map(str::to_owned).collect();
    if !rest.is_empty() {
        vouched.extend(describe(rest).await?);
    }
    Ok(vouched)
}

/// What carries one of these keys and has an id that begins like this. One call with whoever else looks for some at the same moment. What sort it
/// is shows in its id: emulators have names of their own for sorts.
pub(super) async fn find_keys<Id>(
    cloud: &Aws,
    prefix: &str,
    keys: &[Key],
    id: impl Fn(String) -> Id,
) -> CloudResult<Vec<(Key, Id)>> {
    let asked = keys.iter().map(|key| key.as_str().to_owned()).collect();
    let describe = |keys| describe_key_tags(cloud, keys);
    let found = cloud.rounds.key_tags.ask(asked, |asked| in_batches(asked, describe)).await?;
    let keyed = found.iter().filter_map(|tag| Some((Key::from_cloud(tag.value()?), tag.resource_id()?)));
    let ours = keyed.filter(|(key, found)| found.starts_with(prefix) && keys.contains(key));
    Ok(ours.map(|(key, found)| (key, id(found.to_owned()))).collect())
}

/// A key is of one owner and one life, so its tag says all.
async fn describe_key_tags(cloud: &Aws, keys: Vec<String>) -> CloudResult<Vec<TagDescription>> {
    let request = cloud.api.ec2.describe_tags().filters(filter("key", [KEY])).filters(filter("value", keys));
    request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.map_err(classify)
}

/// Asks for all that several want to know of, as much at a time as one filter takes.
async fn in_batches<T, F>(asked: Vec<Vec<String>>, describe: impl Fn(Vec<String>) -> F) -> CloudResult<Vec<T>>
where
    F: Future<Output = CloudResult<Vec<T>>>,
{
    let mut found = Vec::new();
    for batch in batches(asked.into_iter().flatten().collect()) {
        found.extend(describe(batch).await?);
    }
    Ok(found)
}

/// As many ids at a time as one filter takes.
fn batches(ids: BTreeSet<String>) -> Vec<Vec<String>> {
    let ids: Vec<String> = ids.into_iter().collect();
    ids.chunks(FILTER_VALUES).map(<[String]>::to_vec).collect()
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
