//! What commands share: the blueprint, where to go, the state, and the way to show things.

#![expect(clippy::disallowed_methods, reason = "cli is the door to files, environment and clock")]

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tokio::sync::watch;
use tokio::time::Instant;

use super::args::Global;
use super::error::{CommandError, Exit};
use super::place::Place;
use super::view::View;
use crate::aws::clients::{Access, Aws, Target};
use crate::aws::lookups::{Answers, Lookup};
use crate::aws::resources::registry;
use crate::blueprint::diagnostic::Source;
use crate::blueprint::{Blueprint, Expansion};
use crate::engine::deployment::{Deployment, RunError, stopped};
use crate::engine::journal::{Entry, Journal};
use crate::engine::state::State;

/// How many calls that change something may be under way at once. How fast they are sent is the business of AWS's token buckets; this only bounds
/// the connections.
const PARALLEL: usize = 64;

/// What every command about a stack needs.
pub struct Context {
    /// How to show things.
    pub view: View,
    /// The file.
    pub source: Source,
    /// What it says.
    pub blueprint: Blueprint,
    /// Where the state is.
    pub(super) place: Place,
    pub(super) target: Target,
    pub(super) stop: watch::Receiver<bool>,
    /// When the bucket must have answered, once the run is stopped.
    pub(super) farewell: OnceLock<Instant>,
}

/// A graph, and the answers it was made with that the state does not have yet.
pub struct Prepared {
    /// What should be there.
    pub expansion: Expansion,
    /// To be written before anything is sent.
    pub entries: Vec<Entry>,
}

impl Context {
    /// Reads the blueprint. Shows its mistakes, if it has any.
    pub fn load(global: &Global, stop: watch::Receiver<bool>) -> Result<Self, CommandError> {
        let view = View::new(global.json);
        let path = find_file(global.file.as_deref())?;
        let source = read_source(&path)?;
        let blueprint = match Blueprint::parse(&source, global.env.as_deref()) {
            Ok((blueprint, warnings)) => {
                view.diagnostics(&source, &warnings);
                blueprint
            }
            Err(mistakes) => {
                view.diagnostics(&source, &mistakes);
                return Err(mistaken(&source, mistakes.iter().filter(|mistake| mistake.is_error()).count()));
            }
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        let place = Place::new(folder, &blueprint, global);
        let target = Target {
            region: blueprint.region.as_ref().map(|region| region.0.clone()),
            endpoint_url: global.endpoint_url.clone(),
            ..Target::default()
        };
        Ok(Self { view, source, blueprint, place, target, stop, farewell: OnceLock::new() })
    }

    /// The same, going to an emulator.
    #[must_use]
    pub fn with_target(self, target: Target) -> Self {
        Self { target, ..self }
    }

    /// Builds the clients, and finds out where they lead.
    pub async fn connect(&self, access: Access) -> Result<Aws, CommandError> {
        // On the heap, for building a dozen clients takes a lot of room.
        self.unless_stopped(Box::pin(async { Ok(Aws::connect(&self.target, access).await?) })).await
    }

    /// Does work that changes nothing, and so can be let go of at the first signal.
    pub async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, CommandError>>,
    ) -> Result<T, CommandError> {
        tokio::select! {
            biased;
            result = work => result,
            () = stopped(self.stop.clone()) => {
                Err(CommandError::new("interrupted").exit(Exit::Interrupted).hint("nothing was changed"))
            }
        }
    }

    /// Asks what the state does not know (all of it for what is to be renewed), and expands the blueprint.
    pub async fn prepare(&self, cloud: &Aws, state: &State, renew: &[String]) -> Result<Prepared, CommandError> {
        self.unless_stopped(self.ask(cloud, state, renew)).await
    }

    /// The same from the answers that a saved plan was made with. There must be nothing more to ask.
    pub async fn prepare_saved(&self, cloud: &Aws, state: &State, entries: &[Entry]) -> Result<Prepared, CommandError> {
        let known = state.clone().fold(entries).map_err(RunError::from)?;
        let prepared = self.prepare(cloud, &known, &[]).await?;
        Ok(Prepared { entries: [entries.to_vec(), prepared.entries].concat(), ..prepared })
    }

