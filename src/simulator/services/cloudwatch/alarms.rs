//! Alarms: made, shown, deleted, and looked at once a period.

use std::time::Duration;

use serde::Serialize;

use super::definition::{Definition, Watched};
use super::judgement;
use super::metrics::Name;
use super::{Refused, actions, refuse, required};
use crate::simulator::clock::Moment;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::pages::Page;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

pub(super) const ACTIONS: &[Action] = &[
    action("PutMetricAlarm", put),
    action("DescribeAlarms", describe),
    action("DescribeAlarmsForMetric", describe_for_metric),
    action("DeleteAlarms", delete_all),
];

/// An alarm.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Alarm {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) definition: Definition,
    pub(super) state: State,
    pub(super) reason: String,
    pub(super) reason_data: Option<String>,
    pub(super) updated: Moment,
    pub(super) transitioned: Moment,
    pub(super) configured: Moment,
    pub(super) tags: Tags,
    next: Moment,
}

/// The state of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum State {
    Ok,
    Alarm,
    InsufficientData,
}

impl State {
    /// As answers show it.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    /// From what a caller says.
    pub(super) fn read(text: &str) -> Option<Self> {
        [Self::Ok, Self::Alarm, Self::InsufficientData].into_iter().find(|state| state.shown() == text)
    }
}

/// How long after the end of a period its values are there.
const LAG: Duration = Duration::from_secs(5);

/// Makes an alarm or changes one silently, whoever made it. Tags count only for new ones
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>).
fn put(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = required(input, "AlarmName")?.to_owned();
    if name.chars().count() > 255 {
        return Refused::validation("AlarmName must be at most 255 characters long");
    }
    let definition = Definition::read(input)?;
    let tags = Tags::read(input, "Tags").map_err(|refusal| refuse("ValidationException", refusal.message))?;
    store(scene, &name, definition, tags);
    Ok(Tree::NONE)
}

fn store(scene: &mut Scene<'_>, name: &str, definition: Definition, tags: Tags) {
    let now = scene.now;
    if let Some(alarm) = scene.here.cloudwatch.alarms.get_mut(name) {
        alarm.definition = definition;
        alarm.configured = now;
        actions::note(scene, name, "ConfigurationUpdate", &format!("Alarm \"{name}\" updated"));
    } else {
        let alarm = Alarm {
            name: name.to_owned(),
            arn: scene.arn("cloudwatch", &format!("alarm:{name}")),
            definition,
            state: State::InsufficientData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            reason_data: None,
            updated: now,
            transitioned: now,
            configured: now,
            tags,
            next: Moment::default(),
        };
        let visible = scene.fresh();
        scene.here.cloudwatch.alarms.put(name, alarm, visible);
        actions::note(scene, name, "ConfigurationUpdate", &format!("Alarm \"{name}\" created"));
    }
    plan(scene, name, 60);
}

/// Has an alarm looked at when the next period of at most this many seconds is over.
fn plan(scene: &mut Scene<'_>, name: &str, longest: u64) {
    let now = scene.now;
    let Some(alarm) = scene.here.cloudwatch.alarms.get_mut(name) else { return };
    let period = alarm.definition.watched.period().min(longest).max(1);
    let second = now.0 / 1000;
    let next = Moment((second - second % period + period) * 1000).plus(LAG);
    alarm.next = next;
    scene.later(next.since(now), look, name);
}

fn look(scene: &mut Scene<'_>, name: &str) {
    let now = scene.now;
    // It was changed or made anew since, and is planned for another moment.
    let Some(alarm) = scene.here.cloudwatch.alarms.get(name).filter(|alarm| alarm.next == now) else { return };
    let verdict = judgement::judge(alarm, &scene.here.cloudwatch.metrics, now);
    plan(scene, name, u64::MAX);
    actions::enter(scene, name, verdict.state, (&verdict.reason, None), verdict.value);
}

/// Makes or changes the alarm of a scaling policy.
pub(crate) fn put_for_policy(scene: &mut Scene<'_>, name: &str, definition: serde_json::Value, action_arn: &str) {
    let input = Input::from(definition);
    if let Ok(mut definition) = Definition::read(&input) {
        definition.on_alarm = vec![action_arn.to_owned()];
        store(scene, name, definition, Tags::default());
    }
}

/// Deletes an alarm, if it is there.
pub(crate) fn delete(scene: &mut Scene<'_>, name: &str) {
    if scene.here.cloudwatch.alarms.remove(name).is_some() {
        actions::note(scene, name, "ConfigurationUpdate", &format!("Alarm \"{name}\" deleted"));
    }
}

