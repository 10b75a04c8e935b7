//! Metrics: what was measured, and what a period of it amounts to.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::simulator::clock::Moment;
use crate::simulator::scene::Scene;

/// The metrics of one account in one region.
pub(super) type Metrics = BTreeMap<Name, Points>;

/// What a metric is called: namespace, name, and dimensions in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Name {
    pub(super) namespace: String,
    pub(super) metric: String,
    pub(super) dimensions: Vec<(String, String)>,
}

impl Name {
    pub(super) fn new(namespace: &str, metric: &str, mut dimensions: Vec<(String, String)>) -> Self {
        dimensions.sort();
        Self { namespace: namespace.to_owned(), metric: metric.to_owned(), dimensions }
    }
}

/// What was measured, by the second it is filed under: of the whole minute, unless it was stored in high resolution.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Points {
    by_second: BTreeMap<u64, Sample>,
    pub(super) unit: Option<String>,
}

/// What a span of time amounts to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Sample {
    pub(super) count: f64,
    pub(super) sum: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    /// Single values with how often each came, for percentiles; none of those that came as statistics.
    values: Vec<(f64, f64)>,
}

/// How long points of a minute are kept (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html>).
const KEPT: Duration = Duration::from_hours(15 * 24);

/// Distinct values that one sample remembers.
const DISTINCT: usize = 150;

impl Sample {
    /// A value that came that often.
    pub(super) fn of(value: f64, count: f64) -> Self {
        Self { count, sum: value * count, min: value, max: value, values: vec![(value, count)] }
    }

    /// What somebody added up already.
    pub(super) fn added_up(count: f64, sum: f64, min: f64, max: f64) -> Self {
        Self { count, sum, min, max, values: Vec::new() }
    }

    fn merge(&mut self, other: &Self) {
        if self.count == 0.0 {
            *self = other.clone();
            return;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        for (value, count) in &other.values {
            let known = self.values.iter().position(|(known, _)| known.total_cmp(value).is_eq());
            match known {
                Some(at) => self.values.iter_mut().skip(at).take(1).for_each(|(_, known)| *known += count),
                None if self.values.len() < DISTINCT => self.values.push((*value, *count)),
                None => {}
            }
        }
    }

    /// A statistic of it: `Average`, `Sum`, `p95`.
    pub(super) fn statistic(&self, name: &str) -> Option<f64> {
        Some(match name {
            "Average" => self.sum / self.count,
            "Sum" => self.sum,
            "Minimum" => self.min,
            "Maximum" => self.max,
            "SampleCount" => self.count,
            _ => return self.percentile(name.strip_prefix('p')?.parse().ok()?),
        })
    }

    fn percentile(&self, percent: f64) -> Option<f64> {
        let mut values = self.values.clone();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut left = values.iter().map(|(_, count)| count).sum::<f64>() * percent / 100.0;
        for (value, count) in &values {
            left -= count;
            if left <= 0.0 {
                return Some(*value);
            }
        }
        values.last().map(|(value, _)| *value)
    }
}

impl Points {
    /// Files a sample under its moment, and throws away what is too old.
    pub(super) fn add(&mut self, at: Moment, resolution: u64, sample: &Sample, now: Moment) {
        let second = at.0 / 1000;
        self.by_second.entry(second - second % resolution.max(1)).or_default().merge(sample);
        let oldest = now.minus(KEPT).0 / 1000;
        while let Some(entry) = self.by_second.first_entry().filter(|entry| *entry.key() < oldest) {
            entry.remove();
        }
    }

    /// What the period that begins at this second amounts to.
    pub(super) fn over(&self, start: u64, period: u64) -> Option<Sample> {
        let mut whole = Sample::default();
        self.by_second.range(start..start + period).for_each(|(_, sample)| whole.merge(sample));
        (whole.count > 0.0).then_some(whole)
    }

    /// When the last point was filed.
    pub(super) fn latest(&self) -> Option<u64> {
        self.by_second.last_key_value().map(|(second, _)| *second)
    }
}

/// Records one value of now, as AWS's services do for their own metrics.
pub(crate) fn record(scene: &mut Scene<'_>, namespace: &str, metric: &str, dimensions: &[(&str, &str)], value: f64) {
    let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let name = Name::new(namespace, metric, dimensions);
    let now = scene.now;
    scene.here.cloudwatch.metrics.entry(name).or_default().add(now, 60, &Sample::of(value, 1.0), now);
}

/// The start of the last whole period before a moment, in seconds.
pub(super) fn last_whole(at: Moment, period: u64) -> u64 {
    let second = at.0 / 1000;
    (second - second % period.max(1)).saturating_sub(period)
}
