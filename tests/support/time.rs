//! The time of a test, which is virtual. It can be set back, to try another thing from the same beginning.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

thread_local! {
    static START: Instant = Instant::now();
    /// How far it is behind what really went by.
    static BEHIND: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// What has gone by in this test, which has a thread of its own.
pub fn elapsed() -> Duration {
    START.with(Instant::elapsed).saturating_sub(BEHIND.get())
}

/// The same as Pando takes the time, in whole seconds.
pub fn now() -> u64 {
    elapsed().as_secs()
}

/// Makes it as late as it was when so much had gone by.
pub fn set_back(to: Duration) {
    BEHIND.set(START.with(Instant::elapsed).saturating_sub(to));
}
