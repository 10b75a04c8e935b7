//! What a deletion leaves behind: one last snapshot of what holds data, whatever happens to the request for it.

use std::time::Duration;

use pando::engine::deployment::Report;
use pando::engine::graph::Graph;
use pando::simulator::Simulator;
use pando::simulator::settings::Settings;
use pando::simulator::weather::{Fault, Rule, When};

use crate::support::simulated::{connect, world};
use crate::support::stack::{Stack, blueprint};

const VAULT: &str = "\
pando: 1
stack: vault
region: eu-west-1
protect: []
database: { engine: postgres 17, multi_az: false }
cache: { engine: valkey 8, replicas: 0 }
";

fn snapshots(simulator: &Simulator, kind: &str) -> Vec<String> {
    let all = simulator.inventory().unwrap().into_iter().filter(|thing| thing.kind == kind);
    all.map(|thing| thing.id).filter(|id| id.ends_with("-final")).collect()
}

async fn applied(text: &str) -> (Simulator, Stack) {
    let simulator = world(Settings::default());
    let stack = Stack::in_virtual_time(connect(&simulator).await, &blueprint(text, None));
    stack.applied(&blueprint(text, None)).await;
    (simulator, stack)
}

#[tokio::test(start_paused = true)]
async fn the_last_snapshot_is_taken_once_whatever_happens_to_the_request() {
    let (before, stack_before) = applied(VAULT).await;
    let nothing = Graph::default();
    let faults = [
        Fault::KillBefore,
        Fault::KillAfter,
        Fault::KillAnswered,
        Fault::KillLate(Duration::from_secs(30)),
        Fault::LostRequest,
        Fault::LostAnswer,
        // Later than its sender waits for an answer.
        Fault::Late(Duration::from_secs(90)),
        Fault::Twice,
        Fault::ErrorAfter(500),
    ];
    for fault in faults {
        for action in ["DeleteReplicationGroup", "DeleteDBInstance"] {
            let simulator = before.fork();
            let stack = stack_before.fork(connect(&simulator).await);
            let rule = Rule { service: None, action: Some(action.into()), fault, when: When::Nth(1) };
            simulator.set_weather(vec![rule]);
            for _ in 0..4 {
                let mut death = simulator.death();
                let report = tokio::select! {
                    biased;
                    _ = death.wait_for(|died| *died) => None,
                    report = stack.attempt(&nothing) => report,
                };
                simulator.revive();
                if report.is_some_and(|report: Report| report.is_complete()) {
                    break;
                }
            }
            let case = format!("{fault:?} of {action}");
            assert!(stack.state().records.is_empty(), "{case}: {:#?}", stack.events());
            assert_eq!(stack.sweep().await, [], "{case}");
            for kind in ["rds/snapshots", "elasticache/snapshots"] {
                assert_eq!(snapshots(&simulator, kind).len(), 1, "{case}: {kind}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_last_snapshot_is_taken_where_none_is_wanted() {
    let text = VAULT
        .replace("multi_az: false", "multi_az: false, final_snapshot: false")
        .replace("replicas: 0", "replicas: 0, final_snapshot: false");
    let (simulator, stack) = applied(&text).await;
    stack.destroyed().await;
    assert_eq!(snapshots(&simulator, "rds/snapshots"), Vec::<String>::new());
    assert_eq!(snapshots(&simulator, "elasticache/snapshots"), Vec::<String>::new());
}

/// Only what is deleted asks for it: to change one's mind about it sends nothing.
#[tokio::test(start_paused = true)]
async fn a_change_of_mind_about_the_last_snapshot_sends_nothing() {
    let (simulator, stack) = applied(VAULT).await;
    let calls = simulator.calls().len();
    let text = VAULT.replace("replicas: 0", "replicas: 0, final_snapshot: false");
    stack.applied(&blueprint(&text, None)).await;
    let sent = simulator.calls();
    let written =
        sent[calls..].iter().filter(|call| call.action.starts_with("Modify") || call.action.starts_with("Add"));
    assert_eq!(written.map(|call| call.action.clone()).collect::<Vec<_>>(), Vec::<String>::new());
    stack.destroyed().await;
    assert_eq!(snapshots(&simulator, "elasticache/snapshots"), Vec::<String>::new());
}
