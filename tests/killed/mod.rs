//! The real binary is killed with SIGKILL at the calls it makes, and started once more: nothing is lost, nothing is orphaned, nothing is made
//! twice, and there is nothing more to do.
//!
//! `blueprints/web-service.yaml` on the simulator over HTTP, in real time. The simulator says at which call of an apply, of a change or of a
//! destroy its caller dies: before the call is carried out, after it, or when it has answered. `cargo test` tries a few calls of each;
//! `PANDO_KILLS=all cargo test --release killed::` tries them all, which takes forty minutes, most of it spent waiting for requests that might still
//! arrive;
//! `PANDO_KILLS=17` tries the seventeenth.

#![expect(clippy::disallowed_methods, reason = "it reads the blueprint, and which kills are wanted")]

mod ground;
mod moto;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use pando::simulator::settings::Settings;
use pando::simulator::weather::{Fault, Rule, When};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::crashes::oracle;
use crate::support::command::{Ended, Running, Sandbox};
use crate::support::simulated::{at_rest, served};
use ground::{Ground, World};

/// How much faster than on AWS time passes.
const SPEED: f64 = 600.0;
/// How many may be at work at once; most of them sleep. Where all kills are tried, nothing else is going on.
static ROOM: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(if is_all() { 32 } else { 8 }));
/// Where a few kills are tried: after so many of a hundred calls, and how.
const FEW: [(usize, Fault); 5] = [
    (15, Fault::KillAfter),
    (35, Fault::KillBefore),
    (55, Fault::KillAnswered),
    (75, Fault::KillAfter),
    (90, Fault::KillAnswered),
];
/// What is edited for a change: something is made, something is changed in place, something is rolled, something is removed.
const EDITS: [(&str, &str); 5] = [
    ("clones: { min: 2, max: 12 }", "clones: { min: 2, max: 14 }"),
    ("instance: t4g.small", "instance: t4g.medium"),
    ("storage: 100 GiB", "storage: 120 GiB"),
    ("replicas: 2", "replicas: 3"),
    ("  thumbnails:", "  previews:"),
];

/// What Pando says when everything is as asked for.
const NOTHING: &str = "Nothing to do.";

/// What Pando is busy with when it is killed.
struct Work {
    name: &'static str,
    /// What there is before, if anything.
    before: Option<String>,
    /// What is wanted; nothing, if all is to go.
    wanted: Option<String>,
}

/// A kill: at the call of this number.
#[derive(Clone, Copy, Debug)]
struct Kill {
    number: usize,
    fault: Fault,
}

/// The ready-made blueprint, so that it may be destroyed.
fn shop() -> String {
    let path = format!("{}/blueprints/web-service.yaml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap().replacen("\nregion:", "\nprotect: []\nregion:", 1)
}

/// The same, changed.
fn changed() -> String {
    EDITS.iter().fold(shop(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "`{from}`");
        text.replace(from, to)
    })
}

#[tokio::test]
async fn an_apply_that_was_killed_at_any_call_is_finished_by_the_next() {
    all(Work { name: "an_apply", before: None, wanted: Some(shop()) }).await;
}

#[tokio::test]
async fn a_change_that_was_killed_at_any_call_is_finished_by_the_next() {
    all(Work { name: "a_change", before: Some(shop()), wanted: Some(changed()) }).await;
}

#[tokio::test]
async fn a_destroy_that_was_killed_at_any_call_is_finished_by_the_next() {
    all(Work { name: "a_destroy", before: Some(shop()), wanted: None }).await;
}

impl Work {
    /// How Pando is called.
    fn verb(&self) -> &'static [&'static str] {
        if self.wanted.is_some() { &["apply", "--yes", "--confirm", "shop"] } else { &["destroy", "--confirm", "shop"] }
    }

    /// What it says at the end.
    fn last_words(&self) -> &'static str {
        if self.wanted.is_some() { "url" } else { "found nothing left" }
    }

    /// Everything is as asked for: one process does the rest, and the next has nothing to do.
    async fn finish(&self, sandbox: &Sandbox) -> Result<(), String> {
        let ended = sandbox.run(self.verb()).await;
        // Whoever was killed may have done everything.
        let was_done = self.wanted.is_some() && ended.out.contains(NOTHING);
        succeeds(&ended, if was_done { NOTHING } else { self.last_words() })?;
        if self.wanted.is_some() {
            succeeds(&sandbox.run(&["plan", "--detailed-exitcode"]).await, NOTHING)?;
        }
        Ok(())
    }
}

fn succeeds(ended: &Ended, last_words: &str) -> Result<(), String> {
    let is_said = ended.out.contains(last_words) || ended.err.contains(last_words);
    if ended.code == 0 && is_said { Ok(()) } else { Err(ended.to_string()) }
}

