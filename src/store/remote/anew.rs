//! A state in a bucket that is begun anew in the place of one that was lost. Other machines that have a copy of the lost one set it aside.

use super::marker::{Marker, set_aside};
use super::{Claimed, Look, RemoteStore};
use crate::engine::state::State;
use crate::store::StoreError;
use crate::store::disk::Disk;
use crate::store::lease::Lease;
use crate::store::lock::Holder;
use crate::store::objects::{If, Objects};

/// A place for a state in a bucket, and the lock on it. Must be filled or released.
pub struct VacantRemote<O, D: Disk> {
    store: RemoteStore<O, D>,
    lease: Lease<O>,
    holder: Holder,
}

impl<O: Objects, D: Disk> RemoteStore<O, D> {
    /// Locks the place of a state, whatever is there. Whoever begins anew there has looked what it is.
    pub async fn vacate(&self, holder: &Holder) -> Result<VacantRemote<O, D>, StoreError> {
        let lease = self.lock(holder).await?;
        Ok(VacantRemote { store: self.clone(), lease, holder: holder.clone() })
    }
}

impl<O: Objects, D: Disk> VacantRemote<O, D> {
    /// Makes this the state, in the bucket and then in this machine's copy, and lets go of the lock. What was in the bucket stays there as an older version.
    pub async fn begin(self, state: &State) -> Result<(), StoreError> {
        let begun = self.write(state).await;
        let released = self.release().await;
        begun.and(released)
    }

    /// Lets go of the lock.
    pub async fn release(self) -> Result<(), StoreError> {
        let released = self.lease.release().await;
        Ok(released.map_err(|why| self.store.failed("let go of the lock of", "lock", why))?)
    }

    async fn write(&self, state: &State) -> Result<(), StoreError> {
        let store = &self.store;
        let (disk, folder) = (&store.disk, store.copy.folder());
        // Which epochs others have seen is lost too. Epochs count runs, so the time in seconds is beyond them all, and beyond earlier recoveries.
        let marker = Marker::read(disk, folder).unwrap_or_default();
        let epoch = marker.map_or(0, |marker| marker.epoch + 1).max((store.now)());
        let (document, journal) = (store.get("state.json").await?, store.get("journal").await?);
        let conditions = (If::unchanged(document.as_ref()), If::unchanged(journal.as_ref()));
        let look = Look { known: None, state: conditions.0, journal: conditions.1 };
        let Some(Claimed { .. }) = store.claim(&look, epoch, state).await? else {
            return Err(store.unsteady().into());
        };
        if !disk.list(folder).unwrap_or_default().is_empty() {
            set_aside(disk, folder)?;
        }
        let (mut copy, _) = store.copy.open(|| state.owner.clone(), &self.holder)?;
        copy.save(state)?;
        Marker { place: store.place("state.json"), epoch, complete: true }.write(disk, folder)
    }
}
