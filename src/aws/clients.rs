//! The clients of all services, and how they behave: endpoints, timeouts, retries, and what a plan may not send.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_http_client::{Builder, Connector, proxy::ProxyConfig, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_types::service_config::ServiceConfigKey;

use super::failure::{self, Problem};
use super::interceptors::{ReadOnly, SendOnce, Tally};
use super::pace::{ATTEMPT, Paced};
use super::together::Rounds;
use crate::engine::state::Site;

/// What the user said about where to go. Everything not said comes from the standard AWS configuration: environment, profile, SSO,
/// container or instance role.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The region, if the blueprint names one.
    pub region: Option<String>,
    /// One endpoint for all services, if given on the command line.
    pub endpoint_url: Option<String>,
    /// Endpoints of single services by their SDK id (`ElastiCache`), which count more than anything else.
    pub endpoint_urls: BTreeMap<&'static str, String>,
    /// Fixed credentials for a local emulator. `None`: the standard chain.
    pub emulator_account: Option<String>,
    /// How often a call is sent at most. `None`: as the standard configuration says, or five times.
    pub attempts: Option<u32>,
    /// What carries calls instead of sockets, and what tells the time there. `None`: the network, and this machine's clock.
    pub transport: Option<Transport>,
}

/// A way to AWS that is not the network.
#[derive(Clone, Debug)]
pub struct Transport {
    /// Carries each request, and brings the answer.
    pub client: SharedHttpClient,
    /// The time that signatures are made with.
    pub time: SharedTimeSource,
}

/// What the clients may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only calls that change nothing. Everything else fails before a byte is sent, so a plan cannot write even by mistake.
    Read,
    /// All calls.
    Write,
}

/// Everything needed to talk to AWS.
pub struct Aws {
    /// Clients that send a read again when its answer is lost or it is throttled, and everything else once.
    pub api: Services,
    /// Where the calls go.
    pub site: Site,
    /// `aws`, `aws-cn` or `aws-us-gov`, for ARNs.
    pub partition: String,
    /// Who calls, as an ARN.
    pub caller: String,
    /// Reads that are about to be sent, for more than one kind.
    pub(super) rounds: Rounds,
    tally: Tally,
}

/// The connection could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Neither blueprint nor configuration names a region.
    #[error("no region is set")]
    NoRegion,
    /// The endpoint is not a URL.
    #[error("`{0}` is not an http:// or https:// URL")]
    Endpoint(String),
    /// There are no credentials, or they are not accepted.
    #[error("the credentials are not accepted: {0}")]
    Credentials(String),
    /// Nobody answers.
    #[error("no answer from {endpoint}: {why}")]
    Unreachable {
        /// Where the call went.
        endpoint: String,
        /// What happened to it.
        why: String,
    },
}

