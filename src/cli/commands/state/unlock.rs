//! `pando state unlock`: removes a lock, but only after it has seen for itself that nobody keeps it.

use clap::Args;
use tokio::sync::watch;
use tokio::time::{Duration, Instant};

use crate::aws::clients::Access;
use crate::cli::args::Global;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Exit};
use crate::cli::place::whose;
use crate::cli::view::escape::escape;
use crate::store::Store;
use crate::store::lease::{Held, Watched};

/// Remove a lock whose holder is gone.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pando state unlock 5b0c1f8e-6a0f-4c59-8d3c-0c1c8a9b7f10

Whoever is at work writes the lock anew every 15 seconds. So it is watched for 105 seconds, and removed if it stays as it is; if it is written, its \
holder is at work, and it stays. The next apply looks for everything that the lost run may have made.")]
pub struct Unlock {
    /// The lock's id, as whoever found it taken was told
    #[arg(value_name = "LOCK_ID")]
    pub lock_id: String,
}

/// How often it is said how long it takes.
const SAY: Duration = Duration::from_secs(30);

/// Watches, and removes it.
pub async fn run(global: Global, args: Unlock, stop: watch::Receiver<bool>) -> Result<Exit, CommandError> {
    let context = Context::load(&global, stop)?;
    let watched = context.unless_stopped(Box::pin(unlock(&context, &args.lock_id))).await?;
    let still = |held: &Held, words: &str| Err(CommandError::new(words).exit(Exit::Locked).hint(whose(held)));
    match watched {
        Watched::Free => context.view.note("Nobody holds a lock on this stack."),
        Watched::Removed(_) => {
            context
                .view
                .note("The lock is removed. `pando apply` looks for what the lost run may have made, and goes on.");
        }
        Watched::Alive(held) => {
            return still(&held, "the lock's holder is at work: the lock was written while it was watched");
        }
        Watched::Another(held) => {
            let id = escape(&held.lock_id);
            return still(&held, &format!("the lock is another one now, {id}"));
        }
    }
    Ok(Exit::Fine)
}

async fn unlock(context: &Context, lock_id: &str) -> Result<Watched, CommandError> {
    match context.store(Access::Write).await? {
        Store::Folder(_) => Err(CommandError::new("state in a folder has no lock that could be left behind")
            .exit(Exit::Usage)
            .hint("the lock goes with its process; nothing has to be unlocked")),
        Store::Bucket(store) => {
            let mut said: Option<Instant> = None;
            let tell = |_: &Held, left: Duration| {
                if said.is_none_or(|said| said.elapsed() >= SAY) {
                    said = Some(Instant::now());
                    context.view.note(&format!("Watching the lock for {} s more.", left.as_secs()));
                }
            };
            Ok(store.unlock(lock_id, tell).await?)
        }
    }
}
