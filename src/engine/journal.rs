//! What is written before and after every call.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::address::{Incarnation, Key};
use super::state::{Request, Site};

/// Where entries are kept. Implemented by the store.
pub trait Journal: Send {
    /// Appends entries. When it returns `Ok` they are durable; when it fails, nothing may be sent that relies on them.
    fn append(&mut self, entries: &[Entry]) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Tells whether this run still is the one that may change anything.
    fn permit(&self) -> Permit {
        Permit::default()
    }
}

/// Whether a run still is the one that may change anything. It may end at any time.
pub struct Permit(Box<dyn Fn() -> Result<(), JournalError> + Send + Sync>);

impl Permit {
    /// One that holds as long as this says so.
    pub fn new(ask: impl Fn() -> Result<(), JournalError> + Send + Sync + 'static) -> Self {
        Self(Box::new(ask))
    }

    /// Asks for it.
    ///
    /// # Errors
    /// Says why it has ended.
    pub fn check(&self) -> Result<(), JournalError> {
        (self.0)()
    }

    /// Does some work as long as the permit holds, which is asked each time before the work goes on: a machine may fall asleep between any
    /// two of its calls.
    ///
    /// # Errors
    /// The permit has ended. What the work had begun is not known.
    pub(super) async fn hold<T>(self, work: impl Future<Output = T>) -> Result<T, JournalError> {
        let mut work = pin!(work);
        poll_fn(|context| match self.check() {
            Ok(()) => work.as_mut().poll(context).map(Ok),
            Err(ended) => Poll::Ready(Err(ended)),
        })
        .await
    }
}

impl Default for Permit {
    /// One that always holds.
    fn default() -> Self {
        Self::new(|| Ok(()))
    }
}

/// An entry could not be made durable.
#[derive(Debug, thiserror::Error)]
#[error("could not write the journal: {0}")]
pub struct JournalError(pub String);

/// A journal that keeps nothing, for a plan, which must not write.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoJournal;

/// One thing that became true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The stack belongs to this account, region and endpoint from now on.
    Placed(Site),
    /// A question to the cloud was answered, and the answer holds until it is asked for anew.
    Pinned {
        /// The question.
        query: String,
        /// The answer.
        answer: Value,
    },
    /// Generations up to this one may have been given out by a state that is lost. None of them is given out again.
    GenerationsSpent(u32),
    /// Something happened to a resource.
    Happened {
        /// To which life.
        of: Incarnation,
        /// What.
        fact: Fact,
    },
}

/// What can happen to a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A plan that is about to be carried out will create it. Written for all of a plan's creates before the first call, so that whoever
    /// takes over without the rest of the journal knows what to look for.
    Planned {
        /// The identity it will carry.
        key: Key,
        /// What will be asked for.
        request: Request,
    },
    /// A create is about to be sent.
    CreateSent {
        /// The identity it carries.
        key: Key,
        /// What is asked for.
        request: Request,
        /// The natural id, worked out now because its parents may be gone when it is looked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected: Option<Value>,
        /// Seconds since 1970, for quiet periods that outlive the process.
        at: u64,
    },
    /// The id is known, from the answer or from a look-up by key.
    Created {
        /// The id.
        id: Value,
        /// Seconds since 1970.
        at: u64,
    },
    /// The answer to the create said all that others need. It is in service, and nobody has looked at it yet.
    Made {
        /// What others need of it.
        outputs: Value,
    },
    /// The cloud said no: nothing was made.
    Refused,
    /// Looked for and not found. It may still turn up, so it stays watched.
    NotFound,
    /// As asked for, and in service.
    Ready {
        /// What others need of it.
        outputs: Value,
    },
    /// An update is about to be sent.
    UpdateSent {
        /// What is asked for.
        request: Request,
        /// Seconds since 1970.
        at: u64,
    },
    /// Every call of an update was answered, with success or with a refusal. None is on its way any more.
    UpdateAnswered,
    /// Nothing to send: the cloud already is as asked.
    Recorded {
        /// What is asked for.
        request: Request,
        /// What others need of it.
        outputs: Value,
    },
    /// A delete is about to be sent.
    DeleteSent {
        /// Seconds since 1970.
        at: u64,
    },
    /// It is no longer there.
    Gone,
}

impl Journal for NoJournal {
    async fn append(&mut self, _entries: &[Entry]) -> Result<(), JournalError> {
        Ok(())
    }
}
