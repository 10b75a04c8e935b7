//! What a service is: its name, its protocol, and its actions.

use std::borrow::Cow;

use bytes::Bytes;
use http::Request;

use super::input::Input;
use super::output::Tree;
use super::refusal::Refusal;
use super::scene::Scene;

/// An answer, or why there is none.
pub(crate) type Answer = Result<Tree, Refusal>;

/// Does what one action is for. It refuses before it changes anything.
pub(crate) type Handler = for<'a, 'w> fn(&'a mut Scene<'w>, &'a Input) -> Answer;

/// One action of a service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Action {
    pub(crate) name: &'static str,
    pub(crate) run: Handler,
    /// The parameter that makes a second call with the same value harmless.
    pub(crate) token: Option<&'static str>,
}

/// An action.
pub(crate) const fn action(name: &'static str, run: Handler) -> Action {
    Action { name, run, token: None }
}

impl Action {
    /// The same, with an idempotency token in this parameter.
    pub(crate) const fn token(self, parameter: &'static str) -> Self {
        Self { token: Some(parameter), ..self }
    }
}

/// A service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// Its name in signatures.
    pub(crate) name: &'static str,
    pub(crate) protocol: Protocol,
    /// Its actions, area by area.
    pub(crate) areas: &'static [&'static [Action]],
}

impl Service {
    /// The action of this name.
    pub(crate) fn action(&self, name: &str) -> Option<&'static Action> {
        self.areas.iter().flat_map(|area| area.iter()).find(|action| action.name == name)
    }
}

/// How a service is spoken to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Protocol {
    /// Parameters as a form, answers in XML without wrappers.
    Ec2 {
        /// The namespace of answers.
        namespace: &'static str,
    },
    /// Parameters as a form with `member`s, answers in XML with `…Result`.
    Query {
        /// The namespace of answers.
        namespace: &'static str,
    },
    /// JSON both ways, the action in a header.
    Json {
        /// `1.0` or `1.1`.
        version: &'static str,
        /// What comes before the names of its own errors: `com.amazonaws.sqs#`, or nothing.
        namespace: &'static str,
    },
    /// Paths, methods, headers and XML: S3.
    Rest {
        /// The action that a request is for.
        name: fn(&Request<Bytes>) -> Option<&'static str>,
        /// Carries it out.
        run: for<'a, 'w> fn(&'a mut Scene<'w>, &'a Request<Bytes>) -> Result<Reply, Refusal>,
    },
}

impl Protocol {
    /// Whether a request is in this protocol, for services that are spoken to in several.
    pub(crate) fn speaks(&self, request: &Request<Bytes>) -> bool {
        let content = request.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        match self {
            Self::Ec2 { .. } | Self::Query { .. } => !content.starts_with("application/x-amz-json"),
            Self::Json { .. } => content.starts_with("application/x-amz-json"),
            Self::Rest { .. } => true,
        }
    }
}

/// An answer with headers of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Bytes,
}
