//! Tags: how they are given, checked and shown.

use std::collections::BTreeMap;

use serde::Serialize;

use super::input::{Input, invalid};
use super::output::{Tree, items, named, object};
use super::refusal::Refusal;

/// The tags of one thing, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tags(BTreeMap<String, String>);

/// As many as one thing may have (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html>).
const LIMIT: usize = 50;

impl Tags {
    /// From a list of `Key` and `Value`, as most services take them: `Tags`, `Tag`, `TagList`.
    pub(crate) fn read(input: &Input, name: &str) -> Result<Self, Refusal> {
        Self::of(input.list(name))
    }

    /// From a list of `Key` and `Value`.
    pub(crate) fn of(list: &[Input]) -> Result<Self, Refusal> {
        let mut tags = BTreeMap::new();
        for tag in list {
            let key = tag.need("Key")?.to_owned();
            if tags.insert(key.clone(), tag.text_or("Value", "")).is_some() {
                return Err(invalid(format!("Duplicate tag key '{key}' specified.")));
            }
        }
        Self::checked(tags)
    }

    /// From the `TagSpecification`s of an EC2 create that are for this type of resource.
    pub(crate) fn specified(input: &Input, resource: &str) -> Result<Self, Refusal> {
        let mut tags = BTreeMap::new();
        for specification in input.list("TagSpecification") {
            if specification.text("ResourceType") == Some(resource) {
                tags.extend(Self::read(specification, "Tag")?.0);
            }
        }
        Self::checked(tags)
    }

    /// From a map.
    pub(crate) fn from_map(input: &Input, name: &str) -> Result<Self, Refusal> {
        let entries = input.entries(name).iter();
        let entries = entries.map(|(key, value)| (key.clone(), value.as_text().unwrap_or_default().to_owned()));
        Self::checked(entries.collect())
    }

    fn checked(tags: BTreeMap<String, String>) -> Result<Self, Refusal> {
        for (key, value) in &tags {
            if key.to_ascii_lowercase().starts_with("aws:") {
                let words = format!("Tag keys starting with 'aws:' are reserved for internal use: {key}");
                return Err(invalid(words));
            }
            if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
                return Err(invalid(format!("Tag key or value is too long or empty: {key}")));
            }
        }
        if tags.len() > LIMIT {
            return Err(Refusal::new("TagLimitExceeded", format!("More than {LIMIT} tags specified")));
        }
        Ok(Self(tags))
    }

    /// Adds these, over what is there.
    pub(crate) fn merge(&mut self, more: Self) -> Result<(), Refusal> {
        let mut all = self.0.clone();
        all.extend(more.0);
        if all.len() > LIMIT {
            return Err(Refusal::new("TagLimitExceeded", format!("More than {LIMIT} tags")));
        }
        self.0 = all;
        Ok(())
    }

    /// Sets one.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.0.insert(key.to_owned(), value.to_owned());
    }

    /// Takes one away; if a value is given, only if it has this value.
    pub(crate) fn remove(&mut self, key: &str, value: Option<&str>) {
        if value.is_none_or(|value| self.get(key) == Some(value)) {
            self.0.remove(key);
        }
    }

    /// The value of one.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Keys and values, in the order of the keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As EC2 shows them; left out if there are none.
    pub(crate) fn ec2(&self) -> Option<Tree> {
        (!self.is_empty()).then(|| self.ec2_list())
    }

    /// As EC2 shows those of gateways, route tables, network ACLs, interfaces, endpoints, volumes, snapshots and rules of
    /// security groups: an empty list if there are none (<https://docs.aws.amazon.com/cli/latest/reference/ec2/>, the
    /// examples of `create-route-table`, `create-network-acl`, `create-volume` and their like).
    pub(crate) fn ec2_list(&self) -> Tree {
        items(self.0.iter().map(|(key, value)| object! { "key" => key, "value" => value }))
    }

    /// As the others show them; the name is what a member of the list is called in XML: `member`, `Tag`.
    pub(crate) fn list(&self, member: &'static str) -> Tree {
        named(member, self.0.iter().map(|(key, value)| object! { "Key" => key, "Value" => value }))
    }

    /// As a map.
    pub(crate) fn map(&self) -> Tree {
        Tree::Object(self.0.iter().map(|(k, v)| (k.clone().into(), Tree::Text(v.clone().into()))).collect())
    }
}
