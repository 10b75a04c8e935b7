//! `pando state list`: everything the state knows, without a lock and without a call.

use tokio::sync::watch;

use crate::cli::args::Global;
use crate::cli::context::{Context, seconds};
use crate::cli::error::{CommandError, Exit};

/// Lists every life of every resource.
pub async fn run(global: &Global, stop: watch::Receiver<bool>) -> Result<Exit, CommandError> {
    let context = Context::load(global, stop)?;
    let state = context.read_state().await?;
    context.view.state(&state, seconds());
    Ok(Exit::Fine)
}
