//! What a plan learns of a thing from another that uses it is enough to change it, and what nobody uses any more is looked for by itself.
//!
//! On the simulator, in virtual time.

use std::collections::BTreeSet;
use std::time::Duration;

use pando::blueprint::Blueprint;
use pando::engine::plan::{Action, Plan};
use pando::simulator::Simulator;
use pando::simulator::settings::Settings;

use crate::support::documents::ready_made;
use crate::support::simulated::{connect, world};
use crate::support::stack::{Stack, blueprint};

/// Whose tags a plan's look does not show.
const QUIET: [&str; 8] = [
    "iam/roles",
    "iam/profiles",
    "ec2/addresses",
    "ec2/internet_gateways",
    "rds/subnet_groups",
    "rds/parameter_groups",
    "elasticache/subnet_groups",
    "elasticache/parameter_groups",
];

fn read(name: &str, edits: &[(&str, &str)]) -> Blueprint {
    blueprint(&ready_made(name, edits), Some("dev"))
}

async fn applied(simulator: &Simulator, blueprint: &Blueprint) -> Stack {
    let stack = Stack::in_virtual_time(connect(simulator).await, blueprint);
    stack.applied(blueprint).await;
    stack
}

/// Lets an hour go by, after which nothing counts as new.
async fn an_hour_passes() {
    tokio::time::sleep(Duration::from_secs(3700)).await;
}

/// The id of what has this address.
fn id_of(stack: &Stack, address: &str) -> String {
    let state = stack.state();
    let record = state.records.iter().find(|(at, _)| at.address.to_string() == address);
    record.unwrap().1.id().unwrap().as_str().unwrap().to_owned()
}

/// The kinds of which a plan makes something.
fn made(plan: &Plan) -> BTreeSet<&str> {
    let creates = plan.steps.values().filter(|step| step.action == Action::Create);
    creates.map(|step| step.incarnation.address.kind.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_tag_reaches_what_a_look_shows_without_tags() {
    let simulator = world(Settings::default());
    let tagged = |team: &str| {
        let stack = format!("stack: shop\ntags: {{ team: {team} }}\n");
        read("web-service", &[("stack: shop\n", &stack)])
    };
    let stack = applied(&simulator, &tagged("red")).await;
    an_hour_passes().await;
    stack.applied(&tagged("blue")).await;
    let things = simulator.inventory().unwrap().into_iter();
    let ours = things.filter(|thing| thing.tags.get("pando:lineage") == Some(&stack.owner().lineage));
    let teams: BTreeSet<(String, String)> = ours
        .filter(|thing| QUIET.contains(&thing.kind.as_str()))
        .map(|thing| (thing.kind, thing.tags.get("team").cloned().unwrap_or_default()))
        .collect();
    let blue: BTreeSet<_> = QUIET.iter().map(|kind| ((*kind).to_owned(), "blue".to_owned())).collect();
    assert_eq!(teams, blue);
}

#[tokio::test(start_paused = true)]
async fn groups_that_no_database_uses_any_more_are_looked_for_by_name() {
    let simulator = world(Settings::default());
    let blueprint = read("database-only", &[]);
    let stack = applied(&simulator, &blueprint).await;
    let rds = &stack.cloud.api.rds;
    let request = rds.delete_db_instance().db_instance_identifier(id_of(&stack, "db_instance/primary"));
    request.skip_final_snapshot(true).send().await.unwrap();
    an_hour_passes().await;
    assert_eq!(made(&stack.plan(&blueprint).await), BTreeSet::from(["db_instance"]));

    let request = rds.delete_db_parameter_group().db_parameter_group_name(id_of(&stack, "db_parameter_group/database"));
    request.send().await.unwrap();
    an_hour_passes().await;
    assert_eq!(made(&stack.plan(&blueprint).await), BTreeSet::from(["db_instance", "db_parameter_group"]));
}

#[tokio::test(start_paused = true)]
async fn a_gateway_to_which_no_route_leads_any_more_is_looked_for_by_itself() {
    let simulator = world(Settings::default());
    let blueprint = read("web-only", &[]);
    let stack = applied(&simulator, &blueprint).await;
    let request = stack.cloud.api.ec2.delete_route().route_table_id(id_of(&stack, "route_table/public"));
    request.destination_cidr_block("0.0.0.0/0").send().await.unwrap();
    an_hour_passes().await;
    let plan = stack.plan(&blueprint).await;
    let steps: Vec<(&str, Action)> =
        plan.steps.values().map(|step| (step.incarnation.address.kind.as_str(), step.action)).collect();
    assert_eq!(steps, [("route_table", Action::Update)]);
}
