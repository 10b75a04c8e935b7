//! A state that was deleted: `pando state recover` on the simulator, and the verbs that look at a state.

#![expect(clippy::disallowed_methods, reason = "tests delete and edit the state")]

use std::fs;

use pando::simulator::Simulator;
use pando::simulator::doors::http::Server;
use pando::simulator::settings::Settings;

use super::batch;
use crate::support::command::Sandbox;
use crate::support::simulated::{is_read, served};

/// Where the state is.
const STATE: &str = ".pando/work/state.json";
/// Time passes that much faster than outside.
const SPEED: f64 = 600.0;

/// A stack that is up, on a simulator of its own.
async fn applied() -> (Simulator, Server, Sandbox) {
    let (simulator, server) = served(Settings::default(), SPEED).await;
    let sandbox = Sandbox::with(&batch("work")).at(&server.url);
    sandbox.run(&["apply", "--yes"]).await.expect(0, &["queue_reports"]);
    (simulator, server, sandbox)
}

#[tokio::test]
async fn a_deleted_state_is_found_again() {
    let (simulator, _server, sandbox) = applied().await;
    sandbox
        .run(&["state", "recover", "--yes"])
        .await
        .expect(64, &["the state of work is there", "nothing was changed"]);
    fs::remove_dir_all(sandbox.path(".pando")).unwrap();

    // Whoever destroys now is not told that nothing is left.
    sandbox.run(&["destroy", "--confirm", "work"]).await.expect(3, &["AWS has a stack work", "pando state recover"]);
    sandbox.run(&["state", "recover"]).await.expect(64, &["queue/reports@1", "in service", "add `--yes`"]);
    let before = simulator.calls().len();
    let recovered = sandbox.run(&["state", "recover", "--yes"]).await;
    recovered.expect(0, &["queue/reports@1", "Found: ", "This is the state now", "--renew image"]);
    let calls = simulator.calls()[before..].to_vec();
    assert!(calls.len() <= 40, "{calls:#?}");
    assert!(calls.iter().all(|call| is_read(&call.action)), "{calls:#?}");

    sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
    sandbox.run(&["destroy", "--confirm", "work"]).await.expect(0, &["found nothing left"]);
    sandbox.run(&["destroy", "--confirm", "work"]).await.expect(0, &["found nothing left"]);
    let nothing = ["nothing in account", "carries the tags of a stack work", "nothing was changed"];
    sandbox.run(&["state", "recover", "--yes"]).await.expect(1, &nothing);
}

#[tokio::test]
async fn a_damaged_state_is_rebuilt_from_its_journals() {
    let (simulator, _server, sandbox) = applied().await;
    let whole = sandbox.text(STATE);
    sandbox.write(STATE, &whole[..whole.len() / 2]);
    sandbox.run(&["plan"]).await.expect(1, &["is damaged", "pando state recover"]);
    sandbox.run(&["state", "recover"]).await.expect(64, &["add `--yes`"]);
    let calls = simulator.calls().len();
    sandbox.run(&["state", "recover", "--yes"]).await.expect(0, &["rebuilt from its journals"]);
    assert_eq!(simulator.calls().len(), calls);
    sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
}

#[tokio::test]
async fn what_cannot_be_rebuilt_is_set_aside_and_two_stacks_of_a_name_are_told_apart() {
    let (_simulator, server, sandbox) = applied().await;
    let whole = sandbox.text(STATE);
    let lineage = whole.split("\"lineage\": \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let half = &whole[..whole.len() / 2];
    for path in sandbox.state().keys().filter(|path| path.extension().is_some_and(|ending| ending == "bak")) {
        fs::remove_file(path).unwrap();
    }
    sandbox.write(STATE, half);

    // Another stack of the name gets as far as its first name that is taken.
    let other = Sandbox::with(&batch("work")).at(&server.url);
    other.run(&["apply", "--yes"]).await.expect(3, &["already there"]);
    let several = sandbox.run(&["state", "recover", "--yes"]).await;
    several.expect(64, &["there are 2 stacks of the name work", "--lineage", lineage]);

    sandbox.run(&["state", "recover", "--yes", "--lineage", lineage]).await.expect(0, &["This is the state now"]);
    assert_eq!(sandbox.text(".pando/work/lost-1/state.json"), half);
    sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
}

#[tokio::test]
async fn what_the_blueprint_no_longer_has_is_told_and_not_recorded() {
    let (_simulator, _server, sandbox) = applied().await;
    fs::remove_dir_all(sandbox.path(".pando")).unwrap();
    sandbox.write("pando.yaml", batch("work").replace("reports:", "letters:"));
    let ended = sandbox.run(&["state", "recover", "--yes"]).await;
    ended.expect(3, &["not in this blueprint", "queue http", "Not found", "queue/letters"]);
    let listed = sandbox.run(&["state", "list"]).await;
    listed.expect(0, &["vpc/main@1", "in service"]);
    assert!(!listed.out.contains("reports"), "{listed}");
}

#[tokio::test]
async fn a_state_is_looked_at_without_a_lock_and_without_a_call() {
    let (simulator, _server, sandbox) = applied().await;
    let (files, calls) = (sandbox.state(), simulator.calls().len());
    sandbox.run(&["state", "list"]).await.expect(0, &["queue/reports@1", "in service", "vpc-"]);
    let listed = sandbox.run(&["state", "list", "--json"]).await.json();
    let records = listed[1]["records"].as_array().unwrap();
    assert!(
        records.iter().any(|record| record["address"] == "vpc/main" && record["status"] == "ready"),
        "{records:#?}"
    );
    let shown = sandbox.run(&["state", "show", "vpc/main"]).await;
    shown.expect(0, &["\"cidr\""]);
    let record: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(record["record"]["status"], "ready");
    sandbox.run(&["state", "show", "vpc/main@1", "--json"]).await.expect(0, &["\"type\":\"record\""]);
    sandbox.run(&["state", "show", "vpc/other"]).await.expect(64, &["nothing is recorded", "pando state list"]);
    sandbox.run(&["state", "show", "vpc"]).await.expect(64, &["is not `kind/name`"]);
    assert_eq!((sandbox.state(), simulator.calls().len()), (files, calls));
}
