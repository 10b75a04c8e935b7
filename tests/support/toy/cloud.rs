//! An in-memory cloud with late visibility, stale reads, and faults at every boundary.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pando::engine::address::Key;
use pando::engine::cloud_error::{CloudError, CloudResult};
use pando::engine::journal::JournalError;
use pando::engine::resource::Readiness;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

/// What goes wrong at a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process dies here. What it was doing has happened if and only if the boundary lies behind it.
    Crash,
    /// The process dies; the request is executed some seconds later all the same.
    CrashThenLate(u64),
    /// No answer: before the effect it did not happen, after it it did.
    NoAnswer,
    /// No answer, and the request is executed some seconds later.
    NoAnswerThenLate(u64),
    /// The cloud says "not yet".
    Throttle,
    /// A read answers as if nothing were there.
    Blind,
    /// From now on every call is refused, because the credentials are no longer good.
    Expired,
    /// For some seconds those who answer have not heard of anything: calls say "not there" and do nothing, and reads show nothing.
    Forgotten,
    /// The machine sleeps here, and another run takes over: this one may change nothing from now on.
    Overtaken,
}

/// Counts boundaries; fires once, at the n-th.
#[derive(Default)]
pub struct Faults {
    armed: Mutex<Option<(usize, Fault)>>,
    count: AtomicUsize,
    pub fired: AtomicBool,
    overtaken: AtomicBool,
    /// Calls that were begun by a run that was overtaken.
    pub too_late: AtomicUsize,
    died: Notify,
}

impl Faults {
    pub fn arm(&self, at: usize, fault: Fault) {
        *self.armed.lock().unwrap() = Some((at, fault));
        self.count.store(0, Ordering::SeqCst);
        self.fired.store(false, Ordering::SeqCst);
    }

    pub fn disarm(&self) {
        *self.armed.lock().unwrap() = None;
        self.overtaken.store(false, Ordering::SeqCst);
    }

    /// Whether the run is the one that may change things.
    pub fn permit(&self) -> Result<(), JournalError> {
        let overtaken = self.overtaken.load(Ordering::SeqCst);
        if overtaken { Err(JournalError("another run took over".into())) } else { Ok(()) }
    }

    pub fn hit(&self) -> Option<Fault> {
        let n = self.count.fetch_add(1, Ordering::SeqCst);
        let due = |(at, fault): &(usize, Fault)| *at == n || (*at < n && *fault == Fault::Expired);
        let fault = self.armed.lock().unwrap().filter(due).map(|(_, f)| f);
        self.fired.fetch_or(fault.is_some(), Ordering::SeqCst);
        self.overtaken.fetch_or(fault == Some(Fault::Overtaken), Ordering::SeqCst);
        fault
    }

    pub async fn die(&self) -> ! {
        self.died.notify_one();
        std::future::pending().await
    }

    pub async fn died(&self) {
        self.died.notified().await;
    }
}

#[derive(Clone, Debug)]
pub struct Object {
    pub kind: &'static str,
    pub key: Option<Key>,
    pub body: Value,
    pub visible: Instant,
    pub ready: Instant,
    pub gone: Option<Instant>,
}

#[derive(Default)]
pub struct World {
    pub objects: BTreeMap<String, Object>,
    tokens: BTreeMap<Key, (Value, String)>,
    next: u32,
    pub lag: Duration,
    /// Calls that were answered "busy", to be answered otherwise after that many.
    pub busy: u32,
    /// The most calls that were ever under way at once.
    pub most_at_once: usize,
    at_once: usize,
    /// By how much calls take longer.
    pub slow: Duration,
    /// Until then nothing is known of.
    pub forgotten: Option<Instant>,
}

impl World {
    pub fn present(&mut self) -> &mut BTreeMap<String, Object> {
        let now = Instant::now();
        self.objects.retain(|_, o| o.gone.is_none_or(|at| at > now));
        &mut self.objects
    }

    pub fn any(&mut self, kind: &str, mut test: impl FnMut(&Value) -> bool) -> bool {
        self.present().values().any(|o| o.kind == kind && test(&o.body))
    }

