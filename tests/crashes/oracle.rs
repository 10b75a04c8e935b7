//! What there is in the world, so that one world can be held against another.

use std::collections::BTreeMap;
use std::time::Duration;

use pando::simulator::Simulator;
use pando::simulator::inventory::Thing;

/// How many things there are of each kind and address. Ids and the stack's lineage differ from world to world.
pub(crate) type Census = BTreeMap<(String, String), usize>;

/// Counts what there is when everything has come to rest: what ended is no longer shown, which takes an hour, and what Auto Scaling begins is done.
pub(super) async fn census(simulator: &Simulator) -> Census {
    tokio::time::sleep(Duration::from_mins(75)).await;
    count(simulator)
}

/// Counts what there is now.
pub(crate) fn count(simulator: &Simulator) -> Census {
    let mut census = Census::new();
    for thing in simulator.inventory().unwrap() {
        *census.entry((thing.kind.clone(), name(&thing))).or_default() += 1;
    }
    census
}

/// Whether there comes to be what there should be. Most worlds are at rest before the hour is over, and need not be watched for all of it.
pub(super) async fn settles(simulator: &Simulator, wanted: &Census) -> Result<(), String> {
    tokio::time::sleep(Duration::from_mins(10)).await;
    match compare(wanted, &count(simulator)) {
        Ok(()) => Ok(()),
        Err(_) => compare(wanted, &census(simulator).await),
    }
}

/// What a thing is to people: its address in the blueprint, or else its name.
fn name(thing: &Thing) -> String {
    let tag = |key: &str| thing.tags.get(key).cloned();
    tag("pando:address").or_else(|| tag("Name")).unwrap_or_default()
}

/// Says what there is too much and too little.
pub(crate) fn compare(wanted: &Census, there: &Census) -> Result<(), String> {
    let number = |census: &Census, what| census.get(what).copied().unwrap_or_default();
    let differences: Vec<String> = wanted
        .keys()
        .chain(there.keys().filter(|what| !wanted.contains_key(*what)))
        .filter(|what| number(wanted, what) != number(there, what))
        .map(|what| format!("{} {}: {} instead of {}", what.0, what.1, number(there, what), number(wanted, what)))
        .collect();
    if differences.is_empty() { Ok(()) } else { Err(differences.join("; ")) }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;
    use pando::simulator::settings::Settings;

    use super::*;
    use crate::support::simulated::world;

    #[tokio::test(start_paused = true)]
    async fn what_nobody_owns_is_seen_and_so_is_what_is_missing() {
        let simulator = world(Settings::default());
        let authorization = "AWS4-HMAC-SHA256 Credential=123456789012/20260101/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0";
        let allocate = Request::post("/").header("authorization", authorization);
        let allocate = allocate.body(Bytes::from_static(b"Action=AllocateAddress&Version=2016-11-15")).unwrap();
        drop(simulator.answer(&allocate, None));
        let one = census(&simulator).await;
        drop(simulator.answer(&allocate, None));
        let two = census(&simulator).await;
        assert_eq!(compare(&one, &one), Ok(()));
        assert_eq!(compare(&one, &two), Err("ec2/addresses : 2 instead of 1".to_owned()));
        assert_eq!(compare(&two, &one), Err("ec2/addresses : 1 instead of 2".to_owned()));
    }
}
