//! Targets of target groups, and how they are doing.
//!
//! Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>.

use std::time::Duration;

use serde::Serialize;

use super::groups::{self, TargetGroup, absent, in_use_by};
use super::{balancers, limits};
use crate::simulator::clock::Moment;
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, members, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::instances::{self, Phase};

/// What can be done with targets.
pub(super) const ACTIONS: &[Action] = &[
    action("RegisterTargets", register_all),
    action("DeregisterTargets", deregister_all),
    action("DescribeTargetHealth", describe),
];

/// A target of a group.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Target {
    id: String,
    port: u16,
    zone: Option<String>,
    since: Moment,
    /// Until when it finishes its requests, if it is on its way out.
    draining: Option<Moment>,
    state: Checked,
    passed: u64,
    failed: u64,
}

/// What the checks have found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Checked {
    /// None was made.
    Never,
    /// Too few were made.
    Initial,
    Healthy,
    Unhealthy,
}

/// How a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It is not known yet.
    Initial,
    Healthy,
    Unhealthy,
    /// It is on its way out.
    Draining,
    /// Nobody would ask it anything.
    Unused,
}

/// Whether there is such a target group.
pub(crate) fn exists(scene: &Scene<'_>, group_arn: &str) -> bool {
    scene.here.elb.groups.has(group_arn)
}

/// Registers an instance; one that is registered already stays as it is.
///
/// # Errors
/// If there is no such group or instance.
pub(crate) fn register(
    scene: &mut Scene<'_>,
    group_arn: &str,
    instance: &str,
    port: Option<u16>,
) -> Result<(), Refusal> {
    let group = scene.here.elb.groups.get(group_arn).ok_or_else(absent)?;
    check(scene, group, instance)?;
    enroll(scene, group_arn, instance, port, None);
    Ok(())
}

/// Takes an instance out of a group, which lets it finish its requests first.
pub(crate) fn deregister(scene: &mut Scene<'_>, group_arn: &str, instance: &str) {
    dismiss(scene, group_arn, instance, None);
}

/// How an instance is as a target of a group; nothing, if it is none.
pub(crate) fn health(scene: &Scene<'_>, group_arn: &str, instance: &str) -> Option<Health> {
    let group = scene.here.elb.groups.get(group_arn)?;
    let target = group.targets.iter().find(|target| target.id == instance)?;
    Some(judge(scene, group_arn, group, target).0)
}

/// Takes an instance that is no more out of all groups.
pub(crate) fn forget(scene: &mut Scene<'_>, instance: &str) {
    for group in scene.here.elb.groups.values_mut() {
        group.targets.retain(|target| target.id != instance);
    }
}

/// Refuses targets that the group could not reach.
fn check(scene: &Scene<'_>, group: &TargetGroup, id: &str) -> Result<(), Refusal> {
    let refuse = |words: String| Err(Refusal::new("InvalidTarget", words));
    match group.kind.as_str() {
        "instance" => match instances::phase(scene, id) {
            None | Some(Phase::Terminated) => {
                refuse(format!("The following targets are not in a running state and cannot be registered: '{id}'"))
            }
            Some(_) if instances::vpc(scene, id) != group.vpc => {
                let vpc = group.vpc.clone().unwrap_or_default();
                refuse(format!("The following targets are not in the target group VPC '{vpc}': '{id}'"))
            }
            Some(_) => Ok(()),
        },
        "ip" if id.parse::<std::net::IpAddr>().is_err() => {
            Err(super::validation(format!("The IP address '{id}' is not valid")))
        }
        _ => Ok(()),
    }
}

fn enroll(scene: &mut Scene<'_>, arn: &str, id: &str, port: Option<u16>, zone: Option<String>) {
    let now = scene.now;
    let Some(group) = scene.here.elb.groups.get_mut(arn) else { return };
    let port = port.or(group.port).unwrap_or_default();
    let known = group.targets.iter().position(|target| target.id == id && target.port == port);
    if let Some(at) = known {
        if group.targets.get(at).is_some_and(|target| target.draining.is_none()) {
            return;
        }
        group.targets.remove(at);
    }
    let state = Checked::Never;
    let target = Target { id: id.to_owned(), port, zone, since: now, draining: None, state, passed: 0, failed: 0 };
    let subject = target.subject(arn);
    group.targets.push(target);
    group.targets.sort_by(|a, b| (&a.id, a.port).cmp(&(&b.id, b.port)));
    let interval = Duration::from_secs(group.check.interval);
    scene.later(interval.min(SOON), look, &subject);
}

/// How soon a new target is looked at, at the latest: so that changes of the interval take effect soon, too.
const SOON: Duration = Duration::from_secs(10);

