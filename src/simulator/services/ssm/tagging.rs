//! Tags of parameters.

use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::parameters::name_of;
use super::{CHECKS, invalid};

pub(super) const ACTIONS: &[Action] =
    &[action("AddTagsToResource", add), action("ListTagsForResource", list), action("RemoveTagsFromResource", remove)];

/// The tags that a call is about.
fn meant<'a>(scene: &'a mut Scene<'_>, input: &Input) -> Result<&'a mut Tags, Refusal> {
    CHECKS.need(input, "ResourceType")?;
    if input.text("ResourceType") != Some("Parameter") {
        let words = "The resource type isn't valid. The simulator has parameters only.";
        return Err(Refusal::new("InvalidResourceType", words));
    }
    let name = name_of(scene, CHECKS.need(input, "ResourceId")?);
    let parameter = scene.here.ssm.parameters.seen_mut(&name, scene.sight);
    let words = "The resource ID isn't valid. Verify that you entered the correct ID and try again.";
    Ok(&mut parameter.ok_or_else(|| Refusal::new("InvalidResourceId", words))?.tags)
}

fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    Ok(object! { "TagList" => meant(scene, input)?.list("") })
}

fn add(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let more = Tags::read(input, "Tags").map_err(|refusal| invalid(refusal.message))?;
    let words = "The Targets parameter includes too many tags. Remove one or more tags and try the command again.";
    meant(scene, input)?.merge(more).map_err(|_| Refusal::new("TooManyTagsError", words))?;
    Ok(Tree::EMPTY)
}

fn remove(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let tags = meant(scene, input)?;
    input.texts("TagKeys").into_iter().for_each(|key| tags.remove(key, None));
    Ok(Tree::EMPTY)
}
