//! `pando schema`: the JSON Schema of blueprints, for editors.

use crate::blueprint::schema::schema;
use crate::cli::error::{CommandError, Exit};
use crate::cli::view::out;

/// Prints it.
pub fn run() -> Result<Exit, CommandError> {
    let text = serde_json::to_string_pretty(&schema()).map_err(|e| CommandError::new(e.to_string()))?;
    out::line(&text);
    Ok(Exit::Fine)
}
