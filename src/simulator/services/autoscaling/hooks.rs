//! Lifecycle hooks: they hold an instance on its way in or out until somebody says so, or until their time is up
//! (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html>).

use std::time::Duration;

use serde::Serialize;

use super::activities::{Status, spoken};
use super::group::Group;
use super::member::{Stage, Wait};
use super::{groups, invalid, leaving, look, named, required};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

pub(super) const ACTIONS: &[Action] = &[
    action("PutLifecycleHook", put),
    action("DescribeLifecycleHooks", describe),
    action("DeleteLifecycleHook", delete),
    action("CompleteLifecycleAction", complete),
    action("RecordLifecycleActionHeartbeat", heartbeat),
];

/// A hook.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Hook {
    transition: Transition,
    timeout: u64,
    abandons: bool,
    target: Option<String>,
    role: Option<String>,
    metadata: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Transition {
    Launching,
    Terminating,
}

impl Transition {
    fn shown(self) -> &'static str {
        match self {
            Self::Launching => "autoscaling:EC2_INSTANCE_LAUNCHING",
            Self::Terminating => "autoscaling:EC2_INSTANCE_TERMINATING",
        }
    }
}

/// Hooks of one group (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html>).
const LIMIT: usize = 50;

impl Hook {
    /// From what a caller says; what is not said stays as it was.
    pub(super) fn read(input: &Input, before: Option<&Self>) -> Result<Self, Refusal> {
        let transition = match input.text("LifecycleTransition") {
            Some("autoscaling:EC2_INSTANCE_LAUNCHING") => Transition::Launching,
            Some("autoscaling:EC2_INSTANCE_TERMINATING") => Transition::Terminating,
            Some(other) => return Err(invalid(format!("Invalid Lifecycle Transition: {other}"))),
            None => before
                .map(|hook| hook.transition)
                .ok_or_else(|| invalid("A lifecycle transition must be specified."))?,
        };
        let timeout =
            input.whole("HeartbeatTimeout")?.unwrap_or_else(|| before.map_or(3600, |hook| hook.timeout.cast_signed()));
        if !(30..=7200).contains(&timeout) {
            return Err(invalid("Heartbeat timeout must be between 30 and 7200 seconds."));
        }
        let abandons = match input.text("DefaultResult") {
            None => before.is_none_or(|hook| hook.abandons),
            Some("ABANDON") => true,
            Some("CONTINUE") => false,
            Some(other) => return Err(invalid(format!("Invalid lifecycle action result: {other}"))),
        };
        let text =
            |name: &str, before: Option<&String>| input.text(name).map(str::to_owned).or_else(|| before.cloned());
        Ok(Self {
            transition,
            timeout: timeout.unsigned_abs(),
            abandons,
            target: text("NotificationTargetARN", before.and_then(|hook| hook.target.as_ref()))
                .filter(|arn| !arn.is_empty()),
            role: text("RoleARN", before.and_then(|hook| hook.role.as_ref())),
            metadata: text("NotificationMetadata", before.and_then(|hook| hook.metadata.as_ref())),
        })
    }

    /// No heartbeat holds an instance longer.
    fn longest(&self) -> u64 {
        172_800.min(self.timeout * 100)
    }

    fn shown(&self, name: &str, group: &str) -> Tree {
        object! {
            "LifecycleHookName" => name.to_owned(),
            "AutoScalingGroupName" => group.to_owned(),
            "LifecycleTransition" => self.transition.shown(),
            "NotificationTargetARN" => self.target.clone(),
            "RoleARN" => self.role.clone(),
            "NotificationMetadata" => self.metadata.clone(),
            "HeartbeatTimeout" => self.timeout,
            "GlobalTimeout" => self.longest(),
            "DefaultResult" => if self.abandons { "ABANDON" } else { "CONTINUE" },
        }
    }
}

/// Has the group's hooks for a transition hold an instance; whether there are any.
pub(super) fn hold(scene: &mut Scene<'_>, group: &mut Group, id: &str, transition: Transition) -> bool {
    let now = scene.now;
    let hooks = group.hooks.iter().filter(|(_, hook)| hook.transition == transition);
    let waits: Vec<(String, Wait)> = hooks
        .map(|(name, hook)| {
            let until = now.plus(Duration::from_secs(hook.timeout));
            let latest = now.plus(Duration::from_secs(hook.longest()));
            (name.clone(), Wait { token: scene.dice.uuid(), until, latest })
        })
        .collect();
    let Some(member) = group.members.get_mut(id).filter(|_| !waits.is_empty()) else { return false };
    member.waits = waits.into_iter().collect();
    member.state = if transition == Transition::Launching { Stage::PendingWait } else { Stage::TerminatingWait };
    let activity = member.activity.clone();
    group.report(&activity, Status::MidLifecycleAction, 60);
    true
}

/// Ends waits whose time is up, with their hook's default.
pub(super) fn time_out(scene: &mut Scene<'_>, group: &mut Group, id: &str) {
    let now = scene.now;
    let Some(member) = group.members.get(id) else { return };
    let over: Vec<String> =
        member.waits.iter().filter(|(_, wait)| wait.until <= now).map(|(name, _)| name.clone()).collect();
    for name in over {
        let abandons = group.hooks.get(&name).is_none_or(|hook| hook.abandons);
        settle(scene, group, id, &name, abandons);
    }
}

