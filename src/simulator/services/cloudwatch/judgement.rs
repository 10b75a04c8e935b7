//! In which state an alarm is, from the values of its last periods
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarms-and-missing-data>).

use super::alarms::{Alarm, State};
use super::definition::Definition;
use super::metrics::{Metrics, last_whole};
use crate::simulator::clock::Moment;

/// How many more periods are looked at, in case that some have no value.
const MORE: u64 = 2;

/// What came out.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) state: State,
    pub(super) reason: String,
    /// The newest value, if there is one.
    pub(super) value: Option<f64>,
}

/// Judges an alarm at a moment.
pub(super) fn judge(alarm: &Alarm, metrics: &Metrics, at: Moment) -> Verdict {
    let definition = &alarm.definition;
    let period = definition.watched.period();
    let last = last_whole(at, period);
    let range = definition.periods + MORE;
    let first = last.saturating_sub((range - 1) * period);
    let series = definition.watched.series(metrics, (first, last + period));
    // The newest first.
    let values: Vec<Option<f64>> =
        (0..range).map(|back| series.get(&last.saturating_sub(back * period)).copied()).collect();
    let points: Vec<Option<bool>> =
        values.iter().map(|value| value.map(|value| definition.is_breaching(value))).collect();
    let state = decide(definition, &points, alarm.state);
    let real: Vec<f64> = values.into_iter().flatten().collect();
    Verdict { state, reason: reason(definition, state, &real), value: real.first().copied() }
}

/// The state from the points of the periods, newest first: breaching, not breaching, or missing.
fn decide(definition: &Definition, points: &[Option<bool>], before: State) -> State {
    let periods = usize::try_from(definition.periods).unwrap_or(usize::MAX);
    let needed = definition.datapoints.map_or(periods, |needed| usize::try_from(needed).unwrap_or(usize::MAX));
    let real: Vec<bool> = points.iter().flatten().copied().take(periods).collect();
    let breaching = real.iter().filter(|breaches| **breaches).count();
    let lacking = periods - real.len();
    if breaching >= needed {
        return State::Alarm;
    }
    if lacking == 0 {
        return State::Ok;
    }
    let all_breach = !real.is_empty() && breaching == real.len();
    match definition.missing.as_deref().unwrap_or("missing") {
        "breaching" if breaching + lacking >= needed => State::Alarm,
        "ignore" if real.is_empty() || all_breach => before,
        "missing" if real.is_empty() => State::InsufficientData,
        // Not before the oldest of them is as old as the points that it takes.
        "missing" if all_breach => {
            let oldest = points.iter().rposition(Option::is_some).unwrap_or_default();
            if oldest + 1 >= needed { State::Alarm } else { before }
        }
        _ => State::Ok,
    }
}

fn reason(definition: &Definition, state: State, real: &[f64]) -> String {
    let threshold = definition.threshold.unwrap_or_default();
    let (is, other) = match definition.operator.as_str() {
        "GreaterThanOrEqualToThreshold" => ("greater than or equal to", "not greater than or equal to"),
        "GreaterThanThreshold" => ("greater than", "not greater than"),
        "LessThanThreshold" => ("less than", "not less than"),
        _ => ("less than or equal to", "not less than or equal to"),
    };
    let (count, verb) = if definition.periods == 1 {
        ("1 datapoint".to_owned(), "was")
    } else {
        (format!("{} datapoints", definition.periods), "were")
    };
    match (state, real) {
        (State::InsufficientData, _) => format!("Insufficient Data: {count} {verb} unknown."),
        (State::Alarm, []) => format!(
            "Threshold Crossed: no datapoints were received for {} period(s) and missing datapoints were treated as [Breaching].",
            definition.periods
        ),
        (State::Ok, []) => format!(
            "Threshold Crossed: no datapoints were received for {} period(s) and missing datapoints were treated as [NonBreaching].",
            definition.periods
        ),
        (State::Alarm, real) => {
            format!("Threshold Crossed: {count} {} {verb} {is} the threshold ({threshold:?}).", list(definition, real))
        }
        (State::Ok, real) => format!(
            "Threshold Crossed: {count} {} {verb} {other} the threshold ({threshold:?}).",
            list(definition, real)
        ),
    }
}

fn list(definition: &Definition, real: &[f64]) -> String {
    let shown: Vec<String> = real
        .iter()
        .take(usize::try_from(definition.periods).unwrap_or(5).min(5))
        .map(|value| format!("{value:?}"))
        .collect();
    format!("[{}]", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::input::Input;

    fn definition(periods: u64, datapoints: u64, missing: &str) -> Definition {
        let json = serde_json::json!({
            "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": periods, "DatapointsToAlarm": datapoints,
            "Threshold": 1.0, "Namespace": "N", "MetricName": "M", "Period": 60, "Statistic": "Sum", "TreatMissingData": missing,
        });
        Definition::read(&Input::from(json)).unwrap()
    }

    /// The tables of AWS's documentation: points from the oldest to the newest, and the state for each treatment.
    #[test]
    fn missing_points_are_treated_as_the_documentation_shows() {
        use State::{Alarm, InsufficientData, Ok};
        let before = InsufficientData;
        let rows: [(u64, &str, [State; 4]); 10] = [
            (3, "0-X-X", [Ok, Ok, Ok, Ok]),
            (3, "----0", [Ok, Ok, Ok, Ok]),
            (3, "-----", [InsufficientData, before, Alarm, Ok]),
            (3, "0XX-X", [Alarm, Alarm, Alarm, Alarm]),
            (3, "--X--", [Alarm, before, Alarm, Ok]),
            (2, "0-X-X", [Alarm, Alarm, Alarm, Alarm]),
            (2, "00X0X", [Alarm, Alarm, Alarm, Alarm]),
            (2, "0-X--", [Ok, Ok, Alarm, Ok]),
            (2, "----0", [Ok, Ok, Alarm, Ok]),
            (2, "---X-", [Alarm, before, Alarm, Ok]),
        ];
        for (datapoints, points, states) in rows {
            let points: Vec<_> = points.chars().rev().map(|c| (c != '-').then_some(c == 'X')).collect();
            for (missing, state) in ["missing", "ignore", "breaching", "notBreaching"].into_iter().zip(states) {
                assert_eq!(decide(&definition(3, datapoints, missing), &points, before), state, "{points:?} {missing}");
            }
        }
    }
}
