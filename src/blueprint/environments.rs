//! Environments: what differs, laid over the rest before anything is read.
//!
//! Mappings are merged key by key, everything else is replaced. A mapping of which one key excludes the other (`image`, and `scale` of `web`)
//! is replaced as a whole.

use super::decode::{Decode, mismatch};
use super::diagnostic::{Diagnostic, Report, Span, nearest};
use super::syntax::{Key, Node, Value};

/// The environments of a file have been read; which of them counts was decided before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names;

const KEY: &str = "environments";
/// The places whose mapping is one choice among several. A group of workers may well be called `image`, and is none.
const CHOICES: [&[&str]; 2] = [&["image"], &["web", "scale"]];

/// The file's content with one environment laid over it, or as it is.
pub(super) fn overlay(mut root: Node, name: Option<&str>, report: &mut Report) -> Option<Node> {
    let Some(name) = name else { return Some(root) };
    let (place, chosen) = match entry(&root) {
        None => (Span::default(), None),
        Some((_, environments)) if !matches!(environments.value, Value::Map(_)) => {
            Names::decode(environments, report);
            return None;
        }
        Some((key, environments)) => (key.span, named(environments, name)),
    };
    let Some((key, over)) = chosen else {
        let known = names(&root);
        let missing = Diagnostic::error(place, format!("there is no environment `{name}`"));
        report.add(match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => missing.hint(format!("did you mean `{near}`?")),
            None if known.is_empty() => missing.hint("the blueprint has no `environments`"),
            None => missing.hint(format!("the blueprint has {}", known.join(", "))),
        });
        return None;
    };
    if let Value::Map(entries) = &over.value {
        for fixed in ["pando", "stack", KEY] {
            if let Some((key, _)) = entries.iter().find(|(key, _)| key.text == fixed) {
                report.add(Diagnostic::error(key.span, format!("an environment cannot change `{fixed}`")));
            }
        }
    } else {
        report.add(mismatch(&over, "an environment as a mapping"));
        return None;
    }
    merge(&mut root, over, &mut Vec::new());
    if let Value::Map(entries) = &mut root.value
        && let Some((_, stack)) = entries.iter_mut().find(|(key, _)| key.text == "stack")
        && let Value::Scalar { text, .. } = &mut stack.value
    {
        *text = format!("{text}-{name}");
        stack.span = key.span;
    }
    Some(root)
}

/// `environments`, with its place.
fn entry(root: &Node) -> Option<&(Key, Node)> {
    match &root.value {
        Value::Map(entries) => entries.iter().find(|(key, _)| key.text == KEY),
        Value::Scalar { .. } | Value::List(_) => None,
    }
}

/// One of them, with its place.
fn named(environments: &Node, name: &str) -> Option<(Key, Node)> {
    match &environments.value {
        Value::Map(entries) => entries.iter().find(|(key, _)| key.text == name).cloned(),
        Value::Scalar { .. } | Value::List(_) => None,
    }
}

/// The names of a file's environments.
pub(super) fn names(root: &Node) -> Vec<String> {
    match root.get(KEY).map(|environments| &environments.value) {
        Some(Value::Map(entries)) => entries.iter().map(|(key, _)| key.text.clone()).collect(),
        _ => Vec::new(),
    }
}

/// `place`: the keys that lead here.
fn merge(base: &mut Node, over: Node, place: &mut Vec<String>) {
    match (&mut base.value, over.value) {
        (Value::Map(entries), Value::Map(changes)) if !CHOICES.iter().any(|choice| *choice == place.as_slice()) => {
            for (key, value) in changes {
                match entries.iter_mut().find(|(other, _)| other.text == key.text) {
                    Some((_, old)) => {
                        place.push(key.text);
                        merge(old, value, place);
                        place.pop();
                    }
                    None => entries.push((key, value)),
                }
            }
        }
        (old, new) => {
            *old = new;
            base.span = over.span;
        }
    }
}

impl Decode for Names {
    fn decode(node: &Node, report: &mut Report) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            report.add(mismatch(node, "environments as a mapping from names to what differs"));
            return None;
        };
        let mut sound = Some(Self);
        for (key, value) in entries {
            // Keys are text, with quotes or without.
            let scalar = Value::Scalar { text: key.text.clone(), plain: false };
            if super::values::Name::decode(&Node { span: key.span, value: scalar }, report).is_none() {
                sound = None;
            }
            if !matches!(value.value, Value::Map(_)) {
                let wrong = mismatch(value, "an environment as a mapping");
                let hint = "`{}` changes nothing but the stack's name";
                report.add(if value.is_null() { wrong.hint(hint) } else { wrong });
                sound = None;
            }
        }
        sound
    }
}
