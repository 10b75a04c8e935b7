//! Changes one property of a resource that was applied, to something else that the kind can read.

use pando::engine::address::{Address, Incarnation};
use pando::engine::reference::{Book, Known};
use serde_json::{Value, json};

use crate::support::recording::Life;

/// What cannot just be any other text: the first of these that it is not now.
fn others(kind: &str, field: &str) -> Vec<Value> {
    match (kind, field) {
        (_, "cidr") => vec![json!("10.99.0.0/24")],
        ("security_rule", "direction") => vec![json!("ingress"), json!("egress")],
        ("autoscaling_group", "health_check") => vec![json!("EC2"), json!("ELB")],
        // Another patch would be AWS's business.
        ("db_instance" | "replication_group" | "cache_cluster", "version") => vec![json!("99.9.9")],
        ("scaling_policy", "rule") => vec![json!("wake_up"), json!({ "cpu": 99.0 })],
        // No blueprint sets one yet.
        ("cache_parameter_group", "parameters") => vec![json!({ "timeout": "60" })],
        ("listener", "action") => {
            vec![json!("redirect_to_https"), json!({ "forward": { "$ref": "target_group/new" } })]
        }
        _ => Vec::new(),
    }
}

/// The properties with this one changed, and the book with whatever the change refers to. `None`: there is nothing to change.
pub(super) fn mutated(life: &Life, field: &str, lives: &[Life]) -> Option<(Value, Book)> {
    let before = life.request.properties.get(field)?;
    let (mut to, mut book) = (life.request.properties.clone(), life.book.clone());
    let other = others(life.kind.kind(), field).into_iter().find(|other| other != before);
    if other.is_none() && is_empty(before) {
        return None;
    }
    to[field] = other.unwrap_or_else(|| changed(before, &mut book, lives));
    Some((to, book))
}

/// Something else of the same form. Of a list or a map one entry is changed: the least that can differ.
fn changed(before: &Value, book: &mut Book, lives: &[Life]) -> Value {
    match before {
        Value::Bool(flag) => json!(!flag),
        Value::Number(number) => match number.as_u64() {
            Some(number) => json!(number + 1),
            None => json!(number.as_f64().unwrap_or_default() + 1.0),
        },
        Value::String(text) => json!(format!("{text}x")),
        Value::Array(items) => {
            let mut items = items.clone();
            if let Some(first) = items.first_mut() {
                *first = changed(first, book, lives);
            }
            Value::Array(items)
        }
        Value::Object(members) => {
            if let Some(Value::String(to)) = members.get("$ref") {
                return json!({ "$ref": another(to, book, lives) });
            }
            let mut members = members.clone();
            if let Some((_, first)) = members.iter_mut().next() {
                *first = changed(first, book, lives);
            }
            Value::Object(members)
        }
        Value::Null => Value::Null,
    }
}

/// A resource like the one that is referred to, with other outputs, entered into the book.
fn another(to: &str, book: &mut Book, lives: &[Life]) -> String {
    let address = Address::try_from(to.to_owned()).expect("an address");
    let name = format!("{to}-another");
    let at = Incarnation { address: Address::try_from(name.clone()).expect("an address"), generation: 1 };
    let like = lives.iter().find(|life| life.at.address == address);
    let outputs = like.map(|life| otherwise(&life.outputs)).expect("what is referred to was applied");
    book.enter(at, Known::Now(outputs));
    name
}

/// The same outputs with every text another.
fn otherwise(outputs: &Value) -> Value {
    match outputs {
        Value::String(text) => json!(format!("{text}x")),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), otherwise(value))).collect(),
        other => other.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
