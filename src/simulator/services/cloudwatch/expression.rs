//! Metric math: queries that refer to metrics and to each other
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html>).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::metrics::{Metrics, Name};
use super::syntax::{self, Expression, Operator};

/// Values by the second in which their period starts.
pub(super) type Series = BTreeMap<u64, f64>;

/// The queries of one call or one alarm.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Queries {
    /// As the caller wrote them.
    given: Value,
    #[serde(skip)]
    all: Vec<Query>,
}

/// One query: a statistic of a metric, or an expression.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) id: String,
    pub(super) label: Option<String>,
    pub(super) returns: bool,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Metric {
        name: Name,
        statistic: String,
        period: u64,
    },
    /// What it says, or why it cannot be read. Alarms are looked at every minute, so it is read once.
    Expression {
        read: Result<Expression, String>,
        period: u64,
    },
}

/// What an expression amounts to: a number, a time series, or several.
#[derive(Clone, Debug)]
enum Amount {
    Number(f64),
    Series(Series),
    Several(Vec<Series>),
}

/// Queries that refer to queries, at most.
const DEPTH: usize = 10;

impl Queries {
    /// From what a caller wrote; `None` if it makes no sense. Queries without a period have this one.
    pub(super) fn read(queries: &Value, period: u64) -> Option<Self> {
        let all = queries.as_array()?.iter().map(|query| Query::read(query, period)).collect::<Option<Vec<_>>>()?;
        Some(Self { given: queries.clone(), all })
    }

    /// As the caller wrote them.
    pub(super) fn given(&self) -> &Value {
        &self.given
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Query> {
        self.all.iter()
    }

    /// The id of the one that returns data: the one that says so, else the only one.
    pub(super) fn returned(&self) -> Option<&str> {
        self.all.iter().find(|query| query.returns).map(|query| query.id.as_str())
    }

    /// Whether all expressions can be read.
    ///
    /// # Errors
    /// What cannot.
    pub(super) fn check(&self) -> Result<(), String> {
        self.all.iter().try_for_each(|query| match &query.what {
            What::Expression { read, .. } => read.as_ref().map(drop).map_err(Clone::clone),
            What::Metric { .. } => Ok(()),
        })
    }

    /// The longest period of the metrics.
    pub(super) fn period(&self) -> u64 {
        let period = |query: &Query| match &query.what {
            What::Metric { period, .. } | What::Expression { period, .. } => *period,
        };
        self.all.iter().map(period).max().unwrap_or(60)
    }

    /// The values of one query in a span of seconds.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn series(&self, metrics: &Metrics, id: &str, span: (u64, u64)) -> Result<Series, String> {
        match self.amount(metrics, id, span, 0)? {
            Amount::Series(series) => Ok(series),
            Amount::Number(number) => {
                let period = self.period();
                let first = span.0 - span.0 % period;
                Ok((first..span.1).step_by(usize::try_from(period).unwrap_or(60)).map(|at| (at, number)).collect())
            }
            Amount::Several(all) => {
                all.into_iter().next().ok_or_else(|| "The expression returns no time series".to_owned())
            }
        }
    }

    fn amount(&self, metrics: &Metrics, id: &str, span: (u64, u64), depth: usize) -> Result<Amount, String> {
        if depth > DEPTH {
            return Err("Circular dependency".to_owned());
        }
        let query = self.all.iter().find(|query| query.id == id).ok_or_else(|| format!("Unknown id {id}"))?;
        match &query.what {
            What::Metric { name, statistic, period } => {
                let first = span.0 - span.0 % period;
                let starts = (first..span.1).step_by(usize::try_from(*period).unwrap_or(60));
                let points = metrics.get(name);
                let value = |at| Some((at, points?.over(at, *period)?.statistic(statistic)?));
                Ok(Amount::Series(starts.filter_map(value).collect()))
            }
            What::Expression { read, .. } => self.value(metrics, read.as_ref().map_err(Clone::clone)?, span, depth),
        }
    }

