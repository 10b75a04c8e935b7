//! Loops, not cases: every boundary, every fault, resume, look at the cloud.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Duration;

use pando::engine::graph::Graph;
use pando::engine::journal::{Entry, Fact};

use crate::support::toy::cloud::Fault;
use crate::support::toy::world::{BASE, Look, World, applied, block_on, graph};

/// How long a run waits for what an earlier one may have sent, in seconds.
const QUIET: u64 = 60;

struct Scenario {
    name: &'static str,
    from: Option<Look>,
    /// `None`: destroy.
    to: Option<Look>,
    /// What is asked for after the fault, if not the same again.
    then: Option<Look>,
}

fn scenarios() -> Vec<Scenario> {
    let moved = Look { subnet_cidr: "10.0.9.0/24", tag: "two", ..BASE };
    let zone = Look { zone: "z3", ..BASE };
    let rebuilt = Look { network_cidr: "10.1.0.0/16", ..BASE };
    let image = Look { image: "image-2", secret: 2, ..BASE };
    let fewer = Look { second_subnet: false, ..BASE };
    let kept = Look { keep: true, ..BASE };
    let noted = Look { note: "two", ..BASE };
    let s = |name, from, to, then| Scenario { name, from, to, then };
    vec![
        s("create", None, Some(BASE), None),
        s("create in two calls", None, Some(kept), None),
        s("create then other subnet", None, Some(BASE), Some(moved)),
        s("create then other notes", None, Some(BASE), Some(noted)),
        s("other notes then back", Some(BASE), Some(noted), Some(BASE)),
        s("create then other network", None, Some(BASE), Some(rebuilt)),
        s("move subnet", Some(BASE), Some(moved), None),
        s("move subnet then back", Some(BASE), Some(moved), Some(BASE)),
        s("change zone", Some(BASE), Some(zone), None),
        s("rebuild network", Some(BASE), Some(rebuilt), None),
        s("rebuild network then back", Some(BASE), Some(rebuilt), Some(BASE)),
        s("image", Some(BASE), Some(image), None),
        s("image then move", Some(BASE), Some(image), Some(moved)),
        s("fewer subnets", Some(BASE), Some(fewer), None),
        s("destroy", Some(BASE), None, None),
        s("destroy then create", Some(BASE), None, Some(BASE)),
    ]
}

