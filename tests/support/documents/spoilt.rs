//! Documents that are nearly right: something is taken away, put in, or replaced by what belongs elsewhere.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

/// One change somewhere in a document.
#[derive(Clone, Debug)]
pub enum Change {
    /// Another value in this place.
    Replace(Value),
    /// One more field in this mapping, or one more item in this list.
    Add(&'static str, Value),
    /// This place is gone.
    Remove,
}

/// Up to three changes, each with its place.
pub fn changes() -> impl Strategy<Value = Vec<(Index, Change)>> {
    let change = prop_oneof![
        4 => select(values()).prop_map(Change::Replace),
        2 => (select(names()), select(values())).prop_map(|(name, value)| Change::Add(name, value)),
        1 => Just(Change::Remove),
    ];
    proptest::collection::vec((any::<Index>(), change), 0..4)
}

/// The document after these changes.
pub fn spoil(document: &Value, changes: &[(Index, Change)]) -> Value {
    let mut document = document.clone();
    for (index, change) in changes {
        let mut places = Vec::new();
        collect("", &document, &mut places);
        if let Some(place) = places.get(index.index(places.len().max(1))) {
            apply(&mut document, place, change);
        }
    }
    document
}

fn apply(document: &mut Value, place: &str, change: &Change) {
    match change {
        Change::Replace(value) => {
            if let Some(there) = document.pointer_mut(place) {
                *there = value.clone();
            }
        }
        Change::Add(name, value) => match document.pointer_mut(place) {
            Some(Value::Object(members)) => drop(members.insert((*name).to_owned(), value.clone())),
            Some(Value::Array(items)) => items.push(value.clone()),
            _ => {}
        },
        Change::Remove => {
            let Some((parent, key)) = place.rsplit_once('/') else { return };
            if let Some(Value::Object(members)) = document.pointer_mut(parent) {
                members.remove(&key.replace("~1", "/"));
            }
        }
    }
}

/// Every place in a document, as JSON pointers.
fn collect(place: &str, value: &Value, places: &mut Vec<String>) {
    places.push(place.to_owned());
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                collect(&format!("{place}/{}", key.replace('/', "~1")), value, places);
            }
        }
        Value::Array(items) => {
            for (number, value) in items.iter().enumerate() {
                collect(&format!("{place}/{number}"), value, places);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn names() -> Vec<&'static str> {
    vec![
        "min", "max", "clones", "image", "scale", "cpu", "id", "ssm", "newest", "owner", "name", "Web", "x-y", "2x",
        "é", "true",
    ]
}

/// Right somewhere, nearly right elsewhere, or right nowhere. No number here has two forms, such as `5` and `5.0`: JSON cannot tell them
/// apart, and YAML and Pando can.
fn values() -> Vec<Value> {
    let long = ["x".repeat(256), "x".repeat(257)].map(Value::from);
    texts().into_iter().map(Value::from).chain(others()).chain(long).collect()
}

#[rustfmt::skip]
fn texts() -> Vec<&'static str> {
    vec![
        "", " ", "no", "yes", "true", "null", "~", "0", "5", "1.20", "012345678901", "123456789012", "prod", "Prod",
        "none", "per-zone", "per_zone", "web", "database", "shop", "shop-", "2shop", "a_b", "eu-west-1", "eu-west",
        "10.0.0.0/16", "10.0.0.0/8", "10/0.0.0/16", "300.0.0.0/16", "10.20.1.5/16", "100 GiB", "100 GB", "0 GiB",
        "2 TiB", "5m", "5 m", "1h 30m", "9999d 9999d 9999d 9999d", "50%", "0%", "101%", "t4g.small", "t4g.2large",
        "m7i.xlarge", "db.t4g.micro", "cache.t4g.micro", "t3", "/", "healthz", "/a b", "ami-12345678", "ami-xyz",
        "../elsewhere", ".hidden/x", "mysql 8.4", "mysql 8", "postgres 17.2.1", "valkey 8", "redis 5",
        "memcached 1.6.22", "app", "App", "a,b", "#", "line\nbreak", "ünï", "web-*",
    ]
}

#[rustfmt::skip]
fn others() -> Vec<Value> {
    vec![
        json!(null), json!(true), json!(false), json!(0), json!(1), json!(2), json!(-1), json!(5), json!(16),
        json!(1.5), json!(70_000), json!(4_294_967_296_u64), json!(12_345_678_901_234_567_890_u64), json!([]),
        json!(["web"]), json!([80]), json!([true]), json!({}), json!({ "min": 1 }), json!({ "min": 1, "max": 2 }),
        json!({ "cpu": "50%" }), json!({ "cpu": "50%", "requests_per_clone": 5 }), json!({ "id": "ami-12345678" }),
        json!({ "newest": { "owner": "self" } }), json!({ "engine": "mysql 8.4" }), json!({ "dev": {} }),
    ]
}
