//! `pando state recover`: finds out anew, from AWS, what a lost state knew. Its clients cannot write.

use std::sync::Arc;

use clap::Args;
use tokio::sync::watch;

use crate::aws::clients::{Access, Aws};
use crate::aws::lost::{image_pin, lineages};
use crate::cli::args::Global;
use crate::cli::consent::ask;
use crate::cli::context::{Context, seconds};
use crate::cli::error::{CommandError, Exit};
use crate::cli::view::escape::escape;
use crate::engine::address::Owner;
use crate::engine::deployment::RunError;
use crate::engine::journal::{Entry, NoJournal};
use crate::engine::state::State;
use crate::store::remote::RemoteError;
use crate::store::{FileStore, Store, StoreError};

/// Find out anew what a lost state knew.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pando state recover                        shows what it finds, and asks
  pando state recover --yes                  in a script

For a state that was deleted or damaged. The blueprint has to be the one that was applied last: what AWS does not show is taken to be as it says. \
Nothing in AWS is changed. Exit code 3: some of the stack's resources are not in the blueprint, and are not recorded.")]
pub struct Recover {
    /// Do not ask before it becomes the state; needed where there is no terminal
    #[arg(short, long)]
    pub yes: bool,
    /// Whose resources to look for, where several stacks have the name [default: the only one that is found]
    #[arg(long, value_name = "ID")]
    pub lineage: Option<String>,
}

/// Shows what is found, asks, and makes it the state.
pub async fn run(global: Global, args: Recover, stop: watch::Receiver<bool>) -> Result<Exit, CommandError> {
    let context = Context::load(&global, stop)?;
    let store = Box::pin(context.store(Access::Write)).await?;
    let known = match &store {
        Store::Folder(folder) => match rebuild(&context, folder, args.yes).await? {
            Rebuild::Whole => return Ok(Exit::Fine),
            Rebuild::Partly(owner) => Some(owner.lineage),
            Rebuild::Nothing => None,
        },
        Store::Bucket(_) => None,
    };
    let holder = context.holder("state recover", "");
    let vacancy = Box::pin(store.vacate(&holder)).await.map_err(|e| context.not_opened(e))?;
    match Box::pin(find(&context, &store, args, known)).await {
        Ok((state, exit)) => {
            Box::pin(vacancy.begin(&state)).await?;
            context.view.note("This is the state now; `pando plan` says what differs from the blueprint.");
            Ok(exit)
        }
        Err(error) => {
            // Why nothing was recovered says more than that the lock could not be let go of either.
            drop(Box::pin(vacancy.release()).await);
            Err(error)
        }
    }
}

/// Finds out what there is, and whether all of it is in the blueprint.
async fn find(
    context: &Context,
    store: &Store,
    args: Recover,
    known: Option<String>,
) -> Result<(State, Exit), CommandError> {
    refuse_known(store, known.is_some()).await?;
    let cloud = Arc::new(context.connect(Access::Read).await?);
    let lineage = match args.lineage.or(known) {
        Some(lineage) => lineage,
        None => context.unless_stopped(the_lineage(context, &cloud)).await?,
    };
    let owner = Owner { lineage, stack: context.blueprint.name().to_owned() };
    let mut entries = vec![Entry::Placed(cloud.site.clone())];
    let lookups = context.blueprint.needs();
    let pin = context.unless_stopped(async { Ok(image_pin(&cloud, &owner, &lookups).await?) }).await?;
    if let Some(Entry::Pinned { query, .. }) = &pin {
        let query = escape(query);
        context.view.note(&format!("The {query} stays what the clones have; `pando apply --renew image` asks anew."));
    }
    entries.extend(pin);
    let begun = State::new(owner.clone()).fold(&entries).map_err(RunError::from)?;
    let prepared = context.prepare(&cloud, &begun, &[]).await?;
    let mut deployment = context.deployment(cloud, NoJournal, begun);
    let graph = &prepared.expansion.graph;
    let recovery = context.unless_stopped(async { Ok(deployment.recover(graph).await?) }).await?;
    context.view.recovery(&recovery);
    if recovery.lives.is_empty() {
        return Err(CommandError::new("nothing that the blueprint names was found")
            .hint("nothing was changed")
            .hint("check `--env` and the blueprint: it has to be the one that was applied last"));
    }
    if !args.yes {
        context.unless_stopped(ask("Make this the state?", "--yes")).await?;
    }
    entries.extend(prepared.entries);
    entries.extend(recovery.entries(seconds()));
    let state = State::new(owner).fold(&entries).map_err(RunError::from)?;
    Ok((state, if recovery.strange.is_empty() { Exit::Fine } else { Exit::Partly }))
}

