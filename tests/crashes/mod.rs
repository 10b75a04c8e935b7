//! Pando's promise: whatever dies, whenever, and whatever the network does, nothing is lost, nothing is orphaned and nothing is made twice.
//!
//! The real engine, kinds and SDK on the simulator, in virtual time. Each run draws from its seed what Pando is busy with, what the world is
//! like, and where it dies; then new processes go on, and at the end the world must be as if nothing had happened. A run that fails says how to
//! repeat it.
//!
//! `PANDO_CRASHES=20000 cargo test crashes` runs that many of each sort instead of the few that every `cargo test` has.

#![expect(clippy::disallowed_methods, reason = "it reads the ready-made blueprints, and how many runs are wanted")]

pub(crate) mod oracle;
mod scenarios;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::ErrorKind;
use std::time::Duration;

use fastrand::Rng;
use pando::blueprint::Blueprint;
use pando::engine::deployment::Report;
use pando::engine::event::Event;
use pando::engine::graph::Graph;
use pando::simulator::Simulator;
use pando::simulator::weather::{Fault, Rule, When};
use tokio::sync::watch;

use crate::support::disk::Accident;
use crate::support::simulated::{connect, world};
use crate::support::stack::Stack;
use crate::support::toy::world::now;

use oracle::{Census, census};
use scenarios::{CLIMATES, SCENARIOS, Scenario, Target, read, settings};

/// One accident.
#[derive(Clone, Copy, Debug)]
enum Blow {
    /// To the call of this number, among all that this process makes.
    Call(u64, Fault),
    /// To the n-th thing that this process does to the disk.
    Disk(usize, Accident),
}

/// How accidents are drawn, and in how many runs: the calls and the writes of an undisturbed run say what there is to hit.
struct Sort {
    name: &'static str,
    runs: u64,
    draw: fn(&mut Rng, &Usual) -> Vec<Blow>,
}

/// A scenario without accidents.
struct Usual {
    /// The world and the stack before.
    before: (Simulator, Stack),
    calls: u64,
    writes: usize,
    /// What there is at the end, hours later.
    after: Census,
}

fn call(random: &mut Rng, usual: &Usual, faults: &[Fault]) -> Blow {
    Blow::Call(random.u64(1..=usual.calls), faults[random.usize(..faults.len())])
}

fn killed(random: &mut Rng, usual: &Usual) -> Blow {
    let late = Fault::KillLate(Duration::from_secs(random.u64(1..200)));
    call(random, usual, &[Fault::KillBefore, Fault::KillAfter, Fault::KillAnswered, late])
}

fn written(random: &mut Rng, usual: &Usual) -> Blow {
    let accidents = [
        Accident::KilledBefore,
        Accident::KilledAmidst,
        Accident::KilledAfter,
        Accident::PowerLost,
        Accident::Torn,
        Accident::Error(ErrorKind::StorageFull),
        Accident::ForEver(ErrorKind::ReadOnlyFilesystem),
    ];
    Blow::Disk(random.usize(1..=usual.writes), accidents[random.usize(..accidents.len())])
}

fn disturbed(random: &mut Rng, usual: &Usual) -> Blow {
    let late = Fault::Late(Duration::from_secs(random.u64(1..200)));
    let faults = [
        late,
        Fault::LostRequest,
        Fault::LostAnswer,
        Fault::ErrorBefore(503),
        Fault::ErrorAfter(500),
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::Truncated,
        Fault::Throttled,
        Fault::Twice,
    ];
    call(random, usual, &faults)
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_call() {
    all(&Sort { name: "killed_at_any_call", runs: 100, draw: |random, usual| vec![killed(random, usual)] }).await;
}

#[tokio::test(start_paused = true)]
async fn killed_or_failing_while_it_writes() {
    let draw = |random: &mut Rng, usual: &Usual| vec![written(random, usual)];
    all(&Sort { name: "killed_or_failing_while_it_writes", runs: 60, draw }).await;
}

#[tokio::test(start_paused = true)]
async fn with_calls_that_are_lost_or_late() {
    let draw = |random: &mut Rng, usual: &Usual| vec![disturbed(random, usual)];
    all(&Sort { name: "with_calls_that_are_lost_or_late", runs: 60, draw }).await;
}

#[tokio::test(start_paused = true)]
async fn killed_again_while_it_recovers() {
    let draw = |random: &mut Rng, usual: &Usual| {
        let blows = (0..random.usize(2..=4)).map(|_| match random.u8(..3) {
            0 => written(random, usual),
            1 => disturbed(random, usual),
            _ => killed(random, usual),
        });
        blows.collect()
    };
    all(&Sort { name: "killed_again_while_it_recovers", runs: 60, draw }).await;
}

/// All runs of a sort, or the one that is asked for.
async fn all(sort: &Sort) {
    let asked = |name: &str| std::env::var(name).ok().map(|number| number.parse::<u64>().unwrap());
    let seeds = match asked("PANDO_CRASH") {
        Some(seed) => seed..seed + 1,
        None => 0..asked("PANDO_CRASHES").unwrap_or(sort.runs),
    };
    let mut usual = BTreeMap::new();
    let mut failures = Vec::new();
    let runs = seeds.end - seeds.start;
    for seed in seeds {
        let mut random = Rng::with_seed(seed);
        let place = (random.usize(..SCENARIOS.len()), random.u64(..CLIMATES));
        let scenario = &SCENARIOS[place.0];
        let usual = match usual.entry(place) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(open) => open.insert(undisturbed(scenario, place.1).await),
        };
        let blows = (sort.draw)(&mut random, usual);
        let case = format!("{} in climate {} with {blows:?}", scenario.name, place.1);
        let repeat = format!("repeat: PANDO_CRASH={seed} cargo test crashes::{}", sort.name);
        let told = Told(format!("{case}\n  {repeat}"));
        if let Err(why) = one(scenario, usual, &blows).await {
            failures.push(format!("{}\n  {why}", told.0));
        }
    }
    println!("{}: {runs} runs, {} failed", sort.name, failures.len());
    assert!(
        failures.is_empty(),
        "{} of {runs} failed; the first:\n{}",
        failures.len(),
        failures[..failures.len().min(8)].join("\n")
    );
}

