//! A refresh rolls on: old instances go as new ones come, never more at once than the preferences allow
//! (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html>).

use std::time::Duration;

use super::activities::spoken;
use super::group::{Group, Template};
use super::leaving;
use super::member::{Member, Stage};
use super::preferences::{Preferences, Treatment};
use super::refresh::Status;
use crate::simulator::clock::Moment;
use crate::simulator::scene::Scene;
use crate::simulator::services::cloudwatch::alarms;
use crate::simulator::services::ec2::launch_templates;
use crate::simulator::services::elb::targets::{self, Health};

/// How long a refresh waits for an instance that becomes healthy, or for protection to be taken away.
const PATIENCE: Duration = Duration::from_hours(1);

/// How long a cancellation takes at least.
pub(super) const STEP: Duration = Duration::from_secs(1);

/// Rolls the group's refresh on, if there is one.
pub(super) fn advance(scene: &mut Scene<'_>, group: &mut Group) {
    group.surge = 0;
    let Some(status) = group.refresh().map(|refresh| refresh.status) else { return };
    match status {
        Status::Cancelling => cancel(scene, group),
        _ if !group.runs("InstanceRefresh") => {}
        Status::Pending => begin(scene, group),
        Status::InProgress => go_on(scene, group),
        Status::RollbackInProgress => go_back(scene, group),
        Status::Baking => bake(scene, group),
        _ => {}
    }
}

/// When a refresh wants to be looked at next, if it waits for a moment that it knows.
pub(super) fn next(group: &Group, soon: Moment) -> Option<Moment> {
    let refresh = group.refresh()?;
    let known = if refresh.preferences.alarms.is_empty() { refresh.baked.or(refresh.paused) } else { None };
    Some(known.map_or(soon, |known| known.max(soon)))
}

/// Instances that are not done with what they are doing keep a cancellation waiting.
fn cancel(scene: &mut Scene<'_>, group: &mut Group) {
    let moves = group.members.values().any(|member| member.state.is_pending() || member.state.is_terminating());
    let now = scene.now;
    if !moves && let Some(refresh) = group.refresh_mut() {
        let reason = refresh.reason.take();
        refresh.end(Status::Cancelled, now, reason);
    }
}

fn begin(scene: &mut Scene<'_>, group: &mut Group) {
    let total = old(scene, group).len();
    let now = scene.now;
    if let Some(refresh) = group.refresh_mut() {
        refresh.status = Status::InProgress;
        refresh.started = now;
        refresh.progressed = now;
        refresh.total = total;
    }
    go_on(scene, group);
}

fn go_on(scene: &mut Scene<'_>, group: &mut Group) {
    let now = scene.now;
    if fails_by_alarm(scene, group) {
        return;
    }
    count(scene, group);
    let old = old(scene, group);
    let Some(refresh) = group.refresh_mut() else { return };
    let checkpoint = refresh.preferences.checkpoints.get(refresh.passed).copied();
    let quota = checkpoint.map_or(refresh.total, |percent| share(refresh.total, percent));
    if let Some(until) = refresh.paused {
        if now < until {
            return;
        }
        refresh.paused = None;
        refresh.passed += 1;
        let is_last = refresh.passed == refresh.preferences.checkpoints.len();
        if is_last && checkpoint.is_some_and(|percent| percent < 100) {
            finish(scene, group);
        } else {
            go_on(scene, group);
        }
        return;
    }
    if let Some(percent) = checkpoint.filter(|percent| *percent < 100)
        && refresh.done >= quota
    {
        refresh.paused = Some(now.plus(refresh.preferences.delay));
        refresh.reason =
            Some(format!("Waiting at checkpoint {percent}% for {} seconds.", refresh.preferences.delay.as_secs()));
        return;
    }
    refresh.reason = None;
    if old.is_empty() && refresh.done >= refresh.total {
        finish(scene, group);
        return;
    }
    if now.since(refresh.progressed) > PATIENCE {
        let waits = old.iter().any(|id| {
            group.members.get(id).is_some_and(|member| member.is_protected || member.state == Stage::Standby)
        });
        let why = if waits {
            "instances are protected from scale in or in standby"
        } else {
            "no new instance became healthy"
        };
        fail(scene, group, &format!("The instance refresh failed because {why} within an hour."));
        return;
    }
    replace(scene, group, &old, quota);
}

