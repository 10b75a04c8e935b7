//! `pando local`: an AWS on this machine to try everything on.

use std::time::Duration;

use crate::cli::args::{LocalServe, LocalStart};
use crate::cli::error::{CommandError, Exit};
use crate::cli::local_aws::{ACCOUNT, LocalAws, Wish, cache_folder, names, serve};
use crate::cli::view::out;
use crate::emulators;

/// How often the simulator looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(200);

/// Starts one that stays, and prints how to use it.
pub async fn start(args: LocalStart) -> Result<Exit, CommandError> {
    if !(args.speed.is_finite() && args.speed > 0.0) {
        return Err(CommandError::new("the speed must be more than nothing").exit(Exit::Usage));
    }
    let cache = cache_folder()?;
    let wish = Wish { emulator: args.emulator, speed: args.speed, port: args.port, stays: true, cache: &cache };
    let mut tell = |text: &str| out::error_line(text);
    let started = LocalAws::start(&wish, &mut tell).await?;
    out::line(&format!("export AWS_ENDPOINT_URL={}", started.url));
    match &started.elasticache {
        Some(url) => out::line(&format!("export AWS_ENDPOINT_URL_ELASTICACHE={url}")),
        None => out::line("unset AWS_ENDPOINT_URL_ELASTICACHE"),
    }
    out::line(&format!("export AWS_ACCESS_KEY_ID={ACCOUNT} AWS_SECRET_ACCESS_KEY=emulator"));
    out::line("export AWS_REGION=${AWS_REGION:-eu-west-1}");
    out::error_line("To use it in this shell: eval \"$(pando local start)\". To end it: pando local stop.");
    Ok(Exit::Fine)
}

/// Stops everything that was started to stay.
pub async fn stop() -> Result<Exit, CommandError> {
    let cache = cache_folder()?;
    let mut any = false;
    for name in names() {
        if emulators::stop_detached(name, &cache).await? {
            out::error_line(&format!("{name} stopped; everything in it is gone"));
            any = true;
        }
    }
    if !any {
        out::error_line("nothing was running");
    }
    Ok(Exit::Fine)
}

/// Is the simulator, until nobody wants it any more.
pub async fn be(args: LocalServe) -> Result<Exit, CommandError> {
    let _server = serve(args.speed, args.port).await?;
    while args.note.exists() {
        tokio::time::sleep(LOOK).await;
    }
    Ok(Exit::Fine)
}
