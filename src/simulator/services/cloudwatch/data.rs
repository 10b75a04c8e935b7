//! Metric data: put by callers, asked for as statistics, as results of queries, or as a list of what there is.

use std::collections::BTreeMap;
use std::time::Duration;

use super::definition::dimensions;
use super::expression::Queries;
use super::metrics::{Name, Sample};
use super::{Refused, named_dimensions, refuse, required};
use crate::simulator::clock::Moment;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

pub(super) const ACTIONS: &[Action] = &[
    action("PutMetricData", put),
    action("GetMetricStatistics", statistics),
    action("GetMetricData", data),
    action("ListMetrics", list),
];

/// Points that one answer may have (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html>).
const POINTS: u64 = 1440;

fn invalid(message: impl Into<String>) -> Refusal {
    refuse("InvalidParameterValueException", message)
}

/// AWS's own namespaces are taken too, so that tests can play the part of services
/// (the reference only says that one "should not" use them).
fn put(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let now = scene.now;
    let namespace = required(input, "Namespace")?;
    let mut read = Vec::new();
    for datum in input.list("MetricData") {
        let name = Name::new(namespace, required(datum, "MetricName")?, named_dimensions(datum)?);
        let at = datum.moment("Timestamp")?.unwrap_or(now);
        if now.since(at) > Duration::from_hours(14 * 24) || at.since(now) > Duration::from_hours(2) {
            return Err(invalid(
                "The parameter MetricData.member.1.Timestamp must be within the last two weeks and the next two hours.",
            ));
        }
        let resolution = if datum.whole("StorageResolution")? == Some(1) { 1 } else { 60 };
        read.push((name, at, resolution, samples(datum)?, datum.text("Unit").map(str::to_owned)));
    }
    for (name, at, resolution, samples, unit) in read {
        let points = scene.here.cloudwatch.metrics.entry(name).or_default();
        for sample in &samples {
            points.add(at, resolution, sample, now);
        }
        points.unit = unit.or(points.unit.take());
    }
    Ok(Tree::NONE)
}

fn samples(datum: &Input) -> Result<Vec<Sample>, Refusal> {
    let numbers = |name: &str| {
        let parse = |text: &str| {
            text.parse::<f64>().map_err(|_| invalid(format!("The value {text} for parameter {name} is invalid.")))
        };
        datum.texts(name).into_iter().map(parse).collect::<Result<Vec<_>, _>>()
    };
    // Reference, PutMetricData: `InvalidParameterCombination`, "Parameters were used together that cannot be used together".
    if ["Value", "Values", "StatisticValues"].iter().filter(|name| datum.has(name)).count() > 1 {
        let words = "The parameters MetricData.member.1.Value, MetricData.member.1.Values and \
                     MetricData.member.1.StatisticValues are mutually exclusive and you have specified more than one.";
        return Err(refuse("InvalidParameterCombinationException", words));
    }
    if let Some(value) = datum.real("Value")? {
        return Ok(vec![Sample::of(value, 1.0)]);
    }
    if let Some(set) = datum.at("StatisticValues") {
        let of = |name: &str| set.real(name)?.ok_or_else(|| invalid(format!("StatisticValues.{name} is missing")));
        return Ok(vec![Sample::added_up(of("SampleCount")?, of("Sum")?, of("Minimum")?, of("Maximum")?)]);
    }
    let (values, counts) = (numbers("Values")?, numbers("Counts")?);
    if values.is_empty() || (!counts.is_empty() && counts.len() != values.len()) {
        let words = "At least one of the parameters must be specified: Value, Values or StatisticValues";
        return Err(refuse("MissingRequiredParameterException", words));
    }
    let counts = counts.into_iter().chain(std::iter::repeat(1.0));
    Ok(values.into_iter().zip(counts).map(|(value, count)| Sample::of(value, count)).collect())
}

