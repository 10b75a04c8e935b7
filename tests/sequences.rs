//! Changes that AWS allows only in a certain order.

use std::time::Duration;

use pando::engine::plan::{Action, Plan};
use pando::simulator::settings::Settings;

use crate::support::documents::ready_made;
use crate::support::simulated::{connect, world};
use crate::support::stack::{Stack, blueprint};

/// Applies one after the other; what the last one planned.
async fn changed(name: &str, before: &[(&str, &str)], after: &[(&str, &str)]) -> Plan {
    let simulator = world(Settings::default());
    let from = blueprint(&ready_made(name, before), Some("dev"));
    let stack = Stack::in_virtual_time(connect(&simulator).await, &from);
    stack.applied(&from).await;
    // Nobody still waits for what is new.
    tokio::time::sleep(Duration::from_hours(1)).await;
    stack.applied(&blueprint(&ready_made(name, after), Some("dev"))).await
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
        let plan = changed("database-only", &[replicas, ("postgres 17", from)], &[replicas, ("postgres 17", to)]).await;
        assert_eq!(actions(&plan, "db_instance"), [Action::Update], "{from} to {to}");
        assert!(!actions(&plan, "db_replica").contains(&Action::Create), "{from} to {to}: {plan:#?}");
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
        let plan = changed(name, &[], &network).await;
        let actions = actions(&plan, "autoscaling_group");
        let count = |action| actions.iter().filter(|one| **one == action).count();
        assert_eq!((count(Action::Create), count(Action::Delete)), (1, 1), "{name}");
    }
}
