//! Walks a plan. One loop owns journal and state; tasks only call the cloud; one batched read serves all waits of a kind.
//!
//! Each turn of the loop goes *decide, write, act*: what was decided is collected, made durable in one append, and only then sent.

mod answer;
mod progress;
mod start;
mod wait;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::address::{Incarnation, Key};
use super::cloud_error::{CloudError, CloudResult};
use super::deployment::{Deployment, RunError, stopped};
use super::event::Event;
use super::journal::{Entry, Fact, Journal, JournalError};
use super::kind::{Actions, KindError, Seen};
use super::plan::{Action, Observations, Plan, Step};
use super::reference::Book;
use super::state::{Record, Request};

use progress::{Phase, Progress};

/// Why a step failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// The cloud refused.
    #[error(transparent)]
    Cloud(CloudError),
    /// It was asked again and again, and the cloud always said "not yet".
    #[error("still not possible after {} s", .0.as_secs())]
    Postponed(Duration, #[source] CloudError),
    /// It did not become ready within the kind's limit. The next run goes on waiting.
    #[error("not ready after {} s: {}", .0.as_secs(), .1)]
    TimedOut(Duration, String),
    /// It will never become ready as it is. The next run replaces it, or tries the change again.
    #[error("it failed: {0}")]
    Failed(String),
    /// Its outputs changed during its life. A fault in the kind.
    #[error("its outputs changed during its life, which its kind does not foresee")]
    OutputsMoved,
    /// With real outputs known, a field demands a replacement that was not planned.
    #[error("`{0}` now demands a replacement; plan again")]
    PlanIsStale(String),
    /// Unreadable JSON of a kind, or one that is not registered.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// The kind is not registered.
    #[error("this version does not know its kind")]
    UnknownKind,
}

/// How a walk ended.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) done: BTreeSet<Incarnation>,
    pub(super) failed: BTreeMap<Incarnation, Failure>,
    pub(super) left: BTreeSet<Incarnation>,
    pub(super) unproved: BTreeSet<Incarnation>,
    pub(super) stopped: bool,
    pub(super) expired: Option<String>,
}

/// How long a run that was stopped waits for answers. A user who asks for an end wants it within five seconds, and saving takes some of them.
const PATIENCE: Duration = Duration::from_secs(4);

/// A call that may be sent once everything decided so far is durable.
struct Sending<C: 'static> {
    at: Incarnation,
    kind: &'static dyn Actions<C>,
    key: Key,
    book: Book,
    call: What,
}

enum What {
    /// `expected` is the natural id; `sent_before` says that this address asked for it earlier.
    Create {
        properties: Value,
        expected: Option<Value>,
        sent_before: bool,
    },
    Update {
        properties: Value,
        recorded: Request,
        id: Value,
        seen: Value,
    },
    Delete {
        recorded: Request,
        id: Value,
    },
}

/// What a create made.
struct Made {
    id: Value,
    /// What a look would show, where that is certain.
    seen: Option<Value>,
}

enum Answer {
    Created(Incarnation, CloudResult<Made>),
    Updated(Incarnation, CloudResult<()>),
    Deleted(Incarnation, CloudResult<()>),
    /// The run is not the one that may change anything any more.
    Forbidden(JournalError),
    /// About whom was asked: an id that was not in the question is not absent.
    Read {
        kind: &'static str,
        asked: Vec<Incarnation>,
        seen: CloudResult<Seen>,
    },
}

struct Walk<'a, C: 'static, J> {
    home: &'a mut Deployment<C, J>,
    plan: &'a Plan,
    /// The latest observation of each life.
    seen: Observations,
    progress: BTreeMap<Incarnation, Progress>,
    /// Steps whose predecessors are all done and that were not begun.
    free: BTreeSet<Incarnation>,
    /// How many predecessors of each step are not done.
    blocked: BTreeMap<Incarnation, usize>,
    /// Who waits for each step.
    followers: BTreeMap<Incarnation, Vec<Incarnation>>,
    /// Decided and in the state, but not yet durable.
    entries: Vec<Entry>,
    /// To be sent once the entries are durable.
    sending: Vec<Sending<C>>,
    /// Calls that change something.
    calls: JoinSet<Answer>,
    /// Looks at what is waited for.
    looks: JoinSet<Answer>,
    in_flight: usize,
    /// When a run that was stopped no longer waits for answers.
    gives_up: Option<Instant>,
    outcome: Outcome,
}

