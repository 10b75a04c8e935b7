//! What several calls take, and when ElastiCache refuses it.

use super::engines::Version;
use super::listing;
use super::parameter_groups;
use super::refusals::{combination, no_parameter_group};
use crate::simulator::input::{Input, invalid};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::services::rds::windows;

/// The parameter group that a call asks for, if it does; it has to fit the version.
pub(super) fn parameter_group(scene: &Scene<'_>, input: &Input, version: Version) -> Result<Option<String>, Refusal> {
    let Some(name) = input.text("CacheParameterGroupName").map(listing::name) else { return Ok(None) };
    let family = parameter_groups::family(scene, &name).ok_or_else(|| no_parameter_group(&name))?;
    if family == version.family {
        return Ok(Some(name));
    }
    Err(combination(format!(
        "Expected a parameter group of family {} but found one of family {family}",
        version.family
    )))
}

/// Checks a password (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html>).
pub(super) fn password(password: &str) -> Result<(), Refusal> {
    let fits = (16..=128).contains(&password.len())
        && password.chars().all(|sign| sign.is_ascii_alphanumeric() || "!&#$^<>-".contains(sign));
    if fits { Ok(()) } else { Err(invalid("Invalid AuthToken provided.")) }
}

/// The daily window that a call asks for, of an hour at least.
pub(super) fn snapshot_window(input: &Input) -> Result<Option<String>, Refusal> {
    let window = input.text("SnapshotWindow");
    match window.filter(|window| !windows::is_daily(window)) {
        None => Ok(window.map(str::to_owned)),
        Some(odd) => Err(invalid(format!("Invalid snapshot window format: {odd}"))),
    }
}

/// For how many days snapshots are kept; the smallest nodes of old have none.
pub(super) fn snapshot_days(input: &Input) -> Result<Option<i64>, Refusal> {
    input.ranged("SnapshotRetentionLimit", (0, 35))
}

/// Whether a call says who is told what happens; nobody is told anything here.
pub(super) fn notifies(input: &Input) -> bool {
    input.pass_over("NotificationTopicArn");
    input.pass_over("NotificationTopicStatus");
    input.has("NotificationTopicArn") || input.has("NotificationTopicStatus")
}
