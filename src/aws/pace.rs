//! Paces calls: each waits for its turn in AWS's token buckets before it is sent, so that a big stack is not throttled all the time.
//!
//! It stands between the SDK and the network. So it sees each attempt of each call, and the time for an answer begins when the call is sent and
//! not while it waits. Calls of S3 and those that nobody signs (for the machine's own credentials) pass as they are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::ErrorKind;
use tokio::time::Instant;

use super::rates;
use super::token_bucket::{Bucket, Ticket};

/// An attempt that is not answered within this time counts as lost. The SDK's own default is to wait for ever.
pub(super) const ATTEMPT: Duration = Duration::from_secs(30);
/// The same for services that check a database or a cache before they answer a create.
const SLOW_ATTEMPT: Duration = Duration::from_mins(1);
/// Which ones these are, by their names in signatures.
const SLOW: [&str; 2] = ["elasticache", "rds"];
/// The longest that a call waits for its turn. It is signed by then, and AWS takes no signature that is older than five minutes
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>).
const LONGEST: Duration = Duration::from_mins(4);

/// Codes that say: too many calls.
const THROTTLED: [&str; 9] = [
    "EC2ThrottledException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// The call was not sent: its turn would have come too late.
#[derive(Debug, thiserror::Error)]
#[error("so many calls of {action} wait already that it was not sent")]
pub(super) struct Unsent {
    /// Which calls are so many.
    pub(super) action: String,
}

/// Calls through another client, each at its turn. Clones have the same buckets.
#[derive(Clone, Debug)]
pub(super) struct Paced {
    inner: SharedHttpClient,
    pace: Arc<Pace>,
}

impl Paced {
    /// With buckets of its own, which are full.
    pub(super) fn new(inner: SharedHttpClient) -> Self {
        Self { inner, pace: Arc::default() }
    }
}

impl HttpClient for Paced {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Gate { inner, pace: Arc::clone(&self.pace) })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.validate_base_client_config(components, config)
    }

    fn validate_final_config(&self, components: &RuntimeComponents, config: &ConfigBag) -> Result<(), BoxError> {
        self.inner.validate_final_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

/// What a request passes on its way out.
#[derive(Debug)]
struct Gate {
    inner: SharedHttpConnector,
    pace: Arc<Pace>,
}

impl HttpConnector for Gate {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match Asked::by(&request) {
            Some(asked) => HttpConnectorFuture::new(pass(self.inner.clone(), Arc::clone(&self.pace), asked, request)),
            None => self.inner.call(request),
        }
    }
}

/// Waits for the request's turn, sends it, and takes in the whole answer in time.
///
/// # Errors
/// Those of the connection; a timeout without an answer in time; and [`Unsent`].
async fn pass(
    inner: SharedHttpConnector,
    pace: Arc<Pace>,
    asked: Asked,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let signed = Instant::now();
    let turn = pace.line_up(&asked, signed, LONGEST).ok_or_else(|| unsent(&asked))?;
    loop {
        let rest = pace.rest(&turn, Instant::now());
        if rest.is_zero() {
            break;
        }
        if signed.elapsed().saturating_add(rest) > LONGEST {
            return Err(unsent(&asked));
        }
        tokio::time::sleep(rest).await;
    }
    let sent = Instant::now();
    let patience = if SLOW.contains(&asked.service.as_str()) { SLOW_ATTEMPT } else { ATTEMPT };
    let Ok(answer) = tokio::time::timeout(patience, whole(inner.call(request))).await else {
        let why = format!("no answer within {} seconds", patience.as_secs());
        return Err(ConnectorError::timeout(why.into()));
    };
    let answer = answer?;
    if is_throttled(&answer) {
        pace.throttled(&turn, sent, Instant::now());
    }
    Ok(answer)
}

/// The SDK may send it again, if it may send it twice.
fn unsent(asked: &Asked) -> ConnectorError {
    let why = Unsent { action: asked.action.clone() };
    ConnectorError::other(why.into(), Some(ErrorKind::ThrottlingError))
}

