//! A machine that can die: the cloud and the journal outlive the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pando::engine::address::{Address, Key, Owner};
use pando::engine::deployment::{Deployment, Report, RunError};
use pando::engine::event::{Event, Listener};
use pando::engine::graph::{Graph, GraphError};
use pando::engine::journal::{Entry, Journal, JournalError, Permit};
use pando::engine::plan::{Action, Plan};
use pando::engine::reference::Ref;
use pando::engine::state::{State, Status};
use pando::engine::verify::verify;
use tokio::sync::watch;

use crate::support::time::now;

use super::cloud::{FakeCloud, Fault, Faults};
use super::fleet::Fleet;
use super::group::Group;
use super::guard::Guard;
use super::network::Network;
use super::registry;
use super::rule::Rule;
use super::subnet::Subnet;
use super::template::Template;

pub struct MemoryJournal {
    entries: Arc<Mutex<Vec<Entry>>>,
    faults: Arc<Faults>,
    /// Fails from this many entries on, as a full disk does.
    pub room: usize,
}

impl Journal for MemoryJournal {
    async fn append(&mut self, entries: &[Entry]) -> Result<(), JournalError> {
        if matches!(self.faults.hit(), Some(Fault::Crash)) {
            self.faults.die().await;
        }
        self.faults.permit()?;
        tokio::time::sleep(Duration::from_millis(4)).await;
        {
            let mut all = self.entries.lock().unwrap();
            if all.len() + entries.len() > self.room {
                return Err(JournalError("no space left on device".into()));
            }
            all.extend_from_slice(entries);
        }
        if matches!(self.faults.hit(), Some(Fault::Crash)) {
            self.faults.die().await;
        }
        Ok(())
    }

    fn permit(&self) -> Permit {
        let faults = Arc::clone(&self.faults);
        Permit::new(move || faults.permit())
    }
}

/// Runs in virtual time.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap().block_on(work)
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<Event>>>);

