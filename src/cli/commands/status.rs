//! `pando status`: clones, databases, caches and queues at a glance.

use comfy_table::{Table, presets};
use tokio::sync::watch;

use crate::aws::clients::{Access, Aws};
use crate::aws::status::{Line, look};
use crate::cli::args::Global;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Exit};
use crate::cli::view::escape::escape;
use crate::cli::view::{View, out};

/// Looks, and shows what it saw.
pub async fn run(global: Global, stop: watch::Receiver<bool>) -> Result<Exit, CommandError> {
    let context = Context::load(&global, stop)?;
    let state = context.read_state().await?;
    if state.records.is_empty() {
        context.view.note(&format!("{} has no resources.", context.blueprint.name()));
        return Ok(Exit::Fine);
    }
    let cloud = context.connect(Access::Read).await?;
    status(&context, &cloud).await?;
    Ok(Exit::Fine)
}

/// The same, once it is known where the calls go.
pub async fn status(context: &Context, cloud: &Aws) -> Result<(), CommandError> {
    let state = context.read_state().await?;
    state.check_site(&cloud.site)?;
    let lines = look(cloud, &state).await.map_err(|e| CommandError::new(format!("could not look: {e}")))?;
    show(context.view, &lines);
    Ok(())
}

/// The overview, as a table or as a line of JSON.
fn show(view: View, lines: &[Line]) {
    match view {
        View::Json(json) => json.write("status", &serde_json::json!({ "resources": lines })),
        View::Human => {
            let mut table = Table::new();
            table.load_style(presets::NOTHING);
            for line in lines {
                let facts: Vec<String> = line.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                table.add_row([escape(&line.address), escape(&line.state), escape(&facts.join(", "))]);
            }
            out::line(&table.to_string());
        }
    }
}