/// An answer with all of its body, which says what an error is about. No service that is paced sends streams.
async fn whole(answer: HttpConnectorFuture) -> Result<HttpResponse, ConnectorError> {
    let mut answer = answer.await?;
    if answer.body().bytes().is_none() {
        let body = ByteStream::new(answer.take_body()).collect().await;
        let body = body.map_err(|broken| ConnectorError::io(broken.into()))?;
        *answer.body_mut() = SdkBody::from(body.into_bytes());
    }
    Ok(answer)
}

/// Whether an answer says that there are too many calls. Services say so in different ways, some with a status that stands for anything.
fn is_throttled(answer: &HttpResponse) -> bool {
    match answer.status().as_u16() {
        429 | 503 => true,
        400..500 => {
            let body = String::from_utf8_lossy(answer.body().bytes().unwrap_or_default());
            THROTTLED.iter().any(|code| names(&body, code))
        }
        _ => false,
    }
}

/// Whether a body names this code: `<Code>Throttling</Code>`, `"__type":"com.amazonaws.sqs#ThrottlingException"`. Words in a message do not count.
fn names(body: &str, code: &str) -> bool {
    body.match_indices(code)
        .any(|(at, _)| body[..at].ends_with(['>', '#', '"']) && body[at + code.len()..].starts_with(['<', '"']))
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    /// The service's name in signatures.
    service: String,
    /// Empty, if it is named neither in a header nor in a form.
    action: String,
}

impl Asked {
    /// `None`: it is not signed, or for S3, where objects are read and written and no limit is ever near.
    fn by(request: &HttpRequest) -> Option<Self> {
        // `Credential=key/date/region/service/aws4_request`.
        let scope = request.headers().get("authorization")?.split("Credential=").nth(1)?.split(',').next()?;
        let service = scope.rsplit('/').nth(1).filter(|service| *service != "s3")?;
        let action = action_in_header(request).or_else(|| action_in_form(request)).unwrap_or_default();
        Some(Self { service: service.to_owned(), action: action.to_owned() })
    }
}

fn action_in_header(request: &HttpRequest) -> Option<&str> {
    request.headers().get("x-amz-target")?.rsplit('.').next()
}

fn action_in_form(request: &HttpRequest) -> Option<&str> {
    let form = std::str::from_utf8(request.body().bytes()?).ok()?;
    form.split('&').find_map(|pair| pair.strip_prefix("Action="))
}

/// All buckets, by service and name. An account and a region have their own, and there is one of each here.
#[derive(Debug, Default)]
struct Pace(Mutex<BTreeMap<(String, String), Bucket>>);

/// A call's places, one in each bucket that it has to do with.
#[derive(Debug)]
struct Turn(Vec<((String, String), Ticket)>);

impl Pace {
    /// Takes a token from each bucket that the call has to do with. `None`, and nothing is taken, if its turn would come later than that.
    fn line_up(&self, asked: &Asked, now: Instant, longest: Duration) -> Option<Turn> {
        let mut buckets = self.lock();
        let mut names = Vec::new();
        for (name, rate) in rates::buckets(&asked.service, &asked.action) {
            let name = (asked.service.clone(), name.to_owned());
            let bucket = buckets.entry(name.clone()).or_insert_with(|| Bucket::new(rate, now));
            if bucket.queue(now) > longest {
                return None;
            }
            names.push(name);
        }
        let places = names.into_iter().filter_map(|name| {
            let ticket = buckets.get_mut(&name)?.reserve(now);
            Some((name, ticket))
        });
        Some(Turn(places.collect()))
    }

    /// How long it still is until the call's turn.
    fn rest(&self, turn: &Turn, now: Instant) -> Duration {
        let mut buckets = self.lock();
        let rests = turn.0.iter().filter_map(|(name, ticket)| Some(buckets.get_mut(name)?.wait(*ticket, now)));
        rests.max().unwrap_or_default()
    }

