//! From one machine to the next: in order, after a death, and over one that only slept.

#![expect(clippy::disallowed_methods, reason = "tests look at what was set aside")]

use std::fs;
use std::time::Duration;

use pando::engine::journal::Journal as _;
use pando::engine::state::State;
use pando::store::lease::Watched;
use pando::store::remote::{RemoteError, RemoteStore};
use tokio::time::sleep;

use super::{Computer, JOURNAL, Runs, STATE, created, made, make, numbers, owner, remote, sent};
use crate::support::bucket::Bucket;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn what_one_machine_made_the_next_knows_and_serials_and_epochs_rise() {
    let bucket = Bucket::default();
    let computers = [Computer::new("alice", &bucket), Computer::new("bob", &bucket)];
    let names = ["a", "b", "c", "d", "e"];
    for (turn, name) in names.iter().enumerate() {
        let computer = &computers[turn % 2];
        let mut opened = computer.open(Runs::On).await.unwrap();
        assert_eq!(made(&opened.1), names[..turn]);
        make(&mut opened, &[name]).await;
        let (open, state) = opened;
        open.close(&state).await.unwrap();
        assert_eq!(computers[(turn + 1) % 2].read().await, Some(state));
    }
    assert!(numbers(&bucket, "serial").is_sorted());
    assert!(numbers(&bucket, "epoch").is_sorted());
    // Nothing had to be set aside, for all was in the bucket.
    for computer in &computers {
        assert_eq!(fs::read_dir(computer.folder()).unwrap().filter(|e| stale(e.as_ref().unwrap())).count(), 0);
    }
}

fn stale(entry: &fs::DirEntry) -> bool {
    entry.file_name().to_string_lossy().ends_with(".stale")
}

#[tokio::test(start_paused = true)]
async fn a_run_that_changes_nothing_leaves_the_serial_and_lets_go_of_the_lock() {
    let bucket = Bucket::default();
    let alice = Computer::new("alice", &bucket);
    let mut opened = alice.open(Runs::On).await.unwrap();
    make(&mut opened, &["a"]).await;
    opened.0.close(&opened.1).await.unwrap();
    let before = alice.read().await;
    let opened = alice.open(Runs::On).await.unwrap();
    opened.0.close(&opened.1).await.unwrap();
    assert_eq!(alice.read().await, before);
}

