//! Tags of everything in RDS, found by ARN.

use super::refusals;
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// Tags.
pub(super) const ACTIONS: &[Action] =
    &[action("AddTagsToResource", add), action("ListTagsForResource", list), action("RemoveTagsFromResource", remove)];

/// The tags of what a call names; groups that are there by themselves have none, which is `None`.
fn find<'s>(scene: &'s mut Scene<'_>, input: &Input) -> Result<Option<&'s mut Tags>, Refusal> {
    let arn = input.need("ResourceName")?;
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let [_, _, "rds", region, account, kind, name] = parts[..] else {
        return Err(invalid(format!("Invalid resource name: {arn}")));
    };
    if region != scene.place.region || account != scene.place.account {
        let words = format!("The specified resource name does not match an RDS resource in this region: {arn}");
        return Err(invalid(words));
    }
    let (sight, rds) = (scene.sight, &mut scene.here.rds);
    let found = match kind {
        "db" => rds.instances.seen_mut(name, sight).map(|thing| &mut thing.tags).ok_or(refusals::no_instance(name)),
        "snapshot" => {
            rds.snapshots.seen_mut(name, sight).map(|thing| &mut thing.tags).ok_or(refusals::no_snapshot(name))
        }
        "subgrp" => {
            rds.subnet_groups.seen_mut(name, sight).map(|group| &mut group.tags).ok_or(refusals::no_subnet_group(name))
        }
        "pg" if name.starts_with("default.") => return Ok(None),
        "og" => return Ok(None),
        "pg" => {
            let group = rds.parameter_groups.seen_mut(name, sight);
            group.map(|group| &mut group.tags).ok_or(refusals::no_parameter_group(name))
        }
        _ => Err(invalid(format!("Invalid resource name: {arn}"))),
    };
    found.map(Some)
}

fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("Filters");
    let tags = find(scene, input)?;
    let tags = tags.map_or_else(|| Tags::default().list("Tag"), |tags| tags.list("Tag"));
    Ok(object! { "TagList" => tags })
}

fn add(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let more = Tags::read(input, "Tags")?;
    if let Some(tags) = find(scene, input)? {
        tags.merge(more)?;
    }
    Ok(Tree::NOTHING)
}

fn remove(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let keys = input.texts("TagKeys");
    if let Some(tags) = find(scene, input)? {
        for key in keys {
            tags.remove(key, None);
        }
    }
    Ok(Tree::NOTHING)
}