macro_rules! services {
    ($($field:ident: $krate:ident, $id:literal, $env:literal;)*) => {
        /// One client for each service.
        #[derive(Clone)]
        pub struct Services { $(#[doc = concat!("Amazon ", $id, ".")] pub $field: $krate::Client,)* }

        impl Services {
            fn new(shared: &SdkConfig, target: &Target, retries: &RetryConfig, interceptors: &[SharedInterceptor]) -> Self {
                Self { $($field: {
                    let mut config = $krate::config::Builder::from(shared).retry_config(retries.clone());
                    for interceptor in interceptors {
                        config.push_interceptor(interceptor.clone());
                    }
                    config.set_timeout_config(Some(paced_timeouts()));
                    // It counts from the moment that a call begins to wait for its turn.
                    config.set_stalled_stream_protection(Some(StalledStreamProtectionConfig::disabled()));
                    if let Some(url) = target.endpoint_urls.get($id) {
                        config = config.endpoint_url(url);
                    }
                    $krate::Client::from_conf(config.build())
                },)* }
            }
        }

        /// The SDK ids of all services, with the part of `AWS_ENDPOINT_URL_…` that names them.
        pub const SERVICES: &[(&str, &str)] = &[$(($id, $env)),*];
    };
}

services! {
    autoscaling: aws_sdk_autoscaling, "Auto Scaling", "AUTO_SCALING";
    cloudwatch: aws_sdk_cloudwatch, "CloudWatch", "CLOUDWATCH";
    ec2: aws_sdk_ec2, "EC2", "EC2";
    elasticache: aws_sdk_elasticache, "ElastiCache", "ELASTICACHE";
    elb: aws_sdk_elasticloadbalancingv2, "Elastic Load Balancing v2", "ELASTIC_LOAD_BALANCING_V2";
    iam: aws_sdk_iam, "IAM", "IAM";
    rds: aws_sdk_rds, "RDS", "RDS";
    secrets: aws_sdk_secretsmanager, "Secrets Manager", "SECRETS_MANAGER";
    sqs: aws_sdk_sqs, "SQS", "SQS";
    ssm: aws_sdk_ssm, "SSM", "SSM";
    sts: aws_sdk_sts, "STS", "STS";
}

/// What the client of a service outside this list is built from. The state is where it is kept, and not among what is deployed.
pub struct Foundation {
    /// Credentials, region, time-outs and HTTP.
    pub shared: SdkConfig,
    /// The service's endpoint, if it is not AWS's own.
    pub endpoint: Option<String>,
    /// What watches over its calls.
    pub interceptors: Vec<SharedInterceptor>,
}

/// Finds out what a client of this service is built from. Nothing is called.
pub async fn foundation(target: &Target, access: Access, id: &'static str) -> Result<Foundation, ConnectError> {
    let shared = load(target).await?;
    let endpoint = endpoint_of(id, &shared, target).or_else(|| shared.endpoint_url().map(str::to_owned));
    if let Some(bad) = endpoint.as_ref().filter(|url| !is_url(url)) {
        return Err(ConnectError::Endpoint(bad.clone()));
    }
    let guard = (access == Access::Read).then(|| SharedInterceptor::permanent(ReadOnly));
    Ok(Foundation { shared, endpoint, interceptors: guard.into_iter().collect() })
}

/// Until there is a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// A call with all its attempts.
const OPERATION: Duration = Duration::from_mins(2);
/// The same for a call that waits for its turn. No queue uses this up: five attempts, each of which waits at most four minutes before it is sent
/// and one for its answer, with pauses of at most 20 seconds between them, take less than 27 minutes.
const PACED_OPERATION: Duration = Duration::from_mins(30);
/// The first call of all, which shows whether anyone is there.
const FIRST_CALL: Duration = Duration::from_secs(15);
/// Peers close idle connections, and a pooled one that was closed stalls the next call (aws-sdk-rust#1417); between two looks of a long wait
/// connections are idle for longer than this.
const IDLE: Duration = Duration::from_secs(15);
/// Attempts, unless the user's configuration says otherwise. The SDK's default is 3, which a throttled account uses up in two seconds.
const ATTEMPTS: u32 = 5;
/// The pause before the first repetition, where nobody else has to be spared. An emulator answers with 500 to what it does not know, each time.
const LOCAL_BACKOFF: Duration = Duration::from_millis(50);

impl Aws {
    /// Finds credentials, asks who they belong to, and builds the clients.
    pub async fn connect(target: &Target, access: Access) -> Result<Self, ConnectError> {
        let shared = load(target).await?;
        let region = shared.region().map(ToString::to_string).ok_or(ConnectError::NoRegion)?;
        let endpoint = describe_endpoint(&shared, target);
        let tally = Tally::default();
        let mut interceptors =
            vec![SharedInterceptor::permanent(tally.clone()), SharedInterceptor::permanent(SendOnce)];
        if access == Access::Read {
            interceptors.push(SharedInterceptor::permanent(ReadOnly));
        }
        let configured = shared.retry_config().map_or(ATTEMPTS, |set| match set.max_attempts() {
            3 => ATTEMPTS,
            chosen => chosen,
        });
        let mut retries = RetryConfig::standard().with_max_attempts(target.attempts.unwrap_or(configured));
        if shared.endpoint_url().is_some_and(is_local) {
            retries = retries.with_initial_backoff(LOCAL_BACKOFF);
        }
        let api = Services::new(&shared, target, &retries, &interceptors);
        let who = tokio::time::timeout(FIRST_CALL, api.sts.get_caller_identity().send()).await;
        let who = match who {
            Ok(Ok(who)) => who,
            Ok(Err(e)) => return Err(refused(&endpoint, &failure::explain(e))),
            Err(_) => {
                let why = format!("nothing came back within {} seconds", FIRST_CALL.as_secs());
                return Err(ConnectError::Unreachable { endpoint, why });
            }
        };
        let caller = who.arn.unwrap_or_default();
        let partition = caller.split(':').nth(1).filter(|part| !part.is_empty()).unwrap_or("aws").to_owned();
        let site = Site { account: who.account.unwrap_or_default(), region, endpoint };
        Ok(Self { api, site, partition, caller, rounds: Rounds::default(), tally })
    }

    /// How often each operation was called so far, by service and operation.
    pub fn calls(&self) -> BTreeMap<(String, String), u64> {
        self.tally.counts()
    }

    /// The ARN of something in this account and region.
    pub fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{rest}", self.partition, self.site.region, self.site.account)
    }
}

fn refused(endpoint: &str, problem: &Problem) -> ConnectError {
    match problem {
        Problem::Denied(why) => ConnectError::Credentials(why.clone()),
        Problem::Other(why) => ConnectError::Unreachable { endpoint: endpoint.into(), why: why.clone() },
    }
}

async fn load(target: &Target) -> Result<SdkConfig, ConnectError> {
    let client = match &target.transport {
        Some(transport) => transport.client.clone(),
        None => http_client(target.endpoint_url.as_deref()),
    };
    let mut loader =
        aws_config::defaults(BehaviorVersion::v2026_01_12()).timeout_config(timeouts()).http_client(Paced::new(client));
    if let Some(transport) = &target.transport {
        loader = loader.time_source(transport.time.clone());
    }
    if let Some(region) = &target.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &target.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(account) = &target.emulator_account {
        let keys = aws_credential_types::Credentials::new(account, "emulator", None, None, "pando emulator");
        loader = loader.credentials_provider(keys);
    }
    let shared = loader.load().await;
    let urls = shared.endpoint_url().map(str::to_owned).into_iter();
    let urls = urls.chain(SERVICES.iter().filter_map(|(id, _)| endpoint_of(id, &shared, target)));
    match urls.into_iter().find(|url| !is_url(url)) {
        Some(bad) => Err(ConnectError::Endpoint(bad)),
        None => Ok(shared),
    }
}

/// For calls that pass as they are.
fn timeouts() -> TimeoutConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT);
    timeouts.operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build()
}

