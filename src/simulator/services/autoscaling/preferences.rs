//! The preferences of an instance refresh: read, checked, filled in with AWS's defaults
//! (<https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html>).

use std::time::Duration;

use serde::Serialize;

use super::group::Group;
use super::invalid;
use crate::simulator::input::{Input, Value};
use crate::simulator::output::{Tree, members, object};
use crate::simulator::refusal::Refusal;

/// Preferences of a refresh.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Preferences {
    pub(super) least: i64,
    pub(super) most: i64,
    pub(super) warmup: Duration,
    pub(super) checkpoints: Vec<i64>,
    pub(super) delay: Duration,
    pub(super) skips_matching: bool,
    pub(super) rolls_back: bool,
    pub(super) protected: Treatment,
    pub(super) standby: Treatment,
    pub(super) alarms: Vec<String>,
    pub(super) bake: Duration,
}

/// What becomes of instances that are protected, or in standby.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Treatment {
    /// They are replaced like others.
    Replace,
    Ignore,
    Wait,
}

impl Treatment {
    fn read(text: Option<&str>, replaces: &str) -> Result<Self, Refusal> {
        match text {
            None | Some("Wait") => Ok(Self::Wait),
            Some("Ignore") => Ok(Self::Ignore),
            Some(text) if text == replaces => Ok(Self::Replace),
            Some(other) => Err(invalid(format!("Invalid value {other}, expected one of {replaces}, Ignore, Wait"))),
        }
    }

    fn shown(self, replaces: &'static str) -> &'static str {
        match self {
            Self::Replace => replaces,
            Self::Ignore => "Ignore",
            Self::Wait => "Wait",
        }
    }
}

/// A number that was given, within its range.
fn within(input: &Input, name: &str, low: i64, high: i64) -> Result<Option<i64>, Refusal> {
    let number = input.whole(name)?;
    if let Some(number) = number.filter(|number| !(low..=high).contains(number)) {
        return Err(invalid(format!("{name} must be between {low} and {high}, not {number}")));
    }
    Ok(number)
}

fn seconds(number: i64) -> Duration {
    Duration::from_secs(number.unsigned_abs())
}

impl Preferences {
    /// From what a caller says, and what the group says where the caller is silent.
    pub(super) fn read(given: Option<&Input>, group: &Group) -> Result<Self, Refusal> {
        let nothing = Input::new(Value::Map(Vec::new()));
        let input = given.unwrap_or(&nothing);
        let policy = group.maintenance;
        let least = within(input, "MinHealthyPercentage", 0, 100)?;
        let most = within(input, "MaxHealthyPercentage", 100, 200)?;
        let least = least.unwrap_or(if policy.least >= 0 { policy.least } else { 90 });
        let most = most.unwrap_or(if policy.most >= 0 { policy.most } else { 100 });
        if most - least > 100 {
            return Err(invalid(
                "The difference between MaxHealthyPercentage and MinHealthyPercentage cannot be greater than 100.",
            ));
        }
        let checkpoints = input.texts("CheckpointPercentages").into_iter();
        let checkpoints = checkpoints
            .map(str::parse::<i64>)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| invalid("CheckpointPercentages must be numbers"))?;
        if !checkpoints.is_sorted_by(|a, b| a < b) || checkpoints.iter().any(|percent| !(1..=100).contains(percent)) {
            return Err(invalid("CheckpointPercentages must be unique numbers between 1 and 100 in ascending order."));
        }
        let delay = within(input, "CheckpointDelay", 0, 172_800)?;
        if delay.is_some() && checkpoints.is_empty() {
            return Err(invalid("CheckpointDelay can only be specified together with CheckpointPercentages."));
        }
        let alarms = input.at("AlarmSpecification").map(|alarms| alarms.texts("Alarms")).unwrap_or_default();
        if alarms.len() > 10 {
            return Err(invalid("At most 10 alarms can be specified."));
        }
        let warmup = within(input, "InstanceWarmup", 0, i64::from(i32::MAX))?;
        Ok(Self {
            least,
            most,
            warmup: seconds(warmup.or(group.warmup).unwrap_or(group.grace)),
            checkpoints,
            delay: seconds(delay.unwrap_or(3600)),
            skips_matching: input.flag("SkipMatching") == Some(true),
            rolls_back: input.flag("AutoRollback") == Some(true),
            protected: Treatment::read(input.text("ScaleInProtectedInstances"), "Refresh")?,
            standby: Treatment::read(input.text("StandbyInstances"), "Terminate")?,
            alarms: alarms.into_iter().map(str::to_owned).collect(),
            bake: seconds(within(input, "BakeTime", 0, 172_800)?.unwrap_or(0)),
        })
    }

    /// As answers show them.
    pub(super) fn shown(&self) -> Tree {
        let has_checkpoints = !self.checkpoints.is_empty();
        let alarms = (!self.alarms.is_empty()).then(|| object! { "Alarms" => members(self.alarms.iter()) });
        object! {
            "MinHealthyPercentage" => self.least,
            "MaxHealthyPercentage" => self.most,
            "InstanceWarmup" => self.warmup.as_secs(),
            "CheckpointPercentages" => has_checkpoints.then(|| members(self.checkpoints.iter().copied())),
            "CheckpointDelay" => has_checkpoints.then_some(self.delay.as_secs()),
            "SkipMatching" => self.skips_matching,
            "AutoRollback" => self.rolls_back,
            "ScaleInProtectedInstances" => self.protected.shown("Refresh"),
            "StandbyInstances" => self.standby.shown("Terminate"),
            "AlarmSpecification" => alarms,
            "BakeTime" => self.bake.as_secs(),
        }
    }
}
