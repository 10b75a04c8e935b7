//! The way of a call: from the wire through weather, throttling and permissions to the service, and back.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};

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
use super::{Held, Outcome, services};

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
    /// The service's name in the signature, also of one that is not modelled.
    name: Cow<'static, str>,
    place: Place,
    caller: Caller,
    request: &'a Request<Bytes>,
    now: Moment,
    asked: Moment,
    /// What the weather does to it.
    fault: Option<Fault>,
    /// Its line in the log, if it has one: it was held.
    line: Option<u64>,
}

impl Passage<'_> {
    /// An answer as it goes over the wire. HTTP knows no body of a `304`, nor of any answer to `HEAD`
    /// (<https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1>).
    fn write(&self, action: &str, answer: &Result<Tree, Refusal>, id: &str) -> Response<Bytes> {
        let response = self.service.write(action, answer, id);
        let is_bodiless = *self.request.method() == Method::HEAD || response.status() == StatusCode::NOT_MODIFIED;
        if is_bodiless { response.map(|_| Bytes::new()) } else { response }
    }
}

impl State {
    /// Carries out what the network held back, each at its time.
    pub(super) fn deliver_late(&mut self, now: Moment) {
        self.late.sort_by_key(|(at, _)| *at);
        while self.late.first().is_some_and(|(at, _)| *at <= now) {
            let (at, request) = self.late.remove(0);
            self.world.advance(at);
            // Nobody waits for the answer any more.
            drop(self.answer(&request, at, None));
        }
    }

    pub(super) fn answer(&mut self, request: &Request<Bytes>, now: Moment, held: Option<Held>) -> Outcome {
        let Some(Scope { key, region, service: name }) = protocol::scope(request) else { return nobody() };
        let known = services::find(&name, request);
        let service = known.unwrap_or_else(|| services::unmodelled(request));
        let name = known.map_or(Cow::Owned(name), |known| Cow::Borrowed(known.name));
        let caller = self.world.caller(&key);
        let place = Place { account: caller.account.clone(), region };
        let mut passage = Passage { service, name, place, caller, request, now, asked: now, fault: None, line: None };
        match (service.read(request), held) {
            (Ok(call), None) => {
                passage.fault = self.weather.over(&passage.name, &call.action);
                self.pass(&passage, &call)
            }
            (Ok(call), Some(Held { asked, fault, line, .. })) => {
                let passage = Passage { asked, fault, line: Some(line), ..passage };
                let outcome = self.serve(&passage, &call);
                self.spoil(&passage, &call, outcome)
            }
            (Err(refusal), _) => {
                let id = self.world.dice.uuid();
                let response = passage.write("", &Err(refusal.clone()), &id);
                self.note(&passage, "", Some(&response), Some(&refusal), Vec::new());
                Outcome::Answer(response, Duration::ZERO)
            }
        }
    }

