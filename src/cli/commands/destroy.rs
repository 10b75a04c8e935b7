//! `pando destroy`: removes everything, and proves that nothing is left.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::apply::{carry_out, kept, say_kept};
use crate::aws::clients::{Access, Aws};
use crate::aws::lost::lineages;
use crate::cli::args::{Destroy, Global};
use crate::cli::consent;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Exit};
use crate::cli::view::escape::escape;
use crate::engine::address::Owner;
use crate::engine::deployment::{Deployment, RunError};
use crate::engine::graph::Graph;
use crate::engine::sweep::Found;
use crate::store::OpenStore;

/// Shows what goes, has the stack's name typed, removes, and looks for leftovers.
pub async fn run(global: Global, args: Destroy, stop: watch::Receiver<bool>) -> Result<Exit, CommandError> {
    let context = Context::load(&global, stop)?;
    let cloud = Arc::new(context.connect(Access::Write).await?);
    destroy(&context, cloud, args.confirm.as_deref(), false).await
}

/// The same, once it is known where the calls go. `brief`: of the plan only the totals are shown.
pub async fn destroy(
    context: &Context,
    cloud: Arc<Aws>,
    confirm: Option<&str>,
    brief: bool,
) -> Result<Exit, CommandError> {
    consent::check_flag(context, confirm)?;
    let (store, state) = context.open_state("destroy", &cloud).await?;
    let mut deployment = context.deployment(cloud, store, state);
    let result = Box::pin(destroy_opened(context, &mut deployment, confirm, brief)).await;
    context.close_state(deployment, result).await
}

async fn destroy_opened(
    context: &Context,
    deployment: &mut Deployment<Aws, OpenStore>,
    confirm: Option<&str>,
    brief: bool,
) -> Result<Exit, CommandError> {
    deployment.state.check_site(&deployment.cloud.site)?;
    let nothing = Graph::default();
    let look = async {
        deployment.adopt_all_surplus().await?;
        Ok(deployment.plan(&nothing).await?)
    };
    let (plan, seen) = context.unless_stopped(Box::pin(look)).await?;
    if brief {
        context.view.totals(&plan);
    } else {
        context.view.plan(&plan, &plan.lost_data(&deployment.registry.rules()));
    }
    if !plan.is_empty() {
        let kept = kept(deployment, &plan)?;
        if confirm.is_none() {
            context.unless_stopped(consent::ask_for_name(context, "This removes all of it.", "")).await?;
        }
        let exit = carry_out(context, deployment, &nothing, &plan, &seen).await?;
        if exit != Exit::Fine {
            return Ok(exit);
        }
        say_kept(context, "Left behind", &kept);
    }
    let exit = Box::pin(outlast_ghosts(context, deployment)).await?;
    if exit != Exit::Fine {
        return Ok(exit);
    }
    let left = sweep(context, deployment).await?;
    if left.is_empty() {
        if plan.is_empty() {
            refuse_namesakes(context, deployment).await?;
        }
        context.view.note("A search by tag over every kind found nothing left.");
        return Ok(Exit::Fine);
    }
    let left: Vec<String> = left.iter().map(|found| escape(&found.to_string())).collect();
    Err(CommandError::new(format!("still there, with this stack's tag: {}", left.join(", ")))
        .exit(Exit::Partly)
        .hint("deletions can take a while to show everywhere; run `pando destroy` again to look once more"))
}

/// A state that knows nothing says nothing about a stack whose state was lost.
async fn refuse_namesakes(context: &Context, deployment: &Deployment<Aws, OpenStore>) -> Result<(), CommandError> {
    let Owner { lineage, stack } = &deployment.state.owner;
    let failed = |e| RunError::Read("vpc".into(), e);
    let mut found =
        context.unless_stopped(async { Ok(lineages(&deployment.cloud, stack).await.map_err(failed)?) }).await?;
    found.remove(lineage);
    let Some((other, ids)) = found.pop_first() else { return Ok(()) };
    let message =
        format!("this state knows nothing, and AWS has a stack {stack} of the lineage {other}: {}", ids.join(", "));
    Err(CommandError::new(message)
        .exit(Exit::Partly)
        .hint("nothing was changed")
        .hint("if it is this one and its state was lost: `pando state recover`, then `pando destroy`"))
}

/// Waits until no create that was never answered can be carried out any more, and removes what such a one has made: nobody will look again.
async fn outlast_ghosts(context: &Context, deployment: &mut Deployment<Aws, OpenStore>) -> Result<Exit, CommandError> {
    const AGAIN: Duration = Duration::from_secs(20);
    let nothing = Graph::default();
    let mut told = false;
    loop {
        let ghosts = deployment.ghosts();
        let Some(seconds) = ghosts.iter().map(|(_, left)| *left).max() else { return Ok(Exit::Fine) };
        if !told {
            let names: Vec<String> = ghosts.iter().map(|(of, _)| of.to_string()).collect();
            context.view.note(&format!(
                "The request to create {} was never answered and may still be carried out; watching for it for {seconds} s more.",
                names.join(", ")
            ));
            told = true;
        }
        let look = async {
            tokio::time::sleep(AGAIN.min(Duration::from_secs(seconds))).await;
            Ok(deployment.plan(&nothing).await?)
        };
        let stopped = |e: CommandError| e.hint("run `pando destroy` again: something may still turn up");
        let (plan, seen) = context.unless_stopped(Box::pin(look)).await.map_err(stopped)?;
        if !plan.is_empty() {
            let exit = carry_out(context, deployment, &nothing, &plan, &seen).await?;
            if exit != Exit::Fine {
                return Ok(exit);
            }
        }
    }
}

/// Looks for leftovers until there are none, for a while: SQS lists a deleted queue for up to a minute.
async fn sweep(context: &Context, deployment: &Deployment<Aws, OpenStore>) -> Result<Vec<Found>, CommandError> {
    const PATIENCE: Duration = Duration::from_secs(90);
    const AGAIN: Duration = Duration::from_secs(5);
    let began = Instant::now();
    loop {
        let left = deployment.sweep().await.map_err(|e| CommandError {
            hints: vec!["all that the state knew is gone; run `pando destroy` again to search for leftovers".into()],
            ..e.into()
        })?;
        if left.is_empty() || began.elapsed() > PATIENCE || *deployment.stop.borrow() {
            return Ok(left);
        }
        context.view.note(&format!(
            "{} deleted resources still show; looking again in {} s",
            left.len(),
            AGAIN.as_secs()
        ));
        tokio::time::sleep(AGAIN).await;
    }
}
