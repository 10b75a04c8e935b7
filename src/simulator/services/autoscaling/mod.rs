//! EC2 Auto Scaling: groups that live.
//!
//! A group is data (`group`, `member`, `activities`). Calls change it (`groups`, `requests`, `instances`, `standby`, `targets`, …) and wake it. Then
//! `look` brings what there is nearer to what is wanted: it launches (`launching`), lets members move on (`lifecycle`), judges their health (`health`),
//! takes some away (`leaving`, chosen by `choice`), rolls a refresh on (`rolling`), keeps the group in order (`upkeep`) and publishes metrics. It
//! comes back while there is something to do or to watch, and sleeps otherwise.

mod activities;
mod adjustment;
mod choice;
mod cron;
mod group;
mod groups;
mod health;
mod hooks;
mod instances;
mod launching;
mod leaving;
mod lifecycle;
mod look;
mod member;
pub(crate) mod policies;
mod preferences;
mod processes;
mod refresh;
mod requests;
mod rolling;
mod schedule;
mod standby;
mod tags;
mod targets;
mod tracking;
mod upkeep;

use std::collections::VecDeque;

use serde::Serialize;

use super::super::input::Input;
use super::super::refusal::Refusal;
use super::super::scene::Scene;
use super::super::service::{Protocol, Service};
use super::super::shelf::Shelf;
use activities::Activity;
use group::Group;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "autoscaling",
    protocol: Protocol::Query { namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/" },
    areas: &[
        activities::ACTIONS,
        groups::ACTIONS,
        hooks::ACTIONS,
        instances::ACTIONS,
        policies::ACTIONS,
        processes::ACTIONS,
        refresh::ACTIONS,
        schedule::ACTIONS,
        standby::ACTIONS,
        tags::ACTIONS,
        targets::ACTIONS,
    ],
};

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    groups: Shelf<Group>,
    /// What groups did that are gone.
    past: VecDeque<Activity>,
}

/// A request that makes no sense, in this service's words.
fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", message)
}

/// The group that a call is about.
fn named<'a>(scene: &'a mut Scene<'_>, input: &Input) -> Result<&'a mut Group, Refusal> {
    let name = required(input, "AutoScalingGroupName")?;
    scene.here.autoscaling.groups.get_mut(name).ok_or_else(|| unknown_group(name))
}

fn unknown_group(name: &str) -> Refusal {
    invalid(format!("AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"))
}

/// A parameter that may not be missing.
fn required<'a>(input: &'a Input, name: &str) -> Result<&'a str, Refusal> {
    input.text(name).filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Refusal {
    let field = name[..1].to_ascii_lowercase() + &name[1..];
    let words = format!(
        "1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not be null"
    );
    invalid(words)
}

#[cfg(test)]
mod tests;
