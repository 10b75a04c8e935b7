//! What programs and scripts get: exit codes, lines of JSON, text without colours, and no questions.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{LEDGER, batch, ledger_made};
use crate::support::command::{Ended, Sandbox};
use crate::support::moto;
use crate::support::scripted::{Call, Reply, Stub, identity, zones};

/// Only who calls and the zones: enough for a first plan.
fn lookups(call: &Call) -> Reply {
    identity(call).or((call.action == "DescribeAvailabilityZones").then(zones)).unwrap_or(Reply::Error(
        403,
        "UnauthorizedOperation",
        "no",
    ))
}

/// A value with its texts and numbers taken out. Of a list, or of a map by addresses, one of each shape stays.
fn shape(value: &Value) -> Value {
    match value {
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("yes or no"),
        Value::Null => Value::Null,
        Value::Array(items) => {
            let shapes: BTreeMap<String, Value> =
                items.iter().map(shape).map(|item| (item.to_string(), item)).collect();
            shapes.into_values().collect()
        }
        Value::Object(members) if members.keys().any(|key| key.contains('/')) => {
            let first = members.values().next().map(shape);
            Value::Object(Map::from_iter([("kind/name@life".to_owned(), first.unwrap_or_default())]))
        }
        Value::Object(members) => members
            .iter()
            // Properties are those of the kind, and no part of this format.
            .map(|(key, value)| (key.clone(), if key == "properties" { json!("properties") } else { shape(value) }))
            .collect(),
    }
}

/// The events that every run has. Others depend on how quick the cloud is.
const ALWAYS: [&str; 4] = ["read_started", "apply_started", "step_started", "step_finished"];

/// One line of each type and event, by its name, as a shape.
fn shapes(ended: &Ended) -> BTreeMap<String, Value> {
    let lines = ended.json();
    assert_eq!(lines[0]["type"], "version", "{ended}");
    let name = |line: &Value| match line["event"].as_str() {
        Some(event) => format!("event {event}"),
        None => line["type"].as_str().unwrap().to_owned(),
    };
    let lines = lines.iter().filter(|line| line["event"].as_str().is_none_or(|event| ALWAYS.contains(&event)));
    // The first of each kind: the later ones of `event` say the same.
    lines.rev().map(|line| (name(line), shape(line))).collect()
}

#[tokio::test]
async fn a_plan_says_by_its_exit_code_whether_there_is_something_to_do() {
    let stub = Stub::start(lookups).await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    sandbox.run(&["plan"]).await.expect(0, &["to create"]);
    sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(2, &["to create"]);
    sandbox.run(&["destroy", "--confirm", "other"]).await.expect(64, &["`other` is not the stack's name, `ledger`"]);
    assert_eq!(stub.writes(), [""; 0]);
}

#[tokio::test]
async fn a_plan_writes_nothing_neither_there_nor_here() {
    let stub = Stub::start(lookups).await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    let first = sandbox.run(&["plan"]).await;
    assert_eq!(first.out, sandbox.run(&["plan"]).await.out);
    assert!(!sandbox.path(".pando").exists());
    assert_eq!(stub.writes(), [""; 0]);
}

#[tokio::test]
async fn without_a_terminal_nobody_is_asked_and_the_missing_flag_is_named() {
    let stub = Stub::start(lookups).await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    sandbox.run(&["apply"]).await.expect(64, &["there is no terminal to ask", "add `--yes`", "nothing was changed"]);
    assert_eq!(stub.writes(), [""; 0]);
}

