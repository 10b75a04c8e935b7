//! What Pando is busy with when it dies.

use pando::blueprint::Blueprint;
use pando::simulator::settings::{Settings, Throttling, Visibility};
use std::time::Duration;

use crate::support::stack::blueprint;

/// A ready-made blueprint and what is edited in it; `None`: nothing, so destroy.
pub(super) type Target = Option<(&'static str, &'static [(&'static str, &'static str)])>;

/// From what the stack is, to what it is to become; and what is asked for after the accident, if not the same again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) from: Target,
    pub(super) to: Target,
    pub(super) then: Option<Target>,
}

const SHOP: Target = Some(("web-service", &[]));
/// More of everything.
const GROWN: Target = Some((
    "web-service",
    &[
        ("clones: { min: 2, max: 4 }", "clones: { min: 2, max: 9 }"),
        ("storage: 20 GiB, replicas: 1", "storage: 40 GiB, replicas: 2"),
        ("visibility: 5m", "visibility: 6m"),
        ("instance: t4g.small", "instance: t4g.medium"),
        ("workers:\n", "workers:\n  letters: { instance: c7g.large }\n"),
    ],
));
/// Its workers are called otherwise, and it has another engine.
const TURNED: Target = Some(("web-service", &[("thumbnails:", "previews:"), ("mysql 8.4", "postgres 17")]));
const SITE: Target = Some(("web-only", &[]));
/// Everything in the network is replaced.
const MOVED: Target = Some(("web-only", &[("network: { nat: one }", "network: { nat: one, cidr: 10.77.0.0/16 }")]));
const BATCH: Target = Some(("worker-only", &[]));
const STORE: Target = Some(("database-only", &[]));

const fn scenario(name: &'static str, from: Target, to: Target, then: Option<Target>) -> Scenario {
    Scenario { name, from, to, then }
}

/// Those over small stacks are many, because they are quick.
pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("make the shop", None, SHOP, None),
    scenario("destroy the shop", SHOP, None, None),
    scenario("grow the shop", SHOP, GROWN, None),
    scenario("turn the shop", SHOP, TURNED, None),
    scenario("make the site", None, SITE, None),
    scenario("make the site, then rather destroy it", None, SITE, Some(None)),
    scenario("destroy the site", SITE, None, None),
    scenario("destroy the site, then rather keep it", SITE, None, Some(SITE)),
    scenario("move the site", SITE, MOVED, None),
    scenario("move the site, then rather not", SITE, MOVED, Some(SITE)),
    scenario("grow the shop, then not", SHOP, GROWN, Some(SHOP)),
    scenario("make the batch", None, BATCH, None),
    scenario("destroy the batch", BATCH, None, None),
    scenario("destroy the batch, then rather keep it", BATCH, None, Some(BATCH)),
    scenario("make the store", None, STORE, None),
    scenario("destroy the store", STORE, None, None),
];

/// What the world is like: at once and generous, slow to show, and short of everything.
pub(super) fn settings(climate: u64) -> Settings {
    let usual = Settings::default();
    match climate {
        0 => usual,
        1 => Settings { visibility: Visibility::Always(Duration::from_secs(20)), ..usual },
        _ => Settings { visibility: Visibility::Always(Duration::from_secs(2)), throttling: Throttling::Half, ..usual },
    }
}

/// How many climates there are.
pub(super) const CLIMATES: u64 = 3;

/// The blueprint of a target, for development, so that nothing is protected.
pub(super) fn read((name, edits): (&str, &[(&str, &str)])) -> Blueprint {
    let path = format!("{}/blueprints/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let mut text = std::fs::read_to_string(path).unwrap();
    for (from, to) in edits {
        assert!(text.contains(from), "{name}.yaml has no {from:?}");
        text = text.replace(from, to);
    }
    blueprint(&text, Some("dev"))
}
