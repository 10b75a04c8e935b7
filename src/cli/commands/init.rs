//! `pando init`: writes a commented blueprint to begin with.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use crate::blueprint::values::Name;
use crate::cli::args::{Global, Init, Template};
use crate::cli::error::{CommandError, Exit};
use crate::cli::view::View;

/// Writes the file. Never over another.
pub fn run(global: &Global, args: &Init) -> Result<Exit, CommandError> {
    let path = global.file.clone().unwrap_or_else(|| "pando.yaml".into());
    let name = stack_name(args)?;
    let text = template(args.template, &name);
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => {
            CommandError::new(format!("{} is there already", path.display())).hint("`--file` names another")
        }
        _ => CommandError::new(format!("could not write {}: {e}", path.display())),
    })?;
    let view = View::new(global.json);
    view.note(&format!("Wrote {} for the stack {name}. Next: `pando validate`, then `pando plan`.", path.display()));
    Ok(Exit::Fine)
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

fn template(template: Template, name: &str) -> String {
    let text = match template {
        Template::Web => include_str!("../../../blueprints/web-service.yaml"),
        Template::Api => include_str!("../../../blueprints/web-only.yaml"),
        Template::Worker => include_str!("../../../blueprints/worker-only.yaml"),
        Template::Database => include_str!("../../../blueprints/database-only.yaml"),
    };
    let line = |line: &str| if line.starts_with("stack: ") { format!("stack: {name}\n") } else { format!("{line}\n") };
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
