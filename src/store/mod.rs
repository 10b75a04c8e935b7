//! Where state lives: in a folder, or in a bucket for a team. Implements the engine's journal.
//!
//! Nothing here knows what a resource is. What is written is readable by its owner only (mode 0600).

mod anew;
pub mod disk;
pub mod file;
mod frame;
pub mod lease;
mod lock;
pub mod objects;
pub mod probe;
pub mod rebuild;
pub mod remote;
mod replay;
pub mod s3;
pub mod saved_plan;
mod snapshot;

use crate::engine::address::Owner;
use crate::engine::journal::{Entry, Journal, JournalError, Permit};
use crate::engine::state::State;
use disk::{Disk, ThisMachine};
use objects::Objects;
use remote::{Marker, OpenRemote, RemoteError, RemoteStore, VacantRemote};
use s3::S3;

pub use anew::Vacant;
pub use file::{FileStore, StoreError};
pub use lock::Holder;
pub use saved_plan::SavedPlan;

/// The state of one stack, wherever it is kept.
#[derive(Clone, Debug)]
pub enum Store<O = S3, D = ThisMachine> {
    /// On this machine.
    Folder(FileStore<D>),
    /// In a bucket, with a copy on this machine.
    Bucket(RemoteStore<O, D>),
}

/// A state that is locked and can be written, wherever it is kept.
pub enum OpenStore<O = S3, D: Disk = ThisMachine> {
    /// On this machine.
    Folder(file::OpenStore<D>),
    /// In a bucket.
    Bucket(Box<OpenRemote<O, D>>),
}

/// A place for a state, locked, wherever it is. Must be filled or released.
pub enum Vacancy<O = S3, D: Disk = ThisMachine> {
    /// On this machine.
    Folder(Vacant<D>),
    /// In a bucket.
    Bucket(Box<VacantRemote<O, D>>),
}

impl<O: Objects, D: Disk> Store<O, D> {
    /// What is known, if there is anything. Takes no lock.
    pub async fn read(&self) -> Result<Option<State>, StoreError> {
        match self {
            Self::Folder(store) => {
                refuse_copy(store)?;
                store.read()
            }
            Self::Bucket(store) => store.read().await,
        }
    }

    /// Locks the state, makes it if it is not there, and brings it up to date.
    pub async fn open(
        &self,
        owner: impl FnOnce() -> Owner,
        holder: &Holder,
    ) -> Result<(OpenStore<O, D>, State), StoreError> {
        match self {
            Self::Folder(store) => {
                refuse_copy(store)?;
                store.open(owner, holder).map(|(open, state)| (OpenStore::Folder(open), state))
            }
            Self::Bucket(store) => {
                let (open, state) = store.open(owner, holder).await?;
                Ok((OpenStore::Bucket(Box::new(open)), state))
            }
        }
    }

    /// Where it is, for people.
    pub fn place(&self) -> String {
        match self {
            Self::Folder(store) => store.folder().display().to_string(),
            Self::Bucket(store) => store.place("state.json"),
        }
    }

    /// Locks the place of a state, whatever is there. Whoever begins anew there has looked what it is.
    pub async fn vacate(&self, holder: &Holder) -> Result<Vacancy<O, D>, StoreError> {
        match self {
            Self::Folder(store) => {
                refuse_copy(store)?;
                store.vacate(holder).map(Vacancy::Folder)
            }
            Self::Bucket(store) => Ok(Vacancy::Bucket(Box::new(store.vacate(holder).await?))),
        }
    }
}

impl<O: Objects, D: Disk> Vacancy<O, D> {
    /// Makes this the state, wholly or not at all. What was there before is set aside.
    pub async fn begin(self, state: &State) -> Result<(), StoreError> {
        match self {
            Self::Folder(vacant) => vacant.begin(state),
            Self::Bucket(vacant) => vacant.begin(state).await,
        }
    }

    /// Lets go of the lock. Nothing was changed.
    pub async fn release(self) -> Result<(), StoreError> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::Bucket(vacant) => vacant.release().await,
        }
    }
}

impl<O: Objects, D: Disk> OpenStore<O, D> {
    /// Replaces what is stored in one step. Nothing is written if nothing has happened.
    pub async fn save(&mut self, state: &State) -> Result<(), StoreError> {
        match self {
            Self::Folder(open) => open.save(state),
            Self::Bucket(open) => open.save(state).await,
        }
    }

    /// Lets go of the lock. In a bucket, what is not written yet is written before; in a folder it is in the journal.
    pub async fn close(self, state: &State) -> Result<(), StoreError> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::Bucket(open) => open.close(state).await,
        }
    }
}

impl<O: Objects, D: Disk> Journal for OpenStore<O, D> {
    async fn append(&mut self, entries: &[Entry]) -> Result<(), JournalError> {
        match self {
            Self::Folder(open) => open.append(entries).await,
            Self::Bucket(open) => open.append(entries).await,
        }
    }

    fn permit(&self) -> Permit {
        match self {
            Self::Folder(open) => open.permit(),
            Self::Bucket(open) => open.permit(),
        }
    }
}

/// A folder that is the copy of a bucket must not become a second truth, only because the blueprint says another place now.
fn refuse_copy<D: Disk>(store: &FileStore<D>) -> Result<(), StoreError> {
    match Marker::read(&store.disk, store.folder())? {
        Some(Marker { place, .. }) => Err(RemoteError::OnlyCopy { place, folder: store.folder().to_owned() }.into()),
        None => Ok(()),
    }
}
