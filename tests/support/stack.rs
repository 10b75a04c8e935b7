//! A stack in this process: the whole of Pando below the command line, with a disk in memory.

use std::error::Error;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use pando::aws::clients::Aws;
use pando::aws::lookups::{Answers, Lookup};
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
use pando::store::remote::{RemoteError, RemoteStore};
use pando::store::{FileStore, Holder, OpenStore, Store, StoreError};
use tokio::sync::watch;

use super::bucket::{Bucket, Machine, Trouble};
use super::disk::MemoryDisk;
use super::time;

/// A run of Pando.
pub type Process = Deployment<Aws, OpenStore<Machine, MemoryDisk>>;

/// A stack. Every method is a process of its own: it begins with what is on the disk.
pub struct Stack {
    /// Where it lives.
    pub cloud: Arc<Aws>,
    /// Becomes true when the user wants to stop.
    pub stop: watch::Sender<bool>,
    /// Seconds since 1970. In virtual time it is not this machine's clock.
    pub now: fn() -> u64,
    /// Where it is remembered, or where the copy of that is.
    pub disk: MemoryDisk,
    /// The bucket that has its state, if that is not on the disk alone.
    bucket: Option<Shelf>,
    owner: Owner,
    events: Shared,
    complaints: Arc<Mutex<Vec<String>>>,
}