#[tokio::test]
async fn destroying_needs_the_name_of_the_stack() {
    let stub = Stub::start(|call| match call.action.as_str() {
        "DescribeVpcs" => Reply::Xml(
            "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock>\
             <state>available</state></item></vpcSet></DescribeVpcsResponse>"
                .into(),
        ),
        "DescribeTags" => Reply::Xml("<DescribeTagsResponse><tagSet/></DescribeTagsResponse>".into()),
        _ => lookups(call),
    });
    let stub = stub.await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    sandbox.remember("ledger", &ledger_made(&stub.url)).await;
    sandbox.run(&["destroy"]).await.expect(64, &["1 to delete", "add `--confirm ledger`", "nothing was changed"]);
    let before = sandbox.state();
    sandbox.run(&["destroy"]).await.expect(64, &["add `--confirm ledger`"]);
    sandbox.run(&["destroy", "--confirm", "wrong"]).await.expect(64, &["`wrong` is not the stack's name, `ledger`"]);
    assert_eq!((stub.writes(), sandbox.state()), (vec![], before));
}

#[tokio::test]
async fn wrong_usage_has_a_number_of_its_own() {
    let sandbox = Sandbox::with(LEDGER);
    let wrong: [&[&str]; 6] = [
        &[],
        &["aply"],
        &["plan", "--detailed"],
        &["apply", "--renew"],
        &["plan", "--renew", "all"],
        &["local", "start", "--port", "x"],
    ];
    for arguments in wrong {
        let ended = sandbox.run(arguments).await;
        assert_eq!((ended.code, ended.out.as_str()), (64, ""), "{ended}");
    }
    sandbox.run(&["--version"]).await.expect(0, &["pando 0."]);
    assert!(sandbox.state().is_empty());
}

#[tokio::test]
async fn mistakes_and_errors_are_lines_of_json_too() {
    let sandbox = Sandbox::with("pando: 1\nstack: shop\nregin: eu-west-1\ndatabase: { engine: postgres 17 }\n");
    let ended = sandbox.run(&["validate", "--json"]).await;
    ended.expect(1, &[]);
    insta::assert_json_snapshot!("a_mistake_as_lines_of_json", &ended.json()[1..]);
    let ended = Sandbox::empty().run(&["plan", "--json"]).await;
    ended.expect(64, &[]);
    insta::assert_json_snapshot!("an_error_as_lines_of_json", &ended.json()[1..]);
}

#[tokio::test]
async fn nothing_that_is_piped_has_colours_or_live_lines() {
    let stub = Stub::start(lookups).await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    let broken = Sandbox::with("pando: 1\nstack: 7\nreplica: 2\n");
    let missing = Sandbox::empty();
    for ended in [sandbox.run(&["plan"]).await, broken.run(&["validate"]).await, missing.run(&["plan"]).await] {
        assert!(!ended.out.contains('\u{1b}') && !ended.err.contains('\u{1b}'), "{ended}");
    }
}

#[tokio::test]
async fn a_whole_life_in_lines_of_json_keeps_its_shape() {
    let sandbox = moto::sandbox(&batch("machine"));
    let mut seen = BTreeMap::new();
    let planned = sandbox.run(&["plan", "--json", "--detailed-exitcode"]).await;
    planned.expect(2, &[]);
    seen.extend(shapes(&planned));
    assert_eq!(planned.json()[0]["schema"], "1.0");
    let applied = sandbox.run(&["apply", "--yes", "--json"]).await;
    applied.expect(0, &[]);
    seen.extend(shapes(&applied));
    sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
    let outputs = sandbox.run(&["output", "--json"]).await;
    seen.extend(shapes(outputs.expect(0, &[])));
    seen.extend(shapes(sandbox.run(&["status", "--json"]).await.expect(0, &[])));
    sandbox.run(&["output", "queue"]).await.expect(64, &["there is no output `queue`", "queue_reports"]);
    let one = sandbox.run(&["output", "queue_reports"]).await;
    assert_eq!(json!(one.expect(0, &[]).out.trim()), outputs.json()[1]["outputs"]["queue_reports"]);
    shapes(sandbox.run(&["destroy", "--confirm", "machine", "--json"]).await.expect(0, &[]));
    sandbox.run(&["output"]).await.expect(1, &["it is not deployed"]);
    insta::assert_json_snapshot!("the_shapes_of_lines_of_json", seen);
}