    fn value(
        &self,
        metrics: &Metrics,
        expression: &Expression,
        span: (u64, u64),
        depth: usize,
    ) -> Result<Amount, String> {
        let value = |part: &Expression| self.value(metrics, part, span, depth);
        match expression {
            Expression::Number(number) => Ok(Amount::Number(*number)),
            Expression::Reference(id) => self.amount(metrics, id, span, depth + 1),
            Expression::Negative(part) => Ok(value(part)?.map(|number| -number)),
            Expression::Binary(operator, left, right) => {
                Ok(combine(&value(left)?, &value(right)?, |a, b| apply(*operator, a, b)))
            }
            Expression::List(parts) => {
                let all = parts.iter().map(value).collect::<Result<Vec<_>, _>>()?;
                Ok(Amount::Several(all.into_iter().flat_map(Amount::into_series).collect()))
            }
            Expression::Call(name, arguments) if name == "METRICS" => {
                let part = match arguments.first() {
                    Some(Expression::Text(part)) => part.as_str(),
                    _ => "",
                };
                let ids = self
                    .all
                    .iter()
                    .filter(|query| matches!(query.what, What::Metric { .. }) && query.id.contains(part));
                let all =
                    ids.map(|query| self.amount(metrics, &query.id, span, depth + 1)).collect::<Result<Vec<_>, _>>()?;
                Ok(Amount::Several(all.into_iter().flat_map(Amount::into_series).collect()))
            }
            Expression::Call(name, arguments) if name == "FILL" => {
                let (first, second) = two(arguments)?;
                let filling = match second {
                    Expression::Reference(word) if word == "REPEAT" || word == "LINEAR" => None,
                    other => Some(value(other)?),
                };
                Ok(fill(value(first)?, filling.as_ref(), span, self.period()))
            }
            Expression::Call(name, arguments) => {
                let values = arguments.iter().map(value).collect::<Result<Vec<_>, _>>()?;
                call(name, &values, self.period())
            }
            Expression::Text(text) => Err(format!("Unexpected text '{text}'")),
        }
    }
}

impl Query {
    fn read(query: &Value, standard: u64) -> Option<Self> {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let seconds = |value: &Value| {
            let given =
                value.get("Period").and_then(|period| period.as_u64().or_else(|| period.as_str()?.parse().ok()));
            given.filter(|period| *period > 0).unwrap_or(standard)
        };
        let what = match query.get("MetricStat") {
            Some(stat) => {
                let metric = stat.get("Metric")?;
                let dimensions = metric.get("Dimensions").and_then(Value::as_array).cloned().unwrap_or_default();
                let dimensions = dimensions.iter().map(|one| Some((text(one, "Name")?, text(one, "Value")?)));
                let name = Name::new(
                    &text(metric, "Namespace")?,
                    &text(metric, "MetricName")?,
                    dimensions.collect::<Option<_>>()?,
                );
                What::Metric { name, statistic: text(stat, "Stat")?, period: seconds(stat) }
            }
            None => What::Expression { read: syntax::parse(&text(query, "Expression")?), period: seconds(query) },
        };
        let returns = match query.get("ReturnData") {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true",
            _ => true,
        };
        Some(Self { id: text(query, "Id")?, label: text(query, "Label"), returns, what })
    }

    /// What it is called if nobody gave it a label.
    pub(super) fn own_label(&self) -> &str {
        match &self.what {
            What::Metric { name, .. } => &name.metric,
            What::Expression { .. } => &self.id,
        }
    }
}

impl Amount {
    fn map(self, act: impl Fn(f64) -> f64) -> Self {
        let over = |series: Series| series.into_iter().map(|(at, value)| (at, act(value))).collect();
        match self {
            Self::Number(number) => Self::Number(act(number)),
            Self::Series(series) => Self::Series(over(series)),
            Self::Several(all) => Self::Several(all.into_iter().map(over).collect()),
        }
    }

    fn into_series(self) -> Vec<Series> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Series(series) => vec![series],
            Self::Several(all) => all,
        }
    }
}

fn two(arguments: &[Expression]) -> Result<(&Expression, &Expression), String> {
    match arguments {
        [first, second] => Ok((first, second)),
        _ => Err("FILL takes two arguments".to_owned()),
    }
}

fn apply(operator: Operator, a: f64, b: f64) -> Option<f64> {
    let truth = |holds: bool| Some(if holds { 1.0 } else { 0.0 });
    match operator {
        Operator::Add => Some(a + b),
        Operator::Subtract => Some(a - b),
        Operator::Multiply => Some(a * b),
        // A division by nothing has no value.
        Operator::Divide => (b != 0.0).then(|| a / b),
        Operator::Power => Some(a.powf(b)),
        Operator::Less => truth(a < b),
        Operator::LessOrEqual => truth(a <= b),
        Operator::Greater => truth(a > b),
        Operator::GreaterOrEqual => truth(a >= b),
        Operator::Equal => truth(a.total_cmp(&b).is_eq()),
        Operator::NotEqual => truth(a.total_cmp(&b).is_ne()),
        Operator::And => truth(a != 0.0 && b != 0.0),
        Operator::Or => truth(a != 0.0 || b != 0.0),
    }
}

