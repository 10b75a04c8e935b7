//! A small AWS in memory: faithful, deterministic, and made to be crashed against.
//!
//! It speaks the real wire protocols, so that any client of AWS works against it. Nothing here knows Pando: it imports nothing of ours, and only
//! `cli` and the tests know it. `tests/tidy.rs` keeps it so.
//!
//! - the world: [`settings`], `world`, `scene` (what a handler sees), `agenda` (what happens by itself), [`clock`], `dice`
//! - the wire: `protocol`, with [`input`] and [`output`] in between, so that no handler knows how it is spoken to
//! - the services: `services`, a folder each, a file for each area; an action is a function and a line in its file's list
//! - what they share: `shelf`, `tags`, `filters`, `pages`, `tokens`, `constraints`, [`refusal`]
//! - trouble: [`weather`] (faults), `buckets` (throttling)
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
pub mod output;
mod pages;
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

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::watch;

use buckets::Buckets;
use clock::{Clock, Moment};
use log::{Call, Exchange, Log, Message};
use output::Tree;
use protocol::{Asked, Scope};
use refusal::Refusal;
use scene::Scene;
use service::{Protocol, Service};
use settings::Settings;
use weather::{Fault, Weather};
use world::{Caller, Place, World};

/// A simulated AWS. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Simulator {
    clock: Clock,
    state: Arc<Mutex<State>>,
    death: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    world: World,
    buckets: Buckets,
    weather: Weather,
    log: Log,
    /// Requests that the network delivers after their sender has given up on them.
    late: Vec<(Moment, Request<Bytes>)>,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Outcome {
    /// It is answered, after this span of simulated time.
    Answer(Response<Bytes>, Duration),
    /// There is nothing to say yet: ask again at this moment (long polling).
    Again(Moment),
    /// No answer ever comes.
    Silence,
    /// The connection breaks.
    Reset,
    /// The caller is to be killed, with this answer on its way, if any.
    Kill(Option<Response<Bytes>>),
}

impl Simulator {
    /// A new world.
    pub fn new(settings: Settings, clock: Clock) -> Self {
        let weather = Weather::new(settings.seed);
        let buckets = Buckets::new(settings.throttling);
        let state = State { world: World::new(settings), buckets, weather, log: Log::default(), late: Vec::new() };
        Self { clock, state: Arc::new(Mutex::new(state)), death: watch::Sender::new(false) }
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

    /// Answers a request that came in at this moment. One that was held comes again with the moment it first came in.
    pub fn answer(&self, request: &Request<Bytes>, asked: Moment) -> Outcome {
        let now = self.clock.now();
        let mut state = self.lock();
        state.deliver_late(now);
        state.world.advance(now);
        state.answer(request, asked, now)
    }

    /// Has faults happen as these rules say, instead of the rules before.
    pub fn set_weather(&self, rules: Vec<weather::Rule>) {
        self.lock().weather.set(rules);
    }

    /// All calls since the world began, oldest first; at most the last hundred thousand.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().log.calls().cloned().collect()
    }

    /// How often each action of each service was called.
    pub fn counts(&self) -> BTreeMap<(&'static str, String), u64> {
        self.lock().log.counts().clone()
    }

    /// All there is, as data for people and tests to look at.
    pub fn dump(&self) -> serde_json::Value {
        let now = self.clock.now();
        let mut state = self.lock();
        state.world.advance(now);
        serde_json::to_value(&state.world).unwrap_or_default()
    }

    /// Everything that exists, with its tags: what is whose, and what is nobody's.
    pub fn inventory(&self) -> Vec<inventory::Thing> {
        inventory::of(&self.dump())
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

/// A call on its way through the services.
struct Passage<'a> {
    service: &'static Service,
    place: Place,
    caller: Caller,
    request: &'a Request<Bytes>,
    now: Moment,
    asked: Moment,
}

impl State {
    /// Carries out what the network held back, each at its time.
    fn deliver_late(&mut self, now: Moment) {
        self.late.sort_by_key(|(at, _)| *at);
        while self.late.first().is_some_and(|(at, _)| *at <= now) {
            let (at, request) = self.late.remove(0);
            self.world.advance(at);
            // Nobody waits for the answer any more.
            drop(self.answer(&request, at, at));
        }
    }

    fn answer(&mut self, request: &Request<Bytes>, asked: Moment, now: Moment) -> Outcome {
        let Some(Scope { key, region, service }) = protocol::scope(request) else { return nobody() };
        let Some(service) = services::find(&service) else { return nowhere(&service) };
        let caller = self.world.caller(&key);
        let place = Place { account: caller.account.clone(), region };
        let passage = Passage { service, place, caller, request, now, asked };
        match service.read(request) {
            Ok(call) => self.pass(&passage, &call),
            Err(refusal) => {
                let id = self.world.dice.uuid();
                let response = service.write("", &Err(refusal.clone()), &id);
                self.note(&passage, "", Some(&response), Some(&refusal), Vec::new());
                Outcome::Answer(response, Duration::ZERO)
            }
        }
    }

