//! Tags of everything in ElastiCache, found by ARN.

use super::refusals::{
    cluster_state, group_state, no_cluster, no_group, no_parameter_group, no_snapshot, no_subnet_group,
};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// Tags.
pub(super) const ACTIONS: &[Action] =
    &[action("AddTagsToResource", add), action("ListTagsForResource", list), action("RemoveTagsFromResource", remove)];

/// What is said of what is being changed.
const BUSY: &str = "Cluster not in available state to perform tagging operations.";

fn odd(arn: &str) -> Refusal {
    Refusal::new("InvalidARN", format!("{arn} is not a valid ARN of an ElastiCache resource."))
}

/// Does something with the tags of what a call names. What is not available shows no tags, and takes none
/// (<https://github.com/hashicorp/terraform-provider-aws/issues/30444>); a cluster that is being made answers as if it were not there, although it
/// is described already.
fn with<R>(scene: &mut Scene<'_>, arn: &str, act: impl Fn(&mut Tags) -> Result<R, Refusal>) -> Result<R, Refusal> {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let [_, _, "elasticache", region, account, kind, name] = parts[..] else { return Err(odd(arn)) };
    if region != scene.place.region || account != scene.place.account {
        return Err(odd(arn));
    }
    let (sight, here) = (scene.sight, &mut scene.here.elasticache);
    match kind {
        "cluster" => {
            let cluster = here.clusters.seen_mut(name, sight).ok_or_else(|| no_cluster(name))?;
            if cluster.status == "creating" {
                let words = format!("{arn} is either not present or not available.");
                return Err(Refusal::new("CacheClusterNotFound", words).status(404));
            }
            if cluster.status != "available" {
                return Err(cluster_state(BUSY));
            }
            act(&mut cluster.tags)
        }
        "replicationgroup" => {
            let group = here.replication_groups.seen_mut(name, sight).ok_or_else(|| no_group(name))?;
            if group.status != "available" {
                return Err(group_state(BUSY));
            }
            let answer = act(&mut group.tags)?;
            // The members have the tags of their group.
            for member in group.members() {
                if let Some(cluster) = here.clusters.get_mut(&member) {
                    act(&mut cluster.tags)?;
                }
            }
            Ok(answer)
        }
        "subnetgroup" => {
            act(here.subnet_groups.seen_mut(name, sight).map(|group| &mut group.tags).ok_or(no_subnet_group(name))?)
        }
        "snapshot" => act(here.snapshots.seen_mut(name, sight).map(|shot| &mut shot.tags).ok_or(no_snapshot(name))?),
        "parametergroup" if name.starts_with("default.") => act(&mut Tags::default()),
        "parametergroup" => {
            let group = here.parameter_groups.seen_mut(name, sight);
            act(group.map(|group| &mut group.tags).ok_or(no_parameter_group(name))?)
        }
        _ => Err(odd(arn)),
    }
}

fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let tags = with(scene, input.need("ResourceName")?, |tags| Ok(tags.list("Tag")))?;
    Ok(object! { "TagList" => tags })
}

fn add(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let more = Tags::read(input, "Tags")?;
    let all = with(scene, input.need("ResourceName")?, |tags| {
        tags.merge(more.clone())?;
        Ok(tags.list("Tag"))
    })?;
    Ok(object! { "TagList" => all })
}

/// Tags that are not there cannot be taken away: `TagNotFound`, "The requested tag was not found on this resource"
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_RemoveTagsFromResource.html>).
fn remove(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let keys = input.texts("TagKeys");
    let left: Tree = with(scene, input.need("ResourceName")?, |tags| {
        if let Some(odd) = keys.iter().find(|key| tags.get(key).is_none()) {
            return Err(Refusal::new("TagNotFound", format!("{odd} is not a tag of the resource.")).status(404));
        }
        for key in &keys {
            tags.remove(key, None);
        }
        Ok(tags.list("Tag"))
    })?;
    Ok(object! { "TagList" => left })
}
