//! How many calls a run makes: a plan that asks twice, or an apply that looks too often, fails here.
//!
//! In virtual time, in a world where nothing takes any time, so that what is counted is what Pando does and not how long AWS takes.

use std::collections::BTreeMap;
use std::time::Duration;

use pando::blueprint::Blueprint;
use pando::simulator::Simulator;
use pando::simulator::clock::Moment;
use pando::simulator::log::Call;
use pando::simulator::settings::{Durations, Latency, Settings};

use crate::support::documents::{ready_made, with_workers};
use crate::support::simulated::{connect, is_read, world};
use crate::support::stack::{Stack, blueprint};

/// What a run may cost: calls that only look, and calls that change something.
type Bound = (usize, usize);

/// What a stack may cost in its life.
struct Bounds {
    blueprint: &'static str,
    apply: Bound,
    /// A plan that finds nothing to do: right after the apply, when doubles are looked for too; and when nothing is new any more.
    plan: (usize, usize),
    /// What is edited, and what planning and doing that may cost.
    change: (&'static [(&'static str, &'static str)], Bound),
    destroy: Bound,
}

const BOUNDS: [Bounds; 4] = [
    Bounds {
        blueprint: "web-service",
        apply: (71, 109),
        plan: (27, 26),
        change: (&[("web: { clones: { min: 2, max: 4 } }", "web: { clones: { min: 2, max: 5 } }")], (28, 1)),
        destroy: (55, 92),
    },
    Bounds {
        blueprint: "web-only",
        apply: (38, 45),
        plan: (16, 15),
        change: (&[("clones: { min: 2, max: 6 }", "clones: { min: 2, max: 7 }")], (17, 1)),
        destroy: (33, 34),
    },
    Bounds {
        blueprint: "worker-only",
        apply: (37, 41),
        plan: (17, 16),
        change: (&[("visibility: 10m", "visibility: 12m")], (22, 2)),
        destroy: (25, 33),
    },
    Bounds {
        blueprint: "database-only",
        apply: (20, 22),
        plan: (8, 7),
        change: (&[("storage: 20 GiB, storage_max", "storage: 30 GiB, storage_max")], (8, 1)),
        destroy: (11, 17),
    },
];

/// A world, and how many calls have been counted in it.
struct Counter {
    simulator: Simulator,
    counted: usize,
}

impl Counter {
    /// Holds the calls since last time against what they may be.
    fn hold(&mut self, what: &str, (reads, writes): Bound) {
        let calls = self.simulator.calls().split_off(self.counted);
        self.counted += calls.len();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for call in &calls {
            *counts.entry(format!("{}:{}", call.service, call.action)).or_default() += 1;
        }
        let read = calls.iter().filter(|call| is_read(&call.action)).count();
        let written = calls.len() - read;
        println!("{what}: {read} reads, {written} writes: {counts:?}");
        assert!(read <= reads && written <= writes, "{what}: {read} reads, {written} writes: {counts:#?}");
    }
}

/// Lets an hour go by, after which nothing counts as new, and nobody looks for its double.
async fn an_hour_passes() {
    tokio::time::sleep(Duration::from_secs(3700)).await;
}

async fn done(stack: &Stack, blueprint: Option<&Blueprint>) {
    let report = stack.attempt(&stack.graph(blueprint).await).await;
    assert!(report.is_some_and(|report| report.is_complete()), "{:#?}", stack.events());
}

#[tokio::test(start_paused = true)]
async fn no_run_makes_more_calls_than_it_needs() {
    for bounds in BOUNDS {
        let simulator = world(Settings { durations: Durations::none(), ..Settings::default() });
        let read = |edits| blueprint(&ready_made(bounds.blueprint, edits), Some("dev"));
        let (plain, changed) = (read(&[]), read(bounds.change.0));
        let stack = Stack::in_virtual_time(connect(&simulator).await, &plain);
        let mut counter = Counter { counted: simulator.calls().len(), simulator };
        let what = |phase: &str| format!("{}, {phase}", bounds.blueprint);
        done(&stack, Some(&plain)).await;
        counter.hold(&what("apply"), bounds.apply);
        assert!(stack.plan(&plain).await.is_empty());
        counter.hold(&what("plan at once"), (bounds.plan.0, 0));
        an_hour_passes().await;
        assert!(stack.plan(&plain).await.is_empty());
        counter.hold(&what("plan"), (bounds.plan.1, 0));
        done(&stack, Some(&changed)).await;
        counter.hold(&what("change"), bounds.change.1);
        an_hour_passes().await;
        done(&stack, None).await;
        counter.hold(&what("destroy"), bounds.destroy);
    }
}

/// A call for each kind of thing, not for each thing; but SQS tells of one queue at a time, and each group has two.
#[tokio::test(start_paused = true)]
async fn a_plan_of_twenty_groups_of_workers_asks_once_for_most_kinds() {
    let simulator = world(Settings { durations: Durations::none(), ..Settings::default() });
    let plain = blueprint(&with_workers(19), Some("dev"));
    let stack = Stack::in_virtual_time(connect(&simulator).await, &plain);
    done(&stack, Some(&plain)).await;
    an_hour_passes().await;
    let mut counter = Counter { counted: simulator.calls().len(), simulator };
    assert!(stack.plan(&plain).await.is_empty());
    counter.hold("a plan of twenty groups of workers", (67, 0));
}

/// How long the answer to each call takes. Long against all pauses, so that time counts the calls that wait for one another.
const LATENCY: Duration = Duration::from_secs(4);

/// How many calls, one after the other, a run may take.
struct Depths {
    blueprint: &'static str,
    apply: u64,
    plan: u64,
    destroy: u64,
}

const DEPTHS: [Depths; 1] = [Depths { blueprint: "web-service", apply: 21, plan: 1, destroy: 18 }];

#[tokio::test(start_paused = true)]
async fn no_run_waits_for_more_calls_than_it_needs() {
    for Depths { blueprint: name, apply, plan, destroy } in DEPTHS {
        let latency = Latency::Always(LATENCY);
        let simulator = world(Settings { durations: Durations::none(), latency, ..Settings::default() });
        let plain = blueprint(&ready_made(name, &[]), Some("dev"));
        let stack = Stack::in_virtual_time(connect(&simulator).await, &plain);
        let mut seen = simulator.calls().len();
        let mut hold = |what: &str, began: tokio::time::Instant, most: u64| {
            let depth = began.elapsed().as_secs() / LATENCY.as_secs();
            let calls = simulator.calls().split_off(seen);
            seen += calls.len();
            let after = |at: Moment| at.since(calls[0].at).as_secs_f64() / LATENCY.as_secs_f64();
            let line = |call: &Call| format!("{:>7.2} {} {}", after(call.at), call.service, call.action);
            let all: Vec<String> = calls.iter().map(line).collect();
            println!("{name}, {what}: {depth} calls deep\n{}", all.join("\n"));
            assert!(depth <= most, "{name}, {what}: {depth} calls, one after the other");
        };
        let began = tokio::time::Instant::now();
        done(&stack, Some(&plain)).await;
        hold("apply", began, apply);
        an_hour_passes().await;
        let began = tokio::time::Instant::now();
        assert!(stack.plan(&plain).await.is_empty());
        hold("plan", began, plan);
        let began = tokio::time::Instant::now();
        done(&stack, None).await;
        hold("destroy", began, destroy);
    }
}
