//! Text that must not be written down: a password on its way from one service to another.
//!
//! It cannot be printed, compared, copied or serialised: what has none of these traits cannot enter state, plan, journal, log or output by
//! mistake. Whoever sends it exposes it to that one request, and takes it out of what comes back if the request fails.

use crate::engine::cloud_error::CloudError;

/// A secret in memory.
pub(super) struct SecretText(String);

/// What stands for it in a message.
const INSTEAD: &str = "[secret]";

impl SecretText {
    /// From now on it is one.
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one request that needs it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// The error of a request that carried it. Whoever answers may quote what was sent.
    pub(super) fn redact(&self, error: CloudError) -> CloudError {
        if self.0.is_empty() {
            return error;
        }
        error.map_text(|text| text.replace(&self.0, INSTEAD))
    }
}

/// Compiles only as long as the type has none of these traits: with one of them `shun` would have two meanings.
const _: fn() = || {
    trait Shuns<T> {
        fn shun() {}
    }
    struct Debug;
    struct Display;
    struct Clone;
    struct Equal;
    struct Serialize;
    impl<T> Shuns<()> for T {}
    impl<T: std::fmt::Debug> Shuns<Debug> for T {}
    impl<T: std::fmt::Display> Shuns<Display> for T {}
    impl<T: std::clone::Clone> Shuns<Clone> for T {}
    impl<T: PartialEq> Shuns<Equal> for T {}
    impl<T: serde::Serialize> Shuns<Serialize> for T {}
    <SecretText as Shuns<_>>::shun();
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_quotes_a_secret_is_quoted_without_it() {
        let secret = SecretText::new("correcthorse".into());
        let error = CloudError::Refused("InvalidParameterValue: MasterUserPassword=correcthorse is weak".into());
        let redacted = secret.redact(error.clone());
        assert_eq!(redacted, CloudError::Refused("InvalidParameterValue: MasterUserPassword=[secret] is weak".into()));
        assert_eq!(SecretText::new(String::new()).redact(error.clone()), error);
    }
}
