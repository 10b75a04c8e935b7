//! The journal as a file, and what follows from it.

use serde::{Deserialize, Serialize};

use super::frame::{self, FrameError};
use crate::engine::journal::Entry;
use crate::engine::state::{IllegalStep, State};

/// One line of the journal.
#[derive(Serialize, Deserialize)]
pub(super) struct Append {
    /// The serial before these entries.
    pub(super) serial: u64,
    pub(super) entries: Vec<Entry>,
}

/// The lines of a journal, as far as they are whole, and why the first one that is not is none. A line without an end was never durable and
/// is left out; any other line that is not whole is damage, for it was acted upon.
pub(super) fn lines(journal: &[u8]) -> (Vec<Append>, Option<String>) {
    let mut whole = Vec::new();
    for (number, line) in journal.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let Some(line) = line.strip_suffix(b"\n") else { break };
        match frame::read(line) {
            Ok(append) => whole.push(append),
            Err(why) => return (whole, Some(damaged(number, &why))),
        }
    }
    (whole, None)
}

fn damaged(number: usize, why: &FrameError) -> String {
    format!("line {}: {why}", number + 1)
}

/// The state after everything in a journal, or what is wrong with the journal.
pub(super) fn replay(mut state: State, journal: &[u8]) -> Result<State, String> {
    let (lines, damage) = lines(journal);
    for (number, append) in lines.iter().enumerate() {
        follow(&mut state, append).map_err(|why| format!("line {}: {why}", number + 1))?;
    }
    damage.map_or(Ok(state), Err)
}

/// Takes in one line, unless the state has it already: the snapshot was taken after it, and the journal not yet put away.
pub(super) fn follow(state: &mut State, append: &Append) -> Result<(), String> {
    if append.serial + (append.entries.len() as u64) <= state.serial {
        return Ok(());
    }
    if append.serial != state.serial {
        return Err(format!("it follows entry {}, and {} was expected", append.serial, state.serial));
    }
    let applied = append.entries.iter().try_for_each(|entry| state.apply(entry));
    applied.map_err(|e: IllegalStep| e.to_string())
}
