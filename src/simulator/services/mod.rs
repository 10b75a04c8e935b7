//! The services: a folder each, a file for each area.

#![expect(clippy::unnecessary_wraps, reason = "all handlers have one signature, whether or not they can refuse")]

pub(crate) mod autoscaling;
pub(crate) mod cloudwatch;
pub(crate) mod ec2;
pub(crate) mod elasticache;
pub(crate) mod elb;
pub(crate) mod iam;
pub(crate) mod rds;
pub(crate) mod s3;
pub(crate) mod secrets;
pub(crate) mod sqs;
pub(crate) mod ssm;
pub(crate) mod sts;

use bytes::Bytes;
use http::Request;

use super::scene::Scene;
use super::service::{Protocol, Service};

/// All of them.
const ALL: &[&Service] = &[
    &autoscaling::SERVICE,
    &cloudwatch::QUERY,
    &cloudwatch::JSON,
    &ec2::SERVICE,
    &elasticache::SERVICE,
    &elb::SERVICE,
    &iam::SERVICE,
    &rds::SERVICE,
    &s3::SERVICE,
    &secrets::SERVICE,
    &sqs::SERVICE,
    &ssm::SERVICE,
    &sts::SERVICE,
];

/// The service of this name in signatures. One that is spoken to in several ways is there several times: the one that speaks as the request does.
pub(crate) fn find(name: &str, request: &Request<Bytes>) -> Option<&'static Service> {
    let mut named = ALL.iter().copied().filter(|service| service.name == name);
    named.clone().find(|service| service.protocol.speaks(request)).or_else(|| named.next())
}

/// What stands for a service that is not modelled: it knows no action, and says so in the caller's protocol.
pub(crate) fn unmodelled(request: &Request<Bytes>) -> &'static Service {
    const JSON: &Service =
        &Service { name: "", protocol: Protocol::Json { version: "1.1", namespace: "" }, areas: &[] };
    const OLDER_JSON: &Service = &Service { protocol: Protocol::Json { version: "1.0", namespace: "" }, ..*JSON };
    const QUERY: &Service = &Service { protocol: Protocol::Query { namespace: "" }, ..*JSON };
    let content = request.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    match content {
        _ if content.starts_with("application/x-amz-json-1.0") => OLDER_JSON,
        _ if content.starts_with("application/x-amz-json") || content.starts_with("application/json") => JSON,
        _ => QUERY,
    }
}

/// What a region has before anybody uses it.
pub(crate) fn furnish(scene: &mut Scene<'_>) {
    ec2::furnish(scene);
}
