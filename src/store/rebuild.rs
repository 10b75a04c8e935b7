//! A state that does not load, made anew from what was there before: an older snapshot, and the journals since.

use super::disk::Disk;
use super::file::{FileStore, OpenStore, StoreError, unreadable};
use super::lock::Holder;
use super::replay::{Append, follow, lines};
use super::snapshot;
use crate::engine::state::State;
use crate::engine::verify::{Finding, verify};

/// A state that was made anew.
pub struct Rebuilt<D: Disk> {
    /// Locked, and written.
    pub store: OpenStore<D>,
    /// What is known.
    pub state: State,
    /// What could not be read, file by file, in words. Entries in there are lost; calls that followed them may have been made.
    pub lost: Vec<String>,
}

impl<D: Disk> FileStore<D> {
    /// Takes the newest snapshot that loads, and everything of the journals that follows it. What is damaged is kept aside, with the
    /// ending `.damaged`. `None`, if no snapshot loads.
    pub fn rebuild(&self, holder: &Holder) -> Result<Option<Rebuilt<D>>, StoreError> {
        let lock = self.lock(holder)?;
        let mut lost = Vec::new();
        let mut snapshots = self.backups("state")?;
        snapshots.push(self.path("state.json"));
        let mut newest: Option<State> = None;
        for path in snapshots {
            let content = match self.content(&path) {
                Ok(Some(content)) => content,
                Ok(None) => continue,
                Err(why) => {
                    lost.push(why.to_string());
                    continue;
                }
            };
            match snapshot::read(&content) {
                Ok(state) if newest.as_ref().is_none_or(|newest| newest.serial <= state.serial) => newest = Some(state),
                Ok(_) => {}
                Err(why) => lost.push(unreadable(&path, why).to_string()),
            }
        }
        let Some(mut state) = newest else { return Ok(None) };
        for append in self.all_lines(&mut lost)? {
            if let Err(why) = follow(&mut state, &append) {
                lost.push(format!("the journal after entry {}: {why}", state.serial));
                break;
            }
        }
        if let Some(finding) = verify(&state).into_iter().find(Finding::is_fatal) {
            return Err(StoreError::Damaged { path: self.folder.clone(), why: finding.to_string() });
        }
        for name in ["state.json", "journal"] {
            let (path, aside) = (self.path(name), self.path(&format!("{name}.damaged")));
            if lost.iter().any(|why| why.contains(&*path.to_string_lossy())) {
                self.disk.rename(&path, &aside).map_err(|source| StoreError::Io {
                    doing: "put aside",
                    path,
                    source,
                })?;
            }
        }
        self.save(&state)?;
        Ok(Some(Rebuilt { store: self.opened(&state, lock), state, lost }))
    }

    /// Every whole line of every journal, in order.
    fn all_lines(&self, lost: &mut Vec<String>) -> Result<Vec<Append>, StoreError> {
        let mut all = Vec::new();
        let mut journals = self.backups("journal")?;
        journals.push(self.path("journal"));
        for path in journals {
            let Some(journal) = self.content(&path)? else { continue };
            let (whole, damage) = lines(&journal);
            all.extend(whole);
            lost.extend(damage.map(|why| StoreError::Damaged { path, why }.to_string()));
        }
        all.sort_by_key(|append| append.serial);
        Ok(all)
    }
}
