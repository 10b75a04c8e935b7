//! YAML as a tree in which every node knows its place. The only file that knows the parser.
//!
//! Scalars keep the text that the author wrote: `1.20` stays `1.20`, `no` stays `no`, and `012345678901` keeps its zero. Mistakes of syntax
//! end at the first, since what follows cannot be told; duplicate keys and everything after are collected.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, options};

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
/// The most nodes, aliases counted as often as they are used. A file of 1 MB has fewer; ten lines of aliases to aliases can ask for 10^9.
const NODES: usize = 200_000;

/// Reads a file. `None` if there is nothing to go on with; then the report says why.
pub fn parse(text: &str, report: &mut Report) -> Option<Node> {
    if text.len() > BYTES {
        let message = format!("the file has {} bytes, and a blueprint has at most {BYTES}", text.len());
        report.add(Diagnostic::error(Span::default(), message));
        return None;
    }
    let mut builder = Builder { report, open: Vec::new(), anchors: BTreeMap::new(), nodes: 0, documents: Vec::new() };
    let options = options! { flow_nesting_limit: 255, block_nesting_limit: 255, emit_comments: false };
    for event in Parser::new_from_str_with_options(text, options) {
        let kept_on = match event {
            Ok((event, span)) => {
                builder.take(event, span.byte_range().map_or_else(Span::default, |r| Span::new(r.start, r.end)))
            }
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
                let message = format!("this is not YAML: {}", error.info());
                builder.report.add(Diagnostic::error(Span::new(at, at), message));
                return None;
            }
        };
        kept_on?;
    }
    let mut documents = builder.documents.into_iter();
    let first = documents.next();
    if let Some(second) = documents.next() {
        let message = "a blueprint is one document";
        report.add(Diagnostic::error(second.span, message).hint("put each blueprint into a file of its own"));
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
    nodes: usize,
    documents: Vec<Node>,
}

/// A list or a map that has begun.
struct Open {
    node: Node,
    anchor: usize,
    /// The key whose value comes next.
    key: Option<Key>,
    is_map: bool,
    /// How many nodes there were before it.
    before: usize,
}

impl Builder<'_> {
    /// `None`: give up.
    fn take(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if let Some(tag) = tag {
                    let message = format!("tags are not used in blueprints: `{}`", tag.original());
                    self.report.add(Diagnostic::error(span, message));
                }
                let value = Value::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                self.count(1, span)?;
                self.put(Node { span, value }, anchor, 1)
            }
            Event::SequenceStart(_, anchor, _) => self.begin(Value::List(Vec::new()), anchor, span),
            Event::MappingStart(_, anchor, _) => self.begin(Value::Map(Vec::new()), anchor, span),
            Event::SequenceEnd | Event::MappingEnd => {
                let mut open = self.open.pop()?;
                open.node.span.end = open.node.span.end.max(span.end);
                let size = self.nodes - open.before;
                self.put(open.node, open.anchor, size)
            }
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    self.report.add(Diagnostic::error(span, "an alias cannot stand inside of what it names"));
                    return None;
                };
                self.count(size, span)?;
                self.put(Node { span, ..node }, 0, size)
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
        let before = self.nodes;
        self.count(1, span)?;
        let is_map = matches!(value, Value::Map(_));
        self.open.push(Open { node: Node { span, value }, anchor, key: None, is_map, before });
        Some(())
    }

    fn count(&mut self, nodes: usize, span: Span) -> Option<()> {
        self.nodes += nodes;
        if self.nodes > NODES {
            let message = format!("with its aliases written out, the file has more than {NODES} values");
            self.report.add(Diagnostic::error(span, message));
            return None;
        }
        Some(())
    }

    /// A finished node goes into what is open, or is a document.
    fn put(&mut self, node: Node, anchor: usize, size: usize) -> Option<()> {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Some(());
        };
        match (&mut open.node.value, open.key.take()) {
            (Value::Map(entries), Some(key)) => {
                if let Some((first, _)) = entries.iter().find(|(other, _)| other.text == key.text) {
                    let message = format!("`{}` is said twice", key.text);
                    let twice = Diagnostic::error(key.span, message).label("again here");
                    self.report.add(twice.related(first.span, "first here"));
                } else {
                    entries.push((key, node));
                }
            }
            (Value::Map(_), None) => open.key = Some(key_of(node, self.report)),
            (Value::List(items), _) => items.push(node),
            (Value::Scalar { .. }, _) => debug_assert!(!open.is_map, "a scalar is never open"),
        }
        Some(())
    }
}

fn key_of(node: Node, report: &mut Report) -> Key {
    let text = match node.value {
        Value::Scalar { text, plain: true } if text == "<<" => {
            let message = "merge keys are not part of YAML 1.2";
            report.add(Diagnostic::error(node.span, message).hint("use `environments` for what differs"));
            text
        }
        Value::Scalar { text, .. } => text,
        Value::List(_) | Value::Map(_) => {
            report.add(Diagnostic::error(node.span, "a key is a word, not a list or a mapping"));
            String::new()
        }
    };
    Key { text, span: node.span }
}

impl Node {
    /// What it is, for a message.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Scalar { text, plain } if text.is_empty() || (*plain && (text == "~" || text == "null")) => {
                "nothing".into()
            }
            Value::Scalar { text, .. } => format!("`{}`", shorten(text)),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a mapping".into(),
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
