//! What a service answers when it does not do what it was asked.

use std::borrow::Cow;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// AWS's code, `InvalidVpcID.NotFound`.
    pub code: Cow<'static, str>,
    /// What it says to people.
    pub message: String,
    /// The code in the older query protocol, which JSON says beside its own (SQS, CloudWatch). `None`: the same.
    pub query_code: Option<&'static str>,
}

impl Refusal {
    /// The client did something wrong: status 400.
    pub(crate) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.into(), message: message.into(), query_code: None }
    }

    /// The same with another status.
    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same with the code that the query protocol has for it.
    pub(crate) fn query_code(self, code: &'static str) -> Self {
        Self { query_code: Some(code), ..self }
    }
}
