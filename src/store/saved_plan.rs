//! A plan in a file of the user's choice, to be carried out later exactly as it was shown.
//!
//! One checksummed line, readable by its owner only. It holds what is needed to see that nothing has changed since, and no observations; like the
//! state it never holds a secret.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk::{Disk as _, ThisMachine};
use super::file::{StoreError, io_error};
use super::frame;
use crate::engine::journal::Entry;
use crate::engine::plan::Plan;
use crate::engine::state::Site;

/// The version of the file.
const FORMAT: u32 = 1;

/// A plan, and everything that must be the same when it is carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedPlan {
    /// The version of the file.
    pub format: u32,
    /// Its own name, drawn at random.
    pub id: String,
    /// The stack's name, with the environment's.
    pub stack: String,
    /// The state's lineage. `None`: nothing was ever written.
    pub lineage: Option<String>,
    /// How many entries the state had.
    pub serial: u64,
    /// SHA-256 of the blueprint and the environment's name.
    pub blueprint: String,
    /// Where it leads.
    pub site: Site,
    /// The version of Pando that made it.
    pub version: String,
    /// The answers it rests on and that the state does not have.
    pub entries: Vec<Entry>,
    /// What is to be done.
    pub plan: Plan,
}

impl SavedPlan {
    /// The version of the file that this Pando writes.
    pub const FORMAT: u32 = FORMAT;

    /// Writes it, in one step. What is there already is replaced only if it is a saved plan too.
    pub fn write(&self, path: &Path) -> Result<(), StoreError> {
        let failed = |e: io::Error| io_error("write", path, e);
        if content(path)?.is_some_and(|old| parse(path, &old).is_err()) {
            let why = "there is a file already, and it is not a saved plan";
            return Err(failed(io::Error::new(io::ErrorKind::AlreadyExists, why)));
        }
        let line = frame::write(self).map_err(|e| failed(e.into()))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let new: PathBuf = folder.join(format!(".{}.plan", self.id));
        let written = ThisMachine.write(&new, line.as_bytes()).and_then(|()| ThisMachine.rename(&new, path));
        if let Err(e) = written {
            // It is of no use to anybody; that it cannot even be removed is not what went wrong.
            drop(ThisMachine.remove(&new));
            return Err(failed(e));
        }
        ThisMachine.sync_folder(folder).map_err(failed)
    }

    /// Reads what [`Self::write`] wrote, and nothing else.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let missing = || io_error("read", path, io::Error::from(io::ErrorKind::NotFound));
        parse(path, &content(path)?.ok_or_else(missing)?)
    }
}

fn content(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    ThisMachine.read(path).map_err(|e| match e.kind() {
        io::ErrorKind::InvalidData => StoreError::NotAPlan { path: path.to_owned(), why: e.to_string() },
        _ => io_error("read", path, e),
    })
}

fn parse(path: &Path, bytes: &[u8]) -> Result<SavedPlan, StoreError> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let damaged = |why: String| StoreError::NotAPlan { path: path.to_owned(), why };
    let line = bytes.strip_suffix(b"\n").ok_or_else(|| damaged("it is cut off".into()))?;
    let version: Version = frame::read(line).map_err(|e| damaged(e.to_string()))?;
    if version.format > FORMAT {
        return Err(StoreError::Newer { path: path.to_owned(), found: version.format });
    }
    let plan: SavedPlan = frame::read(line).map_err(|e| damaged(e.to_string()))?;
    // The checksum's own digits may be written in capitals, and members that nobody knows may stand beside; not in what Pando wrote.
    let again = frame::write(&plan).map_err(|e| damaged(e.to_string()))?;
    let is_ours =
        again.as_bytes() == bytes && plan.entries.iter().all(|entry| !matches!(entry, Entry::Happened { .. }));
    if is_ours { Ok(plan) } else { Err(damaged("it is not what Pando writes there".into())) }
}
