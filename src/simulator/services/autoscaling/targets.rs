//! Which target groups a group's instances are registered with. To newer callers these are traffic sources.

use std::time::Duration;

use super::group::Attachment;
use super::{invalid, look, named, requests, required};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::elb::targets;

pub(super) const ACTIONS: &[Action] = &[
    action("AttachLoadBalancerTargetGroups", attach),
    action("DetachLoadBalancerTargetGroups", detach),
    action("DescribeLoadBalancerTargetGroups", describe_groups),
    action("AttachTrafficSources", attach),
    action("DetachTrafficSources", detach),
    action("DescribeTrafficSources", describe_sources),
    action("DescribeLoadBalancers", describe_balancers),
];

fn attach(scene: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("SkipZonalShiftValidation");
    let arns = requests::targets(scene, input)?;
    let group = named(scene, input)?;
    if group.refresh().is_some_and(|refresh| refresh.wanted.is_some()) {
        let words = "The group has an active instance refresh with a desired configuration";
        return Err(Refusal::new("InstanceRefreshInProgress", words));
    }
    let new: Vec<String> = arns.into_iter().filter(|arn| !group.targets.contains_key(arn)).collect();
    group.take_targets(new);
    let name = group.name.clone();
    look::wake(scene, &name, Duration::ZERO);
    Ok(Tree::EMPTY)
}

fn detach(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let mut arns: Vec<&str> = input.texts("TargetGroupARNs");
    for source in input.list("TrafficSources") {
        source.pass_over("Type");
        arns.push(required(source, "Identifier")?);
    }
    let group = named(scene, input)?;
    if arns.iter().any(|arn| !group.targets.contains_key(*arn)) {
        return Err(invalid("Trying to remove Target Groups that are not part of the group"));
    }
    let name = group.name.clone();
    look::lend(scene, &name, |scene, group| {
        for arn in arns {
            let ids: Vec<String> = group.members.keys().cloned().collect();
            for id in &ids {
                targets::deregister(scene, arn, id);
            }
            group.targets.insert(arn.to_owned(), Attachment::Removing);
        }
    });
    look::wake(scene, &name, Duration::ZERO);
    Ok(Tree::EMPTY)
}

fn page(input: &Input) -> Result<Page, Refusal> {
    Page::read(input, "MaxRecords", "NextToken", (1, 100), "InvalidNextToken")
}

fn describe_groups(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = page(input)?;
    let group = named(scene, input)?;
    let all = group
        .targets
        .iter()
        .map(|(arn, state)| (arn.clone(), object! { "LoadBalancerTargetGroupARN" => arn, "State" => state.shown() }));
    let (page, next) = page.cut(all);
    Ok(object! { "LoadBalancerTargetGroups" => members(page), "NextToken" => next })
}

fn describe_sources(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = page(input)?;
    let kind = input.text("TrafficSourceType");
    let group = named(scene, input)?;
    let all = group.targets.iter().filter(|_| kind.is_none_or(|kind| kind == "elbv2")).map(|(arn, state)| {
        let shown =
            object! { "TrafficSource" => arn, "State" => state.shown(), "Identifier" => arn, "Type" => "elbv2" };
        (arn.clone(), shown)
    });
    let (page, next) = page.cut(all);
    Ok(object! { "TrafficSources" => members(page), "NextToken" => next })
}

/// Classic load balancers, of which the simulator has none.
fn describe_balancers(scene: &mut Scene<'_>, input: &Input) -> Answer {
    page(input)?;
    named(scene, input)?;
    Ok(object! { "LoadBalancers" => members::<String>([]) })
}
