//! `pando state`: looks at what is remembered, and mends it where that is safe.

pub mod list;
pub mod recover;
pub mod show;
pub mod unlock;

use clap::Subcommand;
use tokio::sync::watch;

use crate::cli::args::Global;
use crate::cli::error::{CommandError, Exit};
use recover::Recover;
use show::Show;
use unlock::Unlock;

/// What is remembered.
#[derive(Debug, Subcommand)]
pub enum State {
    /// List everything that is recorded, without a call to AWS
    List,
    /// Show what is recorded of one resource, as JSON
    Show(Show),
    /// Find out anew, from AWS, what a lost state knew
    Recover(Recover),
    /// Remove a lock whose holder is gone
    Unlock(Unlock),
}

/// Does it.
pub async fn run(global: Global, command: State, stop: watch::Receiver<bool>) -> Result<Exit, CommandError> {
    match command {
        State::List => list::run(&global, stop).await,
        State::Show(args) => show::run(&global, &args, stop).await,
        State::Recover(args) => recover::run(global, args, stop).await,
        State::Unlock(args) => unlock::run(global, args, stop).await,
    }
}
