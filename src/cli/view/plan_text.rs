//! A plan in words.

use std::fmt::Write as _;

use serde_json::Value;

use super::escape::escape;
use crate::engine::change::{FieldChange, Manner};
use crate::engine::plan::{Action, Plan, Reason, Step, Totals};

/// A plan for people: what is taken away or replaced first, then changes, then what is new. A replacement is one entry.
pub fn text(plan: &Plan) -> String {
    let mut out = String::new();
    let mut steps: Vec<(&Step, Option<&Step>)> = Vec::new();
    for step in plan.steps.values() {
        let is_replaced = step.action == Action::Delete && plan.steps.values().any(|other| replaces(plan, other, step));
        if !is_replaced {
            steps.push((step, plan.replaced_by(step)));
        }
    }
    steps.sort_by_key(|(step, replaced)| (weight(step, replaced.is_some()), &step.incarnation));
    for (step, replaced) in steps {
        // A String takes everything.
        let _ = writeln!(out, "{}", line(step, replaced.is_some()));
        for change in &step.changes.0 {
            let _ = writeln!(out, "      {}", field(change));
        }
    }
    let _ = write!(out, "{}", totals(&plan.totals()));
    out
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

fn replaces(plan: &Plan, new: &Step, old: &Step) -> bool {
    new.incarnation.address == old.incarnation.address && plan.replaced_by(new).is_some()
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

fn field(change: &FieldChange) -> String {
    let after = change.after.as_ref().map_or_else(|| "known after apply".to_owned(), value);
    let note = if change.manner == Manner::InPlace { "" } else { "  (cannot be changed)" };
    format!("{}: {} → {after}{note}", change.field, value(&change.before))
}

/// A value in one line. What is long is only counted.
fn value(value: &Value) -> String {
    const LONGEST: usize = 100;
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) if text.lines().count() > 1 => format!("a text of {} lines", text.lines().count()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text = escape(&text);
    if text.chars().count() > LONGEST {
        return format!("{}… ({} characters)", text.chars().take(LONGEST).collect::<String>(), text.chars().count());
    }
    text
}
