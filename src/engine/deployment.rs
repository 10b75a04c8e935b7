//! One deployment: resolve what is unproved, observe, plan, execute; again while only answers were lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::address::{Address, Incarnation};
use super::cloud_error::CloudError;
use super::event::{Event, Listener};
use super::execute::{Failure, Outcome, execute};
use super::graph::Graph;
use super::journal::{Entry, Fact, Journal, JournalError};
use super::kind::Registry;
use super::plan::{Action, Observations, Plan};
use super::planner::{PlanError, plan, release};
use super::reference::Book;
use super::state::{IllegalStep, Request, State};

/// A stack, the cloud it lives in, and the journal that remembers.
pub struct Deployment<C: 'static, J> {
    /// The kinds.
    pub registry: Registry<C>,
    /// The clients.
    pub cloud: Arc<C>,
    /// Where every fact goes before it counts.
    pub journal: J,
    /// The fold of the journal.
    pub state: State,
    /// Seconds since 1970.
    pub now: fn() -> u64,
    /// How many calls that change something may be under way at once.
    pub parallel: usize,
    /// Who is told.
    pub listener: Box<dyn Listener>,
    /// Becomes true when the user wants to stop.
    pub stop: watch::Receiver<bool>,
}

/// What a run did and left undone.
#[derive(Debug, Default)]
pub struct Report {
    /// Steps that came to their end.
    pub done: BTreeSet<Incarnation>,
    /// Steps that failed.
    pub failed: BTreeMap<Incarnation, Failure>,
    /// Steps that were never begun, because one before them failed or the run was stopped.
    pub left: BTreeSet<Incarnation>,
    /// Steps whose answer was lost, again and again.
    pub unproved: BTreeSet<Incarnation>,
    /// The user stopped it.
    pub stopped: bool,
    /// The credentials are no longer good; the cloud's words.
    pub expired: Option<String>,
}

/// What a plan is to bring about.
pub(super) enum Aim<'a> {
    /// That everything is as the graph says.
    Blueprint(&'a Graph),
    /// That these are no longer protected, and nothing else.
    Release(&'a BTreeSet<Address>),
}

/// A run that could not go on at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Nothing can be remembered, so nothing more is sent.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal and the run contradict each other.
    #[error("the journal is inconsistent")]
    State(#[from] IllegalStep),
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The cloud could not be read.
    #[error("could not read the resources of kind {0}")]
    Read(String, #[source] CloudError),
    /// The state was written by a version with more kinds.
    #[error("the state has a resource of kind {0}, which this version does not know")]
    UnknownKind(String),
    /// After lost answers, the way forward turned out to be another one than was approved.
    #[error("after a lost answer the plan would do more than what was approved: {}", .0.join(", "))]
    Wider(Vec<String>),
    /// The user stopped it before anything was sent.
    #[error("stopped")]
    Stopped,
}

/// After this many rounds with lost answers the connection is at fault, not the luck.
const ROUNDS: usize = 4;

impl Report {
    /// Everything came to its end.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty()
            && self.left.is_empty()
            && self.unproved.is_empty()
            && !self.stopped
            && self.expired.is_none()
    }

    fn add(&mut self, outcome: Outcome) {
        self.done.extend(outcome.done);
        self.failed = outcome.failed;
        self.left = outcome.left;
        self.unproved = outcome.unproved;
        self.stopped = outcome.stopped;
        self.expired = outcome.expired;
    }
}

impl<C: Send + Sync + 'static, J: Journal> Deployment<C, J> {
    /// Looks up what an earlier run left unproved, reads everything, and works out what is to be done.
    pub async fn plan(&mut self, graph: &Graph) -> Result<(Plan, Observations), RunError> {
        self.plan_for(&Aim::Blueprint(graph)).await
    }

    pub(super) async fn plan_for(&mut self, aim: &Aim<'_>) -> Result<(Plan, Observations), RunError> {
        self.resolve().await?;
        let seen = self.observe().await?;
        let rules = self.registry.rules();
        let plan = match aim {
            Aim::Blueprint(graph) => plan(graph, &self.state, &seen, &rules)?,
            Aim::Release(addresses) => release(addresses, &self.state, &seen, &rules)?,
        };
        Ok((plan, seen))
    }

    /// Carries out an approved plan. Where only answers were lost it looks, plans anew and goes on, but never does more than approved.
    pub async fn apply(&mut self, graph: &Graph, approved: &Plan, seen: &Observations) -> Result<Report, RunError> {
        self.carry_out(&Aim::Blueprint(graph), approved, seen).await
    }

    pub(super) async fn carry_out(
        &mut self,
        aim: &Aim<'_>,
        approved: &Plan,
        seen: &Observations,
    ) -> Result<Report, RunError> {
        self.tell(Event::ApplyStarted { totals: approved.totals() });
        let mut report = Report::default();
        report.add(execute(self, approved, seen).await?);
        for _ in 1..ROUNDS {
            let ended = !report.failed.is_empty() || report.stopped || report.expired.is_some();
            if ended || report.unproved.is_empty() {
                break;
            }
            let stop = self.stop.clone();
            let (next, seen) = tokio::select! {
                biased;
                next = self.plan_for(aim) => next?,
                () = stopped(stop) => {
                    report.stopped = true;
                    break;
                }
            };
            refuse_wider(approved, &next)?;
            report.add(execute(self, &next, &seen).await?);
        }
        Ok(report)
    }

    /// Makes entries durable and takes them into the state.
    pub async fn write(&mut self, entries: &[Entry]) -> Result<(), RunError> {
        self.journal.append(entries).await?;
        Ok(entries.iter().try_for_each(|entry| self.state.apply(entry))?)
    }

    pub(super) async fn record(&mut self, of: &Incarnation, fact: Fact) -> Result<(), RunError> {
        self.write(&[Entry::Happened { of: of.clone(), fact }]).await
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.listener.on(event);
    }

    /// Sleeps, unless the user stops the run.
    pub(super) async fn pause(&mut self, duration: Duration) -> Result<(), RunError> {
        tokio::select! {
            () = tokio::time::sleep(duration) => Ok(()),
            () = stopped(self.stop.clone()) => Err(RunError::Stopped),
        }
    }

    /// The outputs that a request may use: exactly those of the lives it names.
    pub(super) fn book(&self, request: &Request) -> Book {
        Book::recorded(request, &self.state.records)
    }
}

/// Waits until the user wants to stop. For ever, if nobody can say so any more.
pub async fn stopped(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A later round may create, update or delete only what the approved plan touches in that way. A ghost of something that was being
/// created may turn up and be cleaned away.
fn refuse_wider(approved: &Plan, now: &Plan) -> Result<(), RunError> {
    let did: BTreeSet<_> = approved.steps.values().map(|step| (&step.incarnation.address, step.action)).collect();
    let allowed = |address, action| did.contains(&(address, action)) || did.contains(&(address, Action::Create));
    let wider = now.steps.values().filter(|step| match step.action {
        Action::Create | Action::Update | Action::Delete => !allowed(&step.incarnation.address, step.action),
        Action::Settle | Action::Record | Action::Forget => false,
    });
    let wider: Vec<String> = wider.map(|step| format!("{:?} {}", step.action, step.incarnation)).collect();
    if wider.is_empty() { Ok(()) } else { Err(RunError::Wider(wider)) }
}
