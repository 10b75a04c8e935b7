//! Desired, recorded and observed in; a plan out. A pure function: no clock, no cloud, no disk.

mod decide;
mod order;
mod release;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::address::{Address, Incarnation};
use super::graph::Graph;
use super::kind::{KindError, RuleBook, Rules};
use super::plan::{Observations, Plan, Step};
use super::reference::Book;
use super::state::State;

pub use release::{Unreleasable, protected, release};

/// A plan that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The state was written by a version with more kinds.
    #[error("{0} is of a kind that this version does not know")]
    UnknownKind(Address),
    /// A create was sent and not looked up. A fault in the engine.
    #[error("{0} was sent and not yet resolved")]
    Unresolved(Incarnation),
    /// Protected resources would be deleted or replaced.
    #[error("still protected: {}", list(.0))]
    Protected(Vec<ProtectedResource>),
    /// Protection that cannot be lifted.
    #[error("the protection of {0} cannot be lifted: {1}")]
    Release(Address, Unreleasable),
    /// A kind does not look at a target that is made anew. A fault in the kind.
    #[error("{0} does not compare its reference to {1}")]
    ReferenceIgnored(Address, Address),
    /// Something would lose a target that it still holds. A fault in a kind.
    #[error("{0} would lose {1}, which it still holds")]
    StillHeld(Incarnation, Incarnation),
    /// Steps wait for each other. A fault in the rules of the kinds named.
    #[error("steps wait for each other: {}", list(.0))]
    Cycle(Vec<Incarnation>),
    /// Unreadable JSON of a kind.
    #[error(transparent)]
    Kind(#[from] KindError),
}

/// A resource that must stay, and what would have become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedResource {
    /// Which one.
    pub incarnation: Incarnation,
    /// Where its protection comes from, or that it is gone.
    pub why: Protection,
}

/// Why a resource must not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// The blueprint it was last applied with protects it.
    Blueprint,
    /// The cloud itself would refuse; the text is the kind's.
    Cloud(&'static str),
    /// It is protected, and it is no longer there.
    Vanished,
}

/// Works out what is to be done.
///
/// # Errors
/// [`PlanError::Protected`] lists all protected resources at once. Every other error is a fault or an unreadable state.
pub fn plan(graph: &Graph, state: &State, seen: &Observations, rules: &RuleBook) -> Result<Plan, PlanError> {
    let mut planner = Planner {
        graph,
        state,
        seen,
        rules,
        book: Book::default(),
        steps: BTreeMap::new(),
        delete_first: BTreeSet::new(),
        protected: Vec::new(),
    };
    for address in graph.addresses() {
        planner.decide(address)?;
    }
    planner.retire()?;
    if !planner.protected.is_empty() {
        return Err(PlanError::Protected(planner.protected));
    }
    planner.order()?;
    Ok(Plan { steps: planner.steps })
}

struct Planner<'a> {
    graph: &'a Graph,
    state: &'a State,
    seen: &'a Observations,
    rules: &'a RuleBook,
    /// The life each address will have, and what is known of its outputs.
    book: Book,
    steps: BTreeMap<Incarnation, Step>,
    /// Lives that must be gone before their successor may be made.
    delete_first: BTreeSet<Incarnation>,
    protected: Vec<ProtectedResource>,
}

impl Planner<'_> {
    fn rules(&self, of: &Address) -> Result<&'static dyn Rules, PlanError> {
        rules_of(self.rules, of)
    }
}

fn rules_of(rules: &RuleBook, of: &Address) -> Result<&'static dyn Rules, PlanError> {
    rules.get(of.kind.as_str()).copied().ok_or_else(|| PlanError::UnknownKind(of.clone()))
}

impl fmt::Display for ProtectedResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = &self.incarnation.address;
        match self.why {
            Protection::Blueprint => write!(f, "{address} (by `protect` in the blueprint it was applied with)"),
            Protection::Cloud(why) => write!(f, "{address} ({why})"),
            Protection::Vanished => write!(f, "{address} (it is no longer there, and would be made anew, empty)"),
        }
    }
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
