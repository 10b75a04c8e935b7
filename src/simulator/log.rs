//! What was called: each call, and how often each action was.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use serde::Serialize;

use super::clock::Moment;

/// One call.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// When it came in.
    pub at: Moment,
    /// Which account.
    pub account: String,
    /// Which region.
    pub region: String,
    /// Which service, by the name in signatures: `elasticloadbalancing`.
    pub service: Cow<'static, str>,
    /// What was to be done.
    pub action: String,
    /// The HTTP status of the answer; 0 if there was none, or none yet.
    pub status: u16,
    /// AWS's error code, if it was refused.
    pub error: Option<String>,
    /// Parameters that have no effect here, because nobody looked at them.
    pub unread: Vec<String>,
    /// What went over the wire, if the world records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
}

/// A request and its answer, as they went over the wire.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// What was asked.
    pub request: Message,
    /// What was answered.
    pub response: Message,
}

/// One direction.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// The method, of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Path and query, of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The status, of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Headers, by their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// The body; what is not UTF-8 in it is lost.
    pub body: String,
}

/// Calls that are kept at most. Older ones are only counted.
const KEPT: usize = 100_000;

/// All calls since the world began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    calls: VecDeque<Call>,
    counts: BTreeMap<(Cow<'static, str>, String), u64>,
    /// How many lines are no longer kept.
    dropped: u64,
}

impl Log {
    /// Adds one, and says which line it is.
    pub(crate) fn add(&mut self, call: Call) -> u64 {
        *self.counts.entry((call.service.clone(), call.action.clone())).or_default() += 1;
        if self.calls.len() == KEPT {
            self.calls.pop_front();
            self.dropped += 1;
        }
        self.calls.push_back(call);
        self.dropped + self.calls.len() as u64 - 1
    }

    /// Writes a line anew: the call that stands there was held, and is over now.
    pub(crate) fn finish(&mut self, line: u64, call: Call) {
        let at = line.checked_sub(self.dropped).and_then(|at| usize::try_from(at).ok());
        if let Some(kept) = at.and_then(|at| self.calls.get_mut(at)) {
            *kept = call;
        }
    }

    /// All that are kept, oldest first.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter()
    }

    /// How often each action of each service was called.
    pub(crate) fn counts(&self) -> &BTreeMap<(Cow<'static, str>, String), u64> {
        &self.counts
    }
}

impl Exchange {
    pub(super) fn of(request: &Request<Bytes>, response: &Response<Bytes>) -> Self {
        let headers = |headers: &HeaderMap| {
            let all =
                headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
            all.collect::<BTreeMap<String, String>>()
        };
        let text = |body: &Bytes| String::from_utf8_lossy(body).into_owned();
        let target = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        Self {
            request: Message {
                method: Some(request.method().to_string()),
                target: Some(target),
                status: None,
                headers: headers(request.headers()),
                body: text(request.body()),
            },
            response: Message {
                method: None,
                target: None,
                status: Some(response.status().as_u16()),
                headers: headers(response.headers()),
                body: text(response.body()),
            },
        }
    }
}