/// Says which run it was, if it panics.
struct Told(String);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.0);
        }
    }
}

/// A process, until it comes to its end or dies. Nothing, if it died or had no result.
async fn live(
    simulator: &Simulator,
    stack: &Stack,
    graph: &Graph,
    accident: Option<(usize, Accident)>,
) -> Option<Report> {
    let broken = stack.disk.has(accident);
    let result = tokio::select! {
        biased;
        () = is_true(simulator.death()) => None,
        () = is_true(broken) => None,
        report = stack.attempt(graph) => report,
    };
    simulator.set_weather(Vec::new());
    simulator.revive();
    drop(stack.disk.has(None));
    result.filter(Report::is_complete)
}

async fn is_true(mut said: watch::Receiver<bool>) {
    if said.wait_for(|said| *said).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn graph(stack: &Stack, target: Target) -> Graph {
    match target {
        Some(target) => stack.expand(&read(target)).await.graph,
        None => Graph::default(),
    }
}

/// What happens without accidents.
async fn undisturbed(scenario: &Scenario, climate: u64) -> Usual {
    let simulator = world(settings(climate));
    let any: Blueprint = scenario.from.or(scenario.to).map(read).unwrap();
    let mut stack = Stack::new(connect(&simulator).await, &any);
    stack.now = now;
    if scenario.from.is_some() {
        let graph = graph(&stack, scenario.from).await;
        assert!(live(&simulator, &stack, &graph, None).await.is_some(), "{}: {}", scenario.name, told(&stack));
    }
    let before = (simulator.fork(), stack.fork(connect(&simulator).await));
    let (simulator, stack) = fork(&before).await;
    let first = graph(&stack, scenario.to).await;
    let (asked, written) = (simulator.calls().len(), stack.disk.done());
    assert!(live(&simulator, &stack, &first, None).await.is_some(), "{}: {}", scenario.name, told(&stack));
    let (calls, writes) = (simulator.calls().len() - asked, stack.disk.done() - written);
    if let Some(then) = scenario.then {
        let graph = graph(&stack, then).await;
        assert!(live(&simulator, &stack, &graph, None).await.is_some(), "{}: {}", scenario.name, told(&stack));
    }
    Usual { before, calls: calls as u64, writes, after: census(&simulator).await }
}

/// The same world and stack, to be tried out.
async fn fork((simulator, stack): &(Simulator, Stack)) -> (Simulator, Stack) {
    let simulator = simulator.fork();
    let stack = stack.fork(connect(&simulator).await);
    (simulator, stack)
}

/// One run: accidents, then processes that go on until there is nothing more to do.
async fn one(scenario: &Scenario, usual: &Usual, blows: &[Blow]) -> Result<(), String> {
    let (simulator, stack) = fork(&usual.before).await;
    let last = scenario.then.unwrap_or(scenario.to);
    let mut target = scenario.to;
    for blow in blows {
        let graph = graph(&stack, target).await;
        let mut accident = None;
        match *blow {
            Blow::Call(number, fault) => {
                let rule = Rule { service: None, action: None, fault, when: When::Nth(number) };
                simulator.set_weather(vec![rule]);
            }
            Blow::Disk(number, what) => accident = Some((number, what)),
        }
        live(&simulator, &stack, &graph, accident).await;
        target = last;
    }
    let graph = graph(&stack, last).await;
    converge(&simulator, &stack, &graph).await?;
    // What the network held back has arrived by now, and is found by the next process that looks.
    tokio::time::sleep(Duration::from_mins(10)).await;
    converge(&simulator, &stack, &graph).await?;
    oracle::compare(&usual.after, &census(&simulator).await)
}

/// Runs processes until one has done everything and the next has nothing to do.
async fn converge(simulator: &Simulator, stack: &Stack, graph: &Graph) -> Result<(), String> {
    for _ in 0..6 {
        let is_done = live(simulator, stack, graph, None).await.is_some();
        if is_done && stack.process().plan(graph).await.is_ok_and(|(plan, _)| plan.is_empty()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
    Err(format!("not done after six more processes; {}", told(stack)))
}

/// What went wrong last, newest first.
fn told(stack: &Stack) -> String {
    let is_bad = |event: &&Event| matches!(event, Event::StepFailed { .. } | Event::AnswerLost { .. });
    let events: Vec<String> =
        stack.events().iter().rev().filter(is_bad).take(4).map(|event| format!("{event:?}")).collect();
    if events.is_empty() { "no step failed".to_owned() } else { events.join("; ") }
}