/// For calls that wait for their turn, which ends an attempt itself.
fn paced_timeouts() -> TimeoutConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT);
    timeouts.disable_operation_attempt_timeout().operation_timeout(PACED_OPERATION).build()
}

/// Whether it has a scheme, a host and, if any, a port that exists.
fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        // What is in brackets is an address of version 6, colons and all.
        Some((host, port)) if !port.ends_with(']') => match port.parse::<u16>() {
            Ok(1..) => host,
            _ => return false,
        },
        _ => authority,
    };
    !host.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Whether it is on this machine.
fn is_local(url: &str) -> bool {
    url.contains("//127.0.0.1") || url.contains("//localhost")
}

/// One pool of connections for all services. Proxies from the environment hold, except for an endpoint on this machine.
fn http_client(endpoint: Option<&str>) -> SharedHttpClient {
    let is_local = endpoint.is_some_and(is_local);
    Builder::new().pool_idle_timeout(IDLE).build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().pool_idle_timeout(IDLE);
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        if !is_local {
            connector.set_proxy_config(Some(ProxyConfig::from_env()));
        }
        connector.tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc)).build()
    })
}

/// `aws`, or every endpoint that stands in for it.
fn describe_endpoint(shared: &SdkConfig, target: &Target) -> String {
    let mut parts = vec![shared.endpoint_url().unwrap_or("aws").to_owned()];
    for (id, env) in SERVICES {
        let own = endpoint_of(id, shared, target).filter(|url| *url != parts[0]);
        parts.extend(own.map(|url| format!("{}={url}", env.to_lowercase())));
    }
    parts.join(" ")
}

/// The endpoint of one service, if it has one of its own.
fn endpoint_of(id: &str, shared: &SdkConfig, target: &Target) -> Option<String> {
    target.endpoint_urls.get(id).cloned().or_else(|| {
        // A single endpoint on the command line counts more than those of the environment.
        let configured = shared.service_config().filter(|_| target.endpoint_url.is_none())?;
        let key = ServiceConfigKey::builder().service_id(id).env("AWS_ENDPOINT_URL").profile("endpoint_url");
        configured.load_config(key.build().ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_a_scheme_a_host_and_a_port_that_exists() {
        for good in
            ["http://127.0.0.1:4566", "https://aws.example.com", "http://[::1]:80/", "http://[::1]", "http://a/b"]
        {
            assert!(is_url(good), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1:4566",
            "ftp://a",
            "http://",
            "http://:80",
            "http://a:b",
            "http://a:70000",
            "http://a b",
            "http://a:0",
        ] {
            assert!(!is_url(bad), "{bad}");
        }
    }
}