fn dismiss(scene: &mut Scene<'_>, arn: &str, id: &str, port: Option<u16>) {
    let in_use = !in_use_by(scene, arn).is_empty();
    let now = scene.now;
    let runs = scene.here.elb.groups.get(arn).is_some_and(|group| group.kind != "instance")
        || instances::is_running(scene, id);
    let Some(group) = scene.here.elb.groups.get_mut(arn) else { return };
    let delay = Duration::from_secs(group.delay());
    let is_meant = |target: &Target| target.id == id && port.is_none_or(|port| target.port == port);
    if !in_use || delay.is_zero() || !runs {
        group.targets.retain(|target| !is_meant(target));
        return;
    }
    let mut leaving = Vec::new();
    for target in group.targets.iter_mut().filter(|target| is_meant(target) && target.draining.is_none()) {
        target.draining = Some(now.plus(delay));
        leaving.push(target.subject(arn));
    }
    for subject in leaving {
        scene.later(delay, leave, &subject);
    }
}

impl Target {
    /// What events know it by: it is another one once it was registered anew.
    fn subject(&self, arn: &str) -> String {
        format!("{arn}|{}|{}|{}", self.id, self.port, self.since.0)
    }
}

fn of_subject<'a>(scene: &'a mut Scene<'_>, subject: &str) -> Option<(&'a mut TargetGroup, usize)> {
    let (arn, _) = subject.split_once('|')?;
    let group = scene.here.elb.groups.get_mut(arn)?;
    let at = group.targets.iter().position(|target| target.subject(arn) == subject)?;
    Some((group, at))
}

/// A target that had the time to finish its requests goes.
fn leave(scene: &mut Scene<'_>, subject: &str) {
    if let Some((group, at)) = of_subject(scene, subject) {
        group.targets.remove(at);
    }
}

/// One health check, and the next one after the group's interval.
fn look(scene: &mut Scene<'_>, subject: &str) {
    let Some((arn, _)) = subject.split_once('|') else { return };
    // Who is still being provisioned checks nobody.
    let in_use = in_use_by(scene, arn).iter().any(|balancer| balancers::is_active(scene, balancer));
    let Some((group, at)) = of_subject(scene, subject) else { return };
    let Some(id) = group.targets.get(at).map(|target| target.id.clone()) else { return };
    let (interval, is_instance) = (Duration::from_secs(group.check.interval), group.kind == "instance");
    let since = group.targets.get(at).map_or(Moment::default(), |target| target.since);
    let is_early = scene.now.since(since) < interval;
    let runs = !is_instance || instances::is_running(scene, &id);
    let answers = !is_instance || instances::answers(scene, &id);
    let Some((group, at)) = of_subject(scene, subject) else { return };
    let (healthy, unhealthy) = (group.check.healthy, group.check.unhealthy);
    let Some(target) = group.targets.get_mut(at) else { return };
    if target.draining.is_some() {
        return;
    }
    if !in_use || !runs {
        (target.state, target.passed, target.failed) = (Checked::Never, 0, 0);
    } else if !is_early {
        target.note(answers, healthy, unhealthy);
    }
    let next = if is_early { interval.min(SOON) } else { interval };
    scene.later(next, look, subject);
}

impl Target {
    /// Counts a check. The first that a new target passes makes it healthy; later it takes as many as the threshold.
    fn note(&mut self, answers: bool, healthy: u64, unhealthy: u64) {
        let is_new = matches!(self.state, Checked::Never | Checked::Initial);
        (self.passed, self.failed) = if answers { (self.passed + 1, 0) } else { (0, self.failed + 1) };
        if self.passed > 0 && (is_new || self.passed >= healthy) {
            self.state = Checked::Healthy;
        } else if self.failed >= unhealthy {
            self.state = Checked::Unhealthy;
        } else if is_new {
            self.state = Checked::Initial;
        }
    }
}

/// Health, and why (`API_TargetHealth`).
type Verdict = (Health, Option<(&'static str, &'static str)>);

fn judge(scene: &Scene<'_>, arn: &str, group: &TargetGroup, target: &Target) -> Verdict {
    if target.draining.is_some() {
        let why = ("Target.DeregistrationInProgress", "Target deregistration is in progress");
        return (Health::Draining, Some(why));
    }
    let balancers = in_use_by(scene, arn);
    if balancers.is_empty() {
        let why = ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer");
        return (Health::Unused, Some(why));
    }
    if group.kind == "instance" {
        if !matches!(instances::phase(scene, &target.id), Some(Phase::Running | Phase::Pending)) {
            return (Health::Unused, Some(("Target.InvalidState", "Target is in the stopped state")));
        }
        let zone = instances::zone(scene, &target.id).unwrap_or_default();
        if !balancers.iter().any(|balancer| balancers::is_in_zone(scene, balancer, &zone)) {
            let why = "Target is in an Availability Zone that is not enabled for the load balancer";
            return (Health::Unused, Some(("Target.NotInUse", why)));
        }
    }
    match target.state {
        Checked::Never => (Health::Initial, Some(("Elb.RegistrationInProgress", "Target registration is in progress"))),
        Checked::Initial => (Health::Initial, Some(("Elb.InitialHealthChecking", "Initial health checks in progress"))),
        Checked::Healthy => (Health::Healthy, None),
        Checked::Unhealthy => (Health::Unhealthy, Some(("Target.FailedHealthChecks", "Health checks failed"))),
    }
}

