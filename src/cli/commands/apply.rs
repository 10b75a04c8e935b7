//! `pando apply`: makes it so. Goes on where an interrupted run stopped.

use std::io::{IsTerminal as _, stdin};
use std::sync::Arc;

use tokio::sync::watch;

use super::output;
use crate::aws::clients::{Access, Aws};
use crate::cli::args::{Apply, Global, Renew};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Exit};
use crate::cli::view::out;
use crate::engine::deployment::Deployment;
use crate::engine::graph::Graph;
use crate::engine::plan::{Observations, Plan};
use crate::store::OpenStore;

/// How an apply goes about it.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// What AWS is asked again, though its answer is pinned.
    pub renew: Vec<String>,
    /// Whether the plan was consented to in advance.
    pub yes: bool,
    /// Whether only the plan's totals are shown.
    pub brief: bool,
}

/// Shows the plan, asks, and carries it out.
pub async fn run(global: Global, args: Apply, stop: watch::Receiver<bool>) -> Result<Exit, CommandError> {
    let context = Context::load(&global, stop)?;
    let cloud = Arc::new(context.connect(Access::Write).await?);
    context.say_relaxed();
    let renew = args.renew.iter().map(|renew: &Renew| renew.name().to_owned()).collect();
    apply(&context, cloud, &Terms { renew, yes: args.yes, brief: false }).await
}

/// The same, once it is known where the calls go.
pub async fn apply(context: &Context, cloud: Arc<Aws>, terms: &Terms) -> Result<Exit, CommandError> {
    let (store, state) = context.store.open(|| context.new_owner(), &context.holder("apply"))?;
    let prepared = context.prepare(&cloud, &state, &terms.renew).await?;
    let mut deployment = context.deployment(cloud, store, state);
    let graph = &prepared.expansion.graph;
    let (plan, seen) = context.unless_stopped(async { Ok(deployment.plan(graph).await?) }).await?;
    if terms.brief {
        context.view.totals(&plan);
    } else {
        context.view.plan(&plan);
    }
    if !plan.is_empty() && !terms.yes {
        context.unless_stopped(ask("Do this?", "--yes")).await?;
    }
    deployment.write(&prepared.entries).await?;
    if plan.is_empty() {
        save(&mut deployment)?;
        return Ok(Exit::Fine);
    }
    let exit = carry_out(context, &mut deployment, graph, &plan, &seen).await?;
    if exit == Exit::Fine {
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
    // The listener draws; it must be done before others write.
    deployment.listener = Box::new(crate::engine::event::NoListener);
    let saved = save(deployment);
    // Why a run ended says more than why its end could not be tidied up: what was done is in the journal anyway.
    let report = result?;
    context.view.report(&report);
    saved?;
    Ok(match &report {
        complete if complete.is_complete() => Exit::Fine,
        stopped if stopped.stopped => Exit::Interrupted,
        expired if expired.expired.is_some() => Exit::Credentials,
        _ => Exit::Partly,
    })
}

fn save(deployment: &mut Deployment<Aws, OpenStore>) -> Result<(), CommandError> {
    Ok(deployment.journal.save(&deployment.state)?)
}

/// Asks for a yes. Without a terminal nobody is there to say it.
async fn ask(question: &str, flag: &str) -> Result<(), CommandError> {
    match read_answer(&format!("{question} Only `yes` is taken for an answer: "), flag).await?.as_str() {
        "yes" => Ok(()),
        _ => Err(CommandError::new("not confirmed").hint("nothing was changed")),
    }
}

/// One line from the terminal.
pub async fn read_answer(prompt: &str, flag: &str) -> Result<String, CommandError> {
    if !stdin().is_terminal() {
        let missing = CommandError::new("this needs a confirmation, and there is no terminal to ask");
        return Err(missing.exit(Exit::Usage).hint(format!("add `{flag}`")).hint("nothing was changed"));
    }
    out::error_line(prompt);
    // In a thread of its own, so that Ctrl-C is heard while nobody answers.
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        stdin().read_line(&mut line).map(|_| line)
    });
    let line = line.await.map_err(std::io::Error::other).flatten();
    let line = line.map_err(|e| CommandError::new(format!("could not read the answer: {e}")))?;
    Ok(line.trim().to_owned())
}
