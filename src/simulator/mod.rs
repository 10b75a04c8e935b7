//! A small AWS in memory: faithful, deterministic, and made to be crashed against.
//!
//! It speaks the real wire protocols, so that any client of AWS works against it. Nothing here knows Pando: it imports nothing of ours, and only
//! `cli` and the tests know it. `tests/tidy.rs` keeps it so.
//!
//! - the world: [`settings`], `world`, `scene` (what a handler sees), `agenda` (what happens by itself), [`clock`], `dice`
//! - the wire: `protocol`, with [`input`] and [`output`] in between, so that no handler knows how it is spoken to
//! - the services: `services`, a folder each, a file for each area; an action is a function and a line in its file's list
//! - what they share: `shelf`, `tags`, `filters`, `pages`, `tokens`, `constraints`, [`refusal`]
//! - the way of a call: `passage`
//! - trouble: [`weather`] (faults), `buckets` (throttling), [`mishaps`] (what befalls instances)
//! - the doors: [`doors`], in process and over HTTP; and what can be seen from outside: [`log`], [`inventory`]

mod agenda;
mod buckets;
pub mod clock;
mod constraints;
mod dice;
pub mod doors;
mod filters;
pub mod input;
pub mod inventory;
pub mod log;
pub mod mishaps;
pub mod output;
mod pages;
mod passage;
mod protocol;
pub mod refusal;
mod scene;
mod service;
mod services;
pub mod settings;
mod shelf;
mod tags;
mod tokens;
pub mod weather;
mod world;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::watch;

use buckets::Buckets;
use clock::{Clock, Moment};
use log::{Call, Log};
use mishaps::Mishap;
use passage::State;
use settings::Settings;
use weather::Weather;
use world::{Caller, Place, World};

/// A simulated AWS. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Simulator {
    clock: Clock,
    state: Arc<Mutex<State>>,
    death: watch::Sender<bool>,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Outcome {
    /// It is answered, after this span of simulated time.
    Answer(Response<Bytes>, Duration),
    /// There is nothing to say yet: look again with this (long polling).
    Again(Held),
    /// No answer ever comes.
    Silence,
    /// The connection breaks.
    Reset,
    /// The caller is to be killed, with this answer on its way, if any.
    Kill(Option<Response<Bytes>>),
}

/// A call that is held. It met the weather and the throttling at its first look, and stands in the log since then.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// When to look again.
    at: Moment,
    /// When it came in.
    asked: Moment,
    /// What the weather does to its answer.
    fault: Option<weather::Fault>,
    /// Its line in the log.
    line: u64,
}

impl Simulator {
    /// A new world.
    pub fn new(settings: Settings, clock: Clock) -> Self {
        let weather = Weather::new(&settings);
        let buckets = Buckets::new(settings.throttling);
        let state = State { world: World::new(settings), buckets, weather, log: Log::default(), late: Vec::new() };
        Self { clock, state: Arc::new(Mutex::new(state)), death: watch::Sender::new(false) }
    }

    /// Another world that is as this one now, and goes its own way under the same clock: so that many things can be tried from one beginning. Its
    /// weather is fair, and nobody has called it yet.
    #[must_use]
    pub fn fork(&self) -> Self {
        let state = self.lock();
        let state = State {
            world: state.world.clone(),
            buckets: state.buckets.clone(),
            weather: Weather::new(&state.world.settings),
            log: Log::default(),
            late: state.late.clone(),
        };
        Self { clock: self.clock.clone(), state: Arc::new(Mutex::new(state)), death: watch::Sender::new(false) }
    }

    /// Becomes true when the weather has killed the caller. Whoever plays the caller then stops at once and without a word, like a process that
    /// was killed, and calls [`Self::revive`] before the next one begins.
    pub fn death(&self) -> watch::Receiver<bool> {
        self.death.subscribe()
    }

    /// A new caller, after the last one was killed.
    pub fn revive(&self) {
        self.death.send_replace(false);
    }

    fn die(&self) {
        self.death.send_replace(true);
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Answers a request; one that was held comes again with what it was held by.
    pub fn answer(&self, request: &Request<Bytes>, held: Option<Held>) -> Outcome {
        let now = self.clock.now();
        let mut state = self.lock();
        state.deliver_late(now);
        state.world.advance(now);
        state.answer(request, now, held)
    }

    /// Has faults happen as these rules say, instead of the rules before.
    pub fn set_weather(&self, rules: Vec<weather::Rule>) {
        self.lock().weather.set(rules);
    }

    /// Has something happen in an account and a region that no caller does.
    pub fn happen(&self, account: &str, region: &str, mishap: &Mishap) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.world.advance(now);
        let place = Place { account: account.to_owned(), region: region.to_owned() };
        state.world.enter(now, &place, &Caller::root(account), |scene| mishap.strike(scene));
    }

    /// All calls since the world began, oldest first; at most the last hundred thousand.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().log.calls().cloned().collect()
    }

    /// How often each action of each service was called.
    pub fn counts(&self) -> BTreeMap<(Cow<'static, str>, String), u64> {
        self.lock().log.counts().clone()
    }

    /// All there is, as data for people and tests to look at.
    ///
    /// # Errors
    /// When something in it cannot be written as JSON, which is a fault of the simulator: nothing must look like an empty world.
    pub fn dump(&self) -> serde_json::Result<serde_json::Value> {
        let now = self.clock.now();
        let mut state = self.lock();
        state.world.advance(now);
        serde_json::to_value(&state.world)
    }

    /// Everything that exists, with its tags: what is whose, and what is nobody's.
    ///
    /// # Errors
    /// Those of [`Self::dump`].
    pub fn inventory(&self) -> serde_json::Result<Vec<inventory::Thing>> {
        Ok(inventory::of(&self.dump()?))
    }

    /// Begins anew: nothing exists, nothing was called. Settings and weather stay.
    pub fn reset(&self) {
        let mut state = self.lock();
        let settings = state.world.settings.clone();
        state.buckets = Buckets::new(settings.throttling);
        state.world = World::new(settings);
        state.log = Log::default();
        state.late.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