/// What older snapshots and journals gave.
enum Rebuild {
    /// All that was known.
    Whole,
    /// Whose state it was, and not all that it knew.
    Partly(Owner),
    /// No snapshot can be read.
    Nothing,
}

/// Older files know more than AWS tells, if they are whole.
async fn rebuild(context: &Context, folder: &FileStore, yes: bool) -> Result<Rebuild, CommandError> {
    if !matches!(folder.read(), Err(StoreError::Damaged { .. })) {
        return Ok(Rebuild::Nothing);
    }
    context
        .view
        .note("The state cannot be read. Older copies and journals are tried first; what is damaged is kept aside.");
    if !yes {
        context.unless_stopped(ask("Rebuild the state?", "--yes")).await?;
    }
    let Some(rebuilt) = folder.rebuild(&context.holder("state recover", ""))? else {
        return Ok(Rebuild::Nothing);
    };
    for why in &rebuilt.lost {
        context.view.note(&escape(why));
    }
    if rebuilt.is_whole {
        context.view.note(
            "The state is rebuilt from its journals, and whole; `pando plan` says what differs from the blueprint.",
        );
        return Ok(Rebuild::Whole);
    }
    context.view.note("Part of it is lost, so AWS is asked what there is.");
    Ok(Rebuild::Partly(rebuilt.state.owner))
}

/// Refuses to have a state forgotten that is there and knows something.
async fn refuse_known(store: &Store, is_partial: bool) -> Result<(), CommandError> {
    match Box::pin(store.read()).await {
        Ok(Some(state)) if !is_partial && !state.records.is_empty() => {
            let count = state.records.len();
            Err(CommandError::new(format!("the state of {} is there and knows {count} resources", state.owner.stack))
                .exit(Exit::Usage)
                .hint("nothing was changed; `pando state list` shows it, `pando plan` compares it with AWS")
                .hint(format!("to begin anew all the same, move {} away first", escape(&store.place()))))
        }
        Ok(_) | Err(StoreError::Damaged { .. } | StoreError::Remote(RemoteError::RolledBack { .. })) => Ok(()),
        Err(other) => Err(other.into()),
    }
}

/// Whose resources they are, if there is only one whose they can be.
async fn the_lineage(context: &Context, cloud: &Aws) -> Result<String, CommandError> {
    let failed = |e| RunError::Read("vpc".into(), e);
    let stack = context.blueprint.name();
    let mut found = lineages(cloud, stack).await.map_err(failed)?;
    match found.len() {
        1 => Ok(found.pop_first().map(|(lineage, _)| lineage).unwrap_or_default()),
        0 => Err(CommandError::new(format!("nothing in {} carries the tags of a stack {stack}", cloud.site))
            .hint("nothing was changed")
            .hint("check AWS_PROFILE, the region and `--env`; what was never applied needs no recovery")),
        _ => {
            let several = CommandError::new(format!("there are {} stacks of the name {stack}", found.len()));
            let each = found
                .iter()
                .map(|(lineage, ids)| escape(&format!("`--lineage {lineage}` is the one with {}", ids.join(", "))));
            Err(each.fold(several.exit(Exit::Usage).hint("nothing was changed"), CommandError::hint))
        }
    }
}
