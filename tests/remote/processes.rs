//! Real processes and a bucket on the simulator, or on an emulator that others wrote, over HTTP: of many exactly one has the lock, and one that was
//! stopped while another took over writes nothing when it goes on.
//!
//! `PANDO_LOCKS=30 cargo test remote::processes` has each of the many come so often.

#![expect(clippy::disallowed_methods, reason = "processes that are kept apart are looked at by files and variables")]

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use fastrand::Rng;
use pando::aws::clients::Access;
use pando::emulators::MINISTACK;
use pando::engine::journal::{Entry, Journal as _};
use pando::simulator::settings::Settings;
use pando::simulator::weather::{Fault, Rule, When};
use pando::store::probe::probe;
use pando::store::remote::{RemoteError, RemoteStore};
use pando::store::s3::{S3, prepare};
use pando::store::{Holder, StoreError};
use rustix::process::Signal;
use serde_json::json;
use tokio::process::Command;
use tokio::task::JoinSet;

use super::binary::sandbox;
use super::owner;
use crate::support::command::{add_an_hour, rounds, until};
use crate::support::emulator::start;
use crate::support::simulated::{at_rest, is_read, served, target_at};

/// How often each of the processes takes the lock, unless somebody says otherwise, as in `crate::locks`.
const ROUNDS: usize = 2;
const BUCKET: &str = "acme-state";
/// Tells a process that it is one of the many: where, and which.
const FOLDER: &str = "PANDO_MANY_FOLDER";
const ADDRESS: &str = "PANDO_MANY_URL";
const NUMBER: &str = "PANDO_MANY_NUMBER";

async fn store(url: &str, stack: &str, copies: &Path) -> RemoteStore<S3> {
    let s3 = S3::connect(&target_at(url), Access::Write, BUCKET).await.unwrap();
    RemoteStore::new(s3, "team", copies, stack, || 1000)
}

#[tokio::test]
async fn of_sixty_four_processes_exactly_one_has_the_lock_and_none_loses_what_another_wrote() {
    let (_simulator, server) = served(Settings::default(), 600.0).await;
    one_at_a_time(&server.url, 64).await;
}

/// So that not only our own simulator says so. moto and LocalStack do not know all conditions, which [`prepare`] and the probe notice.
#[tokio::test]
async fn on_ministack_too_exactly_one_of_many_processes_has_the_lock() {
    let ministack = start(&MINISTACK, None).await;
    one_at_a_time(&ministack.url, 16).await;
}

/// So many processes want the lock, each several times.
async fn one_at_a_time(url: &str, count: usize) {
    let prepared = prepare(&target_at(url), BUCKET, "team").await.unwrap();
    probe(&prepared.s3, "team").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut processes = JoinSet::new();
    for number in 0..count {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "remote::processes::one_of_the_many", "--ignored"]);
        command.env(FOLDER, folder.path()).env(ADDRESS, url).env(NUMBER, number.to_string());
        command.stdin(Stdio::null()).kill_on_drop(true);
        processes.spawn(async move { command.output().await.unwrap() });
    }
    for output in processes.join_all().await {
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    }
    let state = store(url, "shop", &folder.path().join("reader")).await.read().await.unwrap().unwrap();
    assert_eq!(state.serial, (count * rounds(ROUNDS)) as u64, "an entry for each time that somebody had the lock");
    assert_eq!(state.pins.len(), count);
}

/// Not a test: what each of the many processes does, on a machine of its own as far as anybody can tell.
#[tokio::test]
#[ignore = "it is started by the test above"]
async fn one_of_the_many() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("only the test above starts this"));
    let (url, number) = (std::env::var(ADDRESS).unwrap(), std::env::var(NUMBER).unwrap());
    let store = store(&url, "shop", &folder.join(&number)).await;
    let holder = Holder { pid: std::process::id(), boot_id: number.clone(), ..Holder::default() };
    let mut random = Rng::with_seed(number.parse().unwrap());
    for round in 0..rounds(ROUNDS) {
        let (mut open, mut state) = loop {
            match store.open(owner, &holder).await {
                Ok(opened) => break opened,
                Err(StoreError::Remote(RemoteError::Locked(_))) => {}
                Err(e) => panic!("{e}: {e:?}"),
            }
            tokio::time::sleep(Duration::from_millis(random.u64(100..1000))).await;
        };
        let witness = folder.join("witness");
        let alone = OpenOptions::new().write(true).create_new(true).open(&witness);
        alone.unwrap_or_else(|e| panic!("somebody else has the lock too: {e}"));
        let entry = Entry::Pinned { query: number.clone(), answer: json!(round) };
        open.append(std::slice::from_ref(&entry)).await.unwrap();
        state.apply(&entry).unwrap();
        fs::remove_file(&witness).unwrap();
        open.close(&state).await.unwrap();
    }
}

/// The lock's id, as whoever found it taken was told.
fn lock_id(said: &str) -> String {
    let (_, rest) = said.split_once("pando state unlock ").expect("the command that helps");
    rest.split(|c: char| !c.is_ascii_hexdigit() && c != '-').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_process_that_was_stopped_while_another_took_over_writes_nothing_when_it_goes_on() {
    let (simulator, server) = served(Settings::default(), 600.0).await;
    let (alice, bob) = (sandbox(&server.url), sandbox(&server.url));
    alice.run(&["init", "--state", "s3://acme-state/team"]).await.expect(0, &["Made the bucket"]);
    let begins = |action: &str| simulator.calls().iter().any(|call| call.action == action);
    let held = Rule {
        service: None,
        action: Some("CreateAutoScalingGroup".into()),
        fault: Fault::LostAnswer,
        when: When::Nth(1),
    };
    simulator.set_weather(vec![held]);
    let running = alice.start(&["apply", "--yes"]);
    until("it is in the middle of its work", || begins("CreateAutoScalingGroup")).await;
    running.signal(Signal::STOP);
    simulator.set_weather(Vec::new());

    // To this machine the process is there, and stopped is not ended; another machine could not even tell.
    let refused = bob.run(&["apply", "--yes"]).await;
    refused.expect(5, &["another run is at work", "`pando apply` by"]);
    let id = lock_id(&refused.err);
    bob.run(&["state", "unlock", &id]).await.expect(0, &["Watching the lock", "The lock is removed"]);
    bob.run(&["apply", "--yes"]).await.expect(0, &["queue_reports"]);
    let calls = simulator.calls().len();

    running.signal(Signal::CONT);
    running.end().await.expect(5, &["s3://acme-state/team/jobs/"]);
    let changes = simulator.calls().split_off(calls);
    let changes: Vec<_> = changes.iter().filter(|call| call.service != "s3" && !is_read(&call.action)).collect();
    assert!(changes.is_empty(), "{changes:#?}");
    bob.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
    alice.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
    // Or the destroy would wait until nothing can arrive any more that the first has sent.
    let elsewhere = tempfile::tempdir().unwrap();
    let (open, mut state) =
        store(&server.url, "jobs", elsewhere.path()).await.open(owner, &Holder::default()).await.unwrap();
    add_an_hour(&mut state);
    open.close(&state).await.unwrap();
    bob.run(&["destroy", "--confirm", "jobs"]).await.expect(0, &["found nothing left"]);
    at_rest(&simulator).await;
    let left = simulator.inventory().unwrap();
    assert!(left.iter().all(|thing| !format!("{thing:?}").contains("jobs-")), "{left:#?}");
}