/// A bucket, and a machine that can reach it.
struct Shelf {
    bucket: Bucket,
    /// The way to it.
    machine: Machine,
    /// Which machine it is.
    number: usize,
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
            bucket: None,
            owner,
            events: Shared::default(),
            complaints: Arc::default(),
        }
    }

    /// The same in a test whose time is virtual.
    pub fn in_virtual_time(cloud: Aws, blueprint: &Blueprint) -> Self {
        Self { now: time::now, ..Self::new(cloud, blueprint) }
    }

    /// The same with its state in a bucket.
    #[must_use]
    pub fn in_a_bucket(self) -> Self {
        Self { bucket: Some(Shelf::of(Bucket::default(), 0)), ..self }
    }

    /// The same stack in another world that was the same until now.
    pub fn fork(&self, cloud: Aws) -> Self {
        let bucket = self.bucket.as_ref().map(|shelf| Shelf::of(shelf.bucket.fork(), shelf.number));
        Self { cloud: Arc::new(cloud), disk: self.disk.fork(), bucket, ..self.silent() }
    }

    /// The same stack, of which nothing is remembered but whose it is.
    pub fn forgotten(&self) -> Self {
        Self { bucket: None, ..self.silent() }
    }

    /// The same, of which nothing was told yet.
    fn silent(&self) -> Self {
        Self { events: Shared::default(), complaints: Arc::default(), ..self.elsewhere() }
    }

    /// The same stack on a machine that has no copy of its state.
    pub fn elsewhere(&self) -> Self {
        Self {
            cloud: Arc::clone(&self.cloud),
            stop: watch::Sender::new(false),
            now: self.now,
            disk: MemoryDisk::default(),
            bucket: self.bucket.as_ref().map(|shelf| Shelf::of(shelf.bucket.clone(), shelf.number + 1)),
            owner: self.owner.clone(),
            events: self.events.clone(),
            complaints: Arc::clone(&self.complaints),
        }
    }

    /// How many calls its machine has made to the bucket.
    pub fn stored(&self) -> usize {
        self.bucket.as_ref().map_or(0, |shelf| shelf.machine.calls().len())
    }

    /// Something goes wrong with the call to the bucket of this number.
    pub fn trouble(&self, number: usize, trouble: Trouble) {
        if let Some(shelf) = &self.bucket {
            shelf.machine.trouble(number, trouble);
        }
    }

    /// Is true while its machine sleeps.
    pub fn slumber(&self) -> watch::Receiver<bool> {
        self.machine_says(Machine::slumber)
    }

    /// Wakes its machine up.
    pub fn wake(&self) {
        if let Some(shelf) = &self.bucket {
            shelf.machine.sleep(false);
        }
    }

    /// Becomes true when its machine dies.
    pub fn death(&self) -> watch::Receiver<bool> {
        self.machine_says(Machine::death)
    }

    fn machine_says(&self, what: impl Fn(&Machine) -> watch::Receiver<bool>) -> watch::Receiver<bool> {
        let never = || watch::Sender::new(false).subscribe();
        self.bucket.as_ref().map_or_else(never, |shelf| what(&shelf.machine))
    }

    /// Its machine is started again, with the disk that it had.
    pub fn restart(&mut self) {
        self.bucket = self.bucket.take().map(|shelf| Shelf::of(shelf.bucket, shelf.number));
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

    fn store(&self) -> Store<Machine, MemoryDisk> {
        let (disk, folder, name) = (self.disk.clone(), Path::new("/pando"), self.owner.stack.as_str());
        match &self.bucket {
            Some(shelf) => {
                Store::Bucket(RemoteStore::on(disk, shelf.machine.clone(), "team", (folder, name), self.now))
            }
            None => Store::Folder(FileStore::on(disk, folder, name)),
        }
    }

    /// Whose resources these are.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// What is known of it.
    pub fn state(&self) -> State {
        let read = at_once(async { self.store().read().await });
        read.expect("a sound state").unwrap_or_else(|| State::new(self.owner.clone()))
    }

    /// Everything that was told so far.
    pub fn events(&self) -> Vec<Event> {
        self.events.0.lock().unwrap().clone()
    }

    /// A fresh process, for whatever the methods below do not do.
    pub fn process(&self) -> Process {
        at_once(self.begin()).expect("a disk that works")
    }

    async fn begin(&self) -> Result<Process, StoreError> {
        let (journal, state) = self.open().await?;
        Ok(Deployment {
            registry: registry(),
            cloud: Arc::clone(&self.cloud),
            journal,
            state,
            now: self.now,
            parallel: 64,
            listener: Box::new(self.events.clone()),
            stop: self.stop.subscribe(),
        })
    }

    /// Locks the state. Somebody has said that whoever has the lock is gone, so it is removed, if nobody is heard of.
    async fn open(&self) -> Result<(OpenStore<Machine, MemoryDisk>, State), StoreError> {
        let store = self.store();
        let holder = self.bucket.as_ref().map(Shelf::holder).unwrap_or_default();
        let opened = store.open(|| self.owner.clone(), &holder).await;
        let (Err(StoreError::Remote(RemoteError::Locked(held))), Store::Bucket(bucket)) = (&opened, &store) else {
            return opened;
        };
        bucket.unlock(&held.lock_id, |_, _| {}).await?;
        store.open(|| self.owner.clone(), &holder).await
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
        let open = lookups.iter().filter(|lookup| !values.contains_key(&lookup.query()));
        for (query, answer) in Lookup::ask_all(&self.cloud, open).await.expect("answers") {
            values.insert(query.clone(), answer.clone());
            entries.push(Entry::Pinned { query, answer });
        }
        if !entries.is_empty() {
            let mut process = self.begin().await.expect("a state that can be opened");
            process.write(&entries).await.expect("a disk that works");
            process.journal.close(&process.state).await.expect("a disk that works");
        }
        let answers = Answers::of(site.clone(), self.cloud.partition.clone(), &lookups, &values).expect("answers");
        let mistakes = blueprint.check_answers(&answers);
        assert!(mistakes.is_empty(), "{mistakes:#?}");
        blueprint.expand(&answers).expect("a sound graph")
    }

    /// What there is to be: what a blueprint asks for, or nothing.
    pub async fn graph(&self, blueprint: Option<&Blueprint>) -> Graph {
        match blueprint {
            Some(blueprint) => self.expand(blueprint).await.graph,
            None => Graph::default(),
        }
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
        self.try_to(graph).await.inspect_err(|why| self.complaints.lock().unwrap().push(why.to_string())).ok()
    }

    async fn try_to(&self, graph: &Graph) -> Result<Report, Box<dyn Error>> {
        let mut process = self.begin().await?;
        let report = match process.plan(graph).await {
            Ok((plan, seen)) => process.apply(graph, &plan, &seen).await,
            Err(error) => Err(error),
        };
        let saved = process.journal.save(&process.state).await;
        process.journal.close(&process.state).await?;
        saved?;
        Ok(report?)
    }

    /// Why processes came to no end, oldest first.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap().clone()
    }

    /// Whether there is nothing to do.
    pub async fn is_done(&self, graph: &Graph) -> bool {
        let Ok(mut process) = self.begin().await else { return false };
        let is_empty = process.plan(graph).await.is_ok_and(|(plan, _)| plan.is_empty());
        process.journal.close(&process.state).await.is_ok() && is_empty
    }

    async fn carry_out(&self, graph: &Graph) -> (Plan, Report) {
        let mut process = self.process();
        let (plan, seen) = process.plan(graph).await.expect("a plan");
        let report = process.apply(graph, &plan, &seen).await.expect("a run");
        process.journal.save(&process.state).await.expect("a disk that works");
        (plan, report)
    }
}

impl Shelf {
    fn of(bucket: Bucket, number: usize) -> Self {
        let machine = bucket.machine();
        Self { bucket, machine, number }
    }

    /// Whoever runs there. By the time that somebody asks, it has ended.
    fn holder(&self) -> Holder {
        let name = format!("machine-{}", self.number);
        Holder { pid: i32::MAX.unsigned_abs(), host: name.clone(), boot_id: name, ..Holder::default() }
    }
}

/// What needs nobody to wait for anything.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits for something"),
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default()
}