impl Listener for Shared {
    fn on(&mut self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

pub struct World {
    pub cloud: FakeCloud,
    pub entries: Arc<Mutex<Vec<Entry>>>,
    pub stop: watch::Sender<bool>,
    pub room: usize,
    events: Shared,
}

pub type Process = Deployment<FakeCloud, MemoryJournal>;

impl World {
    pub fn new(lag: u64) -> Self {
        Self {
            cloud: FakeCloud::with_lag(lag),
            entries: Arc::default(),
            stop: watch::Sender::new(false),
            room: usize::MAX,
            events: Shared::default(),
        }
    }

    /// A fresh process: its state is the fold of the journal, sent through JSON.
    pub fn process(&self) -> Process {
        let owner = Owner { lineage: "lineage-1".into(), stack: "toy".into() };
        let state = State::new(owner).fold(&self.entries.lock().unwrap()).expect("a legal journal");
        let text = serde_json::to_string(&state).unwrap();
        Deployment {
            registry: registry(),
            cloud: Arc::new(self.cloud.clone()),
            journal: MemoryJournal {
                entries: Arc::clone(&self.entries),
                faults: Arc::clone(&self.cloud.faults),
                room: self.room,
            },
            state: serde_json::from_str(&text).unwrap(),
            now,
            parallel: 8,
            listener: Box::new(self.events.clone()),
            stop: self.stop.subscribe(),
        }
    }

    /// Everything that was told so far.
    pub fn events(&self) -> Vec<Event> {
        self.events.0.lock().unwrap().clone()
    }

    /// `None`: the process died.
    pub async fn apply(&self, graph: &Graph) -> Option<Result<Report, RunError>> {
        let mut process = self.process();
        let run = async {
            let (plan, seen) = process.plan(graph).await?;
            process.apply(graph, &plan, &seen).await
        };
        tokio::select! {
            biased;
            () = self.cloud.faults.died() => None,
            result = run => Some(result),
        }
    }

    /// The same by a process that dies at this boundary. Whether it came to its end before.
    pub async fn apply_until(&self, boundary: usize, graph: &Graph) -> bool {
        self.cloud.faults.arm(boundary, Fault::Crash);
        let result = self.apply(graph).await;
        self.cloud.faults.disarm();
        result.is_some()
    }

    /// Applies what must succeed at once.
    pub async fn applied(&self, graph: &Graph) {
        let report = self.apply(graph).await.expect("alive").expect("a run");
        assert!(report.is_complete(), "{report:?}");
    }

    pub async fn plan(&self, graph: &Graph) -> Plan {
        self.process().plan(graph).await.expect("a plan").0
    }

    /// No orphan, no duplicate, nothing missing, nothing left to do.
    pub async fn check(&self, graph: &Graph, case: &str) {
        let process = self.process();
        assert_eq!(verify(&process.state), [], "{case}");
        let ready = process.state.records.iter().filter(|(_, r)| matches!(r.status, Status::Ready { .. }));
        let ready: BTreeMap<_, _> = ready.map(|(i, r)| (i.address.clone(), r.clone())).collect();
        let wanted: BTreeSet<Address> = graph.addresses().cloned().collect();
        assert_eq!(ready.keys().cloned().collect::<BTreeSet<_>>(), wanted, "{case}: state and blueprint differ");
        let objects = self.cloud.world.lock().unwrap().present().clone();
        let names: Vec<_> = objects.keys().collect();
        let made = wanted.iter().filter(|address| address.kind != "guard").count();
        assert_eq!(objects.len(), made, "{case}: orphan or duplicate: {names:?}");
        let keys: BTreeSet<Key> = ready.values().map(|r| r.key.clone()).collect();
        for (id, object) in &objects {
            assert!(object.key.as_ref().is_none_or(|k| keys.contains(k)), "{case}: {id} is not ours");
        }
        assert_eq!(lines(&self.plan(graph).await), "", "{case}: plan after apply");
    }
}

/// A world in which this was applied.
pub async fn applied(look: Look) -> World {
    let world = World::new(1);
    world.applied(&graph(look)).await;
    world
}

/// One line for each step.
pub fn lines(plan: &Plan) -> String {
    let line = |step: &pando::engine::plan::Step| {
        let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
        let after = if after.is_empty() { String::new() } else { format!(" after {}", after.join(", ")) };
        format!("{:?} {} ({:?}){after}", step.action, step.incarnation, step.reason)
    };
    plan.steps.values().map(line).collect::<Vec<_>>().join("\n")
}

/// How often a plan does this.
pub fn count(plan: &Plan, action: Action) -> usize {
    plan.steps.values().filter(|step| step.action == action).count()
}

/// What a toy blueprint says.
#[derive(Clone, Copy)]
pub struct Look {
    pub network_cidr: &'static str,
    pub subnet_cidr: &'static str,
    pub zone: &'static str,
    pub tag: &'static str,
    pub image: &'static str,
    pub second_subnet: bool,
    /// The cloud's own deletion protection.
    pub keep: bool,
    /// The engine's protection of the fleet.
    pub protect: bool,
    pub secret: u32,
    /// Whether there are rules.
    pub ruled: bool,
    /// On the rules.
    pub note: &'static str,
}

pub const BASE: Look = Look {
    network_cidr: "10.0.0.0/16",
    subnet_cidr: "10.0.1.0/24",
    zone: "z1",
    tag: "one",
    image: "image-1",
    second_subnet: true,
    keep: false,
    protect: false,
    secret: 1,
    ruled: true,
    note: "one",
};

pub fn graph(look: Look) -> Graph {
    build(look).expect("a sound graph")
}

fn build(look: Look) -> Result<Graph, GraphError> {
    let mut g = Graph::default();
    let tags: BTreeMap<String, String> = [("t".to_owned(), look.tag.to_owned())].into();
    let cidr = look.network_cidr.to_owned();
    let network = g.add("main", &Network { cidr, tags: tags.clone(), keep: look.keep })?;
    g.add("main", &Guard { network: network.clone(), closed: true })?;
    let subnet = |cidr: &str, zone: &str| Subnet {
        network: network.clone(),
        cidr: cidr.into(),
        zone: Some(zone.into()),
        tags: tags.clone(),
    };
    let a = g.add("a", &subnet(look.subnet_cidr, look.zone))?;
    let b = if look.second_subnet { Some(g.add("b", &subnet("10.0.2.0/24", "z2"))?) } else { None };
    let group = |network, subnets| Group { network, subnets, initial_size: 3, secret_version: look.secret };
    let both: Vec<Ref<Subnet>> = [Some(a.clone()), b].into_iter().flatten().collect();
    let web = g.add("web", &group(Some(network.clone()), both))?;
    let db = g.add("db", &group(None, vec![a]))?;
    if look.ruled {
        g.add("web-to-db", &Rule { from: web.clone(), to: db.clone(), port: 5432, note: look.note.into() })?;
        g.add("db-to-web", &Rule { from: db, to: web.clone(), port: 80, note: look.note.into() })?;
    }
    let template = g.add("web", &Template { image: look.image.into() })?;
    let fleet = Fleet { group: web, template };
    g.add_kept("web", &fleet, look.protect)?;
    Ok(g)
}
