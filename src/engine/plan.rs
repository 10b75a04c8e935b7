//! A plan, data only. It leaves nothing to decide.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::address::{Address, Incarnation};
use super::change::Changes;
use super::kind::RuleBook;
use super::state::Request;

/// What was read: an entry for each life that is there.
pub type Observations = BTreeMap<Incarnation, Value>;

/// What one step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Make it.
    Create,
    /// Wait for what an earlier run began.
    Settle,
    /// Change it.
    Update,
    /// Remove it.
    Delete,
    /// Only the record changes: the cloud already is as asked.
    Record,
    /// Only the record goes: the thing is no longer there, or goes with what it is part of.
    Forget,
}

/// Why a step is there. The view turns it into words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The blueprint asks for it, and it never was.
    New,
    /// It was there, and someone removed it.
    Vanished,
    /// The blueprint changed.
    Edited,
    /// Someone changed it outside.
    Drifted,
    /// This field can only be had by another resource.
    FieldCannotChange(String),
    /// Something it stands on is replaced.
    DependencyReplaced(Address),
    /// It failed for good; the text is the cloud's.
    Unusable(String),
    /// The blueprint no longer asks for it.
    NotInBlueprint,
    /// Another life takes its place.
    Superseded,
    /// An earlier run did not come to its end.
    PreviousRunUnfinished,
    /// Only its protection changes.
    Protection,
}

/// One call on one life. A replacement is two steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Which life.
    pub incarnation: Incarnation,
    /// What is done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// What differs.
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    pub changes: Changes,
    /// What is asked for. `None` for what ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// The steps that must be done before.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub after: BTreeSet<Incarnation>,
}

/// What is to be done: at most one step for each life.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Plan {
    /// The steps, by life.
    pub steps: BTreeMap<Incarnation, Step>,
}

/// How many resources a plan touches, each counted once: a replacement is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// New ones.
    pub create: usize,
    /// Changed in place.
    pub update: usize,
    /// Made anew.
    pub replace: usize,
    /// Removed.
    pub delete: usize,
    /// Waited for, recorded or forgotten; nothing is sent.
    pub other: usize,
}

impl Plan {
    /// Nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The step that removes the predecessor of what `step` creates, if that is a replacement.
    pub fn replaced_by(&self, step: &Step) -> Option<&Step> {
        if step.action != Action::Create {
            return None;
        }
        let life = |generation| Incarnation { address: step.incarnation.address.clone(), generation };
        let mut others = self.steps.range(life(0)..=life(u32::MAX));
        // What goes together with its parent is only forgotten, and is replaced all the same.
        let ends = |other: &Step| match other.action {
            Action::Delete => true,
            Action::Forget => other.reason == Reason::Superseded,
            Action::Create | Action::Settle | Action::Update | Action::Record => false,
        };
        others.find(|(_, other)| ends(other)).map(|(_, other)| other)
    }

    /// The lives that end because the next one of their address takes their place.
    pub fn replaced(&self) -> BTreeSet<&Incarnation> {
        self.steps.values().filter_map(|step| self.replaced_by(step)).map(|step| &step.incarnation).collect()
    }

    /// The lives that end, of kinds whose data nothing could bring back.
    pub fn lost_data(&self, rules: &RuleBook) -> BTreeSet<Incarnation> {
        let ends = self.steps.values().filter(|step| step.action == Action::Delete).map(|step| &step.incarnation);
        let holds = |at: &&Incarnation| rules.get(at.address.kind.as_str()).is_some_and(|kind| kind.holds_data());
        ends.filter(holds).cloned().collect()
    }

    /// Counts what is to be done.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        let replaced = self.replaced();
        for step in self.steps.values().filter(|step| !replaced.contains(&step.incarnation)) {
            match step.action {
                Action::Create if self.replaced_by(step).is_some() => totals.replace += 1,
                Action::Create => totals.create += 1,
                Action::Update => totals.update += 1,
                Action::Delete => totals.delete += 1,
                Action::Settle | Action::Record | Action::Forget => totals.other += 1,
            }
        }
        totals
    }
}
