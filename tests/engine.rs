//! The engine on toy kinds and a fake cloud: plans as text, and runs with one thing going wrong.

use std::slice;
use std::time::Duration;

use insta::assert_snapshot;
use pando::engine::address::{Address, Incarnation, Key, Owner};
use pando::engine::change::{Diff, Manner};
use pando::engine::deployment::RunError;
use pando::engine::graph::{Graph, GraphError};
use pando::engine::journal::{Entry, Fact};
use pando::engine::kind::{Actions, Rules};
use pando::engine::plan::Action;
use pando::engine::planner::{PlanError, Protection};
use pando::engine::reference::{Book, Known};
use pando::engine::resource::Look as Closeness;
use pando::engine::state::{Request, State};

use crate::support::toy::cloud::FakeCloud;
use crate::support::toy::network::Network;
use crate::support::toy::registry;
use crate::support::toy::subnet::Subnet;
use crate::support::toy::world::{BASE, Look, World, applied, block_on, count, graph, lines};

// plans

#[test]
fn a_first_apply_converges_and_its_plan_is_empty() {
    block_on(async {
        let world = applied(BASE).await;
        world.check(&graph(BASE), "first").await;
    });
}

#[test]
fn planning_twice_gives_the_same_bytes() {
    block_on(async {
        let world = applied(BASE).await;
        let next = graph(Look { network_cidr: "10.1.0.0/16", image: "image-2", ..BASE });
        let (one, two) = (world.plan(&next).await, world.plan(&next).await);
        assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&two).unwrap());
        assert!(!one.is_empty());
    });
}

