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
mod snapshot;

use crate::engine::address::Owner;
use crate::engine::journal::{Entry, Journal, JournalError};
use crate::engine::state::State;
use remote::{Marker, OpenRemote, RemoteError, RemoteStore};
use s3::S3;

pub use anew::Vacant;
pub use file::{FileStore, StoreError};
pub use lock::Holder;

/// The state of one stack, wherever it is kept.
#[derive(Clone, Debug)]
pub enum Store {
    /// On this machine.
    Folder(FileStore),
    /// In a bucket, with a copy on this machine.
    Bucket(RemoteStore<S3>),
}

/// A state that is locked and can be written, wherever it is kept.
pub enum OpenStore {
    /// On this machine.
    Folder(file::OpenStore),
    /// In a bucket.
    Bucket(Box<OpenRemote<S3>>),
}

impl Store {
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
    pub async fn open(&self, owner: impl FnOnce() -> Owner, holder: &Holder) -> Result<(OpenStore, State), StoreError> {
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
}

impl OpenStore {
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

impl Journal for OpenStore {
    async fn append(&mut self, entries: &[Entry]) -> Result<(), JournalError> {
        match self {
            Self::Folder(open) => open.append(entries).await,
            Self::Bucket(open) => open.append(entries).await,
        }
    }

    fn may_send(&self) -> Result<(), JournalError> {
        match self {
            Self::Folder(open) => open.may_send(),
            Self::Bucket(open) => open.may_send(),
        }
    }
}

/// A folder that is the copy of a bucket must not become a second truth, only because the blueprint says another place now.
fn refuse_copy(store: &FileStore) -> Result<(), StoreError> {
    match Marker::read(&store.disk, store.folder())? {
        Some(Marker { place, .. }) => Err(RemoteError::OnlyCopy { place, folder: store.folder().to_owned() }.into()),
        None => Ok(()),
    }
}
