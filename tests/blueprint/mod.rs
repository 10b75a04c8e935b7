//! The blueprint language: mistakes as users see them, and values that read what they print.

mod environments;
mod fields;
mod meaning;
pub(crate) mod robustness;
mod syntax;
mod values;

use pando::blueprint::Blueprint;
use pando::cli::view::diagnostics::render;

use crate::support::documents::source;

/// What a user sees of this file in this environment.
fn seen(text: &str, environment: Option<&str>) -> String {
    let source = source(text);
    match Blueprint::parse(&source, environment) {
        Ok((blueprint, warnings)) => {
            format!("{}\n(`{}` can be used)", render(&source, &warnings, false), blueprint.name())
        }
        Err(mistakes) => render(&source, &mistakes, false),
    }
}

/// Several files, each under its title.
fn gallery(files: &[(&str, &str)]) -> String {
    let shown = files.iter().map(|(title, text)| format!("## {title}\n{}\n", seen(text, None).trim_start()));
    shown.collect::<Vec<_>>().join("\n")
}

/// Several blueprints that differ in what follows their name.
fn bodies(files: &[(&str, &str)]) -> String {
    let files: Vec<_> =
        files.iter().map(|(title, body)| (*title, format!("pando: 1\nstack: shop\n{body}\n"))).collect();
    gallery(&files.iter().map(|(title, text)| (*title, text.as_str())).collect::<Vec<_>>())
}
