//! State in a bucket, for a team. The bucket has the truth; the folder beside the blueprint is this machine's copy, and is written first.
//!
//! | object | what |
//! |---|---|
//! | `<prefix>/<stack>/lock` | who is at work, written anew every few seconds; see [`super::lease`] |
//! | `<prefix>/<stack>/state.json` | the state at the end of the last run |
//! | `<prefix>/<stack>/journal` | what has happened since |
//!
//! Whoever opens the state writes both anew, with an epoch that is higher by one, before anything else. Every write is made on condition that
//! the version seen last is still there. So of two who both believe to have the lock, only the one that opened last can write, and the other finds
//! out at its next write. It then overwrites nothing, and what it knew is kept in a file of its own.

mod anew;
mod document;
mod error;
mod marker;
mod mirror;
mod opened;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::disk::{Disk, ThisMachine};
use super::file::{self, FileStore, StoreError};
use super::lease::{self, Held, Lease, Lost, NotTaken, Watched};
use super::lock::Holder;
use super::objects::{If, Object, Objects, Refusal, Tag, Written, read, write};
use super::snapshot::Unreadable;
use crate::engine::address::Owner;
use crate::engine::state::State;
use document::{Document, Log};
use mirror::Mirror;

pub use anew::VacantRemote;
pub use error::RemoteError;
pub(super) use marker::Marker;
pub use opened::OpenRemote;

/// How often the state is read anew because it changed while it was opened.
const TRIES: usize = 3;

/// What was sent may take effect this long after.
const QUIET: Duration = Duration::from_mins(1);

/// The state of one stack in a bucket.
#[derive(Clone, Debug)]
pub struct RemoteStore<O, D = ThisMachine> {
    objects: O,
    prefix: String,
    disk: D,
    copy: FileStore<D>,
    /// Seconds since 1970.
    now: fn() -> u64,
}

/// What the bucket has.
struct Known {
    /// With what the journal adds.
    state: State,
    epoch: u64,
    write_id: String,
    /// The journal's lines, if they follow this write of the state.
    lines: String,
    /// When the last of them was written.
    at: u64,
}

/// All that a look shows: what is known, and the conditions under which it may be replaced.
struct Look {
    known: Option<Known>,
    state: If,
    journal: If,
}

/// Which of two states goes on.
enum Choice {
    /// The folder's: it knows at least as much.
    Copy,
    /// The bucket's. Whether the folder has anything that must be set aside.
    Bucket(Aside),
}

#[derive(PartialEq, Eq)]
enum Aside {
    Yes,
    No,
}

impl<O: Objects> RemoteStore<O> {
    /// The state of `stack` below `prefix`, with this machine's copy below `base`. Nothing is touched yet.
    pub fn new(objects: O, prefix: &str, base: &Path, stack: &str, now: fn() -> u64) -> Self {
        Self::on(ThisMachine, objects, prefix, (base, stack), now)
    }
}

impl<O: Objects, D: Disk> RemoteStore<O, D> {
    /// The same, with the copy on another disk.
    pub fn on(disk: D, objects: O, prefix: &str, (base, stack): (&Path, &str), now: fn() -> u64) -> Self {
        let prefix = if prefix.is_empty() { stack.to_owned() } else { format!("{prefix}/{stack}") };
        Self { objects, prefix, copy: FileStore::on(disk.clone(), base, stack), disk, now }
    }

    /// What is known, if there is anything, without a lock. What an interrupted run of this machine knew and could not send counts.
    pub async fn read(&self) -> Result<Option<State>, StoreError> {
        let look = self.look().await?;
        let marker = Marker::read(&self.disk, self.copy.folder())?;
        let local = if marker.is_some() { self.copy.read()? } else { None };
        let Some(known) = look.known else {
            return match local {
                Some(local) if !local.records.is_empty() => Err(self.rolled_back().into()),
                _ => Ok(None),
            };
        };
        let newer = local.zip(marker).filter(|(local, marker)| {
            marker.epoch == known.epoch
                && local.owner.lineage == known.state.owner.lineage
                && local.serial >= known.state.serial
        });
        match newer {
            Some((local, _)) => Ok(Some(local)),
            None if known.lines.is_empty() => Ok(Some(known.state)),
            // Whoever planned this is at work, or was lost: what it can have made must not be planned once more.
            None => self.assume_sent(&known.state, known.at).map(Some),
        }
    }

    /// Locks the state, makes it if it is not there, and brings bucket and copy up to date.
    pub async fn open(
        &self,
        owner: impl FnOnce() -> Owner,
        holder: &Holder,
    ) -> Result<(OpenRemote<O, D>, State), StoreError> {
        let lease = self.lock(holder).await?;
        match self.open_locked(owner(), holder, &lease).await {
            Ok((opened, state)) => Ok((opened.with(lease), state)),
            Err(error) => {
                // Why it could not be opened says more than that the lock could not be let go of either.
                drop(lease.release().await);
                Err(error)
            }
        }
    }

