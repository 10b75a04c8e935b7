//! Tags of secrets.

use super::super::super::input::Input;
use super::super::super::output::Tree;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::lifecycle::tags;
use super::{invalid, living};

pub(super) const ACTIONS: &[Action] = &[action("TagResource", add), action("UntagResource", remove)];

fn add(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let more = tags(input)?;
    living(scene, input)?.1.tags.merge(more).map_err(|refusal| invalid(refusal.message))?;
    Ok(Tree::EMPTY)
}

fn remove(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (_, secret) = living(scene, input)?;
    input.texts("TagKeys").into_iter().for_each(|key| secret.tags.remove(key, None));
    Ok(Tree::EMPTY)
}
