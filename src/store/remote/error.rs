//! What can be wrong with state in a bucket.

use std::path::PathBuf;

use crate::aws::clients::ConnectError;
use crate::store::lease::Held;
use crate::store::objects::Refusal;

/// State in a bucket that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The bucket cannot be reached.
    #[error("could not reach the bucket of the state")]
    Connect(#[from] ConnectError),
    /// There is no such bucket.
    #[error("there is no bucket {bucket}")]
    NoBucket {
        /// Its name.
        bucket: String,
    },
    /// A call failed.
    #[error("could not {doing} {place}")]
    Failed {
        /// What was tried.
        doing: &'static str,
        /// On which object.
        place: String,
        /// What the bucket said.
        #[source]
        why: Refusal,
    },
    /// Somebody else is at work.
    #[error("another run is at work on this stack, or ended without letting go of its lock")]
    Locked(Box<Held>),
    /// The lock was lost, and somebody else has written the state since.
    #[error(
        "{place} was taken over by somebody else while this run was not heard of; nothing of theirs was overwritten"
    )]
    TakenOver {
        /// The state.
        place: String,
        /// Where what this run knew was written down.
        rescue: PathBuf,
    },
    /// The bucket knows less than it did.
    #[error("{place} is older than what this machine has written there: the bucket was rolled back or emptied")]
    RolledBack {
        /// The state.
        place: String,
        /// What this machine knows.
        folder: PathBuf,
    },
    /// The folder beside the blueprint belongs to another stack of the same name.
    #[error("{} has the state of another stack of this name than {place}", folder.display())]
    AnotherStack {
        /// The state.
        place: String,
        /// The folder.
        folder: PathBuf,
    },
    /// The folder is only a copy.
    #[error("{} is only this machine's copy of the state in {place}", folder.display())]
    OnlyCopy {
        /// The state.
        place: String,
        /// The folder.
        folder: PathBuf,
    },
    /// It keeps changing while it is opened.
    #[error("{place} changes while it is opened, although the lock was taken")]
    Unsteady {
        /// The state.
        place: String,
    },
}
