//! From nodes to types, collecting every mistake on the way.

use std::collections::BTreeMap;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::diagnostic::{Diagnostic, Report, Span, nearest};
use super::syntax::{Node, Value};

/// A type that can be read from a node. `None` if it cannot; then the report says why.
pub trait Decode: Sized {
    /// Reads it.
    fn decode(node: &Node, report: &mut Report) -> Option<Self>;
}

/// A value and its place, for mistakes that show only when all is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

/// A mapping that is being read field by field.
pub struct Fields<'a> {
    node: &'a Node,
    what: &'static str,
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Decode> Decode for Spanned<T> {
    fn decode(node: &Node, report: &mut Report) -> Option<Self> {
        Some(Self { value: T::decode(node, report)?, span: node.span })
    }
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<'a> Fields<'a> {
    /// A mapping with these fields and no others.
    pub fn of(node: &'a Node, what: &'static str, names: &[&str], report: &mut Report) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let hint = if node.is_null() {
                "write its fields, `{}` for none of them, or leave the line out".to_owned()
            } else {
                format!("it has the fields {}", list(names))
            };
            report.add(mismatch(node, &format!("{what} as a mapping")).hint(hint));
            return None;
        };
        for (key, _) in entries.iter().filter(|(key, _)| !names.contains(&key.text.as_str()) && key.text != "<<") {
            let unknown = Diagnostic::error(key.span, format!("unknown field `{}` in {what}", key.text));
            report.add(match nearest(&key.text, names.iter().copied()) {
                Some(near) => unknown.hint("a field with a similar name exists").replacement(near),
                None => unknown.hint(format!("the fields are {}", list(names))),
            });
        }
        Some(Self { node, what })
    }

    /// A field that must be there.
    pub fn required<T: Decode>(&self, name: &str, report: &mut Report) -> Option<T> {
        let Some(node) = self.node.get(name) else {
            let span = Span::new(self.node.span.start, self.node.span.start);
            report.add(Diagnostic::error(span, format!("{} lacks the field `{name}`", self.what)));
            return None;
        };
        T::decode(node, report)
    }

    /// A field that may be left out. The outer `None` is a mistake, the inner one an absence.
    pub fn optional<T: Decode>(&self, name: &str, report: &mut Report) -> Option<Option<T>> {
        self.node.get(name).map_or(Some(None), |node| T::decode(node, report).map(Some))
    }
}

/// Implements [`Decode`] for a struct: each field with `!` if it must be there, with `?` if it may be left out. All fields are read before
/// the first mistake is acted upon, so that one run shows them all.
macro_rules! decode_fields {
    ($type:ident, $what:literal, { $($field:ident $how:tt),* $(,)? }) => {
        impl $crate::blueprint::decode::Decode for $type {
            fn decode(
                node: &$crate::blueprint::syntax::Node,
                report: &mut $crate::blueprint::diagnostic::Report,
            ) -> Option<Self> {
                let names = [$($crate::blueprint::decode::field_name(stringify!($field))),*];
                let fields = $crate::blueprint::decode::Fields::of(node, $what, &names, report)?;
                $(let $field = $crate::blueprint::decode::decode_field!(fields, report, $field $how);)*
                Some(Self { $($field: $field?),* })
            }
        }
    };
}

macro_rules! decode_field {
    ($fields:ident, $report:ident, $field:ident !) => {
        $fields.required($crate::blueprint::decode::field_name(stringify!($field)), $report)
    };
    ($fields:ident, $report:ident, $field:ident ?) => {
        $fields.optional($crate::blueprint::decode::field_name(stringify!($field)), $report)
    };
}

