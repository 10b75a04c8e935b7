//! Pando's promise: whatever dies, whenever, and whatever network and disk do, nothing is lost, nothing is orphaned and nothing is made twice.
//!
//! The real engine, kinds, SDK and store, on the simulator and a disk in memory, in virtual time. Each run draws from its seed what Pando is
//! busy with, what the world is like, and what goes wrong when; then new processes go on, and at the end the world must be as if nothing had
//! happened. A run that fails says how to repeat it.
//!
//! `PANDO_CRASH=507 cargo test crashes::store` repeats one run and tells all that its processes told.
//! `PANDO_CRASHES=500 cargo test crashes::store` makes that many runs; `PANDO_CRASH_FACTOR=29 cargo test crashes` makes 29 times as many with each
//! stack as every `cargo test` does, which is 60,000.

#![expect(clippy::disallowed_methods, reason = "it reads how many runs are wanted")]

mod blows;
pub(crate) mod oracle;
mod scenarios;
mod team;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use fastrand::Rng;
use pando::engine::deployment::Report;
use pando::engine::event::Event;
use pando::engine::graph::Graph;
use pando::engine::state::Status;
use pando::simulator::Simulator;
use pando::simulator::clock::{Clock, Moment};
use pando::simulator::weather::Fault;
use tokio::sync::watch;

use crate::support::simulated::connect;
use crate::support::stack::Stack;
use crate::support::time::{elapsed, set_back};

use blows::{Blow, Usual, draw};
use oracle::{Census, census};
use scenarios::{BATCH, CLIMATES, SHOP, SITE, STORE, Scenario, Story, settings};

/// What was made so long ago is not new.
const OLD: Duration = Duration::from_mins(65);

/// Where the state is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// On one machine.
    Alone,
    /// In a bucket.
    ByTeam,
}

/// A scenario without accidents.
struct Undisturbed {
    /// The world and the stack before, and what had gone by then.
    before: (Simulator, Stack),
    began: Duration,
    usual: Usual,
    /// What there is at the end, hours later.
    after: Census,
    /// What there still is when all of it was destroyed.
    destroyed: Census,
}

#[tokio::test(start_paused = true)]
async fn shop() {
    all("shop", SHOP, 70).await;
}

#[tokio::test(start_paused = true)]
async fn site() {
    all("site", SITE, 250).await;
}

#[tokio::test(start_paused = true)]
async fn batch() {
    all("batch", BATCH, 450).await;
}

#[tokio::test(start_paused = true)]
async fn store() {
    all("store", STORE, 1000).await;
}

#[tokio::test(start_paused = true)]
async fn any() {
    many("any", 20, async |seed| {
        let mut random = Rng::with_seed(seed);
        let story = scenarios::random(seed);
        let undisturbed = undisturbed(&story, random.u64(..CLIMATES), Kept::Alone).await;
        if undisturbed.usual.writes == 0 {
            // The two blueprints come to the same.
            return Ok(());
        }
        let (_, blows) = draw(&mut random, &undisturbed.usual);
        let told = Told(format!("{blows:?}\n  repeat: PANDO_CRASH={seed} cargo test crashes::any"));
        told.of(one(&story, &undisturbed, &blows, seed).await)
    })
    .await;
}

/// Chance hits too rarely what only a tag tells apart and what may thus be made twice.
#[tokio::test(start_paused = true)]
async fn no_call_that_arrives_twice_leaves_a_double() {
    let story = Story::from(&SITE[0]);
    let undisturbed = undisturbed(&story, 0, Kept::Alone).await;
    for number in 1..=undisturbed.usual.calls {
        let result = one(&story, &undisturbed, &[Blow::Call(number, Fault::Twice)], number).await;
        assert!(result.is_ok(), "call {number} arrives twice: {result:?}");
    }
}

/// All runs with one stack.
async fn all(name: &str, scenarios: &[Scenario], runs: u64) {
    let mut known = Known::default();
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    many(name, runs, async |seed| {
        let mut random = Rng::with_seed(seed);
        let place = (random.usize(..scenarios.len()), random.u64(..CLIMATES));
        let story = Story::from(&scenarios[place.0]);
        let undisturbed = known.of(place, &story, Kept::Alone).await;
        let (sort, blows) = draw(&mut random, &undisturbed.usual);
        *counts.entry(sort).or_default() += 1;
        let case = format!("{} in climate {} with {blows:?}", story.name, place.1);
        let told = Told(format!("{case}\n  repeat: PANDO_CRASH={seed} cargo test crashes::{name}"));
        told.of(one(&story, undisturbed, &blows, seed).await)
    })
    .await;
    println!("{name}: {counts:?}");
}

