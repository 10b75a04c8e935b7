//! Blueprints as data: written as YAML, generated, and spoilt.

pub mod sound;
pub mod spoilt;
pub mod yaml;

use pando::blueprint::diagnostic::{Report, Source};
use pando::blueprint::syntax::{self, Node};
use serde_json::Value;

/// The blueprints that come with Pando.
pub const READY_MADE: [(&str, &str); 4] = [
    ("database-only", include_str!("../../../blueprints/database-only.yaml")),
    ("web-only", include_str!("../../../blueprints/web-only.yaml")),
    ("web-service", include_str!("../../../blueprints/web-service.yaml")),
    ("worker-only", include_str!("../../../blueprints/worker-only.yaml")),
];

/// The text of a ready-made blueprint with these edits, each of which must find something.
pub fn ready_made(name: &str, edits: &[(&str, &str)]) -> String {
    let known = READY_MADE.into_iter().find(|(known, _)| *known == name);
    let mut text = known.expect("one that comes with Pando").1.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{name}.yaml has no {from:?}");
        text = text.replace(from, to);
    }
    text
}

/// What makes the web service's cache one of Memcached, with and without `--env dev`.
pub const MEMCACHED: [(&str, &str); 3] = [
    ("engine: valkey 8 ", "engine: memcached 1.6 "),
    ("small\n  replicas: 1\n", "small\n"),
    ("cache.t4g.micro, replicas: 0 }", "cache.t4g.micro }"),
];

/// The web service with this many more groups of workers.
pub fn with_workers(count: usize) -> String {
    let more = |number| format!("  more-{number}: {{ instance: c7g.large }}\n");
    let workers: String = (0..count).map(more).collect();
    ready_made("web-service", &[("workers:\n", &format!("workers:\n{workers}"))])
}

/// A file with this text.
pub fn source(text: &str) -> Source {
    Source { name: "pando.yaml".into(), text: text.into() }
}

/// A file that says this.
pub fn written(document: &Value) -> Source {
    source(&yaml::text(document))
}

/// What other readers of YAML see in a file: the values of the core schema.
pub fn json(source: &Source) -> Value {
    let mut report = Report::default();
    let root = syntax::parse(&source.text, &mut report);
    assert_eq!(report.finish(), [], "{}", source.text);
    value(&root.expect("a document"))
}

fn value(node: &Node) -> Value {
    match &node.value {
        syntax::Value::Scalar { .. } if node.is_null() => Value::Null,
        syntax::Value::Scalar { text, .. } => match node.other_than_text() {
            Some(word) => serde_json::from_str(word).unwrap_or_else(|_| panic!("`{word}` is no value of JSON")),
            None => Value::from(text.as_str()),
        },
        syntax::Value::List(items) => items.iter().map(value).collect(),
        syntax::Value::Map(entries) => entries.iter().map(|(key, node)| (key.text.clone(), value(node))).collect(),
    }
}
