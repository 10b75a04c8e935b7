//! What an answer from the cloud means for the engine. Kinds classify; the engine decides.

use std::time::Duration;

/// An answer that is not a success, named by what it means and not by what went wrong. The text says what went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// Nothing happened, and trying again will not help.
    #[error("refused: {0}")]
    Refused(String),
    /// Nothing happened: who asks is not known, not allowed, or no longer. Trying again needs other credentials.
    #[error("not allowed: {0}")]
    Denied(String),
    /// Nothing happened: the credentials were good and are no longer. All other calls will end like this one.
    #[error("the credentials have expired: {0}")]
    Expired(String),
    /// Nothing happened; the same request may pass later (throttled, a dependency still there, busy).
    #[error("not yet: {0}")]
    NotYet(String),
    /// The object to change is not there. For a delete this is success.
    #[error("not there: {0}")]
    Missing(String),
    /// Something with this identity exists. Whether it is ours is to be looked up by key.
    #[error("already there: {0}")]
    Exists(String),
    /// Something with this identity exists, and is somebody else's.
    #[error("already there, and not of this stack: {0}")]
    Foreign(String),
    /// Nobody knows whether it happened. Look before acting again.
    #[error("no answer: {0}")]
    Unknown(String),
}

/// What a call to the cloud returns.
pub type CloudResult<T> = Result<T, CloudError>;

/// How one kind is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitPolicy {
    /// The longest pause between two looks. The first look comes at once, the second after a quarter of a second, and each further
    /// pause is twice the last.
    pub pause: Duration,
    /// After this long the step has failed. The next run goes on waiting.
    pub limit: Duration,
    /// How many looks in a row must agree that all is well. More than one where reads are known to go back and forth.
    pub stable_looks: u32,
}

/// Whether a create of unproved fate may be sent again as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// Token, unique name or natural identity: a second send cannot make a second object.
    SameKey,
    /// Only a tag tells (VPC, internet gateway, address): use a new key, and go on watching for the old one.
    NewKey,
}

impl WaitPolicy {
    /// Looks at least every `pause` seconds and gives up after `limit` seconds.
    pub const fn every(pause: u64, limit: u64) -> Self {
        Self { pause: Duration::from_secs(pause), limit: Duration::from_secs(limit), stable_looks: 1 }
    }

    /// The same, but believing only `looks` agreeing reads in a row.
    #[must_use]
    pub const fn stable(self, looks: u32) -> Self {
        Self { stable_looks: looks, ..self }
    }

    /// The pause before look number `look`, counting from 0.
    pub(super) fn pause_before(&self, look: u32) -> Duration {
        match look {
            0 => Duration::ZERO,
            n => Duration::from_millis(250).saturating_mul(1 << (n - 1).min(16)).min(self.pause),
        }
    }
}

impl CloudError {
    /// The same meaning, with words before the text that say what was being done.
    #[must_use]
    pub fn context(self, doing: &str) -> Self {
        self.map_text(|text| format!("{doing}: {text}"))
    }

    /// The same with another text.
    #[must_use]
    pub fn map_text(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Refused(text) => Self::Refused(change(text)),
            Self::Denied(text) => Self::Denied(change(text)),
            Self::Expired(text) => Self::Expired(change(text)),
            Self::NotYet(text) => Self::NotYet(change(text)),
            Self::Missing(text) => Self::Missing(change(text)),
            Self::Exists(text) => Self::Exists(change(text)),
            Self::Foreign(text) => Self::Foreign(change(text)),
            Self::Unknown(text) => Self::Unknown(change(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_come_quickly_at_first_and_then_at_the_kinds_pace() {
        let policy = WaitPolicy::every(5, 60);
        let pauses: Vec<u128> = (0..8).map(|look| policy.pause_before(look).as_millis()).collect();
        assert_eq!(pauses, [0, 250, 500, 1000, 2000, 4000, 5000, 5000]);
    }
}
