//! What plans look like, for people and for machines.

use insta::{assert_json_snapshot, assert_snapshot};
use pando::aws::resources;
use pando::cli::view::plan_text;
use pando::engine::address::Owner;
use pando::engine::graph::Graph;
use pando::engine::plan::{Observations, Plan};
use pando::engine::planner;
use pando::engine::state::State;
use serde_json::{Value, json};

use crate::support::documents::{READY_MADE, ready_made, source, written};
use crate::support::mirror::stack::{Stack, expansion};
use crate::support::toy::world::block_on;

/// The plan of a first apply: nothing is there, and nothing is known.
fn first(graph: &Graph) -> Plan {
    let state = State::new(Owner { lineage: "lineage-1".into(), stack: "shop".into() });
    planner::plan(graph, &state, &Observations::new(), &resources::registry().rules()).expect("a plan")
}

fn first_plan_of(name: &str, environment: Option<&str>) -> Plan {
    first(&expansion(&source(&ready_made(name, &[])), environment).graph)
}

#[test]
fn the_first_plan_of_every_ready_made_blueprint_lists_what_it_becomes() {
    for (name, _) in READY_MADE {
        assert_snapshot!(format!("first plan of {name}"), text(&first_plan_of(name, None)));
        assert_snapshot!(format!("first plan of {name} for dev"), text(&first_plan_of(name, Some("dev"))));
    }
}

#[test]
fn planning_twice_gives_the_same_bytes() {
    for (name, _) in READY_MADE {
        for environment in [None, Some("dev")] {
            let (one, two) = (first_plan_of(name, environment), first_plan_of(name, environment));
            assert_eq!(text(&one), text(&two), "{name} {environment:?}");
            let json = |plan: &Plan| serde_json::to_string(plan).unwrap();
            assert_eq!(json(&one), json(&two), "{name} {environment:?}");
            assert!(json(&one).len() > 1000, "{name} {environment:?} plans hardly anything");
        }
    }
}

#[test]
fn a_plan_as_json_reads_back_and_says_what_is_asked_for_and_in_which_order() {
    let plan = first_plan_of("database-only", Some("dev"));
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    assert_json_snapshot!("first plan of database-only for dev as json", plan);
}

/// The boot script is in every launch template, and what is secret in none of them: it is looked up by the clone.
#[test]
fn no_plan_of_a_first_apply_holds_a_password() {
    for (name, _) in READY_MADE {
        let json = serde_json::to_value(first_plan_of(name, None)).unwrap();
        let mut found = Vec::new();
        collect_passwords(&json, &mut found);
        assert!(found.iter().all(Value::is_object), "{name}: a password is a reference and nothing else: {found:?}");
        assert!(!found.is_empty() || !["database-only", "web-service"].contains(&name), "{name} has a database");
    }
}

fn collect_passwords(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("password").cloned());
            members.values().for_each(|member| collect_passwords(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_passwords(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A plan as people see it.
fn text(plan: &Plan) -> String {
    plan_text::text(plan, &plan.lost_data(&resources::registry().rules()))
}

/// From one blueprint to another, with nothing protected.
fn change(from: &Value, to: &Value) -> String {
    let graph = |document: &Value| expansion(&written(document), None).graph;
    block_on(async {
        let mut stack = Stack::default();
        stack.apply(&graph(from)).await;
        text(&stack.plan(&graph(to)).await.expect("a plan"))
    })
}

fn shop() -> Value {
    json!({
        "pando": 1, "stack": "shop", "protect": [], "network": { "zones": 2, "nat": "one" }, "image": { "ssm": "/golden/image" },
        "web": { "clones": { "min": 2, "max": 4 } }, "database": { "engine": "mysql 8.4", "replicas": 1 },
        "workers": { "mail": {} },
    })
}

#[test]
fn more_clones_a_replica_and_a_group_of_workers_change_what_they_must_and_nothing_else() {
    let mut more = shop();
    more["web"]["clones"]["max"] = json!(8);
    more["database"]["replicas"] = json!(2);
    more["workers"]["letters"] = json!({});
    assert_snapshot!(change(&shop(), &more));
}

#[test]
fn another_engine_replaces_the_database_and_says_so_first() {
    let mut other = shop();
    other["database"]["engine"] = json!("postgres 17");
    assert_snapshot!(change(&shop(), &other));
}

#[test]
fn another_range_replaces_the_network_and_all_that_stands_in_it() {
    let mut other = shop();
    other["network"]["cidr"] = json!("10.20.0.0/16");
    assert_snapshot!(change(&shop(), &other));
}

#[test]
fn a_section_that_is_taken_away_is_deleted_first_of_all() {
    let mut less = shop();
    less.as_object_mut().unwrap().remove("workers");
    assert_snapshot!(change(&shop(), &less));
}
