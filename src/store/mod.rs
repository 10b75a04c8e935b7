//! Where state lives. Implements the engine's journal.
//!
//! Nothing here knows what a resource is. What is written is readable by its owner only (mode 0600).

pub mod disk;
pub mod file;
mod frame;
mod lock;
pub mod rebuild;
mod replay;
mod snapshot;

pub use file::{FileStore, OpenStore, StoreError};
pub use lock::Holder;
