//! `pando local`: an AWS that stays until it is told to go.

use std::net::TcpStream;

use crate::support::command::{Sandbox, until};

/// A small stack.
const BLUEPRINT: &str = "\
pando: 1
stack: shop
region: eu-west-1
protect: []
network: { zones: 2 }
image: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64 }
workers:
  jobs: { instance: t4g.small, latency: 1m, job_time: 2s }
";

/// The variables that were printed for a shell.
fn variables(printed: &str) -> Vec<(String, String)> {
    let lines = printed.lines().filter_map(|line| line.strip_prefix("export "));
    let pairs = lines.flat_map(str::split_whitespace).filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| *name != "AWS_REGION").map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[tokio::test]
async fn the_simulator_stays_for_other_commands_until_it_is_stopped() {
    let sandbox = Sandbox::with(BLUEPRINT);
    let cache = sandbox.path("cache").display().to_string();
    let sandbox = sandbox.set("PANDO_CACHE", &cache);
    let started = sandbox.run(&["local", "start", "--speed", "1000"]).await;
    started.expect(0, &["the simulator answers at http://127.0.0.1:"]);
    // A second start finds the first.
    let again = sandbox.run(&["local", "start"]).await;
    again.expect(0, &[]);
    assert_eq!(again.out, started.out);
    let variables = variables(&started.out);
    let address = variables.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL").unwrap().1.clone();
    let sandbox = variables.iter().fold(sandbox, |sandbox, (name, value)| sandbox.set(name, value));
    sandbox.run(&["apply", "--yes"]).await.expect(0, &["Done: "]);
    sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
    sandbox.run(&["destroy", "--confirm", "shop"]).await.expect(0, &["found nothing left"]);
    sandbox.run(&["local", "stop"]).await.expect(0, &["simulator stopped"]);
    let address = address.trim_start_matches("http://").to_owned();
    until("nobody answers", || TcpStream::connect(&address).is_err()).await;
    sandbox.run(&["local", "stop"]).await.expect(0, &["nothing was running"]);
}

#[tokio::test]
async fn a_speed_that_is_none_is_refused() {
    for speed in ["0", "-1", "NaN", "inf"] {
        Sandbox::empty().run(&["local", "start", &format!("--speed={speed}")]).await.expect(64, &["more than nothing"]);
    }
}
