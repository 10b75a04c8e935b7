//! Elastic Load Balancing, version 2.

mod actions;
mod attributes;
pub(crate) mod balancers;
mod groups;
mod limits;
mod listeners;
mod placement;
mod rules;
mod tags;
pub(crate) mod targets;

use serde::Serialize;

use super::super::input::Input;
use super::super::pages::Page;
use super::super::refusal::Refusal;
use super::super::service::{Protocol, Service};
use super::super::shelf::Shelf;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "elasticloadbalancing",
    protocol: Protocol::Query { namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/" },
    areas: &[
        attributes::ACTIONS,
        balancers::ACTIONS,
        groups::ACTIONS,
        limits::ACTIONS,
        listeners::ACTIONS,
        placement::ACTIONS,
        rules::ACTIONS,
        tags::ACTIONS,
        targets::ACTIONS,
    ],
};

/// What it knows in one account and region, each by its ARN.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    balancers: Shelf<balancers::Balancer>,
    groups: Shelf<groups::TargetGroup>,
    listeners: Shelf<listeners::Listener>,
    rules: Shelf<rules::Rule>,
}

/// Something cannot mean anything, in the words of this service.
fn validation(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", message)
}

/// Something cannot be had together with what is there.
fn configuration(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidConfigurationRequest", message)
}

/// What of a list is wanted; the pages of this service hold 400 at most.
fn page(input: &Input) -> Result<Page, Refusal> {
    Page::read(input, "PageSize", "Marker", (1, 400), "ValidationError")
}

/// The last parts of an ARN: kind, and what is after it.
fn resource(arn: &str) -> Option<(&str, &str)> {
    arn.splitn(6, ':').nth(5)?.split_once('/')
}

/// Refuses names that a load balancer or a target group cannot have.
fn check_name(what: &str, name: &str) -> Result<(), Refusal> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let words = if name.is_empty() || name.len() > 32 {
        format!("{what} name '{name}' cannot be longer than '32' characters")
    } else if !name.bytes().all(fits) {
        format!("{what} name '{name}' can only contain characters that are alphanumeric characters and hyphens(-)")
    } else if name.starts_with('-') || name.ends_with('-') {
        format!("{what} name '{name}' cannot begin or end with a hyphen(-)")
    } else {
        return Ok(());
    };
    Err(validation(words))
}
