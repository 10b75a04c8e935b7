//! Where things of one kind are kept: what exists, and what callers can already see of it.
//!
//! EC2 is documented as eventually consistent (<https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html>): a fresh id may not be
//! found for a while. The service itself knows it at once, so conflicts are judged by the truth and look-ups by what is visible.

use std::collections::BTreeMap;

use serde::Serialize;

use super::clock::Moment;

/// Things by id, in the order of their ids.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shelf<T> {
    things: BTreeMap<String, Kept<T>>,
}

#[derive(Clone, Debug, Serialize)]
struct Kept<T> {
    visible: Moment,
    thing: T,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { things: BTreeMap::new() }
    }
}

impl<T> Shelf<T> {
    /// Puts a thing there, which callers see from `visible` on.
    pub(crate) fn put(&mut self, id: impl Into<String>, thing: T, visible: Moment) {
        self.things.insert(id.into(), Kept { visible, thing });
    }

    /// What is there, whether or not callers see it.
    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.things.get(id).map(|kept| &kept.thing)
    }

    /// What is there, to be changed.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.things.get_mut(id).map(|kept| &mut kept.thing)
    }

    /// What a caller finds at this moment.
    pub(crate) fn seen(&self, id: &str, now: Moment) -> Option<&T> {
        self.things.get(id).filter(|kept| kept.visible <= now).map(|kept| &kept.thing)
    }

    /// What a caller finds at this moment, to be changed.
    pub(crate) fn seen_mut(&mut self, id: &str, now: Moment) -> Option<&mut T> {
        self.things.get_mut(id).filter(|kept| kept.visible <= now).map(|kept| &mut kept.thing)
    }

    /// Everything a caller finds at this moment, with its id.
    pub(crate) fn visible(&self, now: Moment) -> impl Iterator<Item = (&str, &T)> {
        self.things.iter().filter(move |(_, kept)| kept.visible <= now).map(|(id, kept)| (id.as_str(), &kept.thing))
    }

    /// Everything there is, with its id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.things.iter().map(|(id, kept)| (id.as_str(), &kept.thing))
    }

    /// Everything there is.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.things.values().map(|kept| &kept.thing)
    }

    /// Everything there is, to be changed.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.things.values_mut().map(|kept| &mut kept.thing)
    }

    /// Takes it away.
    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        self.things.remove(id).map(|kept| kept.thing)
    }

    /// Whether it is there.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.things.contains_key(id)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.things.len()
    }
}
