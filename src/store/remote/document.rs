//! What lies in the bucket: the state as one document, and the journal since. Both say which epoch and which write they are of.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::engine::journal::Entry;
use crate::engine::state::State;
use crate::engine::verify::{Finding, verify};
use crate::store::frame;
use crate::store::replay::{Append, replay};
use crate::store::snapshot::{FORMAT, Unreadable};

/// The state, as of one write.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Document {
    /// Rises each time somebody opens the state.
    pub(super) epoch: u64,
    /// Drawn for each write.
    pub(super) write_id: String,
    pub(super) state: State,
}

/// What happened since one write of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Log {
    pub(super) header: Header,
    /// One line for each append, as written.
    pub(super) lines: String,
}

/// The first line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: u32,
    pub(super) lineage: String,
    pub(super) epoch: u64,
    /// The write of the state that the lines follow. They say nothing to any other.
    pub(super) follows: String,
    /// Drawn for each write of the journal.
    pub(super) write_id: String,
    /// When it was written, in seconds since 1970.
    pub(super) at: u64,
}

/// The document's shape. The checksum is that of all the rest, and in the rest it is empty.
#[derive(Serialize, Deserialize)]
struct Shape {
    format: u32,
    lineage: String,
    serial: u64,
    epoch: u64,
    write_id: String,
    checksum: String,
    state: Value,
}

impl Shape {
    fn checksum(&self) -> serde_json::Result<String> {
        let mut all = serde_json::to_value(self)?;
        all["checksum"] = "".into();
        let digest = Sha256::digest(all.to_string().as_bytes());
        Ok(digest.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}")))
    }
}

impl Document {
    pub(super) fn write(&self) -> serde_json::Result<Vec<u8>> {
        let mut shape = Shape {
            format: FORMAT,
            lineage: self.state.owner.lineage.clone(),
            serial: self.state.serial,
            epoch: self.epoch,
            write_id: self.write_id.clone(),
            checksum: String::new(),
            state: serde_json::to_value(&self.state)?,
        };
        shape.checksum = shape.checksum()?;
        serde_json::to_vec_pretty(&shape)
    }

    pub(super) fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let damaged = |e: serde_json::Error| Unreadable::Damaged(e.to_string());
        let shape: Shape = serde_json::from_slice(body).map_err(damaged)?;
        if shape.checksum != shape.checksum().map_err(damaged)? {
            return Err(Unreadable::Damaged("its checksum does not fit".into()));
        }
        known_format(shape.format)?;
        let Shape { epoch, write_id, state, .. } = shape;
        let state: State = serde_json::from_value(state).map_err(damaged)?;
        Ok(Self { epoch, write_id, state })
    }
}

impl Log {
    pub(super) fn write(&self) -> serde_json::Result<Vec<u8>> {
        Ok(format!("{}{}", frame::write(&self.header)?, self.lines).into_bytes())
    }

    pub(super) fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let damaged = |why: String| Unreadable::Damaged(format!("line 1: {why}"));
        let text = str::from_utf8(body).map_err(|e| Unreadable::Damaged(e.to_string()))?;
        let (first, lines) = text.split_once('\n').ok_or_else(|| damaged("it has no end".into()))?;
        let header: Header = frame::read(first.as_bytes()).map_err(|e| damaged(e.to_string()))?;
        known_format(header.format)?;
        Ok(Self { header, lines: lines.to_owned() })
    }

    /// The state after everything in here. An object is written whole, so its last line must be, too.
    pub(super) fn replay(&self, state: State) -> Result<State, Unreadable> {
        if !self.lines.is_empty() && !self.lines.ends_with('\n') {
            return Err(Unreadable::Damaged("its last line has no end".into()));
        }
        let state = replay(state, self.lines.as_bytes()).map_err(Unreadable::Damaged)?;
        match verify(&state).into_iter().find(Finding::is_fatal) {
            Some(finding) => Err(Unreadable::Damaged(finding.to_string())),
            None => Ok(state),
        }
    }
}

/// The line of an append.
pub(super) fn line(serial: u64, entries: &[Entry]) -> serde_json::Result<String> {
    frame::write(&Append { serial, entries: entries.to_vec() })
}

fn known_format(format: u32) -> Result<(), Unreadable> {
    match format {
        0 => Err(Unreadable::Damaged("it says that its format is 0".into())),
        1..=FORMAT => Ok(()),
        newer => Err(Unreadable::Newer(newer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::address::Owner;

    #[test]
    fn every_changed_or_missing_byte_of_a_document_is_noticed() {
        let state = State::new(Owner { lineage: "l".into(), stack: "shop".into() });
        let document = Document { epoch: 3, write_id: "w".into(), state };
        let body = document.write().unwrap();
        assert_eq!(Document::read(&body).unwrap(), document);
        for at in 0..body.len() {
            assert!(Document::read(&body[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut changed = body.clone();
                changed[at] ^= 1 << bit;
                // White space between the parts is not content.
                assert!(!Document::read(&changed).is_ok_and(|read| read != document), "bit {bit} of byte {at}");
            }
        }
    }
}