    /// The answer to a call sent at that time was that there are too many. It does not say which bucket was empty.
    fn throttled(&self, turn: &Turn, sent: Instant, now: Instant) {
        let mut buckets = self.lock();
        for (name, _) in &turn.0 {
            if let Some(bucket) = buckets.get_mut(name) {
                bucket.throttled(sent, now);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, String), Bucket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(service: &str, body: &'static str) -> HttpRequest {
        let scope = format!("AWS4-HMAC-SHA256 Credential=key/20260101/eu-west-1/{service}/aws4_request, Signature=0");
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.headers_mut().insert("authorization", scope);
        request
    }

    fn asked(service: &str, action: &str) -> Asked {
        Asked { service: service.into(), action: action.into() }
    }

    fn answer(status: u16, body: &str) -> HttpResponse {
        HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
    }

    #[test]
    fn a_request_says_what_it_asks_for() {
        let query = signed("ec2", "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0%2F16");
        assert_eq!(Asked::by(&query), Some(asked("ec2", "CreateVpc")));
        let mut json = signed("secretsmanager", "{}");
        json.headers_mut().insert("x-amz-target", "secretsmanager.CreateSecret");
        assert_eq!(Asked::by(&json), Some(asked("secretsmanager", "CreateSecret")));
        assert_eq!(Asked::by(&signed("lambda", "{}")), Some(asked("lambda", "")));
    }

    #[test]
    fn objects_and_what_nobody_signed_are_not_paced() {
        assert_eq!(Asked::by(&signed("s3", "Action=CreateVpc")), None);
        assert_eq!(Asked::by(&HttpRequest::new(SdkBody::from("Action=CreateVpc"))), None);
    }

    #[test]
    fn each_service_says_in_its_own_way_that_there_are_too_many() {
        for (status, body) in [
            (503, "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>"),
            (
                400,
                "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>",
            ),
            (400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#),
            (400, r#"{"__type":"com.amazonaws.sqs#RequestThrottled","message":""}"#),
            (429, ""),
        ] {
            assert!(is_throttled(&answer(status, body)), "{status} {body}");
        }
        for (status, body) in [
            (200, "<Code>Throttling</Code>"),
            (400, "<Code>InvalidParameterValue</Code><Message>no Throttling, \"ThrottlingMode\"</Message>"),
            (500, ""),
        ] {
            assert!(!is_throttled(&answer(status, body)), "{status} {body}");
        }
    }

    /// Never answers.
    #[derive(Debug)]
    struct Silent;

    impl HttpConnector for Silent {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            HttpConnectorFuture::new(std::future::pending())
        }
    }

    fn gate() -> Gate {
        Gate { inner: SharedHttpConnector::new(Silent), pace: Arc::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_for_an_answer_begins_when_the_call_is_sent() {
        let (gate, now) = (gate(), Instant::now());
        for _ in 0..10 {
            gate.pace.line_up(&asked("ec2", "CreateVpcEndpoint"), now, LONGEST).unwrap();
        }
        let error = gate.call(signed("ec2", "Action=CreateVpcEndpoint")).await.unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        // The eleventh of a bucket with 3.2 at once and 0.24 each second.
        let waited = now.elapsed().as_secs_f64() - ATTEMPT.as_secs_f64();
        assert!((32.4..32.6).contains(&waited), "{waited}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_gets_more_time_than_a_network() {
        for (service, patience) in [("ec2", ATTEMPT), ("rds", SLOW_ATTEMPT), ("elasticache", SLOW_ATTEMPT)] {
            let now = Instant::now();
            assert!(gate().call(signed(service, "Action=CreateThing")).await.unwrap_err().is_timeout());
            let waited = now.elapsed();
            assert!(waited >= patience && waited < patience + Duration::from_secs(1), "{service}: {waited:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_until_the_signature_is_too_old() {
        let (gate, now) = (gate(), Instant::now());
        let create = asked("elasticloadbalancing", "CreateLoadBalancer");
        // Eight at once, and one in 6.25 seconds.
        let waiting = std::iter::from_fn(|| gate.pace.line_up(&create, now, LONGEST)).count();
        assert_eq!(waiting, 8 + 38);
        let error = gate.call(signed("elasticloadbalancing", "Action=CreateLoadBalancer")).await.unwrap_err();
        assert_eq!(error.as_other(), Some(ErrorKind::ThrottlingError));
        assert!(error.into_source().is::<Unsent>());
        assert_eq!(now.elapsed(), Duration::ZERO);
    }
}
