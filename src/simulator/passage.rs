//! The way of a call: from the wire through weather, throttling and permissions to the service, and back.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use super::buckets::{self, Buckets};
use super::clock::Moment;
use super::log::{Call, Exchange, Log};
use super::output::Tree;
use super::protocol::{self, Asked, Scope};
use super::refusal::Refusal;
use super::scene::Scene;
use super::service::{Protocol, Service};
use super::weather::{self, Fault, Weather};
use super::world::{Caller, Place, World};
use super::{Outcome, services};

/// All of a simulator but its clock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) world: World,
    pub(super) buckets: Buckets,
    pub(super) weather: Weather,
    pub(super) log: Log,
    /// Requests that the network delivers after their sender has given up on them.
    pub(super) late: Vec<(Moment, Request<Bytes>)>,
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
    pub(super) fn deliver_late(&mut self, now: Moment) {
        self.late.sort_by_key(|(at, _)| *at);
        while self.late.first().is_some_and(|(at, _)| *at <= now) {
            let (at, request) = self.late.remove(0);
            self.world.advance(at);
            // Nobody waits for the answer any more.
            drop(self.answer(&request, at, at));
        }
    }

    pub(super) fn answer(&mut self, request: &Request<Bytes>, asked: Moment, now: Moment) -> Outcome {
        let Some(Scope { key, region, service }) = protocol::scope(request) else { return nobody() };
        let Some(service) = services::find(&service, request) else { return nowhere(&service) };
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
            let (response, refusal) = reply(scene, passage, call, &id);
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

/// The answer of the service, as it goes over the wire; and the refusal, if it is one.
fn reply(scene: &mut Scene<'_>, passage: &Passage<'_>, call: &Asked, id: &str) -> (Response<Bytes>, Option<Refusal>) {
    let service = passage.service;
    let Protocol::Rest { run, .. } = service.protocol else {
        let answer = act(scene, service, call);
        return (service.write(&call.action, &answer, id), answer.err());
    };
    match allowed(scene, service, call).and_then(|()| run(scene, passage.request)) {
        Ok(mut reply) => {
            reply.headers.push(("x-amz-request-id".into(), id.to_owned()));
            (protocol::respond(reply), None)
        }
        Err(refusal) => (service.write(&call.action, &Err(refusal.clone()), id), Some(refusal)),
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
