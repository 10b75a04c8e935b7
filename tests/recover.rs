//! A state that was deleted is found again in the cloud: everything, with few calls, and nothing of others.
//!
//! On the simulator, in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pando::aws::lost::lineages;
use pando::aws::resources::registry;
use pando::blueprint::Blueprint;
use pando::engine::address::Key;
use pando::engine::graph::Graph;
use pando::engine::plan::Action;
use pando::engine::recover::Recovery;
use pando::engine::resource::Look;
use pando::engine::state::State;
use pando::engine::survey::{Sighted, Wanted};
use pando::simulator::Simulator;
use pando::simulator::settings::{Settings, Visibility};
use pando::simulator::weather::{Fault, Rule, When};
use serde_json::Value;

use crate::support::documents::{MEMCACHED, ready_made, with_workers};
use crate::support::simulated::{connect, world};
use crate::support::stack::{Stack, blueprint};
use crate::support::time::now;

/// A ready-made blueprint with edits, for development.
fn read(name: &str, edits: &[(&str, &str)]) -> Blueprint {
    blueprint(&ready_made(name, edits), Some("dev"))
}

async fn applied(simulator: &Simulator, blueprint: &Blueprint) -> Stack {
    let stack = Stack::in_virtual_time(connect(simulator).await, blueprint);
    stack.applied(blueprint).await;
    stack
}

/// Everything that there is in a world, by name or id.
fn census(simulator: &Simulator) -> Vec<String> {
    simulator.inventory().unwrap().into_iter().map(|thing| format!("{thing:?}")).collect()
}

/// Once what was terminated is forgotten, too.
async fn nothing_is_left(simulator: &Simulator, stack: &Stack) {
    tokio::time::sleep(Duration::from_hours(3)).await;
    let mut left = census(simulator);
    // Backups and last snapshots of a database stay on purpose.
    left.retain(|thing| {
        thing.contains(&stack.owner().lineage)
            && !thing.contains("kind: \"rds/automated_backups")
            && !thing.contains("kind: \"rds/snapshots")
    });
    assert!(left.is_empty(), "{left:#?}");
}

/// Forgets a stack and finds it again: everything that was recorded, and nothing else, and then there is nothing to do.
async fn found_again(stack: &Stack, blueprint: &Blueprint) -> (Stack, Recovery) {
    let before = stack.state();
    let again = stack.forgotten();
    let recovery = again.recover(blueprint).await;
    assert_eq!((recovery.absent.len(), recovery.strange.len()), (0, 0), "{recovery:#?}");
    let after = again.state();
    let ids = |state: &State| -> BTreeMap<String, String> {
        state.records.iter().map(|(at, record)| (at.to_string(), record.id().unwrap().to_string())).collect()
    };
    assert_eq!(ids(&before), ids(&after));
    let outputs = |state: &State| -> BTreeMap<String, Option<Value>> {
        state.records.iter().map(|(at, record)| (at.to_string(), record.outputs().cloned())).collect()
    };
    assert_eq!(outputs(&before), outputs(&after));
    let plan = again.plan(blueprint).await;
    assert!(plan.is_empty(), "the plan after a recovery: {:#?}", plan.steps);
    (again, recovery)
}

#[tokio::test(start_paused = true)]
async fn three_hundred_resources_are_found_again_with_forty_calls() {
    let simulator = world(Settings::default());
    let blueprint = blueprint(&with_workers(32), Some("dev"));
    let mut stack = applied(&simulator, &blueprint).await;
    let resources = stack.state().records.len();
    assert!(resources >= 300, "only {resources}");

    // Another process, which begins with nothing: not even with whose it is.
    let begun = simulator.calls().len();
    stack.cloud = connect(&simulator).await.into();
    let found = lineages(&stack.cloud, blueprint.name()).await.unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), [&stack.owner().lineage]);
    let again = stack.forgotten();
    again.recover(&blueprint).await;
    let calls: Vec<String> =
        simulator.calls()[begun..].iter().map(|call| format!("{} {}", call.service, call.action)).collect();
    println!("{resources} resources, {} calls: {calls:#?}", calls.len());
    assert!(calls.len() <= 40, "{} calls: {calls:#?}", calls.len());
    assert!(again.plan(&blueprint).await.is_empty());

    found_again(&stack, &blueprint).await;
    again.destroyed().await;
    nothing_is_left(&simulator, &stack).await;
}

