//! What an answer means for its step.

use tokio::time::Instant;

use crate::engine::address::Incarnation;
use crate::engine::cloud_error::CloudError;
use crate::engine::deployment::RunError;
use crate::engine::event::Event;
use crate::engine::journal::{Fact, Journal};
use crate::engine::state::Status;

use super::start::not_visible;
use super::{Answer, Failure, Made, Phase, Walk};

impl<C: Send + Sync + 'static, J: Journal> Walk<'_, C, J> {
    pub(super) fn take(&mut self, answer: Answer) -> Result<(), RunError> {
        if !matches!(answer, Answer::Read { .. }) {
            self.in_flight -= 1;
        }
        let (at, result) = match answer {
            Answer::Read { kind, asked, seen } => return self.take_read(kind, asked, &seen),
            Answer::Forbidden(why) => return Err(why.into()),
            Answer::Created(at, Ok(made)) => return self.created(&at, made),
            // Somebody else's would be visible: the network has delivered this very request twice.
            Answer::Created(at, Err(CloudError::Exists(why))) if !self.has_ended(&at) => {
                (at, Err(CloudError::Unknown(not_visible(&why))))
            }
            Answer::Created(at, Err(e)) => {
                if !matches!(e, CloudError::Unknown(_)) {
                    self.note(&at, Fact::Refused)?;
                }
                (at, Err(e))
            }
            Answer::Updated(at, result) => {
                if !matches!(result, Err(CloudError::Unknown(_))) {
                    self.note(&at, Fact::UpdateAnswered)?;
                }
                if result.is_ok() && self.record(&at).is_some_and(|record| record.unseen) {
                    return self.completed(&at);
                }
                (at, result)
            }
            Answer::Deleted(at, Ok(())) if self.kind(&at).is_some_and(|kind| kind.goes_at_once()) => {
                self.seen.remove(&at);
                self.note(&at, Fact::Gone)?;
                self.done(&at);
                return Ok(());
            }
            Answer::Deleted(at, Err(CloudError::Missing(_))) => {
                self.wait_doubtfully(&at);
                return Ok(());
            }
            Answer::Deleted(at, result) => (at, result),
        };
        match result {
            Ok(()) => self.wait(&at),
            Err(CloudError::Unknown(why)) => self.lost(&at, why),
            Err(CloudError::Expired(why)) => {
                self.set(&at, Phase::Postponed(Instant::now()));
                self.expire(&why);
            }
            Err(e @ CloudError::NotYet(_)) => self.postpone(&at, e),
            // Its predecessor looked gone and is still on its way out.
            Err(CloudError::Exists(why)) if self.has_ended(&at) => self.postpone(&at, CloudError::NotYet(why)),
            // Not everyone who answers has heard of what is new.
            Err(CloudError::Missing(why)) if self.is_new(&at) => self.postpone(&at, CloudError::NotYet(why)),
            // It was there when the plan was made. The next plan sees that it vanished.
            Err(e) => self.fail(&at, Failure::Cloud(e)),
        }
        Ok(())
    }

    /// It is there. Where it is certain what it is like, it gets what the create could not set at once; else a look tells.
    fn created(&mut self, at: &Incarnation, made: Made) -> Result<(), RunError> {
        let now = (self.home.now)();
        self.note(at, Fact::Created { id: made.id.clone(), at: now })?;
        let request = self.step(at).and_then(|step| step.request.clone());
        let (Some(seen), Some(kind), Some(request)) = (made.seen, self.kind(at), request) else {
            self.wait(at);
            return Ok(());
        };
        match kind.outputs(&made.id, &seen) {
            Ok(outputs) => {
                self.seen.insert(at.clone(), seen);
                self.note(at, Fact::Made { outputs })?;
                self.start_update(at, &request)
            }
            Err(e) => {
                self.fail(at, e.into());
                Ok(())
            }
        }
    }

    /// It has got what its create could not set.
    fn completed(&mut self, at: &Incarnation) -> Result<(), RunError> {
        let Some(Status::Updating { outputs, next, .. }) = self.record(at).map(|record| record.status.clone()) else {
            return Ok(());
        };
        self.note(at, Fact::Recorded { request: next, outputs })?;
        self.done(at);
        Ok(())
    }

    /// Puts a step off, longer each time, up to the kind's limit.
    fn postpone(&mut self, at: &Incarnation, why: CloudError) {
        let (Some(kind), Some(progress)) = (self.kind(at), self.progress.get_mut(at)) else { return };
        let (policy, now) = (kind.wait(), Instant::now());
        let since = *progress.postponed_since.get_or_insert(now);
        if since.elapsed() > policy.limit {
            return self.fail(at, Failure::Postponed(since.elapsed(), why));
        }
        progress.postponed += 1;
        let again_in = policy.pause_before(progress.postponed);
        progress.phase = Phase::Postponed(now + again_in);
        self.home.tell(Event::StepPostponed { of: at.clone(), why: why.to_string(), again_in });
    }

    pub(super) fn is_new(&self, at: &Incarnation) -> bool {
        let now = (self.home.now)();
        self.record(at).is_some_and(|record| record.is_new(now))
    }

    /// Whether another life of the same address was deleted in this run.
    fn has_ended(&self, at: &Incarnation) -> bool {
        let predecessor = self.step(at).and_then(|step| self.plan.replaced_by(step));
        predecessor.is_some_and(|step| {
            matches!(self.progress.get(&step.incarnation).map(|progress| &progress.phase), Some(Phase::Done))
        })
    }

    /// As it should be. A fresh one that still differs gets its update next.
    pub(super) fn settled(&mut self, at: &Incarnation) -> Result<(), RunError> {
        let (Some(kind), Some(record)) = (self.kind(at), self.record(at).cloned()) else { return Ok(()) };
        let seen = self.seen.get(at).cloned();
        let (Some(seen), Some(id)) = (seen, record.id()) else {
            self.note(at, Fact::Gone)?;
            self.done(at);
            return Ok(());
        };
        let outputs = match kind.outputs(id, &seen) {
            Ok(outputs) => outputs,
            Err(e) => {
                self.fail(at, e.into());
                return Ok(());
            }
        };
        let old = match &record.status {
            Status::Updating { outputs, .. } | Status::Ready { outputs, .. } => Some(outputs),
            _ => None,
        };
        if old.is_some_and(|old| *old != outputs) {
            self.fail(at, Failure::OutputsMoved);
            return Ok(());
        }
        let planned = self.step(at).and_then(|step| step.request.clone());
        match (&record.status, planned) {
            (Status::Creating { .. } | Status::Ready { .. }, Some(request)) => {
                self.note(at, Fact::Ready { outputs })?;
                self.start_update(at, &request)
            }
            (Status::Updating { .. }, Some(request)) => {
                self.note(at, Fact::Recorded { request, outputs })?;
                self.done(at);
                Ok(())
            }
            _ => {
                self.note(at, Fact::Ready { outputs })?;
                self.done(at);
                Ok(())
            }
        }
    }
}