    async fn lock(&self, holder: &Holder) -> Result<Lease<O>, RemoteError> {
        Lease::take(&self.objects, &self.key("lock"), holder).await.map_err(|e| match e {
            NotTaken::Held(held) => RemoteError::Locked(held),
            NotTaken::Failed(why) => self.failed("lock", "lock", why),
        })
    }

    /// Watches the lock of this id, and removes it if its holder is not heard of.
    pub async fn unlock(&self, lock_id: &str, tell: impl FnMut(&Held, Duration)) -> Result<Watched, StoreError> {
        let watched = lease::unlock(&self.objects, &self.key("lock"), lock_id, tell).await;
        Ok(watched.map_err(|why| self.failed("watch", "lock", why))?)
    }

    async fn open_locked(
        &self,
        owner: Owner,
        holder: &Holder,
        lease: &Lease<O>,
    ) -> Result<(opened::Parts<O, D>, State), StoreError> {
        for _ in 0..TRIES {
            let look = self.look().await?;
            let begin = || look.known.as_ref().map_or(owner.clone(), |known| known.state.owner.clone());
            let (copy, local) = self.copy.open(begin, holder)?;
            let marker = Marker::read(&self.disk, self.copy.folder())?;
            let choice = self.choose(look.known.as_ref(), marker.as_ref(), &local)?;
            let highest = look.known.as_ref().map_or(0, |known| known.epoch);
            let epoch = highest.max(marker.map_or(0, |marker| marker.epoch)) + 1;
            let state = match (&choice, &look.known) {
                (Choice::Bucket(_), Some(known)) => self.taken_over(known, lease).await?,
                _ => local,
            };
            // Whoever slept until here may have lost the lock to somebody who is at work.
            lease.pulse().check().map_err(|lost| self.not_ours(lost))?;
            let Some(written) = self.claim(&look, epoch, &state).await? else { continue };
            lease.set_epoch(epoch);
            let copy = self.bring_up_to_date(copy, &choice, &state, holder)?;
            let parts = opened::Parts {
                objects: self.objects.clone(),
                disk: self.disk.clone(),
                state_key: self.key("state.json"),
                folder: self.copy.folder().to_owned(),
                copy,
                mirror: Arc::new(written.mirror),
                epoch,
                tag: written.tag,
                saved: state.serial,
            };
            parts.mark(false)?;
            return Ok((parts, state));
        }
        Err(self.unsteady().into())
    }

    /// Writes journal and state with the new epoch. The journal first, with the lines that it has: from then on whoever had the lock before can add
    /// nothing to it that this run does not know. `None`: something was written meanwhile.
    async fn claim(&self, look: &Look, epoch: u64, state: &State) -> Result<Option<Claimed<O>>, StoreError> {
        let (follows, lines) =
            look.known.as_ref().map_or_else(Default::default, |known| (known.write_id.clone(), known.lines.clone()));
        let lineage = state.owner.lineage.clone();
        let mirror = Mirror::new(self.objects.clone(), self.key("journal"), lineage, epoch, self.now);
        let body = mirror.log(&follows, lines).write().map_err(|e| self.unwritable(&e))?;
        let Written::Ours(journal) = self.put("journal", &body, &look.journal).await? else { return Ok(None) };
        let write_id = uuid::Uuid::new_v4().to_string();
        let document = Document { epoch, write_id: write_id.clone(), state: state.clone() };
        let body = document.write().map_err(|e| self.unwritable(&e))?;
        let Written::Ours(tag) = self.put("state.json", &body, &look.state).await? else { return Ok(None) };
        mirror.follow(&write_id, Some(journal)).await;
        Ok(Some(Claimed { mirror, tag }))
    }

    async fn look(&self) -> Result<Look, StoreError> {
        // The state first: a journal that is read before could be one that the state has already taken in.
        let state = self.get("state.json").await?;
        let journal = self.get("journal").await?;
        let conditions = (If::unchanged(state.as_ref()), If::unchanged(journal.as_ref()));
        let unreadable = |name: &str, e: Unreadable| self.unreadable(name, e);
        let document = state.map(|object| Document::read(&object.body)).transpose();
        let log = journal.map(|object| Log::read(&object.body)).transpose();
        let document = document.map_err(|e| unreadable("state.json", e))?;
        let log = log.map_err(|e| unreadable("journal", e))?;
        let known = match (document, log) {
            (None, Some(log)) if !log.lines.is_empty() => {
                return Err(unreadable("state.json", Unreadable::Damaged("it is gone".into())));
            }
            (None, _) => None,
            (Some(Document { epoch, write_id, state }), log) => {
                let log = log.filter(|log| log.header.follows == write_id && log.header.lineage == state.owner.lineage);
                let at = log.as_ref().map_or(0, |log| log.header.at);
                let replayed = log.as_ref().map_or(Ok(state.clone()), |log| log.replay(state));
                let state = replayed.map_err(|e| unreadable("journal", e))?;
                Some(Known { state, epoch, write_id, lines: log.map_or_else(String::new, |log| log.lines), at })
            }
        };
        Ok(Look { known, state: conditions.0, journal: conditions.1 })
    }

