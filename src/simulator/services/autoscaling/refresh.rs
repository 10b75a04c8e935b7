//! Instance refreshes: started, shown, cancelled, rolled back
//! (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-instance-refresh.html>).

use std::time::Duration;

use serde::Serialize;

use super::group::{Group, Template};
use super::preferences::Preferences;
use super::{groups, invalid, look, named, requests, rolling};
use crate::simulator::clock::Moment;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

pub(super) const ACTIONS: &[Action] = &[
    action("StartInstanceRefresh", start),
    action("DescribeInstanceRefreshes", describe),
    action("CancelInstanceRefresh", cancel),
    action("RollbackInstanceRefresh", rollback),
];

/// A refresh.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Refresh {
    pub(super) id: String,
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    pub(super) started: Moment,
    pub(super) ended: Option<Moment>,
    pub(super) preferences: Preferences,
    /// What the instances are to be made of, if not of what the group says.
    pub(super) wanted: Option<Template>,
    /// How many instances it was to replace when it began.
    pub(super) total: usize,
    /// How many it has replaced.
    pub(super) done: usize,
    /// When an instance was last replaced.
    pub(super) progressed: Moment,
    /// Checkpoints that are behind it, and until when it stays at the one that it has reached.
    pub(super) passed: usize,
    pub(super) paused: Option<Moment>,
    /// Until when it bakes.
    pub(super) baked: Option<Moment>,
    pub(super) rollback: Option<Rollback>,
}

/// Why and when a refresh was rolled back, and how far it was.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Rollback {
    reason: String,
    started: Moment,
    percent: usize,
    left: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Status {
    Pending,
    InProgress,
    Baking,
    Successful,
    Failed,
    Cancelling,
    Cancelled,
    RollbackInProgress,
    RollbackFailed,
    RollbackSuccessful,
}

impl Status {
    fn shown(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Baking => "Baking",
            Self::Successful => "Successful",
            Self::Failed => "Failed",
            Self::Cancelling => "Cancelling",
            Self::Cancelled => "Cancelled",
            Self::RollbackInProgress => "RollbackInProgress",
            Self::RollbackFailed => "RollbackFailed",
            Self::RollbackSuccessful => "RollbackSuccessful",
        }
    }
}

/// Refreshes of one group that are remembered.
const KEPT: usize = 100;

impl Group {
    /// The refresh that is under way.
    pub(super) fn refresh(&self) -> Option<&Refresh> {
        self.refreshes.last().filter(|refresh| refresh.ended.is_none())
    }

    /// The refresh that is under way, to be changed.
    pub(super) fn refresh_mut(&mut self) -> Option<&mut Refresh> {
        self.refreshes.last_mut().filter(|refresh| refresh.ended.is_none())
    }

    /// What new instances are made of, and for which refresh.
    pub(super) fn recipe(&self) -> (&Template, Option<String>) {
        match self.refresh() {
            Some(refresh) if refresh.status == Status::RollbackInProgress => {
                (&self.template, Some(refresh.rollback_mark()))
            }
            Some(refresh) => (refresh.wanted.as_ref().unwrap_or(&self.template), Some(refresh.id.clone())),
            None => (&self.template, None),
        }
    }
}

impl Refresh {
    /// What marks the instances that a rollback has launched.
    pub(super) fn rollback_mark(&self) -> String {
        format!("{}/rollback", self.id)
    }

    /// How much of it is done.
    pub(super) fn percent(&self) -> usize {
        (self.done * 100).checked_div(self.total).unwrap_or(100).min(100)
    }

    fn left(&self) -> usize {
        self.total.saturating_sub(self.done)
    }

    /// Ends it.
    pub(super) fn end(&mut self, status: Status, at: Moment, reason: Option<String>) {
        self.status = status;
        self.ended = Some(at);
        self.reason = reason;
    }

    /// Turns it round.
    pub(super) fn turn(&mut self, at: Moment, reason: &str) {
        let (percent, left) = (self.percent(), self.left());
        self.rollback = Some(Rollback { reason: reason.to_owned(), started: at, percent, left });
        self.status = Status::RollbackInProgress;
        self.reason = Some(reason.to_owned());
        self.progressed = at;
        self.paused = None;
        self.baked = None;
    }

    fn shown(&self, group: &str) -> Tree {
        let is_begun = self.status != Status::Pending;
        let rollback = self.rollback.as_ref().map(|rollback| {
            object! {
                "RollbackReason" => &rollback.reason,
                "RollbackStartTime" => rollback.started,
                "PercentageCompleteOnRollback" => rollback.percent,
                "InstancesToUpdateOnRollback" => rollback.left,
            }
        });
        object! {
            "InstanceRefreshId" => &self.id,
            "AutoScalingGroupName" => group.to_owned(),
            "Status" => self.status.shown(),
            "StatusReason" => self.reason.clone(),
            "StartTime" => is_begun.then_some(self.started),
            "EndTime" => self.ended,
            "PercentageComplete" => is_begun.then(|| self.percent()),
            "InstancesToUpdate" => is_begun.then(|| self.left()),
            "Preferences" => self.preferences.shown(),
            "DesiredConfiguration" => self.wanted.as_ref().map(|wanted| object! { "LaunchTemplate" => wanted.shown() }),
            "RollbackDetails" => rollback,
            "Strategy" => "Rolling",
        }
    }
}

