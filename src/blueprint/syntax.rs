//! YAML as a tree in which every node knows its place. The only file that knows the parser.
//!
//! Scalars keep the text that the author wrote: `1.20` stays `1.20`, `no` stays `no`, and `012345678901` keeps its zero. Mistakes of syntax
//! end at the first, since what follows cannot be told; duplicate keys and everything after are collected.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use granit_parser::{Event, Parser, ScalarStyle, options};
use regex_lite::Regex;

use super::diagnostic::{Diagnostic, Report, Span};

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its place. Of an alias, where it is used.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text, and whether it was written without quotes.
    Scalar {
        /// The text as the author wrote it, without quotes.
        text: String,
        /// Written without quotes.
        plain: bool,
    },
    /// `- …`
    List(Vec<Node>),
    /// `key: …`, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A key and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The text.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// The largest file, in bytes.
const BYTES: usize = 1024 * 1024;
/// The deepest nesting.
const DEPTH: usize = 64;
/// The most values, aliases counted as often as they are used: ten lines of aliases to aliases can ask for 10^9.
const VALUES: usize = 200_000;
/// How much text counts as one value more, so that aliases to one long text cannot fill the memory either.
const TEXT: usize = 16;

/// Reads a file. `None` if there is nothing to go on with; then the report says why.
pub fn parse(text: &str, report: &mut Report) -> Option<Node> {
    if text.len() > BYTES {
        let message = format!("the file has {} bytes, and a blueprint has at most {BYTES}", text.len());
        report.add(Diagnostic::error(Span::default(), message));
        return None;
    }
    let mut builder = Builder { report, open: Vec::new(), anchors: BTreeMap::new(), weight: 0, documents: Vec::new() };
    let options = options! { flow_nesting_limit: 255, block_nesting_limit: 255, emit_comments: false };
    for event in Parser::new_from_str_with_options(text, options) {
        let kept_on = match event {
            Ok((event, span)) => {
                if let Some(tag) = span.tag_span().and_then(place) {
                    builder.refuse_tag(tag, text);
                }
                builder.take(event, place(span).unwrap_or_default())
            }
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
                let broken = Diagnostic::error(Span::new(at, at), format!("this is not YAML: {}", error.info()));
                let line = text.get(..at).and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
                let tab = "YAML is indented with spaces, never with tabs";
                builder.report.add(if line.contains('\t') { broken.hint(tab) } else { broken });
                return None;
            }
        };
        kept_on?;
    }
    let mut documents = builder.documents.into_iter();
    let first = documents.next();
    if let Some(second) = documents.next() {
        let message = "a blueprint is one document";
        let begin = Span::new(second.span.start, second.span.start);
        report.add(
            Diagnostic::error(begin, message)
                .label("here another begins")
                .hint("put each blueprint into a file of its own"),
        );
    }
    if first.is_none() {
        report
            .add(Diagnostic::error(Span::default(), "the file is empty").hint("`pando init` writes one to begin with"));
    }
    first
}

struct Builder<'a> {
    report: &'a mut Report,
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Node, usize)>,
    weight: usize,
    documents: Vec<Node>,
}

/// A list or a map that has begun.
struct Open {
    node: Node,
    anchor: usize,
    /// The key whose value comes next; an inner `None` if it was no word.
    #[expect(clippy::option_option, reason = "no key yet, a key, and something that is none are three things")]
    key: Option<Option<Key>>,
    is_map: bool,
    /// The weight of everything before it.
    before: usize,
    /// The keys so far.
    keys: BTreeMap<String, Span>,
}

