//! What a handler sees and may change: one account in one region, at one moment.

use std::collections::BTreeMap;
use std::time::Duration;

use super::agenda::{Agenda, Due, Event};
use super::clock::Moment;
use super::dice::Dice;
use super::refusal::Refusal;
use super::services::{iam, s3, sts};
use super::settings::Settings;
use super::world::{Caller, Place, Region};

/// The world as one call, or one event, has it before it.
pub(crate) struct Scene<'w> {
    /// What moment it is.
    pub(crate) now: Moment,
    /// Up to which moment this caller sees what was made: `now`, but for a stale read. For [`super::shelf::Shelf::visible`].
    pub(crate) sight: Moment,
    /// When the call came in, which is before `now` if it was held (long polling).
    pub(crate) asked: Moment,
    /// Which account and region.
    pub(crate) place: &'w Place,
    /// Where the caller found the service, `http://127.0.0.1:4566`: SQS names its queues by it. Events have none.
    pub(crate) endpoint: Option<String>,
    /// Who calls; events are nobody's, and have the account's root.
    pub(crate) caller: &'w Caller,
    /// The services of this region.
    pub(crate) here: &'w mut Region,
    /// IAM of this account, which has no region.
    pub(crate) iam: &'w mut iam::State,
    /// IAM of the other accounts, whose roles may trust this one.
    pub(crate) others: &'w BTreeMap<String, iam::State>,
    /// The buckets of the whole world, whose names are unique.
    pub(crate) s3: &'w mut s3::State,
    /// Credentials that were handed out.
    pub(crate) sessions: &'w mut sts::Sessions,
    /// What will happen by itself.
    pub(crate) agenda: &'w mut Agenda,
    /// Everything random.
    pub(crate) dice: &'w mut Dice,
    /// How this world is.
    pub(crate) settings: &'w Settings,
    /// Set by a handler that has nothing to say yet: when to ask it again (long polling).
    pub(crate) again: Option<Moment>,
}

impl Scene<'_> {
    /// Has something happen later.
    pub(crate) fn later(&mut self, after: Duration, run: Event, subject: &str) {
        let due = Due { place: self.place.clone(), run, subject: subject.to_owned() };
        self.agenda.enter(self.now.plus(after), due);
    }

    /// From when on callers see what is made now.
    pub(crate) fn fresh(&mut self) -> Moment {
        self.now.plus(self.settings.visibility.draw(self.dice))
    }

    /// An ARN of something in this account and region.
    pub(crate) fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{rest}", self.place.region, self.place.account)
    }

    /// A refusal unless the condition holds.
    pub(crate) fn ensure(holds: bool, refusal: impl FnOnce() -> Refusal) -> Result<(), Refusal> {
        if holds { Ok(()) } else { Err(refusal()) }
    }
}