fn start(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = named(scene, input)?.name.clone();
    let group = groups::find(scene, &name)?;
    groups::refuse_leaving(group)?;
    match input.text("Strategy") {
        None | Some("Rolling") => {}
        Some(other) => return Err(invalid(format!("The simulator has no instance refresh strategy {other}"))),
    }
    if group.refresh().is_some() {
        let words = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.";
        return Err(Refusal::new("InstanceRefreshInProgress", words));
    }
    let wanted = input.at("DesiredConfiguration").and_then(|wanted| wanted.at("LaunchTemplate"));
    let wanted = wanted.map(|wanted| requests::resolved(scene, wanted)).transpose()?.map(|(template, _)| template);
    let preferences = Preferences::read(input.at("Preferences"), group)?;
    if preferences.rolls_back {
        check_rollback(group, wanted.as_ref()).map_err(invalid)?;
    }
    let now = scene.now;
    let id = scene.dice.uuid();
    let refresh = Refresh {
        id: id.clone(),
        status: Status::Pending,
        reason: None,
        started: now,
        ended: None,
        preferences,
        wanted,
        total: 0,
        done: 0,
        progressed: now,
        passed: 0,
        paused: None,
        baked: None,
        rollback: None,
    };
    if let Some(group) = scene.here.autoscaling.groups.get_mut(&name) {
        if group.refreshes.len() == KEPT {
            group.refreshes.remove(0);
        }
        group.refreshes.push(refresh);
    }
    look::wake(scene, &name, Duration::ZERO);
    Ok(object! { "InstanceRefreshId" => id })
}

/// What a rollback needs (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html>).
fn check_rollback(group: &Group, wanted: Option<&Template>) -> Result<(), &'static str> {
    let is_numbered = |template: &Template| template.version.parse::<u64>().is_ok();
    match wanted {
        None => Err("The desired configuration must be specified when AutoRollback is enabled."),
        Some(wanted) if !is_numbered(wanted) => Err(
            "AutoRollback cannot be used with the $Latest or $Default version of a launch template in the desired configuration.",
        ),
        Some(_) if !is_numbered(&group.template) => Err(
            "AutoRollback cannot be used while the Auto Scaling group uses the $Latest or $Default version of a launch template.",
        ),
        Some(_) => Ok(()),
    }
}

/// The newest first.
fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let ids = input.texts("InstanceRefreshIds");
    let page = Page::read(input, "MaxRecords", "NextToken", (1, 100), "InvalidNextToken")?;
    let group = named(scene, input)?;
    let found = group.refreshes.iter().rev().filter(|refresh| ids.is_empty() || ids.contains(&refresh.id.as_str()));
    let numbered = found.enumerate().map(|(number, refresh)| (format!("{number:06}"), refresh.shown(&group.name)));
    let (page, next) = page.cut(numbered);
    Ok(object! { "InstanceRefreshes" => members(page), "NextToken" => next })
}

fn none_active() -> Refusal {
    Refusal::new(
        "ActiveInstanceRefreshNotFound",
        "No in progress or pending Instance Refresh found for Auto Scaling group.",
    )
}

fn cancel(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let waits = input.flag("WaitForTransitioningInstances") != Some(false);
    let now = scene.now;
    let group = named(scene, input)?;
    let name = group.name.clone();
    let refresh = group.refresh_mut().ok_or_else(none_active)?;
    let id = refresh.id.clone();
    let reason = Some("Cancelled due to user request.".to_owned());
    if waits {
        refresh.status = Status::Cancelling;
        refresh.reason = reason;
    } else {
        refresh.end(Status::Cancelled, now, reason);
        group.surge = 0;
    }
    look::wake(scene, &name, rolling::STEP);
    Ok(object! { "InstanceRefreshId" => id })
}

fn rollback(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let now = scene.now;
    let group = named(scene, input)?;
    let name = group.name.clone();
    let refresh = group.refresh().ok_or_else(none_active)?;
    if !matches!(refresh.status, Status::Pending | Status::InProgress | Status::Baking) {
        return Err(none_active());
    }
    if let Err(words) = check_rollback(group, refresh.wanted.as_ref()) {
        return Err(Refusal::new("IrreversibleInstanceRefresh", words));
    }
    let id = refresh.id.clone();
    if let Some(refresh) = group.refresh_mut() {
        refresh.turn(now, "Rollback was initiated by a user request.");
    }
    look::wake(scene, &name, Duration::ZERO);
    Ok(object! { "InstanceRefreshId" => id })
}
