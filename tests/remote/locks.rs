//! Who has the lock, who gets it, and who is told what.

use std::time::Duration;

use pando::engine::journal::Journal as _;
use pando::store::lease::{BEAT, DEAD, FENCE, Watched};
use pando::store::remote::RemoteError;
use tokio::time::{Instant, sleep};

use super::{Computer, LOCK, Runs, make};
use crate::support::bucket::{Bucket, Trouble};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn whoever_finds_the_lock_taken_is_told_who_where_since_when_and_what_for() {
    let bucket = Bucket::default();
    let (alice, bob) = (Computer::new("alice", &bucket), Computer::new("bob", &bucket));
    let opened = alice.open(Runs::On).await.unwrap();
    let RemoteError::Locked(held) = bob.refused().await else { panic!() };
    assert_eq!(held.holder, alice.holder(Runs::On));
    assert!(!held.lock_id.is_empty());
    opened.0.close(&opened.1).await.unwrap();
    assert_eq!(bucket.text(LOCK), None);
    bob.open(Runs::On).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lock_of_an_ended_process_of_this_machine_is_taken_at_once_and_no_other() {
    let bucket = Bucket::default();
    let (alice, bob) = (Computer::new("alice", &bucket), Computer::new("bob", &bucket));
    drop(alice.open(Runs::Ended).await.unwrap());
    assert!(matches!(bob.refused().await, RemoteError::Locked(_)));
    let began = Instant::now();
    let opened = alice.open(Runs::On).await.unwrap();
    assert!(began.elapsed() < SECOND);
    // This one runs: nobody on its machine takes it over either.
    assert!(matches!(alice.refused().await, RemoteError::Locked(_)));
    drop(opened);
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_beats_is_never_removed_and_one_that_does_not_is_within_two_minutes() {
    let bucket = Bucket::default();
    let (alice, bob) = (Computer::new("alice", &bucket), Computer::new("bob", &bucket));
    let opened = alice.open(Runs::On).await.unwrap();
    let RemoteError::Locked(held) = bob.refused().await else { panic!() };
    let began = Instant::now();
    let watched = bob.store().unlock(&held.lock_id, |_, _| {}).await.unwrap();
    assert!(matches!(watched, Watched::Alive(_)), "{watched:?}");
    assert!(began.elapsed() <= BEAT + 10 * SECOND);
    let watched = bob.store().unlock("another", |_, _| {}).await.unwrap();
    assert!(matches!(watched, Watched::Another(_)), "{watched:?}");
    drop(opened);
    let began = Instant::now();
    let mut told = Vec::new();
    let watched = bob.store().unlock(&held.lock_id, |_, left| told.push(left)).await.unwrap();
    assert!(matches!(watched, Watched::Removed(_)), "{watched:?}");
    assert!((DEAD..120 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert!(told.is_sorted_by(|a, b| a > b) && told.len() > 10);
    assert_eq!(bob.store().unlock(&held.lock_id, |_, _| {}).await.unwrap(), Watched::Free);
    bob.open(Runs::On).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_renew_the_lock_sends_nothing_more_after_45_seconds_and_goes_on_when_it_can_again() {
    let bucket = Bucket::default();
    let alice = Computer::new("alice", &bucket);
    let opened = alice.open(Runs::On).await.unwrap();
    // In the middle between two beats.
    sleep(607 * SECOND).await;
    opened.0.permit().check().unwrap();
    alice.machine.sleep(true);
    sleep(FENCE.saturating_sub(BEAT)).await;
    opened.0.permit().check().unwrap();
    sleep(BEAT).await;
    let refusal = opened.0.permit().check().unwrap_err().to_string();
    assert!(refusal.contains("could not be renewed for"), "{refusal}");
    alice.machine.sleep(false);
    sleep(BEAT).await;
    opened.0.permit().check().unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_lost_answer_makes_a_lock_its_own_obstacle() {
    for trouble in [Trouble::LostRequest, Trouble::LostAnswer, Trouble::Twice, Trouble::Busy, Trouble::SlowDown] {
        for number in 1..60 {
            let bucket = Bucket::default();
            let alice = Computer::new("alice", &bucket);
            alice.machine.trouble(number, trouble);
            let mut opened = alice.open(Runs::On).await.unwrap_or_else(|e| panic!("{trouble:?} {number}: {e}"));
            make(&mut opened, &["a", "b"]).await;
            sleep(100 * SECOND).await;
            opened.0.permit().check().unwrap();
            opened.0.save(&opened.1).await.unwrap();
            make(&mut opened, &["c"]).await;
            let (open, state) = opened;
            open.close(&state).await.unwrap_or_else(|e| panic!("{trouble:?} {number}: {e}"));
            assert_eq!(bucket.text(LOCK), None, "{trouble:?} at call {number}");
            assert_eq!(alice.read().await, Some(state), "{trouble:?} at call {number}");
            if alice.machine.calls().len() < number {
                break;
            }
        }
    }
}