/// The state of an alarm, in AWS's words.
pub(crate) fn state(scene: &Scene<'_>, name: &str) -> Option<&'static str> {
    scene.here.cloudwatch.alarms.get(name).map(|alarm| alarm.state.shown())
}

/// The threshold of an alarm.
pub(crate) fn threshold(scene: &Scene<'_>, name: &str) -> Option<f64> {
    scene.here.cloudwatch.alarms.get(name)?.definition.threshold
}

/// The names and ARNs of the alarms that call this ARN.
pub(crate) fn calling(scene: &Scene<'_>, action_arn: &str) -> Vec<(String, String)> {
    let alarms = scene.here.cloudwatch.alarms.iter();
    let calling = alarms.filter(|(_, alarm)| alarm.definition.on_alarm.iter().any(|arn| arn == action_arn));
    calling.map(|(name, alarm)| (name.to_owned(), alarm.arn.clone())).collect()
}

/// Those that are known are deleted also if others are not (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html>).
fn delete_all(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let names = input.texts("AlarmNames");
    if names.len() > 100 {
        return Refused::validation("At most 100 alarms can be deleted at once");
    }
    let unknown = names.iter().find(|name| !scene.here.cloudwatch.alarms.has(name)).map(|name| actions::unknown(name));
    for name in names {
        delete(scene, name);
    }
    unknown.map_or(Ok(Tree::NONE), Err)
}

impl Alarm {
    fn shown(&self) -> Tree {
        let tree = object! {
            "AlarmName" => &self.name,
            "AlarmArn" => &self.arn,
            "AlarmConfigurationUpdatedTimestamp" => self.configured,
            "StateValue" => self.state.shown(),
            "StateReason" => &self.reason,
            "StateReasonData" => self.reason_data.clone(),
            "StateUpdatedTimestamp" => self.updated,
            "StateTransitionedTimestamp" => self.transitioned,
        };
        self.definition.show(tree)
    }
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let names = input.texts("AlarmNames");
    let (prefix, actions) = (input.text("AlarmNamePrefix"), input.text("ActionPrefix"));
    if prefix.is_some() && !names.is_empty() {
        return Refused::validation("AlarmNamePrefix and AlarmNames cannot be specified together");
    }
    let state = input.text("StateValue");
    let kinds = input.texts("AlarmTypes");
    let page = Page::read(input, "MaxRecords", "NextToken", (1, 100), "InvalidNextToken")?;
    let found = scene.here.cloudwatch.alarms.visible(scene.sight).filter(|(name, alarm)| {
        (names.is_empty() || names.contains(name))
            && prefix.is_none_or(|prefix| name.starts_with(prefix))
            && actions.is_none_or(|prefix| alarm.definition.on_alarm.iter().any(|arn| arn.starts_with(prefix)))
            && state.is_none_or(|state| alarm.state.shown() == state)
            && (kinds.is_empty() || kinds.contains(&"MetricAlarm"))
    });
    let (page, next) = page.cut(found.map(|(name, alarm)| (name.to_owned(), alarm.shown())));
    let none = || members::<String>([]);
    Ok(object! {
        "CompositeAlarms" => none(),
        "LogAlarms" => none(),
        "MetricAlarms" => members(page),
        "NextToken" => next,
    })
}

fn describe_for_metric(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (namespace, metric) = (required(input, "Namespace")?, required(input, "MetricName")?);
    let wanted = Name::new(namespace, metric, super::named_dimensions(input)?);
    let (statistic, percentile) = (input.text("Statistic"), input.text("ExtendedStatistic"));
    let wanted_period = input.whole("Period")?.map(i64::unsigned_abs);
    let wanted_unit = input.text("Unit");
    let fits = |alarm: &Alarm| match &alarm.definition.watched {
        Watched::Metric { name, statistic: kind, percentile: extended, period, unit } => {
            *name == wanted
                && statistic.is_none_or(|wanted| kind.as_deref() == Some(wanted))
                && percentile.is_none_or(|wanted| extended.as_deref() == Some(wanted))
                && wanted_period.is_none_or(|wanted| *period == wanted)
                && wanted_unit.is_none_or(|wanted| unit.as_deref() == Some(wanted))
        }
        Watched::Math(_) => false,
    };
    let found = scene.here.cloudwatch.alarms.visible(scene.sight).filter(|(_, alarm)| fits(alarm));
    Ok(object! { "MetricAlarms" => members(found.map(|(_, alarm)| alarm.shown())) })
}
