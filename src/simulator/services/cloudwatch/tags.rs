//! Tags of alarms.

use super::alarms::Alarm;
use super::required;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

pub(super) const ACTIONS: &[Action] =
    &[action("TagResource", tag), action("UntagResource", untag), action("ListTagsForResource", list)];

/// The alarm that an ARN means.
fn meant<'a>(scene: &'a mut Scene<'_>, input: &Input) -> Result<&'a mut Alarm, Refusal> {
    let arn = required(input, "ResourceARN")?;
    let (sight, unknown) =
        (scene.sight, || Refusal::new("ResourceNotFoundException", format!("Unknown resource {arn}")).status(404));
    let name = arn.split_once(":alarm:").map(|(_, name)| name).ok_or_else(unknown)?;
    scene.here.cloudwatch.alarms.seen_mut(name, sight).filter(|alarm| alarm.arn == arn).ok_or_else(unknown)
}

fn tag(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let tags = Tags::read(input, "Tags")?;
    meant(scene, input)?.tags.merge(tags)?;
    Ok(Tree::EMPTY)
}

fn untag(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let keys = input.texts("TagKeys");
    let alarm = meant(scene, input)?;
    for key in keys {
        alarm.tags.remove(key, None);
    }
    Ok(Tree::EMPTY)
}

fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    Ok(object! { "Tags" => meant(scene, input)?.tags.list("member") })
}
