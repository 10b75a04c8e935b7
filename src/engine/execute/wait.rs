//! The one place that waits for the cloud: every resource that is on its way is looked at, all of a kind in one read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::engine::address::Incarnation;
use crate::engine::cloud_error::{CloudError, CloudResult};
use crate::engine::deployment::RunError;
use crate::engine::event::Event;
use crate::engine::journal::Journal;
use crate::engine::kind::{Actions, Seen};
use crate::engine::resource::{Look, Readiness};
use crate::engine::state::{NEW, Status};

use super::{Answer, Failure, Phase, Walk};

/// Something that is waited for.
pub(super) struct Wait {
    since: Instant,
    next: Instant,
    /// A read that includes it is under way.
    asked: bool,
    looks: u32,
    stable: u32,
    why: String,
    purpose: Purpose,
}

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// What was sent to take effect.
    Effect,
    /// The update was answered with "not yet": send it again once this is ready.
    SendAgain,
    /// Done as far as the answers tell. A look that says otherwise is still worth telling.
    Unseen,
    /// The delete was answered with "not there". The next answer may say otherwise, so one look that agrees is not enough.
    Doubtful,
}

/// The pause between two looks that shall not be answered by the same stale copy.
const DOUBT: Duration = Duration::from_secs(10);

impl Wait {
    /// Whether what is waited for counts as done all the same.
    pub(super) fn is_of_done(&self) -> bool {
        self.purpose == Purpose::Unseen
    }
}

/// After so many looks, which take some seconds, what still differs is not a stale answer.
const BELIEVED: u32 = 6;

/// What a look showed.
enum Verdict {
    AsWanted,
    SendAgain,
    NotYet(String),
    Never(Failure),
}

impl<C: Send + Sync + 'static, J: Journal> Walk<'_, C, J> {
    /// Begins to wait for a life; the first look comes at once.
    pub(super) fn wait(&mut self, at: &Incarnation) {
        self.begin_wait(at, Purpose::Effect);
    }

    /// The same, for an update that the cloud was not ready for.
    pub(super) fn wait_and_resend(&mut self, at: &Incarnation) {
        self.begin_wait(at, Purpose::SendAgain);
    }

    /// The same, for something to be deleted that the cloud did not know.
    pub(super) fn wait_doubtfully(&mut self, at: &Incarnation) {
        self.begin_wait(at, Purpose::Doubtful);
    }

    /// Looks at what nobody has looked at yet, once nothing is being sent: all of a kind in one read, while others are still waited for.
    pub(super) fn wait_for_unseen(&mut self) {
        if self.in_flight > 0 || !self.free.is_empty() || self.progress.values().any(|progress| progress.is_postponed())
        {
            return;
        }
        let unseen = self.progress.iter().filter(|(_, progress)| matches!(progress.phase, Phase::Unseen));
        for at in unseen.map(|(at, _)| at.clone()).collect::<Vec<_>>() {
            self.begin_wait(&at, Purpose::Unseen);
        }
    }

    fn begin_wait(&mut self, at: &Incarnation, purpose: Purpose) {
        let now = Instant::now();
        let why = "not looked at yet".to_owned();
        let wait = Wait { since: now, next: now, asked: false, looks: 0, stable: 0, why, purpose };
        self.set(at, Phase::Waiting(wait));
    }