/// A span of seconds.
fn span(input: &Input) -> Result<(u64, u64), Refusal> {
    required(input, "StartTime")?;
    required(input, "EndTime")?;
    let start = input.moment("StartTime")?.unwrap_or_default().0 / 1000;
    let end = input.moment("EndTime")?.unwrap_or_default().0 / 1000;
    if start >= end {
        return Err(invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    Ok((start, end))
}

fn statistics(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = Name::new(required(input, "Namespace")?, required(input, "MetricName")?, named_dimensions(input)?);
    let (start, end) = span(input)?;
    required(input, "Period")?;
    let period = input
        .whole("Period")?
        .filter(|period| *period > 0)
        .ok_or_else(|| invalid("The parameter Period must be greater than 0."))?;
    let period = period.unsigned_abs();
    let (wanted, percentiles) = (input.texts("Statistics"), input.texts("ExtendedStatistics"));
    if wanted.is_empty() && percentiles.is_empty() {
        let words = "At least one of the parameters Statistics and ExtendedStatistics must be specified.";
        return Err(refuse("InvalidParameterCombinationException", words));
    }
    if (end - start) / period > POINTS {
        let words = format!(
            "You have requested up to {} datapoints, which exceeds the limit of {POINTS}.",
            (end - start) / period
        );
        return Err(refuse("InvalidParameterCombinationException", words));
    }
    input.pass_over("Unit");
    let points = scene.here.cloudwatch.metrics.get(&name);
    let unit = points.and_then(|points| points.unit.clone()).unwrap_or_else(|| "None".to_owned());
    let first = start - start % period;
    let starts = (first..end).step_by(usize::try_from(period).unwrap_or(60));
    let found = starts.filter_map(|at| {
        let sample = points?.over(at, period)?;
        let mut tree = object! { "Timestamp" => Moment(at * 1000), "Unit" => unit.clone() };
        for statistic in &wanted {
            tree = tree.with((*statistic).to_owned(), sample.statistic(statistic));
        }
        let extended: BTreeMap<String, f64> =
            percentiles.iter().filter_map(|name| Some(((*name).to_owned(), sample.statistic(name)?))).collect();
        Some(tree.with("ExtendedStatistics", (!extended.is_empty()).then_some(extended)))
    });
    Ok(object! { "Label" => &name.metric, "Datapoints" => members(found.collect::<Vec<_>>()) })
}

fn data(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (start, end) = span(input)?;
    let given = input.at("MetricDataQueries").map(Input::data).unwrap_or_default();
    let Some(queries) = Queries::read(&given, 60) else { return Refused::validation("Invalid MetricDataQueries") };
    let newest_first = input.text("ScanBy") != Some("TimestampAscending");
    for name in ["MaxDatapoints", "LabelOptions", "NextToken"] {
        input.pass_over(name);
    }
    if let Err(why) = queries.check() {
        return Refused::validation(format!("Error in expression: {why}"));
    }
    let mut results = Vec::new();
    for query in queries.iter().filter(|query| query.returns) {
        let series = queries.series(&scene.here.cloudwatch.metrics, &query.id, (start, end));
        let mut points: Vec<(u64, f64)> = match series {
            Ok(series) => series.into_iter().collect(),
            Err(why) => return Refused::validation(format!("Error in expression '{}': {why}", query.id)),
        };
        if newest_first {
            points.reverse();
        }
        results.push(object! {
            "Id" => &query.id,
            "Label" => query.label.clone().unwrap_or_else(|| query.own_label().to_owned()),
            "Timestamps" => members(points.iter().map(|(at, _)| Moment(at * 1000))),
            "Values" => members(points.iter().map(|(_, value)| *value)),
            "StatusCode" => "Complete",
        });
    }
    Ok(object! { "MetricDataResults" => members(results), "Messages" => members::<String>([]) })
}

fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (namespace, metric) = (input.text("Namespace"), input.text("MetricName"));
    let filters: Vec<(&str, Option<&str>)> = input
        .list("Dimensions")
        .iter()
        .map(|one| Ok((required(one, "Name")?, one.text("Value"))))
        .collect::<Result<_, Refusal>>()?;
    let recently = input.text("RecentlyActive") == Some("PT3H");
    let since = scene.now.minus(Duration::from_hours(3)).0 / 1000;
    input.pass_over("IncludeLinkedAccounts");
    let page = Page::read(input, "MaxRecords", "NextToken", (1, 500), "InvalidParameterValue")?;
    let found = scene.here.cloudwatch.metrics.iter().filter(|(name, points)| {
        let has = |(key, value): &(&str, Option<&str>)| {
            name.dimensions.iter().any(|(known, held)| known == key && value.is_none_or(|value| value == held))
        };
        namespace.is_none_or(|wanted| name.namespace == wanted)
            && metric.is_none_or(|wanted| name.metric == wanted)
            && filters.iter().all(has)
            && (!recently || points.latest().is_some_and(|latest| latest >= since))
    });
    let shown = found.map(|(name, _)| {
        let tree =
            object! { "Namespace" => &name.namespace, "MetricName" => &name.metric, "Dimensions" => dimensions(name) };
        (format!("{name:?}"), tree)
    });
    let mut shown: Vec<_> = shown.collect();
    shown.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = page.cut(shown);
    Ok(object! { "Metrics" => members(page), "NextToken" => next })
}
