//! Amazon CloudWatch: metrics, alarms, dashboards.

mod actions;
pub(crate) mod alarms;
mod dashboards;
mod data;
mod definition;
mod expression;
mod judgement;
pub(crate) mod metrics;
mod syntax;
mod tags;

use std::collections::VecDeque;

use serde::Serialize;

use super::super::input::Input;
use super::super::output::Tree;
use super::super::refusal::Refusal;
use super::super::service::{Action, Protocol, Service};
use super::super::shelf::Shelf;

/// The service, as it is spoken to with forms and XML.
pub(crate) const QUERY: Service = Service {
    name: "monitoring",
    protocol: Protocol::Query { namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/" },
    areas: AREAS,
};

/// The same in JSON.
pub(crate) const JSON: Service = Service {
    protocol: Protocol::Json { version: "1.0", namespace: "com.amazonaws.cloudwatch.v2010_08_01#" },
    ..QUERY
};

const AREAS: &[&[Action]] = &[actions::ACTIONS, alarms::ACTIONS, dashboards::ACTIONS, data::ACTIONS, tags::ACTIONS];

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    #[serde(skip)]
    metrics: metrics::Metrics,
    alarms: Shelf<alarms::Alarm>,
    history: VecDeque<actions::Item>,
    dashboards: Shelf<dashboards::Dashboard>,
}

/// Refusals of parameters.
struct Refused;

impl Refused {
    /// A parameter that makes no sense.
    fn validation<T>(message: impl Into<String>) -> Result<T, Refusal> {
        Err(refuse("ValidationException", message))
    }
}

/// A refusal by the name that AWS's model has for it. Its code in the query protocol, which JSON says too, may be another one
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html>, and the errors of each action).
fn refuse(name: &'static str, message: impl Into<String>) -> Refusal {
    let code = match name {
        "DashboardInvalidInputError" => "InvalidParameterInput",
        "DashboardNotFoundError" => "ResourceNotFound",
        "InvalidParameterCombinationException" => "InvalidParameterCombination",
        "InvalidParameterValueException" => "InvalidParameterValue",
        "MissingRequiredParameterException" => "MissingParameter",
        "ValidationException" => "ValidationError",
        same => same,
    };
    Refusal::new(name, message).query_code(code)
}

/// A parameter that may not be missing.
fn required<'a>(input: &'a Input, name: &str) -> Result<&'a str, Refusal> {
    let missing = || refuse("MissingRequiredParameterException", format!("The parameter {name} is required."));
    input.text(name).filter(|text| !text.is_empty()).ok_or_else(missing)
}

/// The dimensions of a metric.
fn named_dimensions(input: &Input) -> Result<Vec<(String, String)>, Refusal> {
    let dimensions = input.list("Dimensions").iter();
    dimensions.map(|one| Ok((required(one, "Name")?.to_owned(), required(one, "Value")?.to_owned()))).collect()
}

/// What a caller wrote, as it is given back: numbers and flags as they are in CloudWatch's model.
fn given(value: &serde_json::Value) -> Tree {
    use serde_json::Value;
    match value {
        Value::Null => Tree::EMPTY,
        Value::Bool(flag) => Tree::Flag(*flag),
        Value::Number(number) => Tree::Text(number.to_string().into()),
        Value::String(text) => Tree::Text(text.clone().into()),
        Value::Array(items) => Tree::List("member", items.iter().map(given).collect()),
        Value::Object(fields) => {
            Tree::Object(fields.iter().map(|(key, value)| (key.clone().into(), field(key, value))).collect())
        }
    }
}

fn field(name: &str, value: &serde_json::Value) -> Tree {
    match (name, value.as_str()) {
        ("Period", Some(text)) => text.parse().map_or_else(|_| given(value), Tree::Whole),
        ("ReturnData", Some(text)) => Tree::Flag(text == "true"),
        _ => given(value),
    }
}
