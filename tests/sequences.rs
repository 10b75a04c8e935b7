//! Changes that AWS allows only in a certain order.

use std::time::Duration;

use pando::blueprint::Blueprint;
use pando::cli::local_aws::ACCOUNT;
use pando::engine::plan::{Action, Plan};
use pando::simulator::Simulator;
use pando::simulator::mishaps::Mishap;
use pando::simulator::settings::Settings;
use tokio::time::Instant;

use crate::support::documents::{MEMCACHED, ready_made};
use crate::support::simulated::{REGION, connect, world};
use crate::support::stack::{Stack, blueprint};

/// Applies one after the other; what the last one planned.
async fn changed(before: &str, after: &str) -> Plan {
    let simulator = world(Settings::default());
    let from = blueprint(before, Some("dev"));
    let stack = Stack::in_virtual_time(connect(&simulator).await, &from);
    stack.applied(&from).await;
    // Nobody still waits for what is new.
    tokio::time::sleep(Duration::from_hours(1)).await;
    stack.applied(&blueprint(after, Some("dev"))).await
}

/// What becomes of the lives of this kind.
fn actions(plan: &Plan, kind: &str) -> Vec<Action> {
    let steps = plan.steps.values().filter(|step| step.incarnation.address.kind == kind);
    steps.map(|step| step.action).collect()
}

