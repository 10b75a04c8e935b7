//! What happened, as `DescribeEvents` tells it for two weeks
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html>).

use std::time::Duration;

use serde::Serialize;

use super::listing;
use super::refusals::combination;
use crate::simulator::clock::Moment;
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, named, object};
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

/// Events.
pub(super) const ACTIONS: &[Action] =
    &[action("DescribeEventCategories", categories), action("DescribeEvents", describe)];

/// For how long events are kept.
const KEPT: Duration = Duration::from_hours(14 * 24);

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Event {
    at: Moment,
    /// To which database or snapshot.
    subject: String,
    kind: &'static str,
    category: &'static str,
    message: String,
}

/// Something happened to a database.
pub(super) fn of_instance(scene: &mut Scene<'_>, id: &str, category: &'static str, message: impl Into<String>) {
    note(
        scene,
        Event { at: scene.now, subject: id.to_owned(), kind: "db-instance", category, message: message.into() },
    );
}

/// Something happened to a snapshot.
pub(super) fn of_snapshot(scene: &mut Scene<'_>, name: &str, message: &str) {
    let (subject, message) = (name.to_owned(), message.to_owned());
    note(scene, Event { at: scene.now, subject, kind: "db-snapshot", category: "creation", message });
}

fn note(scene: &mut Scene<'_>, event: Event) {
    let since = scene.now.minus(KEPT);
    let events = &mut scene.here.rds.events;
    events.retain(|event| event.at >= since);
    events.push(event);
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    input.pass_over("Filters");
    let (subject, kind) = (input.text("SourceIdentifier").map(listing::name), input.text("SourceType"));
    if subject.is_some() && kind.is_none() {
        return Err(combination("The parameter SourceType must be specified if SourceIdentifier is."));
    }
    let minutes = input.whole("Duration")?.map(|minutes| Duration::from_mins(minutes.unsigned_abs()));
    let end = input.moment("EndTime")?.unwrap_or(scene.now);
    let start = input.moment("StartTime")?;
    let start = start.unwrap_or_else(|| end.minus(minutes.unwrap_or(Duration::from_hours(1))));
    if start > end {
        return Err(invalid("The start time is after the end time."));
    }
    let wanted = input.texts("EventCategories");
    let found = scene.here.rds.events.iter().enumerate().filter(|(_, event)| {
        (start..=end).contains(&event.at)
            && kind.is_none_or(|kind| kind == event.kind)
            && subject.as_ref().is_none_or(|subject| *subject == event.subject)
            && (wanted.is_empty() || wanted.contains(&event.category))
    });
    let all = found.map(|(number, event)| (format!("{number:08}"), show(scene, event)));
    Ok(page.list("Events", "Event", all))
}

fn show(scene: &Scene<'_>, event: &Event) -> Tree {
    let noun = if event.kind == "db-instance" { "db" } else { "snapshot" };
    object! {
        "SourceIdentifier" => &event.subject,
        "SourceType" => event.kind,
        "SourceArn" => scene.arn("rds", &format!("{noun}:{}", event.subject)),
        "Message" => &event.message,
        "EventCategories" => named("EventCategory", [event.category]),
        "Date" => event.at,
    }
}

/// The categories of events, by what they happen to.
const CATEGORIES: &[(&str, &[&str])] = &[
    (
        "db-instance",
        &[
            "availability",
            "backup",
            "configuration change",
            "creation",
            "deletion",
            "failover",
            "failure",
            "low storage",
            "maintenance",
            "notification",
            "read replica",
            "recovery",
            "restoration",
        ],
    ),
    ("db-parameter-group", &["configuration change"]),
    ("db-snapshot", &["creation", "deletion", "notification", "restoration"]),
];

fn categories(_: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("Filters");
    let wanted = input.text("SourceType");
    let found = CATEGORIES.iter().filter(|(kind, _)| wanted.is_none_or(|wanted| wanted == *kind));
    let maps = found.map(|(kind, categories)| {
        object! { "SourceType" => *kind, "EventCategories" => named("EventCategory", categories.iter().copied()) }
    });
    Ok(object! { "EventCategoriesMapList" => named("EventCategoriesMap", maps) })
}
