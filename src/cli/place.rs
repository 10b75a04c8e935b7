//! Where a stack's state is, for the commands: in a folder beside the blueprint, or in a bucket; opened, closed, and what is said when it cannot be.

#![expect(clippy::disallowed_methods, reason = "cli is the door to environment and clock")]

use std::path::{Path, PathBuf};

use super::args::Global;
use super::context::{Context, seconds};
use super::error::{CommandError, Exit};
use super::view::escape::escape;
use crate::aws::clients::{Access, Aws};
use crate::blueprint::Blueprint;
use crate::blueprint::keeping::Keeping;
use crate::engine::address::Owner;
use crate::engine::deployment::Deployment;
use crate::engine::state::State;
use crate::store::lease::Held;
use crate::store::remote::{RemoteError, RemoteStore};
use crate::store::s3::S3;
use crate::store::{FileStore, Holder, OpenStore, Store, StoreError};

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

    /// The folder of the state, for what can only be done in one.
    pub fn folder(&self) -> Result<FileStore, CommandError> {
        let Place { base, bucket, stack, .. } = &self.place;
        if bucket.is_some() {
            return Err(CommandError::new("a state in a bucket is not recovered in place")
                .exit(Exit::Usage)
                .hint("the bucket keeps older versions of `state.json`: bring the newest whole one back")
                .hint("if there is none: take `state:` out of the blueprint, recover, and put it back; the next `pando apply` moves the state there"));
        }
        Ok(FileStore::new(base, stack))
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
        opened.map_err(|error| match error {
            StoreError::Remote(RemoteError::Locked(held)) => self.locked(&held),
            other => other.into(),
        })
    }

    /// Lets go of the state. How the work ended says more than how this did, unless somebody else has taken the state over.
    pub async fn close_state<T>(
        &self,
        deployment: Deployment<Aws, OpenStore>,
        result: Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let Deployment { journal, state, .. } = deployment;
        let closed = Box::pin(journal.close(&state)).await.map_err(CommandError::from);
        match (result, closed) {
            (Ok(_), Err(error)) => Err(error),
            (Err(_), Err(error)) if error.exit == Exit::Locked => Err(error),
            (result, _) => result,
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
        let Held { lock_id, holder, .. } = held;
        let plain = CommandError::from(StoreError::from(RemoteError::Locked(Box::new(held.clone()))));
        let told = format!(
            "it is `{}` by {} on {}, process {}, since {}",
            escape(&holder.command),
            escape(&holder.who),
            escape(&holder.host),
            holder.pid,
            escape(&holder.since)
        );
        plain.hint(told).hint("if it is at work, wait until it is done").hint(format!(
            "if its machine is gone: `pando state unlock {}{}`, which watches the lock for two minutes first",
            escape(lock_id),
            self.place.options
        ))
    }
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