/// Counts what is done; every new instance that is ready is progress.
fn count(scene: &Scene<'_>, group: &mut Group) {
    let Some(refresh) = group.refresh() else { return };
    let (id, warmup) = (refresh.id.clone(), refresh.preferences.warmup);
    let ready = group
        .members
        .values()
        .filter(|member| member.refresh.as_ref() == Some(&id) && is_ready(scene, group, member, warmup));
    let done = ready.count();
    let arrived = group
        .members
        .values()
        .filter(|member| member.refresh.as_ref() == Some(&id))
        .filter_map(|member| member.in_service)
        .max();
    if let Some(refresh) = group.refresh_mut() {
        // Only a launch that came into service is a sign of life; warming up may take longer than anybody's patience.
        refresh.progressed = arrived.into_iter().fold(refresh.progressed, Moment::max);
        if done != refresh.done {
            refresh.done = done.min(refresh.total);
            refresh.progressed = scene.now;
        }
    }
}

fn finish(scene: &mut Scene<'_>, group: &mut Group) {
    let now = scene.now;
    let Some(refresh) = group.refresh_mut() else { return };
    let bake = refresh.preferences.bake;
    if bake > Duration::ZERO && refresh.baked.is_none() {
        refresh.status = Status::Baking;
        refresh.baked = Some(now.plus(bake));
        return;
    }
    refresh.end(Status::Successful, now, None);
    if let Some(wanted) = refresh.wanted.clone() {
        group.template = wanted;
        group.mixed = None;
    }
}

fn bake(scene: &mut Scene<'_>, group: &mut Group) {
    if !fails_by_alarm(scene, group)
        && group.refresh().is_some_and(|refresh| refresh.baked.is_some_and(|until| scene.now >= until))
    {
        finish(scene, group);
    }
}

fn fails_by_alarm(scene: &Scene<'_>, group: &mut Group) -> bool {
    let Some(refresh) = group.refresh() else { return false };
    let mut alarms = refresh.preferences.alarms.iter();
    let Some(alarm) = alarms.find(|alarm| alarms::state(scene, alarm) == Some("ALARM")).cloned() else { return false };
    fail(scene, group, &format!("CloudWatch alarm {alarm} is in ALARM state."));
    true
}

/// A refresh that cannot succeed ends, or turns round.
fn fail(scene: &Scene<'_>, group: &mut Group, reason: &str) {
    let now = scene.now;
    let Some(refresh) = group.refresh_mut() else { return };
    if refresh.preferences.rolls_back {
        refresh.turn(now, reason);
    } else {
        refresh.end(Status::Failed, now, Some(reason.to_owned()));
    }
}

/// The way back: what the refresh has launched is replaced by what the group says.
fn go_back(scene: &mut Scene<'_>, group: &mut Group) {
    let now = scene.now;
    let Some(refresh) = group.refresh() else { return };
    let (id, mark, warmup) = (refresh.id.clone(), refresh.rollback_mark(), refresh.preferences.warmup);
    let made = |member: &Member, by: &str| member.refresh.as_deref() == Some(by);
    let new: Vec<String> = group
        .members
        .values()
        .filter(|member| made(member, &id) && !member.state.is_terminating())
        .map(|member| member.id.clone())
        .collect();
    let arrived =
        group.members.values().filter(|member| made(member, &mark)).filter_map(|member| member.in_service).max();
    let are_ready =
        group.counted().filter(|member| made(member, &mark)).all(|member| is_ready(scene, group, member, warmup));
    let is_full = group.capacity() >= group.sizes.desired;
    let Some(refresh) = group.refresh_mut() else { return };
    refresh.progressed = arrived.into_iter().fold(refresh.progressed, Moment::max);
    refresh.done = new.len().min(refresh.total);
    if new.is_empty() && are_ready && is_full {
        let reason = refresh.rollback.is_some().then(|| refresh.reason.clone()).flatten();
        refresh.end(Status::RollbackSuccessful, now, reason);
    } else if now.since(refresh.progressed) > PATIENCE {
        refresh.end(Status::RollbackFailed, now, Some("No instance became healthy within an hour.".to_owned()));
    } else {
        let all = new.len();
        replace_some(scene, group, &new, all);
    }
}

/// The share of a number, rounded up, and at least one.
fn share(number: usize, percent: i64) -> usize {
    let percent = usize::try_from(percent).unwrap_or(100);
    (number * percent).div_ceil(100).max(1).min(number)
}

/// The instances that a refresh has to replace.
fn old(scene: &Scene<'_>, group: &Group) -> Vec<String> {
    let Some(refresh) = group.refresh() else { return Vec::new() };
    let wanted = refresh.wanted.as_ref().unwrap_or(&group.template);
    let wanted = launch_templates::resolve(scene, &wanted.id, &wanted.version).ok();
    let matches =
        |member: &Member| wanted.as_ref().is_some_and(|(id, _, number)| is_version(&member.template, id, *number));
    let Preferences { skips_matching, protected, standby, .. } = refresh.preferences;
    let is_old = |member: &&Member| {
        let is_here = member.state.counts() || member.state == Stage::Standby;
        let is_left_out = (member.is_protected && protected == Treatment::Ignore)
            || (member.state == Stage::Standby && standby == Treatment::Ignore);
        let is_right = member.refresh.as_ref() == Some(&refresh.id) || (skips_matching && matches(member));
        is_here && !is_left_out && !is_right
    };
    group.members.values().filter(is_old).map(|member| member.id.clone()).collect()
}

