//! Generated blueprints on a fake cloud: whatever a blueprint can become can be applied, changed into any other, and removed.

use pando::engine::deployment::RunError;
use pando::engine::graph::Graph;
use pando::engine::planner::PlanError;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};

use crate::support::documents::{sound, source, written};
use crate::support::mirror::stack::{Stack, expansion};
use crate::support::toy::world::block_on;

/// Nothing is protected, so that anything may be replaced and everything removed.
fn open(document: &Value) -> Graph {
    let mut document = document.clone();
    document["protect"] = json!([]);
    expansion(&written(&document), None).graph
}

#[test]
fn any_blueprint_can_be_applied_changed_into_any_other_and_removed() {
    let config = Config { cases: 60, rng_seed: RngSeed::Fixed(2), failure_persistence: None, ..Config::default() };
    let run = |(one, two): (Value, Value)| {
        block_on(async {
            let mut stack = Stack::default();
            stack.apply(&open(&one)).await;
            stack.apply(&open(&two)).await;
            stack.apply(&Graph::default()).await;
        });
        Ok(())
    };
    TestRunner::new(config).run(&(sound::blueprint(), sound::blueprint()), run).unwrap();
}

/// Each pair differs in one thing that reaches far.
#[test]
fn single_edits_can_be_made_and_taken_back() {
    let base = json!({
        "pando": 1, "stack": "shop", "image": { "ssm": "/golden/image" }, "web": {}, "database": { "engine": "mysql 8.4", "replicas": 2 },
        "cache": { "engine": "valkey 8" }, "workers": { "mail": {} },
    });
    let edits = [
        ("/network", json!({ "cidr": "10.20.0.0/16" })),
        ("/network", json!({ "zones": 2, "nat": "one" })),
        ("/network", json!({ "nat": "none" })),
        ("/profile", json!("dev")),
        ("/web", Value::Null),
        ("/database", Value::Null),
        ("/database", json!({ "engine": "postgres 17", "user": "other" })),
        ("/cache", json!({ "engine": "memcached 1.6" })),
        ("/workers", json!({ "letters": {} })),
        ("/web", json!({ "certificate": "arn:aws:acm:eu-west-1:123456789012:certificate/8d6e0a4b", "port": 80 })),
    ];
    for (place, value) in edits {
        let mut edited = base.clone();
        let members = edited.as_object_mut().unwrap();
        match value {
            Value::Null => drop(members.remove(&place[1..])),
            value => drop(members.insert(place[1..].to_owned(), value)),
        }
        block_on(async {
            let mut stack = Stack::default();
            for document in [&base, &edited, &base] {
                stack.apply(&open(document)).await;
            }
            stack.apply(&Graph::default()).await;
        });
    }
}

#[test]
fn one_more_zone_moves_neither_the_database_nor_the_load_balancer() {
    let with = |zones: u32| {
        open(&json!({
            "pando": 1, "stack": "shop", "image": { "ssm": "/golden/image" }, "network": { "zones": zones }, "web": {},
            "database": { "engine": "mysql 8.4" }, "cache": { "engine": "valkey 8" },
        }))
    };
    block_on(async {
        let mut stack = Stack::default();
        stack.apply(&with(2)).await;
        let totals = stack.plan(&with(3)).await.unwrap().totals();
        assert_eq!((totals.replace, totals.delete), (0, 0));
        assert!(totals.create > 0 && totals.update > 0, "{totals:?}");
    });
}

/// What `prod` protects without being asked, each by what it was applied with or by AWS's own lock.
#[test]
fn protection_refuses_a_destroy_and_names_everything_that_it_keeps() {
    let text = "pando: 1\nstack: shop\nimage: { ssm: /golden/image }\nweb: {}\ndatabase: { engine: mysql 8.4 }\n\
                cache: { engine: redis 7 }\nworkers: { mail: {} }\n";
    let (kept, open) = (expansion(&source(text), None).graph, format!("{text}protect: []\n"));
    let open = expansion(&source(&open), None).graph;
    block_on(async {
        let mut stack = Stack::default();
        stack.apply(&kept).await;
        let Err(RunError::Plan(PlanError::Protected(protected))) = stack.plan(&Graph::default()).await else {
            panic!("it would have been destroyed");
        };
        let names: Vec<String> = protected.iter().map(|p| p.incarnation.address.to_string()).collect();
        assert_eq!(
            names,
            [
                "db_instance/primary",
                "load_balancer/web",
                "queue/mail",
                "queue/mail_dead",
                "replication_group/cache",
                "secret/cache",
                "secret/database",
            ]
        );
        // Taken off the list and applied, it may go.
        stack.apply(&open).await;
        stack.apply(&Graph::default()).await;
    });
}
