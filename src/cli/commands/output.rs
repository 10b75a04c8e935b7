//! `pando output`: endpoints and other outputs, from the state alone.

use tokio::sync::watch;

use crate::aws::resources::parameter::Setting;
use crate::cli::args::{Global, Output};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Exit};
use crate::cli::view::escape::escape;
use crate::cli::view::{View, out};
use crate::engine::reference::{Book, Known};
use crate::engine::state::{Record, State};

/// Shows all of them, or one without its name.
pub async fn run(global: Global, args: Output, stop: watch::Receiver<bool>) -> Result<Exit, CommandError> {
    let context = Context::load(&global, stop)?;
    let state = context.read_state().await?;
    let expansion = if state.records.is_empty() { None } else { context.expand_offline(&state)? };
    let Some(expansion) = expansion else {
        let nothing = format!("{} has no outputs: it is not deployed", context.blueprint.name());
        return Err(CommandError::new(nothing).hint("`pando apply` deploys it"));
    };
    let outputs = values(&expansion.outputs, &state);
    let Some(wanted) = &args.name else {
        context.view.outputs(&outputs);
        return Ok(Exit::Fine);
    };
    match outputs.iter().find(|(name, _)| name == wanted) {
        Some((_, Some(value))) => {
            match context.view {
                View::Human => out::line(&escape(value)),
                View::Json(_) => context.view.outputs(&[(wanted.clone(), Some(value.clone()))]),
            }
            Ok(Exit::Fine)
        }
        Some((_, None)) => Err(CommandError::new(format!("`{wanted}` is known only after apply"))),
        None => {
            let names: Vec<&str> = outputs.iter().map(|(name, _)| name.as_str()).collect();
            Err(CommandError::new(format!("there is no output `{wanted}`")).exit(Exit::Usage).hint(names.join(", ")))
        }
    }
}

/// The values of outputs, as far as they are known.
pub fn values(outputs: &[(String, Setting)], state: &State) -> Vec<(String, Option<String>)> {
    let mut book = Book::default();
    for (at, record) in &state.records {
        // Of several lives the newest is what the blueprint means.
        if let Some(outputs) = Record::outputs(record) {
            book.enter(at.clone(), Known::Now(outputs.clone()));
        }
    }
    let known = |setting: &Setting| match setting.text(&book) {
        Known::Now(text) => Some(text),
        Known::AfterApply => None,
    };
    outputs.iter().map(|(name, setting)| (name.clone(), known(setting))).collect()
}
