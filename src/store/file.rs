//! State in a folder: a snapshot, the journal since, older snapshots, and a lock.
//!
//! | file | what |
//! |---|---|
//! | `state.json` | the state at the end of the last run; replaced in one step |
//! | `journal` | what has happened since, one checksummed line for each append |
//! | `state.<serial>.bak` | the snapshots before, the last ten |
//! | `lock` | held by whoever is at work |

#![expect(clippy::disallowed_methods, reason = "the store is where files are touched")]

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::frame::{self, FrameError};
use super::lock::{self, Holder, Lock};
use crate::engine::address::Owner;
use crate::engine::journal::{Entry, Journal, JournalError};
use crate::engine::state::{IllegalStep, State};
use crate::engine::verify::{Finding, verify};

/// The version of the files. A newer Pando reads older ones; an older one refuses newer ones.
const FORMAT: u32 = 1;
/// How many older snapshots are kept.
const BACKUPS: usize = 10;
/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The folder of one stack's state.
#[derive(Clone, Debug)]
pub struct FileStore {
    folder: PathBuf,
}

/// A state that is locked and can be written.
#[derive(Debug)]
pub struct OpenStore {
    folder: PathBuf,
    journal: File,
    /// The serial that the next entry follows.
    serial: u64,
    /// The serial of the snapshot.
    saved: u64,
    _lock: Lock,
}

/// State that cannot be read or written.
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
    Locked(Holder),
}

#[derive(Serialize, Deserialize)]
struct Snapshot {
    format: u32,
    /// SHA-256 of the state's JSON without white space.
    checksum: String,
    state: serde_json::Value,
}

/// One line of the journal.
#[derive(Serialize, Deserialize)]
struct Append {
    /// The serial before these entries.
    serial: u64,
    entries: Vec<Entry>,
}

impl FileStore {
    /// The state of `stack` below `base`. Nothing is touched yet.
    pub fn new(base: &Path, stack: &str) -> Self {
        Self { folder: base.join(stack) }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is known, if there is anything. Takes no lock: an apply that is at work may write meanwhile, and what it has made durable is
    /// seen.
    pub fn read(&self) -> Result<Option<State>, StoreError> {
        let path = self.folder.join("state.json");
        let Some(snapshot) = read_snapshot(&path)? else {
            // Beginning anew would forget what the rest of the folder knows.
            return if self.remembers()? {
                Err(StoreError::Damaged { path, why: "it is gone".into() })
            } else {
                Ok(None)
            };
        };
        let state = replay(snapshot, &self.folder.join("journal"))?;
        let fatal = verify(&state).into_iter().find(Finding::is_fatal);
        match fatal {
            Some(finding) => {
                Err(StoreError::Damaged { path: self.folder.join("state.json"), why: finding.to_string() })
            }
            None => Ok(Some(state)),
        }
    }

    /// Whether there is anything that only goes with a snapshot: one is never taken away, only replaced.
    fn remembers(&self) -> Result<bool, StoreError> {
        let journal = read_file(&self.folder.join("journal"))?;
        Ok(journal.is_some_and(|journal| !journal.is_empty()) || !backups(&self.folder)?.is_empty())
    }

    /// Locks the state, makes it if it is not there, and brings it up to date.
    pub fn open(&self, owner: impl FnOnce() -> Owner, holder: &Holder) -> Result<(OpenStore, State), StoreError> {
        let base = self.folder.parent().unwrap_or(&self.folder);
        make_folder(base)?;
        make_folder(&self.folder)?;
        let ignore = base.join(".gitignore");
        if !ignore.exists() {
            write_new(&ignore, b"# State belongs to a machine or a bucket, not into a repository.\n*\n")?;
        }
        let lock_path = self.folder.join("lock");
        let lock = lock::take(&lock_path, holder).map_err(|e| io_error("lock", &lock_path, e))?;
        let lock = lock.map_err(StoreError::Locked)?;
        let known = self.read()?;
        let is_new = known.is_none();
        let state = known.unwrap_or_else(|| State::new(owner()));
        let path = self.folder.join("journal");
        // What the journal had goes into the snapshot, and a torn end with it. Where it has nothing, nothing is written: whoever is refused
        // further on has changed no file.
        let is_empty = fs::metadata(&path).is_ok_and(|journal| journal.len() == 0);
        if is_new || !is_empty {
            write_snapshot(&self.folder, &state)?;
        }
        let journal = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&path);
        let journal = journal.map_err(|e| io_error("open", &path, e))?;
        journal.sync_all().and_then(|()| sync_folder(&self.folder)).map_err(|e| io_error("write", &path, e))?;
        let serial = state.serial;
        Ok((OpenStore { folder: self.folder.clone(), journal, serial, saved: serial, _lock: lock }, state))
    }
}

