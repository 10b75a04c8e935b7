//! What alarms do: they change their state, call for help, and keep a history.

use std::time::Duration;

use serde::Serialize;

use super::alarms::{Alarm, State};
use super::{Refused, refuse, required};
use crate::simulator::clock::Moment;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::autoscaling;

pub(super) const ACTIONS: &[Action] = &[
    action("SetAlarmState", set_state),
    action("EnableAlarmActions", enable),
    action("DisableAlarmActions", disable),
    action("DescribeAlarmHistory", history),
];

/// Something in the history of alarms.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Item {
    alarm: String,
    at: Moment,
    kind: &'static str,
    summary: String,
}

/// How much of the history is kept: AWS keeps a fortnight of it.
const KEPT: usize = 1000;
const FORTNIGHT: Duration = Duration::from_hours(14 * 24);

/// Adds to the history of an alarm.
pub(super) fn note(scene: &mut Scene<'_>, alarm: &str, kind: &'static str, summary: &str) {
    let now = scene.now;
    let history = &mut scene.here.cloudwatch.history;
    history.push_back(Item { alarm: alarm.to_owned(), at: now, kind, summary: summary.to_owned() });
    while history.len() > KEPT || history.front().is_some_and(|item| now.since(item.at) > FORTNIGHT) {
        history.pop_front();
    }
}

/// There is no alarm of this name.
pub(super) fn unknown(name: &str) -> Refusal {
    refuse("ResourceNotFound", format!("Alarm {name} does not exist")).status(404)
}

/// Brings an alarm into a state, for a reason in words and in JSON. One that was in it stays as it is, its reason too: that is of the moment
/// "the alarm state changed" (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html>).
pub(super) fn enter(
    scene: &mut Scene<'_>,
    name: &str,
    state: State,
    (reason, data): (&str, Option<&str>),
    value: Option<f64>,
) {
    let now = scene.now;
    let Some(alarm) = scene.here.cloudwatch.alarms.get_mut(name) else { return };
    let before = std::mem::replace(&mut alarm.state, state);
    let is_new = before != state;
    if is_new {
        reason.clone_into(&mut alarm.reason);
        alarm.reason_data = data.map(str::to_owned);
        alarm.updated = now;
        alarm.transitioned = now;
        note(scene, name, "StateUpdate", &format!("Alarm updated from {} to {}", before.shown(), state.shown()));
    }
    call(scene, name, is_new, value);
}

/// Calls the actions of an alarm's state: when it comes into it, and those of Auto Scaling also as long as it stays in it
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarms-and-actions>).
fn call(scene: &mut Scene<'_>, name: &str, is_new: bool, value: Option<f64>) {
    let Some(Alarm { state, definition, .. }) = scene.here.cloudwatch.alarms.get(name) else { return };
    let actions = match state {
        State::Alarm => &definition.on_alarm,
        State::Ok => &definition.on_ok,
        State::InsufficientData => &definition.on_insufficient,
    };
    let actions = if definition.is_enabled { actions.clone() } else { Vec::new() };
    for arn in actions {
        let scales = arn.contains(":autoscaling:") && arn.contains(":scalingPolicy:");
        if is_new {
            note(scene, name, "Action", &format!("Successfully executed action {arn}"));
        }
        if scales {
            autoscaling::policies::alarm(scene, name, &arn, value);
        }
    }
}

fn set_state(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = required(input, "AlarmName")?;
    let wanted = required(input, "StateValue")?;
    let reason = required(input, "StateReason")?;
    let Some(state) = State::read(wanted) else {
        return Refused::validation(format!(
            "1 validation error detected: Value '{wanted}' at 'stateValue' failed to satisfy \
            constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
        ));
    };
    if !scene.here.cloudwatch.alarms.has(name) {
        return Err(unknown(name));
    }
    enter(scene, name, state, (reason, input.text("StateReasonData")), None);
    Ok(Tree::NONE)
}

fn enable(scene: &mut Scene<'_>, input: &Input) -> Answer {
    switch(scene, input, true)
}

fn disable(scene: &mut Scene<'_>, input: &Input) -> Answer {
    switch(scene, input, false)
}

fn switch(scene: &mut Scene<'_>, input: &Input, is_enabled: bool) -> Answer {
    for name in input.texts("AlarmNames") {
        if let Some(alarm) = scene.here.cloudwatch.alarms.get_mut(name) {
            alarm.definition.is_enabled = is_enabled;
        }
    }
    Ok(Tree::NONE)
}

fn history(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, kind) = (input.text("AlarmName"), input.text("HistoryItemType"));
    let (start, end) = (input.moment("StartDate")?, input.moment("EndDate")?);
    let kinds = input.texts("AlarmTypes");
    let oldest_first = input.text("ScanBy") == Some("TimestampAscending");
    let page = Page::read(input, "MaxRecords", "NextToken", (1, 100), "InvalidNextToken")?;
    let mut found: Vec<&Item> = scene.here.cloudwatch.history.iter().collect();
    found.retain(|item| {
        name.is_none_or(|name| item.alarm == name)
            && kind.is_none_or(|kind| item.kind == kind)
            && start.is_none_or(|start| item.at >= start)
            && end.is_none_or(|end| item.at <= end)
            && (kinds.is_empty() || kinds.contains(&"MetricAlarm"))
    });
    if !oldest_first {
        found.reverse();
    }
    let numbered = found.iter().enumerate().map(|(number, item)| (format!("{number:06}"), item.shown()));
    let (page, next) = page.cut(numbered);
    Ok(object! { "AlarmHistoryItems" => members(page), "NextToken" => next })
}

impl Item {
    fn shown(&self) -> Tree {
        object! {
            "AlarmName" => &self.alarm,
            "AlarmType" => "MetricAlarm",
            "Timestamp" => self.at,
            "HistoryItemType" => self.kind,
            "HistorySummary" => &self.summary,
            "HistoryData" => serde_json::json!({ "type": self.kind, "version": "1.0" }).to_string(),
        }
    }
}