#[tokio::test(start_paused = true)]
async fn replicas_are_upgraded_before_their_source_or_along_with_it() {
    let replicas = ("replicas: 0", "replicas: 2");
    let from_to = [
        ("mysql 8.0", "mysql 8.4"),
        ("mariadb 10.11", "mariadb 11.4"),
        ("postgres 16", "postgres 17"),
        ("postgres 17.2", "postgres 17.4"),
    ];
    for (from, to) in from_to {
        let with = |engine| ready_made("database-only", &[replicas, ("postgres 17", engine)]);
        let plan = changed(&with(from), &with(to)).await;
        assert_eq!(actions(&plan, "db_instance"), [Action::Update], "{from} to {to}");
        assert!(!actions(&plan, "db_replica").contains(&Action::Create), "{from} to {to}: {plan:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cache_is_upgraded_in_place_and_made_anew_for_what_aws_does_not_take_back() {
    let stays = [Action::Update];
    let goes = [Action::Delete, Action::Create];
    let from_to: [(_, _, _, &[Action]); 9] = [
        ("replication_group", "valkey 7", "valkey 8", &stays),
        ("replication_group", "valkey 8", "valkey 8.2", &stays),
        ("replication_group", "redis 7", "valkey 7", &stays),
        ("replication_group", "redis 6", "valkey 8", &stays),
        ("replication_group", "valkey 7", "redis 7", &stays),
        ("replication_group", "valkey 7", "redis 7.0", &goes),
        ("replication_group", "valkey 8", "redis 7", &goes),
        ("replication_group", "valkey 8", "valkey 7", &goes),
        ("cache_cluster", "memcached 1.6.12", "memcached 1.6", &stays),
    ];
    for (kind, from, to, expected) in from_to {
        let with = |engine| {
            format!(
                "pando: 1\nstack: fast\nregion: eu-central-1\nenvironments: {{ dev: {{ profile: dev }} }}\ncache: {{ engine: {engine} }}\n"
            )
        };
        let plan = changed(&with(from), &with(to)).await;
        assert_eq!(actions(&plan, kind), expected, "{from} to {to}: {plan:#?}");
    }
}

/// A state that is older than the last run sends changes a second time, like a run after one that nobody saw the end of.
#[tokio::test(start_paused = true)]
async fn a_change_that_has_been_made_already_can_be_asked_for_again() {
    for edits in [&[][..], &MEMCACHED] {
        let plain = ready_made("web-service", edits);
        let tagged = blueprint(&format!("{plain}\ntags: {{ team: shop, floor: \"2\" }}\n"), Some("dev"));
        let plain = blueprint(&plain, Some("dev"));
        let simulator = world(Settings::default());
        let stack = Stack::in_virtual_time(connect(&simulator).await, &plain);
        for (from, to) in [(&tagged, &plain), (&plain, &tagged)] {
            stack.applied(from).await;
            tokio::time::sleep(Duration::from_hours(1)).await;
            let older = stack.fork(connect(&simulator).await);
            stack.applied(to).await;
            older.applied(to).await;
        }
    }
}

/// Which of its zones a database stands in is AWS's choice, so in some of these worlds it is the one that goes.
#[tokio::test(start_paused = true)]
async fn a_zone_that_a_database_stands_in_stays_and_the_refusal_says_what_to_write() {
    let zones = |count: &str| {
        blueprint(
            &ready_made(
                "database-only",
                &[("database:\n  engine", &format!("network: {{ zones: {count} }}\ndatabase:\n  engine"))],
            ),
            Some("dev"),
        )
    };
    let mut refused = 0;
    for seed in 0..8 {
        let simulator = world(Settings { seed, ..Settings::default() });
        let stack = Stack::in_virtual_time(connect(&simulator).await, &zones("3"));
        stack.applied(&zones("3")).await;
        let (_, report) = stack.apply(&zones("2")).await;
        for failure in report.failed.values() {
            let words = "AWS moves no database and no cache to another zone: write as many `zones` as there were";
            assert!(failure.to_string().ends_with(words), "{failure}");
            refused += 1;
        }
    }
    assert!((1..8).contains(&refused), "{refused}");
}

/// No call moves a group together with its template's security groups, so it is made anew beside the old one.
#[tokio::test(start_paused = true)]
async fn clones_and_workers_move_to_another_network_by_new_groups() {
    let network = [("network: { nat: one }", "network: { nat: one, cidr: 10.77.0.0/16 }")];
    for name in ["web-only", "worker-only"] {
        let plan = changed(&ready_made(name, &[]), &ready_made(name, &network)).await;
        let actions = actions(&plan, "autoscaling_group");
        let count = |action| actions.iter().filter(|one| **one == action).count();
        assert_eq!((count(Action::Create), count(Action::Delete)), (1, 1), "{name}");
    }
}

fn web(instance: &str) -> Blueprint {
    let edit = format!("web:\n  instance: {instance}\n");
    blueprint(&ready_made("web-only", &[("web:\n", &edit)]), Some("dev"))
}

/// Clones that serve, in a world that has no room for more of them.
async fn without_room(blueprint: &Blueprint) -> (Simulator, Stack) {
    let simulator = world(Settings::default());
    let stack = Stack::in_virtual_time(connect(&simulator).await, blueprint);
    stack.applied(blueprint).await;
    simulator.happen(ACCOUNT, REGION, &Mishap::Capacity(false));
    (simulator, stack)
}

/// Clones do not come into service. Who still wants them is told so each time; for who takes them back everything is as it was.
#[tokio::test(start_paused = true)]
async fn a_rollout_that_failed_is_an_error_until_it_is_taken_back() {
    let (old, new) = (web("t4g.small"), web("t4g.medium"));
    let (_, stack) = without_room(&old).await;
    for _ in 0..2 {
        let (_, report) = stack.apply(&new).await;
        let failures: Vec<String> = report.failed.values().map(ToString::to_string).collect();
        assert!(
            matches!(&failures[..], [why] if why.contains("the rollout ended as RollbackSuccessful")),
            "{failures:?}"
        );
    }
    stack.applied(&old).await;
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_is_under_way_is_cancelled_by_whoever_takes_it_back() {
    let (old, new) = (web("t4g.small"), web("t4g.medium"));
    let (simulator, stack) = without_room(&old).await;
    let graph = stack.graph(Some(&new)).await;
    let stop = async {
        tokio::time::sleep(Duration::from_mins(2)).await;
        stack.stop.send_replace(true);
    };
    let (report, ()) = tokio::join!(stack.attempt(&graph), stop);
    assert!(report.is_some_and(|report| report.stopped), "{:#?}", stack.events());
    stack.stop.send_replace(false);
    let began = Instant::now();
    stack.applied(&old).await;
    assert!(began.elapsed() < Duration::from_mins(10), "AWS gives up after an hour: {:?}", began.elapsed());
    assert!(simulator.calls().iter().any(|call| call.action == "CancelInstanceRefresh"));
}
