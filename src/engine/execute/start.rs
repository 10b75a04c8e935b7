//! Begins steps, and takes them up again after a "not yet".

use std::sync::Arc;

use serde_json::Value;
use tokio::time::Instant;

use crate::engine::address::{Incarnation, Key, Owner};
use crate::engine::cloud_error::{CloudError, CloudResult};
use crate::engine::deployment::RunError;
use crate::engine::event::Event;
use crate::engine::journal::{Fact, Journal};
use crate::engine::kind::Actions;
use crate::engine::plan::Action;
use crate::engine::resolve::look_up;
use crate::engine::resource::Call;
use crate::engine::state::{Record, Request, Status};

use super::{Answer, Failure, Made, Phase, Progress, Sending, Walk, What};

impl<C: Send + Sync + 'static, J: Journal> Walk<'_, C, J> {
    /// Begins every step whose predecessors are done, as far as calls may be under way at once.
    pub(super) fn start_free(&mut self) -> Result<(), RunError> {
        while self.in_flight < self.home.parallel {
            let Some(at) = self.free.pop_first() else { break };
            let Some(action) = self.step(&at).map(|step| step.action) else { continue };
            self.progress.insert(at.clone(), Progress::begin());
            self.home.tell(Event::StepStarted { of: at.clone(), action });
            self.start(&at)?;
        }
        Ok(())
    }

    /// Takes up what was put off and is due.
    pub(super) fn take_up_postponed(&mut self) -> Result<(), RunError> {
        let now = Instant::now();
        let due = |phase: &Phase| matches!(phase, Phase::Postponed(again) if *again <= now);
        let due: Vec<_> = self.progress.iter().filter(|(_, p)| due(&p.phase)).map(|(at, _)| at.clone()).collect();
        for at in due {
            if self.in_flight >= self.home.parallel {
                break;
            }
            // What is to be updated may have changed since it was last looked at: part of the update may have happened.
            if matches!(self.record(&at).map(|record| &record.status), Some(Status::Updating { .. })) {
                self.wait_and_resend(&at);
            } else {
                self.set(&at, Phase::Calling);
                self.start(&at)?;
            }
        }
        Ok(())
    }

    /// The next thing a step has to do, judged by what is recorded. Beginning it and taking it up again are the same.
    fn start(&mut self, at: &Incarnation) -> Result<(), RunError> {
        let Some(step) = self.step(at) else { return Ok(()) };
        let (action, request) = (step.action, step.request.clone());
        match (action, request) {
            (Action::Create | Action::Update | Action::Settle, Some(request)) => match self.record(at) {
                None => self.start_create(at, &request),
                Some(record) if record.is_open() || record.status == Status::Planned => self.start_create(at, &request),
                Some(record) if matches!(record.status, Status::Creating { .. }) || action == Action::Settle => {
                    self.wait(at);
                    Ok(())
                }
                Some(_) => self.start_update(at, &request),
            },
            (Action::Record, Some(request)) => self.take_over(at, &request),
            (Action::Forget, _) => {
                self.note(at, Fact::Gone)?;
                self.done(at);
                Ok(())
            }
            (Action::Delete, _) => self.start_delete(at),
            (_, None) => {
                self.fail(at, Failure::PlanIsStale("request".into()));
                Ok(())
            }
        }
    }

    fn start_create(&mut self, at: &Incarnation, request: &Request) -> Result<(), RunError> {
        let Some(kind) = self.kind(at) else {
            self.fail(at, Failure::UnknownKind);
            return Ok(());
        };
        let (key, book) = (Key::derive(&self.home.state.owner.lineage, at), self.home.book(request));
        let expected = match kind.natural_id(&request.properties, &book) {
            Ok(expected) => expected,
            Err(e) => {
                self.fail(at, Failure::Cloud(e));
                return Ok(());
            }
        };
        let asked = |record: &Record| expected.is_some() && record.expected == expected;
        let sent_before = self
            .home
            .state
            .lives(&at.address)
            .any(|(life, record)| record.status != Status::Planned && (life == at || asked(record)));
        let fact = Fact::CreateSent {
            key: key.clone(),
            request: request.clone(),
            expected: expected.clone(),
            at: (self.home.now)(),
        };
        self.note(at, fact)?;
        let call = What::Create { properties: request.properties.clone(), expected, sent_before };
        self.send(Sending { at: at.clone(), kind, key, book, call });
        Ok(())
    }

