//! State in a bucket: in memory and in virtual time, where machines die, sleep and lose answers at every call; then on the simulator's S3.

mod binary;
mod handover;
mod killed;
mod locks;
mod probed;
mod processes;
mod real;
mod recovered;

use std::path::Path;

use pando::engine::address::{Address, Incarnation, Key, Owner};
use pando::engine::journal::{Entry, Fact, Journal as _};
use pando::engine::state::{Request, State};
use pando::store::remote::{OpenRemote, RemoteError, RemoteStore};
use pando::store::{Holder, StoreError};
use serde_json::json;
use tempfile::TempDir;

use crate::support::bucket::{Bucket, Machine};

/// Where the state of the tests is.
const STATE: &str = "team/shop/state.json";
const JOURNAL: &str = "team/shop/journal";
const LOCK: &str = "team/shop/lock";
const LINEAGE: &str = "00000000-0000-4000-8000-000000000000";

/// A computer: its disk, and its way to the bucket.
struct Computer {
    name: &'static str,
    disk: TempDir,
    machine: Machine,
}

type Opened = (OpenRemote<Machine>, State);

impl Computer {
    fn new(name: &'static str, bucket: &Bucket) -> Self {
        Self { name, disk: tempfile::tempdir().unwrap(), machine: bucket.machine() }
    }

    /// The same computer after it was started again.
    fn again(self, bucket: &Bucket) -> Self {
        Self { machine: bucket.machine(), ..self }
    }

    fn store(&self) -> RemoteStore<Machine> {
        RemoteStore::new(self.machine.clone(), "team", self.disk.path(), "shop", || 1000)
    }

    fn folder(&self) -> &Path {
        self.disk.path()
    }

    /// Who runs on it: a process that is there, or one that has ended.
    fn holder(&self, runs: Runs) -> Holder {
        let pid = match runs {
            Runs::On => std::process::id(),
            // More than any system has.
            Runs::Ended => i32::MAX.unsigned_abs(),
        };
        Holder {
            command: "pando apply".into(),
            pid,
            since: "2026-11-26T08:00:00Z".into(),
            who: format!("someone@{}", self.name),
            host: self.name.into(),
            boot_id: self.name.into(),
        }
    }

    async fn open(&self, runs: Runs) -> Result<Opened, StoreError> {
        self.store().open(owner, &self.holder(runs)).await
    }

    /// Why it cannot be opened.
    async fn refused(&self) -> RemoteError {
        remote(self.open(Runs::On).await.err().expect("a refusal"))
    }

    async fn read(&self) -> Option<State> {
        self.store().read().await.unwrap()
    }
}

#[derive(Clone, Copy)]
enum Runs {
    On,
    Ended,
}

fn owner() -> Owner {
    Owner { lineage: LINEAGE.into(), stack: "shop".into() }
}

fn life(name: &str) -> Incarnation {
    Incarnation { address: Address::new("vpc", name), generation: 1 }
}

/// A create that a plan has in it.
fn planned(name: &str) -> Entry {
    let of = life(name);
    let fact = Fact::Planned { key: Key::derive(LINEAGE, &of), request: Request::default() };
    Entry::Happened { of, fact }
}

/// A create that is about to be sent.
fn sent(name: &str) -> Entry {
    let of = life(name);
    let key = Key::derive(LINEAGE, &of);
    let fact = Fact::CreateSent { key, request: Request::default(), expected: None, at: 1 };
    Entry::Happened { of, fact }
}

/// Its answer.
fn created(name: &str) -> Entry {
    Entry::Happened { of: life(name), fact: Fact::Created { id: json!(name), at: 1 } }
}

/// Makes things: each is written down, sent and answered. What was answered last is in the state too.
async fn make(opened: &mut Opened, names: &[&str]) {
    for name in names {
        for entry in [sent(name), created(name)] {
            opened.0.append(std::slice::from_ref(&entry)).await.unwrap();
            opened.1.apply(&entry).unwrap();
        }
    }
}

/// The names of what is known to be there.
fn made(state: &State) -> Vec<&str> {
    let there = state.records.iter().filter(|(_, record)| record.id().is_some());
    there.map(|(of, _)| of.address.name.as_str()).collect()
}

/// The number after a word in the documents that were ever written, oldest first.
fn numbers(bucket: &Bucket, word: &str) -> Vec<u64> {
    let number = |text: &String| {
        let document: serde_json::Value = serde_json::from_str(text).unwrap();
        document[word].as_u64().unwrap()
    };
    bucket.history(STATE).iter().map(number).collect()
}

fn remote(error: StoreError) -> RemoteError {
    match error {
        StoreError::Remote(error) => error,
        other => panic!("{other}"),
    }
}
