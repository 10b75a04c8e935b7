//! The oracle: what exists, whose it is, and what is nobody's.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// One thing that exists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    /// The account.
    pub account: String,
    /// The region; `global` for what has none.
    pub region: String,
    /// The service and the shelf in it: `ec2/vpcs`.
    pub kind: String,
    /// Its id or name.
    pub id: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Everything in a dump of the world. Shelves are found by their form, so that a new kind of thing is part of it by itself. The roles that AWS's
/// services make for themselves are AWS's: they come with the first thing that anybody makes in a service, and stay.
pub(super) fn of(dump: &Value) -> Vec<Thing> {
    let mut found = Vec::new();
    for (account, content) in fields(&dump["iam"]) {
        search(content, &["iam"], &mut |kind, id, thing| {
            let is_of_aws = thing["path"].as_str().is_some_and(|path| path.starts_with("/aws-service-role/"));
            if !is_of_aws {
                found.push(thing_of(account, "global", kind, id, thing));
            }
        });
    }
    for (account, regions) in fields(&dump["accounts"]) {
        for (region, services) in fields(regions) {
            search(services, &[], &mut |kind, id, thing| {
                found.push(thing_of(account, region, kind, id, thing));
            });
        }
    }
    for (name, bucket) in fields(&dump["s3"]["buckets"]) {
        let account = bucket["account"].as_str().unwrap_or_default();
        let region = bucket["region"].as_str().unwrap_or_default();
        found.push(thing_of(account, region, "s3/buckets", name, bucket));
    }
    found.sort();
    found
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// Calls for each thing on each shelf below.
pub(super) fn search(value: &Value, path: &[&str], found: &mut dyn FnMut(&str, &str, &Value)) {
    for (name, below) in fields(value) {
        match below.get("things") {
            Some(things) if below.as_object().is_some_and(|shelf| shelf.len() == 1) => {
                let kind = [path, &[name]].concat().join("/");
                fields(things).for_each(|(id, kept)| found(&kind, id, &kept["thing"]));
            }
            _ => search(below, &[path, &[name]].concat(), found),
        }
    }
}

fn thing_of(account: &str, region: &str, kind: &str, id: &str, thing: &Value) -> Thing {
    let tags = fields(&thing["tags"]).filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    Thing {
        account: account.to_owned(),
        region: region.to_owned(),
        kind: kind.to_owned(),
        id: id.to_owned(),
        tags: tags.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_found_on_their_shelves_with_their_tags() {
        let ec2 = serde_json::json!({
            "vpcs": { "things": { "vpc-1": { "visible": 0, "thing": { "tags": { "pando:stack": "s" } } } } },
        });
        let sqs =
            serde_json::json!({ "queues": { "things": { "q": { "visible": 0, "thing": { "tags": { "a": "b" } } } } } });
        let regions = serde_json::json!({ "eu-west-1": { "ec2": ec2, "sqs": sqs } });
        let role = serde_json::json!({ "things": {
            "r": { "visible": 0, "thing": { "path": "/", "tags": {} } },
            "AWSServiceRoleForRDS": { "visible": 0, "thing": { "path": "/aws-service-role/rds.amazonaws.com/", "tags": {} } },
        } });
        let found = of(&serde_json::json!({ "accounts": { "1": regions }, "iam": { "1": { "roles": role } } }));
        let brief: Vec<_> =
            found.iter().map(|thing| (thing.kind.as_str(), thing.id.as_str(), thing.tags.len())).collect();
        assert_eq!(brief, [("ec2/vpcs", "vpc-1", 1), ("sqs/queues", "q", 1), ("iam/roles", "r", 0)]);
    }
}