/// A process that dies at a call of this action.
async fn dies_at(simulator: &Simulator, stack: &Stack, graph: &Graph, action: &str, fault: Fault) {
    simulator.set_weather(vec![Rule { service: None, action: Some(action.into()), fault, when: When::Nth(1) }]);
    let mut death = simulator.death();
    tokio::select! {
        biased;
        died = death.wait_for(|died| *died) => drop(died.unwrap()),
        report = stack.attempt(graph) => panic!("nothing died at {action}: {report:?}"),
    }
    simulator.set_weather(Vec::new());
    simulator.revive();
}

#[tokio::test(start_paused = true)]
async fn a_survey_sees_what_a_search_by_tag_and_a_read_see() {
    for edits in [&[][..], &MEMCACHED] {
        let simulator = world(Settings::default());
        let blueprint = read("web-service", edits);
        let stack = applied(&simulator, &blueprint).await;
        let graph = stack.expand(&blueprint).await.graph;
        for kind in registry().kinds() {
            let owned = kind.find_owned(&stack.cloud, stack.owner()).await.unwrap();
            let ids: Vec<_> = owned.iter().map(|(_, id)| id.clone()).collect();
            let seen = kind.read(&stack.cloud, &ids, Look::Brief).await.unwrap();
            let told = |key: &Key, id: &Value| {
                let seen = &seen[&id.to_string()];
                (
                    id.to_string(),
                    format!("{key:?} {} {:?}", kind.outputs(id, seen).unwrap(), kind.readiness(seen).unwrap()),
                )
            };
            let expected: BTreeMap<_, _> = owned.iter().map(|(key, id)| told(key, id)).collect();
            let of_kind = graph.addresses().filter(|address| address.kind == kind.kind());
            let desired = of_kind.map(|address| (address.clone(), graph.get(address).unwrap().properties.clone()));
            // By name, and by asking about names that say nothing.
            for desired in [desired.collect(), Vec::new()] {
                let wanted = Wanted::new(stack.owner(), desired);
                let sighted = kind.survey(&stack.cloud, &wanted).await.unwrap();
                let sighted = sighted.into_iter().map(|Sighted { key, id, outputs, readiness }| {
                    (id.to_string(), format!("{key:?} {outputs} {readiness:?}"))
                });
                assert_eq!(sighted.collect::<BTreeMap<_, _>>(), expected, "{}", kind.kind());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_lives_the_older_goes_with_the_next_apply() {
    let simulator = world(Settings::default());
    let small = read("web-service", &[]);
    let large = read("web-service", &[("instance: t4g.small", "instance: t4g.medium")]);
    let stack = applied(&simulator, &small).await;
    let graph = stack.expand(&large).await.graph;
    dies_at(&simulator, &stack, &graph, "DeleteLaunchTemplate", Fault::KillBefore).await;

    let again = stack.forgotten();
    let recovery = again.recover(&large).await;
    let templates = recovery.lives.keys().filter(|life| life.address.to_string() == "launch_template/web");
    assert_eq!(templates.map(|life| life.generation).collect::<Vec<_>>(), [1, 2]);
    let plan = again.applied(&large).await;
    let gone =
        plan.steps.values().filter(|step| step.action == Action::Delete).map(|step| step.incarnation.to_string());
    assert!(gone.collect::<Vec<_>>().contains(&"launch_template/web@1".to_owned()), "{:#?}", plan.steps);

    // Keys of lives that have ended do not come back, and those of an earlier recovery are found again.
    again.applied(&small).await;
    assert!(again.state().records.keys().any(|life| life.to_string() == "launch_template/web@1001"));
    let (again, _) = found_again(&again, &small).await;
    assert_eq!(again.state().spent, 2000);
    again.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn what_shows_late_is_found_too() {
    let simulator = world(Settings { visibility: Visibility::Always(Duration::from_secs(20)), ..Settings::default() });
    let blueprint = read("web-service", &[]);
    let stack = Stack::in_virtual_time(connect(&simulator).await, &blueprint);
    let (_, report) = stack.apply(&blueprint).await;
    assert!(report.is_complete(), "{report:#?}");
    let (again, _) = found_again(&stack, &blueprint).await;
    again.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_half_made_is_finished() {
    let cases = [
        ("CreateDBInstance", Fault::KillAfter),
        ("CreateReplicationGroup", Fault::KillAfter),
        ("CreateNatGateway", Fault::KillAfter),
        ("CreateAutoScalingGroup", Fault::KillAnswered),
        ("PutRolePolicy", Fault::KillBefore),
    ];
    for (action, fault) in cases {
        let simulator = world(Settings::default());
        let blueprint = read("web-service", &[]);
        let stack = Stack::in_virtual_time(connect(&simulator).await, &blueprint);
        let graph = stack.expand(&blueprint).await.graph;
        dies_at(&simulator, &stack, &graph, action, fault).await;
        let again = stack.forgotten();
        let recovery = again.recover(&blueprint).await;
        assert!(!recovery.lives.is_empty() && !recovery.absent.is_empty() && recovery.strange.is_empty(), "{action}");
        again.applied(&blueprint).await;
        again.destroyed().await;
        nothing_is_left(&simulator, &stack).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_destroyed_stack_is_found_by_what_is_left_of_it() {
    for (action, fault) in [("DeleteDBInstance", Fault::KillAfter), ("DeleteVpc", Fault::KillBefore)] {
        let simulator = world(Settings::default());
        let blueprint = read("web-service", &[]);
        let stack = applied(&simulator, &blueprint).await;
        dies_at(&simulator, &stack, &Graph::default(), action, fault).await;
        assert_eq!(lineages(&stack.cloud, blueprint.name()).await.unwrap().len(), 1, "{action}");
        let again = stack.forgotten();
        let recovery = again.recover(&blueprint).await;
        assert!(!recovery.lives.is_empty() && !recovery.absent.is_empty(), "{action}");
        again.destroyed().await;
        let found = lineages(&again.cloud, blueprint.name()).await.unwrap();
        assert!(found.is_empty(), "{action}: {found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_namesake_is_another_and_keeps_what_it_has() {
    let simulator = world(Settings::default());
    let blueprint = read("worker-only", &[]);
    let stack = applied(&simulator, &blueprint).await;
    // Its parameters are taken, so it does not get far.
    let mut namesake = Stack::new(connect(&simulator).await, &blueprint);
    namesake.now = now;
    let graph = namesake.expand(&blueprint).await.graph;
    namesake.attempt(&graph).await.unwrap();
    let theirs = |simulator: &Simulator| -> Vec<String> {
        census(simulator).into_iter().filter(|thing| thing.contains(&namesake.owner().lineage)).collect()
    };
    let before = theirs(&simulator);
    assert!(before.len() > 10, "{before:#?}");

    assert_eq!(lineages(&stack.cloud, blueprint.name()).await.unwrap().len(), 2);
    let (again, _) = found_again(&stack, &blueprint).await;
    again.destroyed().await;
    assert_eq!(theirs(&simulator), before);
}

#[tokio::test(start_paused = true)]
async fn what_the_blueprint_does_not_name_is_told_and_not_recorded() {
    let simulator = world(Settings::default());
    let stack = applied(&simulator, &blueprint(&with_workers(2), Some("dev"))).await;
    let fewer = blueprint(&with_workers(1), Some("dev"));
    let again = stack.forgotten();
    let recovery = again.recover(&fewer).await;
    assert!(recovery.absent.is_empty(), "{:?}", recovery.absent);
    let kinds: BTreeSet<&str> = recovery.strange.iter().map(|found| found.kind.as_str()).collect();
    let expected = ["alarm", "autoscaling_group", "launch_template", "parameter", "queue"];
    assert!(expected.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    let known = again.state();
    assert!(recovery.strange.iter().all(|found| known.records.values().all(|record| record.id() != Some(&found.id))));
}
