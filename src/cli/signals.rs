//! Being stopped. The first signal lets calls under way return and starts no more; the second ends at once. Either way nothing is lost, for
//! everything is written down before it is sent.

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::error::{CommandError, Exit};

/// Runs a command on one thread, handing it a flag that becomes true when it should stop.
pub(super) fn block_on<F>(command: impl FnOnce(watch::Receiver<bool>) -> F) -> Result<Exit, CommandError>
where
    F: Future<Output = Result<Exit, CommandError>>,
{
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| CommandError::new(format!("could not start: {e}")))?;
    let stop = watch::Sender::new(false);
    let command = command(stop.subscribe());
    let result = runtime.block_on(async {
        tokio::select! {
            result = command => result,
            result = listen(&stop) => result,
        }
    });
    // A question that nobody answered must not keep the process alive.
    runtime.shutdown_background();
    result
}

/// Ends only at the second signal.
async fn listen(stop: &watch::Sender<bool>) -> Result<Exit, CommandError> {
    let failed = |e| CommandError::new(format!("could not listen to signals: {e}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(failed)?;
    for _ in 0..2 {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
        if stop.send_replace(true) {
            break;
        }
    }
    Err(CommandError::new("ended at once; run the same command again to go on").exit(Exit::Interrupted))
}
