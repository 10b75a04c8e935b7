//! `pando init`: writes a commented blueprint to begin with, and makes a bucket ready for the state of a team.

use std::error::Error as _;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use crate::aws::clients::Target;
use crate::blueprint::keeping::Keeping;
use crate::blueprint::values::{Name, StatePlace};
use crate::cli::args::{Global, Init, Template};
use crate::cli::error::{CommandError, Exit};
use crate::cli::view::View;
use crate::store::StoreError;
use crate::store::probe::{Unfit, probe};
use crate::store::s3::prepare;

/// Writes the file, never over another. The bucket for the state comes first: a blueprint must not name one that is not fit.
pub async fn run(global: Global, args: Init) -> Result<Exit, CommandError> {
    let view = View::new(global.json);
    let path = global.file.clone().unwrap_or_else(|| "pando.yaml".into());
    let name = stack_name(&args)?;
    if let Some(place) = &args.state {
        Box::pin(make_ready(view, &global, place)).await?;
    }
    let text = template(args.template, &name, args.state.as_deref());
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    match (written, &args.state) {
        (Err(e), Some(place)) if e.kind() == ErrorKind::AlreadyExists => view.note(&format!(
            "{} is there already and was left as it is. Write `state: {place}` into it; the next `pando apply` moves the state there.",
            path.display()
        )),
        (Err(e), None) if e.kind() == ErrorKind::AlreadyExists => {
            let there = CommandError::new(format!("{} is there already", path.display()));
            return Err(there.hint("`--file` names another"));
        }
        (Err(e), _) => return Err(CommandError::new(format!("could not write {}: {e}", path.display()))),
        (Ok(()), _) => view
            .note(&format!("Wrote {} for the stack {name}. Next: `pando validate`, then `pando plan`.", path.display())),
    }
    Ok(Exit::Fine)
}

/// Makes a bucket ready for state, and tries it out.
async fn make_ready(view: View, global: &Global, place: &str) -> Result<(), CommandError> {
    let wrong = |expected: &str| {
        let wrong = CommandError::new(format!("`{place}` is no place for state: {expected}"));
        wrong.exit(Exit::Usage).hint("as in `s3://acme-state/pando`")
    };
    let read = StatePlace::read(place).map_err(|expected| wrong(&expected))?;
    let Keeping::Bucket { bucket, prefix } = read.keeping() else { return Err(wrong("expected a bucket")) };
    let target = Target { endpoint_url: global.endpoint_url.clone(), ..Target::default() };
    let ready = prepare(&target, bucket, prefix).await.map_err(StoreError::from)?;
    view.note(&if ready.made {
        format!("Made the bucket {bucket} in {}.", ready.region)
    } else {
        format!("The bucket {bucket} is there, in {}.", ready.region)
    });
    if !ready.set.is_empty() {
        view.note(&format!("Set on it: {}.", ready.set.join(", ")));
    }
    probe(&ready.s3, prefix).await.map_err(|unfit| {
        let failed = matches!(unfit, Unfit::Failed(_));
        let why = unfit.source().map_or_else(|| unfit.to_string(), |why| format!("{unfit}: {why}"));
        let error = CommandError::new(format!("{place} is not fit for state: {why}"));
        if failed {
            error
        } else {
            error.hint("two runs at once could overwrite each other's state there; take S3 itself")
        }
    })?;
    view.note("Tried out: it refuses what would overwrite or delete a newer version, on PUT and on DELETE.");
    Ok(())
}

fn stack_name(args: &Init) -> Result<String, CommandError> {
    if let Some(name) = &args.stack {
        return match Name::read(name) {
            Ok(name) => Ok(name.0),
            Err(expected) => {
                Err(CommandError::new(format!("`{name}` is no name for a stack: {expected}")).exit(Exit::Usage))
            }
        };
    }
    let here = std::env::current_dir().map_err(|e| CommandError::new(format!("where am I? {e}")))?;
    Ok(tidy(here.file_name().map(Path::new).map_or_else(String::new, |name| name.display().to_string()).as_str()))
}

/// A folder's name as the name of a stack.
fn tidy(folder: &str) -> String {
    let kept: String = folder.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = kept.split('-').filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").trim_start_matches(|c: char| !c.is_ascii_lowercase()).chars().take(16).collect();
    let name = name.trim_end_matches('-');
    Name::read(name).map_or_else(|_| "shop".to_owned(), |name| name.0)
}

fn template(template: Template, name: &str, state: Option<&str>) -> String {
    let text = match template {
        Template::Web => include_str!("../../../blueprints/web-service.yaml"),
        Template::Api => include_str!("../../../blueprints/web-only.yaml"),
        Template::Worker => include_str!("../../../blueprints/worker-only.yaml"),
        Template::Database => include_str!("../../../blueprints/database-only.yaml"),
    };
    let state = state.map_or_else(String::new, |place| format!("state: {place}\n"));
    let line = |line: &str| {
        if line.starts_with("stack: ") { format!("stack: {name}\n{state}") } else { format!("{line}\n") }
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folders_name_becomes_a_stacks() {
        let cases = [
            ("Shop", "shop"),
            ("my_web.app", "my-web-app"),
            ("2024-shop", "shop"),
            ("漢字", "shop"),
            ("a-very-long-folder-name", "a-very-long-fold"),
        ];
        for (folder, name) in cases {
            assert_eq!(tidy(folder), name);
        }
    }
}
