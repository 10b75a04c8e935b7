//! What Pando is busy with when it dies.

use std::time::Duration;

use pando::blueprint::Blueprint;
use pando::simulator::settings::{Latency, Settings, Throttling, Visibility};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};

use crate::support::documents::{ready_made, sound, yaml};
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

const SOLD: Target = Some(("web-service", &[]));
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
const SHOWN: Target = Some(("web-only", &[]));
/// Everything in the network is replaced.
const MOVED: Target = Some(("web-only", &[("network: { nat: one }", "network: { nat: one, cidr: 10.77.0.0/16 }")]));
const DONE: Target = Some(("worker-only", &[]));
const KEPT: Target = Some(("database-only", &[]));

/// The same with its blueprints read.
pub(super) struct Story {
    pub(super) name: String,
    pub(super) from: Option<Blueprint>,
    pub(super) to: Option<Blueprint>,
    /// What is asked for after the accident.
    pub(super) last: Option<Blueprint>,
    /// Whether that is something else.
    pub(super) turns: bool,
}

impl From<&Scenario> for Story {
    fn from(scenario: &Scenario) -> Self {
        Self {
            name: scenario.name.to_owned(),
            from: scenario.from.map(read),
            to: scenario.to.map(read),
            last: scenario.then.unwrap_or(scenario.to).map(read),
            turns: scenario.then.is_some(),
        }
    }
}

/// Two blueprints that have nothing to do with each other, in whatever the language allows and the simulator has.
pub(super) fn random(seed: u64) -> Story {
    let config = Config { rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let mut draw = || {
        let mut document = sound::blueprint().new_tree(&mut runner).unwrap().current();
        let members = document.as_object_mut().unwrap();
        for nowhere in ["region", "state"] {
            members.remove(nowhere);
        }
        members.insert("protect".into(), json!([]));
        members.insert("profile".into(), json!("dev"));
        let image = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";
        members.insert("image".into(), json!({ "ssm": image }));
        let workers = members.get("workers").and_then(Value::as_object).into_iter().flat_map(|all| all.keys());
        let clones: Vec<String> = workers.map(|name| format!("/workers/{name}")).chain(["/web".to_owned()]).collect();
        for place in clones {
            if let Some(clones) = document.pointer_mut(&place).and_then(Value::as_object_mut) {
                clones.remove("certificate");
                clones.insert("instance".into(), json!("t4g.small"));
            }
        }
        let members = document.as_object_mut().unwrap();
        if let Some(zones) = members.get_mut("network").and_then(|network| network.get_mut("zones")) {
            *zones = json!(zones.as_u64().unwrap_or(2).min(3));
        }
        document
    };
    let (from, mut to) = (draw(), draw());
    // A database stays in its zone, so a network that has fewer of them is refused.
    let zones = |document: &Value| document.pointer("/network/zones").and_then(Value::as_u64).unwrap_or(2);
    if zones(&to) < zones(&from) {
        to["network"]["zones"] = json!(zones(&from));
    }
    let read = |document: &Value| Some(blueprint(&yaml::text(document), None));
    Story { name: format!("random {seed}"), from: read(&from), to: read(&to), last: read(&to), turns: false }
}

const fn scenario(name: &'static str, from: Target, to: Target, then: Option<Target>) -> Scenario {
    Scenario { name, from, to, then }
}

/// A whole web service: load balancer, clones, workers, database with replica, cache.
pub(super) const SHOP: &[Scenario] = &[
    scenario("make it", None, SOLD, None),
    scenario("destroy it", SOLD, None, None),
    scenario("grow it", SOLD, GROWN, None),
    scenario("grow it, then not", SOLD, GROWN, Some(SOLD)),
    scenario("turn it", SOLD, TURNED, None),
];

/// A load balancer and clones.
pub(super) const SITE: &[Scenario] = &[
    scenario("make it", None, SHOWN, None),
    scenario("make it, then rather destroy it", None, SHOWN, Some(None)),
    scenario("destroy it", SHOWN, None, None),
    scenario("destroy it, then rather keep it", SHOWN, None, Some(SHOWN)),
    scenario("move it", SHOWN, MOVED, None),
    scenario("move it, then rather not", SHOWN, MOVED, Some(SHOWN)),
];

/// Workers and their queues.
pub(super) const BATCH: &[Scenario] = &[
    scenario("make it", None, DONE, None),
    scenario("destroy it", DONE, None, None),
    scenario("destroy it, then rather keep it", DONE, None, Some(DONE)),
    scenario("make it, then rather destroy it", None, DONE, Some(None)),
];

/// A database. What stays of one that is destroyed depends on whether it was ever in service, so none is destroyed half made.
pub(super) const STORE: &[Scenario] =
    &[scenario("make it", None, KEPT, None), scenario("destroy it", KEPT, None, None)];

/// What the world is like: at once and generous, slow to show and to answer, short of everything, very slow to show, and slow in a way that nobody
/// can foresee.
pub(super) fn settings(climate: u64) -> Settings {
    let usual = Settings::default();
    let always = |seconds| Visibility::Always(Duration::from_secs(seconds));
    match climate {
        0 => usual,
        1 => Settings { visibility: always(20), latency: Latency::Drawn, ..usual },
        2 => Settings { visibility: always(2), throttling: Throttling::Half, ..usual },
        3 => Settings { visibility: always(70), ..usual },
        _ => Settings { visibility: Visibility::Drawn, latency: Latency::Drawn, ..usual },
    }
}

/// How many climates there are.
pub(super) const CLIMATES: u64 = 5;

/// The blueprint of a target, for development, so that nothing is protected.
fn read((name, edits): (&str, &[(&str, &str)])) -> Blueprint {
    blueprint(&ready_made(name, edits), Some("dev"))
}