/// Ends one wait. To abandon a launch is to terminate the instance; to abandon a termination is only not to wait for other hooks.
fn settle(scene: &mut Scene<'_>, group: &mut Group, id: &str, hook: &str, abandons: bool) {
    let now = scene.now;
    let Some(member) = group.members.get_mut(id) else { return };
    member.waits.remove(hook);
    match member.state {
        Stage::PendingWait if abandons => {
            let activity = member.activity.clone();
            let words = format!(
                "Instance failed to complete user's Lifecycle Action: Lifecycle Action with hook {hook} was abandoned"
            );
            group.end(&activity, Status::Cancelled, now, Some(words));
            let cause = format!(
                "At {} an instance was taken out of service in response to a failed lifecycle action.",
                spoken(now)
            );
            leaving::terminate(scene, group, id, cause);
        }
        Stage::PendingWait if member.waits.is_empty() => member.state = Stage::PendingProceed,
        Stage::TerminatingWait if abandons || member.waits.is_empty() => {
            member.waits.clear();
            member.state = Stage::TerminatingProceed;
        }
        _ => {}
    }
}

fn put(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = required(input, "LifecycleHookName")?;
    let group = named(scene, input)?;
    let hook = Hook::read(input, group.hooks.get(name))?;
    if group.hooks.len() >= LIMIT && !group.hooks.contains_key(name) {
        return Err(Refusal::new(
            "LimitExceeded",
            format!("Cannot have more than {LIMIT} lifecycle hooks per Auto Scaling group"),
        ));
    }
    group.hooks.insert(name.to_owned(), hook);
    Ok(Tree::EMPTY)
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let names = input.texts("LifecycleHookNames");
    let group = named(scene, input)?;
    let hooks = group.hooks.iter().filter(|(name, _)| names.is_empty() || names.contains(&name.as_str()));
    Ok(object! { "LifecycleHooks" => members(hooks.map(|(name, hook)| hook.shown(name, &group.name))) })
}

/// Instances that wait for it are abandoned if they launch, and go on if they terminate
/// (<https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteLifecycleHook.html>).
fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let hook = required(input, "LifecycleHookName")?;
    let group = named(scene, input)?;
    if !group.hooks.contains_key(hook) {
        return Err(invalid(format!("No Lifecycle Hook found with name: {hook}")));
    }
    let name = group.name.clone();
    look::lend(scene, &name, |scene, group| {
        group.hooks.remove(hook);
        let held = group.members.values().filter(|member| member.waits.contains_key(hook));
        let held: Vec<(String, bool)> =
            held.map(|member| (member.id.clone(), member.state == Stage::PendingWait)).collect();
        for (id, launches) in held {
            settle(scene, group, &id, hook, launches);
        }
    });
    look::wake(scene, &name, Duration::ZERO);
    Ok(Tree::EMPTY)
}

/// The instance that a call about a lifecycle action means: named, or by the action's token.
fn held(scene: &mut Scene<'_>, input: &Input) -> Result<(String, String), Refusal> {
    let hook = required(input, "LifecycleHookName")?;
    let token = input.text("LifecycleActionToken").map(str::to_owned);
    let instance = input.text("InstanceId").map(str::to_owned);
    let group = named(scene, input)?;
    if !group.hooks.contains_key(hook) {
        return Err(invalid(format!("No Lifecycle Hook found with name: {hook}")));
    }
    let is_meant = |id: &str, wait: &Wait| {
        instance.as_deref().is_none_or(|wanted| wanted == id)
            && token.as_deref().is_none_or(|wanted| wanted == wait.token)
    };
    let found =
        group.members.values().find(|member| member.waits.get(hook).is_some_and(|wait| is_meant(&member.id, wait)));
    let what = match (&instance, &token) {
        (Some(instance), _) => format!("instance ID {instance}"),
        (None, Some(token)) => format!("token {token}"),
        (None, None) => return Err(invalid("Either LifecycleActionToken or InstanceId must be specified")),
    };
    let found = found.ok_or_else(|| invalid(format!("No active Lifecycle Action found with {what}")))?;
    Ok((group.name.clone(), found.id.clone()))
}

fn complete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let abandons = match required(input, "LifecycleActionResult")? {
        "CONTINUE" => false,
        "ABANDON" => true,
        other => return Err(invalid(format!("Invalid lifecycle action result: {other}"))),
    };
    let hook = required(input, "LifecycleHookName")?;
    let (name, id) = held(scene, input)?;
    look::lend(scene, &name, |scene, group| settle(scene, group, &id, hook, abandons));
    look::wake(scene, &name, Duration::ZERO);
    Ok(Tree::EMPTY)
}

fn heartbeat(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let now = scene.now;
    let hook = required(input, "LifecycleHookName")?;
    let (name, id) = held(scene, input)?;
    groups::find(scene, &name)?;
    if let Some(group) = scene.here.autoscaling.groups.get_mut(&name) {
        let timeout = group.hooks.get(hook).map_or(0, |hook| hook.timeout);
        if let Some(wait) = group.members.get_mut(&id).and_then(|member| member.waits.get_mut(hook)) {
            wait.until = now.plus(Duration::from_secs(timeout)).min(wait.latest);
        }
    }
    Ok(Tree::EMPTY)
}
