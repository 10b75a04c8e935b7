//! Idempotency tokens: the same token with the same parameters gets the same answer, with others a refusal
//! (<https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html>).

use std::collections::BTreeMap;

use serde::Serialize;

use super::input::Input;
use super::output::Tree;
use super::refusal::Refusal;

/// The tokens of one account in one region, with what they were first used for.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Tokens(BTreeMap<(&'static str, String), Used>);

#[derive(Clone, Debug, Serialize)]
struct Used {
    parameters: String,
    #[serde(skip)]
    answer: Tree,
}

impl Tokens {
    /// The answer that this token got before, if it was used before.
    ///
    /// # Errors
    /// `IdempotentParameterMismatch`, if the parameters were others.
    pub(crate) fn replay(&self, action: &'static str, name: &str, input: &Input) -> Result<Option<Tree>, Refusal> {
        let Some(token) = input.text(name).filter(|token| !token.is_empty()) else { return Ok(None) };
        let Some(used) = self.0.get(&(action, token.to_owned())) else { return Ok(None) };
        if used.parameters == input.fingerprint(&[name]) {
            return Ok(Some(used.answer.clone()));
        }
        let words = "The client token you have provided is already in use with other parameters.";
        Err(Refusal::new("IdempotentParameterMismatch", words))
    }

    /// Remembers an answer.
    pub(crate) fn keep(&mut self, action: &'static str, name: &str, input: &Input, answer: &Tree) {
        if let Some(token) = input.text(name).filter(|token| !token.is_empty()) {
            let used = Used { parameters: input.fingerprint(&[name]), answer: answer.clone() };
            self.0.insert((action, token.to_owned()), used);
        }
    }
}
