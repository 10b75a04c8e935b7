//! `pando demo`.
use crate::cli::args::Demo;
use crate::cli::error::{CommandError, Exit};
use tokio::sync::watch;
/// x
pub async fn run(_args: Demo, _stop: watch::Receiver<bool>) -> Result<Exit, CommandError> {
    Ok(Exit::Fine)
}