    /// Through the weather, to the service, and back.
    fn pass(&mut self, passage: &Passage<'_>, call: &Asked) -> Outcome {
        let fault = self.weather.over(passage.service.name, &call.action);
        match fault {
            Some(Fault::LostRequest) => self.unheard(passage, call, Outcome::Silence),
            Some(Fault::ResetBefore) => self.unheard(passage, call, Outcome::Reset),
            Some(Fault::KillBefore) => self.unheard(passage, call, Outcome::Kill(None)),
            Some(Fault::Late(span)) => {
                self.late.push((passage.now.plus(span), passage.request.clone()));
                self.unheard(passage, call, Outcome::Silence)
            }
            Some(Fault::ErrorBefore(status)) => {
                let refusal = broken(status);
                let response = self.refuse(passage, call, &refusal);
                Outcome::Answer(response, Duration::ZERO)
            }
            Some(Fault::Throttled) => {
                let refusal = buckets::refusal(passage.service);
                let response = self.refuse(passage, call, &refusal);
                Outcome::Answer(response, Duration::ZERO)
            }
            Some(Fault::Twice) => {
                drop(self.serve(passage, call, false));
                self.serve(passage, call, false)
            }
            Some(Fault::Stale) => self.serve(passage, call, true),
            _ => {
                let outcome = self.serve(passage, call, false);
                self.spoil(passage, call, fault, outcome)
            }
        }
    }

    /// What becomes of an answer under way.
    fn spoil(&mut self, passage: &Passage<'_>, call: &Asked, fault: Option<Fault>, outcome: Outcome) -> Outcome {
        let Outcome::Answer(response, after) = outcome else { return outcome };
        match fault {
            Some(Fault::LostAnswer) => Outcome::Silence,
            Some(Fault::ResetAfter) => Outcome::Reset,
            Some(Fault::KillAfter) => Outcome::Kill(None),
            Some(Fault::KillAnswered) => Outcome::Kill(Some(response)),
            Some(Fault::ErrorAfter(status)) => {
                let id = self.world.dice.uuid();
                Outcome::Answer(passage.service.write(&call.action, &Err(broken(status)), &id), after)
            }
            Some(Fault::Truncated) => {
                let (mut head, body) = response.into_parts();
                // It says how long it was going to be, so that its end is missed.
                head.headers.insert("content-length", body.len().into());
                Outcome::Answer(Response::from_parts(head, body.slice(..body.len() / 2)), after)
            }
            Some(Fault::Latency(span)) => Outcome::Answer(response, after + span),
            _ => Outcome::Answer(response, after),
        }
    }

    fn unheard(&mut self, passage: &Passage<'_>, call: &Asked, outcome: Outcome) -> Outcome {
        self.note(passage, &call.action, None, None, Vec::new());
        outcome
    }

    fn refuse(&mut self, passage: &Passage<'_>, call: &Asked, refusal: &Refusal) -> Response<Bytes> {
        let id = self.world.dice.uuid();
        let response = passage.service.write(&call.action, &Err(refusal.clone()), &id);
        self.note(passage, &call.action, Some(&response), Some(refusal), Vec::new());
        response
    }

    /// The service itself.
    fn serve(&mut self, passage: &Passage<'_>, call: &Asked, is_stale: bool) -> Outcome {
        let Passage { service, place, caller, request, now, asked } = passage;
        if let Err(refusal) = self.buckets.take(place, service, &call.action, *now) {
            return Outcome::Answer(self.refuse(passage, call, &refusal), Duration::ZERO);
        }
        let id = self.world.dice.uuid();
        let (response, refusal, again) = self.world.enter(*now, place, caller, |scene| {
            scene.asked = *asked;
            scene.endpoint = endpoint(request);
            if is_stale {
                scene.sight = scene.now.minus(weather::STALE);
            }
            let (response, refusal) = match service.protocol {
                Protocol::Rest { run, .. } => match allowed(scene, service, call).and_then(|()| run(scene, request)) {
                    Ok(mut reply) => {
                        reply.headers.push(("x-amz-request-id".into(), id.clone()));
                        (protocol::respond(reply), None)
                    }
                    Err(refusal) => (service.write(&call.action, &Err(refusal.clone()), &id), Some(refusal)),
                },
                _ => {
                    let answer = act(scene, service, call);
                    (service.write(&call.action, &answer, &id), answer.err())
                }
            };
            (response, refusal, scene.again)
        });
        if let Some(at) = again {
            return Outcome::Again(at);
        }
        let unread = if refusal.is_none() { call.input.unread() } else { Vec::new() };
        self.note(passage, &call.action, Some(&response), refusal.as_ref(), unread);
        Outcome::Answer(response, Duration::ZERO)
    }