/// So many runs, or as many as somebody wants, or the one that is asked for.
async fn many(name: &str, runs: u64, mut run: impl AsyncFnMut(u64) -> Result<(), String>) {
    let seeds = match asked("PANDO_CRASH") {
        Some(seed) => seed..seed + 1,
        None => 0..asked("PANDO_CRASHES").unwrap_or(runs * asked("PANDO_CRASH_FACTOR").unwrap_or(1)),
    };
    let mut failures = Vec::new();
    for seed in seeds.clone() {
        failures.extend(run(seed).await.err());
    }
    let runs = seeds.end - seeds.start;
    println!("{name}: {runs} runs, {} failed", failures.len());
    let first = failures[..failures.len().min(8)].join("\n");
    assert!(failures.is_empty(), "{} of {runs} failed; the first:\n{first}", failures.len());
}

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

/// What happens without accidents, found out once for each scenario and climate.
#[derive(Default)]
struct Known(BTreeMap<(usize, u64), Undisturbed>);

impl Known {
    async fn of(&mut self, place: (usize, u64), story: &Story, kept: Kept) -> &Undisturbed {
        match self.0.entry(place) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(open) => open.insert(undisturbed(story, place.1, kept).await),
        }
    }
}

/// Says which run it was, if it panics.
struct Told(String);

impl Told {
    /// What came of it, with which run it was.
    fn of(&self, result: Result<(), String>) -> Result<(), String> {
        result.map_err(|why| format!("{}\n  {why}", self.0))
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.0);
        }
    }
}

/// A process, until it comes to its end or dies. Nothing, if it died or did not do everything.
async fn live(simulator: &Simulator, stack: &Stack, graph: &Graph, blow: Option<&Blow>) -> Option<Report> {
    simulator.set_weather(blow.and_then(Blow::weather).into_iter().collect());
    let told = stack.events().len();
    let broken = stack.disk.has(blow.and_then(Blow::disk));
    let stop = async {
        match blow {
            Some(Blow::Stop(after)) => tokio::time::sleep(*after).await,
            _ => std::future::pending().await,
        }
        stack.stop.send_replace(true);
        std::future::pending::<()>().await;
    };
    let result = tokio::select! {
        biased;
        () = is_true(simulator.death()) => None,
        () = is_true(broken) => None,
        () = is_true(stack.death()) => None,
        report = stack.attempt(graph) => report,
        () = stop => None,
    };
    stack.stop.send_replace(false);
    simulator.set_weather(Vec::new());
    simulator.revive();
    drop(stack.disk.has(None));
    if asked("PANDO_CRASH").is_some() {
        println!("-- a process with {blow:?}:");
        stack.events()[told..].iter().for_each(|event| println!("{event:?}"));
        for (of, record) in &stack.state().records {
            println!(
                "now {of}: {:?}, made {:?}, unseen {}, ghost {:?}",
                record.status, record.made, record.unseen, record.ghost
            );
        }
        println!("at {:?}", simulator.clock().now());
    }
    result.filter(Report::is_complete)
}