#[test]
fn changing_a_subnets_range_makes_the_new_one_moves_the_groups_and_removes_the_old_one() {
    block_on(async {
        let world = applied(BASE).await;
        let plan = world.plan(&graph(Look { subnet_cidr: "10.0.9.0/24", ..BASE })).await;
        assert_snapshot!(lines(&plan), @r#"
        Update group/db@1 (DependencyReplaced(Address { kind: "subnet", name: "a" })) after subnet/a@2
        Update group/web@1 (DependencyReplaced(Address { kind: "subnet", name: "a" })) after subnet/a@2
        Delete subnet/a@1 (Superseded) after group/db@1, group/web@1, subnet/a@2
        Create subnet/a@2 (FieldCannotChange("cidr"))
        "#);
        let totals = plan.totals();
        assert_eq!((totals.create, totals.update, totals.replace, totals.delete), (0, 2, 1, 0));
    });
}

#[test]
fn changing_a_subnets_zone_takes_the_old_one_away_first_and_what_stands_on_it_too() {
    block_on(async {
        let world = applied(BASE).await;
        let next = graph(Look { zone: "z3", ..BASE });
        assert_snapshot!(lines(&world.plan(&next).await), @r#"
        Delete fleet/web@1 (Superseded)
        Create fleet/web@2 (DependencyReplaced(Address { kind: "group", name: "web" })) after fleet/web@1, group/web@2
        Delete group/db@1 (Superseded) after rule/db-to-web@1, rule/web-to-db@1
        Create group/db@2 (DependencyReplaced(Address { kind: "subnet", name: "a" })) after group/db@1, subnet/a@2
        Delete group/web@1 (Superseded) after fleet/web@1, rule/db-to-web@1, rule/web-to-db@1
        Create group/web@2 (DependencyReplaced(Address { kind: "subnet", name: "a" })) after group/web@1, subnet/a@2
        Delete rule/db-to-web@1 (Superseded)
        Create rule/db-to-web@2 (DependencyReplaced(Address { kind: "group", name: "db" })) after group/db@2, group/web@2, rule/db-to-web@1
        Delete rule/web-to-db@1 (Superseded)
        Create rule/web-to-db@2 (DependencyReplaced(Address { kind: "group", name: "db" })) after group/db@2, group/web@2, rule/web-to-db@1
        Delete subnet/a@1 (Superseded) after group/db@1, group/web@1
        Create subnet/a@2 (FieldCannotChange("zone")) after subnet/a@1
        "#);
        world.applied(&next).await;
        world.check(&next, "zone").await;
    });
}

#[test]
fn changing_the_network_tears_down_what_stands_on_it() {
    block_on(async {
        let world = applied(BASE).await;
        let plan = world.plan(&graph(Look { network_cidr: "10.1.0.0/16", ..BASE })).await;
        assert_snapshot!(lines(&plan), @r#"
        Delete fleet/web@1 (Superseded)
        Create fleet/web@2 (DependencyReplaced(Address { kind: "group", name: "web" })) after fleet/web@1, group/web@2
        Delete group/db@1 (Superseded) after rule/db-to-web@1, rule/web-to-db@1
        Create group/db@2 (DependencyReplaced(Address { kind: "subnet", name: "a" })) after group/db@1, subnet/a@2
        Delete group/web@1 (Superseded) after fleet/web@1, rule/db-to-web@1, rule/web-to-db@1
        Create group/web@2 (DependencyReplaced(Address { kind: "network", name: "main" })) after group/web@1, network/main@2, subnet/a@2, subnet/b@2
        Forget guard/main@1 (Superseded)
        Create guard/main@2 (DependencyReplaced(Address { kind: "network", name: "main" })) after guard/main@1, network/main@2
        Delete network/main@1 (Superseded) after group/web@1, guard/main@1, subnet/a@1, subnet/b@1
        Create network/main@2 (FieldCannotChange("cidr")) after network/main@1
        Delete rule/db-to-web@1 (Superseded)
        Create rule/db-to-web@2 (DependencyReplaced(Address { kind: "group", name: "db" })) after group/db@2, group/web@2, rule/db-to-web@1
        Delete rule/web-to-db@1 (Superseded)
        Create rule/web-to-db@2 (DependencyReplaced(Address { kind: "group", name: "db" })) after group/db@2, group/web@2, rule/web-to-db@1
        Delete subnet/a@1 (Superseded) after group/db@1, group/web@1
        Create subnet/a@2 (DependencyReplaced(Address { kind: "network", name: "main" })) after network/main@2, subnet/a@1
        Delete subnet/b@1 (Superseded) after group/web@1
        Create subnet/b@2 (DependencyReplaced(Address { kind: "network", name: "main" })) after network/main@2, subnet/b@1
        "#);
    });
}

#[test]
fn a_new_image_is_a_new_template_and_only_the_fleet_follows() {
    block_on(async {
        let world = applied(BASE).await;
        let next = graph(Look { image: "image-2", secret: 2, ..BASE });
        assert_snapshot!(lines(&world.plan(&next).await), @r#"
        Update fleet/web@1 (DependencyReplaced(Address { kind: "template", name: "web" })) after group/web@1, template/web@2
        Update group/db@1 (Edited)
        Update group/web@1 (Edited)
        Delete template/web@1 (Superseded) after fleet/web@1, template/web@2
        Create template/web@2 (FieldCannotChange("image"))
        "#);
        world.applied(&next).await;
        world.check(&next, "image").await;
    });
}

#[test]
fn a_killed_wait_goes_on_in_the_next_run() {
    block_on(async {
        let world = World::new(1);
        let base = graph(BASE);
        let killed = tokio::time::timeout(Duration::from_secs(200), world.apply(&base)).await;
        assert!(killed.is_err(), "the groups take ten minutes");
        let plan = world.plan(&base).await;
        assert_eq!(count(&plan, Action::Settle), 2, "{}", lines(&plan));
        world.applied(&base).await;
        world.check(&base, "create").await;

        let next = graph(Look { image: "image-2", ..BASE });
        let killed = tokio::time::timeout(Duration::from_secs(200), world.apply(&next)).await;
        assert!(killed.is_err(), "the rollout takes ten minutes");
        let plan = world.plan(&next).await;
        assert_snapshot!(lines(&plan), @"
        Settle fleet/web@1 (PreviousRunUnfinished)
        Delete template/web@1 (Superseded) after fleet/web@1
        ");
        world.applied(&next).await;
        world.check(&next, "rollout").await;
    });
}

#[test]
fn drift_and_disappearance_are_repaired() {
    block_on(async {
        let world = applied(BASE).await;
        let base = graph(BASE);
        {
            let mut cloud = world.cloud.world.lock().unwrap();
            let subnet = cloud.objects.values_mut().find(|o| o.kind == "subnet").unwrap();
            subnet.body["tags"] = serde_json::json!({"t": "by hand", "cost-tool": "x"});
            cloud.objects.retain(|_, o| o.kind != "fleet" && !(o.kind == "rule" && o.body["port"] == 80));
        }
        assert_snapshot!(lines(&world.plan(&base).await), @"
        Forget fleet/web@1 (Vanished)
        Create fleet/web@2 (Vanished) after fleet/web@1
        Forget rule/db-to-web@1 (Vanished)
        Create rule/db-to-web@2 (Vanished) after rule/db-to-web@1
        Update subnet/a@1 (Drifted)
        ");
        world.applied(&base).await;
        world.check(&base, "drift").await;
    });
}

#[test]
fn a_failed_thing_is_replaced_and_a_stuck_one_is_told_again() {
    block_on(async {
        let world = applied(BASE).await;
        let break_it = |kind: &str, stage: serde_json::Value| {
            let mut cloud = world.cloud.world.lock().unwrap();
            let broken = cloud.objects.values_mut().find(|o| o.kind == kind).unwrap();
            broken.body["broken"] = stage;
        };
        break_it("fleet", serde_json::json!({"unusable": "it never came up"}));
        let plan = world.plan(&graph(BASE)).await;
        assert_snapshot!(lines(&plan), @r#"
        Delete fleet/web@1 (Superseded) after fleet/web@2
        Create fleet/web@2 (Unusable("it never came up"))
        "#);
        world.applied(&graph(BASE)).await;
        world.check(&graph(BASE), "unusable").await;

        break_it("fleet", serde_json::json!({"stuck": "the rollout stopped"}));
        let next = graph(Look { image: "image-2", ..BASE });
        assert_eq!(count(&world.plan(&next).await, Action::Update), 1);
        world.applied(&next).await;
        world.check(&next, "stuck").await;
    });
}

// protection

#[test]
fn what_the_cloud_protects_stops_the_plan() {
    block_on(async {
        let world = applied(Look { keep: true, ..BASE }).await;
        let result = world.process().plan(&Graph::default()).await;
        let Err(RunError::Plan(PlanError::Protected(protected))) = result else { panic!("{result:?}") };
        assert_eq!(protected.len(), 1);
        assert!(matches!(protected[0].why, Protection::Cloud(_)));
    });
}

#[test]
fn protection_survives_the_removal_of_the_block_and_is_lifted_in_a_step_of_its_own() {
    block_on(async {
        let world = applied(Look { protect: true, ..BASE }).await;
        let result = world.process().plan(&Graph::default()).await;
        let Err(RunError::Plan(PlanError::Protected(protected))) = result else { panic!("{result:?}") };
        assert_eq!(protected.iter().map(|p| p.why).collect::<Vec<_>>(), [Protection::Blueprint]);

        let lifted = graph(BASE);
        assert_snapshot!(lines(&world.plan(&lifted).await), @"Record fleet/web@1 (Protection)");
        world.applied(&lifted).await;
        world.applied(&Graph::default()).await;
        world.check(&Graph::default(), "destroyed").await;
    });
}

#[test]
fn a_protected_thing_that_vanished_stops_the_plan() {
    block_on(async {
        let world = applied(Look { protect: true, ..BASE }).await;
        world.cloud.world.lock().unwrap().objects.retain(|_, o| o.kind != "fleet");
        let result = world.process().plan(&graph(Look { protect: true, ..BASE })).await;
        let Err(RunError::Plan(PlanError::Protected(protected))) = result else { panic!("{result:?}") };
        assert_eq!(protected.iter().map(|p| p.why).collect::<Vec<_>>(), [Protection::Vanished]);
        assert_eq!(
            count(&world.plan(&graph(BASE)).await, Action::Create),
            1,
            "lifting it says that it may be made anew"
        );
    });
}

// runs with one thing going wrong

#[test]
fn a_reference_from_another_graph_is_refused() {
    let mut other = Graph::default();
    let network = Network { cidr: String::new(), tags: std::collections::BTreeMap::new(), keep: false };
    let network = other.add("elsewhere", &network).unwrap();
    let subnet = Subnet { network, cidr: String::new(), zone: None, tags: std::collections::BTreeMap::new() };
    assert!(matches!(Graph::default().add("x", &subnet), Err(GraphError::Dangling(..))));
}

#[test]
fn what_is_made_after_another_waits_for_it_and_is_free_of_it_later() {
    block_on(async {
        let network = |cidr: &str| Network { cidr: cidr.into(), tags: std::collections::BTreeMap::new(), keep: false };
        let desired = |early: &str| {
            let mut graph = Graph::default();
            let late = graph.add("late", &network("10.1.0.0/16")).unwrap();
            let early = graph.add("early", &network(early)).unwrap();
            graph.make_after(slice::from_ref(&late), &early).unwrap();
            assert!(matches!(graph.make_after(slice::from_ref(&early), &late), Err(GraphError::Backwards(..))));
            graph
        };
        let (world, first) = (World::new(1), desired("10.2.0.0/16"));
        assert_snapshot!(lines(&world.plan(&first).await), @r"
        Create network/early@1 (New)
        Create network/late@1 (New) after network/early@1
        ");
        world.applied(&first).await;
        world.check(&first, "first").await;
        let replaced = world.plan(&desired("10.3.0.0/16")).await;
        assert!(replaced.steps.values().all(|step| step.incarnation.address.name == "early"), "{}", lines(&replaced));
    });
}

#[test]
fn an_address_can_be_declared_once() {
    let network = Network { cidr: String::new(), tags: std::collections::BTreeMap::new(), keep: false };
    let mut graph = Graph::default();
    graph.add("x", &network).unwrap();
    assert!(matches!(graph.add("x", &network), Err(GraphError::Twice(_))));
}

#[test]
fn actions_upcast_to_rules_and_calls_are_send() {
    fn is_send<T: Send>(_: &T) {}
    let registry = registry();
    let actions: &'static dyn Actions<FakeCloud> = registry.actions("subnet").unwrap();
    let rules: &dyn Rules = actions;
    assert_eq!(rules.kind(), "subnet");
    let cloud = FakeCloud::default();
    is_send(&actions.read(&cloud, &[], Closeness::Brief));
}

#[test]
fn a_reference_the_cloud_does_not_show_differs_by_incarnation() {
    let mut graph = Graph::default();
    let network = Network { cidr: String::new(), tags: std::collections::BTreeMap::new(), keep: false };
    let network = graph.add("n", &network).unwrap();
    let life = |generation| Incarnation { address: network.address(), generation };
    let recorded = Request { depends_on: [life(1)].into(), ..Request::default() };
    for (now, changes) in [(1, 0), (2, 1)] {
        let mut book = Book::default();
        book.enter(life(now), Known::AfterApply);
        let mut diff = Diff::new(&book, &recorded);
        diff.unseen_ref("secret", Manner::InPlace, &network);
        assert_eq!(diff.finish().0.len(), changes);
    }
}

#[test]
fn an_illegal_journal_is_refused() {
    block_on(async {
        let world = applied(BASE).await;
        let entries = world.entries.lock().unwrap().clone();
        let owner = Owner { lineage: "l".into(), stack: "s".into() };
        for n in 0..entries.len() {
            let mut twice = entries.clone();
            twice.insert(n, entries[n].clone());
            let fold = State::new(owner.clone()).fold(&twice);
            assert!(fold.is_err(), "doubled entry {n} passed: {:?}", entries[n]);
        }
        let subnet = Address::new("subnet", "a");
        assert_eq!(State::new(owner).fold(&entries).unwrap().lives(&subnet).count(), 1);
    });
}

/// The look that ends the wait for what is new comes when that is not new any more, not before.
#[test]
fn what_shows_only_after_ten_minutes_is_not_made_anew() {
    block_on(async {
        let network = Incarnation::first(&Address::new("network", "main"));
        let is_made = |world: &World| world.process().state.records.get(&network).is_some_and(|r| r.id().is_some());
        // Some look begins before it shows and is answered when ten minutes are over. Between two looks there are fourteen seconds.
        for (lag, pause) in (586..=599).flat_map(|lag| (0..14).map(move |pause| (lag, pause))) {
            for boundary in 0.. {
                let world = World::new(lag);
                world.cloud.world.lock().unwrap().slow = Duration::from_secs(4);
                world.apply_until(boundary, &graph(BASE)).await;
                if is_made(&world) {
                    world.cloud.world.lock().unwrap().lag = Duration::ZERO;
                    tokio::time::sleep(Duration::from_secs(pause)).await;
                    world.applied(&graph(BASE)).await;
                    world.check(&graph(BASE), "late").await;
                    assert_eq!(world.process().state.generations[&network.address], 1, "{lag} s, {pause} s");
                    break;
                }
            }
        }
    });
}

/// A lost create is sent again under its identity, however often, until it made something; then the identity is used up.
#[test]
fn what_was_never_made_keeps_its_identity_and_what_was_made_and_is_gone_gives_it_up() {
    block_on(async {
        let (base, of) = (graph(BASE), Incarnation::first(&Address::new("template", "web")));
        let properties = base.get(&of.address).unwrap().properties.clone();
        let (key, request) = (Key::derive("lineage-1", &of), Request { properties, ..Request::default() });
        let sent = || Fact::CreateSent { key: key.clone(), request: request.clone(), expected: None, at: 0 };
        let lost = vec![sent(), Fact::NotFound, sent(), Fact::NotFound];
        let outputs = serde_json::json!({ "template_id": "template-1" });
        let made = [Fact::Created { id: "template-1".into(), at: 0 }, Fact::Ready { outputs }];
        let gone = [lost[..3].to_vec(), made.to_vec(), vec![Fact::DeleteSent { at: 0 }, Fact::Gone]].concat();
        for (facts, generation, waited_for) in [(lost, 1, 1), (gone, 2, 0)] {
            let world = World::new(1);
            let entries = facts.into_iter().map(|fact| Entry::Happened { of: of.clone(), fact });
            world.entries.lock().unwrap().extend(entries);
            let plan = world.plan(&base).await;
            let next = plan.steps.keys().find(|at| at.address == of.address).unwrap();
            assert_eq!(next.generation, generation);
            assert_eq!(world.process().ghosts().len(), waited_for, "{:?}", world.process().state.records);
            world.applied(&base).await;
            world.check(&base, "a lost create").await;
        }
    });
}
