//! The simulator, judged by others: by a check list from AWS's API reference, by boto3's models, waiters and paginators, and by emulators that
//! others wrote. Terraform judges it too, but not here (`tests/judges/terraform/judge.py`): whoever builds Pando need not have it.

#![expect(clippy::disallowed_methods, reason = "what went over the wire is handed to judges in a file")]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use pando::emulators::{LOCALSTACK, MINISTACK, MOTO, Recipe};
use pando::simulator::Simulator;
use pando::simulator::doors::http::Server;
use pando::simulator::settings::Settings;
use tokio::process::Command;

use crate::support::documents::ready_made;
use crate::support::emulator::{room, start};
use crate::support::simulated::{connect, served, world};
use crate::support::stack::{Stack, blueprint};
use crate::support::tools::boto3;

/// How much faster than on AWS time passes while judges wait. At ten times this speed a minute is over before a busy machine has looked.
const SPEED: f64 = 100.0;

/// A judge that does not come to an end is wrong.
const PATIENCE: Duration = Duration::from_mins(30);

/// Has a Python program from `tests/judges` give its verdict, which is its exit code; what it says is shown if it is against us.
async fn judge(arguments: &[&str]) {
    let folder = format!("{}/tests/judges", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(boto3().await);
    command.arg("-B").args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("a verdict in time").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{arguments:?}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("{arguments:?}: {}", said.lines().last().unwrap_or_default());
}

/// A simulator that keeps what goes over the wire, on a port of its own.
async fn recording() -> (Simulator, Server) {
    served(Settings { records: true, ..Settings::default() }, SPEED).await
}

/// Holds all that went over the wire against the models that AWS publishes. `arguments` as of `shapes.py`.
async fn fits_the_models(simulator: &Simulator, at_least: usize, arguments: &[&str]) {
    let calls = simulator.calls();
    assert!(calls.len() >= at_least, "{} exchanges", calls.len());
    let lines: Vec<String> = calls.iter().map(|call| serde_json::to_string(call).unwrap()).collect();
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("exchanges.jsonl");
    std::fs::write(&recording, lines.join("\n")).unwrap();
    let arguments = [&["shapes.py", path(&recording)], arguments].concat();
    judge(&arguments).await;
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What Describe shows after a create, what is refused, what is idempotent, what a delete leaves behind; and each answer is one that AWS could give.
#[tokio::test]
async fn the_check_list_holds() {
    let (simulator, server) = recording().await;
    let speed = SPEED.to_string();
    judge(&["-m", "checks", "--endpoint", &server.url, "--speed", &speed, "--threads", "24", "--quiet"]).await;
    // Checks send on purpose what is to be refused.
    fits_the_models(&simulator, 3000, &["--answers-only"]).await;
}

#[tokio::test]
async fn waiters_come_to_their_end_and_pages_hold_everything_once() {
    let (simulator, server) = recording().await;
    judge(&["waiters.py", "--endpoint", &server.url, "--speed", &SPEED.to_string()]).await;
    fits_the_models(&simulator, 500, &[]).await;
}

/// Everything that Pando sends, and everything it is answered.
#[tokio::test(start_paused = true)]
async fn what_pando_sends_fits_the_models() {
    let simulator = world(Settings { records: true, ..Settings::default() });
    for name in ["web-service", "database-only"] {
        let dev = blueprint(&ready_made(name, &[]), Some("dev"));
        let stack = Stack::in_virtual_time(connect(&simulator).await, &dev);
        stack.applied(&dev).await;
        stack.destroyed().await;
    }
    // Judges are processes, which take real time.
    tokio::time::resume();
    fits_the_models(&simulator, 400, &[]).await;
}

/// Good exchanges pass and spoilt ones do not.
#[tokio::test]
async fn the_judge_of_models_is_judged() {
    judge(&["shapes.py", "--self-test"]).await;
}

/// What another emulator answers otherwise is known, each difference with the documentation that decides it.
async fn differences_are_known(name: &str, recipe: &'static Recipe) {
    let _room = room().await;
    let emulator = start(recipe, None).await;
    let (_simulator, server) = recording().await;
    let against = format!("{name}={}", emulator.url);
    judge(&["differential.py", "--endpoint", &server.url, "--against", &against]).await;
}

#[tokio::test]
async fn differences_to_moto_are_known() {
    differences_are_known("moto", &MOTO).await;
}

#[tokio::test]
async fn differences_to_ministack_are_known() {
    differences_are_known("ministack", &MINISTACK).await;
}

/// It lacks half of the services; sequences end where it does.
#[tokio::test]
async fn differences_to_localstack_are_known() {
    differences_are_known("localstack", &LOCALSTACK).await;
}
