//! The search for what a lost state knew: what is known beforehand, and what was seen.
//!
//! Keys are derived, so whoever knows the lineage and the blueprint knows every key to look for. A name that ends in one of them says which
//! life it is, without a call that asks for its tags.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

use serde_json::Value;

use super::address::{Address, Incarnation, Key, Owner};
use super::resource::{Readiness, Resource};

/// So many generations are set aside with each recovery: more than an address has lives between two of them.
pub const ERA: u32 = 1000;
/// The generations that are expected.
const NEAR: RangeInclusive<u32> = 1..=64;
/// The generations that are tried for a key that none of [`NEAR`] has: a template that was rolled over often, or what earlier recoveries left.
const FAR: RangeInclusive<u32> = 65..=16 * ERA;

/// What is looked for of one kind.
#[derive(Debug)]
pub struct Wanted {
    owner: Owner,
    desired: Vec<(Address, Value)>,
    near: Lives,
    far: OnceLock<Lives>,
}

/// Lives by the short form of their key.
type Lives = BTreeMap<String, (Key, Incarnation)>;

/// A resource that was seen.
pub struct Sighting<R: Resource> {
    /// Its key, from its tag or its name.
    pub key: Key,
    /// Its id.
    pub id: R::Id,
    /// What others need of it.
    pub outputs: R::Outputs,
    /// How it is doing.
    pub readiness: Readiness,
}

/// The same, of any kind.
#[derive(Clone, Debug)]
pub struct Sighted {
    /// Its key, from its tag or its name.
    pub key: Key,
    /// Its id.
    pub id: Value,
    /// What others need of it.
    pub outputs: Value,
    /// How it is doing.
    pub readiness: Readiness,
}

impl Wanted {
    /// What the owner's blueprint has of one kind: addresses with their properties.
    pub fn new(owner: &Owner, desired: Vec<(Address, Value)>) -> Self {
        let near = lives(owner, &desired, NEAR);
        Self { owner: owner.clone(), desired, near, far: OnceLock::new() }
    }

    /// Whose resources are looked for.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// What the blueprint has of the kind.
    pub fn desired(&self) -> impl Iterator<Item = (&Address, &Value)> {
        self.desired.iter().map(|(address, properties)| (address, properties))
    }

    /// The key of one life.
    pub fn key_of(&self, of: &Incarnation) -> Key {
        Key::derive(&self.owner.lineage, of)
    }

    /// Which life of the blueprint's resources has this key, if any has.
    pub fn life(&self, key: &Key) -> Option<&Incarnation> {
        self.known(key).map(|(_, life)| life)
    }

    /// The whole key that a name ends in, if it is one of the blueprint's.
    pub fn key_in(&self, name: &str) -> Option<Key> {
        let end = Key::from_cloud(name.rsplit('-').next()?);
        self.known(&end).filter(|_| end.is_short()).map(|(key, _)| key.clone())
    }

    fn known<'a>(&'a self, key: &Key) -> Option<&'a (Key, Incarnation)> {
        let among = |lives: &'a Lives| lives.get(key.short()).filter(|(known, _)| known.is(key));
        // Most names of others do not end in anything like a key.
        if !key.is_shaped() {
            return None;
        }
        among(&self.near).or_else(|| among(self.far.get_or_init(|| lives(&self.owner, &self.desired, FAR))))
    }
}

impl<R: Resource> Sighting<R> {
    /// What was seen under this key.
    pub fn of(key: Key, id: R::Id, seen: &R::Observed) -> Self {
        Self { outputs: R::outputs(&id, seen), readiness: R::readiness(seen), key, id }
    }
}

fn lives(owner: &Owner, desired: &[(Address, Value)], generations: RangeInclusive<u32>) -> Lives {
    let each = desired.iter().flat_map(|(address, _)| {
        generations.clone().map(|generation| Incarnation { address: address.clone(), generation })
    });
    let keyed = each.map(|life| (Key::derive(&owner.lineage, &life), life));
    keyed.map(|(key, life)| (key.short().to_owned(), (key, life))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        let owner = Owner { lineage: "one".into(), stack: "shop".into() };
        Wanted::new(&owner, vec![(Address::new("queue", "jobs"), Value::Null)])
    }

    #[test]
    fn a_name_says_which_life_it_is_however_many_there_were_before() {
        let wanted = wanted();
        for generation in [1, 64, 65, 1001, 16_000] {
            let life = Incarnation { address: Address::new("queue", "jobs"), generation };
            let key = wanted.key_of(&life);
            assert_eq!(wanted.key_in(&format!("shop-jobs-{}", key.short())), Some(key.clone()));
            assert_eq!(wanted.life(&key), Some(&life));
        }
    }

    #[test]
    fn a_name_of_others_says_nothing() {
        let wanted = wanted();
        let other = Key::derive("two", &Incarnation::first(&Address::new("queue", "jobs")));
        let ours = wanted.key_of(&Incarnation::first(&Address::new("queue", "jobs")));
        for name in [other.short(), &ours.short()[1..], ours.as_str(), "jobs", ""] {
            assert_eq!(wanted.key_in(&format!("shop-{name}")), None, "{name}");
        }
        let same_beginning = Key::from_cloud(format!("{}{}", ours.short(), &other.as_str()[10..]));
        assert_eq!(wanted.life(&same_beginning), None);
    }
}
