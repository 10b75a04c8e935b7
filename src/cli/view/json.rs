//! The same for machines: a line of JSON for each thing that happens. The first says the version of the format; within a major version members are
//! only added.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde_json::{Value, json};

use super::escape::escape_json;
use super::out;
use crate::engine::event::{Event, Listener};

/// The version of the format.
const SCHEMA: &str = "1.0";

/// Writes lines of JSON to standard output.
#[derive(Clone, Copy, Debug)]
pub struct JsonLines(());

impl JsonLines {
    /// Begins, with the line that names the version, once in a process.
    pub fn begin() -> Self {
        static BEGUN: AtomicBool = AtomicBool::new(false);
        let lines = Self(());
        if !BEGUN.swap(true, Ordering::Relaxed) {
            lines.write("version", &json!({ "schema": SCHEMA, "pando": env!("CARGO_PKG_VERSION") }));
        }
        lines
    }

    /// One line: the members of `value`, and what kind of line it is.
    pub fn write<T: Serialize>(self, kind: &str, value: &T) {
        let mut line = serde_json::Map::from_iter([("type".to_owned(), Value::from(kind))]);
        match serde_json::to_value(value) {
            Ok(Value::Object(members)) => line.extend(members),
            Ok(other) => drop(line.insert(kind.to_owned(), other)),
            Err(error) => drop(line.insert("error".to_owned(), error.to_string().into())),
        }
        out::line(&escape_json(&Value::Object(line).to_string()));
    }
}

impl Listener for JsonLines {
    fn on(&mut self, event: Event) {
        self.write("event", &event);
    }
}
