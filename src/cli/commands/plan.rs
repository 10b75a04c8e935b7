//! `pando plan`: what would change, and why. Writes nothing, neither in AWS nor on the disk, but for the file that it is asked to
//! save it in.

use std::sync::Arc;

use tokio::sync::watch;

use crate::aws::clients::{Access, Aws};
use crate::aws::resources::registry;
use crate::cli::args::{Global, Plan, Renew};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Exit};
use crate::cli::saved_plan;
use crate::cli::view::escape::escape;
use crate::engine::journal::NoJournal;
use crate::store::SavedPlan;

/// Shows the plan.
pub async fn run(global: Global, args: Plan, stop: watch::Receiver<bool>) -> Result<Exit, CommandError> {
    let context = Context::load(&global, stop)?;
    let cloud = Arc::new(context.connect(Access::Read).await?);
    context.say_relaxed();
    let renew: Vec<String> = args.renew.iter().map(|renew: &Renew| renew.name().to_owned()).collect();
    let saved = plan(&context, cloud, &renew).await?;
    context.view.plan(&saved.plan, &saved.plan.lost_data(&registry().rules()));
    if let Some(path) = &args.out {
        saved.write(path)?;
        let path = escape(&path.display().to_string());
        context.view.note(&format!("Saved: `pando apply {path}` carries out exactly this, once, if nothing changes."));
    }
    Ok(if args.detailed_exitcode && !saved.plan.is_empty() { Exit::Pending } else { Exit::Fine })
}

/// Makes it, once it is known where the calls go; with everything that must be the same when it is carried out.
pub async fn plan(context: &Context, cloud: Arc<Aws>, renew: &[String]) -> Result<SavedPlan, CommandError> {
    let state = context.read_state().await?;
    let prepared = context.prepare(&cloud, &state, renew).await?;
    let saved = saved_plan::of(context, &cloud, &state, prepared.entries);
    // Its journal keeps nothing: what it finds out about an interrupted run stays in memory.
    let mut deployment = context.deployment(cloud, NoJournal, state);
    let graph = &prepared.expansion.graph;
    let (plan, _) = context.unless_stopped(async { Ok(deployment.plan(graph).await?) }).await?;
    Ok(SavedPlan { plan, ..saved })
}