fn is_version(template: &Template, id: &str, number: u64) -> bool {
    template.id == id && template.version.parse() == Ok(number)
}

/// Whether an instance is in service, well, and warm.
fn is_ready(scene: &Scene<'_>, group: &Group, member: &Member, warmup: Duration) -> bool {
    let is_warm = member.in_service.is_some_and(|since| scene.now.since(since) >= warmup);
    let answers = |arn: &String| targets::health(scene, arn, &member.id) == Some(Health::Healthy);
    member.state == Stage::InService
        && member.ailment.is_none()
        && is_warm
        && (!group.asks_balancer() || group.wanted_targets().iter().all(answers))
}

/// Replaces as many old instances as may go now, not more than the quota of all that were there.
fn replace(scene: &mut Scene<'_>, group: &mut Group, old: &[String], quota: usize) {
    let Some(refresh) = group.refresh() else { return };
    let gone = refresh.total.saturating_sub(old.len());
    let Preferences { protected, standby, .. } = refresh.preferences;
    let may_go = |id: &&String| {
        group.members.get(*id).is_some_and(|member| {
            (!member.is_protected || protected == Treatment::Replace)
                && (member.state != Stage::Standby || standby == Treatment::Replace)
        })
    };
    let open: Vec<String> = old.iter().filter(may_go).cloned().collect();
    replace_some(scene, group, &open, quota.saturating_sub(gone));
}

fn replace_some(scene: &mut Scene<'_>, group: &mut Group, open: &[String], room: usize) {
    let Some(refresh) = group.refresh() else { return };
    let Preferences { least, most, warmup, .. } = refresh.preferences;
    let (fewer, more) = swing(usize::try_from(group.sizes.desired).unwrap_or_default(), least, most);
    let is_new = |member: &Member| member.refresh.as_ref().is_some_and(|mark| mark.starts_with(&refresh.id));
    let serves = |member: &&Member| {
        let is_old = member.state == Stage::InService && member.ailment.is_none() && !is_new(member);
        is_old || is_ready(scene, group, member, warmup)
    };
    let serving = group.counted().filter(serves).count();
    let needed = usize::try_from(group.sizes.desired).unwrap_or_default().saturating_sub(fewer);
    let mut may_go = serving.saturating_sub(needed).min(room).min(open.len());
    let (mut gone, now) = (0, scene.now);
    for id in open {
        // Those that serve nobody can go in any case.
        let is_idle =
            group.members.get(id).is_none_or(|member| member.state != Stage::InService || member.ailment.is_some());
        if gone >= room || (!is_idle && may_go == 0) {
            continue;
        }
        if !is_idle {
            may_go -= 1;
        }
        let cause =
            format!("At {} an instance was taken out of service in response to an instance refresh.", spoken(now));
        leaving::terminate(scene, group, id, cause);
        gone += 1;
    }
    let surge = more.min(open.len() - gone).min(room - gone);
    group.surge = i64::try_from(surge).unwrap_or(0);
}

/// How many instances of a group may be missing, and how many there may be too many. At least one of the two is not nothing.
fn swing(desired: usize, least: i64, most: i64) -> (usize, usize) {
    let percent = |percent: i64| usize::try_from(percent).unwrap_or_default();
    let fewer = desired.saturating_sub((desired * percent(least)).div_ceil(100));
    let more = (desired * percent(most) / 100).saturating_sub(desired);
    if most > 100 { (fewer, more.max(1)) } else { (fewer.max(1), 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maximum_over_a_hundred_launches_before_it_terminates() {
        assert_eq!(swing(1, 100, 110), (0, 1));
        assert_eq!(swing(2, 100, 110), (0, 1));
        assert_eq!(swing(10, 100, 150), (0, 5));
        assert_eq!(swing(10, 50, 110), (5, 1));
    }

    #[test]
    fn without_it_at_least_one_instance_is_missing_while_it_is_replaced() {
        assert_eq!(swing(1, 100, 100), (1, 0));
        assert_eq!(swing(2, 90, 100), (1, 0));
        assert_eq!(swing(10, 70, 100), (3, 0));
        assert_eq!(swing(0, 90, 100), (1, 0));
    }

    #[test]
    fn a_checkpoint_is_at_least_one_instance() {
        assert_eq!((share(2, 50), share(3, 1), share(10, 100), share(0, 50)), (1, 1, 10, 0));
    }
}
