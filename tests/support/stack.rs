//! A stack in this process: the whole of Pando below the command line, with a disk in memory.

use std::path::Path;
use std::sync::{Arc, Mutex};

use pando::aws::clients::Aws;
use pando::aws::lookups::Answers;
use pando::aws::lost::image_pin;
use pando::aws::resources::registry;
use pando::blueprint::diagnostic::Source;
use pando::blueprint::{Blueprint, Expansion};
use pando::engine::address::Owner;
use pando::engine::deployment::{Deployment, Report};
use pando::engine::event::{Event, Listener};
use pando::engine::graph::Graph;
use pando::engine::journal::Entry;
use pando::engine::plan::Plan;
use pando::engine::recover::Recovery;
use pando::engine::state::State;
use pando::engine::sweep::Found;
use pando::engine::verify::verify;
use pando::store::file::OpenStore;
use pando::store::{FileStore, Holder, StoreError};
use tokio::sync::watch;

use super::disk::MemoryDisk;

/// A run of Pando.
pub type Process = Deployment<Aws, OpenStore<MemoryDisk>>;

/// A stack. Every method is a process of its own: it begins with what is on the disk.
pub struct Stack {
    /// Where it lives.
    pub cloud: Arc<Aws>,
    /// Becomes true when the user wants to stop.
    pub stop: watch::Sender<bool>,
    /// Seconds since 1970. In virtual time it is not this machine's clock.
    pub now: fn() -> u64,
    /// Where it is remembered.
    pub disk: MemoryDisk,
    owner: Owner,
    events: Shared,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<Event>>>);

