//! Scheduled actions: a group gets other sizes at a time, once or again and again.

use std::time::Duration;

use serde::Serialize;

use super::activities::spoken;
use super::cron::Recurrence;
use super::group::Group;
use super::{groups, invalid, look, named, required};
use crate::simulator::clock::Moment;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

pub(super) const ACTIONS: &[Action] = &[
    action("PutScheduledUpdateGroupAction", put),
    action("BatchPutScheduledUpdateGroupAction", put_all),
    action("DescribeScheduledActions", describe),
    action("DeleteScheduledAction", delete),
    action("BatchDeleteScheduledAction", delete_all),
];

/// A scheduled action.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Scheduled {
    arn: String,
    next: Moment,
    end: Option<Moment>,
    recurrence: Option<String>,
    zone: Option<String>,
    min: Option<i64>,
    max: Option<i64>,
    desired: Option<i64>,
}

fn put(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let owner = named(scene, input)?.name.clone();
    store(scene, input, &owner)?;
    Ok(Tree::NONE)
}

fn put_all(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let owner = named(scene, input)?.name.clone();
    let mut failed = Vec::new();
    for one in input.list("ScheduledUpdateGroupActions") {
        if let Err(refusal) = store(scene, one, &owner) {
            failed.push(object! {
                "ScheduledActionName" => one.text_or("ScheduledActionName", ""),
                "ErrorCode" => refusal.code.to_string(),
                "ErrorMessage" => refusal.message,
            });
        }
    }
    Ok(object! { "FailedScheduledUpdateGroupActions" => members(failed) })
}

fn store(scene: &mut Scene<'_>, input: &Input, owner: &str) -> Result<(), Refusal> {
    let now = scene.now;
    let name = required(input, "ScheduledActionName")?.to_owned();
    let start = input.moment("StartTime")?.or(input.moment("Time")?);
    let recurrence = input.text("Recurrence").map(str::to_owned);
    let zone = input.text("TimeZone").map(str::to_owned);
    let (min, max, desired) = (input.whole("MinSize")?, input.whole("MaxSize")?, input.whole("DesiredCapacity")?);
    if min.or(max).or(desired).is_none() {
        return Err(invalid("At least one of MinSize, MaxSize and DesiredCapacity must be specified"));
    }
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        return Err(invalid("MaxSize must be greater than or equal to MinSize"));
    }
    let next = match (&recurrence, start) {
        (Some(pattern), start) => {
            let pattern = Recurrence::read(pattern)
                .ok_or_else(|| invalid(format!("Given recurrence string:{pattern} is invalid")))?;
            pattern
                .after(start.map_or(now, |start| start.max(now)), zone.as_deref())
                .ok_or_else(|| invalid("The recurrence never comes"))?
        }
        (None, Some(start)) if start > now => start,
        (None, Some(_)) => return Err(invalid("Given start time is in the past")),
        (None, None) => now.plus(Duration::from_secs(1)),
    };
    let unique = scene.dice.uuid();
    let arn = scene.arn(
        "autoscaling",
        &format!("scheduledUpdateGroupAction:{unique}:autoScalingGroupName/{owner}:scheduledActionName/{name}"),
    );
    let end = input.moment("EndTime")?;
    if let Some(group) = scene.here.autoscaling.groups.get_mut(owner) {
        let arn = group.schedule.get(&name).map_or(arn, |before| before.arn.clone());
        group.schedule.insert(name, Scheduled { arn, next, end, recurrence, zone, min, max, desired });
    }
    scene.later(next.since(now), come, owner);
    Ok(())
}

