//! Checks a state for what must always hold. Run on every load, after every run, and in every test.

use std::collections::BTreeMap;
use std::fmt;

use super::address::{Address, Incarnation};
use super::state::{State, Status};

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A life depends on one that is not recorded. Harmless while something that vanished is being made anew; otherwise a fault.
    Dangling {
        /// Who.
        holder: Incarnation,
        /// On what.
        target: Incarnation,
    },
    /// Two lives claim one thing in the cloud.
    SharedId {
        /// The one.
        first: Incarnation,
        /// The other.
        second: Incarnation,
    },
    /// A life is newer than the generation counter of its address: its key could be given out again.
    CounterFell {
        /// Whose counter.
        address: Address,
    },
}

/// All findings, none in a sound state.
pub fn verify(state: &State) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut ids: BTreeMap<(&str, String), &Incarnation> = BTreeMap::new();
    for (at, record) in &state.records {
        let missing = record.held().filter(|target| record.outputs().is_some() && !state.records.contains_key(target));
        findings.extend(missing.map(|target| Finding::Dangling { holder: at.clone(), target: target.clone() }));
        if let Some(id) = record.id()
            && let Some(first) = ids.insert((&at.address.kind, id.to_string()), at)
        {
            findings.push(Finding::SharedId { first: first.clone(), second: at.clone() });
        }
        let may_exist = record.status != Status::Planned;
        if may_exist && state.generations.get(&at.address).is_none_or(|highest| *highest < at.generation) {
            findings.push(Finding::CounterFell { address: at.address.clone() });
        }
    }
    findings
}

impl Finding {
    /// Whether it is unsafe to go on from such a state.
    pub fn is_fatal(&self) -> bool {
        !matches!(self, Self::Dangling { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dangling { holder, target } => write!(f, "{holder} depends on {target}, which is not recorded"),
            Self::SharedId { first, second } => write!(f, "{first} and {second} are the same thing in the cloud"),
            Self::CounterFell { address } => write!(f, "the generation counter of {address} fell"),
        }
    }
}