    /// Which of what the bucket and this machine know goes on. Within one epoch the machine wrote first; between epochs the later one counts.
    fn choose(&self, known: Option<&Known>, marker: Option<&Marker>, local: &State) -> Result<Choice, StoreError> {
        let (place, folder) = (self.place("state.json"), self.copy.folder().to_owned());
        let Some(known) = known else {
            // A folder that was never a copy is the beginning: the state moves into the bucket.
            let is_lost = marker.is_some() && !local.records.is_empty();
            return if is_lost { Err(self.rolled_back().into()) } else { Ok(Choice::Copy) };
        };
        let is_blank = local.serial == 0 && local.records.is_empty();
        if local.owner.lineage != known.state.owner.lineage {
            return if local.records.is_empty() {
                Ok(Choice::Bucket(Aside::Yes))
            } else {
                Err(RemoteError::AnotherStack { place, folder }.into())
            };
        }
        match marker {
            Some(marker) if marker.epoch > known.epoch => Err(self.rolled_back().into()),
            Some(marker) if marker.epoch == known.epoch && local.serial >= known.state.serial => Ok(Choice::Copy),
            // All of it went into the bucket, where others went on from it.
            Some(marker) if marker.complete && local.serial < known.state.serial => Ok(Choice::Bucket(Aside::No)),
            Some(_) if *local == known.state => Ok(Choice::Bucket(Aside::No)),
            None if is_blank => Ok(Choice::Bucket(Aside::No)),
            _ => Ok(Choice::Bucket(Aside::Yes)),
        }
    }

    /// The bucket's state, where another machine wrote it last. If that one did not come to its end, it may have sent more than is written here:
    /// everything that it had planned, and what it was about to change. Of a lock that was watched, a minute has passed since the last that its
    /// holder can have sent; of one that was taken at once, it has not.
    async fn taken_over(&self, known: &Known, lease: &Lease<O>) -> Result<State, StoreError> {
        if known.lines.is_empty() {
            return Ok(known.state.clone());
        }
        if lease.was_taken_at_once() {
            tokio::time::sleep(QUIET).await;
        }
        self.assume_sent(&known.state, (self.now)())
    }

    /// The state of a run that may have sent everything it had planned, at this time at the latest.
    fn assume_sent(&self, state: &State, at: u64) -> Result<State, StoreError> {
        let sent = state.assume_sent(at);
        let assumed = state.clone().fold(&sent);
        assumed.map_err(|e| self.unreadable("journal", Unreadable::Damaged(e.to_string())))
    }

    /// Makes the folder say what was just written to the bucket.
    fn bring_up_to_date(
        &self,
        mut copy: file::OpenStore<D>,
        choice: &Choice,
        state: &State,
        holder: &Holder,
    ) -> Result<file::OpenStore<D>, StoreError> {
        if let Choice::Bucket(aside) = choice {
            if *aside == Aside::Yes {
                marker::set_aside(&self.disk, self.copy.folder())?;
                copy = self.copy.open(|| state.owner.clone(), holder)?.0;
            }
            copy.save(state)?;
        }
        Ok(copy)
    }

    async fn get(&self, name: &'static str) -> Result<Option<Object>, RemoteError> {
        read(&self.objects, &self.key(name)).await.map_err(|why| self.failed("read", name, why))
    }

    async fn put(&self, name: &'static str, body: &[u8], only: &If) -> Result<Written, RemoteError> {
        let written = write(&self.objects, &self.key(name), body, only).await;
        written.map_err(|why| self.failed("write", name, why))
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    /// Where an object is, for people.
    pub fn place(&self, name: &str) -> String {
        self.objects.place(&self.key(name))
    }

    fn failed(&self, doing: &'static str, name: &str, why: Refusal) -> RemoteError {
        RemoteError::Failed { doing, place: self.place(name), why }
    }

    fn unwritable(&self, error: &serde_json::Error) -> RemoteError {
        self.failed("write", "state.json", Refusal::Refused(error.to_string()))
    }

    fn unreadable(&self, name: &str, why: Unreadable) -> StoreError {
        let path = PathBuf::from(self.place(name));
        match why {
            Unreadable::Newer(found) => StoreError::Newer { path, found },
            Unreadable::Damaged(why) => StoreError::Damaged { path, why },
        }
    }

    fn not_ours(&self, lost: Lost) -> RemoteError {
        match lost {
            Lost::To(Some(held)) => RemoteError::Locked(held),
            Lost::To(None) | Lost::Silent(_) => self.unsteady(),
        }
    }

    fn unsteady(&self) -> RemoteError {
        RemoteError::Unsteady { place: self.place("state.json") }
    }

    fn rolled_back(&self) -> RemoteError {
        RemoteError::RolledBack { place: self.place("state.json"), folder: self.copy.folder().to_owned() }
    }
}

/// Bucket and journal after they were written with a new epoch.
struct Claimed<O> {
    mirror: Mirror<O>,
    tag: Tag,
}
