//! `pando local`: a local AWS to try everything on.

#![expect(clippy::disallowed_methods, reason = "cli is the door to the environment")]

use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use crate::cli::args::{EmulatorName, LocalStart};
use crate::cli::error::{CommandError, Exit};
use crate::cli::view::out;
use crate::emulators::{self, LOCALSTACK, MINISTACK, MOTO, Place, RECIPES, Recipe};

/// The account that moto always has, and that MiniStack takes from a key that looks like one.
pub const ACCOUNT: &str = "123456789012";

/// Starts an emulator that stays, and prints how to use it.
pub async fn start(args: LocalStart) -> Result<Exit, CommandError> {
    let (cache, python) = (cache_folder()?, python());
    let recipes: &[&'static Recipe] = match args.emulator {
        EmulatorName::Moto => &[&MOTO, &MINISTACK],
        EmulatorName::Ministack => &[&MINISTACK],
        EmulatorName::Localstack => &[&LOCALSTACK],
    };
    let mut port = args.port;
    let mut first: Option<String> = None;
    for (number, recipe) in recipes.iter().enumerate() {
        let mut tell = |text: &str| out::error_line(&format!("  {text}"));
        let place = Place { cache: &cache, python: &python, neighbour: first.as_deref() };
        let running = emulators::start_detached(recipe, &place, port.take(), &mut tell).await?;
        let name = if number == 0 { "AWS_ENDPOINT_URL" } else { "AWS_ENDPOINT_URL_ELASTICACHE" };
        out::line(&format!("export {name}={}", running.url));
        out::error_line(&format!("{} {} answers at {}", recipe.name, recipe.version, running.url));
        first.get_or_insert(running.url);
    }
    out::line(&format!("export AWS_ACCESS_KEY_ID={ACCOUNT} AWS_SECRET_ACCESS_KEY=emulator"));
    out::line("export AWS_REGION=${AWS_REGION:-eu-west-1}");
    out::error_line("To use it in this shell: eval \"$(pando local start)\". To end it: pando local stop.");
    Ok(Exit::Fine)
}

/// Stops every emulator that was started to stay.
pub async fn stop() -> Result<Exit, CommandError> {
    let cache = cache_folder()?;
    let mut any = false;
    for recipe in RECIPES {
        if emulators::stop_detached(recipe, &cache).await? {
            out::error_line(&format!("{} stopped; everything in it is gone", recipe.name));
            any = true;
        }
    }
    if !any {
        out::error_line("no emulator was running");
    }
    Ok(Exit::Fine)
}

/// Where emulators are installed: `PANDO_CACHE`, or the user's cache folder.
pub fn cache_folder() -> Result<PathBuf, CommandError> {
    if let Some(folder) = std::env::var_os("PANDO_CACHE") {
        return Ok(PathBuf::from(folder));
    }
    let home = etcetera::choose_base_strategy().map_err(|e| CommandError::new(format!("no home folder: {e}")))?;
    Ok(home.cache_dir().join("pando").join("emulators"))
}

/// The Python that emulators are made with: `PANDO_PYTHON`, or `python3`.
pub fn python() -> String {
    std::env::var("PANDO_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}
