//! `pando destroy`: removes everything, and proves that nothing is left.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::apply::{carry_out, read_answer};
use crate::aws::clients::{Access, Aws};
use crate::cli::args::{Destroy, Global};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Exit};
use crate::cli::view::escape::escape;
use crate::engine::deployment::{Deployment, RunError};
use crate::engine::graph::Graph;
use crate::engine::plan::{Action, Plan};
use crate::engine::planner::PlanError;
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
    if let Some(typed) = confirm {
        check_name(context, typed).map_err(|e| e.exit(Exit::Usage))?;
    }
    let (store, state) = context.store.open(|| context.new_owner(), &context.holder("destroy"))?;
    state.check_site(&cloud.site)?;
    let mut deployment = context.deployment(cloud, store, state);
    let nothing = Graph::default();
    let look = async {
        deployment.adopt_all_surplus().await?;
        Ok(deployment.plan(&nothing).await?)
    };
    let (plan, seen) = context.unless_stopped(look).await?;
    if brief {
        context.view.totals(&plan);
    } else {
        context.view.plan(&plan);
    }
    if !plan.is_empty() {
        if confirm.is_none() {
            context.unless_stopped(ask_for_name(context)).await?;
        }
        let kept = kept(&deployment, &plan)?;
        let exit = carry_out(context, &mut deployment, &nothing, &plan, &seen).await?;
        if exit != Exit::Fine {
            return Ok(exit);
        }
        for what in kept {
            context.view.note(&format!("Left behind: {}", escape(&what)));
        }
    }
    let exit = outlast_ghosts(context, &mut deployment).await?;
    if exit != Exit::Fine {
        return Ok(exit);
    }
    let left = sweep(context, &deployment).await?;
    if left.is_empty() {
        context.view.note("A search by tag over every kind found nothing left.");
        return Ok(Exit::Fine);
    }
    let left: Vec<String> = left.iter().map(|found| escape(&found.to_string())).collect();
    Err(CommandError::new(format!("still there, with this stack's tag: {}", left.join(", ")))
        .exit(Exit::Partly)
        .hint("deletions can take a while to show everywhere; run `pando destroy` again to look once more"))
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
        let (plan, seen) = context.unless_stopped(look).await.map_err(stopped)?;
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

/// What the deletions of a plan leave behind.
fn kept(deployment: &Deployment<Aws, OpenStore>, plan: &Plan) -> Result<Vec<String>, CommandError> {
    let rules = deployment.registry.rules();
    let mut kept = Vec::new();
    for step in plan.steps.values().filter(|step| step.action == Action::Delete) {
        let record = deployment.state.records.get(&step.incarnation);
        let (Some(record), Some(kind)) = (record, rules.get(step.incarnation.address.kind.as_str())) else { continue };
        if let Some(id) = record.id() {
            let remains = kind.remains(&record.request.properties, id);
            kept.extend(remains.map_err(|e| RunError::from(PlanError::from(e)))?);
        }
    }
    Ok(kept)
}

async fn ask_for_name(context: &Context) -> Result<(), CommandError> {
    let name = context.blueprint.name();
    let prompt = format!("This removes all of it. Type the stack's name, {name}, to go on: ");
    check_name(context, &read_answer(&prompt, &format!("--confirm {name}")).await?)
}

fn check_name(context: &Context, typed: &str) -> Result<(), CommandError> {
    let name = context.blueprint.name();
    if typed == name {
        return Ok(());
    }
    Err(CommandError::new(format!("`{typed}` is not the stack's name, `{name}`")).hint("nothing was changed"))
}
