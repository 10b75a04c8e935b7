//! `pando apply`: makes it so. Goes on where an interrupted run stopped.

use std::sync::Arc;

use tokio::sync::watch;

use super::output;
use crate::aws::clients::{Access, Aws};
use crate::cli::args::{Apply, Global, Renew};
use crate::cli::consent;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Exit};
use crate::cli::saved_plan;
use crate::cli::view::escape::escape;
use crate::engine::deployment::{Deployment, Report, RunError};
use crate::engine::graph::Graph;
use crate::engine::journal::Journal as _;
use crate::engine::plan::{Action, Observations, Plan};
use crate::engine::planner::PlanError;
use crate::store::{OpenStore, SavedPlan};

/// How an apply goes about it.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// What AWS is asked again, though its answer is pinned.
    pub renew: Vec<String>,
    /// The plan that is to be carried out, and no other.
    pub saved: Option<SavedPlan>,
    /// Whether the plan was consented to in advance.
    pub yes: bool,
    /// Whether the stack's name was given, and so data may be deleted.
    pub confirmed: bool,
    /// Whether only the plan's totals are shown.
    pub brief: bool,
}

/// Shows the plan, asks, and carries it out.
pub async fn run(global: Global, args: Apply, stop: watch::Receiver<bool>) -> Result<Exit, CommandError> {
    let context = Context::load(&global, stop)?;
    consent::check_flag(&context, args.confirm.as_deref())?;
    let saved = args.plan.as_deref().map(SavedPlan::read).transpose()?;
    let cloud = Arc::new(context.connect(Access::Write).await?);
    context.say_relaxed();
    let renew = args.renew.iter().map(|renew: &Renew| renew.name().to_owned()).collect();
    // Who names a plan has seen it.
    let yes = args.yes || saved.is_some();
    apply(&context, cloud, &Terms { renew, saved, yes, confirmed: args.confirm.is_some(), brief: false }).await
}

/// The same, once it is known where the calls go.
pub async fn apply(context: &Context, cloud: Arc<Aws>, terms: &Terms) -> Result<Exit, CommandError> {
    let (store, state) = context.open_state("apply", &cloud).await?;
    let mut deployment = context.deployment(cloud, store, state);
    let result = Box::pin(apply_opened(context, &mut deployment, terms)).await;
    context.close_state(deployment, result).await
}

async fn apply_opened(
    context: &Context,
    deployment: &mut Deployment<Aws, OpenStore>,
    terms: &Terms,
) -> Result<Exit, CommandError> {
    let prepared = match &terms.saved {
        Some(saved) => {
            saved_plan::check(saved, context, &deployment.cloud, &deployment.state)?;
            context.prepare_saved(&deployment.cloud, &deployment.state, &saved.entries).await?
        }
        None => context.prepare(&deployment.cloud, &deployment.state, &terms.renew).await?,
    };
    let graph = &prepared.expansion.graph;
    let (plan, seen) = context.unless_stopped(Box::pin(async { Ok(deployment.plan(graph).await?) })).await?;
    if let Some(saved) = &terms.saved {
        saved_plan::refuse_changed(&saved.plan, &plan)?;
    }
    let lost = plan.lost_data(&deployment.registry.rules());
    if terms.brief {
        context.view.totals(&plan);
    } else {
        context.view.plan(&plan, &lost);
    }
    let kept = kept(deployment, &plan)?;
    if !plan.is_empty() {
        if !lost.is_empty() {
            say_kept(context, "Stays behind", &kept);
        }
        context.unless_stopped(consent::to_apply(context, &lost, terms.yes, terms.confirmed)).await?;
    }
    deployment.write(&prepared.entries).await?;
    if plan.is_empty() {
        context.save_state(deployment).await?;
        return Ok(Exit::Fine);
    }
    let exit = carry_out(context, deployment, graph, &plan, &seen).await?;
    if exit == Exit::Fine {
        say_kept(context, "Left behind", &kept);
        context.view.outputs(&output::values(&prepared.expansion.outputs, &deployment.state));
    }
    Ok(exit)
}

/// Carries out a plan, says how it went, and saves what is known whatever happened.
pub async fn carry_out(
    context: &Context,
    deployment: &mut Deployment<Aws, OpenStore>,
    graph: &Graph,
    plan: &Plan,
    seen: &Observations,
) -> Result<Exit, CommandError> {
    let result = deployment.apply(graph, plan, seen).await;
    finish(context, deployment, result).await
}

/// Says how a run went, and saves what is known whatever happened.
pub async fn finish(
    context: &Context,
    deployment: &mut Deployment<Aws, OpenStore>,
    result: Result<Report, RunError>,
) -> Result<Exit, CommandError> {
    // The listener draws; it must be done before others write.
    deployment.listener = Box::new(crate::engine::event::NoListener);
    let saved = context.save_state(deployment).await;
    // Why a run ended says more than why its end could not be tidied up: what was done is in the journal anyway.
    let report = result.map_err(|error| explain(error, &deployment.journal))?;
    context.view.report(&report);
    saved?;
    Ok(match &report {
        complete if complete.is_complete() => Exit::Fine,
        stopped if stopped.stopped => Exit::Interrupted,
        expired if expired.expired.is_some() => Exit::Credentials,
        _ => Exit::Partly,
    })
}

/// A journal that cannot be written is one thing, and one that must not be written is another: the lock is lost.
fn explain(error: RunError, journal: &OpenStore) -> CommandError {
    match (&error, journal.permit().check()) {
        (RunError::Journal(_), Err(lost)) => CommandError::new(lost.to_string())
            .exit(Exit::Locked)
            .hint("nothing more was sent; what was sent is looked for by its key in the next run, whoever starts it"),
        _ => error.into(),
    }
}

/// Says what is left behind, before or after it is.
pub fn say_kept(context: &Context, when: &str, kept: &[String]) {
    for what in kept {
        context.view.note(&format!("{when}: {}", escape(what)));
    }
}

/// What the deletions of a plan leave behind.
pub fn kept(deployment: &Deployment<Aws, OpenStore>, plan: &Plan) -> Result<Vec<String>, CommandError> {
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
