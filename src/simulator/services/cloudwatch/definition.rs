//! What an alarm watches, and when it goes off: read, checked, and shown.

use serde::Serialize;
use serde_json::Value;

use super::expression::{Queries, Series};
use super::metrics::{Metrics, Name};
use super::{Refused, given};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};

/// The definition of an alarm.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Definition {
    pub(super) description: Option<String>,
    pub(super) watched: Watched,
    pub(super) threshold: Option<f64>,
    pub(super) threshold_metric: Option<String>,
    pub(super) operator: String,
    pub(super) periods: u64,
    pub(super) datapoints: Option<u64>,
    pub(super) missing: Option<String>,
    pub(super) low_samples: Option<String>,
    pub(super) is_enabled: bool,
    pub(super) on_alarm: Vec<String>,
    pub(super) on_ok: Vec<String>,
    pub(super) on_insufficient: Vec<String>,
}

/// What it watches.
#[derive(Clone, Debug, Serialize)]
pub(super) enum Watched {
    Metric {
        name: Name,
        statistic: Option<String>,
        percentile: Option<String>,
        period: u64,
        unit: Option<String>,
    },
    /// Queries.
    Math(Queries),
}

const OPERATORS: [&str; 7] = [
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
];

/// Actions for one state (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html>).
const ACTIONS: usize = 5;

impl Definition {
    /// From the parameters of `PutMetricAlarm`.
    pub(super) fn read(input: &Input) -> Result<Self, super::Refusal> {
        let operator = super::required(input, "ComparisonOperator")?.to_owned();
        if !OPERATORS.contains(&operator.as_str()) {
            return Refused::validation(format!(
                "1 validation error detected: Value '{operator}' at 'comparisonOperator' failed to \
                satisfy constraint: Member must satisfy enum value set: [{}]",
                OPERATORS.join(", ")
            ));
        }
        super::required(input, "EvaluationPeriods")?;
        let periods = positive(input, "EvaluationPeriods")?.unwrap_or(1);
        let datapoints = positive(input, "DatapointsToAlarm")?;
        if datapoints.is_some_and(|datapoints| datapoints > periods) {
            return Refused::validation("DatapointsToAlarm must be less than or equal to EvaluationPeriods");
        }
        let missing = input.text("TreatMissingData").map(str::to_owned);
        if missing.as_deref().is_some_and(|how| !matches!(how, "breaching" | "notBreaching" | "ignore" | "missing")) {
            return Refused::validation(
                "The value for TreatMissingData must be one of breaching, notBreaching, ignore, missing",
            );
        }
        let actions = |name: &str| input.texts(name).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let (on_alarm, on_ok, on_insufficient) =
            (actions("AlarmActions"), actions("OKActions"), actions("InsufficientDataActions"));
        if [&on_alarm, &on_ok, &on_insufficient].iter().any(|all| all.len() > ACTIONS) {
            return Refused::validation(format!("At most {ACTIONS} actions for one state"));
        }
        if let Some(arn) = on_alarm.iter().chain(&on_ok).chain(&on_insufficient).find(|arn| !arn.starts_with("arn:")) {
            return Refused::validation(format!("Invalid arn syntax: {arn}"));
        }
        let threshold = input.real("Threshold")?;
        let threshold_metric = input.text("ThresholdMetricId").map(str::to_owned);
        if threshold.is_none() && threshold_metric.is_none() {
            return Refused::validation("Either Threshold or ThresholdMetricId must be specified");
        }
        let watched = Watched::read(input)?;
        if periods * watched.period() > 604_800 {
            return Refused::validation(
                "Metrics cannot be checked across more than seven days (EvaluationPeriods * Period must be <= 604800).",
            );
        }
        Ok(Self {
            description: input.text("AlarmDescription").map(str::to_owned),
            watched,
            threshold,
            threshold_metric,
            operator,
            periods,
            datapoints,
            missing,
            low_samples: input.text("EvaluateLowSampleCountPercentile").map(str::to_owned),
            is_enabled: input.flag("ActionsEnabled") != Some(false),
            on_alarm,
            on_ok,
            on_insufficient,
        })
    }

    /// Whether a value is one that the alarm is for; anomaly detection, which has bands instead of a threshold, is not modelled.
    pub(super) fn is_breaching(&self, value: f64) -> bool {
        let Some(threshold) = self.threshold else { return false };
        match self.operator.as_str() {
            "GreaterThanOrEqualToThreshold" => value >= threshold,
            "GreaterThanThreshold" => value > threshold,
            "LessThanThreshold" => value < threshold,
            "LessThanOrEqualToThreshold" => value <= threshold,
            _ => false,
        }
    }