/// Carries out a plan as far as it goes.
pub(super) async fn execute<C: Send + Sync + 'static, J: Journal>(
    home: &mut Deployment<C, J>,
    plan: &Plan,
    seen: &Observations,
) -> Result<Outcome, RunError> {
    let mut followers: BTreeMap<Incarnation, Vec<Incarnation>> = BTreeMap::new();
    for (at, step) in &plan.steps {
        for before in &step.after {
            followers.entry(before.clone()).or_default().push(at.clone());
        }
    }
    let mut walk = Walk {
        home,
        plan,
        seen: seen.clone(),
        progress: BTreeMap::new(),
        free: plan.steps.iter().filter(|(_, step)| step.after.is_empty()).map(|(at, _)| at.clone()).collect(),
        blocked: plan.steps.iter().map(|(at, step)| (at.clone(), step.after.len())).collect(),
        followers,
        entries: Vec::new(),
        sending: Vec::new(),
        calls: JoinSet::new(),
        looks: JoinSet::new(),
        in_flight: 0,
        gives_up: None,
        outcome: Outcome::default(),
    };
    walk.announce()?;
    walk.run().await?;
    let outcome = walk.finish();
    home.forget_planned().await?;
    Ok(outcome)
}

impl<C: Send + Sync + 'static, J: Journal> Walk<'_, C, J> {
    /// Writes down every create of the plan. Durable with the first call at the latest.
    fn announce(&mut self) -> Result<(), RunError> {
        for step in self.plan.steps.values().filter(|step| step.action == Action::Create) {
            let at = &step.incarnation;
            if let (None, Some(request)) = (self.record(at), &step.request) {
                let key = Key::derive(&self.home.state.owner.lineage, at);
                self.note(at, Fact::Planned { key, request: request.clone() })?;
            }
        }
        Ok(())
    }

    async fn run(&mut self) -> Result<(), RunError> {
        let stop = self.home.stop.clone();
        loop {
            if *stop.borrow() {
                self.stop();
            }
            if self.gives_up.is_none() {
                self.start_free()?;
                self.take_up_postponed()?;
                self.wait_for_unseen();
                self.look_at_waiting();
            }
            self.write_then_send().await?;
            let next = self.gives_up.or_else(|| self.next_due());
            if self.calls.is_empty() && self.looks.is_empty() && (next.is_none() || self.gives_up.is_some()) {
                return Ok(());
            }
            tokio::select! {
                biased;
                Some(answer) = self.calls.join_next() => self.take_answers(answer)?,
                Some(answer) = self.looks.join_next() => self.take_answers(answer)?,
                () = stopped(stop.clone()), if !self.outcome.stopped => self.stop(),
                () = sleep_until(next), if next.is_some() => {
                    if self.gives_up.is_some_and(|at| at <= Instant::now()) {
                        self.give_up();
                    }
                }
            }
        }
    }

    /// Sends nothing more, for the user wants to stop.
    fn stop(&mut self) {
        if !self.outcome.stopped {
            self.outcome.stopped = true;
            self.home.tell(Event::StopRequested { in_flight: self.in_flight });
            self.wind_down();
        }
    }

    /// Sends nothing more, for every answer would be the same.
    fn expire(&mut self, why: &str) {
        if self.outcome.expired.is_none() {
            self.outcome.expired = Some(why.to_owned());
            self.home.tell(Event::CredentialsExpired { why: why.to_owned() });
            self.wind_down();
        }
    }

    /// Looks are let go of; whoever changes something is awaited for a while.
    fn wind_down(&mut self) {
        self.looks = JoinSet::new();
        self.gives_up.get_or_insert(Instant::now() + PATIENCE);
    }

    /// Those who have not answered by now are looked up by the next run: that they were sent is written down.
    fn give_up(&mut self) {
        self.calls = JoinSet::new();
        let calling = self.progress.iter().filter(|(_, progress)| matches!(progress.phase, Phase::Calling));
        let calling: Vec<Incarnation> = calling.map(|(at, _)| at.clone()).collect();
        for at in calling {
            self.lost(&at, "no answer yet".into());
        }
    }

