//! `pando state show`: what is recorded of one resource, as JSON, without a lock and without a call.

use clap::Args;
use tokio::sync::watch;

use crate::cli::args::Global;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Exit};
use crate::engine::address::{Address, Incarnation};
use crate::engine::state::{Record, State};

/// Show what is recorded of one resource.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pando state show vpc/main                  every life of it that there is
  pando state show launch_template/web@2     one of them")]
pub struct Show {
    /// Its address, as `pando state list` has it
    pub address: String,
}

/// Shows every life of an address, or one of them.
pub async fn run(global: &Global, args: &Show, stop: watch::Receiver<bool>) -> Result<Exit, CommandError> {
    let context = Context::load(global, stop)?;
    let state = context.read_state().await?;
    let records = find(&state, &args.address)?;
    if records.is_empty() {
        return Err(CommandError::new(format!("nothing is recorded of `{}`", args.address))
            .exit(Exit::Usage)
            .hint("`pando state list` lists what is"));
    }
    context.view.records(&records);
    Ok(Exit::Fine)
}

/// `kind/name` means every life, `kind/name@2` that one.
fn find<'a>(state: &'a State, named: &str) -> Result<Vec<(&'a Incarnation, &'a Record)>, CommandError> {
    if let Ok(life) = Incarnation::try_from(named.to_owned()) {
        return Ok(state.records.get_key_value(&life).into_iter().collect());
    }
    let address = Address::try_from(named.to_owned());
    let address = address.map_err(|e| CommandError::new(e.to_string()).exit(Exit::Usage))?;
    Ok(state.lives(&address).collect())
}