    /// When something has to be done although nothing is answered.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let due = |phase: &Phase| match phase {
            Phase::Postponed(again) => Some(*again),
            Phase::Waiting(wait) if !wait.asked => Some(wait.next),
            _ => None,
        };
        let full = self.in_flight >= self.home.parallel;
        let waiting = self.progress.values().map(|progress| &progress.phase);
        waiting.filter(|phase| !(full && matches!(phase, Phase::Postponed(_)))).filter_map(due).min()
    }

    /// Starts one batched read for each kind that has something due. What is due soon is taken along.
    pub(super) fn look_at_waiting(&mut self) {
        let now = Instant::now();
        let mut kinds: BTreeMap<&'static str, Vec<Incarnation>> = BTreeMap::new();
        for (at, progress) in &self.progress {
            let Phase::Waiting(wait) = &progress.phase else { continue };
            if !wait.asked
                && wait.next <= now
                && let Some(kind) = self.home.registry.actions(&at.address.kind)
            {
                kinds.entry(kind.kind()).or_default();
            }
        }
        for (at, progress) in &mut self.progress {
            let (Phase::Waiting(wait), Some(kind)) =
                (&mut progress.phase, self.home.registry.actions(&at.address.kind))
            else {
                continue;
            };
            let soon = wait.next <= now + kind.wait().pause_before(wait.looks) / 2;
            if let Some(asked) = kinds.get_mut(kind.kind()).filter(|_| soon && !wait.asked) {
                wait.asked = true;
                asked.push(at.clone());
            }
        }
        for (name, asked) in kinds {
            let Some(kind) = self.home.registry.actions(name) else { continue };
            let ids: Vec<Value> = asked.iter().filter_map(|at| self.record(at)?.id().cloned()).collect();
            let cloud = Arc::clone(&self.home.cloud);
            self.looks.spawn(async move {
                let seen = kind.read(&cloud, &ids, Look::Close).await;
                Answer::Read { kind: name, asked, seen }
            });
        }
    }

    /// Judges everyone the read asked about. There is one read at a time for each, and a wait ends with an answer only, so each is to its question.
    pub(super) fn take_read(
        &mut self,
        kind: &'static str,
        asked: Vec<Incarnation>,
        seen: &CloudResult<Seen>,
    ) -> Result<(), RunError> {
        if let Err(CloudError::Expired(why)) = seen {
            self.expire(why);
            return Ok(());
        }
        for at in asked {
            let Some(Phase::Waiting(wait)) = self.progress.get_mut(&at).map(|progress| &mut progress.phase) else {
                continue;
            };
            wait.asked = false;
            wait.looks += 1;
            let (purpose, looks) = (wait.purpose, wait.looks);
            let verdict = match seen {
                Ok(seen) => self.judge(&at, seen, purpose, looks),
                Err(e) => Verdict::NotYet(format!("could not look: {e}")),
            };
            match verdict {
                Verdict::AsWanted if self.is_stable(kind, &at) => self.settled(&at)?,
                Verdict::AsWanted => {}
                Verdict::SendAgain => {
                    self.set(&at, Phase::Calling);
                    match self.request(&at) {
                        _ if purpose == Purpose::Doubtful => self.start_delete(&at)?,
                        Some(request) => self.start_update(&at, &request)?,
                        None => {}
                    }
                }
                Verdict::NotYet(why) => self.look_again(kind, &at, why),
                Verdict::Never(failure) => self.fail(&at, failure),
            }
        }
        Ok(())
    }

    /// Done means gone, or ready *and* without difference from what is asked for. So a plan after an apply is empty.
    fn judge(&mut self, at: &Incarnation, all: &Seen, purpose: Purpose, looks: u32) -> Verdict {
        let (Some(kind), Some(record)) = (self.kind(at), self.record(at)) else {
            return Verdict::Never(Failure::UnknownKind);
        };
        let seen = record.id().and_then(|id| all.get(&id.to_string())).cloned();
        let status = record.status.clone();
        let deleting = matches!(status, Status::Deleting { .. });
        let Some(seen) = seen else {
            self.seen.remove(at);
            return if deleting { Verdict::AsWanted } else { Verdict::NotYet("not visible yet".into()) };
        };
        self.seen.insert(at.clone(), seen.clone());
        let mut undone = None;
        match kind.readiness(&seen) {
            Err(e) => return Verdict::Never(e.into()),
            Ok(Readiness::Pending(why)) => return Verdict::NotYet(why),
            Ok(Readiness::Ready) if deleting && purpose == Purpose::Doubtful => return Verdict::SendAgain,
            Ok(_) if deleting => return Verdict::NotYet("still there".into()),
            Ok(Readiness::Stuck(why) | Readiness::Unusable(why)) => return Verdict::Never(Failure::Failed(why)),
            Ok(Readiness::Leaving) => return Verdict::Never(Failure::Failed("someone is deleting it".into())),
            Ok(Readiness::Undone(why)) => undone = Some(why),
            Ok(Readiness::Ready) => {}
        }
        let Some(request) = self.request(at) else { return Verdict::Never(Failure::UnknownKind) };
        let changes = match kind.compare(&request.properties, &request, &seen, &self.home.book(&request)) {
            Ok(changes) => changes,
            Err(e) => return Verdict::Never(e.into()),
        };
        match changes.0.first() {
            // What the cloud does not show may be left to do, too; whoever sends compares with the record.
            _ if purpose == Purpose::SendAgain => Verdict::SendAgain,
            Some(_) if let Some(why) = undone => Verdict::Never(Failure::Failed(why)),
            // A fresh one that differs gets its update next; so does one that got it unseen, when looking again does not help.
            Some(_) if purpose == Purpose::Unseen && looks >= BELIEVED => Verdict::AsWanted,
            Some(change) if !matches!(status, Status::Creating { .. }) => {
                let after = change.after.as_ref().unwrap_or(&Value::Null);
                Verdict::NotYet(format!("`{}` is still {} and not {after}", change.field, change.before))
            }
            _ => Verdict::AsWanted,
        }
    }

    fn is_stable(&mut self, kind: &'static str, at: &Incarnation) -> bool {
        let Some(policy) = self.home.registry.actions(kind).map(Actions::wait) else { return true };
        let Some(Phase::Waiting(wait)) = self.progress.get_mut(at).map(|progress| &mut progress.phase) else {
            return false;
        };
        let (looks, pause) = match wait.purpose {
            Purpose::Doubtful => (policy.stable_looks.max(2), DOUBT),
            Purpose::Effect | Purpose::Unseen | Purpose::SendAgain => {
                (policy.stable_looks, policy.pause_before(wait.stable + 1))
            }
        };
        wait.stable += 1;
        wait.next = Instant::now() + pause;
        wait.stable >= looks
    }

    fn look_again(&mut self, kind: &'static str, at: &Incarnation, why: String) {
        let Some(policy) = self.home.registry.actions(kind).map(Actions::wait) else { return };
        // How long something takes to show has nothing to do with how long it takes to become ready.
        let limit = if self.is_new(at) { policy.limit.max(Duration::from_secs(NEW)) } else { policy.limit };
        let Some(Phase::Waiting(wait)) = self.progress.get_mut(at).map(|progress| &mut progress.phase) else {
            return;
        };
        let waited = wait.since.elapsed();
        wait.stable = 0;
        wait.next = Instant::now() + policy.pause_before(wait.looks);
        let changed = wait.why != why;
        wait.why.clone_from(&why);
        if waited > limit {
            return self.fail(at, Failure::TimedOut(waited, why));
        }
        if changed || wait.looks.is_multiple_of(8) {
            self.home.tell(Event::StillWaiting { of: at.clone(), why, waited });
        }
    }
}
