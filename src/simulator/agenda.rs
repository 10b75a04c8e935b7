//! What will happen by itself: a database that becomes available, a group that looks after its instances.

use std::collections::BTreeMap;
use std::fmt;

use super::clock::Moment;
use super::scene::Scene;
use super::world::Place;

/// Something that happens later, to a thing with this name. It must bear that the thing is gone by then.
pub(crate) type Event = for<'a, 'w> fn(&'a mut Scene<'w>, &'a str);

/// Events in the order of their time, and of their entry where that is equal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agenda {
    due: BTreeMap<(Moment, u64), Due>,
    entered: u64,
}

/// An event, where it happens, and to what.
#[derive(Clone)]
pub(crate) struct Due {
    pub(crate) place: Place,
    pub(crate) run: Event,
    pub(crate) subject: String,
}

impl fmt::Debug for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Due").field("place", &self.place).field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl Agenda {
    /// Enters an event.
    pub(crate) fn enter(&mut self, at: Moment, due: Due) {
        self.entered += 1;
        self.due.insert((at, self.entered), due);
    }

    /// The next event that is due by this moment, with its time.
    pub(crate) fn next(&mut self, now: Moment) -> Option<(Moment, Due)> {
        let entry = self.due.first_entry()?;
        (entry.key().0 <= now).then(|| (entry.key().0, entry.remove()))
    }
}
