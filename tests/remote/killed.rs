//! A run that is killed at every call to the bucket, before and after it takes effect; and what the same machine and another find then.

use std::time::Duration;

use pando::engine::journal::Journal as _;
use pando::engine::state::{State, Status};
use pando::store::lease::Watched;
use pando::store::remote::RemoteError;
use tokio::time::sleep;

use super::{Computer, Runs, created, life, made, make, numbers, planned, remote, sent};
use crate::support::bucket::{Bucket, Trouble};

/// What is made in the run that is killed, and how much of it was answered when it died.
const NAMES: [&str; 4] = ["b", "c", "d", "e"];

/// A run as long as it lasts. What it holds of the world when it dies is in `sent`: names that may be in the cloud.
async fn run(computer: &Computer, out: &std::cell::RefCell<Vec<&'static str>>) {
    let (mut open, mut state) = computer.open(Runs::Ended).await.unwrap();
    let plan = NAMES.map(planned);
    if open.append(&plan).await.is_err() {
        return;
    }
    state = state.fold(&plan).unwrap();
    for (number, name) in NAMES.into_iter().enumerate() {
        let entry = sent(name);
        if open.append(std::slice::from_ref(&entry)).await.is_err() || open.permit().check().is_err() {
            break;
        }
        state.apply(&entry).unwrap();
        out.borrow_mut().push(name);
        let entry = created(name);
        open.append(std::slice::from_ref(&entry)).await.unwrap();
        state.apply(&entry).unwrap();
        sleep(Duration::from_secs(4)).await;
        if number == 1 {
            open.save(&state).await.unwrap();
        }
    }
    open.close(&state).await.unwrap();
}

/// The first state, made by a machine that is not heard of again.
async fn beginning(bucket: &Bucket) -> State {
    let first = Computer::new("first", bucket);
    let mut opened = first.open(Runs::On).await.unwrap();
    make(&mut opened, &["a"]).await;
    let (open, state) = opened;
    open.close(&state).await.unwrap();
    state
}

/// Has a run die of this call. Its computer is handed back, unless it did not make so many.
async fn killed(bucket: &Bucket, number: usize, death: Trouble) -> Option<(Computer, Vec<&'static str>)> {
    let computer = Computer::new("alice", bucket);
    computer.machine.trouble(number, death);
    let sent = std::cell::RefCell::default();
    let lived = computer.machine.until_death(run(&computer, &sent)).await;
    // What was in its memory went with it.
    lived.is_none().then(|| (computer.again(bucket), sent.into_inner()))
}

#[tokio::test(start_paused = true)]
async fn the_same_machine_goes_on_at_once_and_knows_all_that_was_sent() {
    for death in [Trouble::DiesBefore, Trouble::DiesAfter] {
        for number in 1.. {
            let bucket = Bucket::default();
            beginning(&bucket).await;
            let Some((computer, sent)) = killed(&bucket, number, death).await else { break };
            let place = format!("{death:?} at call {number}");
            let read = computer.read().await.unwrap();
            let mut opened = computer.open(Runs::On).await.unwrap_or_else(|e| panic!("{place}: {e}"));
            assert_eq!(read, opened.1, "{place}: a plan sees what an apply begins with");
            for name in sent {
                assert!(opened.1.records.keys().any(|of| of.address.name == name), "{place}: {name} is forgotten");
            }
            assert!(made(&opened.1).contains(&"a"));
            make(&mut opened, &["z"]).await;
            let (open, state) = opened;
            open.close(&state).await.unwrap();
            assert_eq!(computer.read().await, Some(state), "{place}");
            assert!(numbers(&bucket, "serial").is_sorted(), "{place}: {:?}", numbers(&bucket, "serial"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_machine_waits_for_the_lock_and_knows_all_that_was_copied() {
    for death in [Trouble::DiesBefore, Trouble::DiesAfter] {
        for number in 1.. {
            let bucket = Bucket::default();
            beginning(&bucket).await;
            let Some((_, sent)) = killed(&bucket, number, death).await else { break };
            let place = format!("{death:?} at call {number}");
            let bob = Computer::new("bob", &bucket);
            let opened = match bob.open(Runs::On).await {
                Ok(opened) => opened,
                Err(error) => {
                    let RemoteError::Locked(held) = remote(error) else { panic!("{place}") };
                    let watched = bob.store().unlock(&held.lock_id, |_, _| {}).await.unwrap();
                    assert!(matches!(watched, Watched::Removed(_)), "{place}: {watched:?}");
                    bob.open(Runs::On).await.unwrap_or_else(|e| panic!("{place}: {e}"))
                }
            };
            let mut opened = opened;
            // What was sent in the last seconds is not in the bucket, but what was planned is, and counts as sent now.
            for name in sent {
                let record = &opened.1.records[&life(name)];
                assert_ne!(record.status, Status::Planned, "{place}: {name} counts as never sent");
            }
            make(&mut opened, &["z"]).await;
            let (open, state) = opened;
            open.close(&state).await.unwrap();
            assert!(numbers(&bucket, "serial").is_sorted(), "{place}");
            assert!(numbers(&bucket, "epoch").is_sorted(), "{place}");
        }
    }
}
