//! What the engine tells while it works, in the past tense. Events cannot steer; the view renders them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::address::Incarnation;
use super::plan::{Action, Totals};

/// Something that happened during a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// An earlier run was cut short: what became of its requests is being looked up.
    ResolveStarted {
        /// How many requests are unproved.
        unproved: usize,
    },
    /// A request of an earlier run may still arrive; nothing is concluded before.
    QuietStarted {
        /// How long that takes, in seconds.
        seconds: u64,
    },
    /// The recorded resources are being read.
    ReadStarted {
        /// How many.
        resources: usize,
    },
    /// The plan is being carried out.
    ApplyStarted {
        /// What it does.
        totals: Totals,
    },
    /// A step was begun.
    StepStarted {
        /// On which life.
        of: Incarnation,
        /// What it does.
        action: Action,
    },
    /// The cloud said that it cannot be done yet; it is asked again.
    StepPostponed {
        /// On which life.
        of: Incarnation,
        /// The cloud's words.
        why: String,
        /// When it is asked again, in seconds.
        #[serde(with = "seconds")]
        again_in: Duration,
    },
    /// It was looked at and is not ready yet.
    StillWaiting {
        /// Which life.
        of: Incarnation,
        /// What it is doing.
        why: String,
        /// How long it has been waited for, in seconds.
        #[serde(with = "seconds")]
        waited: Duration,
    },
    /// A step came to its end.
    StepFinished {
        /// On which life.
        of: Incarnation,
        /// What it did.
        action: Action,
        /// How long it took, in seconds.
        #[serde(with = "seconds")]
        took: Duration,
    },
    /// A step failed. What does not depend on it goes on.
    StepFailed {
        /// On which life.
        of: Incarnation,
        /// What it was to do.
        action: Action,
        /// What happened, with its causes.
        why: String,
    },
    /// The answer was lost. Nobody knows whether it happened; the next round looks.
    AnswerLost {
        /// Which life.
        of: Incarnation,
        /// What was lost.
        why: String,
    },
    /// The credentials are no longer good: no new calls, those under way are awaited.
    CredentialsExpired {
        /// The cloud's words.
        why: String,
    },
    /// It was asked to stop: no new calls, those under way are awaited for a few seconds.
    StopRequested {
        /// How many calls are under way.
        in_flight: usize,
    },
}

/// Takes events. Returns nothing, so it cannot steer.
pub trait Listener: Send {
    /// Called once for each event, in order.
    fn on(&mut self, event: Event);
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoListener;

impl Listener for NoListener {
    fn on(&mut self, _event: Event) {}
}

/// Keeps all events, for tests.
impl Listener for Vec<Event> {
    fn on(&mut self, event: Event) {
        self.push(event);
    }
}

/// Durations as seconds with milliseconds.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64((duration.as_secs_f64() * 1000.0).round() / 1000.0)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
    }
}
