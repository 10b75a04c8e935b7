//! The lock on a stack's folder: of however many processes, exactly one has it, and whoever dies cannot keep it.
//!
//! `PANDO_LOCKS=1000 cargo test locks::of_sixty_four` has each of the 64 processes come so often, instead of the few times of every `cargo test`.

#![expect(
    clippy::disallowed_methods,
    reason = "processes that are kept apart by a file are looked at by files and variables"
)]

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use fastrand::Rng;
use pando::engine::address::Owner;
use pando::engine::journal::{Entry, Journal as _};
use pando::store::{FileStore, Holder, StoreError};
use rustix::process::Signal;
use serde_json::json;
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::support::command::{Sandbox, rounds, until};
use crate::support::scripted::{Reply, Stub, identity};

/// How many processes there are.
const PROCESSES: usize = 64;
/// How often each of them takes the lock, unless somebody says otherwise.
const ROUNDS: usize = 5;
/// Tells a process that it is one of the many, and where.
const FOLDER: &str = "PANDO_LOCKS_FOLDER";

fn owner() -> Owner {
    Owner { lineage: "lineage-1".into(), stack: "shop".into() }
}

#[tokio::test]
async fn of_sixty_four_processes_exactly_one_has_the_lock_and_none_loses_what_another_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let mut processes = JoinSet::new();
    for number in 0..PROCESSES {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "locks::one_of_the_many", "--ignored"]).env(FOLDER, folder.path());
        command.env("PANDO_LOCKS_NAME", number.to_string());
        command.stdin(Stdio::null()).kill_on_drop(true);
        processes.spawn(async move { command.output().await.unwrap() });
    }
    for output in processes.join_all().await {
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    }
    let state = FileStore::new(folder.path(), "shop").read().unwrap().unwrap();
    assert_eq!(state.serial, (PROCESSES * rounds(ROUNDS)) as u64, "an entry for each time that somebody had the lock");
    assert_eq!(state.pins.len(), PROCESSES);
}

/// Not a test: what each of the many processes does.
#[tokio::test]
#[ignore = "it is started by the test above"]
async fn one_of_the_many() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("only the test above starts this"));
    let name = std::env::var("PANDO_LOCKS_NAME").unwrap();
    let store = FileStore::new(&folder, "shop");
    let holder = Holder { command: format!("process {name}"), ..Holder::default() };
    let mut random = Rng::with_seed(name.parse().unwrap());
    for round in 0..rounds(ROUNDS) {
        let (mut open, _) = loop {
            match store.open(owner, &holder) {
                Ok(open) => break open,
                // Whoever has it may not have said who it is yet.
                Err(StoreError::Locked(who)) => assert!(who.command.is_empty() || who.command.starts_with("process ")),
                Err(e) => panic!("{e}: {e:?}"),
            }
            tokio::time::sleep(Duration::from_millis(random.u64(5..60))).await;
        };
        let witness = folder.join("witness");
        let alone = Alone::new(&witness);
        let entry = Entry::Pinned { query: name.clone(), answer: json!(round) };
        open.append(&[entry]).await.unwrap();
        drop(alone);
    }
}

/// A file that only one may have made.
struct Alone<'a>(&'a Path);

impl<'a> Alone<'a> {
    fn new(path: &'a Path) -> Self {
        let made = OpenOptions::new().write(true).create_new(true).open(path);
        made.unwrap_or_else(|e| panic!("somebody else has the lock too: {e}"));
        Self(path)
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        fs::remove_file(self.0).unwrap();
    }
}

/// The real binary; and the kernel, not the process, lets go of the lock.
#[tokio::test]
async fn of_many_applies_at_once_one_is_at_work_and_when_it_is_killed_the_next_can_be() {
    let stub = Stub::start(|call| identity(call).unwrap_or(Reply::Silence)).await;
    let sandbox = Sandbox::with("pando: 1\nstack: ledger\nregion: eu-west-1\ndatabase: { engine: postgres 17 }\n");
    let sandbox = sandbox.at(&stub.url);
    for round in 1..=3 {
        let running: Vec<_> = (0..16).map(|_| sandbox.start(&["apply", "--yes"])).collect();
        until("one has the lock", || stub.count("DescribeAvailabilityZones") == round).await;
        // Stopped, it neither goes on nor lets go of the lock.
        let mut holder = None;
        let mut refused = JoinSet::new();
        let text = fs::read_to_string(sandbox.path(".pando/ledger/lock")).unwrap();
        let lock: serde_json::Value = serde_json::from_str(&text).unwrap();
        for process in running {
            if lock["pid"] == process.pid() {
                process.signal(Signal::STOP);
                holder = Some(process);
            } else {
                refused.spawn(process.end());
            }
        }
        let holder = holder.expect("the lock says who has it");
        let said = format!("process {}", holder.pid());
        for ended in refused.join_all().await {
            ended.expect(5, &["another run is at work"]);
        }
        sandbox.run(&["apply", "--yes"]).await.expect(5, &[&said]);
        assert_eq!(stub.count("DescribeAvailabilityZones"), round);
        holder.signal(Signal::KILL);
        holder.end().await.expect(137, &[]);
    }
}
