//! What goes wrong between a caller and the services, by rule or by chance.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::dice::Dice;
use super::settings::{Latency, Settings};

/// One thing that goes wrong with one call. As JSON: `"lost_answer"`, `{"late": 3000}` with milliseconds, `{"error_after": 500}`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The request never arrives, and nothing comes back.
    LostRequest,
    /// It is carried out, and the answer never arrives.
    LostAnswer,
    /// It is carried out that much later, when its sender has long given up.
    Late(#[serde(deserialize_with = "milliseconds")] Duration),
    /// It is delivered twice.
    Twice,
    /// An error with this status, and nothing was done.
    ErrorBefore(u16),
    /// An error with this status, and yet it was done.
    ErrorAfter(u16),
    /// Too many calls.
    Throttled,
    /// The connection breaks before the request arrives.
    ResetBefore,
    /// The connection breaks before the answer arrives.
    ResetAfter,
    /// Half of the answer arrives.
    Truncated,
    /// A look at a moment that has passed: what was made since is not there.
    Stale,
    /// The answer takes that long.
    Latency(#[serde(deserialize_with = "milliseconds")] Duration),
    /// The caller dies before the request arrives.
    KillBefore,
    /// The caller dies when it was carried out, before the answer arrives.
    KillAfter,
    /// The caller dies when the answer is there.
    KillAnswered,
    /// The caller dies, and its request is carried out that much later.
    KillLate(#[serde(deserialize_with = "milliseconds")] Duration),
}

/// How far back a stale read looks.
pub(super) const STALE: Duration = Duration::from_secs(30);

fn milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_millis)
}

/// Which calls a fault happens to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The service, by its name in signatures. `None`: all.
    pub service: Option<String>,
    /// The action. `None`: all.
    pub action: Option<String>,
    /// What happens.
    pub fault: Fault,
    /// To which of these calls.
    pub when: When,
}

/// How a rule chooses among the calls that it is for. As JSON: `"always"`, `{"nth": 3}`, `{"chance": 0.1}`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// All.
    Always,
    /// Only the one of this number, counted from 1.
    Nth(u64),
    /// Each with this probability, drawn from the world's seed.
    Chance(f64),
}

/// The rules, and how many calls each has seen.
#[derive(Debug)]
pub(super) struct Weather {
    rules: Vec<(Rule, u64)>,
    latency: Latency,
    dice: Dice,
}

impl Weather {
    /// Fair weather. Its dice are its own, so that faults do not change which ids are drawn.
    pub(super) fn new(settings: &Settings) -> Self {
        Self { rules: Vec::new(), latency: settings.latency, dice: Dice::new(settings.seed ^ 0x5eed_fa11) }
    }

    /// Replaces the rules.
    pub(super) fn set(&mut self, rules: Vec<Rule>) {
        self.rules = rules.into_iter().map(|rule| (rule, 0)).collect();
    }

    /// How long the next answer is under way.
    pub(super) fn latency(&mut self) -> Duration {
        self.latency.draw(&mut self.dice)
    }

    /// What happens to this call. The first rule that strikes counts; all count the call.
    pub(super) fn over(&mut self, service: &str, action: &str) -> Option<Fault> {
        let mut struck = None;
        for (rule, seen) in &mut self.rules {
            let is_meant = rule.service.as_deref().is_none_or(|name| name == service)
                && rule.action.as_deref().is_none_or(|name| name == action);
            if !is_meant {
                continue;
            }
            *seen += 1;
            let strikes = match rule.when {
                When::Always => true,
                When::Nth(number) => *seen == number,
                When::Chance(probability) => self.dice.chance(probability),
            };
            if strikes {
                struck = struck.or(Some(rule.fault));
            }
        }
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_strikes_the_call_it_counts_to() {
        let text = r#"[{"service": "ec2", "action": "CreateVpc", "fault": {"late": 3000}, "when": {"nth": 2}}]"#;
        let mut weather = Weather::new(&Settings { seed: 1, ..Settings::default() });
        weather.set(serde_json::from_str(text).unwrap());
        let calls = [("ec2", "CreateVpc"), ("ec2", "DeleteVpc"), ("ec2", "CreateVpc"), ("ec2", "CreateVpc")];
        let struck: Vec<_> = calls.iter().map(|(service, action)| weather.over(service, action)).collect();
        assert_eq!(struck, [None, None, Some(Fault::Late(Duration::from_secs(3))), None]);
    }
}
