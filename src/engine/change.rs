//! How a kind says what differs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::address::Incarnation;
use super::reference::{Book, Known, Ref};
use super::resource::Resource;
use super::state::Request;

/// What a difference demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// An update does it.
    InPlace,
    /// Only another resource can be so; the kind's order holds.
    Replace,
    /// The same, and the old one has to go first, whatever the kind's order.
    ReplaceDeleteFirst,
}

/// One field in which the cloud differs from what is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The property's name.
    pub field: String,
    /// What it demands.
    pub manner: Manner,
    /// What the cloud has, or what was recorded where the cloud does not tell.
    pub before: Value,
    /// What is asked for. `None`: known after apply.
    pub after: Option<Value>,
}

/// All differences of one resource, in the order of its properties.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Changes(pub Vec<FieldChange>);

/// A desired value: plain, or taken from another resource and perhaps not known.
pub trait Desired<T> {
    /// The value, if it is known.
    fn known(self) -> Known<T>;
}

/// Collects the differences while a kind compares.
pub struct Diff<'a> {
    book: &'a Book,
    recorded: &'a Request,
    changes: Vec<FieldChange>,
}

impl Changes {
    /// Nothing differs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a field differs.
    pub fn has(&self, field: &str) -> bool {
        self.0.iter().any(|change| change.field == field)
    }

    /// Whether a field beside these differs.
    pub fn has_beside(&self, fields: &[&str]) -> bool {
        self.0.iter().any(|change| !fields.contains(&change.field.as_str()))
    }

    /// The first field that demands a replacement.
    pub fn replacing(&self) -> Option<&FieldChange> {
        self.0.iter().find(|change| change.manner != Manner::InPlace)
    }

    /// Whether a field demands that the old one goes first.
    pub fn delete_first(&self) -> bool {
        self.0.iter().any(|change| change.manner == Manner::ReplaceDeleteFirst)
    }
}

impl<T: Clone> Desired<T> for &T {
    fn known(self) -> Known<T> {
        Known::Now(self.clone())
    }
}

impl<T> Desired<T> for Known<T> {
    fn known(self) -> Self {
        self
    }
}

/// An optional reference: all known, or nothing is.
impl<T> Desired<Option<T>> for Option<Known<T>> {
    fn known(self) -> Known<Option<T>> {
        self.map_or(Known::Now(None), |known| known.map(Some))
    }
}

impl<'a> Diff<'a> {
    /// Begins a comparison. `recorded` is what was last asked for.
    pub fn new(book: &'a Book, recorded: &'a Request) -> Self {
        Self { book, recorded, changes: Vec::new() }
    }

    /// What was found.
    pub fn finish(self) -> Changes {
        Changes(self.changes)
    }

