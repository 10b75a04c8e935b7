//! The lock of a state in a bucket: an object that its holder writes anew every few seconds.
//!
//! No clock is compared with another: a holder that is not heard of is one whose object did not change for [`DEAD`] by the clock of whoever
//! watches. Its own clock stops it long before: after [`FENCE`] without a beat it sends nothing more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::lock::Holder;
use super::objects::{If, Object, Objects, Refusal, Tag, Written, read, remove, write};

/// Between two beats.
pub const BEAT: Duration = Duration::from_secs(15);
/// Whoever has had no beat for this long sends nothing more to the cloud.
pub const FENCE: Duration = Duration::from_secs(45);
/// A lock that did not change for this long is nobody's any more. What its holder last sent, at the latest when its fence fell, has then had a
/// minute to take effect: the engine's quiet time.
pub const DEAD: Duration = Duration::from_secs(105);
/// A beat that takes longer counts as lost.
const BEAT_LIMIT: Duration = Duration::from_secs(10);
/// After a lost beat.
const BEAT_AGAIN: Duration = Duration::from_secs(2);
/// Between two looks at a lock that is watched.
const LOOK: Duration = Duration::from_secs(5);
/// How often a lock that changes hands is asked for.
const TRIES: usize = 3;

/// What a lock says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Drawn for each holder.
    pub lock_id: String,
    /// The epoch of the state that the holder writes; zero before it has read it.
    pub epoch: u64,
    /// Who has it.
    #[serde(flatten)]
    pub holder: Holder,
    /// Counts the beats.
    pub beat: u64,
}

/// A lock that is ours, kept alive until it is released or dropped.
#[derive(Debug)]
pub(super) struct Lease<O> {
    objects: O,
    key: String,
    pulse: Arc<Pulse>,
    beats: JoinSet<()>,
    /// Whether it was taken from a process of this machine that has ended, without watching it.
    at_once: bool,
}

/// Why a lock cannot be had.
#[derive(Debug)]
pub(super) enum NotTaken {
    /// Somebody has it.
    Held(Box<Held>),
    /// It cannot be asked for.
    Failed(Refusal),
}

/// Why a lock that was ours does not count any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// Somebody else has it, or has removed it.
    To(Option<Box<Held>>),
    /// It could not be renewed for this long.
    Silent(Duration),
}

/// What came of watching a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// There is none.
    Free,
    /// It is another than the one that was named.
    Another(Held),
    /// Its holder was heard of.
    Alive(Held),
    /// Nobody was heard of, and it was removed.
    Removed(Held),
}

/// What is known of a lock that is ours.
#[derive(Debug)]
pub(super) struct Pulse(Mutex<Own>);

#[derive(Debug)]
struct Own {
    held: Held,
    tag: Tag,
    last: Moment,
    lost: Option<Lost>,
}

/// A moment by two clocks: the one that tests can turn, and the one that goes on while the machine sleeps.
#[derive(Clone, Copy, Debug)]
struct Moment {
    awake: Instant,
    since_boot: Duration,
}

impl Moment {
    fn now() -> Self {
        Self { awake: Instant::now(), since_boot: since_boot() }
    }

    fn elapsed(self) -> Duration {
        self.awake.elapsed().max(since_boot().saturating_sub(self.since_boot))
    }
}

/// Time since the machine was started, with the time it was suspended.
#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::try_from(now).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn since_boot() -> Duration {
    Duration::ZERO
}

impl Held {
    /// Reads a lock. One that cannot be read is held all the same, by nobody knows whom.
    fn read(object: &Object) -> Self {
        serde_json::from_slice(&object.body)
            .unwrap_or_else(|_| Self { lock_id: "unreadable".into(), ..Self::default() })
    }

    fn write(&self) -> Result<Vec<u8>, Refusal> {
        serde_json::to_vec(self).map_err(|e| Refusal::Refused(e.to_string()))
    }
}

impl<O: Objects> Lease<O> {
    /// Takes the lock, or tells who has it. That of a process of this very machine that has ended is nobody's.
    pub(super) async fn take(objects: &O, key: &str, holder: &Holder) -> Result<Self, NotTaken> {
        let lock_id = uuid::Uuid::new_v4().to_string();
        let held = Held { lock_id, epoch: 0, holder: holder.clone(), beat: 0 };
        let body = held.write().map_err(NotTaken::Failed)?;
        let (mut only, mut at_once) = (If::Absent, false);
        for _ in 0..TRIES {
            let began = Moment::now();
            match write(objects, key, &body, &only).await.map_err(NotTaken::Failed)? {
                Written::Ours(tag) => {
                    let own = Own { held, tag, last: began, lost: None };
                    return Ok(Self::keep(objects.clone(), key.to_owned(), own, at_once));
                }
                Written::Theirs(None) => (only, at_once) = (If::Absent, false),
                Written::Theirs(Some(object)) => {
                    let theirs = Held::read(&object);
                    if !theirs.holder.has_ended_beside(holder) {
                        return Err(NotTaken::Held(Box::new(theirs)));
                    }
                    (only, at_once) = (If::Is(object.tag), true);
                }
            }
        }
        Err(NotTaken::Failed(Refusal::Unclear("the lock changes hands all the time".into())))
    }