    /// Through weather and throttling, to the service, and back.
    fn pass(&mut self, passage: &Passage<'_>, call: &Asked) -> Outcome {
        match passage.fault {
            Some(Fault::LostRequest) => self.unheard(passage, call, Outcome::Silence),
            Some(Fault::ResetBefore) => self.unheard(passage, call, Outcome::Reset),
            Some(Fault::KillBefore) => self.unheard(passage, call, Outcome::Kill(None)),
            Some(Fault::Late(span)) => self.delay(passage, call, span, Outcome::Silence),
            Some(Fault::KillLate(span)) => self.delay(passage, call, span, Outcome::Kill(None)),
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
                drop(self.admit(passage, call));
                self.admit(passage, call)
            }
            _ => {
                let outcome = self.admit(passage, call);
                self.spoil(passage, call, outcome)
            }
        }
    }

    /// Into the service, if there were not too many before.
    fn admit(&mut self, passage: &Passage<'_>, call: &Asked) -> Outcome {
        match self.buckets.take(&passage.place, passage.service, &call.action, passage.now) {
            Ok(()) => self.serve(passage, call),
            Err(refusal) => Outcome::Answer(self.refuse(passage, call, &refusal), Duration::ZERO),
        }
    }

    /// What becomes of an answer under way.
    fn spoil(&mut self, passage: &Passage<'_>, call: &Asked, outcome: Outcome) -> Outcome {
        let Outcome::Answer(response, after) = outcome else { return outcome };
        let after = after + self.weather.latency();
        match passage.fault {
            Some(Fault::LostAnswer) => Outcome::Silence,
            Some(Fault::ResetAfter) => Outcome::Reset,
            Some(Fault::KillAfter) => Outcome::Kill(None),
            Some(Fault::KillAnswered) => Outcome::Kill(Some(response)),
            Some(Fault::ErrorAfter(status)) => {
                let id = self.world.dice.uuid();
                Outcome::Answer(passage.write(&call.action, &Err(broken(status)), &id), after)
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

    /// The network holds a request back, while its caller hears nothing of it.
    fn delay(&mut self, passage: &Passage<'_>, call: &Asked, span: Duration, outcome: Outcome) -> Outcome {
        self.late.push((passage.now.plus(span), passage.request.clone()));
        self.unheard(passage, call, outcome)
    }

    fn unheard(&mut self, passage: &Passage<'_>, call: &Asked, outcome: Outcome) -> Outcome {
        self.note(passage, &call.action, None, None, Vec::new());
        outcome
    }

    fn refuse(&mut self, passage: &Passage<'_>, call: &Asked, refusal: &Refusal) -> Response<Bytes> {
        let id = self.world.dice.uuid();
        let response = passage.write(&call.action, &Err(refusal.clone()), &id);
        self.note(passage, &call.action, Some(&response), Some(refusal), Vec::new());
        response
    }

    /// The service itself.
    fn serve(&mut self, passage: &Passage<'_>, call: &Asked) -> Outcome {
        let id = self.world.dice.uuid();
        let (response, refusal, again) = self.world.enter(passage.now, &passage.place, &passage.caller, |scene| {
            scene.asked = passage.asked;
            scene.endpoint = endpoint(passage.request);
            if passage.fault == Some(Fault::Stale) {
                scene.sight = scene.now.minus(weather::STALE);
            }
            let (response, refusal) = reply(scene, passage, call, &id);
            (response, refusal, scene.again)
        });
        if let Some(at) = again {
            let line = passage.line.unwrap_or_else(|| self.note(passage, &call.action, None, None, Vec::new()));
            return Outcome::Again(Held { at, asked: passage.asked, fault: passage.fault, line });
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
    ) -> u64 {
        let records = self.world.settings.records;
        let exchange = response.filter(|_| records).map(|response| Exchange::of(passage.request, response));
        let call = Call {
            at: passage.asked,
            account: passage.place.account.clone(),
            region: passage.place.region.clone(),
            service: passage.name.clone(),
            action: action.to_owned(),
            status: response.map_or(0, |response| response.status().as_u16()),
            error: refusal.map(|refusal| refusal.code.to_string()),
            unread,
            exchange,
        };
        let Some(line) = passage.line else { return self.log.add(call) };
        self.log.finish(line, call);
        line
    }
}

/// The answer of the service, as it goes over the wire; and the refusal, if it is one.
fn reply(scene: &mut Scene<'_>, passage: &Passage<'_>, call: &Asked, id: &str) -> (Response<Bytes>, Option<Refusal>) {
    let service = passage.service;
    let Protocol::Rest { run, .. } = service.protocol else {
        let answer = act(scene, passage, call);
        return (passage.write(&call.action, &answer, id), answer.err());
    };
    match allowed(scene, service, call).and_then(|()| run(scene, passage.request)) {
        Ok(mut reply) => {
            reply.headers.extend(protocol::rest_ids(id));
            (protocol::respond(reply), None)
        }
        Err(refusal) => (passage.write(&call.action, &Err(refusal.clone()), id), Some(refusal)),
    }
}

/// Carries out an action, if there is one of this name, if the caller may, and if it is not only a rehearsal.
fn act(scene: &mut Scene<'_>, passage: &Passage<'_>, call: &Asked) -> Result<Tree, Refusal> {
    let service = passage.service;
    let Some(action) = service.action(&call.action) else { return Err(unknown(passage, &call.action)) };
    allowed(scene, service, call)?;
    if matches!(service.protocol, Protocol::Ec2 { .. }) && call.input.flag("DryRun") == Some(true) {
        let words = "Request would have succeeded, but DryRun flag is set.";
        return Err(Refusal::new("DryRunOperation", words).status(412));
    }
    let Some(token) = action.token else { return (action.run)(scene, &call.input) };
    if let Some(answer) = scene.here.tokens.replay(action.name, token, &call.input)? {
        call.input.mark();
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

/// What a service says to an action it does not know. One that is not modelled knows none.
fn unknown(passage: &Passage<'_>, action: &str) -> Refusal {
    match passage.service.protocol {
        Protocol::Json { .. } if passage.service.name.is_empty() => {
            Refusal::new("UnknownOperationException", format!("The simulator has no service {}.", passage.name))
        }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::simulator::Simulator;
    use crate::simulator::clock::Clock;
    use crate::simulator::settings::Settings;
    use crate::simulator::weather::{Rule, When};

    /// A world, and the milliseconds since it began.
    fn world() -> (Simulator, Arc<AtomicU64>) {
        let elapsed = Arc::new(AtomicU64::new(0));
        let reader = Arc::clone(&elapsed);
        let clock = Clock::new(Moment::BEGINNING, 1.0, move || Duration::from_millis(reader.load(Ordering::Relaxed)));
        (Simulator::new(Settings::default(), clock), elapsed)
    }

    fn signed(service: &str, request: http::request::Builder, body: &str) -> Request<Bytes> {
        let scope = format!("123456789012/20260101/eu-west-1/{service}/aws4_request");
        let request = request.header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=0"));
        request.body(Bytes::from(body.to_owned())).unwrap()
    }

    fn json(service: &str, target: &str, body: &str) -> Request<Bytes> {
        let request = Request::post("/").header("content-type", "application/x-amz-json-1.0");
        signed(service, request.header("x-amz-target", target), body)
    }

    /// What becomes of a request in the end, however often it is held.
    fn awaited(simulator: &Simulator, elapsed: &AtomicU64, request: &Request<Bytes>) -> (Outcome, u32) {
        let (mut held, mut looks) = (None, 1);
        loop {
            match simulator.answer(request, held) {
                Outcome::Again(again) => {
                    let at = again.at.since(Moment::BEGINNING).as_millis();
                    elapsed.store(u64::try_from(at).unwrap(), Ordering::Relaxed);
                    (held, looks) = (Some(again), looks + 1);
                }
                outcome => return (outcome, looks),
            }
        }
    }

    #[test]
    fn a_call_that_is_held_meets_the_weather_once_and_is_one_line_of_the_log() {
        let (simulator, elapsed) = world();
        let create = json("sqs", "AmazonSQS.CreateQueue", r#"{"QueueName": "q"}"#);
        assert!(matches!(awaited(&simulator, &elapsed, &create).0, Outcome::Answer(..)));
        let fault = Fault::LostAnswer;
        simulator.set_weather(vec![Rule { service: None, action: None, fault, when: When::Nth(2) }]);
        let receive = r#"{"QueueUrl": "http://localhost/123456789012/q", "WaitTimeSeconds": 2}"#;
        let receive = json("sqs", "AmazonSQS.ReceiveMessage", receive);
        let (first, looks) = awaited(&simulator, &elapsed, &receive);
        assert!(matches!(first, Outcome::Answer(..)) && looks > 2, "{first:?} after {looks} looks");
        // What was decided at the first look happens to the answer.
        let (second, looks) = awaited(&simulator, &elapsed, &receive);
        assert!(matches!(second, Outcome::Silence) && looks > 2, "{second:?} after {looks} looks");
        let lines: Vec<_> = simulator
            .calls()
            .into_iter()
            .map(|call| (call.action, call.at.since(Moment::BEGINNING), call.status))
            .collect();
        let line = |action: &str, seconds| (action.to_owned(), Duration::from_secs(seconds), 200);
        assert_eq!(lines, [line("CreateQueue", 0), line("ReceiveMessage", 0), line("ReceiveMessage", 2)]);
        assert_eq!(simulator.counts()[&("sqs".into(), "ReceiveMessage".to_owned())], 2);
    }

    #[test]
    fn a_service_that_is_not_modelled_refuses_in_the_protocol_of_its_caller_and_is_in_the_log() {
        let (simulator, elapsed) = world();
        let requests = [
            (json("logs", "Logs_20140328.CreateLogGroup", "{}"), "\"__type\":\"UnknownOperationException\""),
            (signed("sns", Request::post("/"), "Action=CreateTopic&Version=2010-03-31"), "<Code>InvalidAction</Code>"),
        ];
        for (request, words) in requests {
            let Outcome::Answer(response, _) = awaited(&simulator, &elapsed, &request).0 else { panic!("no answer") };
            let body = String::from_utf8(response.body().to_vec()).unwrap();
            assert!(response.status() == 400 && body.contains(words), "{body}");
        }
        let lines: Vec<_> =
            simulator.calls().into_iter().map(|call| format!("{} {}", call.service, call.action)).collect();
        assert_eq!(lines, ["logs CreateLogGroup", "sns CreateTopic"]);
    }

    #[test]
    fn errors_of_sqs_have_a_namespace_and_the_older_code_in_a_header() {
        let (simulator, elapsed) = world();
        let ask = json("sqs", "AmazonSQS.GetQueueUrl", r#"{"QueueName": "nobody"}"#);
        let Outcome::Answer(response, _) = awaited(&simulator, &elapsed, &ask).0 else { panic!("no answer") };
        let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["__type"], "com.amazonaws.sqs#QueueDoesNotExist");
        assert_eq!(response.headers()["x-amzn-query-error"], "AWS.SimpleQueueService.NonExistentQueue;Sender");
    }

    #[test]
    fn answers_to_head_have_no_body() {
        let (simulator, elapsed) = world();
        let head = signed("s3", Request::head("/nobody"), "");
        let Outcome::Answer(response, _) = awaited(&simulator, &elapsed, &head).0 else { panic!("no answer") };
        assert_eq!((response.status().as_u16(), response.body().len()), (404, 0));
    }
}
