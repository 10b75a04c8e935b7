//! Tags of groups.

use super::group::Tag;
use super::{invalid, requests, required, unknown_group};
use crate::simulator::filters::Filters;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

pub(super) const ACTIONS: &[Action] =
    &[action("CreateOrUpdateTags", put), action("DeleteTags", delete), action("DescribeTags", describe)];

/// Tags of one group (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html>).
const LIMIT: usize = 50;

/// The group that each tag is for.
fn owners<'a>(scene: &Scene<'_>, input: &'a Input) -> Result<Vec<&'a str>, Refusal> {
    let mut owners = Vec::new();
    for tag in input.list("Tags") {
        let owner = required(tag, "ResourceId")?;
        if !scene.here.autoscaling.groups.has(owner) {
            return Err(unknown_group(owner));
        }
        owners.push(owner);
    }
    Ok(owners)
}

fn put(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let owners = owners(scene, input)?;
    let tags: Vec<(&str, (String, Tag))> = owners.into_iter().zip(requests::tags(input)?).collect();
    for (owner, (key, _)) in &tags {
        let group = scene.here.autoscaling.groups.get(owner).ok_or_else(|| unknown_group(owner))?;
        if group.tags.len() >= LIMIT && !group.tags.contains_key(key) {
            return Err(Refusal::new("LimitExceeded", format!("More than {LIMIT} tags for AutoScalingGroup {owner}")));
        }
    }
    for (owner, (key, tag)) in tags {
        if let Some(group) = scene.here.autoscaling.groups.get_mut(owner) {
            group.tags.insert(key, tag);
        }
    }
    Ok(Tree::NONE)
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let owners = owners(scene, input)?;
    for (owner, tag) in owners.into_iter().zip(input.list("Tags")) {
        for name in ["ResourceType", "Value", "PropagateAtLaunch"] {
            tag.pass_over(name);
        }
        let key = required(tag, "Key")?;
        if let Some(group) = scene.here.autoscaling.groups.get_mut(owner) {
            group.tags.remove(key);
        }
    }
    Ok(Tree::NONE)
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let known = &["auto-scaling-group", "key", "value", "propagate-at-launch"];
    let filters = Filters::of(input.list("Filters"), "Values", known).map_err(|refusal| invalid(refusal.message))?;
    let page = Page::read(input, "MaxRecords", "NextToken", (1, 100), "InvalidNextToken")?;
    let none = Tags::default();
    let mut found = Vec::new();
    for (name, group) in scene.here.autoscaling.groups.visible(scene.sight) {
        for ((key, tag), shown) in group.tags.iter().zip(group.shown_tags()) {
            let value = |filter: &str| match filter {
                "auto-scaling-group" => vec![name.to_owned()],
                "key" => vec![key.clone()],
                "value" => vec![tag.value.clone()],
                _ => vec![tag.propagates.to_string()],
            };
            if filters.pass(&none, value) {
                found.push((format!("{name}/{key}"), shown));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = page.cut(found);
    Ok(object! { "Tags" => members(page), "NextToken" => next })
}
