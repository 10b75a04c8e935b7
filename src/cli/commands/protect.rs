//! `pando protect`: what is protected from deletion; and the step of its own that lifts it.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

use super::apply::finish;
use crate::aws::clients::{Access, Aws};
use crate::cli::args::{Global, Protect};
use crate::cli::consent;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Exit};
use crate::cli::view::escape::escape;
use crate::engine::address::Address;
use crate::engine::deployment::Deployment;
use crate::engine::graph::Graph;
use crate::engine::journal::NoJournal;
use crate::engine::state::State;
use crate::store::OpenStore;

/// Lists what is protected, or lifts the protection of what was named.
pub async fn run(global: Global, args: Protect, stop: watch::Receiver<bool>) -> Result<Exit, CommandError> {
    let context = Context::load(&global, stop)?;
    if args.release.is_empty() {
        let cloud = Arc::new(context.connect(Access::Read).await?);
        return list(&context, cloud).await;
    }
    consent::check_flag(&context, args.confirm.as_deref())?;
    let cloud = Arc::new(context.connect(Access::Write).await?);
    release(&context, cloud, &args.release.into_iter().collect(), args.confirm.is_some()).await
}

async fn list(context: &Context, cloud: Arc<Aws>) -> Result<Exit, CommandError> {
    let state = context.read_state().await?;
    state.check_site(&cloud.site)?;
    let graph = desired(context, &state)?;
    let mut deployment = context.deployment(cloud, NoJournal, state);
    let all = context.unless_stopped(async { Ok(deployment.protected().await?) }).await?;
    let all: Vec<_> = all
        .into_iter()
        .map(|resource| {
            let node = graph.as_ref().map(|graph| graph.get(&resource.incarnation.address));
            let remark = node.and_then(|node| match node {
                None => Some("the blueprint no longer has it"),
                Some(node) if !node.keep => Some("the blueprint no longer protects it: the next apply lifts this"),
                Some(_) => None,
            });
            (resource, remark)
        })
        .collect();
    context.view.protected(&all);
    Ok(Exit::Fine)
}

async fn release(
    context: &Context,
    cloud: Arc<Aws>,
    addresses: &BTreeSet<Address>,
    is_confirmed: bool,
) -> Result<Exit, CommandError> {
    let (store, state) = context.open_state("protect", &cloud).await?;
    let mut deployment = context.deployment(cloud, store, state);
    let result = Box::pin(release_opened(context, &mut deployment, addresses, is_confirmed)).await;
    context.close_state(deployment, result).await
}

async fn release_opened(
    context: &Context,
    deployment: &mut Deployment<Aws, OpenStore>,
    addresses: &BTreeSet<Address>,
    is_confirmed: bool,
) -> Result<Exit, CommandError> {
    deployment.state.check_site(&deployment.cloud.site)?;
    let graph = desired(context, &deployment.state)?;
    let plan = context.unless_stopped(Box::pin(async { Ok(deployment.plan_release(addresses).await?) })).await;
    let (plan, seen) = plan?;
    context.view.plan(&plan, &BTreeSet::new());
    if plan.is_empty() {
        context.view.note("It is not protected.");
        context.save_state(deployment).await?;
        return Ok(Exit::Fine);
    }
    for address in addresses {
        if graph.as_ref().and_then(|graph| graph.get(address)).is_some_and(|node| node.keep) {
            context.view.note(&format!(
                "The blueprint still protects {}: the next apply that neither deletes nor replaces it protects it again.",
                escape(&address.to_string())
            ));
        }
    }
    if !is_confirmed {
        context.unless_stopped(consent::ask_for_name(context, "From then on it can be deleted.", "")).await?;
    }
    let result = deployment.release(addresses, &plan, &seen).await;
    finish(context, deployment, result).await
}

/// What the blueprint asks for, as far as the state knows what it takes to say so.
fn desired(context: &Context, state: &State) -> Result<Option<Graph>, CommandError> {
    Ok(context.expand_offline(state)?.map(|expansion| expansion.graph))
}
