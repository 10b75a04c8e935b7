//! How much a simple or a step policy changes a group
//! (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html>).

use std::time::Duration;

use serde::Serialize;

use super::group::Group;
use super::member::Stage;
use super::policies::{Kind, Policy};
use super::required;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;

/// A step: by how much the size changes if the metric is this far from the alarm's threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Step {
    lower: Option<f64>,
    upper: Option<f64>,
    change: i64,
}

impl Step {
    /// From what a caller says.
    pub(super) fn read(input: &Input) -> Result<Self, Refusal> {
        required(input, "ScalingAdjustment")?;
        let (lower, upper) = (input.real("MetricIntervalLowerBound")?, input.real("MetricIntervalUpperBound")?);
        if lower.zip(upper).is_some_and(|(lower, upper)| lower >= upper) {
            return Err(super::invalid("MetricIntervalLowerBound must be less than MetricIntervalUpperBound"));
        }
        Ok(Self { lower, upper, change: input.whole("ScalingAdjustment")?.unwrap_or_default() })
    }

    /// As answers show it.
    pub(super) fn shown(&self) -> Tree {
        object! {
            "MetricIntervalLowerBound" => self.lower,
            "MetricIntervalUpperBound" => self.upper,
            "ScalingAdjustment" => self.change,
        }
    }

    /// Above the threshold the lower bound belongs to a step, below it the upper one.
    fn covers(&self, over: f64) -> bool {
        if over >= 0.0 {
            self.lower.is_none_or(|lower| over >= lower) && self.upper.is_none_or(|upper| over < upper)
        } else {
            self.lower.is_none_or(|lower| over > lower) && self.upper.is_none_or(|upper| over <= upper)
        }
    }
}

/// How many members are so fresh that they do not count yet: on their way, or warming up.
pub(super) fn warming(scene: &Scene<'_>, group: &Group, policy: &Policy) -> i64 {
    let seconds = policy.warmup.or(group.warmup).unwrap_or(group.cooldown).unsigned_abs();
    let is_warming = |since| scene.now.since(since) < Duration::from_secs(seconds);
    let fresh = group.counted().filter(|member| {
        member.state.is_pending() || (member.state == Stage::InService && member.in_service.is_some_and(is_warming))
    });
    i64::try_from(fresh.count()).unwrap_or(i64::MAX)
}

/// The size that a policy asks for, if it asks for another one; `over` is how far the metric is from the threshold.
pub(super) fn desired(scene: &Scene<'_>, group: &Group, policy: &Policy, over: Option<f64>) -> Option<i64> {
    let now = group.sizes.desired;
    let change = match policy.kind {
        Kind::Step => policy.steps.iter().find(|step| step.covers(over.unwrap_or_default()))?.change,
        _ => policy.scaling?,
    };
    if policy.adjustment.as_deref() == Some("ExactCapacity") {
        return Some(change.max(0));
    }
    // Instances that are still warming up are part of the answer to the same alarm, not on top of it.
    let fresh = if policy.kind == Kind::Step { warming(scene, group, policy) } else { 0 };
    let base = if change > 0 { (now - fresh).max(0) } else { now };
    let by = match policy.adjustment.as_deref() {
        Some("PercentChangeInCapacity") => percent(base, change, policy.magnitude.unwrap_or(1)),
        _ => change,
    };
    let wanted = (base + by).max(0);
    let is_step_forward = if change > 0 { wanted > now } else { wanted < now && fresh == 0 };
    is_step_forward.then_some(wanted)
}

/// A percentage, rounded towards nothing, but at least by the policy's magnitude.
fn percent(base: i64, change: i64, magnitude: i64) -> i64 {
    let by = base * change / 100;
    if by.abs() >= magnitude { by } else { magnitude * change.signum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_rounded_down_but_never_to_nothing() {
        assert_eq!(percent(10, 25, 1), 2);
        assert_eq!(percent(2, 10, 1), 1);
        assert_eq!(percent(10, -25, 1), -2);
        assert_eq!(percent(10, 10, 3), 3);
    }

    #[test]
    fn a_bound_belongs_to_the_step_that_is_farther_out() {
        let near = Step { lower: Some(0.0), upper: Some(10.0), change: 1 };
        let far = Step { lower: Some(10.0), upper: None, change: 2 };
        assert!(near.covers(0.0) && !near.covers(10.0) && far.covers(10.0));
        let below = Step { lower: None, upper: Some(0.0), change: -1 };
        assert!(below.covers(-1.0) && !below.covers(0.0));
    }
}
