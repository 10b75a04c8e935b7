//! A state that is begun anew in the place of one that was lost. What is left of the old one is set aside, not removed.

use std::path::PathBuf;

use super::disk::{Disk, ThisMachine};
use super::file::{FileStore, StoreError, io_error};
use super::lock::Holder;
use crate::engine::state::State;

/// A place for a state, and the lock on it.
pub struct Vacant<D: Disk = ThisMachine> {
    store: FileStore<D>,
    lock: D::Lock,
}

impl<D: Disk> FileStore<D> {
    /// Locks the place of a state, whatever is there. Whoever begins anew there has looked what it is.
    pub fn vacate(&self, holder: &Holder) -> Result<Vacant<D>, StoreError> {
        let lock = self.lock(holder)?;
        Ok(Vacant { store: self.clone(), lock })
    }
}

impl<D: Disk> Vacant<D> {
    /// Makes this the state, wholly or not at all.
    pub fn begin(self, state: &State) -> Result<(), StoreError> {
        let left = self.store.left()?;
        if !left.is_empty() {
            self.store.set_aside(&left)?;
        }
        self.store.save(state)?;
        // Held until here.
        drop(self.lock);
        Ok(())
    }
}

impl<D: Disk> FileStore<D> {
    /// Everything in the folder that belongs to a state, or stands where it would be.
    fn left(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut left = self.disk.list(&self.folder).map_err(|e| io_error("list", &self.folder, e))?;
        let is_kept = |name: &str| name == "lock" || name.starts_with("lost-");
        left.retain(|path| path.file_name().and_then(|name| name.to_str()).is_none_or(|name| !is_kept(name)));
        Ok(left)
    }

    fn set_aside(&self, left: &[PathBuf]) -> Result<(), StoreError> {
        let listed = self.disk.list(&self.folder).map_err(|e| io_error("list", &self.folder, e))?;
        let mut names = (1..).map(|number| self.path(&format!("lost-{number}")));
        let Some(aside) = names.find(|path| !listed.contains(path)) else { return Ok(()) };
        self.disk.make_folder(&aside).map_err(|e| io_error("make the folder", &aside, e))?;
        for path in left {
            let to = aside.join(path.file_name().unwrap_or_default());
            self.disk.rename(path, &to).map_err(|e| io_error("set aside", path, e))?;
        }
        let durable = self.disk.sync_folder(&aside).and_then(|()| self.disk.sync_folder(&self.folder));
        durable.map_err(|e| io_error("write", &aside, e))
    }
}
