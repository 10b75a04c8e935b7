//! AWS Systems Manager: the parameter store, the instances it manages, and commands on them.

mod commands;
mod describing;
mod instances;
mod labels;
mod parameters;
mod public;
mod reading;
mod tagging;

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::constraints::Constraints;
use super::super::input::Input;
use super::super::output::Tree;
use super::super::pages::Page;
use super::super::refusal::Refusal;
use super::super::service::{Protocol, Service};
use super::super::shelf::Shelf;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "ssm",
    protocol: Protocol::Json { version: "1.1", namespace: "" },
    areas: &[
        parameters::ACTIONS,
        reading::ACTIONS,
        describing::ACTIONS,
        labels::ACTIONS,
        instances::ACTIONS,
        commands::ACTIONS,
        tagging::ACTIONS,
    ],
};

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    /// By name, as it was given.
    parameters: Shelf<parameters::Parameter>,
    /// By id.
    commands: BTreeMap<String, commands::Command>,
}

/// The answer of the service to parameters that cannot be.
const CHECKS: Constraints = Constraints("ValidationException");

/// A page of a list: its members and, if there is more, `NextToken`.
fn page(
    input: &Input,
    name: &'static str,
    (usual, most): (i64, i64),
    all: impl IntoIterator<Item = (String, Tree)>,
) -> Result<Tree, Refusal> {
    CHECKS.whole(input, "MaxResults", (1, most))?;
    let most = if input.has("MaxResults") { most } else { usual };
    let page = Page::read(input, "MaxResults", "NextToken", (1, most), "InvalidNextToken")?;
    let (found, token) = page.cut(all);
    Ok(Tree::EMPTY.with(name, Tree::List("", found)).with("NextToken", token))
}

/// A refusal that is about what was asked.
fn invalid(words: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", words)
}

/// There is no such parameter. AWS says no more than that.
fn not_found() -> Refusal {
    Refusal::new("ParameterNotFound", "")
}
