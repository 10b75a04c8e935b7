//! State in a folder: a snapshot, the journal since, what was there before, and a lock.
//!
//! | file | what |
//! |---|---|
//! | `state.json` | the state at the end of the last run; replaced in one step |
//! | `journal` | what has happened since, one checksummed line for each append |
//! | `state.<serial>.bak` | the snapshots before, the last ten |
//! | `journal.<serial>.bak` | the journals that led from one snapshot to the next, the last ten |
//! | `lock` | held by whoever is at work |
//! | `lost-<number>/` | what was left of a state in the place of which another was recovered |

use std::io;
use std::path::{Path, PathBuf};

use super::disk::{Disk, ThisMachine};
use super::frame;
use super::lock::Holder;
use super::replay::{Append, replay};
use super::snapshot::{self, FORMAT, Unreadable};
use crate::engine::address::Owner;
use crate::engine::journal::{Entry, Journal, JournalError};
use crate::engine::state::State;
use crate::engine::verify::{Finding, verify};

/// How many older snapshots and journals are kept.
const BACKUPS: usize = 10;
/// How often a state is read that somebody is writing.
const READS: usize = 5;

/// The folder of one stack's state.
#[derive(Clone, Debug)]
pub struct FileStore<D = ThisMachine> {
    pub(super) disk: D,
    pub(super) folder: PathBuf,
}

/// A state that is locked and can be written.
pub struct OpenStore<D: Disk = ThisMachine> {
    store: FileStore<D>,
    /// The serial that the next entry follows.
    serial: u64,
    /// The serial of the snapshot.
    saved: u64,
    /// An append failed: nobody knows how much of it is on the disk, so nothing may follow it.
    broken: bool,
    _lock: D::Lock,
}

