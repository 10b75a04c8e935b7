//! Scaling activities: what a group did, and why.

use serde::Serialize;

use super::group::Group;
use super::{invalid, unknown_group};
use crate::simulator::clock::Moment;
use crate::simulator::filters::Filters;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::pages::Page;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

pub(super) const ACTIONS: &[Action] = &[action("DescribeScalingActivities", describe)];

/// Activities of one group that are kept.
const KEPT: usize = 1000;

/// Something a group does.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Activity {
    pub(super) id: String,
    pub(super) group: String,
    pub(super) arn: String,
    pub(super) description: String,
    pub(super) cause: String,
    pub(super) start: Moment,
    pub(super) end: Option<Moment>,
    pub(super) status: Status,
    pub(super) message: Option<String>,
    pub(super) progress: i64,
    pub(super) details: String,
}

/// How far an activity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Status {
    PreInService,
    InProgress,
    MidLifecycleAction,
    WaitingForELBConnectionDraining,
    Successful,
    Failed,
    Cancelled,
}

impl Status {
    fn shown(self) -> &'static str {
        match self {
            Self::PreInService => "PreInService",
            Self::InProgress => "InProgress",
            Self::MidLifecycleAction => "MidLifecycleAction",
            Self::WaitingForELBConnectionDraining => "WaitingForELBConnectionDraining",
            Self::Successful => "Successful",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// A moment as causes tell it: without fractions of a second.
pub(super) fn spoken(at: Moment) -> String {
    let text = at.iso();
    text.split('.').next().map_or_else(String::new, |head| format!("{head}Z"))
}

impl Activity {
    /// As answers show it.
    pub(super) fn shown(&self) -> Tree {
        object! {
            "ActivityId" => &self.id,
            "AutoScalingGroupName" => &self.group,
            "Description" => &self.description,
            "Cause" => &self.cause,
            "StartTime" => self.start,
            "EndTime" => self.end,
            "StatusCode" => self.status.shown(),
            "StatusMessage" => self.message.clone(),
            "Progress" => self.progress,
            "Details" => &self.details,
            "AutoScalingGroupARN" => &self.arn,
        }
    }
}

impl Group {
    /// Begins an activity; answers its id.
    pub(super) fn begin(
        &mut self,
        scene: &mut Scene<'_>,
        description: String,
        cause: String,
        member: Option<(&str, &str)>,
    ) -> String {
        let id = scene.dice.uuid();
        let details = match member {
            Some((subnet, zone)) => serde_json::json!({ "Subnet ID": subnet, "Availability Zone": zone }).to_string(),
            None => "{}".to_owned(),
        };
        if self.activities.len() == KEPT {
            self.activities.pop_front();
        }
        self.activities.push_back(Activity {
            id: id.clone(),
            group: self.name.clone(),
            arn: self.arn.clone(),
            description,
            cause,
            start: scene.now,
            end: None,
            status: Status::InProgress,
            message: None,
            progress: 0,
            details,
        });
        id
    }

    /// An activity, to be changed.
    pub(super) fn activity(&mut self, id: &str) -> Option<&mut Activity> {
        self.activities.iter_mut().rev().find(|activity| activity.id == id)
    }

    /// Says how far an activity is.
    pub(super) fn report(&mut self, id: &str, status: Status, progress: i64) {
        if let Some(activity) = self.activity(id) {
            activity.status = status;
            activity.progress = progress;
        }
    }

    /// Ends an activity.
    pub(super) fn end(&mut self, id: &str, status: Status, at: Moment, message: Option<String>) {
        if let Some(activity) = self.activity(id).filter(|activity| activity.end.is_none()) {
            activity.status = status;
            activity.progress = 100;
            activity.end = Some(at);
            activity.message = message;
        }
    }
}

/// The newest first, those still going on before all others
/// (<https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html>).
fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let state = &scene.here.autoscaling;
    let ids = input.texts("ActivityIds");
    let filters =
        Filters::of(input.list("Filters"), "Values", &["Status", "StartTimeLowerBound", "StartTimeUpperBound"])
            .map_err(|refusal| invalid(refusal.message))?;
    let includes_past = input.flag("IncludeDeletedGroups") == Some(true);
    let name = input.text("AutoScalingGroupName");
    let present: Vec<&Activity> = match name {
        Some(name) => match state.groups.get(name) {
            Some(group) => group.activities.iter().collect(),
            None if includes_past => Vec::new(),
            None => return Err(unknown_group(name)),
        },
        None => state.groups.values().flat_map(|group| &group.activities).collect(),
    };
    let past = state.past.iter().filter(|activity| includes_past && name.is_none_or(|name| activity.group == name));
    let mut found: Vec<&Activity> = present.into_iter().chain(past).collect();
    found.retain(|activity| ids.is_empty() || ids.contains(&activity.id.as_str()));
    found.retain(|activity| filters.pass(&Tags::default(), |_| vec![activity.status.shown().to_owned()]));
    // Stable: of those that began at the same moment, the later one in the list is the newer one.
    found.reverse();
    found.sort_by_key(|activity| (activity.end.is_some(), std::cmp::Reverse(activity.start)));
    let page = Page::read(input, "MaxRecords", "NextToken", (1, 100), "InvalidNextToken")?;
    let numbered = found.iter().enumerate().map(|(number, activity)| (format!("{number:06}"), activity.shown()));
    let (page, next) = page.cut(numbered);
    Ok(object! { "Activities" => members(page), "NextToken" => next })
}