    fn keep(objects: O, key: String, own: Own, at_once: bool) -> Self {
        let pulse = Arc::new(Pulse(Mutex::new(own)));
        let mut beats = JoinSet::new();
        beats.spawn(go_on(objects.clone(), key.clone(), Arc::clone(&pulse)));
        Self { objects, key, pulse, beats, at_once }
    }

    /// Whether it was taken from a process of this machine that has ended: it may have sent something a moment ago.
    pub(super) fn was_taken_at_once(&self) -> bool {
        self.at_once
    }

    /// Says in the lock, from the next beat on, which epoch is written.
    pub(super) fn set_epoch(&self, epoch: u64) {
        self.pulse.with(|own| own.held.epoch = epoch);
    }

    /// Tells at any time whether the lock may be relied on.
    pub(super) fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.pulse)
    }

    /// Lets go of it, if it is still ours.
    pub(super) async fn release(mut self) -> Result<(), Refusal> {
        self.beats.shutdown().await;
        let (tag, id) = self.pulse.with(|own| (own.tag.clone(), own.held.lock_id.clone()));
        remove(&self.objects, &self.key, tag, |object| Held::read(object).lock_id == id).await
    }
}

impl Pulse {
    /// Whether the lock may be relied on: for what is sent to the cloud, which cannot be undone.
    pub(super) fn check(&self) -> Result<(), Lost> {
        self.with(|own| match &own.lost {
            Some(lost) => Err(lost.clone()),
            None if own.last.elapsed() >= FENCE => Err(Lost::Silent(own.last.elapsed())),
            None => Ok(()),
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Own) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn renewed(&self, tag: Tag, began: Moment) {
        self.with(|own| {
            own.tag = tag;
            own.last = began;
        });
    }
}

/// Beats until the lock is lost. A beat counts from the moment it was sent, not from that of its answer.
async fn go_on<O: Objects>(objects: O, key: String, pulse: Arc<Pulse>) {
    let mut next = BEAT;
    loop {
        sleep(next).await;
        let began = Moment::now();
        let (held, tag) = pulse.with(|own| {
            own.held.beat += 1;
            (own.held.clone(), own.tag.clone())
        });
        let Ok(body) = held.write() else { return };
        next = match timeout(BEAT_LIMIT, write(&objects, &key, &body, &If::Is(tag))).await {
            Ok(Ok(Written::Ours(tag))) => {
                pulse.renewed(tag, began);
                BEAT.saturating_sub(began.elapsed())
            }
            Ok(Ok(Written::Theirs(seen))) => match seen.map(|object| (Held::read(&object), object.tag)) {
                // A beat of ours that was given up and arrived after all.
                Some((theirs, tag)) if theirs.lock_id == held.lock_id => {
                    pulse.renewed(tag, began);
                    BEAT_AGAIN
                }
                other => {
                    pulse.with(|own| own.lost = Some(Lost::To(other.map(|(theirs, _)| Box::new(theirs)))));
                    return;
                }
            },
            Ok(Err(_)) | Err(_) => BEAT_AGAIN,
        };
    }
}

/// Watches the lock that was named, and removes it if its holder is not heard of. `tell` hears, at every look, how long it still takes.
pub(super) async fn unlock<O: Objects>(
    objects: &O,
    key: &str,
    lock_id: &str,
    mut tell: impl FnMut(&Held, Duration),
) -> Result<Watched, Refusal> {
    let Some(first) = read(objects, key).await? else { return Ok(Watched::Free) };
    let held = Held::read(&first);
    if held.lock_id != lock_id {
        return Ok(Watched::Another(held));
    }
    let began = Instant::now();
    while began.elapsed() < DEAD {
        tell(&held, DEAD.saturating_sub(began.elapsed()));
        sleep(LOOK).await;
        match read(objects, key).await? {
            None => return Ok(Watched::Free),
            Some(object) if object.tag == first.tag => {}
            Some(object) => return Ok(changed(&object, lock_id)),
        }
    }
    remove(objects, key, first.tag.clone(), |object| object.tag == first.tag).await?;
    Ok(match read(objects, key).await? {
        Some(object) => changed(&object, lock_id),
        None => Watched::Removed(held),
    })
}

fn changed(object: &Object, lock_id: &str) -> Watched {
    let held = Held::read(object);
    if held.lock_id == lock_id { Watched::Alive(held) } else { Watched::Another(held) }
}