impl Builder<'_> {
    /// `None`: give up.
    fn take(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let weight = 1 + text.len() / TEXT;
                let value = Value::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                self.count(weight, span)?;
                self.put(Node { span, value }, anchor, weight);
                Some(())
            }
            Event::SequenceStart(_, anchor, _) => self.begin(Value::List(Vec::new()), anchor, span),
            Event::MappingStart(_, anchor, _) => self.begin(Value::Map(Vec::new()), anchor, span),
            Event::SequenceEnd | Event::MappingEnd => {
                let mut open = self.open.pop()?;
                open.node.span.end = open.node.span.end.max(span.end);
                let weight = self.weight - open.before;
                self.put(open.node, open.anchor, weight);
                Some(())
            }
            Event::Alias(anchor) => {
                let Some((node, weight)) = self.anchors.get(&anchor).cloned() else {
                    self.report.add(Diagnostic::error(span, "an alias cannot stand inside of what it names"));
                    return None;
                };
                self.count(weight, span)?;
                self.put(Node { span, ..node }, 0, weight);
                Some(())
            }
            _ => Some(()),
        }
    }

    fn begin(&mut self, value: Value, anchor: usize, span: Span) -> Option<()> {
        if self.open.len() >= DEPTH {
            let message = format!("this is nested more than {DEPTH} levels deep");
            self.report.add(Diagnostic::error(span, message));
            return None;
        }
        let before = self.weight;
        self.count(1, span)?;
        let is_map = matches!(value, Value::Map(_));
        self.open.push(Open { node: Node { span, value }, anchor, key: None, is_map, before, keys: BTreeMap::new() });
        Some(())
    }

    fn refuse_tag(&mut self, span: Span, text: &str) {
        let tag = text.get(span.start..span.end).unwrap_or_default();
        let message = format!("tags of YAML are not used in blueprints: `{}`", shorten(tag));
        self.report.add(Diagnostic::error(span, message).hint("leave it out; what a field is follows from its name"));
    }

    fn count(&mut self, weight: usize, span: Span) -> Option<()> {
        self.weight += weight;
        if self.weight > VALUES {
            let message = format!("this is too much: more than {VALUES} values, with aliases written out");
            self.report.add(Diagnostic::error(span, message));
            return None;
        }
        Some(())
    }

    /// A finished node goes into what is open, or is a document.
    fn put(&mut self, node: Node, anchor: usize, weight: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), weight));
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return;
        };
        match (&mut open.node.value, open.key.take()) {
            // What a list or a mapping is the key of is nobody's value.
            (Value::Map(_), Some(None)) => {}
            (Value::Map(entries), Some(Some(key))) => {
                if let Some(first) = open.keys.get(&key.text) {
                    let message = format!("`{}` is said twice", shorten(&key.text));
                    let twice = Diagnostic::error(key.span, message).label("again here");
                    self.report.add(twice.related(*first, "first here"));
                } else {
                    open.keys.insert(key.text.clone(), key.span);
                    entries.push((key, node));
                }
            }
            (Value::Map(_), None) => open.key = Some(key_of(node, self.report)),
            (Value::List(items), _) => items.push(node),
            (Value::Scalar { .. }, _) => debug_assert!(!open.is_map, "a scalar is never open"),
        }
    }
}

fn place(span: granit_parser::Span) -> Option<Span> {
    span.byte_range().map(|range| Span::new(range.start, range.end))
}

/// `None` if it is no word; then the report says so.
fn key_of(node: Node, report: &mut Report) -> Option<Key> {
    let text = match node.value {
        Value::Scalar { text, plain: true } if text == "<<" => {
            let message = "merge keys are not part of YAML 1.2";
            report.add(Diagnostic::error(node.span, message).hint("use `environments` for what differs"));
            text
        }
        Value::Scalar { text, .. } => text,
        Value::List(_) | Value::Map(_) => {
            report.add(Diagnostic::error(node.span, "a key is a word, not a list or a mapping"));
            return None;
        }
    };
    Some(Key { text, span: node.span })
}

impl Node {
    /// What it is, for a message.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Scalar { .. } if self.is_null() => "nothing".into(),
            Value::Scalar { text, .. } if text.is_empty() => "an empty text".into(),
            Value::Scalar { text, .. } => format!("`{}`", shorten(text)),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a mapping".into(),
        }
    }

    /// Whether it is YAML's null: nothing at all, `~` or `null`, without quotes.
    pub fn is_null(&self) -> bool {
        let Value::Scalar { text, plain: true } = &self.value else { return false };
        matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// The word, if YAML's core schema takes it for something else than text: nothing, a truth value or a number.
    ///
    /// <https://yaml.org/spec/1.2.2/#1032-tag-resolution>
    pub fn other_than_text(&self) -> Option<&str> {
        const PATTERN: &str = r"^(null|Null|NULL|~|)$|^(true|True|TRUE|false|False|FALSE)$|^[-+]?[0-9]+$|^0o[0-7]+$|^0x[0-9a-fA-F]+$|^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$|^[-+]?(\.inf|\.Inf|\.INF)$|^(\.nan|\.NaN|\.NAN)$";
        static OTHER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(PATTERN).ok());
        match &self.value {
            Value::Scalar { text, plain: true } => {
                OTHER.as_ref().is_some_and(|pattern| pattern.is_match(text)).then_some(text.as_str())
            }
            Value::Scalar { .. } | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(other, _)| other.text == key).map(|(_, node)| node),
            Value::Scalar { .. } | Value::List(_) => None,
        }
    }
}

fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= 40 && line == text {
        return text.to_owned();
    }
    format!("{}…", line.chars().take(40).collect::<String>())
}
