//! Tags of load balancers, target groups, listeners and rules.

use super::{balancers, groups, listeners, resource, rules, validation};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// What can be done with tags.
pub(super) const ACTIONS: &[Action] =
    &[action("DescribeTags", describe), action("AddTags", add), action("RemoveTags", remove)];

/// As many ARNs as one `DescribeTags` takes
/// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html>).
const ARNS: usize = 20;

fn tags<'a>(scene: &'a mut Scene<'_>, arn: &str) -> Result<&'a mut Tags, Refusal> {
    let (kind, _) = resource(arn).unwrap_or_default();
    let (state, sight) = (&mut scene.here.elb, scene.sight);
    match kind {
        "loadbalancer" => state.balancers.seen_mut(arn, sight).map(|it| &mut it.tags).ok_or_else(balancers::absent),
        "targetgroup" => state.groups.seen_mut(arn, sight).map(|it| &mut it.tags).ok_or_else(groups::absent),
        "listener" => state.listeners.seen_mut(arn, sight).map(|it| &mut it.tags).ok_or_else(listeners::absent),
        "listener-rule" => state.rules.seen_mut(arn, sight).map(|it| &mut it.tags).ok_or_else(rules::absent),
        _ => Err(validation(format!("'{arn}' is not a valid load balancer, target group, listener or rule ARN"))),
    }
}

/// All that a call names, each of which is there.
fn named<'i>(scene: &mut Scene<'_>, input: &'i Input) -> Result<Vec<&'i str>, Refusal> {
    let arns = input.texts("ResourceArns");
    if arns.is_empty() || arns.len() > ARNS {
        return Err(validation(format!("Between 1 and {ARNS} resource ARNs must be specified")));
    }
    arns.iter().try_for_each(|arn| tags(scene, arn).map(|_| ()))?;
    Ok(arns)
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let mut shown = Vec::new();
    for arn in input.texts("ResourceArns") {
        // The default rule of a listener has none.
        let tags = if rules::of_default(scene, arn).is_some() { Tags::default() } else { tags(scene, arn)?.clone() };
        shown.push(object! { "ResourceArn" => arn.to_owned(), "Tags" => tags.list("member") });
    }
    if shown.is_empty() || shown.len() > ARNS {
        return Err(validation(format!("Between 1 and {ARNS} resource ARNs must be specified")));
    }
    Ok(object! { "TagDescriptions" => members(shown) })
}

fn add(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let arns = named(scene, input)?;
    let given = Tags::read(input, "Tags")?;
    let all = arns.iter().map(|arn| {
        let mut merged = tags(scene, arn)?.clone();
        merged.merge(given.clone()).map_err(|refusal| Refusal::new("TooManyTags", refusal.message))?;
        Ok((*arn, merged))
    });
    for (arn, merged) in all.collect::<Result<Vec<_>, Refusal>>()? {
        *tags(scene, arn)? = merged;
    }
    Ok(Tree::EMPTY)
}

fn remove(scene: &mut Scene<'_>, input: &Input) -> Answer {
    for arn in named(scene, input)? {
        let kept = tags(scene, arn)?;
        input.texts("TagKeys").iter().for_each(|key| kept.remove(key, None));
    }
    Ok(Tree::EMPTY)
}