/// Implements [`Decode`] for an enum that is written as a mapping with exactly one of these keys.
macro_rules! decode_choice {
    ($type:ident, $what:literal, { $($key:literal => $variant:ident),* $(,)? }) => {
        impl $crate::blueprint::decode::Decode for $type {
            fn decode(
                node: &$crate::blueprint::syntax::Node,
                report: &mut $crate::blueprint::diagnostic::Report,
            ) -> Option<Self> {
                let (key, value) = $crate::blueprint::decode::choice(node, $what, &[$($key),*], report)?;
                match key {
                    $($key => $crate::blueprint::decode::Decode::decode(value, report).map(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

/// Implements [`Decode`] for an enum that is written as one of these words.
macro_rules! decode_words {
    ($type:ident, $what:literal, { $($word:literal => $variant:ident),* $(,)? }) => {
        impl $crate::blueprint::decode::Decode for $type {
            fn decode(
                node: &$crate::blueprint::syntax::Node,
                report: &mut $crate::blueprint::diagnostic::Report,
            ) -> Option<Self> {
                match $crate::blueprint::decode::word(node, $what, &[$($word),*], report)? {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}
pub(super) use {decode_choice, decode_field, decode_fields, decode_words};

/// A field's name in the file: `r#type` is `type`.
pub(super) fn field_name(name: &'static str) -> &'static str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// The one key of a mapping, and its value.
pub(super) fn choice<'a>(
    node: &'a Node,
    what: &'static str,
    keys: &[&'static str],
    report: &mut Report,
) -> Option<(&'static str, &'a Node)> {
    let either = keys.iter().map(|key| format!("`{{ {key}: … }}`")).collect::<Vec<_>>().join(" or ");
    let Value::Map(entries) = &node.value else {
        report.add(mismatch(node, &format!("{what} as a mapping")).hint(format!("write {either}")));
        return None;
    };
    Fields::of(node, what, keys, report)?;
    let mut known =
        entries.iter().filter_map(|(key, value)| Some((*keys.iter().find(|k| **k == key.text)?, key, value)));
    let Some((key, first, value)) = known.next() else {
        if entries.is_empty() {
            report.add(Diagnostic::error(node.span, format!("{what} is empty")).hint(format!("write {either}")));
        }
        return None;
    };
    if let Some((_, second, _)) = known.next() {
        let message = format!("{what} is one thing or the other, not both");
        report.add(
            Diagnostic::error(second.span, message)
                .related(first.span, "and here the one")
                .hint(format!("write {either}")),
        );
        return None;
    }
    Some((key, value))
}

/// One of these words.
pub(super) fn word(
    node: &Node,
    what: &'static str,
    words: &[&'static str],
    report: &mut Report,
) -> Option<&'static str> {
    let Value::Scalar { text, .. } = &node.value else {
        report.add(mismatch(node, what).hint(format!("one of {}", list(words))));
        return None;
    };
    let found = words.iter().find(|word| *word == text).copied();
    if found.is_none() {
        let wrong = Diagnostic::error(node.span, format!("{} is not {what}", node.describe()));
        report.add(match nearest(text, words.iter().copied()) {
            Some(near) => wrong.hint("a similar word is right").replacement(near),
            None => wrong.hint(format!("one of {}", list(words))),
        });
    }
    found
}

/// "Expected this, found that".
pub(super) fn mismatch(node: &Node, expected: &str) -> Diagnostic {
    Diagnostic::error(node.span, format!("expected {expected}, found {}", node.describe()))
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

macro_rules! decode_integer {
    ($($type:ty),*) => {$(
        impl Decode for $type {
            fn decode(node: &Node, report: &mut Report) -> Option<Self> {
                match &node.value {
                    Value::Scalar { text, plain: true } if is_integer(text) => {
                        let read = text.parse().ok();
                        if read.is_none() {
                            let message = format!("{text} is more than {}, the most that can be here", Self::MAX);
                            report.add(Diagnostic::error(node.span, message));
                        }
                        read
                    }
                    Value::Scalar { text, plain: false } if is_integer(text) => {
                        let quoted = Diagnostic::error(node.span, "a number is written without quotes");
                        report.add(quoted.replacement(text.clone()));
                        None
                    }
                    _ => {
                        report.add(mismatch(node, "a whole number"));
                        None
                    }
                }
            }
        }
    )*};
}
decode_integer!(u8, u16, u32);

/// As JSON writes it: no sign, no leading zero.
fn is_integer(text: &str) -> bool {
    text == "0" || (!text.starts_with('0') && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
}

impl Decode for bool {
    fn decode(node: &Node, report: &mut Report) -> Option<Self> {
        match &node.value {
            Value::Scalar { text, plain: true } if text == "true" => Some(true),
            Value::Scalar { text, plain: true } if text == "false" => Some(false),
            Value::Scalar { text, .. } => {
                let wrong = mismatch(node, "`true` or `false`");
                let meant = match text.to_lowercase().as_str() {
                    "yes" | "on" | "true" => Some("true"),
                    "no" | "off" | "false" => Some("false"),
                    _ => None,
                };
                report.add(match meant {
                    Some(meant) => wrong.hint("YAML 1.2 knows these two words only").replacement(meant),
                    None => wrong,
                });
                None
            }
            Value::List(_) | Value::Map(_) => {
                report.add(mismatch(node, "`true` or `false`"));
                None
            }
        }
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, report: &mut Report) -> Option<Self> {
        let Value::List(items) = &node.value else {
            let wrong = mismatch(node, "a list").hint("a list is written in brackets");
            report.add(match &node.value {
                Value::Scalar { text, plain: true } if !node.is_null() => wrong.replacement(format!("[{text}]")),
                _ => wrong,
            });
            return None;
        };
        // Every item is read, though the first mistake decides.
        let items: Vec<Option<T>> = items.iter().map(|item| T::decode(item, report)).collect();
        items.into_iter().collect()
    }
}

/// A mapping whose keys the author chooses.
impl<K: Decode + Ord, T: Decode> Decode for BTreeMap<K, T> {
    fn decode(node: &Node, report: &mut Report) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            report.add(mismatch(node, "a mapping"));
            return None;
        };
        let read = |(key, value): &(super::syntax::Key, Node)| {
            // Keys are text, with quotes or without.
            let scalar = Value::Scalar { text: key.text.clone(), plain: false };
            let name = K::decode(&Node { span: key.span, value: scalar }, report);
            let value = T::decode(value, report);
            Some((name?, value?))
        };
        let entries: Vec<Option<(K, T)>> = entries.iter().map(read).collect();
        entries.into_iter().collect()
    }
}
