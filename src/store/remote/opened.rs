//! A state in a bucket that is locked and can be written.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::document::Document;
use super::error::RemoteError;
use super::marker::{Marker, write_file};
use super::mirror::{Mirror, keep_up};
use crate::engine::journal::{Entry, Fact, Journal, JournalError, Permit};
use crate::engine::state::State;
use crate::store::disk::{Disk, ThisMachine};
use crate::store::file::{self, StoreError};
use crate::store::lease::{Lease, Lost};
use crate::store::objects::{If, Objects, Refusal, Tag, Written, write};

/// A state that is locked and can be written. Must be closed: a lock whose holder just goes away has to be waited for.
pub struct OpenRemote<O, D: Disk = ThisMachine> {
    parts: Parts<O, D>,
    lease: Lease<O>,
    /// Copies the journal.
    copying: JoinSet<()>,
    /// The serial that the next entry follows.
    serial: u64,
}

/// All of it but the lock.
pub(super) struct Parts<O, D: Disk> {
    pub(super) objects: O,
    pub(super) disk: D,
    pub(super) state_key: String,
    pub(super) folder: PathBuf,
    pub(super) copy: file::OpenStore<D>,
    pub(super) mirror: Arc<Mirror<O>>,
    pub(super) epoch: u64,
    /// The version of the state that is in the bucket.
    pub(super) tag: Tag,
    /// Its serial.
    pub(super) saved: u64,
}

impl<O: Objects, D: Disk> Parts<O, D> {
    pub(super) fn with(self, lease: Lease<O>) -> OpenRemote<O, D> {
        let mut copying = JoinSet::new();
        copying.spawn(keep_up(Arc::clone(&self.mirror)));
        let serial = self.saved;
        OpenRemote { parts: self, lease, copying, serial }
    }

    fn place(&self) -> String {
        self.objects.place(&self.state_key)
    }

    /// Notes in the folder whether all that it says is in the bucket.
    pub(super) fn mark(&self, complete: bool) -> Result<(), StoreError> {
        Marker { place: self.place(), epoch: self.epoch, complete }.write(&self.disk, &self.folder)
    }

    /// Keeps what this run knew where nobody overwrites it.
    fn rescue(&self, state: &State) -> Result<PathBuf, StoreError> {
        let name = format!("state.rescue-{:08}.json", state.serial);
        let content = serde_json::to_vec_pretty(state).unwrap_or_default();
        write_file(&self.disk, &self.folder, &name, &content)?;
        Ok(self.folder.join(name))
    }
}

impl<O: Objects, D: Disk> OpenRemote<O, D> {
    /// Writes the state to the bucket, then to the folder. Nothing is written if nothing has happened.
    pub async fn save(&mut self, state: &State) -> Result<(), StoreError> {
        let parts = &mut self.parts;
        if state.serial == parts.saved {
            return Ok(());
        }
        let write_id = uuid::Uuid::new_v4().to_string();
        let document = Document { epoch: parts.epoch, write_id: write_id.clone(), state: state.clone() };
        let failed = |place, why| RemoteError::Failed { doing: "write", place, why };
        let body = document.write().map_err(|e| failed(parts.place(), Refusal::Refused(e.to_string())))?;
        let written = write(&parts.objects, &parts.state_key, &body, &If::Is(parts.tag.clone())).await;
        match written.map_err(|why| failed(parts.place(), why))? {
            Written::Ours(tag) => parts.tag = tag,
            Written::Theirs(_) => {
                let rescue = parts.rescue(state)?;
                return Err(RemoteError::TakenOver { place: parts.place(), rescue }.into());
            }
        }
        parts.saved = state.serial;
        self.serial = state.serial;
        parts.mirror.follow(&write_id, None).await;
        parts.copy.save(state)
    }

    /// Ends the run: writes what is not written yet, then lets go of the lock. While something is missing in the bucket the lock stays, so that
    /// nobody goes on without it.
    pub async fn close(mut self, state: &State) -> Result<(), StoreError> {
        let saved = self.save(state).await;
        self.copying.shutdown().await;
        let place = self.parts.place();
        if let Err(why) = self.parts.mirror.checkpoint().await {
            return saved.and(Err(RemoteError::Failed { doing: "bring up to date", place, why }.into()));
        }
        let marked = self.parts.mark(true);
        let released = self.lease.release().await;
        saved?;
        marked?;
        Ok(released.map_err(|why| RemoteError::Failed { doing: "let go of the lock of", place, why })?)
    }
}

impl<O: Objects, D: Disk> Journal for OpenRemote<O, D> {
    async fn append(&mut self, entries: &[Entry]) -> Result<(), JournalError> {
        self.parts.copy.append(entries).await?;
        let is_first = self.parts.mirror.push(self.serial, entries).map_err(|e| JournalError(e.to_string()))?;
        self.serial += entries.len() as u64;
        if is_first || entries.iter().any(must_be_seen) {
            self.permit().check()?;
            let copied = self.parts.mirror.checkpoint().await;
            copied.map_err(|e| JournalError(format!("{}: {e}", self.parts.place())))?;
        }
        Ok(())
    }

    fn permit(&self) -> Permit {
        let (place, mirror, pulse) = (self.parts.place(), Arc::clone(&self.parts.mirror), self.lease.pulse());
        Permit::new(move || {
            if mirror.is_lost() {
                return Err(JournalError(format!("{place} was taken over by another run")));
            }
            pulse.check().map_err(|lost| match lost {
                Lost::To(Some(held)) => {
                    JournalError(format!("the lock of {place} was taken over by {}", held.holder.who))
                }
                Lost::To(None) => JournalError(format!("the lock of {place} was removed")),
                Lost::Silent(since) => JournalError(format!(
                    "the lock of {place} could not be renewed for {} s, so another run may take it over",
                    since.as_secs()
                )),
            })
        })
    }
}

/// Whether an entry must be in the bucket before anything is sent: what another machine has to look for.
fn must_be_seen(entry: &Entry) -> bool {
    matches!(entry, Entry::Happened { fact: Fact::Planned { .. }, .. })
}