/// `Some(number of applies)` if the fault fired.
async fn one_case(scenario: &Scenario, lag: u64, fault: Fault, faults: &[usize]) -> Option<usize> {
    let case = format!("{} {fault:?} at {faults:?} lag {lag}", scenario.name);
    let world = World::new(lag);
    if let Some(from) = scenario.from {
        world.applied(&graph(from)).await;
    }
    let to = scenario.to.map_or_else(Graph::default, graph);
    let last = scenario.then.map_or_else(|| to.clone(), graph);
    let mut result = None;
    for n in faults {
        world.cloud.faults.arm(*n, fault);
        result = world.apply(if result.is_none() { &to } else { &last }).await;
        if !world.cloud.faults.fired.load(Ordering::SeqCst) {
            return None;
        }
    }
    world.cloud.faults.disarm();
    let mut applies = faults.len();
    // A request that runs later than the quiet period may cost one more; so may asking for something whose old life only looked gone.
    let late = matches!(fault, Fault::CrashThenLate(90) | Fault::NoAnswerThenLate(90));
    let more = usize::from(late || (matches!(fault, Fault::Blind | Fault::Forgotten) && scenario.then.is_some()));
    let complete = matches!(&result, Some(Ok(report)) if report.is_complete());
    let too_late = world.cloud.faults.too_late.load(Ordering::SeqCst);
    assert_eq!(too_late, 0, "{case}: whoever was overtaken sends nothing more, not even the rest of a change");
    assert!(
        complete || fault != Fault::Throttle,
        "{case}: who is told to wait waits, and needs no other run: {result:?}"
    );
    if !complete || scenario.then.is_some() {
        loop {
            applies += 1;
            match world.apply(&last).await.expect("no fault armed") {
                Ok(report) if report.is_complete() => break,
                bad if applies > faults.len() + more => panic!("{case}: {bad:?}"),
                _ => {}
            }
        }
    }
    if let Fault::CrashThenLate(seconds) | Fault::NoAnswerThenLate(seconds) = fault {
        tokio::time::sleep(Duration::from_mins(5)).await;
        // What arrives within the quiet period was waited for, and leaves nothing to be mended.
        if seconds > QUIET {
            world.applied(&last).await;
            tokio::time::sleep(Duration::from_mins(50)).await;
            world.applied(&last).await;
        }
    }
    if matches!(fault, Fault::Blind | Fault::Forgotten) {
        // What looked gone while it was leaving takes its time.
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
    world.check(&last, &case).await;
    Some(applies)
}

/// All failures are collected, so that one run shows every pattern.
fn every_boundary(fault: Fault, lag: u64) {
    let (mut cases, mut most, mut failures) = (0, 0, Vec::new());
    for scenario in scenarios() {
        for n in 0.. {
            let run = || block_on(one_case(&scenario, lag, fault, &[n]));
            match catch_unwind(AssertUnwindSafe(run)) {
                Ok(None) => break,
                Ok(Some(applies)) => most = most.max(applies),
                Err(why) => failures.push(why.downcast_ref::<String>().cloned().unwrap_or_default()),
            }
            cases += 1;
        }
    }
    println!("{fault:?} lag {lag}: {cases} cases, at most {most} applies, {} failed", failures.len());
    for failure in failures.iter().take(12) {
        println!("FAILED {}", failure.chars().take(300).collect::<String>().replace('\n', " "));
    }
    assert!(failures.is_empty());
    assert!(cases > 1000, "the faults must bite: {cases}");
}

#[test]
fn a_crash_at_every_boundary() {
    every_boundary(Fault::Crash, 1);
}

#[test]
fn a_crash_at_every_boundary_with_late_visibility() {
    every_boundary(Fault::Crash, 40);
}

#[test]
fn a_lost_answer_at_every_boundary() {
    every_boundary(Fault::NoAnswer, 1);
}

#[test]
fn a_lost_answer_at_every_boundary_with_late_visibility() {
    every_boundary(Fault::NoAnswer, 40);
}

#[test]
fn a_throttle_at_every_boundary() {
    every_boundary(Fault::Throttle, 1);
}

#[test]
fn a_blind_read_at_every_boundary() {
    every_boundary(Fault::Blind, 1);
}

#[test]
fn a_cloud_that_forgets_for_some_seconds_at_every_boundary() {
    every_boundary(Fault::Forgotten, 1);
}

#[test]
fn a_run_that_was_overtaken_at_every_boundary() {
    every_boundary(Fault::Overtaken, 1);
}

#[test]
fn a_request_that_runs_late_after_a_crash() {
    every_boundary(Fault::CrashThenLate(20), 1);
    every_boundary(Fault::CrashThenLate(90), 1);
    every_boundary(Fault::CrashThenLate(90), 40);
    every_boundary(Fault::CrashThenLate(2000), 1);
}

#[test]
fn a_request_that_runs_late_after_a_lost_answer() {
    every_boundary(Fault::NoAnswerThenLate(20), 1);
    every_boundary(Fault::NoAnswerThenLate(90), 1);
}

/// A delete that was written down and perhaps never sent must not be believed done because of one blind read.
#[test]
fn a_blind_read_after_a_crash() {
    let mut cases = 0;
    for crash in 0.. {
        let mut fired = false;
        for blind in 0..12 {
            fired |= block_on(async {
                let world = World::new(1);
                world.applied(&graph(BASE)).await;
                let has_ended = world.apply_until(crash, &Graph::default()).await;
                world.cloud.faults.arm(blind, Fault::Blind);
                world.apply(&Graph::default()).await.expect("alive").expect("a run");
                world.cloud.faults.disarm();
                world.applied(&Graph::default()).await;
                tokio::time::sleep(Duration::from_mins(1)).await;
                world.check(&Graph::default(), &format!("crash {crash} blind {blind}")).await;
                !has_ended
            });
            cases += 1;
        }
        if !fired {
            break;
        }
    }
    assert!(cases > 500, "{cases}");
}

#[test]
fn a_second_crash_during_the_resume() {
    let mut cases = 0;
    for scenario in scenarios().iter().filter(|s| s.then.is_none()) {
        for first in (0..).step_by(3) {
            let mut any = false;
            for second in (0..).step_by(5) {
                if block_on(one_case(scenario, 1, Fault::Crash, &[first, second])).is_none() {
                    break;
                }
                any = true;
                cases += 1;
            }
            if !any {
                break;
            }
        }
    }
    println!("double crash: {cases} cases");
    assert!(cases > 1000);
}

/// Another machine may know less of what something stands on than of the thing itself: that it is there, but not that it was ready. That is no
/// reason to make anew what stands on it.
#[test]
fn whoever_does_not_know_that_something_was_ready_makes_nothing_anew() {
    block_on(async {
        let known = applied(BASE).await.process().state;
        for forgotten in known.records.keys() {
            let world = applied(BASE).await;
            let is_forgotten = |entry: &Entry| match entry {
                Entry::Happened { of, fact: Fact::Made { .. } | Fact::Ready { .. } } => of == forgotten,
                _ => false,
            };
            world.entries.lock().unwrap().retain(|entry| !is_forgotten(entry));
            world.applied(&graph(BASE)).await;
            world.check(&graph(BASE), &forgotten.to_string()).await;
            assert_eq!(world.process().state.generations, known.generations, "{forgotten}");
        }
    });
}
