//! Tags, by the ARN of what has them. What is being made, changed or deleted shows and takes none
//! (<https://github.com/hashicorp/terraform-provider-aws/issues/44811>).

use super::super::super::input::Input;
use super::super::super::output::object;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::{Status, clusters, parameters, replication, subnets};

/// What can be done with tags.
pub(super) const ACTIONS: &[Action] =
    &[action("AddTagsToResource", add), action("ListTagsForResource", list), action("RemoveTagsFromResource", remove)];

/// The tags of what an ARN names.
fn find<'a>(scene: &'a mut Scene<'_>, input: &Input) -> Result<&'a mut Tags, Refusal> {
    let arn = input.need("ResourceName")?;
    let prefix = scene.arn("elasticache", "");
    let rest = arn.strip_prefix(&prefix).and_then(|rest| rest.split_once(':'));
    let Some((kind, name)) = rest else {
        return Err(Refusal::new("InvalidARN", format!("ARN is malformed or not of this account and region: {arn}")));
    };
    let sight = scene.sight;
    let busy = |words: &str| Refusal::new(words.to_owned(), format!("{name} is not in available state."));
    match kind {
        "cluster" => {
            let found = scene.here.elasticache.clusters.seen_mut(name, sight).ok_or_else(|| clusters::absent(name))?;
            if found.status == Status::Available { Ok(&mut found.tags) } else { Err(busy("InvalidCacheClusterState")) }
        }
        "replicationgroup" => {
            let groups = &mut scene.here.elasticache.replication_groups;
            let found = groups.seen_mut(name, sight).ok_or_else(|| replication::absent(name))?;
            if found.status == Status::Available {
                Ok(&mut found.tags)
            } else {
                Err(busy("InvalidReplicationGroupState"))
            }
        }
        "subnetgroup" => {
            let found = scene.here.elasticache.subnet_groups.seen_mut(name, sight);
            found.map(|group| &mut group.tags).ok_or_else(|| subnets::absent(name))
        }
        "parametergroup" => parameters::tags(scene, name).ok_or_else(|| parameters::absent(name)),
        "snapshot" => {
            let found = scene.here.elasticache.snapshots.seen_mut(name, sight).map(|snapshot| &mut snapshot.tags);
            found.ok_or_else(|| Refusal::new("SnapshotNotFoundFault", format!("{name} not found.")).status(404))
        }
        _ => Err(Refusal::new("InvalidARN", format!("ARN names nothing that can have tags: {arn}"))),
    }
}

fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    Ok(object! { "TagList" => find(scene, input)?.list("Tag") })
}

fn add(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let more = Tags::read(input, "Tags")?;
    let tags = find(scene, input)?;
    tags.merge(more)?;
    Ok(object! { "TagList" => tags.list("Tag") })
}

fn remove(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let tags = find(scene, input)?;
    for key in input.texts("TagKeys") {
        if tags.get(key).is_none() {
            return Err(Refusal::new("TagNotFound", format!("{key} is not a tag of the resource.")).status(404));
        }
    }
    for key in input.texts("TagKeys") {
        tags.remove(key, None);
    }
    Ok(object! { "TagList" => tags.list("Tag") })
}