    /// Handles one answer and all others that are there already, so that one append serves them all.
    fn take_answers(&mut self, first: Result<Answer, tokio::task::JoinError>) -> Result<(), RunError> {
        let mut next = Some(first);
        while let Some(answer) = next {
            match answer {
                Ok(answer) => self.take(answer)?,
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            }
            next = self.calls.try_join_next().or_else(|| self.looks.try_join_next());
        }
        Ok(())
    }

    /// Takes a fact into the state and queues it for the journal.
    fn note(&mut self, of: &Incarnation, fact: Fact) -> Result<(), RunError> {
        let entry = Entry::Happened { of: of.clone(), fact };
        self.home.state.apply(&entry)?;
        self.entries.push(entry);
        Ok(())
    }

    /// Makes durable what was decided; then, and only then, sends.
    async fn write_then_send(&mut self) -> Result<(), RunError> {
        if !self.entries.is_empty() {
            self.home.journal.append(&self.entries).await?;
            self.entries.clear();
        }
        for sending in std::mem::take(&mut self.sending) {
            let (cloud, owner) = (Arc::clone(&self.home.cloud), self.home.state.owner.clone());
            let answer = self.home.journal.permit().hold(start::send(sending, cloud, owner));
            self.calls.spawn(async { answer.await.unwrap_or_else(Answer::Forbidden) });
        }
        Ok(())
    }

    fn kind(&self, of: &Incarnation) -> Option<&'static dyn Actions<C>> {
        self.home.registry.actions(&of.address.kind)
    }

    fn record(&self, of: &Incarnation) -> Option<&Record> {
        self.home.state.records.get(of)
    }

    fn step(&self, of: &Incarnation) -> Option<&Step> {
        self.plan.steps.get(of)
    }

    /// What is asked for: by the plan, else what was recorded.
    fn request(&self, of: &Incarnation) -> Option<Request> {
        let planned = self.step(of).and_then(|step| step.request.as_ref());
        planned.or(self.record(of).map(|record| &record.request)).cloned()
    }

    fn set(&mut self, of: &Incarnation, phase: Phase) {
        if let Some(progress) = self.progress.get_mut(of) {
            progress.phase = phase;
        }
    }

    fn done(&mut self, at: &Incarnation) {
        let is_unseen = self.record(at).is_some_and(|record| record.unseen);
        self.set(at, if is_unseen { Phase::Unseen } else { Phase::Done });
        self.release(at);
    }

    /// What waits for this step may begin. Said once.
    fn release(&mut self, at: &Incarnation) {
        let Some(progress) = self.progress.get_mut(at).filter(|progress| !progress.released) else { return };
        progress.released = true;
        for follower in self.followers.remove(at).into_iter().flatten() {
            if let Some(left) = self.blocked.get_mut(&follower) {
                *left -= 1;
                if *left == 0 {
                    self.free.insert(follower);
                }
            }
        }
        let took = self.progress.get(at).map_or(Duration::ZERO, |progress| progress.begun.elapsed());
        if let Some(step) = self.step(at) {
            let action = step.action;
            self.home.tell(Event::StepFinished { of: at.clone(), action, took });
        }
    }

    fn fail(&mut self, at: &Incarnation, why: Failure) {
        self.set(at, Phase::Failed);
        if let Some(step) = self.step(at) {
            let action = step.action;
            self.home.tell(Event::StepFailed { of: at.clone(), action, why: chain(&why) });
        }
        self.outcome.failed.insert(at.clone(), why);
    }

    fn lost(&mut self, at: &Incarnation, why: String) {
        self.set(at, Phase::Lost);
        self.home.tell(Event::AnswerLost { of: at.clone(), why });
        self.outcome.unproved.insert(at.clone());
    }

    fn finish(mut self) -> Outcome {
        for at in self.plan.steps.keys() {
            match self.progress.get(at).map(|progress| &progress.phase) {
                Some(phase) if phase.is_done() => {
                    self.outcome.done.insert(at.clone());
                }
                Some(Phase::Failed | Phase::Lost) => {}
                Some(_) | None => {
                    self.outcome.left.insert(at.clone());
                }
            }
        }
        self.outcome
    }
}

async fn sleep_until(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at).await;
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
