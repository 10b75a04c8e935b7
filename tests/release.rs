//! Protection is lifted in a step of its own: exactly that, wherever the process dies meanwhile.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use insta::assert_snapshot;
use pando::engine::address::Address;
use pando::engine::deployment::{Report, RunError};
use pando::engine::graph::Graph;
use pando::engine::plan::Plan;
use pando::engine::planner::{PlanError, Protection, Unreleasable};

use crate::support::toy::cloud::Fault;
use crate::support::toy::world::{BASE, Look, World, applied, block_on, graph, lines};

/// The network by the cloud's own lock, the fleet by what it was applied with.
const KEPT: Look = Look { keep: true, protect: true, ..BASE };

fn both() -> BTreeSet<Address> {
    ["network/main", "fleet/web"].map(|address| address.parse().unwrap()).into()
}

fn only(address: &str) -> BTreeSet<Address> {
    [address.parse().unwrap()].into()
}

async fn planned(world: &World, of: &BTreeSet<Address>) -> Result<Plan, RunError> {
    world.process().plan_release(of).await.map(|(plan, _)| plan)
}

/// `None`: the process died.
async fn release(world: &World, of: &BTreeSet<Address>) -> Option<Result<Report, RunError>> {
    let mut process = world.process();
    let run = async {
        let (plan, seen) = process.plan_release(of).await?;
        process.release(of, &plan, &seen).await
    };
    tokio::select! {
        biased;
        () = world.cloud.faults.died() => None,
        result = run => Some(result),
    }
}

async fn protected(world: &World) -> Vec<(String, Protection)> {
    let all = world.process().protected().await.expect("a list");
    all.into_iter().map(|resource| (resource.incarnation.to_string(), resource.why)).collect()
}

#[test]
fn what_is_protected_is_listed_with_what_protects_it() {
    block_on(async {
        let world = applied(KEPT).await;
        let all = protected(&world).await;
        let [(fleet, Protection::Blueprint), (network, Protection::Cloud(_))] = &all[..] else { panic!("{all:?}") };
        assert_eq!((fleet.as_str(), network.as_str()), ("fleet/web@1", "network/main@1"));
        world.cloud.world.lock().unwrap().objects.retain(|_, object| object.kind != "fleet");
        assert_eq!(protected(&world).await[0], ("fleet/web@1".to_owned(), Protection::Vanished));
    });
}

#[test]
fn a_release_lifts_what_it_names_and_nothing_else() {
    block_on(async {
        let world = applied(KEPT).await;
        assert_snapshot!(lines(&planned(&world, &both()).await.unwrap()), @"
        Record fleet/web@1 (Protection)
        Update network/main@1 (Protection)
        ");
        release(&world, &only("fleet/web")).await.unwrap().unwrap();
        let Err(RunError::Plan(PlanError::Protected(left))) = world.process().plan(&Graph::default()).await else {
            panic!("the network is still protected");
        };
        assert_eq!(left.iter().map(|left| left.incarnation.to_string()).collect::<Vec<_>>(), ["network/main@1"]);
        // Once more is no mistake: a run that was killed at its end is begun again.
        assert!(planned(&world, &only("fleet/web")).await.unwrap().is_empty());
        release(&world, &only("network/main")).await.unwrap().unwrap();
        assert_eq!(protected(&world).await, []);
        world.check(&graph(BASE), "as if it had been applied without").await;
    });
}

#[test]
fn a_release_leaves_what_somebody_changed_to_the_next_plan() {
    block_on(async {
        let world = applied(KEPT).await;
        let change = |kind: &str, field: &str, value: serde_json::Value| {
            let mut cloud = world.cloud.world.lock().unwrap();
            cloud.objects.values_mut().find(|object| object.kind == kind).unwrap().body[field] = value;
        };
        change("fleet", "template", serde_json::json!("template-other"));
        let plan = planned(&world, &only("fleet/web")).await.unwrap();
        assert_snapshot!(lines(&plan), @"Record fleet/web@1 (Protection)");
        // The lock of what could only be replaced is for whoever has to replace it.
        change("network", "cidr", "10.9.0.0/16".into());
        let refused = planned(&world, &only("network/main")).await;
        let Err(RunError::Plan(PlanError::Release(_, why))) = refused else { panic!("{refused:?}") };
        assert_eq!(why, Unreleasable::Replace("cidr".into()));
        // Lifted by hand there is nothing left to release.
        change("network", "keep", false.into());
        assert_eq!(protected(&world).await.len(), 1);
        assert!(planned(&world, &only("network/main")).await.unwrap().is_empty());
    });
}

#[test]
fn what_is_not_there_cannot_be_released() {
    block_on(async {
        let world = applied(KEPT).await;
        world.cloud.world.lock().unwrap().objects.retain(|_, object| object.kind != "fleet");
        for (address, why) in [("fleet/web", Unreleasable::Vanished), ("fleet/other", Unreleasable::Unknown)] {
            let refused = planned(&world, &only(address)).await;
            let Err(RunError::Plan(PlanError::Release(_, said))) = refused else { panic!("{refused:?}") };
            assert_eq!(said, why);
        }
    });
}

/// Dies or loses an answer at every boundary; then the same again must do, and leave the world as if nothing had happened.
#[test]
fn a_fault_at_every_boundary_of_a_release() {
    let faults = [
        Fault::Crash,
        Fault::CrashThenLate(20),
        Fault::NoAnswer,
        Fault::NoAnswerThenLate(20),
        Fault::Throttle,
        Fault::Blind,
    ];
    let mut cases = 0;
    for fault in faults {
        for n in 0.. {
            let fired = block_on(async {
                let case = format!("{fault:?} at {n}");
                let world = applied(KEPT).await;
                world.cloud.faults.arm(n, fault);
                let first = release(&world, &both()).await;
                if !world.cloud.faults.fired.load(Ordering::SeqCst) {
                    return false;
                }
                world.cloud.faults.disarm();
                if !matches!(&first, Some(Ok(report)) if report.is_complete()) {
                    // Whatever holds by now, nothing may go before the release is complete.
                    let early = world.process().plan(&Graph::default()).await;
                    if early.is_ok() {
                        assert_eq!(protected(&world).await, [], "{case}");
                    }
                    let report = release(&world, &both()).await.expect("alive").expect("a run");
                    assert!(report.is_complete(), "{case}: {report:?}");
                }
                tokio::time::sleep(Duration::from_mins(5)).await;
                assert_eq!(protected(&world).await, [], "{case}");
                world.check(&graph(BASE), &case).await;
                world.applied(&Graph::default()).await;
                tokio::time::sleep(Duration::from_mins(1)).await;
                world.check(&Graph::default(), &case).await;
                true
            });
            if !fired {
                break;
            }
            cases += 1;
        }
    }
    println!("release: {cases} cases");
    assert!(cases > 80, "the faults must bite: {cases}");
}