    fn note(
        &mut self,
        passage: &Passage<'_>,
        action: &str,
        response: Option<&Response<Bytes>>,
        refusal: Option<&Refusal>,
        unread: Vec<String>,
    ) {
        let records = self.world.settings.records;
        let exchange = response.filter(|_| records).map(|response| Exchange::of(passage.request, response));
        self.log.add(Call {
            at: passage.now,
            account: passage.place.account.clone(),
            region: passage.place.region.clone(),
            service: passage.service.name,
            action: action.to_owned(),
            status: response.map_or(0, |response| response.status().as_u16()),
            error: refusal.map(|refusal| refusal.code.to_string()),
            unread,
            exchange,
        });
    }
}

/// Carries out an action, if there is one of this name, if the caller may, and if it is not only a rehearsal.
fn act(scene: &mut Scene<'_>, service: &Service, call: &Asked) -> Result<Tree, Refusal> {
    let Some(action) = service.action(&call.action) else { return Err(unknown(service, &call.action)) };
    allowed(scene, service, call)?;
    if matches!(service.protocol, Protocol::Ec2 { .. }) && call.input.flag("DryRun") == Some(true) {
        let words = "Request would have succeeded, but DryRun flag is set.";
        return Err(Refusal::new("DryRunOperation", words).status(412));
    }
    let Some(token) = action.token else { return (action.run)(scene, &call.input) };
    if let Some(answer) = scene.here.tokens.replay(action.name, token, &call.input)? {
        return Ok(answer);
    }
    let answer = (action.run)(scene, &call.input)?;
    scene.here.tokens.keep(action.name, token, &call.input, &answer);
    Ok(answer)
}

fn allowed(scene: &Scene<'_>, service: &Service, call: &Asked) -> Result<(), Refusal> {
    services::sts::check(scene, service)?;
    if scene.settings.enforces_policies { services::iam::authorize(scene, service, call) } else { Ok(()) }
}

/// Where the caller found the service: the scheme and host of its request.
fn endpoint(request: &Request<Bytes>) -> Option<String> {
    let header = request.headers().get("host").and_then(|value| value.to_str().ok());
    let host = header.or_else(|| request.uri().authority().map(http::uri::Authority::as_str))?;
    let scheme = if host.ends_with(".amazonaws.com") { "https" } else { "http" };
    Some(format!("{scheme}://{host}"))
}

/// What a service says to an action it does not know.
fn unknown(service: &Service, action: &str) -> Refusal {
    match service.protocol {
        Protocol::Json { .. } => Refusal::new("UnknownOperationException", ""),
        Protocol::Query { .. } | Protocol::Ec2 { .. } | Protocol::Rest { .. } => {
            Refusal::new("InvalidAction", format!("The action {action} is not valid for this web service."))
        }
    }
}

fn broken(status: u16) -> Refusal {
    let code = if status == 503 { "ServiceUnavailable" } else { "InternalError" };
    Refusal::new(code, "An internal error has occurred").status(status)
}

fn nobody() -> Outcome {
    let refusal = Refusal::new("MissingAuthenticationToken", "Request is missing Authentication Token").status(403);
    Outcome::Answer(services::sts::SERVICE.write("", &Err(refusal), "none"), Duration::ZERO)
}

fn nowhere(service: &str) -> Outcome {
    let words = format!("The simulator has no service `{service}`");
    let refusal = Refusal::new("InvalidAction", words).status(404);
    Outcome::Answer(services::sts::SERVICE.write("", &Err(refusal), "none"), Duration::ZERO)
}

impl Exchange {
    fn of(request: &Request<Bytes>, response: &Response<Bytes>) -> Self {
        let headers = |headers: &http::HeaderMap| {
            let all =
                headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
            all.collect::<BTreeMap<String, String>>()
        };
        let text = |body: &Bytes| String::from_utf8_lossy(body).into_owned();
        let target = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        Self {
            request: Message {
                method: Some(request.method().to_string()),
                target: Some(target),
                status: None,
                headers: headers(request.headers()),
                body: text(request.body()),
            },
            response: Message {
                method: None,
                target: None,
                status: Some(response.status().as_u16()),
                headers: headers(response.headers()),
                body: text(response.body()),
            },
        }
    }
}
