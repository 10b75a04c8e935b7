//! A field that changes, in words: what it is and what it becomes, or, of what is too long for a line, the parts in which they differ.

use serde_json::Value;

use super::escape::escape;
use crate::engine::change::{FieldChange, Manner};

/// The longest value that is shown whole, in characters.
const LONGEST: usize = 100;
/// The most parts of one field that are shown.
const PARTS: usize = 8;

/// The field in one line, or the parts of it that change in a line each.
pub(super) fn lines(change: &FieldChange) -> Vec<String> {
    let note = if change.manner == Manner::InPlace { "" } else { "  (cannot be changed)" };
    let is_long =
        |value: &Value| (value.is_object() || value.is_array()) && value.to_string().chars().count() > LONGEST;
    let after = match &change.after {
        Some(after) => after,
        None if is_long(&change.before) => return vec![format!("{}: known after apply{note}", change.field)],
        None => return vec![format!("{}: {} → known after apply{note}", change.field, value(&change.before))],
    };
    if is_long(&change.before) || is_long(after) {
        let mut parts = Vec::new();
        differences(&change.field, &change.before, after, &mut parts);
        let more = parts.len().saturating_sub(PARTS);
        parts.truncate(PARTS);
        parts.extend((more > 0).then(|| format!("{}: {more} more differences", change.field)));
        return parts.into_iter().map(|part| format!("{part}{note}")).collect();
    }
    vec![format!("{}: {} → {}{note}", change.field, value(&change.before), value(after))]
}

/// Every part in which the two differ. Of lists, what is in only one of them; if that is one item on either side, the parts of it.
fn differences(place: &str, before: &Value, after: &Value, parts: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, after) in new {
                let before = old.get(key).unwrap_or(&Value::Null);
                if before != after {
                    differences(&format!("{place}.{key}"), before, after, parts);
                }
            }
            let gone = old.iter().filter(|(key, _)| !new.contains_key(*key));
            parts.extend(gone.map(|(key, before)| format!("{place}.{}: {} → nothing", escape(key), value(before))));
        }
        (Value::Array(old), Value::Array(new)) => {
            let gone: Vec<&Value> = old.iter().filter(|item| !new.contains(item)).collect();
            let come: Vec<&Value> = new.iter().filter(|item| !old.contains(item)).collect();
            match (gone.as_slice(), come.as_slice()) {
                ([before], [after]) if before.is_object() && after.is_object() => {
                    differences(&format!("{place}{}", name(after)), before, after, parts);
                }
                _ => {
                    parts.extend(gone.into_iter().map(|item| format!("{place}: - {}", value(item))));
                    parts.extend(come.into_iter().map(|item| format!("{place}: + {}", value(item))));
                }
            }
        }
        _ => parts.push(format!("{}: {} → {}", escape(place), value(before), value(after))),
    }
}

/// What tells an item of a list from the others, if it has a name.
fn name(item: &Value) -> String {
    let name = ["sid", "Sid", "name"].into_iter().find_map(|key| item.get(key)?.as_str());
    name.map(|name| format!("[{}]", escape(name))).unwrap_or_default()
}

/// A value in one line. What is long is only counted.
fn value(value: &Value) -> String {
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
