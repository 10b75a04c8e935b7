//! A note in the folder of a stack: that it is this machine's copy of a state in a bucket, and how far it goes.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::store::StoreError;
use crate::store::disk::Disk;

const NAME: &str = "remote.json";

/// What the note says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct Marker {
    /// Where the state is.
    pub(in crate::store) place: String,
    /// In which epoch the folder was written.
    pub(super) epoch: u64,
    /// Whether all of it is in the bucket.
    pub(super) complete: bool,
}

impl Marker {
    pub(in crate::store) fn read(disk: &impl Disk, folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(NAME);
        let content =
            disk.read(&path).map_err(|source| StoreError::Io { doing: "read", path: path.clone(), source })?;
        let read = content.map(|bytes| serde_json::from_slice(&bytes)).transpose();
        read.map_err(|e| StoreError::Damaged { path, why: e.to_string() })
    }

    pub(super) fn write(&self, disk: &impl Disk, folder: &Path) -> Result<(), StoreError> {
        write_file(disk, folder, NAME, &serde_json::to_vec(self).unwrap_or_default())
    }
}

/// Writes a file in one step.
pub(super) fn write_file(disk: &impl Disk, folder: &Path, name: &str, content: &[u8]) -> Result<(), StoreError> {
    let (path, new) = (folder.join(name), folder.join(format!("{name}.new")));
    let written = || -> io::Result<()> {
        disk.write(&new, content)?;
        disk.rename(&new, &path)?;
        disk.sync_folder(folder)
    };
    written().map_err(|source| StoreError::Io { doing: "write", path: path.clone(), source })
}

/// Puts a folder out of the way, under a name that nobody reads.
pub(super) fn set_aside(disk: &impl Disk, folder: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Io { doing: "set aside", path: folder.to_owned(), source };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let base = folder.parent().unwrap_or(folder);
    let taken = disk.list(base).map_err(failed)?;
    let mut names = (1_usize..).map(|number| folder.with_file_name(format!("{name}.{number}.stale")));
    let Some(stale) = names.find(|path| !taken.contains(path)) else { return Ok(()) };
    disk.rename(folder, &stale).and_then(|()| disk.sync_folder(base)).map_err(failed)
}
