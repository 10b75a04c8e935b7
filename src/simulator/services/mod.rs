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

use super::scene::Scene;
use super::service::Service;

/// All of them.
const ALL: &[&Service] = &[
    &autoscaling::SERVICE,
    &cloudwatch::SERVICE,
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

/// The service of this name in signatures.
pub(crate) fn find(name: &str) -> Option<&'static Service> {
    ALL.iter().copied().find(|service| service.name == name)
}

/// What a region has before anybody uses it.
pub(crate) fn furnish(scene: &mut Scene<'_>) {
    ec2::furnish(scene);
}