/// The kills that are wanted of a run of so many calls.
fn kills(calls: usize) -> Vec<Kill> {
    let each = |number| [Fault::KillBefore, Fault::KillAfter, Fault::KillAnswered].map(|fault| Kill { number, fault });
    match std::env::var("PANDO_KILLS") {
        Ok(_) if is_all() => (1..=calls).flat_map(each).collect(),
        Ok(number) => each(number.parse().expect("a number, or `all`")).into(),
        Err(_) => few(calls),
    }
}

fn is_all() -> bool {
    std::env::var("PANDO_KILLS").is_ok_and(|wanted| wanted == "all")
}

fn few(calls: usize) -> Vec<Kill> {
    FEW.map(|(percent, fault)| Kill { number: (calls * percent / 100).max(1), fault }).into()
}

/// All the kills of some work.
async fn all(work: Work) {
    let ground = Ground::new().await;
    let (simulator, _) = served(Settings::default(), SPEED).await;
    let sandbox = Sandbox::with(work.before.as_deref().unwrap_or_default());
    let before = ground.world("before", simulator, sandbox).await;
    if work.before.is_some() {
        before.sandbox.run(&["apply", "--yes"]).await.expect(0, &[]);
    }
    if let Some(wanted) = &work.wanted {
        before.sandbox.write("pando.yaml", wanted);
    }
    let usual = ground.fork("usual", &before).await;
    succeeds(&usual.sandbox.run(work.verb()).await, work.last_words()).unwrap();
    let kills = kills(usual.simulator.calls().len());
    let count = kills.len();
    let all = Arc::new((work, ground, before, usual));
    let mut runs = JoinSet::new();
    for kill in kills {
        let all = Arc::clone(&all);
        runs.spawn(async move {
            let (work, ground, before, usual) = &*all;
            let _place = ROOM.acquire().await.unwrap();
            let world = ground.fork(&format!("{}-{:?}", kill.number, kill.fault), before).await;
            let repeat = format!("PANDO_KILLS={} cargo test killed::{}", kill.number, work.name);
            one(work, usual, &world, kill).await.map_err(|why| format!("{kill:?}; repeat: {repeat}\n{why}"))
        });
    }
    let results = runs.join_all().await;
    let hits = results.iter().filter(|result| **result == Ok(true)).count();
    let failures: Vec<&str> = results.iter().filter_map(|result| result.as_ref().err().map(String::as_str)).collect();
    println!("{}: {count} kills, {hits} of them hit, {} failed", all.0.name, failures.len());
    assert!(
        failures.is_empty(),
        "{} of {count} failed:\n{}",
        failures.len(),
        failures[..failures.len().min(5)].join("\n")
    );
}

/// One kill, and what comes after it. Whether anybody died: a run may make a call less than the usual one.
async fn one(work: &Work, usual: &World, world: &World, kill: Kill) -> Result<bool, String> {
    let rule = Rule { service: None, action: None, fault: kill.fault, when: When::Nth(kill.number as u64) };
    world.simulator.set_weather(vec![rule]);
    let linger = match kill.fault {
        // The answer is heard: sometimes it is written down before the end, sometimes not.
        Fault::KillAnswered => Duration::from_millis(kill.number as u64 % 16),
        _ => Duration::ZERO,
    };
    let running = world.sandbox.start(work.verb());
    let was_hit = end(running, world.simulator.death(), linger).await?;
    world.simulator.set_weather(Vec::new());
    world.simulator.revive();
    work.finish(&world.sandbox).await?;
    at_rest(&world.simulator).await;
    let differences = oracle::compare(&oracle::count(&usual.simulator), &oracle::count(&world.simulator));
    differences.map(|()| was_hit)
}

/// Waits until a process ends, or has it killed. Whether it was.
async fn end(running: Running, mut death: watch::Receiver<bool>, linger: Duration) -> Result<bool, String> {
    let pid = Pid::from_raw(running.pid().cast_signed()).unwrap();
    let mut ended = std::pin::pin!(running.end());
    let was_hit = tokio::select! {
        ended = &mut ended => return succeeds(&ended, "").map(|()| false),
        died = death.wait_for(|died| *died) => died.is_ok(),
    };
    sleep(linger).await;
    // It may have come to its end by itself meanwhile.
    if let Err(e) = kill_process(pid, Signal::KILL) {
        assert_eq!(e, Errno::SRCH);
    }
    let ended = ended.await;
    if ended.code == 137 || ended.code == 0 { Ok(was_hit) } else { Err(ended.to_string()) }
}