/// Carries out what is due in a group.
fn come(scene: &mut Scene<'_>, owner: &str) {
    let now = scene.now;
    let Some(group) = scene.here.autoscaling.groups.get_mut(owner) else { return };
    let due: Vec<String> =
        group.schedule.iter().filter(|(_, one)| one.next <= now).map(|(name, _)| name.clone()).collect();
    let mut again = Vec::new();
    for name in due {
        let Some(mut one) = group.schedule.remove(&name) else { continue };
        if group.runs("ScheduledActions") && !group.is_leaving {
            carry_out(group, &one, now);
        }
        let next = one
            .recurrence
            .as_deref()
            .and_then(Recurrence::read)
            .and_then(|pattern| pattern.after(now, one.zone.as_deref()));
        if let Some(next) = next.filter(|next| one.end.is_none_or(|end| *next <= end)) {
            one.next = next;
            again.push(next);
            group.schedule.insert(name, one);
        }
    }
    for next in again {
        scene.later(next.since(now), come, owner);
    }
    look::wake(scene, owner, Duration::ZERO);
}

fn carry_out(group: &mut Group, one: &Scheduled, now: Moment) {
    group.sizes.min = one.min.unwrap_or(group.sizes.min);
    group.sizes.max = one.max.unwrap_or(group.sizes.max).max(group.sizes.min);
    let desired = one.desired.unwrap_or(group.sizes.desired).clamp(group.sizes.min, group.sizes.max);
    let (min, max) = (group.sizes.min, group.sizes.max);
    let why = "a scheduled action update of AutoScalingGroup constraints to";
    group.want(desired, &format!("At {} {why} min: {min}, max: {max}, desired: {desired}", spoken(now)));
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let owner = input.text("AutoScalingGroupName");
    if let Some(owner) = owner {
        groups::find(scene, owner)?;
    }
    let names = input.texts("ScheduledActionNames");
    let (start, end) = (input.moment("StartTime")?, input.moment("EndTime")?);
    let page = Page::read(input, "MaxRecords", "NextToken", (1, 100), "InvalidNextToken")?;
    let groups =
        scene.here.autoscaling.groups.visible(scene.sight).filter(|(name, _)| owner.is_none_or(|owner| owner == *name));
    let all = groups.flat_map(|(_, group)| group.schedule.iter().map(move |(name, one)| (group, name, one)));
    let found = all.filter(|(_, name, one)| {
        let is_named = names.is_empty() || names.contains(&name.as_str()) || names.contains(&one.arn.as_str());
        is_named && start.is_none_or(|start| one.next >= start) && end.is_none_or(|end| one.next <= end)
    });
    let mut found: Vec<(String, Tree)> =
        found.map(|(group, name, one)| (format!("{}/{name}", group.name), one.shown(&group.name, name))).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = page.cut(found);
    Ok(object! { "ScheduledUpdateGroupActions" => members(page), "NextToken" => next })
}

impl Scheduled {
    fn shown(&self, owner: &str, name: &str) -> Tree {
        object! {
            "AutoScalingGroupName" => owner.to_owned(),
            "ScheduledActionName" => name.to_owned(),
            "ScheduledActionARN" => &self.arn,
            "Time" => self.next,
            "StartTime" => self.next,
            "EndTime" => self.end,
            "Recurrence" => self.recurrence.clone(),
            "MinSize" => self.min,
            "MaxSize" => self.max,
            "DesiredCapacity" => self.desired,
            "TimeZone" => self.zone.clone(),
        }
    }
}

fn unknown(name: &str) -> Refusal {
    invalid(format!("Scheduled action name not found - Scheduled action '{name}' not found"))
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = required(input, "ScheduledActionName")?;
    named(scene, input)?.schedule.remove(name).map(|_| Tree::NONE).ok_or_else(|| unknown(name))
}

fn delete_all(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let group = named(scene, input)?;
    let missing = input.texts("ScheduledActionNames").into_iter().filter(|name| group.schedule.remove(*name).is_none());
    let failed = missing.map(|name| {
        object! { "ScheduledActionName" => name.to_owned(), "ErrorCode" => "ValidationError", "ErrorMessage" => unknown(name).message }
    });
    Ok(object! { "FailedScheduledActions" => members(failed.collect::<Vec<_>>()) })
}
