//! What is asked before something is done, and which answers are taken.

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, stdin};

use super::context::Context;
use super::error::{CommandError, Exit};
use super::view::escape::escape;
use super::view::out;
use crate::engine::address::Incarnation;

/// Asks for a yes. Without a terminal nobody is there to say it.
pub async fn ask(question: &str, flag: &str) -> Result<(), CommandError> {
    match read_answer(&format!("{question} Only `yes` is taken for an answer: "), flag).await?.as_str() {
        "yes" => Ok(()),
        _ => Err(CommandError::new("not confirmed").hint("nothing was changed")),
    }
}

/// Asks whatever a plan needs: its name for one that ends data, else a yes.
pub async fn to_apply(
    context: &Context,
    lost: &BTreeSet<Incarnation>,
    yes: bool,
    confirmed: bool,
) -> Result<(), CommandError> {
    if !lost.is_empty() && !confirmed {
        let lost: BTreeSet<String> = lost.iter().map(|at| escape(&at.address.to_string())).collect();
        let what = format!("This deletes data: {}.", lost.into_iter().collect::<Vec<_>>().join(", "));
        return ask_for_name(context, &what, if yes { "" } else { "--yes " }).await;
    }
    if yes { Ok(()) } else { ask("Do this?", "--yes").await }
}

/// Asks for the stack's name, which nobody types by mistake. `also`: what a script needs beside it.
pub async fn ask_for_name(context: &Context, what: &str, also: &str) -> Result<(), CommandError> {
    let name = context.blueprint.name();
    let prompt = format!("{what} Type the stack's name, {name}, to go on: ");
    check_name(context, &read_answer(&prompt, &format!("{also}--confirm {name}")).await?)
}

/// Refuses a flag with another name than the stack's.
pub fn check_flag(context: &Context, confirm: Option<&str>) -> Result<(), CommandError> {
    confirm.map_or(Ok(()), |typed| check_name(context, typed).map_err(|e| e.exit(Exit::Usage)))
}

/// Refuses another name than the stack's.
fn check_name(context: &Context, typed: &str) -> Result<(), CommandError> {
    let name = context.blueprint.name();
    if typed == name {
        return Ok(());
    }
    Err(CommandError::new(format!("`{typed}` is not the stack's name, `{name}`")).hint("nothing was changed"))
}

/// One line from the terminal.
async fn read_answer(prompt: &str, flag: &str) -> Result<String, CommandError> {
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