    async fn ask(&self, cloud: &Aws, state: &State, renew: &[String]) -> Result<Prepared, CommandError> {
        state.check_site(&cloud.site)?;
        let lookups = self.blueprint.needs();
        let mut values = state.pins.clone();
        let mut entries = Vec::new();
        if state.site.as_ref() != Some(&cloud.site) {
            entries.push(Entry::Placed(cloud.site.clone()));
            values.clear();
        }
        let open = lookups.iter().filter(|lookup| !values.contains_key(&lookup.query()) || renews(renew, lookup));
        for (query, answer) in Lookup::ask_all(cloud, open).await? {
            values.insert(query.clone(), answer.clone());
            entries.push(Entry::Pinned { query, answer });
        }
        let answers = Answers::of(cloud.site.clone(), cloud.partition.clone(), &lookups, &values)?;
        let mistakes = self.blueprint.check_answers(&answers);
        if !mistakes.is_empty() {
            self.view.diagnostics(&self.source, &mistakes);
            return Err(mistaken(&self.source, mistakes.len()));
        }
        Ok(Prepared { expansion: self.blueprint.expand(&answers)?, entries })
    }

    /// Expands the blueprint from what the state knows, without asking anyone. `None` for a stack that was never applied.
    pub fn expand_offline(&self, state: &State) -> Result<Option<Expansion>, CommandError> {
        let lookups = self.blueprint.needs();
        let known = lookups.iter().all(|lookup| state.pins.contains_key(&lookup.query()));
        let Some(site) = state.site.clone().filter(|_| known) else { return Ok(None) };
        // Only ARNs of permissions have the partition in them, and nobody is given any here.
        let answers = Answers::of(site, "aws".into(), &lookups, &state.pins)?;
        Ok(Some(self.blueprint.expand(&answers)?))
    }

    /// A deployment of this stack.
    pub fn deployment<J: Journal>(&self, cloud: Arc<Aws>, journal: J, state: State) -> Deployment<Aws, J> {
        Deployment {
            registry: registry(),
            cloud,
            journal,
            state,
            now: seconds,
            parallel: PARALLEL,
            listener: self.view.listener(),
            stop: self.stop.clone(),
        }
    }

    /// What `dev` relaxes, said once.
    pub fn say_relaxed(&self) {
        let relaxed = self.blueprint.relaxed();
        if !relaxed.is_empty() {
            self.view.note(&format!("Profile dev: {}.", relaxed.join("; ")));
        }
    }
}

fn renews(renew: &[String], lookup: &Lookup) -> bool {
    let name = match lookup {
        Lookup::Zones => "zones",
        Lookup::Image(_) => "image",
    };
    renew.iter().any(|wanted| wanted == name)
}

fn mistaken(source: &Source, count: usize) -> CommandError {
    let mistakes = if count == 1 { "a mistake".to_owned() } else { format!("{count} mistakes") };
    CommandError::new(format!("{} has {mistakes}", source.name)).hint("nothing was changed")
}

/// The blueprint's path: the one that was named, or `pando.yaml` here or in a folder above.
pub fn find_file(named: Option<&Path>) -> Result<PathBuf, CommandError> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    let here = std::env::current_dir().map_err(|e| CommandError::new(format!("where am I? {e}")))?;
    let found = here.ancestors().map(|folder| folder.join("pando.yaml")).find(|path| path.is_file());
    found.ok_or_else(|| {
        CommandError::new("there is no pando.yaml here or in a folder above")
            .exit(Exit::Usage)
            .hint("`pando init` writes one; `--file` names another")
    })
}

/// Reads a blueprint's text.
pub fn read_source(path: &Path) -> Result<Source, CommandError> {
    let failed = |e: &dyn std::fmt::Display| CommandError::new(format!("could not read {}: {e}", path.display()));
    let metadata = std::fs::metadata(path).map_err(|e| match e.kind() {
        ErrorKind::NotFound => CommandError::new(format!("there is no file {}", path.display()))
            .exit(Exit::Usage)
            .hint("`pando init` writes a blueprint; `--file` names one"),
        _ => failed(&e),
    })?;
    if !metadata.is_file() {
        return Err(failed(&"it is not a file"));
    }
    // More than any blueprint may have; the exact limit is the reader's.
    if metadata.len() > 16 * 1024 * 1024 {
        return Err(failed(&format!("it has {} bytes, and a blueprint has at most a million", metadata.len())));
    }
    let bytes = std::fs::read(path).map_err(|e| failed(&e))?;
    let text = String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        failed(&format!("byte {at} is not UTF-8"))
    })?;
    let name = std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    Ok(Source { name: name.as_deref().unwrap_or(path).display().to_string(), text })
}

/// Seconds since 1970.
pub fn seconds() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default()
}
