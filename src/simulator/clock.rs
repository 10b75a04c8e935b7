//! Time in the simulated world: moments, and the clock that says which one it is.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

/// A moment, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Moment(pub u64);

impl Moment {
    /// When simulated worlds begin, unless somebody says otherwise: 2026-01-01, midnight in Greenwich.
    pub const BEGINNING: Self = Self(1_767_225_600_000);

    /// As XML answers write it: `2026-01-01T00:00:00.000Z`.
    pub fn iso(self) -> String {
        let millis = i64::try_from(self.0).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(millis).map_or_else(|_| String::new(), |at| format!("{at:.3}"))
    }

    /// As JSON answers write it: seconds since 1970, with a fraction.
    pub fn seconds(self) -> f64 {
        // Milliseconds of any year that matters fit a double exactly.
        #[expect(clippy::cast_precision_loss, reason = "2^53 milliseconds are 285,000 years")]
        let millis = self.0 as f64;
        millis / 1000.0
    }

    /// What an ISO 8601 text or a number of seconds since 1970 means.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(at) = text.parse::<Timestamp>() {
            return u64::try_from(at.as_millisecond()).ok().map(Self);
        }
        let seconds = text.parse::<f64>().ok().filter(|seconds| *seconds >= 0.0)?;
        Some(Self(u64::try_from(Duration::try_from_secs_f64(seconds).ok()?.as_millis()).ok()?))
    }

    /// That much later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }

    /// That much earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long ago the other one was; nothing, if it is still to come.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Tells the moment, and how long a span of simulated time takes outside.
#[derive(Clone)]
pub struct Clock {
    elapsed: Arc<dyn Fn() -> Duration + Send + Sync>,
    begins: Moment,
    speed: f64,
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("begins", &self.begins).field("speed", &self.speed).finish_non_exhaustive()
    }
}

impl Clock {
    /// A clock on top of one outside, which says how much time has passed since the world began. With a `speed` of 60 a minute outside is an
    /// hour inside.
    pub fn new(begins: Moment, speed: f64, elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { elapsed: Arc::new(elapsed), begins, speed: speed.clamp(0.001, 1_000_000.0) }
    }

    /// A clock on tokio's, which tests can pause: virtual time, the same in every run.
    pub fn virtual_time() -> Self {
        let start = tokio::time::Instant::now();
        Self::new(Moment::BEGINNING, 1.0, move || start.elapsed())
    }

    /// What moment it is.
    pub fn now(&self) -> Moment {
        self.begins.plus((self.elapsed)().mul_f64(self.speed))
    }

    /// How long a span of simulated time takes outside.
    pub fn outside(&self, span: Duration) -> Duration {
        span.div_f64(self.speed)
    }
}
