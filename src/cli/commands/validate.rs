//! `pando validate`: checks a blueprint and all its environments, without any cloud.

use std::collections::BTreeSet;

use crate::blueprint::Blueprint;
use crate::blueprint::diagnostic::Diagnostic;
use crate::cli::args::Global;
use crate::cli::context::{find_file, read_source};
use crate::cli::error::{CommandError, Exit};
use crate::cli::view::View;

/// Reads the file as it is and with each environment laid over it. A mistake that shows several times is told once.
pub fn run(global: &Global) -> Result<Exit, CommandError> {
    let view = View::new(global.json);
    let source = read_source(&find_file(global.file.as_deref())?)?;
    let variants: Vec<Option<String>> = match &global.env {
        Some(name) => vec![Some(name.clone())],
        None => std::iter::once(None).chain(Blueprint::environments(&source).into_iter().map(Some)).collect(),
    };
    let mut all: BTreeSet<Diagnostic> = BTreeSet::new();
    let mut names = Vec::new();
    for environment in variants {
        match Blueprint::parse(&source, environment.as_deref()) {
            Ok((blueprint, warnings)) => {
                names.push(blueprint.name().to_owned());
                all.extend(warnings);
            }
            Err(mistakes) => all.extend(mistakes),
        }
    }
    let all: Vec<Diagnostic> = all.into_iter().collect();
    view.diagnostics(&source, &all);
    match all.iter().filter(|diagnostic| diagnostic.is_error()).count() {
        0 => {
            view.note(&format!("{} is well: {}.", source.name, names.join(", ")));
            Ok(Exit::Fine)
        }
        1 => Err(CommandError::new(format!("{} has a mistake", source.name))),
        count => Err(CommandError::new(format!("{} has {count} mistakes", source.name))),
    }
}
