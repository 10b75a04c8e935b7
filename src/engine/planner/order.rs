//! Which step waits for which.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::address::{Address, Incarnation};
use crate::engine::plan::{Action, Reason, Step};

use super::{PlanError, Planner};

impl Planner<'_> {
    /// Gives every step its predecessors: targets first, holders before what they let go, and old and new lives in the order that their
    /// kind demands.
    pub(super) fn order(&mut self) -> Result<(), PlanError> {
        let holders = self.holders();
        let mut going_first: BTreeMap<&Address, Vec<&Incarnation>> = BTreeMap::new();
        for old in &self.delete_first {
            going_first.entry(&old.address).or_default().push(old);
        }
        let mut edges = Vec::new();
        for (at, step) in &self.steps {
            if let Some(request) = &step.request {
                edges.extend(request.depends_on.iter().map(|target| (at, target)));
                let old = going_first.get(&at.address).into_iter().flatten();
                edges.extend(old.filter(|old| **old != at).map(|old| (at, *old)));
                let earlier = self.graph.get(&at.address).filter(|_| step.action == Action::Create);
                let earlier = earlier.into_iter().flat_map(|node| &node.made_after);
                edges.extend(earlier.filter_map(|earlier| Some((at, self.book.incarnation(earlier)?))));
                continue;
            }
            let successor = self.book.incarnation(&at.address);
            if step.reason == Reason::Vanished {
                // Nobody can hold what is not there; and its successor may have the same natural id, which only one record may have.
                edges.extend(successor.map(|next| (next, at)));
                continue;
            }
            edges.extend(successor.filter(|_| !self.delete_first.contains(at)).map(|next| (at, next)));
            for holder in holders.get(at).into_iter().flatten() {
                match self.steps.get(holder) {
                    Some(step) if lets_go(step, at) => edges.push((at, *holder)),
                    _ => return Err(PlanError::StillHeld((*holder).clone(), at.clone())),
                }
            }
        }
        let edges: Vec<(Incarnation, Incarnation)> = edges
            .into_iter()
            .filter(|(_, before)| self.steps.contains_key(before))
            .map(|(at, before)| (at.clone(), before.clone()))
            .collect();
        for (at, before) in edges {
            if let Some(step) = self.steps.get_mut(&at) {
                step.after.insert(before);
            }
        }
        self.refuse_cycles()
    }

    /// Who may still be attached to each life.
    fn holders(&self) -> BTreeMap<&Incarnation, BTreeSet<&Incarnation>> {
        let mut holders: BTreeMap<&Incarnation, BTreeSet<&Incarnation>> = BTreeMap::new();
        for (at, record) in self.state.records.iter().filter(|(_, record)| record.id().is_some()) {
            for target in record.held() {
                holders.entry(target).or_default().insert(at);
            }
        }
        holders
    }

    fn refuse_cycles(&self) -> Result<(), PlanError> {
        let mut waiting: BTreeMap<&Incarnation, usize> = BTreeMap::new();
        let mut followers: BTreeMap<&Incarnation, Vec<&Incarnation>> = BTreeMap::new();
        for (at, step) in &self.steps {
            waiting.insert(at, step.after.len());
            for before in &step.after {
                followers.entry(before).or_default().push(at);
            }
        }
        let mut free: Vec<&Incarnation> = waiting.iter().filter(|(_, n)| **n == 0).map(|(at, _)| *at).collect();
        while let Some(done) = free.pop() {
            waiting.remove(done);
            for follower in followers.get(done).into_iter().flatten() {
                if let Some(left) = waiting.get_mut(follower) {
                    *left -= 1;
                    if *left == 0 {
                        free.push(follower);
                    }
                }
            }
        }
        if waiting.is_empty() {
            return Ok(());
        }
        Err(PlanError::Cycle(waiting.into_keys().cloned().collect()))
    }
}

/// Whether the holder no longer has `target` after this step.
fn lets_go(step: &Step, target: &Incarnation) -> bool {
    step.request.as_ref().is_none_or(|request| !request.depends_on.contains(target))
}
