//! One run at a time. The kernel holds the lock and lets go of it when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

/// Who holds the lock, as far as they said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// What it is doing: `pando apply`.
    pub command: String,
    /// Its process.
    pub pid: u32,
    /// Since when, as RFC 3339.
    pub since: String,
    /// Who started it, as the cloud and the machine call them.
    #[serde(default)]
    pub who: String,
    /// The machine's name.
    #[serde(default)]
    pub host: String,
    /// What its process number counts in: this start of the machine, and this container on it. Empty where that is not known.
    #[serde(default)]
    pub boot_id: String,
}

impl Holder {
    /// Whether this was a process of the same machine as another, and has ended. A number that another process has got meanwhile looks alive.
    pub(super) fn has_ended_beside(&self, other: &Self) -> bool {
        let is_here = !self.boot_id.is_empty() && self.boot_id == other.boot_id && self.host == other.host;
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        is_here && pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH))
    }
}

/// A held lock. Let go of when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the lock, or tells who has it.
pub(super) fn take(path: &Path, holder: &Holder) -> std::io::Result<Result<Lock, Holder>> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            file.write_all(serde_json::to_string(holder)?.as_bytes())?;
            Ok(Ok(Lock { _file: file }))
        }
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            file.rewind()?;
            file.read_to_string(&mut text)?;
            // Whoever has it may not have said yet.
            Ok(Err(serde_json::from_str(&text).unwrap_or_default()))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}
