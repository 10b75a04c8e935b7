//! Where a stack's state is, for the commands: in a folder beside the blueprint, or in a bucket; opened, closed, and what is said when it cannot be.

#![expect(clippy::disallowed_methods, reason = "cli is the door to environment and clock")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::args::Global;
use super::context::{Context, seconds};
use super::error::{CommandError, Exit};
use super::view::escape::escape;
use crate::aws::clients::{Access, Aws};
use crate::blueprint::Blueprint;
use crate::blueprint::keeping::Keeping;
use crate::engine::address::Owner;
use crate::engine::deployment::{Deployment, stopped};
use crate::engine::state::State;
use crate::store::lease::Held;
use crate::store::remote::{RemoteError, RemoteStore};
use crate::store::s3::S3;
use crate::store::{FileStore, Holder, OpenStore, Store, StoreError};

/// How long a bucket may take to hear of the end of a run that is stopped. A run has five seconds for all of it.
const FAREWELL: Duration = Duration::from_millis(900);

/// Where the state of a stack is.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder of all stacks of this blueprint: of their states, or of the copies of them.
    base: PathBuf,
    /// The bucket, and what keys begin with there.
    bucket: Option<(String, String)>,
    stack: String,
    /// The options that lead to this stack, as they were given.
    options: String,
}

impl Place {
    /// Where a blueprint in this folder says it is.
    pub(super) fn new(folder: &Path, blueprint: &Blueprint, global: &Global) -> Self {
        let (base, bucket) = match blueprint.keeping() {
            Keeping::Folder(name) => (folder.join(name), None),
            Keeping::Bucket { bucket, prefix } => (folder.join(".pando"), Some((bucket.to_owned(), prefix.to_owned()))),
        };
        let file = global.file.as_ref().map(|file| format!(" --file {}", file.display()));
        let environment = global.env.as_ref().map(|name| format!(" --env {name}"));
        let options = [environment, file].into_iter().flatten().collect();
        Self { base, bucket, stack: blueprint.name().to_owned(), options }
    }
}

impl Context {
    /// The store, for commands that only read or for those that write.
    pub async fn store(&self, access: Access) -> Result<Store, CommandError> {
        let Place { base, bucket, stack, .. } = &self.place;
        let Some((bucket, prefix)) = bucket else {
            return Ok(Store::Folder(FileStore::new(base, stack)));
        };
        let s3 = S3::connect(&self.target, access, bucket).await.map_err(StoreError::from)?;
        Ok(Store::Bucket(RemoteStore::new(s3, prefix, base, stack, seconds)))
    }

    /// The state without a lock, for whoever only looks. A stack that was never applied has an empty one.
    pub async fn read_state(&self) -> Result<State, CommandError> {
        let read = async { Ok(self.store(Access::Read).await?.read().await?) };
        Ok(self.unless_stopped(Box::pin(read)).await?.unwrap_or_else(|| State::new(self.new_owner())))
    }

    /// Locks the state, and makes it if there is none. What is opened must be closed.
    pub async fn open_state(&self, command: &str, cloud: &Aws) -> Result<(OpenStore, State), CommandError> {
        let store = Box::pin(self.store(Access::Write)).await?;
        let holder = self.holder(command, &cloud.caller);
        let opened = Box::pin(store.open(|| self.new_owner(), &holder)).await;
        opened.map_err(|error| self.not_opened(error))
    }

    /// Why a state could not be locked, with what helps.
    pub fn not_opened(&self, error: StoreError) -> CommandError {
        match error {
            StoreError::Remote(RemoteError::Locked(held)) => self.locked(&held),
            other => other.into(),
        }
    }

    /// Lets go of the state. How the work ended says more than how this did, unless somebody else has taken the state over.
    pub async fn close_state<T>(
        &self,
        deployment: Deployment<Aws, OpenStore>,
        result: Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let Deployment { journal, state, .. } = deployment;
        let closed = self.in_time(Box::pin(journal.close(&state))).await;
        match (result, closed) {
            (Ok(_), Err(error)) => Err(error),
            (Err(_), Err(error)) if error.exit == Exit::Locked => Err(error),
            (result, _) => result,
        }
    }

    /// Saves what is known.
    pub async fn save_state(&self, deployment: &mut Deployment<Aws, OpenStore>) -> Result<(), CommandError> {
        self.in_time(Box::pin(deployment.journal.save(&deployment.state))).await
    }

    /// Once the run is stopped, a bucket that does not answer is not waited for.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, CommandError> {
        let too_late = async {
            stopped(self.stop.clone()).await;
            sleep_until(*self.farewell.get_or_init(|| Instant::now() + FAREWELL)).await;
        };
        tokio::select! {
            biased;
            result = work => Ok(result?),
            () = too_late => Err(CommandError::new("the bucket of the state did not answer before the end")
                .exit(Exit::Interrupted)
                .hint("all that was done is written down on this machine: run the same command again here to go on")
                .hint("until then the lock stays, and others wait for it")),
        }
    }

    /// An owner for a new state.
    pub fn new_owner(&self) -> Owner {
        Owner { lineage: uuid::Uuid::new_v4().to_string(), stack: self.blueprint.name().to_owned() }
    }

    /// Who this process is, for whoever finds the lock taken.
    pub fn holder(&self, command: &str, caller: &str) -> Holder {
        let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
        let who: Vec<&str> = [user.as_str(), caller].into_iter().filter(|name| !name.is_empty()).collect();
        Holder {
            command: format!("pando {command}"),
            pid: std::process::id(),
            since: jiff::Timestamp::now().strftime("%FT%TZ").to_string(),
            who: who.join(", "),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            boot_id: boot_id(),
        }
    }

    /// Who has the lock, and the one command that helps if it is nobody any more.
    fn locked(&self, held: &Held) -> CommandError {
        let plain = CommandError::from(StoreError::from(RemoteError::Locked(Box::new(held.clone()))));
        plain.hint(whose(held)).hint("if it is at work, wait until it is done").hint(format!(
            "if its machine is gone: `pando state unlock {}{}`, which watches the lock for two minutes first",
            escape(&held.lock_id),
            self.place.options
        ))
    }
}

/// Who has a lock, where, since when, and for what.
pub fn whose(held: &Held) -> String {
    let Held { holder, .. } = held;
    format!(
        "it is `{}` by {} on {}, process {}, since {}",
        escape(&holder.command),
        escape(&holder.who),
        escape(&holder.host),
        holder.pid,
        escape(&holder.since)
    )
}

/// This start of this machine, and the container on it: what a process number counts in. Empty where the system does not say.
fn boot_id() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    let space = std::fs::read_link("/proc/self/ns/pid");
    match (boot, space) {
        (Ok(boot), Ok(space)) => format!("{} {}", boot.trim(), space.display()),
        _ => String::new(),
    }
}