impl Listener for Shared {
    fn on(&mut self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

/// Reads a blueprint, with one of its environments laid over it. A mistake in it fails the test.
pub fn blueprint(text: &str, environment: Option<&str>) -> Blueprint {
    let source = Source { name: "test.yaml".into(), text: text.into() };
    match Blueprint::parse(&source, environment) {
        Ok((blueprint, _)) => blueprint,
        Err(mistakes) => panic!("{mistakes:#?}"),
    }
}

impl Stack {
    /// A stack that was never applied.
    pub fn new(cloud: Aws, blueprint: &Blueprint) -> Self {
        let owner = Owner { lineage: uuid::Uuid::new_v4().to_string(), stack: blueprint.name().to_owned() };
        Self {
            cloud: Arc::new(cloud),
            stop: watch::Sender::new(false),
            now,
            disk: MemoryDisk::default(),
            owner,
            events: Shared::default(),
        }
    }

    /// The same stack in another world that was the same until now.
    pub fn fork(&self, cloud: Aws) -> Self {
        let (cloud, events, disk) = (Arc::new(cloud), Shared::default(), self.disk.fork());
        Self { cloud, stop: watch::Sender::new(false), now: self.now, owner: self.owner.clone(), disk, events }
    }

    /// The same stack, of which nothing is remembered but whose it is.
    pub fn forgotten(&self) -> Self {
        let (cloud, events, disk) = (Arc::clone(&self.cloud), Shared::default(), MemoryDisk::default());
        Self { cloud, stop: watch::Sender::new(false), now: self.now, owner: self.owner.clone(), disk, events }
    }

    /// Finds out anew what there is of it, as `pando state recover` does.
    pub async fn recover(&self, blueprint: &Blueprint) -> Recovery {
        let pin = image_pin(&self.cloud, &self.owner, &blueprint.needs()).await.expect("an answer");
        self.process().write(&Vec::from_iter(pin)).await.expect("a disk that works");
        let graph = self.expand(blueprint).await.graph;
        let mut process = self.process();
        let recovery = process.recover(&graph).await.expect("a search");
        process.write(&recovery.entries((self.now)())).await.expect("legal entries");
        assert_eq!(verify(&process.state), []);
        recovery
    }

    fn store(&self) -> FileStore<MemoryDisk> {
        FileStore::on(self.disk.clone(), Path::new("/pando"), &self.owner.stack)
    }

    /// Whose resources these are.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// What is known of it.
    pub fn state(&self) -> State {
        self.store().read().expect("a sound state").unwrap_or_else(|| State::new(self.owner.clone()))
    }

    /// Everything that was told so far.
    pub fn events(&self) -> Vec<Event> {
        self.events.0.lock().unwrap().clone()
    }

    /// A fresh process, for whatever the methods below do not do.
    pub fn process(&self) -> Process {
        self.begin().expect("a disk that works")
    }

    fn begin(&self) -> Result<Process, StoreError> {
        let (journal, state) = self.store().open(|| self.owner.clone(), &Holder::default())?;
        Ok(Deployment {
            registry: registry(),
            cloud: Arc::clone(&self.cloud),
            journal,
            state,
            now: self.now,
            parallel: 16,
            listener: Box::new(self.events.clone()),
            stop: self.stop.subscribe(),
        })
    }

    /// Asks what the state does not know, pins the answers as `pando apply` does, and expands the blueprint.
    pub async fn expand(&self, blueprint: &Blueprint) -> Expansion {
        let (state, lookups, site) = (self.state(), blueprint.needs(), &self.cloud.site);
        state.check_site(site).expect("the place the stack was made in");
        let mut values = state.pins.clone();
        let mut entries = Vec::new();
        if state.site.as_ref() != Some(site) {
            entries.push(Entry::Placed(site.clone()));
        }
        for lookup in &lookups {
            let query = lookup.query();
            if !values.contains_key(&query) {
                let answer = lookup.ask(&self.cloud).await.expect("an answer");
                values.insert(query.clone(), answer.clone());
                entries.push(Entry::Pinned { query, answer });
            }
        }
        if !entries.is_empty() {
            self.process().write(&entries).await.expect("a disk that works");
        }
        let answers = Answers::of(site.clone(), self.cloud.partition.clone(), &lookups, &values).expect("answers");
        let mistakes = blueprint.check_answers(&answers);
        assert!(mistakes.is_empty(), "{mistakes:#?}");
        blueprint.expand(&answers).expect("a sound graph")
    }

    /// What would be done.
    pub async fn plan(&self, blueprint: &Blueprint) -> Plan {
        let graph = self.expand(blueprint).await.graph;
        self.process().plan(&graph).await.expect("a plan").0
    }

    /// Plans and does it. The plan is returned too.
    pub async fn apply(&self, blueprint: &Blueprint) -> (Plan, Report) {
        let graph = self.expand(blueprint).await.graph;
        self.carry_out(&graph).await
    }

    /// Applies what must succeed at once, and must leave nothing to do.
    pub async fn applied(&self, blueprint: &Blueprint) -> Plan {
        let (plan, report) = self.apply(blueprint).await;
        assert!(report.is_complete(), "{report:#?} after {:#?}", self.events());
        assert_eq!(verify(&self.state()), []);
        let again = self.plan(blueprint).await;
        assert!(again.is_empty(), "the plan after apply: {:#?}", again.steps);
        plan
    }

    /// Removes everything, which must succeed at once.
    pub async fn destroyed(&self) -> Plan {
        let (plan, report) = self.carry_out(&Graph::default()).await;
        assert!(report.is_complete(), "{report:#?} after {:#?}", self.events());
        assert_eq!(self.sweep().await, [], "still there, with the stack's tag");
        plan
    }

    /// Everything that carries the stack's tag, whatever the state says.
    pub async fn sweep(&self) -> Vec<Found> {
        self.process().sweep().await.expect("a search")
    }

    /// Plans and does what can be done; nothing, if not even a plan could be made.
    pub async fn attempt(&self, graph: &Graph) -> Option<Report> {
        let mut process = self.begin().ok()?;
        let (plan, seen) = process.plan(graph).await.ok()?;
        let report = process.apply(graph, &plan, &seen).await;
        let saved = process.journal.save(&process.state);
        report.ok().filter(|_| saved.is_ok())
    }

    async fn carry_out(&self, graph: &Graph) -> (Plan, Report) {
        let mut process = self.process();
        let (plan, seen) = process.plan(graph).await.expect("a plan");
        let report = process.apply(graph, &plan, &seen).await.expect("a run");
        process.journal.save(&process.state).expect("a disk that works");
        (plan, report)
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default()
}
