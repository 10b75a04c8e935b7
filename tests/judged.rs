//! The simulator, judged by others: by a check list from AWS's API reference, by boto3's models, waiters and paginators, and by emulators that
//! others wrote. Terraform judges it too, but not here (`tests/judges/terraform/judge.py`): whoever builds Pando need not have it.

#![expect(clippy::disallowed_methods, reason = "judges read what went over the wire from a file")]

use std::process::Stdio;
use std::time::{Duration, Instant};

use pando::simulator::Simulator;
use pando::simulator::clock::{Clock, Moment};
use pando::simulator::doors::http::Server;
use pando::simulator::settings::Settings;
use tokio::process::Command;

use crate::support::simulated::{connect, world};
use crate::support::stack::{Stack, blueprint};
use crate::support::tools::boto3;
use crate::support::toy::world::now;

/// How much faster than on AWS time passes while judges wait. At ten times this speed a minute is over before a busy machine has looked.
const SPEED: f64 = 100.0;

/// A judge that does not come to an end is wrong.
const PATIENCE: Duration = Duration::from_mins(10);

/// Has a Python program from `tests/judges` give its verdict, which is its exit code; what it says is shown if it is against us.
async fn judge(arguments: &[&str]) {
    let folder = format!("{}/tests/judges", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(boto3().await);
    command.arg("-B").args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("a verdict in time").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{arguments:?}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("{}", said.lines().last().unwrap_or_default());
}

/// A simulator on a port of its own.
async fn served() -> Server {
    let began = Instant::now();
    let clock = Clock::new(Moment::BEGINNING, SPEED, move || began.elapsed());
    Server::start(Simulator::new(Settings::default(), clock), 0).await.unwrap()
}

#[tokio::test]
async fn the_check_list_holds() {
    let server = served().await;
    let speed = SPEED.to_string();
    judge(&["-m", "checks", "--endpoint", &server.url, "--speed", &speed, "--threads", "24", "--quiet"]).await;
}

/// Everything that Pando sends, and everything it is answered, fits the models that AWS publishes.
#[tokio::test(start_paused = true)]
async fn every_request_and_every_answer_fits_the_models() {
    let simulator = world(Settings { records: true, ..Settings::default() });
    for name in ["web-service", "database-only"] {
        let path = format!("{}/blueprints/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let mut stack = Stack::new(connect(&simulator).await, &blueprint(&text, Some("dev")));
        stack.now = now;
        stack.applied(&blueprint(&text, Some("dev"))).await;
        stack.destroyed().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("exchanges.jsonl");
    let calls = simulator.calls();
    let lines: Vec<String> = calls
        .iter()
        .filter_map(|call| {
            let exchange = call.exchange.as_ref()?;
            let line = serde_json::json!({
                "service": call.service, "action": call.action,
                "request": exchange.request, "response": exchange.response,
            });
            Some(line.to_string())
        })
        .collect();
    assert!(lines.len() > 400, "{} exchanges", lines.len());
    std::fs::write(&file, lines.join("\n")).unwrap();
    // Judges are processes, which take real time.
    tokio::time::resume();
    judge(&["shapes.py", file.to_str().unwrap()]).await;
}