    pub fn need(&mut self, id: &str) -> CloudResult<()> {
        let found = self.present().get(id).is_some_and(|o| o.gone.is_none());
        if found { Ok(()) } else { Err(CloudError::NotYet(format!("{id} not found"))) }
    }

    pub fn make(
        &mut self,
        kind: &'static str,
        key: Option<&Key>,
        id: Option<String>,
        body: Value,
        seconds: u64,
    ) -> String {
        self.next += 1;
        let id = id.unwrap_or_else(|| format!("{kind}-{}", self.next));
        let now = Instant::now();
        let (visible, ready) = (now + self.lag, now + Duration::from_secs(seconds));
        let object = Object { kind, key: key.cloned(), body, visible, ready, gone: None };
        assert!(self.objects.insert(id.clone(), object).is_none(), "{id} overwritten");
        id
    }

    pub fn with_token(
        &mut self,
        key: &Key,
        parameters: Value,
        make: impl FnOnce(&mut Self) -> String,
    ) -> CloudResult<String> {
        match self.tokens.get(key) {
            Some((same, id)) if *same == parameters => Ok(id.clone()),
            Some(_) => Err(CloudError::Refused("token reused with other parameters".into())),
            None => {
                let id = make(self);
                self.tokens.insert(key.clone(), (parameters, id.clone()));
                Ok(id)
            }
        }
    }

    pub fn change(&mut self, id: &str, seconds: u64, change: impl FnOnce(&mut Value)) -> CloudResult<()> {
        let ready = Instant::now() + Duration::from_secs(seconds);
        let object = self.present().get_mut(id).ok_or_else(|| CloudError::Missing(id.into()))?;
        change(&mut object.body);
        object.body.as_object_mut().map(|body| body.remove("broken"));
        object.ready = ready;
        Ok(())
    }

    pub fn remove(&mut self, id: &str, in_use: bool, seconds: u64) -> CloudResult<()> {
        let now = Instant::now();
        let object = self.present().get_mut(id).ok_or_else(|| CloudError::Missing(id.into()))?;
        if in_use || now < object.ready {
            return Err(CloudError::NotYet(format!("{id} is in use or busy")));
        }
        object.gone.get_or_insert(now + Duration::from_secs(seconds));
        Ok(())
    }
}

#[derive(Clone, Default)]
pub struct FakeCloud {
    pub world: Arc<Mutex<World>>,
    pub faults: Arc<Faults>,
}

impl FakeCloud {
    pub fn with_lag(seconds: u64) -> Self {
        let cloud = Self::default();
        cloud.world.lock().unwrap().lag = Duration::from_secs(seconds);
        cloud
    }