/// Of two series only the moments that both have.
fn combine(left: &Amount, right: &Amount, act: impl Fn(f64, f64) -> Option<f64> + Copy) -> Amount {
    let over = |series: &Series, act: &dyn Fn(u64, f64) -> Option<f64>| {
        series.iter().filter_map(|(at, value)| Some((*at, act(*at, *value)?))).collect::<Series>()
    };
    match (left, right) {
        (Amount::Number(a), Amount::Number(b)) => act(*a, *b).map_or(Amount::Series(Series::new()), Amount::Number),
        (Amount::Series(series), Amount::Number(b)) => Amount::Series(over(series, &|_, a| act(a, *b))),
        (Amount::Number(a), Amount::Series(series)) => Amount::Series(over(series, &|_, b| act(*a, b))),
        (Amount::Series(a), Amount::Series(b)) => Amount::Series(over(a, &|at, value| act(value, *b.get(&at)?))),
        (Amount::Several(all), other) => Amount::Several(
            all.iter().flat_map(|one| combine(&Amount::Series(one.clone()), other, act).into_series()).collect(),
        ),
        (other, Amount::Several(all)) => Amount::Several(
            all.iter().flat_map(|one| combine(other, &Amount::Series(one.clone()), act).into_series()).collect(),
        ),
    }
}

/// Fills the periods that have no value: with a number, with another series, or with the value before.
fn fill(amount: Amount, filling: Option<&Amount>, (start, end): (u64, u64), period: u64) -> Amount {
    let over = |series: Series| {
        let mut last = None;
        let mut filled = Series::new();
        for at in (start - start % period..end).step_by(usize::try_from(period).unwrap_or(60)) {
            last = series.get(&at).copied().or(last);
            let value = series.get(&at).copied().or_else(|| match filling {
                Some(Amount::Number(number)) => Some(*number),
                Some(Amount::Series(other)) => other.get(&at).copied(),
                Some(Amount::Several(_)) => None,
                None => last,
            });
            filled.extend(value.map(|value| (at, value)));
        }
        filled
    };
    match amount {
        Amount::Series(series) => Amount::Series(over(series)),
        Amount::Several(all) => Amount::Several(all.into_iter().map(over).collect()),
        Amount::Number(number) => Amount::Number(number),
    }
}

fn call(name: &str, values: &[Amount], period: u64) -> Result<Amount, String> {
    match (name, values) {
        ("IF", [condition, then, otherwise]) => Ok(choose(condition, then, Some(otherwise))),
        ("IF", [condition, then]) => Ok(choose(condition, then, None)),
        ("ABS", [amount]) => Ok(amount.clone().map(f64::abs)),
        ("CEIL", [amount]) => Ok(amount.clone().map(f64::ceil)),
        ("FLOOR", [amount]) => Ok(amount.clone().map(f64::floor)),
        // Seconds of any period are far below 2^32.
        ("PERIOD", [_]) => Ok(Amount::Number(f64::from(u32::try_from(period).unwrap_or(u32::MAX)))),
        ("SUM" | "AVG" | "MIN" | "MAX", [amount]) => Ok(aggregate(name, amount)),
        _ => Err(format!("Unsupported function '{name}'")),
    }
}

fn choose(condition: &Amount, then: &Amount, otherwise: Option<&Amount>) -> Amount {
    let at_moment = |amount: &Amount, at: u64| match amount {
        Amount::Number(number) => Some(*number),
        Amount::Series(series) => series.get(&at).copied(),
        Amount::Several(_) => None,
    };
    match condition {
        Amount::Number(number) if *number != 0.0 => then.clone(),
        Amount::Number(_) => otherwise.cloned().unwrap_or(Amount::Series(Series::new())),
        Amount::Several(_) => Amount::Series(Series::new()),
        Amount::Series(series) => {
            let pick = |(at, holds): (&u64, &f64)| {
                let chosen = if *holds == 0.0 { otherwise? } else { then };
                Some((*at, at_moment(chosen, *at)?))
            };
            Amount::Series(series.iter().filter_map(pick).collect())
        }
    }
}

/// Over several series moment by moment; over a single one all of its values, as one number.
fn aggregate(name: &str, amount: &Amount) -> Amount {
    let reduce = |values: &[f64]| {
        let sum: f64 = values.iter().sum();
        match name {
            "SUM" => sum,
            "AVG" => sum / f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX)),
            "MIN" => values.iter().copied().fold(f64::INFINITY, f64::min),
            _ => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    };
    match amount {
        Amount::Number(number) => Amount::Number(*number),
        Amount::Series(series) if series.is_empty() => Amount::Series(Series::new()),
        Amount::Series(series) => Amount::Number(reduce(&series.values().copied().collect::<Vec<_>>())),
        Amount::Several(all) => {
            let mut moments: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
            for (at, value) in all.iter().flatten() {
                moments.entry(*at).or_default().push(*value);
            }
            Amount::Series(moments.into_iter().map(|(at, values)| (at, reduce(&values))).collect())
        }
    }
}
