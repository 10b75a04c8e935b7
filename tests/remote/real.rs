//! The real client of S3, on the simulator's S3, in virtual time: with every answer lost once, and with Pando killed at every call.

use std::path::Path;

use pando::aws::clients::Access;
use pando::engine::state::State;
use pando::simulator::Simulator;
use pando::simulator::settings::Settings;
use pando::simulator::weather::{Fault, Rule, When};
use pando::store::probe::probe;
use pando::store::remote::{OpenRemote, RemoteError, RemoteStore};
use pando::store::s3::{S3, prepare};
use pando::store::{Holder, StoreError};

use super::{created, made, owner, sent};
use crate::support::simulated::{target, world};

const BUCKET: &str = "acme-state";

fn holder(pid: u32) -> Holder {
    Holder { command: "pando apply".into(), pid, host: "host".into(), boot_id: "boot".into(), ..Holder::default() }
}

async fn store(simulator: &Simulator, disk: &Path) -> RemoteStore<S3> {
    let s3 = S3::connect(&target(simulator), Access::Write, BUCKET).await.unwrap();
    RemoteStore::new(s3, "team", disk, "shop", || 1000)
}

async fn ready() -> Simulator {
    let simulator = world(Settings::default());
    prepare(&target(&simulator), BUCKET, "team").await.unwrap();
    simulator
}

async fn make(open: &mut OpenRemote<S3>, state: &mut State, name: &str) {
    use pando::engine::journal::Journal as _;
    for entry in [sent(name), created(name)] {
        open.append(std::slice::from_ref(&entry)).await.unwrap();
        state.apply(&entry).unwrap();
    }
}

async fn run(simulator: &Simulator, disk: &Path, pid: u32, name: &str) -> Result<State, StoreError> {
    let (mut open, mut state) = store(simulator, disk).await.open(owner, &holder(pid)).await?;
    make(&mut open, &mut state, name).await;
    open.save(&state).await?;
    open.close(&state).await?;
    Ok(state)
}

fn weather(number: u64, fault: Fault) -> Vec<Rule> {
    vec![Rule { service: Some("s3".into()), action: None, fault, when: When::Nth(number) }]
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_made_with_all_that_state_needs_and_keeps_its_word() {
    let simulator = world(Settings::default());
    let target = target(&simulator);
    let error = S3::connect(&target, Access::Read, BUCKET).await.unwrap_err();
    assert!(matches!(error, RemoteError::NoBucket { .. }), "{error}");
    let ready = prepare(&target, BUCKET, "team").await.unwrap();
    assert!(ready.made && ready.set.contains(&"versions") && ready.set.contains(&"only TLS"), "{ready:?}");
    assert_eq!(ready.region, crate::support::simulated::REGION);
    probe(&ready.s3, "team").await.unwrap();
    // What is set stays as it is.
    let again = prepare(&target, BUCKET, "team").await.unwrap();
    assert!(!again.made && again.set.is_empty(), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_s3_that_is_lost_broken_or_an_error_changes_nothing() {
    let faults = [
        Fault::LostRequest,
        Fault::LostAnswer,
        Fault::ResetAfter,
        Fault::Twice,
        Fault::ErrorBefore(503),
        Fault::ErrorAfter(500),
    ];
    for fault in faults {
        // Opening, checkpoint, saving and letting go: eleven calls, with the one that finds the bucket.
        for number in 1..=12 {
            let (simulator, disk) = (ready().await, tempfile::tempdir().unwrap());
            simulator.set_weather(weather(number, fault));
            let state = run(&simulator, disk.path(), std::process::id(), "a").await;
            let state = state.unwrap_or_else(|e| panic!("{fault:?} at call {number}: {e}"));
            let other = tempfile::tempdir().unwrap();
            let read = store(&simulator, other.path()).await.read().await.unwrap();
            assert_eq!(read, Some(state), "{fault:?} at call {number}");
            run(&simulator, other.path(), std::process::id(), "b").await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_call_to_s3_it_goes_on_at_once() {
    for fault in [Fault::KillBefore, Fault::KillAfter, Fault::KillAnswered] {
        for number in 2..=11 {
            let (simulator, disk) = (ready().await, tempfile::tempdir().unwrap());
            run(&simulator, disk.path(), std::process::id(), "a").await.unwrap();
            simulator.set_weather(weather(number, fault));
            let mut death = simulator.death();
            tokio::select! {
                biased;
                _ = death.wait_for(|dead| *dead) => {}
                result = run(&simulator, disk.path(), i32::MAX.unsigned_abs(), "b") => { result.unwrap(); }
            }
            simulator.revive();
            simulator.set_weather(Vec::new());
            let state = run(&simulator, disk.path(), std::process::id(), "c").await;
            let state = state.unwrap_or_else(|e| panic!("{fault:?} at call {number}: {e}"));
            assert!(made(&state).contains(&"a") && made(&state).contains(&"c"), "{fault:?} at call {number}");
        }
    }
}