impl OpenStore {
    /// Replaces the snapshot in one step. The journal is emptied only after that. Nothing is written if nothing has happened.
    pub fn save(&mut self, state: &State) -> Result<(), StoreError> {
        if state.serial == self.saved {
            return Ok(());
        }
        write_snapshot(&self.folder, state)?;
        let path = self.folder.join("journal");
        let emptied = self.journal.set_len(0).and_then(|()| io::Seek::rewind(&mut self.journal));
        emptied.and_then(|()| self.journal.sync_all()).map_err(|e| io_error("empty", &path, e))?;
        self.serial = state.serial;
        self.saved = state.serial;
        Ok(())
    }
}

impl Journal for OpenStore {
    async fn append(&mut self, entries: &[Entry]) -> Result<(), JournalError> {
        let append = Append { serial: self.serial, entries: entries.to_vec() };
        let line = frame::write(&append).map_err(|e| JournalError(e.to_string()))?;
        let written = self.journal.write_all(line.as_bytes()).and_then(|()| self.journal.sync_data());
        written.map_err(|e| JournalError(format!("{}: {e}", self.folder.join("journal").display())))?;
        self.serial += entries.len() as u64;
        Ok(())
    }
}

fn read_snapshot(path: &Path) -> Result<Option<State>, StoreError> {
    let Some(bytes) = read_file(path)? else { return Ok(None) };
    let damaged = |why: String| StoreError::Damaged { path: path.to_owned(), why };
    let snapshot: Snapshot = serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))?;
    if snapshot.format > FORMAT {
        return Err(StoreError::Newer { path: path.to_owned(), found: snapshot.format });
    }
    if snapshot.checksum != checksum(&snapshot.state) {
        return Err(damaged("its checksum does not fit".into()));
    }
    serde_json::from_value(snapshot.state).map(Some).map_err(|e| damaged(e.to_string()))
}

/// The state after everything in the journal. A line without an end was never durable and is left out; any other line that is not whole is
/// damage, for it was acted upon.
fn replay(mut state: State, path: &Path) -> Result<State, StoreError> {
    let bytes = read_file(path)?.unwrap_or_default();
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let Some(line) = line.strip_suffix(b"\n") else { break };
        let place = |why| format!("line {}: {why}", number + 1);
        let damaged = |why: String| StoreError::Damaged { path: path.to_owned(), why: place(why) };
        let append: Append = frame::read(line).map_err(|e: FrameError| damaged(e.to_string()))?;
        // The snapshot was taken after this line, and the journal not yet emptied.
        if append.serial + (append.entries.len() as u64) <= state.serial {
            continue;
        }
        if append.serial != state.serial {
            return Err(damaged(format!("it follows entry {}, and {} was expected", append.serial, state.serial)));
        }
        let applied = append.entries.iter().try_for_each(|entry| state.apply(entry));
        applied.map_err(|e: IllegalStep| damaged(e.to_string()))?;
    }
    Ok(state)
}

fn write_snapshot(folder: &Path, state: &State) -> Result<(), StoreError> {
    let path = folder.join("state.json");
    let failed = |e: io::Error| io_error("write", &path, e);
    let state = serde_json::to_value(state).map_err(|e| failed(e.into()))?;
    let snapshot = Snapshot { format: FORMAT, checksum: checksum(&state), state };
    let bytes = serde_json::to_vec_pretty(&snapshot).map_err(|e| failed(e.into()))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(&bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    keep_backup(folder, &path)?;
    file.persist(&path).map_err(|e| failed(e.error))?;
    sync_folder(folder).map_err(failed)
}

/// The snapshot that is about to be replaced stays under the number of its serial.
fn keep_backup(folder: &Path, path: &Path) -> Result<(), StoreError> {
    let Some(old) = read_snapshot(path)? else { return Ok(()) };
    let backup = folder.join(format!("state.{:08}.bak", old.serial));
    if !backup.exists() {
        fs::hard_link(path, &backup).map_err(|e| io_error("keep a copy as", &backup, e))?;
    }
    let backups = backups(folder)?;
    let surplus = backups.len().saturating_sub(BACKUPS);
    for path in backups.into_iter().take(surplus) {
        fs::remove_file(&path).map_err(|e| io_error("remove", &path, e))?;
    }
    Ok(())
}

/// The older snapshots, oldest first.
fn backups(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listed = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(|e| io_error("list", folder, e))?,
    };
    let mut backups: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    backups.retain(|path| path.extension().is_some_and(|extension| extension == "bak"));
    backups.sort();
    Ok(backups)
}

fn checksum(state: &serde_json::Value) -> String {
    let digest = Sha256::digest(state.to_string().as_bytes());
    digest.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn read_file(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io_error("read", path, e)),
        Ok(file) if !file.is_file() => {
            return Err(StoreError::Damaged { path: path.to_owned(), why: "it is not a file".into() });
        }
        Ok(file) if file.len() > LARGEST => {
            return Err(StoreError::Damaged { path: path.to_owned(), why: format!("it has {} bytes", file.len()) });
        }
        Ok(_) => {}
    }
    fs::read(path).map(Some).map_err(|e| io_error("read", path, e))
}

fn make_folder(path: &Path) -> Result<(), StoreError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|e| io_error("make the folder", path, e))
}

fn write_new(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(content)).map_err(|e| io_error("write", path, e))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn io_error(doing: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { doing, path: path.to_owned(), source }
}