impl Health {
    fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Draining => "draining",
            Self::Unused => "unused",
        }
    }
}

/// A target as a call names it.
struct Named<'i> {
    id: &'i str,
    port: Option<u16>,
    zone: Option<String>,
}

fn named(input: &Input) -> Result<Vec<Named<'_>>, Refusal> {
    let read = |target: &'_ Input| -> Result<Option<u16>, Refusal> {
        let port = target.whole("Port")?;
        let fits = |port: i64| u16::try_from(port).ok().filter(|port| *port > 0);
        let port = port.map(|port| fits(port).ok_or_else(|| super::validation(format!("Port '{port}' is not valid"))));
        port.transpose()
    };
    let all = input.list("Targets").iter();
    all.map(|target| {
        let zone = target.text("AvailabilityZone").map(str::to_owned);
        Ok(Named { id: target.need("Id")?, port: read(target)?, zone })
    })
    .collect()
}

fn register_all(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (arn, group) = groups::need(scene, input)?;
    let targets = named(input)?;
    if targets.is_empty() {
        return Err(super::validation("At least one target must be specified"));
    }
    targets.iter().try_for_each(|target| check(scene, group, target.id))?;
    limits::check("targets-per-target-group", group.targets.len() + targets.len() - 1, "TooManyTargets")?;
    for target in targets {
        enroll(scene, &arn, target.id, target.port, target.zone);
    }
    Ok(Tree::EMPTY)
}

fn deregister_all(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (arn, _) = groups::need(scene, input)?;
    for target in named(input)? {
        dismiss(scene, &arn, target.id, target.port);
    }
    Ok(Tree::EMPTY)
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (arn, group) = groups::need(scene, input)?;
    if input.texts("Include").iter().any(|what| !["AnomalyDetection", "All"].contains(what)) {
        return Err(invalid("Include takes AnomalyDetection and All"));
    }
    let asked = named(input)?;
    let mut shown: Vec<Tree> = Vec::new();
    let port = group.check.port.clone();
    let wanted = |target: &Target| {
        let fits = |named: &Named<'_>| named.id == target.id && named.port.is_none_or(|port| port == target.port);
        asked.is_empty() || asked.iter().any(fits)
    };
    for target in group.targets.iter().filter(|target| wanted(target)) {
        let verdict = judge(scene, &arn, group, target);
        shown.push(describe_one(&target.id, Some(target.port), target.zone.clone(), &port, verdict));
    }
    for named in &asked {
        let is_there = |target: &&Target| named.id == target.id && named.port.is_none_or(|port| port == target.port);
        if !group.targets.iter().any(|target| is_there(&target)) {
            let why = Some(("Target.NotRegistered", "Target is not registered to the target group"));
            let at = named.port.or(group.port);
            shown.push(describe_one(named.id, at, None, &port, (Health::Unused, why)));
        }
    }
    Ok(object! { "TargetHealthDescriptions" => members(shown) })
}

fn describe_one(id: &str, port: Option<u16>, zone: Option<String>, check: &str, verdict: Verdict) -> Tree {
    let (health, why) = verdict;
    let (reason, words) = why.unzip();
    let check = if check == "traffic-port" { port.map(|port| port.to_string()) } else { Some(check.to_owned()) };
    object! {
        "Target" => object! { "Id" => id.to_owned(), "Port" => port, "AvailabilityZone" => zone },
        "HealthCheckPort" => check,
        "TargetHealth" => object! { "State" => health.name(), "Reason" => reason, "Description" => words },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(checks: &[bool]) -> Checked {
        let (id, since) = ("i-1".to_owned(), Moment::default());
        let mut target =
            Target { id, port: 80, zone: None, since, draining: None, state: Checked::Never, passed: 0, failed: 0 };
        for answers in checks {
            target.note(*answers, 3, 2);
        }
        target.state
    }

    #[test]
    fn a_new_target_is_healthy_with_its_first_answer() {
        assert_eq!(after(&[true]), Checked::Healthy);
        assert_eq!(after(&[false, true]), Checked::Healthy);
        assert_eq!(after(&[false]), Checked::Initial);
    }

    #[test]
    fn afterwards_it_takes_as_many_checks_as_the_thresholds_say() {
        assert_eq!(after(&[true, false]), Checked::Healthy);
        assert_eq!(after(&[true, false, false]), Checked::Unhealthy);
        assert_eq!(after(&[false, false, true, true]), Checked::Unhealthy);
        assert_eq!(after(&[false, false, true, true, true]), Checked::Healthy);
    }
}