async fn is_true(mut said: watch::Receiver<bool>) {
    if said.wait_for(|said| *said).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What happens without accidents.
async fn undisturbed(story: &Story, climate: u64, kept: Kept) -> Undisturbed {
    set_back(Duration::ZERO);
    let simulator = Simulator::new(settings(climate), Clock::new(Moment::BEGINNING, 1.0, elapsed));
    let any = story.from.as_ref().or(story.to.as_ref()).unwrap();
    let mut stack = Stack::in_virtual_time(connect(&simulator).await, any);
    if kept == Kept::ByTeam {
        stack = stack.in_a_bucket();
    }
    if story.from.is_some() {
        let graph = stack.graph(story.from.as_ref()).await;
        assert!(live(&simulator, &stack, &graph, None).await.is_some(), "{}: {}", story.name, told(&stack));
    }
    let (before, began) = ((simulator.fork(), stack.fork(connect(&simulator).await)), elapsed());
    let (simulator, stack) = fork(&before).await;
    let first = stack.graph(story.to.as_ref()).await;
    let (called, written, started) = (simulator.calls().len(), stack.disk.done(), tokio::time::Instant::now());
    let stored = stack.stored();
    assert!(live(&simulator, &stack, &first, None).await.is_some(), "{}: {}", story.name, told(&stack));
    let calls = (simulator.calls().len() - called) as u64;
    let writes = stack.disk.done() - written;
    let usual = Usual { calls, writes, stored: stack.stored() - stored, time: started.elapsed() };
    if story.turns {
        let graph = stack.graph(story.last.as_ref()).await;
        assert!(live(&simulator, &stack, &graph, None).await.is_some(), "{}: {}", story.name, told(&stack));
    }
    let after = census(&simulator).await;
    let nothing = Graph::default();
    assert!(live(&simulator, &stack, &nothing, None).await.is_some(), "{}: {}", story.name, told(&stack));
    Undisturbed { before, began, usual, after, destroyed: census(&simulator).await }
}

impl Undisturbed {
    /// The beginning of one run. In every third, nothing is new any more.
    async fn begin(&self, seed: u64) -> (Simulator, Stack) {
        set_back(self.began);
        let (simulator, stack) = fork(&self.before).await;
        if seed.is_multiple_of(3) {
            tokio::time::sleep(OLD).await;
        }
        (simulator, stack)
    }
}

/// The same world and stack, to be tried out.
async fn fork((simulator, stack): &(Simulator, Stack)) -> (Simulator, Stack) {
    let simulator = simulator.fork();
    let stack = stack.fork(connect(&simulator).await);
    (simulator, stack)
}

/// One run: accidents, then processes that go on until there is nothing more to do. Every fourth ends with a destroy.
async fn one(story: &Story, undisturbed: &Undisturbed, blows: &[Blow], seed: u64) -> Result<(), String> {
    let (simulator, stack) = undisturbed.begin(seed).await;
    let mut target = story.to.as_ref();
    for blow in blows {
        let graph = stack.graph(target).await;
        live(&simulator, &stack, &graph, Some(blow)).await;
        target = story.last.as_ref();
    }
    let is_late = blows.iter().any(Blow::is_late);
    come_to_rest(story, undisturbed, &simulator, &stack, is_late, seed).await
}

/// After the accidents: processes that go on until there is nothing more to do, in a world that then is as if nothing had happened.
async fn come_to_rest(
    story: &Story,
    undisturbed: &Undisturbed,
    simulator: &Simulator,
    stack: &Stack,
    is_late: bool,
    seed: u64,
) -> Result<(), String> {
    let graph = stack.graph(story.last.as_ref()).await;
    converge(simulator, stack, &graph).await?;
    let is_watched = |status: &Status| matches!(status, Status::Unproved { .. });
    if is_late || stack.state().records.values().any(|record| is_watched(&record.status)) {
        // What the network held back has arrived by now, and is found by the next process that looks. `pando destroy` waits for it.
        tokio::time::sleep(Duration::from_mins(10)).await;
        converge(simulator, stack, &graph).await?;
    }
    oracle::settles(simulator, &undisturbed.after).await?;
    if seed.is_multiple_of(4) {
        converge(simulator, stack, &Graph::default()).await.map_err(|why| format!("destroying it: {why}"))?;
        let settled = oracle::settles(simulator, &undisturbed.destroyed).await;
        settled.map_err(|why| format!("destroyed: {why}"))?;
    }
    Ok(())
}

/// Runs processes until one has done everything, the next has nothing to do, and all that is known is sound.
async fn converge(simulator: &Simulator, stack: &Stack, graph: &Graph) -> Result<(), String> {
    for _ in 0..6 {
        let is_done = live(simulator, stack, graph, None).await.is_some();
        if is_done && stack.is_done(graph).await {
            let state = stack.state();
            let is_sound = |status: &Status| matches!(status, Status::Ready { .. } | Status::Unproved { .. });
            let odd = state.records.iter().find(|(_, record)| !is_sound(&record.status));
            return odd.map_or(Ok(()), |(of, record)| Err(format!("{of} is {:?}", record.status)));
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
    let complaints = stack.complaints();
    let said: Vec<String> = complaints.into_iter().rev().take(2).chain(events).collect();
    if said.is_empty() { "no step failed".to_owned() } else { said.join("; ") }
}