    /// The fields that `DescribeAlarms` shows of it.
    pub(super) fn show(&self, tree: Tree) -> Tree {
        let tree = tree
            .with("AlarmDescription", self.description.clone())
            .with("ActionsEnabled", self.is_enabled)
            .with("OKActions", members(self.on_ok.iter()))
            .with("AlarmActions", members(self.on_alarm.iter()))
            .with("InsufficientDataActions", members(self.on_insufficient.iter()))
            .with("EvaluationPeriods", self.periods)
            .with("DatapointsToAlarm", self.datapoints)
            .with("Threshold", self.threshold)
            .with("ThresholdMetricId", self.threshold_metric.clone())
            .with("ComparisonOperator", self.operator.clone())
            .with("TreatMissingData", self.missing.clone())
            .with("EvaluateLowSampleCountPercentile", self.low_samples.clone());
        match &self.watched {
            Watched::Metric { name, statistic, percentile, period, unit } => tree
                .with("MetricName", &name.metric)
                .with("Namespace", &name.namespace)
                .with("Statistic", statistic.clone())
                .with("ExtendedStatistic", percentile.clone())
                .with("Dimensions", dimensions(name))
                .with("Period", *period)
                .with("Unit", unit.clone()),
            Watched::Math(queries) => tree.with("Metrics", shown_queries(queries.given())),
        }
    }
}

/// Dimensions as answers show them.
pub(super) fn dimensions(name: &Name) -> Tree {
    members(name.dimensions.iter().map(|(name, value)| object! { "Name" => name, "Value" => value }))
}

/// Queries as answers show them: what was given, with `ReturnData` always said.
fn shown_queries(queries: &Value) -> Tree {
    let queries = queries.as_array().cloned().unwrap_or_default();
    members(queries.iter().map(|query| {
        let mut query = query.clone();
        if let Some(fields) = query.as_object_mut() {
            fields.entry("ReturnData").or_insert(Value::Bool(true));
        }
        given(&query)
    }))
}

impl Watched {
    fn read(input: &Input) -> Result<Self, super::Refusal> {
        if let Some(queries) = input.at("Metrics") {
            if input.has("MetricName") {
                return Refused::validation("MetricName and Metrics cannot be specified together");
            }
            let Some(queries) = Queries::read(&queries.data(), 60) else {
                return Refused::validation("Invalid metrics list");
            };
            if queries.iter().filter(|query| query.returns).count() != 1 {
                return Refused::validation(
                    "Metrics list must contain exactly one metric matching the ReturnData property",
                );
            }
            if let Err(why) = queries.check() {
                return Refused::validation(format!("Error in expression: {why}"));
            }
            return Ok(Self::Math(queries));
        }
        let (namespace, metric) = (super::required(input, "Namespace")?, super::required(input, "MetricName")?);
        let period = positive(input, "Period")?;
        let Some(period) = period.filter(|period| [10, 20, 30].contains(period) || period % 60 == 0) else {
            return Refused::validation("Period must be 10, 20, 30 or a multiple of 60");
        };
        let (statistic, percentile) = (input.text("Statistic"), input.text("ExtendedStatistic"));
        if statistic.is_some() == percentile.is_some() {
            return Refused::validation("Exactly one of Statistic and ExtendedStatistic must be specified");
        }
        Ok(Self::Metric {
            name: Name::new(namespace, metric, super::named_dimensions(input)?),
            statistic: statistic.map(str::to_owned),
            percentile: percentile.map(str::to_owned),
            period,
            unit: input.text("Unit").map(str::to_owned),
        })
    }

    /// The length of a period, in seconds.
    pub(super) fn period(&self) -> u64 {
        match self {
            Self::Metric { period, .. } => *period,
            Self::Math(queries) => queries.period(),
        }
    }

    /// Its values in a span of seconds; none, if they cannot be told.
    pub(super) fn series(&self, metrics: &Metrics, (start, end): (u64, u64)) -> Series {
        match self {
            Self::Metric { name, statistic, percentile, period, .. } => {
                let what = statistic.as_deref().or(percentile.as_deref()).unwrap_or_default();
                let points = metrics.get(name);
                let starts = (start..end).step_by(usize::try_from(*period).unwrap_or(60));
                starts.filter_map(|at| Some((at, points?.over(at, *period)?.statistic(what)?))).collect()
            }
            Self::Math(queries) => {
                let series = queries.returned().map(|id| queries.series(metrics, id, (start, end)));
                series.and_then(Result::ok).unwrap_or_default()
            }
        }
    }
}

fn positive(input: &Input, name: &str) -> Result<Option<u64>, super::Refusal> {
    match input.whole(name)? {
        Some(number) if number < 1 => Refused::validation(format!(
            "1 validation error detected: Value '{number}' at '{name}' failed to satisfy constraint: \
                Member must have value greater than or equal to 1"
        )),
        number => Ok(number.map(i64::unsigned_abs)),
    }
}
