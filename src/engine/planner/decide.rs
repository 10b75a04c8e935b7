//! What becomes of each address, and of each life nobody asks for any more.

use crate::engine::address::{Address, Incarnation};
use crate::engine::change::{Changes, FieldChange};
use crate::engine::cloud_error::Resend;
use crate::engine::kind::Rules;
use crate::engine::plan::{Action, Reason, Step};
use crate::engine::reference::Known;
use crate::engine::resource::{Readiness, Removal, ReplaceOrder};
use crate::engine::state::{Record, Request, Status};

use super::{PlanError, Planner, ProtectedResource, Protection};

impl<'a> Planner<'a> {
    /// Decides about one desired resource. Its targets have been decided before.
    pub(super) fn decide(&mut self, address: &Address) -> Result<(), PlanError> {
        let Some(node) = self.graph.get(address) else { return Ok(()) };
        let depends_on = node.targets.iter().filter_map(|target| self.book.incarnation(target).cloned()).collect();
        let request = Request { properties: node.properties.clone(), depends_on, keep: node.keep };
        // What is being deleted is no longer held by anyone: finish that before making the next.
        let state = self.state;
        let leaving = state.lives(address).filter(|(_, record)| matches!(record.status, Status::Deleting { .. }));
        self.delete_first.extend(leaving.map(|(at, _)| at.clone()));
        if let Some((at, record)) = self.current(address, &request)? {
            return self.decide_existing(at, record, request);
        }
        let unfinished = self.state.lives(address).next().is_some();
        let reason = if unfinished { Reason::PreviousRunUnfinished } else { Reason::New };
        self.create(address, request, reason, Changes::default())
    }

    /// Of the lives that can go on as they are, the one with least to do, else the newest. So a blueprint that is taken back finds its old
    /// resource again, and not the one that was about to take its place.
    fn current(&self, of: &Address, to: &Request) -> Result<Option<(&'a Incarnation, &'a Record)>, PlanError> {
        let usable = |record: &Record| record.id().is_some() && !matches!(record.status, Status::Deleting { .. });
        let state = self.state;
        let lives: Vec<_> = state.lives(of).filter(|(_, record)| usable(record)).collect();
        if lives.len() < 2 {
            return Ok(lives.first().copied());
        }
        let rules = self.rules(of)?;
        let mut best = None;
        for (at, record) in &lives {
            let Some(seen) = self.seen.get(at) else { continue };
            let changes = rules.compare(&to.properties, &record.perhaps(), seen, &self.book)?;
            let well = !matches!(rules.readiness(seen)?, Readiness::Unusable(_) | Readiness::Leaving);
            if well && changes.replacing().is_none() {
                let is_made = !matches!(record.status, Status::Creating { .. });
                best = best.max(Some(((changes.is_empty(), is_made, at.generation), *at)));
            }
        }
        let best = best.map(|(_, at)| at);
        Ok(lives.iter().find(|(at, _)| Some(*at) == best).or(lives.last()).copied())
    }

    fn decide_existing(&mut self, at: &Incarnation, record: &Record, to: Request) -> Result<(), PlanError> {
        let rules = self.rules(&at.address)?;
        let (Some(seen), Some(id)) = (self.seen.get(at), record.id()) else {
            if record.request.keep && to.keep {
                self.protect(at, Protection::Vanished);
            }
            return self.create(&at.address, to, Reason::Vanished, Changes::default());
        };
        // Deleting first is contagious: a holder that moved over to the new target would have to do so before the old one goes, and the
        // new one can only be made after that.
        let mut going = record.held().filter(|held| self.delete_first.contains(held));
        if let Some(pulled) = going.find(|going| self.graph.stands_on(&at.address, &going.address)) {
            let reason = Reason::DependencyReplaced(pulled.address.clone());
            self.delete_first.insert(at.clone());
            return self.create(&at.address, to, reason, Changes::default());
        }
        let readiness = rules.readiness(seen)?;
        match &readiness {
            Readiness::Unusable(why) => {
                return self.replace(at, rules, to, Reason::Unusable(why.clone()), Changes::default());
            }
            Readiness::Leaving => {
                self.delete_first.insert(at.clone());
                return self.create(&at.address, to, Reason::Vanished, Changes::default());
            }
            Readiness::Ready | Readiness::Pending(_) | Readiness::Stuck(_) | Readiness::Undone(_) => {}
        }
        let changes = rules.compare(&to.properties, &record.perhaps(), seen, &self.book)?;
        let reason = self.reason(record, &to, &changes);
        if changes.replacing().is_some() {
            return self.replace(at, rules, to, reason, changes);
        }
        let outputs = rules.outputs(id, seen)?;
        let action = match &record.status {
            _ if !changes.is_empty() => Some(Action::Update),
            Status::Creating { .. } => Some(Action::Settle),
            Status::Updating { .. } if readiness.is_awaited() => Some(Action::Settle),
            Status::Ready { outputs: old, .. } if record.request == to && *old == outputs => None,
            _ => Some(Action::Record),
        };
        if changes.is_empty() {
            self.refuse_ignored_reference(&at.address, &to)?;
        }
        // While it is still being created, they may be incomplete. Who uses it already was made with them, and who does not reads them later.
        self.book.enter(at.clone(), Known::Now(outputs));
        if let Some(action) = action {
            self.step(at, action, reason, changes, Some(to));
        }
        Ok(())
    }