/// The state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system said no.
    #[error("could not {doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// A file is not what Pando wrote.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file is not a saved plan, or no longer.
    #[error("{} is not a saved plan: {why}", path.display())]
    NotAPlan {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A newer Pando wrote it.
    #[error("{} was written by a newer Pando (format {found}, this one knows {FORMAT})", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Somebody else is at work.
    #[error("another run is at work on this stack")]
    Locked(Box<Holder>),
    /// The state is in a bucket, and something is wrong there.
    #[error(transparent)]
    Remote(#[from] super::remote::RemoteError),
}

impl FileStore {
    /// The state of `stack` below `base`. Nothing is touched yet.
    pub fn new(base: &Path, stack: &str) -> Self {
        Self::on(ThisMachine, base, stack)
    }
}

impl<D: Disk> FileStore<D> {
    /// The same, on another disk.
    pub fn on(disk: D, base: &Path, stack: &str) -> Self {
        Self { disk, folder: base.join(stack) }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is known, if there is anything. Takes no lock: an apply that is at work may write meanwhile, and what it has made durable is
    /// seen.
    pub fn read(&self) -> Result<Option<State>, StoreError> {
        let path = self.path("state.json");
        let mut snapshot = self.content(&path)?;
        for _ in 1..READS {
            let journal = self.content(&self.path("journal"))?;
            let again = self.content(&path)?;
            if again == snapshot {
                return self.fold(snapshot, journal);
            }
            // A snapshot was taken in between, and the journal belongs to the one or the other.
            snapshot = again;
        }
        Err(StoreError::Damaged { path, why: "somebody keeps writing it".into() })
    }

    /// The state of these two files.
    fn fold(&self, snapshot: Option<Vec<u8>>, journal: Option<Vec<u8>>) -> Result<Option<State>, StoreError> {
        let path = self.path("state.json");
        let journal = journal.unwrap_or_default();
        let Some(snapshot) = snapshot else {
            // Beginning anew would forget what the rest of the folder knows: a snapshot is never taken away, only replaced.
            return if journal.is_empty() && self.backups("state")?.is_empty() {
                Ok(None)
            } else {
                Err(StoreError::Damaged { path, why: "it is gone".into() })
            };
        };
        let state = snapshot::read(&snapshot).map_err(|why| unreadable(&path, why))?;
        let damaged = |why| StoreError::Damaged { path: self.path("journal"), why };
        let state = replay(state, &journal).map_err(damaged)?;
        match verify(&state).into_iter().find(Finding::is_fatal) {
            Some(finding) => Err(StoreError::Damaged { path, why: finding.to_string() }),
            None => Ok(Some(state)),
        }
    }

    /// Locks the state, makes it if it is not there, and brings it up to date.
    pub fn open(&self, owner: impl FnOnce() -> Owner, holder: &Holder) -> Result<(OpenStore<D>, State), StoreError> {
        let lock = self.lock(holder)?;
        let known = self.read()?;
        let is_new = known.is_none();
        let state = known.unwrap_or_else(|| State::new(owner()));
        // What the journal had goes into the snapshot, and a torn end with it. Where it has nothing, nothing is written: whoever is refused
        // further on has changed no file.
        match self.content(&self.path("journal"))? {
            Some(journal) if journal.is_empty() && !is_new => {}
            _ => self.save(&state)?,
        }
        Ok((self.opened(&state, lock), state))
    }

    pub(super) fn opened(&self, state: &State, lock: D::Lock) -> OpenStore<D> {
        let (serial, saved) = (state.serial, state.serial);
        OpenStore { store: self.clone(), serial, saved, broken: false, _lock: lock }
    }

    /// Makes the folder and locks it.
    pub(super) fn lock(&self, holder: &Holder) -> Result<D::Lock, StoreError> {
        let base = self.folder.parent().unwrap_or(&self.folder);
        self.disk.make_folder(&self.folder).map_err(|e| io_error("make the folder", &self.folder, e))?;
        let ignore = base.join(".gitignore");
        if self.content(&ignore)?.is_none() {
            let content = b"# State belongs to a machine or a bucket, not into a repository.\n*\n";
            self.disk.write(&ignore, content).map_err(|e| io_error("write", &ignore, e))?;
        }
        let path = self.path("lock");
        let lock = self.disk.lock(&path, holder).map_err(|e| io_error("lock", &path, e))?;
        lock.map_err(|holder| StoreError::Locked(Box::new(holder)))
    }

    /// Replaces the snapshot in one step. Only after that the journal is put away.
    pub(super) fn save(&self, state: &State) -> Result<(), StoreError> {
        let (path, new) = (self.path("state.json"), self.path("state.json.new"));
        let failed = |e: io::Error| io_error("write", &path, e);
        let content = snapshot::write(state).map_err(|e| failed(e.into()))?;
        self.disk.write(&new, &content).map_err(failed)?;
        let before = self.keep_backup(&path)?;
        self.disk.rename(&new, &path).map_err(failed)?;
        self.disk.sync_folder(&self.folder).map_err(failed)?;
        self.put_journal_away(before)
    }

    /// The snapshot that is about to be replaced stays under the number of its serial, which is returned. One that is damaged does not.
    fn keep_backup(&self, path: &Path) -> Result<u64, StoreError> {
        let Some(old) = self.content(path)? else { return Ok(0) };
        let Ok(old) = snapshot::read(&old) else { return Ok(0) };
        let backup = self.path(&format!("state.{:08}.bak", old.serial));
        if self.content(&backup)?.is_none() {
            self.disk.link(path, &backup).map_err(|e| io_error("keep a copy as", &backup, e))?;
        }
        self.prune("state")?;
        Ok(old.serial)
    }

    /// Begins a new journal. The old one stays under the number of the entry that it follows.
    fn put_journal_away(&self, follows: u64) -> Result<(), StoreError> {
        let path = self.path("journal");
        let failed = |e: io::Error| io_error("empty", &path, e);
        if self.content(&path)?.is_some_and(|journal| !journal.is_empty()) {
            self.disk.rename(&path, &self.path(&format!("journal.{follows:08}.bak"))).map_err(failed)?;
            self.prune("journal")?;
        }
        self.disk.write(&path, b"").map_err(failed)?;
        self.disk.sync_folder(&self.folder).map_err(failed)
    }

    fn prune(&self, of: &str) -> Result<(), StoreError> {
        let backups = self.backups(of)?;
        let surplus = backups.len().saturating_sub(BACKUPS);
        backups
            .iter()
            .take(surplus)
            .try_for_each(|path| self.disk.remove(path).map_err(|e| io_error("remove", path, e)))
    }

    /// The older snapshots or journals, oldest first.
    pub(super) fn backups(&self, of: &str) -> Result<Vec<PathBuf>, StoreError> {
        let listed = self.disk.list(&self.folder).map_err(|e| io_error("list", &self.folder, e))?;
        let is_one = |path: &PathBuf| {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            let is_backup = path.extension().is_some_and(|ending| ending == "bak");
            is_backup && name.strip_prefix(of).is_some_and(|rest| rest.starts_with('.'))
        };
        Ok(listed.into_iter().filter(is_one).collect())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn content(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        self.disk.read(path).map_err(|e| match e.kind() {
            io::ErrorKind::InvalidData => StoreError::Damaged { path: path.to_owned(), why: e.to_string() },
            _ => io_error("read", path, e),
        })
    }
}

impl<D: Disk> OpenStore<D> {
    /// Replaces the snapshot. Nothing is written if nothing has happened.
    pub fn save(&mut self, state: &State) -> Result<(), StoreError> {
        if state.serial == self.saved {
            return Ok(());
        }
        self.store.save(state)?;
        self.serial = state.serial;
        self.saved = state.serial;
        self.broken = false;
        Ok(())
    }
}

impl<D: Disk> Journal for OpenStore<D> {
    async fn append(&mut self, entries: &[Entry]) -> Result<(), JournalError> {
        let path = self.store.path("journal");
        let failed = |e: &dyn std::fmt::Display| JournalError(format!("{}: {e}", path.display()));
        if self.broken {
            return Err(failed(&"what was written before did not get there whole"));
        }
        let append = Append { serial: self.serial, entries: entries.to_vec() };
        let line = frame::write(&append).map_err(|e| failed(&e))?;
        self.broken = true;
        self.store.disk.append(&path, line.as_bytes()).map_err(|e| failed(&e))?;
        self.broken = false;
        self.serial += entries.len() as u64;
        Ok(())
    }
}

pub(super) fn unreadable(path: &Path, why: Unreadable) -> StoreError {
    let path = path.to_owned();
    match why {
        Unreadable::Damaged(why) => StoreError::Damaged { path, why },
        Unreadable::Newer(found) => StoreError::Newer { path, found },
    }
}

pub(super) fn io_error(doing: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { doing, path: path.to_owned(), source }
}
