//! A plan in words.

use std::collections::BTreeSet;

use super::escape::escape;
use super::field_text;
use crate::engine::address::Incarnation;
use crate::engine::plan::{Action, Plan, Reason, Step, Totals};

/// A plan for people: what is taken away or replaced first, then changes, then what is new. A replacement is one entry. What holds data that end
/// with it is marked.
pub fn text(plan: &Plan, lost: &BTreeSet<Incarnation>) -> String {
    let mut lines = Vec::new();
    let replaced = plan.replaced();
    let shown = plan.steps.values().filter(|step| !replaced.contains(&step.incarnation));
    let mut steps: Vec<(&Step, Option<&Step>)> = shown.map(|step| (step, plan.replaced_by(step))).collect();
    steps.sort_by_key(|(step, replaced)| (weight(step, replaced.is_some()), &step.incarnation));
    for (step, replaced) in steps {
        let ends = lost.contains(&replaced.unwrap_or(step).incarnation);
        lines.push(line(step, replaced.is_some()) + if ends { "  (holds data)" } else { "" });
        let changes = step.changes.0.iter().flat_map(field_text::lines);
        lines.extend(changes.map(|change| format!("      {change}")));
    }
    lines.push(totals(&plan.totals()));
    lines.join("\n")
}

/// How much there is to do, in one sentence.
pub fn totals(totals: &Totals) -> String {
    let parts = [
        (totals.create, "to create"),
        (totals.update, "to change"),
        (totals.replace, "to replace"),
        (totals.delete, "to delete"),
    ];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    match (parts.is_empty(), totals.other) {
        (true, 0) => "Nothing to do.".into(),
        (true, _) => "Nothing to send; some records are brought up to date.".into(),
        (false, _) => format!("Plan: {}.", parts.join(", ")),
    }
}

/// What an action is called while it runs.
pub fn doing(action: Action) -> &'static str {
    match action {
        Action::Create => "creating",
        Action::Settle => "waiting for",
        Action::Update => "changing",
        Action::Delete => "deleting",
        Action::Record => "recording",
        Action::Forget => "forgetting",
    }
}

/// What an action is called when it is done.
pub fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Settle => "finished",
        Action::Update => "changed",
        Action::Delete => "deleted",
        Action::Record => "recorded",
        Action::Forget => "forgot",
    }
}

fn weight(step: &Step, replaces: bool) -> u8 {
    match step.action {
        Action::Delete => 0,
        Action::Create if replaces => 1,
        Action::Forget => 2,
        Action::Update => 3,
        Action::Settle | Action::Record => 4,
        Action::Create => 5,
    }
}

fn line(step: &Step, replaces: bool) -> String {
    let address = escape(&step.incarnation.address.to_string());
    let (sign, verb) = match step.action {
        Action::Delete => ("-", "delete"),
        Action::Create if replaces => ("±", "replace"),
        Action::Create => ("+", "create"),
        Action::Update => ("~", "change"),
        Action::Settle => ("…", "wait"),
        Action::Record => ("=", "record"),
        Action::Forget => ("=", "forget"),
    };
    match because(&step.reason) {
        Some(why) => format!("  {sign} {address}  {verb}: {why}"),
        None => format!("  {sign} {address}  {verb}"),
    }
}

fn because(reason: &Reason) -> Option<String> {
    Some(match reason {
        Reason::New | Reason::Edited => return None,
        Reason::Vanished => "someone removed it".into(),
        Reason::Drifted => "someone changed it outside of Pando".into(),
        Reason::FieldCannotChange(field) => format!("`{field}` cannot be changed"),
        Reason::DependencyReplaced(address) => format!("{} is replaced", escape(&address.to_string())),
        Reason::Unusable(why) => format!("it failed: {}", escape(why)),
        Reason::NotInBlueprint => "the blueprint no longer has it".into(),
        Reason::Superseded => "another has taken its place".into(),
        Reason::PreviousRunUnfinished => "an earlier run did not finish".into(),
        Reason::Protection => "its protection changes".into(),
    })
}