    /// Compares again, with real outputs: the plan may be narrowed, never widened.
    pub(super) fn start_update(&mut self, at: &Incarnation, request: &Request) -> Result<(), RunError> {
        let (Some(kind), Some(record), Some(seen)) = (self.kind(at), self.record(at), self.seen.get(at)) else {
            self.fail(at, Failure::UnknownKind);
            return Ok(());
        };
        let book = self.home.book(request);
        let recorded = record.perhaps().into_owned();
        let changes = match kind.compare(&request.properties, &recorded, seen, &book) {
            Ok(changes) => changes,
            Err(e) => {
                self.fail(at, e.into());
                return Ok(());
            }
        };
        if let Some(change) = changes.replacing() {
            self.fail(at, Failure::PlanIsStale(change.field.clone()));
            return Ok(());
        }
        if changes.is_empty() {
            if record.request == *request && matches!(record.status, Status::Ready { .. }) {
                self.done(at);
                return Ok(());
            }
            return self.take_over(at, request);
        }
        let (key, id, seen) = (record.key.clone(), record.id().cloned().unwrap_or_default(), seen.clone());
        self.note(at, Fact::UpdateSent { request: request.clone(), at: (self.home.now)() })?;
        let call = What::Update { properties: request.properties.clone(), recorded, id, seen };
        self.send(Sending { at: at.clone(), kind, key, book, call });
        Ok(())
    }

    pub(super) fn start_delete(&mut self, at: &Incarnation) -> Result<(), RunError> {
        let (Some(kind), Some(record)) = (self.kind(at), self.record(at)) else {
            self.fail(at, Failure::UnknownKind);
            return Ok(());
        };
        let (key, id) = (record.key.clone(), record.id().cloned().unwrap_or_default());
        let (recorded, book) = (record.request.clone(), self.home.book(&record.request));
        self.note(at, Fact::DeleteSent { at: (self.home.now)() })?;
        self.send(Sending { at: at.clone(), kind, key, book, call: What::Delete { recorded, id } });
        Ok(())
    }

    /// The cloud already is as asked: only the record changes.
    fn take_over(&mut self, at: &Incarnation, request: &Request) -> Result<(), RunError> {
        let id = self.record(at).and_then(|record| record.id().cloned());
        let (Some(kind), Some(id), Some(seen)) = (self.kind(at), id, self.seen.get(at)) else {
            self.fail(at, Failure::UnknownKind);
            return Ok(());
        };
        match kind.outputs(&id, seen) {
            Ok(outputs) => {
                self.note(at, Fact::Recorded { request: request.clone(), outputs })?;
                self.done(at);
            }
            Err(e) => self.fail(at, e.into()),
        }
        Ok(())
    }

    /// Whoever calls is not looked at until the call is answered: a look that comes before would be an answer to something else.
    fn send(&mut self, sending: Sending<C>) {
        self.set(&sending.at, Phase::Calling);
        self.in_flight += 1;
        self.sending.push(sending);
    }
}

/// One call, in a task of its own. Touches neither journal nor state.
pub(super) async fn send<C: Send + Sync + 'static>(sending: Sending<C>, cloud: Arc<C>, owner: Owner) -> Answer {
    let Sending { at, kind, key, book, call: what } = sending;
    let recorded = match &what {
        What::Create { .. } => &Request::default(),
        What::Update { recorded, .. } | What::Delete { recorded, .. } => recorded,
    };
    let call = Call { cloud: &*cloud, key: &key, owner: &owner, of: &at, book: &book, recorded };
    match &what {
        What::Create { properties, expected, sent_before } => {
            let answer = match kind.create(call, properties).await {
                // What cannot be told is looked at.
                Ok(id) => Ok(Made { seen: kind.as_made(call, properties, &id).unwrap_or_default(), id }),
                Err(CloudError::Exists(why)) => {
                    let found = adopt(kind, call, expected.as_ref(), *sent_before, why).await;
                    found.map(|id| Made { id, seen: None })
                }
                Err(error) => Err(error),
            };
            Answer::Created(at, answer)
        }
        What::Update { properties, id, seen, .. } => {
            let answer = kind.update(call, properties, id, seen).await;
            Answer::Updated(at, answer)
        }
        What::Delete { recorded, id } => {
            let answer = kind.delete(call, &recorded.properties, id).await;
            Answer::Deleted(at, answer)
        }
    }
}

/// What is said of something that exists and does not show.
pub(super) fn not_visible(why: &str) -> String {
    format!("it exists and is not visible yet ({why})")
}

/// Something of this identity exists. By key it is ours; by natural identity only if this address asked for it before. Anything else
/// belongs to a stranger and is left alone.
async fn adopt<C: Send + Sync + 'static>(
    kind: &'static dyn Actions<C>,
    call: Call<'_, C>,
    expected: Option<&Value>,
    sent_before: bool,
    why: String,
) -> CloudResult<Value> {
    let unclear = |e: CloudError| CloudError::Unknown(e.to_string());
    let owned = kind.find_owned(call.cloud, call.owner).await.map_err(unclear)?;
    let by_key = owned.iter().any(|(found, _)| found.is(call.key));
    match look_up(kind, call.cloud, &owned, call.key, expected).await.map_err(unclear)? {
        Some(id) if by_key || sent_before => Ok(id),
        Some(_) => Err(CloudError::Foreign(why)),
        None if sent_before => Err(CloudError::Unknown(not_visible(&why))),
        None => Err(CloudError::Exists(why)),
    }
}