    /// All outputs that are known, for values that are put together the same way while planning and while calling.
    pub fn book(&self) -> &'a Book {
        self.book
    }

    /// The outputs of a target, if it exists already.
    pub fn outputs<R: Resource>(&self, of: &Ref<R>) -> Known<R::Outputs> {
        self.book.known(of)
    }

    /// A field that can be changed.
    pub fn in_place<T: PartialEq + Serialize>(&mut self, field: &str, to: impl Desired<T>, seen: &T) {
        self.note(field, Manner::InPlace, to.known(), seen);
    }

    /// A field that only another resource can have otherwise.
    pub fn replace<T: PartialEq + Serialize>(&mut self, field: &str, to: impl Desired<T>, seen: &T) {
        self.note(field, Manner::Replace, to.known(), seen);
    }

    /// The same, where two lives with this difference cannot stand beside each other (a range, an endpoint for a service).
    pub fn replace_delete_first<T: PartialEq + Serialize>(&mut self, field: &str, to: impl Desired<T>, seen: &T) {
        self.note(field, Manner::ReplaceDeleteFirst, to.known(), seen);
    }

    /// Members that can be exchanged for others, but not all of them at once: a load balancer's subnets, which stay in their network. With
    /// one that stays it is a change, with none it is another resource. Members that are not there yet are none that stay.
    pub fn replace_unless_shared<T: Ord + Clone + Serialize>(
        &mut self,
        field: &str,
        to: Vec<Known<T>>,
        seen: &BTreeSet<T>,
    ) {
        let is_shared = to.iter().any(|member| matches!(member, Known::Now(member) if seen.contains(member)));
        let to: Known<BTreeSet<T>> = to.into_iter().collect();
        self.note(field, if is_shared { Manner::InPlace } else { Manner::Replace }, to, seen);
    }

    /// A field that the cloud reports only sometimes (while empty, or in some editions): compared with what it reports, else with the
    /// record.
    pub fn reported<T: PartialEq + Serialize>(&mut self, field: &str, manner: Manner, to: &T, seen: Option<&T>) {
        match seen {
            Some(seen) => self.note(field, manner, Known::Now(to), &seen),
            None => self.unseen(field, manner, to),
        }
    }

    /// What a field was when it was last asked for.
    pub fn recorded(&self, field: &str) -> Option<&'a Value> {
        self.recorded.properties.get(field)
    }

    /// A field that the cloud does not report: compared with the record. `field` must be the property's name in JSON.
    pub fn unseen<T: Serialize>(&mut self, field: &str, manner: Manner, to: &T) {
        let before = self.recorded.properties.get(field).cloned().unwrap_or(Value::Null);
        let after = json!(to);
        if before != after {
            self.changes.push(FieldChange { field: field.into(), manner, before, after: Some(after) });
        }
    }

    /// A reference that the cloud does not report (a password's secret): differs when another life stands behind the name.
    pub fn unseen_ref<R: Resource>(&mut self, field: &str, manner: Manner, to: &Ref<R>) {
        let address = to.address();
        let after = self.book.incarnation(&address);
        let mut held = self.recorded.depends_on.iter().filter(|held| held.address == address).peekable();
        // Of several that it may hold, one that is not wanted decides.
        let first = held.peek().copied();
        let before = held.find(|held| Some(*held) != after).or(first);
        if before != after {
            let (before, after) = (json!(before), Some(json!(after)));
            self.changes.push(FieldChange { field: field.into(), manner, before, after });
        }
    }

    /// Members of the sort of [`Self::replace_unless_shared`] that the cloud does not report: others are asked for than were recorded, or other
    /// lives stand behind their names. One that was held before and is wanted now is one that stays.
    pub fn unseen_unless_shared<R: Resource>(&mut self, field: &str, to: &BTreeSet<Ref<R>>) {
        let held = |life: &Incarnation| self.recorded.depends_on.contains(life);
        let stays = |member: &Ref<R>| self.book.incarnation(&member.address()).is_some_and(held);
        let manner = if to.iter().any(stays) { Manner::InPlace } else { Manner::Replace };
        let found = self.changes.len();
        self.unseen(field, manner, to);
        for member in to {
            if self.changes.len() == found {
                self.unseen_ref(field, manner, member);
            }
        }
    }

    /// A map of which we own only our entries (tags): those asked for must be there, those asked for last time and no longer must be
    /// gone, and entries of others are none of our business. Changes in place.
    pub fn owned_entries(&mut self, field: &str, to: &BTreeMap<String, String>, seen: &BTreeMap<String, String>) {
        let recorded = self.recorded.properties.get(field).and_then(Value::as_object);
        let dropped = |key: &&String| recorded.is_some_and(|r| r.contains_key(key.as_str())) && !to.contains_key(*key);
        let ours = |key: &&String| to.contains_key(*key) || dropped(key);
        let before: BTreeMap<_, _> = seen.iter().filter(|(key, _)| ours(key)).collect();
        if before != to.iter().collect() {
            let (before, after) = (json!(before), Some(json!(to)));
            self.changes.push(FieldChange { field: field.into(), manner: Manner::InPlace, before, after });
        }
    }

    fn note<T: PartialEq + Serialize>(&mut self, field: &str, manner: Manner, to: Known<T>, seen: &T) {
        let after = match to {
            Known::Now(to) if to == *seen => return,
            Known::Now(to) => Some(json!(to)),
            Known::AfterApply => None,
        };
        self.changes.push(FieldChange { field: field.into(), manner, before: json!(seen), after });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(changes: &Changes) -> Vec<&str> {
        changes.0.iter().map(|change| change.field.as_str()).collect()
    }

    fn compare(recorded: Value, compare: impl FnOnce(&mut Diff<'_>)) -> Changes {
        let (book, recorded) = (Book::default(), Request { properties: recorded, ..Request::default() });
        let mut diff = Diff::new(&book, &recorded);
        compare(&mut diff);
        diff.finish()
    }

    #[test]
    fn what_is_not_known_yet_differs() {
        let changes = compare(Value::Null, |diff| {
            diff.replace("same", &1, &1);
            diff.replace("other", &1, &2);
            diff.in_place("later", Known::<u8>::AfterApply, &1);
            diff.in_place("none", None::<Known<u8>>, &None);
        });
        assert_eq!(fields(&changes), ["other", "later"]);
        assert_eq!(changes.0[1].after, None);
        assert_eq!(changes.replacing().map(|c| c.field.as_str()), Some("other"));
    }

    #[test]
    fn a_field_the_cloud_keeps_to_itself_is_compared_with_the_record() {
        let changes = compare(json!({"same": 1, "silent": 1, "told": 1}), |diff| {
            diff.unseen("same", Manner::InPlace, &1);
            diff.unseen("new", Manner::InPlace, &1);
            diff.reported("silent", Manner::InPlace, &1, None);
            diff.reported("told", Manner::InPlace, &1, Some(&2));
        });
        assert_eq!(fields(&changes), ["new", "told"]);
    }

    #[test]
    fn one_member_that_stays_makes_an_exchange_possible_even_while_a_new_one_is_not_there_yet() {
        let seen = BTreeSet::from([1, 2]);
        let cases = [
            (vec![Known::Now(1), Known::Now(2)], None),
            (vec![Known::Now(1), Known::Now(2), Known::AfterApply], Some(Manner::InPlace)),
            (vec![Known::Now(2)], Some(Manner::InPlace)),
            (vec![Known::Now(3), Known::Now(4)], Some(Manner::Replace)),
            (vec![Known::AfterApply, Known::AfterApply], Some(Manner::Replace)),
        ];
        for (to, manner) in cases {
            let changes = compare(Value::Null, |diff| diff.replace_unless_shared("members", to.clone(), &seen));
            assert_eq!(changes.0.first().map(|change| change.manner), manner, "{to:?}");
        }
    }

    #[test]
    fn entries_of_others_are_left_alone() {
        let map = |entries: &[(&str, &str)]| -> BTreeMap<String, String> {
            entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
        };
        let to = map(&[("team", "a")]);
        let cases = [
            (map(&[("team", "a"), ("cost-tool", "x")]), true),
            (map(&[("team", "b")]), false),
            (map(&[]), false),
            (map(&[("team", "a"), ("old", "1")]), false),
        ];
        for (seen, equal) in cases {
            let recorded = json!({"tags": {"team": "a", "old": "1"}});
            let changes = compare(recorded, |diff| diff.owned_entries("tags", &to, &seen));
            assert_eq!(changes.is_empty(), equal, "{seen:?}");
        }
    }
}
