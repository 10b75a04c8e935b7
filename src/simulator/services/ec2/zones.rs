//! Availability Zones (a stub until the network's author is done).

/// A zone.
pub(crate) struct Zone {
    pub(crate) name: String,
    pub(crate) id: String,
}

/// The zones of a region.
pub(crate) fn of(region: &str) -> Vec<Zone> {
    ["a", "b", "c"]
        .iter()
        .map(|letter| Zone { name: format!("{region}{letter}"), id: format!("az-{letter}") })
        .collect()
}