#[tokio::test(start_paused = true)]
async fn another_machine_goes_on_from_what_was_copied_when_the_first_never_comes_back() {
    let bucket = Bucket::default();
    let (alice, bob) = (Computer::new("alice", &bucket), Computer::new("bob", &bucket));
    let mut opened = alice.open(Runs::On).await.unwrap();
    make(&mut opened, &["a", "b"]).await;
    // Copied within seconds, and then the power fails.
    sleep(6 * SECOND).await;
    drop(opened);
    let RemoteError::Locked(held) = bob.refused().await else { panic!() };
    let watched = bob.store().unlock(&held.lock_id, |_, _| {}).await.unwrap();
    assert!(matches!(watched, Watched::Removed(_)));
    let mut opened = bob.open(Runs::On).await.unwrap();
    assert_eq!(made(&opened.1), ["a", "b"]);
    make(&mut opened, &["c"]).await;
    opened.0.close(&opened.1).await.unwrap();
    // The first comes back after all: what it has is older, and is set aside.
    let alice = alice.again(&bucket);
    let opened = alice.open(Runs::On).await.unwrap();
    assert_eq!(made(&opened.1), ["a", "b", "c"]);
    let aside = fs::read_dir(alice.folder()).unwrap().filter(|entry| stale(entry.as_ref().unwrap())).count();
    assert_eq!(aside, 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_entry_is_in_the_bucket_before_anything_is_sent() {
    let bucket = Bucket::default();
    let alice = Computer::new("alice", &bucket);
    let mut opened = alice.open(Runs::On).await.unwrap();
    opened.0.append(&[sent("a")]).await.unwrap();
    assert!(bucket.text(JOURNAL).unwrap().contains("create_sent"));
    // Later ones wait for each other.
    opened.0.append(&[created("a")]).await.unwrap();
    assert!(!bucket.text(JOURNAL).unwrap().contains("created"));
    sleep(6 * SECOND).await;
    assert!(bucket.text(JOURNAL).unwrap().contains("created"));
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_while_its_lock_was_taken_writes_nothing_and_loses_nothing_of_the_others() {
    let bucket = Bucket::default();
    let (alice, bob) = (Computer::new("alice", &bucket), Computer::new("bob", &bucket));
    let (mut zombie, mut knew) = alice.open(Runs::On).await.unwrap();
    for entry in [sent("a"), created("a")] {
        zombie.append(std::slice::from_ref(&entry)).await.unwrap();
        knew.apply(&entry).unwrap();
    }
    sleep(6 * SECOND).await;
    alice.machine.sleep(true);
    let RemoteError::Locked(held) = bob.refused().await else { panic!() };
    bob.store().unlock(&held.lock_id, |_, _| {}).await.unwrap();
    let mut opened = bob.open(Runs::On).await.unwrap();
    make(&mut opened, &["b"]).await;
    sleep(95 * SECOND).await;
    alice.machine.sleep(false);
    let before = (bucket.text(STATE), bucket.history(JOURNAL).len());
    // It has an answer in hand, and may write that down for itself; it may send nothing.
    for entry in [sent("late"), created("late")] {
        zombie.append(std::slice::from_ref(&entry)).await.unwrap();
        knew.apply(&entry).unwrap();
    }
    assert!(zombie.permit().check().is_err());
    sleep(20 * SECOND).await;
    let refusal = zombie.permit().check().unwrap_err().to_string();
    assert!(refusal.contains("taken over"), "{refusal}");
    let error = zombie.save(&knew).await.unwrap_err();
    let RemoteError::TakenOver { rescue, .. } = remote(error) else { panic!() };
    assert!(fs::read_to_string(rescue).unwrap().contains("vpc/late@1"));
    assert!(remote_is_taken_over(zombie.close(&knew).await));
    assert_eq!((bucket.text(STATE), bucket.history(JOURNAL).len()), before);
    opened.0.permit().check().unwrap();
    make(&mut opened, &["c"]).await;
    let (open, state) = opened;
    open.close(&state).await.unwrap();
    assert_eq!(made(&bob.read().await.unwrap()), ["a", "b", "c"]);
    assert!(numbers(&bucket, "serial").is_sorted());
}

fn remote_is_taken_over(result: Result<(), pando::store::StoreError>) -> bool {
    result.is_err_and(|e| matches!(remote(e), RemoteError::TakenOver { .. }))
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_was_rolled_back_or_emptied_is_refused_by_whoever_knows_better() {
    let bucket = Bucket::default();
    let alice = Computer::new("alice", &bucket);
    let empty = bucket.backup();
    let mut opened = alice.open(Runs::On).await.unwrap();
    make(&mut opened, &["a"]).await;
    opened.0.close(&opened.1).await.unwrap();
    let old = bucket.backup();
    let mut opened = alice.open(Runs::On).await.unwrap();
    make(&mut opened, &["b"]).await;
    opened.0.close(&opened.1).await.unwrap();
    for content in [old, empty] {
        bucket.restore(content.clone());
        let error = alice.refused().await;
        assert!(matches!(error, RemoteError::RolledBack { .. }), "{error}");
        assert_eq!(bucket.backup(), content, "it was changed, or stays locked");
    }
}

/// Who recovers knows of no epoch. The copy of the first recovery has seen more than the second ever will, and still is the older one.
#[tokio::test(start_paused = true)]
async fn the_copy_of_an_earlier_recovery_is_older_than_a_later_one_however_much_it_has_seen() {
    let bucket = Bucket::default();
    let (bob, carol) = (Computer::new("bob", &bucket), Computer::new("carol", &bucket));
    let recover = async |computer: &Computer, now| {
        bucket.restore(Bucket::default().backup());
        let mut found = State::new(owner());
        for entry in [sent("a"), created("a")] {
            found.apply(&entry).unwrap();
        }
        let store = RemoteStore::new(computer.machine.clone(), "team", computer.folder(), "shop", now);
        store.vacate(&computer.holder(Runs::On)).await.unwrap().begin(&found).await.unwrap();
    };
    recover(&bob, || 2000).await;
    let mut opened = bob.open(Runs::On).await.unwrap();
    make(&mut opened, &["b", "c"]).await;
    opened.0.close(&opened.1).await.unwrap();
    recover(&carol, || 3000).await;
    let mut opened = carol.open(Runs::On).await.unwrap();
    make(&mut opened, &["d"]).await;
    opened.0.close(&opened.1).await.unwrap();
    assert_eq!(made(&bob.open(Runs::On).await.unwrap().1), ["a", "d"]);
}

#[tokio::test(start_paused = true)]
async fn a_state_of_this_machine_moves_into_the_bucket_and_another_of_that_name_is_refused() {
    let bucket = Bucket::default();
    let (alice, bob) = (Computer::new("alice", &bucket), Computer::new("bob", &bucket));
    let folder = pando::store::FileStore::new(alice.folder(), "shop");
    let (mut open, mut state) = folder.open(super::owner, &alice.holder(Runs::On)).unwrap();
    for entry in [sent("a"), created("a")] {
        open.append(std::slice::from_ref(&entry)).await.unwrap();
        state.apply(&entry).unwrap();
    }
    drop(open);
    let opened = alice.open(Runs::On).await.unwrap();
    assert_eq!(opened.1, state);
    opened.0.close(&opened.1).await.unwrap();
    assert_eq!(made(&bob.read().await.unwrap()), ["a"]);
    let stranger = || pando::engine::address::Owner { lineage: "another".into(), stack: "shop".into() };
    let folder = pando::store::FileStore::new(bob.folder(), "shop");
    let (mut open, _) = folder.open(stranger, &bob.holder(Runs::On)).unwrap();
    open.append(&[sent("x")]).await.unwrap();
    drop(open);
    let error = bob.refused().await;
    assert!(matches!(error, RemoteError::AnotherStack { .. }), "{error}");
}
