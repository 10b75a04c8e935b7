//! An AWS on this machine: Pando's own simulator, or emulators that others wrote.

#![expect(clippy::disallowed_methods, reason = "cli is the door to the clock, the environment and the disk")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use etcetera::BaseStrategy as _;
use tokio::process::Command;

use super::args::EmulatorName;
use super::error::CommandError;
use crate::aws::clients::Target;
use crate::emulators::{self, Emulator, LOCALSTACK, MINISTACK, MOTO, Place, Program, Recipe};
use crate::simulator::Simulator;
use crate::simulator::clock::{Clock, Moment};
use crate::simulator::doors::http::Server;
use crate::simulator::settings::Settings;

/// The account that moto always has, and that the others take from a key that looks like one.
pub const ACCOUNT: &str = "123456789012";

/// The simulator's name among all that can be started.
pub(super) const SIMULATOR: &str = "simulator";

/// One that was started: where it answers, and what keeps it alive.
#[derive(Debug, Default)]
pub(super) struct LocalAws {
    /// Where most services are.
    pub(super) url: String,
    /// Where the cache is, if elsewhere.
    pub(super) elasticache: Option<String>,
    /// They end when this is dropped.
    emulators: Vec<Emulator>,
    server: Option<Server>,
}

/// How one is to be started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'a> {
    /// Which.
    pub(super) emulator: EmulatorName,
    /// How much faster than on AWS time passes, in the simulator.
    pub(super) speed: f64,
    /// The port, if not any.
    pub(super) port: Option<u16>,
    /// Whether it stays when this process ends.
    pub(super) stays: bool,
    /// Where things are kept.
    pub(super) cache: &'a Path,
}

impl LocalAws {
    /// Starts one, telling where each part of it answers.
    pub(super) async fn start(wish: &Wish<'_>, tell: &mut (dyn FnMut(&str) + Send)) -> Result<Self, CommandError> {
        let mut started = Self::default();
        match wish.emulator {
            EmulatorName::Simulator => started.simulator(wish, tell).await?,
            EmulatorName::Moto => {
                started.url = started.emulator(&MOTO, wish, wish.port, tell).await?;
                // moto's cache has neither members nor changes.
                started.elasticache = Some(started.emulator(&MINISTACK, wish, None, tell).await?);
            }
            EmulatorName::Ministack => started.url = started.emulator(&MINISTACK, wish, wish.port, tell).await?,
            EmulatorName::Localstack => started.url = started.emulator(&LOCALSTACK, wish, wish.port, tell).await?,
        }
        Ok(started)
    }

    async fn simulator(&mut self, wish: &Wish<'_>, tell: &mut (dyn FnMut(&str) + Send)) -> Result<(), CommandError> {
        if wish.stays {
            let pando = std::env::current_exe();
            let pando = pando.map_err(|e| CommandError::new(format!("could not find this program: {e}")))?;
            let command = |port: u16, _: &Path, note: Option<&Path>| {
                let mut command = Command::new(&pando);
                command.args(["local", "serve", "--port", &port.to_string(), "--speed", &wish.speed.to_string()]);
                command.args(note.iter().flat_map(|note| [Path::new("--note"), note]));
                command
            };
            let program = Program { name: SIMULATOR, command: &command };
            self.url = emulators::start_program_detached(&program, wish.cache, wish.port).await?.url;
        } else {
            let server = serve(wish.speed, wish.port.unwrap_or_default()).await?;
            self.url.clone_from(&server.url);
            self.server = Some(server);
        }
        let speed = wish.speed;
        tell(&format!("the simulator answers at {}; its time passes {speed} times as fast as ours", self.url));
        Ok(())
    }

    async fn emulator(
        &mut self,
        recipe: &'static Recipe,
        wish: &Wish<'_>,
        port: Option<u16>,
        tell: &mut (dyn FnMut(&str) + Send),
    ) -> Result<String, CommandError> {
        let python = python();
        let neighbour = Some(self.url.clone()).filter(|url| !url.is_empty());
        let place = Place { cache: wish.cache, python: &python, neighbour: neighbour.as_deref() };
        let url = if wish.stays {
            emulators::start_detached(recipe, &place, port, tell).await?.url
        } else {
            let emulator = emulators::start(recipe, &place, tell).await?;
            let url = emulator.url.clone();
            self.emulators.push(emulator);
            url
        };
        tell(&format!("{} {} answers at {url}", recipe.name, recipe.version));
        Ok(url)
    }

    /// Where clients in this process go.
    pub(super) fn target(&self, region: &str) -> Target {
        let elsewhere = self.elasticache.iter().map(|url| ("ElastiCache", url.clone()));
        Target {
            region: Some(region.into()),
            endpoint_url: Some(self.url.clone()),
            endpoint_urls: elsewhere.collect::<BTreeMap<_, _>>(),
            emulator_account: Some(ACCOUNT.into()),
            ..Target::default()
        }
    }
}

/// A simulator in this process, on a port of its own. Its world begins now.
pub(super) async fn serve(speed: f64, port: u16) -> Result<Server, CommandError> {
    let began = Instant::now();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let begins = Moment(u64::try_from(since.as_millis()).unwrap_or_default());
    let seed = begins.0;
    let clock = Clock::new(begins, speed, move || began.elapsed());
    let simulator = Simulator::new(Settings { seed, ..Settings::default() }, clock);
    let server = Server::start(simulator, port).await;
    server.map_err(|e| CommandError::new(format!("the simulator could not listen on 127.0.0.1:{port}: {e}")))
}

/// The names of all that can be started to stay.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    std::iter::once(SIMULATOR).chain(emulators::RECIPES.iter().map(|recipe| recipe.name))
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
