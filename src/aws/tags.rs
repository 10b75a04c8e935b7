//! Tags: what marks a resource as a stack's own, and what users add.
//!
//! Every taggable resource carries four tags of Pando's from the moment it is made, in the same request. They are how a create whose answer
//! was lost is found again, how a stranger is told from our own, and how a destroy proves that nothing is left.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::resource::Call;

/// The stack's lineage: whose it is.
pub const LINEAGE: &str = "pando:lineage";
/// The key of the incarnation: which one it is.
pub const KEY: &str = "pando:key";
/// The stack's name, for people.
pub const STACK: &str = "pando:stack";
/// The address, for people.
pub const ADDRESS: &str = "pando:address";

/// Tags by key. Those of a resource's properties are the user's and its `Name`; Pando's own are added when it is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(pub BTreeMap<String, String>);

impl Tags {
    /// Collects key and value pairs of any SDK.
    pub fn collect<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (Option<K>, Option<V>)>) -> Self {
        let full = pairs
            .into_iter()
            .filter_map(|(key, value)| Some((key?.into(), value.map_or_else(String::new, Into::into))));
        Self(full.collect())
    }

    /// These tags and Pando's own, to be sent along with a create.
    pub fn with_identity<C>(&self, call: &Call<'_, C>) -> BTreeMap<String, String> {
        let mut all = self.0.clone();
        all.insert(LINEAGE.into(), call.owner.lineage.clone());
        all.insert(STACK.into(), call.owner.stack.clone());
        all.insert(KEY.into(), call.key.as_str().into());
        all.insert(ADDRESS.into(), call.of.address.to_string());
        all
    }

    /// Compares these tags with those that were seen. `None`: the look did not show them, so the record decides.
    pub fn compare(&self, seen: Option<&Self>, diff: &mut Diff<'_>) {
        match seen {
            Some(seen) => diff.owned_entries("tags", &self.0, &seen.0),
            None => diff.unseen("tags", Manner::InPlace, self),
        }
    }

    /// The tags that were seen, or none if the look did not show them.
    pub fn or_none(seen: Option<&Self>) -> &Self {
        static NONE: Tags = Tags(BTreeMap::new());
        seen.unwrap_or(&NONE)
    }

    /// The tags that an update begins with: those that were seen, else those that were last asked for.
    pub fn before<C>(seen: Option<&Self>, call: &Call<'_, C>) -> Self {
        seen.cloned().unwrap_or_else(|| Self::recorded(call))
    }

    /// The tags that were last asked for, where the cloud does not show them.
    pub fn recorded<C>(call: &Call<'_, C>) -> Self {
        call.recorded
            .properties
            .get("tags")
            .and_then(|tags| serde_json::from_value(tags.clone()).ok())
            .unwrap_or_default()
    }

    /// The key, if the resource is the owner's.
    pub fn key_of(&self, owner: &Owner) -> Option<Key> {
        let ours = self.0.get(LINEAGE) == Some(&owner.lineage);
        self.0.get(KEY).filter(|_| ours).map(Key::from_cloud)
    }

    /// Entries of `self` that `seen` lacks or has otherwise, to be set.
    pub fn missing_in(&self, seen: &Self) -> BTreeMap<String, String> {
        let differs = |(key, value): &(&String, &String)| seen.0.get(*key) != Some(*value);
        self.0.iter().filter(differs).map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Keys of `seen` that the blueprint no longer asks for, to be removed: those that were asked for last time. Pando's own stay, and so do
    /// those that others added.
    pub fn dropped<C>(&self, seen: &Self, call: &Call<'_, C>) -> Vec<String> {
        let before = call.recorded.properties.get("tags").and_then(Value::as_object);
        let ours =
            |key: &&String| before.is_some_and(|tags| tags.contains_key(key.as_str())) && !self.0.contains_key(*key);
        seen.0.keys().filter(ours).cloned().collect()
    }
}
