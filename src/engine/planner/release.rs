//! What is protected, and a plan that lifts it and does nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::engine::address::{Address, Incarnation};
use crate::engine::change::Changes;
use crate::engine::kind::RuleBook;
use crate::engine::plan::{Action, Observations, Plan, Reason, Step};
use crate::engine::reference::Book;
use crate::engine::state::{Record, Request, State, Status};

use super::{PlanError, ProtectedResource, Protection, rules_of};

/// Why protection cannot be lifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreleasable {
    /// There is no such resource.
    Unknown,
    /// It is no longer there.
    Vanished,
    /// Something about it can only be had by another resource, and that must come first.
    Replace(String),
}

/// Everything that must be neither deleted nor replaced, by what it was applied with or by the cloud's own lock.
///
/// # Errors
/// Only for an unreadable state, or one that a version with more kinds wrote.
pub fn protected(state: &State, seen: &Observations, rules: &RuleBook) -> Result<Vec<ProtectedResource>, PlanError> {
    let mut all = Vec::new();
    for (at, record) in state.records.iter().filter(|(_, record)| record.id().is_some()) {
        let keep = record.is_kept();
        let why = match (seen.get(at), &record.status) {
            (_, Status::Deleting { .. }) => continue,
            (None, _) if keep => Some(Protection::Vanished),
            (Some(_), _) if keep => Some(Protection::Blueprint),
            (Some(seen), _) => rules_of(rules, &at.address)?.protected(seen)?.map(Protection::Cloud),
            (None, _) => None,
        };
        all.extend(why.map(|why| ProtectedResource { incarnation: at.clone(), why }));
    }
    Ok(all)
}

/// Lifts the protection of these: in the state, and where the cloud has a lock of its own, there too. What is not protected gets no step.
///
/// # Errors
/// [`PlanError::Release`] for what cannot be released. Every other error is a fault or an unreadable state.
pub fn release(
    addresses: &BTreeSet<Address>,
    state: &State,
    seen: &Observations,
    rules: &RuleBook,
) -> Result<Plan, PlanError> {
    let mut steps = BTreeMap::new();
    for address in addresses {
        if state.lives(address).next().is_none() {
            return Err(PlanError::Release(address.clone(), Unreleasable::Unknown));
        }
        for (at, record) in state.lives(address) {
            let step = step(at, record, state, seen, rules)?;
            steps.extend(step.map(|step| (at.clone(), step)));
        }
    }
    Ok(Plan { steps })
}

fn step(
    at: &Incarnation,
    record: &Record,
    state: &State,
    seen: &Observations,
    rules: &RuleBook,
) -> Result<Option<Step>, PlanError> {
    let refused = |why| PlanError::Release(at.address.clone(), why);
    // What an interrupted update asked for is what is to be had, not what held before.
    let asked = match &record.status {
        Status::Updating { next, .. } => next,
        Status::Deleting { .. } => return Ok(None),
        _ => &record.request,
    };
    let Some(seen) = seen.get(at) else {
        // What was never found is not there to be protected.
        return if record.is_kept() && record.id().is_some() { Err(refused(Unreleasable::Vanished)) } else { Ok(None) };
    };
    let rules = rules_of(rules, &at.address)?;
    let properties = rules.unprotected(&asked.properties)?.unwrap_or_else(|| asked.properties.clone());
    let to = Request { properties, keep: false, depends_on: asked.depends_on.clone() };
    let book = Book::recorded(&to, &state.records);
    let recorded = record.perhaps();
    let changes = rules.compare(&to.properties, &recorded, seen, &book)?;
    let before = rules.compare(&asked.properties, &recorded, seen, &book)?;
    let is_locked = changes.0.iter().any(|change| !before.has(&change.field));
    let is_unfinished = matches!(record.status, Status::Updating { .. });
    if !is_locked && !record.is_kept() && !is_unfinished && rules.protected(seen)?.is_none() {
        return Ok(None);
    }
    let is_awaited = rules.readiness(seen)?.is_awaited();
    let action = match &record.status {
        Status::Creating { .. } | Status::Updating { .. } if !changes.is_empty() => Action::Update,
        Status::Creating { .. } => Action::Settle,
        Status::Updating { .. } if is_awaited => Action::Settle,
        // Whatever else differs is for the next plan to say.
        _ if is_locked || rules.protected(seen)?.is_some() => Action::Update,
        _ => Action::Record,
    };
    if let Some(change) = changes.replacing().filter(|_| action == Action::Update) {
        return Err(refused(Unreleasable::Replace(change.field.clone())));
    }
    let changes = if action == Action::Update { changes } else { Changes::default() };
    let (incarnation, after) = (at.clone(), BTreeSet::new());
    Ok(Some(Step { incarnation, action, reason: Reason::Protection, changes, request: Some(to), after }))
}

impl fmt::Display for Unreleasable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(f, "the state has no such resource"),
            Self::Vanished => write!(f, "it is no longer there"),
            Self::Replace(field) => write!(f, "its `{field}` differs, which only a replacement can mend"),
        }
    }
}