    fn reason(&self, record: &Record, to: &Request, changes: &Changes) -> Reason {
        // A target that is new altogether is an edit; one that takes the place of another is not.
        let is_another = |target: &&Incarnation| {
            !self.state.records.contains_key(target) && self.state.generations.contains_key(&target.address)
        };
        let moved: Vec<&Incarnation> = to.depends_on.iter().filter(is_another).collect();
        // What its target will tell is not known yet, or is the target itself where the cloud tells nothing.
        let follows = |change: &FieldChange, target: &Incarnation| {
            change.after.as_ref().is_none_or(|after| *after == serde_json::json!(target))
        };
        let cause = |change: &FieldChange| moved.iter().find(|target| follows(change, target));
        // Of several changes, the one that demands the replacement is the reason for it.
        let cause = match changes.replacing() {
            Some(change) => cause(change),
            None => changes.0.iter().find_map(cause),
        };
        match (cause, changes.replacing()) {
            (Some(target), _) => Reason::DependencyReplaced(target.address.clone()),
            (None, Some(change)) => Reason::FieldCannotChange(change.field.clone()),
            _ if changes.is_empty() && record.request.keep != to.keep => Reason::Protection,
            _ if changes.is_empty() && matches!(record.status, Status::Ready { .. }) => Reason::Edited,
            _ if changes.is_empty() => Reason::PreviousRunUnfinished,
            _ if record.request.properties == to.properties => Reason::Drifted,
            _ => Reason::Edited,
        }
    }

    /// A kind that does not look at a target which is about to be made anew would keep the old one.
    fn refuse_ignored_reference(&self, of: &Address, to: &Request) -> Result<(), PlanError> {
        let made = |target: &&Incarnation| self.steps.get(*target).is_some_and(|s| s.action == Action::Create);
        to.depends_on
            .iter()
            .find(made)
            .map_or(Ok(()), |target| Err(PlanError::ReferenceIgnored(of.clone(), target.address.clone())))
    }

    fn replace(
        &mut self,
        old: &Incarnation,
        rules: &dyn Rules,
        to: Request,
        reason: Reason,
        changes: Changes,
    ) -> Result<(), PlanError> {
        if rules.replace_order() == ReplaceOrder::DeleteFirst || changes.delete_first() {
            self.delete_first.insert(old.clone());
        }
        self.create(&old.address, to, reason, changes)
    }

    /// Takes up the generation of an unproved create only if sending it again is the same request.
    fn create(&mut self, of: &Address, to: Request, reason: Reason, changes: Changes) -> Result<(), PlanError> {
        let resend = self.rules(of)?.resend();
        let again = self.state.lives(of).next_back().filter(|(_, record)| {
            let never_was = matches!(record.status, Status::Unproved { .. }) && record.made.is_none();
            never_was && record.request == to && resend == Resend::SameKey
        });
        let generation = again.map_or(self.state.next_generation(of), |(at, _)| at.generation);
        let at = Incarnation { address: of.clone(), generation };
        self.book.enter(at.clone(), Known::AfterApply);
        self.step(&at, Action::Create, reason, changes, Some(to));
        Ok(())
    }

    /// Every life in the state that the graph does not use.
    pub(super) fn retire(&mut self) -> Result<(), PlanError> {
        for (at, record) in &self.state.records {
            if self.book.incarnation(&at.address) == Some(at) {
                continue;
            }
            let rules = self.rules(&at.address)?;
            let action = match (&record.status, self.seen.get(at)) {
                (Status::Planned | Status::Sent { .. }, _) => return Err(PlanError::Unresolved(at.clone())),
                // Whatever it asked for may still turn up: it stays watched.
                (Status::Unproved { .. }, _) => continue,
                (_, None) => Action::Forget,
                (_, Some(seen)) => {
                    let by_cloud = rules.protected(seen)?.map(Protection::Cloud);
                    let by_blueprint = record.is_kept().then_some(Protection::Blueprint);
                    if let Some(why) = by_blueprint.or(by_cloud) {
                        self.protect(at, why);
                    }
                    if rules.removal() == Removal::WithParent { Action::Forget } else { Action::Delete }
                }
            };
            let reason = match (self.seen.contains_key(at), self.graph.get(&at.address)) {
                (false, _) => Reason::Vanished,
                (true, Some(_)) => Reason::Superseded,
                (true, None) => Reason::NotInBlueprint,
            };
            self.step(at, action, reason, Changes::default(), None);
        }
        Ok(())
    }

    fn protect(&mut self, at: &Incarnation, why: Protection) {
        self.protected.push(ProtectedResource { incarnation: at.clone(), why });
    }

    fn step(&mut self, at: &Incarnation, action: Action, reason: Reason, changes: Changes, request: Option<Request>) {
        let after = std::collections::BTreeSet::new();
        let step = Step { incarnation: at.clone(), action, reason, changes, request, after };
        self.steps.insert(at.clone(), step);
    }
}
