//! Changes that AWS allows only in a certain order.

use std::time::Duration;

use pando::engine::plan::{Action, Plan};
use pando::simulator::settings::Settings;

use crate::support::documents::ready_made;
use crate::support::simulated::{connect, world};
use crate::support::stack::{Stack, blueprint};
use crate::support::time::now;

/// Applies one after the other; what the last one planned.
async fn changed(name: &str, before: &[(&str, &str)], after: &[(&str, &str)]) -> Plan {
    let simulator = world(Settings::default());
    let from = blueprint(&ready_made(name, before), Some("dev"));
    let mut stack = Stack::new(connect(&simulator).await, &from);
    stack.now = now;
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