    pub async fn mutate<T, F>(&self, effect: F) -> CloudResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut World) -> CloudResult<T> + Send + 'static,
    {
        self.faults.too_late.fetch_add(usize::from(self.faults.permit().is_err()), Ordering::SeqCst);
        match self.faults.hit() {
            None | Some(Fault::Blind | Fault::Overtaken) => {}
            Some(Fault::Expired) => return Err(CloudError::Expired("the token is old".into())),
            Some(Fault::Forgotten) => {
                self.forget();
                return Err(CloudError::Missing("it".into()));
            }
            Some(Fault::Crash) => self.faults.die().await,
            Some(Fault::NoAnswer) => return Err(CloudError::Unknown("timeout".into())),
            Some(Fault::Throttle) => return Err(CloudError::NotYet("throttled".into())),
            Some(Fault::CrashThenLate(seconds)) => {
                self.later(seconds, effect);
                self.faults.die().await;
            }
            Some(Fault::NoAnswerThenLate(seconds)) => {
                self.later(seconds, effect);
                return Err(CloudError::Unknown("timeout".into()));
            }
        }
        {
            let mut world = self.world.lock().unwrap();
            if let Some(left) = world.busy.checked_sub(1) {
                world.busy = left;
                return Err(CloudError::NotYet("busy".into()));
            }
            world.at_once += 1;
            world.most_at_once = world.most_at_once.max(world.at_once);
        }
        let slow = self.world.lock().unwrap().slow;
        tokio::time::sleep(Duration::from_millis(300) + slow).await;
        let answer = {
            let mut world = self.world.lock().unwrap();
            world.at_once -= 1;
            effect(&mut world)
        };
        match self.faults.hit() {
            Some(Fault::Crash) => self.faults.die().await,
            Some(Fault::NoAnswer) => Err(CloudError::Unknown("reset".into())),
            Some(Fault::Overtaken) => {
                // It wakes up when the answer comes in.
                tokio::task::yield_now().await;
                answer
            }
            _ => answer,
        }
    }

    fn forget(&self) {
        self.world.lock().unwrap().forgotten = Some(Instant::now() + Duration::from_secs(5));
    }

    fn later<T>(&self, seconds: u64, effect: impl FnOnce(&mut World) -> CloudResult<T> + Send + 'static) {
        let world = Arc::clone(&self.world);
        #[expect(clippy::disallowed_methods, reason = "it outlives the process that asked for it")]
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            drop(effect(&mut world.lock().unwrap()));
        });
    }

    /// True: answer as if nothing were there.
    async fn ask(&self) -> CloudResult<bool> {
        match self.faults.hit() {
            Some(Fault::Crash) => self.faults.die().await,
            Some(Fault::NoAnswer) => return Err(CloudError::Unknown("timeout".into())),
            Some(Fault::Blind) => return Ok(true),
            Some(Fault::Expired) => return Err(CloudError::Expired("the token is old".into())),
            Some(Fault::Forgotten) => self.forget(),
            _ if self.world.lock().unwrap().forgotten.is_some_and(|until| Instant::now() < until) => return Ok(true),
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
        Ok(false)
    }

    /// Body plus `state`, for every visible id.
    pub async fn describe<O: DeserializeOwned>(&self, ids: Vec<String>) -> CloudResult<Vec<(String, O)>> {
        if self.ask().await? {
            return Ok(Vec::new());
        }
        let (seen, slow) = (self.seen(ids), self.world.lock().unwrap().slow);
        tokio::time::sleep(slow).await;
        Ok(seen)
    }

    fn seen<O: DeserializeOwned>(&self, ids: Vec<String>) -> Vec<(String, O)> {
        let now = Instant::now();
        let mut world = self.world.lock().unwrap();
        let objects = world.present();
        let seen = |id: String| {
            let object = objects.get(&id).filter(|o| o.visible <= now)?;
            let mut body = object.body.clone();
            body["state"] = match (object.gone, body.get("broken")) {
                (Some(_), _) => json!("deleting"),
                (None, _) if now < object.ready => json!("pending"),
                (None, Some(broken)) => broken.clone(),
                (None, None) => json!("available"),
            };
            Some((id, O::deserialize(body).expect("the fake answers in the right shape")))
        };
        ids.into_iter().filter_map(seen).collect()
    }

    pub async fn tagged(&self, kind: &'static str) -> CloudResult<Vec<(Key, String)>> {
        if self.ask().await? {
            return Ok(Vec::new());
        }
        let now = Instant::now();
        let mut world = self.world.lock().unwrap();
        let ours = world.present().iter().filter(|(_, o)| o.kind == kind && o.visible <= now && o.gone.is_none());
        Ok(ours.filter_map(|(id, o)| Some((o.key.clone()?, id.clone()))).collect())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Pending,
    Available,
    Deleting,
    Stuck(String),
    Unusable(String),
}

impl Stage {
    pub fn readiness(&self) -> Readiness {
        match self {
            Self::Pending => Readiness::Pending("pending".into()),
            Self::Available => Readiness::Ready,
            Self::Deleting => Readiness::Leaving,
            Self::Stuck(why) => Readiness::Stuck(why.clone()),
            Self::Unusable(why) => Readiness::Unusable(why.clone()),
        }
    }
}
