//! The state as a file: its format, and a checksum over everything in it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::engine::state::State;

/// The version of the files. A newer Pando reads older ones; an older one refuses newer ones.
pub(super) const FORMAT: u32 = 2;

#[derive(Serialize, Deserialize)]
struct Snapshot {
    format: u32,
    /// SHA-256 of the format and the state's JSON without white space, in hexadecimal digits.
    checksum: String,
    state: Value,
}

/// Why a file is not a state.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// It is not what was written.
    Damaged(String),
    /// A newer Pando wrote it, in this format.
    Newer(u32),
}

/// The content of the file.
pub(super) fn write(state: &State) -> serde_json::Result<Vec<u8>> {
    let state = serde_json::to_value(state)?;
    serde_json::to_vec_pretty(&Snapshot { format: FORMAT, checksum: checksum(FORMAT, &state), state })
}

/// The state of a file.
pub(super) fn read(content: &[u8]) -> Result<State, Unreadable> {
    let damaged = |e: serde_json::Error| Unreadable::Damaged(e.to_string());
    let snapshot: Snapshot = serde_json::from_slice(content).map_err(damaged)?;
    if snapshot.checksum != checksum(snapshot.format, &snapshot.state) {
        return Err(Unreadable::Damaged("its checksum does not fit".into()));
    }
    if snapshot.format > FORMAT {
        return Err(Unreadable::Newer(snapshot.format));
    }
    serde_json::from_value(snapshot.state).map_err(damaged)
}

fn checksum(format: u32, state: &Value) -> String {
    let digest = Sha256::digest(format!("{format} {state}").as_bytes());
    digest.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
