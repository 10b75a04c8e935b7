//! A stack on the mirror: blueprints are applied over each other, and looked at.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use pando::aws::lookups::{Answers, Image};
use pando::blueprint::diagnostic::Source;
use pando::blueprint::{Blueprint, Expansion};
use pando::engine::address::Owner;
use pando::engine::deployment::{Deployment, RunError};
use pando::engine::event::{Event, Listener};
use pando::engine::graph::Graph;
use pando::engine::journal::NoJournal;
use pando::engine::plan::Plan;
use pando::engine::state::{Site, State};
use pando::engine::verify::verify;
use tokio::sync::watch;

use super::cloud::MirrorCloud;
use super::registry;
use crate::support::time::now;
use crate::support::toy::world::lines;

/// What the world tells in every test: four zones, and an image for Graviton.
pub fn answers() -> Answers {
    let site = Site { account: "123456789012".into(), region: "eu-west-1".into(), endpoint: "mirror".into() };
    let image = Image {
        id: "ami-0d27e0fb3bac4d724".into(),
        architecture: "arm64".into(),
        root_device: "/dev/xvda".into(),
        root_size: 8,
    };
    let zones = ["a", "b", "c", "d"].map(|letter| format!("eu-west-1{letter}"));
    Answers { site, partition: "aws".into(), zones: zones.into(), image: Some(image) }
}

/// What a blueprint becomes. It has to be without a mistake.
pub fn expansion(source: &Source, environment: Option<&str>) -> Expansion {
    let parsed = Blueprint::parse(source, environment);
    let (blueprint, _) = parsed.unwrap_or_else(|mistakes| panic!("{}: {mistakes:#?}", source.text));
    assert_eq!(blueprint.check_answers(&answers()), [], "{}", source.text);
    blueprint.expand(&answers()).expect("a sound graph")
}

pub struct Stack {
    deployment: Deployment<MirrorCloud, NoJournal>,
    events: Shared,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<Event>>>);

impl Listener for Shared {
    fn on(&mut self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Default for Stack {
    fn default() -> Self {
        let owner = Owner { lineage: "lineage-1".into(), stack: "shop".into() };
        let events = Shared::default();
        let deployment = Deployment {
            registry: registry(),
            cloud: Arc::new(MirrorCloud::default()),
            journal: NoJournal,
            state: State::new(owner),
            now,
            parallel: 16,
            listener: Box::new(events.clone()),
            // Nobody ever wants to stop.
            stop: watch::Sender::new(false).subscribe(),
        };
        Self { deployment, events }
    }
}

impl Stack {
    pub async fn plan(&mut self, graph: &Graph) -> Result<Plan, RunError> {
        Ok(self.deployment.plan(graph).await?.0)
    }

    /// Applies, and looks whether exactly what was asked for is there, and nothing is left to do.
    pub async fn apply(&mut self, graph: &Graph) {
        let (plan, seen) = self.deployment.plan(graph).await.expect("a plan");
        let report = self.deployment.apply(graph, &plan, &seen).await.expect("a run");
        assert!(report.is_complete(), "{report:#?}\nof the plan\n{}", lines(&plan));
        assert_eq!(verify(&self.deployment.state), []);
        let there: Vec<_> = self.deployment.cloud.present().into_values().map(|object| object.life.address).collect();
        assert_eq!(there.len(), graph.len(), "orphans or duplicates among {there:?}");
        let wanted: BTreeSet<_> = graph.addresses().cloned().collect();
        assert_eq!(there.into_iter().collect::<BTreeSet<_>>(), wanted);
        let next = self.plan(graph).await.expect("a plan");
        assert_eq!(lines(&next), "", "the plan after an apply");
        let events = self.events.0.lock().unwrap();
        let postponed: Vec<_> = events.iter().filter(|event| matches!(event, Event::StepPostponed { .. })).collect();
        assert!(postponed.is_empty(), "what the plan orders well need not be put off: {postponed:?}");
    }
}
