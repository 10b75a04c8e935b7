//! Throttling: the token buckets that AWS documents.

use std::collections::BTreeMap;

use super::clock::Moment;
use super::refusal::Refusal;
use super::service::{Protocol, Service};
use super::settings::Throttling;
use super::world::Place;

/// How many calls at once, and how many more each second.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rate {
    burst: f64,
    refill: f64,
}

const fn rate(burst: f64, refill: f64) -> Rate {
    Rate { burst, refill }
}

/// The buckets of a world.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    throttling: Throttling,
    left: BTreeMap<(Place, &'static str, String), (f64, Moment)>,
}

impl Buckets {
    pub(super) fn new(throttling: Throttling) -> Self {
        Self { throttling, left: BTreeMap::new() }
    }

    /// Takes one token from each bucket that the call has to do with.
    pub(super) fn take(&mut self, place: &Place, service: &Service, action: &str, now: Moment) -> Result<(), Refusal> {
        let share = match self.throttling {
            Throttling::Off => return Ok(()),
            Throttling::Documented => 1.0,
            Throttling::Half => 0.5,
        };
        for (name, Rate { burst, refill }) in rates(service.name, action) {
            let full = burst * share;
            let bucket = (place.clone(), service.name, name.to_owned());
            let (left, at) = self.left.entry(bucket).or_insert((full, now));
            *left = full.min(*left + now.since(*at).as_secs_f64() * refill * share);
            *at = now;
            if *left < 1.0 {
                return Err(refusal(service));
            }
            *left -= 1.0;
        }
        Ok(())
    }
}

/// What a service says to a call too many.
pub(super) fn refusal(service: &Service) -> Refusal {
    match service.protocol {
        Protocol::Ec2 { .. } => Refusal::new("RequestLimitExceeded", "Request limit exceeded.").status(503),
        Protocol::Query { .. } => Refusal::new("Throttling", "Rate exceeded"),
        Protocol::Json { .. } => Refusal::new("ThrottlingException", "Rate exceeded"),
        Protocol::Rest { .. } => Refusal::new("SlowDown", "Please reduce your request rate.").status(503),
    }
}

/// The buckets of an action, by name. Services without published rates have none.
///
/// Sources: <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>,
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/load-balancer-api-throttling.html>,
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html>.
fn rates<'a>(service: &str, action: &'a str) -> Vec<(&'a str, Rate)> {
    match service {
        "ec2" => vec![(action, ec2(action))],
        "elasticloadbalancing" => {
            let all = ("all", rate(40.0, 10.0));
            match action {
                "CreateLoadBalancer" | "SetSubnets" => vec![all, (action, rate(10.0, 0.2))],
                "RegisterTargets" | "DeregisterTargets" => vec![all, ("register", rate(20.0, 4.0))],
                _ if action.starts_with("Describe") => vec![all, ("describe", rate(40.0, 10.0))],
                _ => vec![all, ("change", rate(20.0, 3.0))],
            }
        }
        "rds" => vec![("all", rate(300.0, 12.0))],
        _ => Vec::new(),
    }
}

fn ec2(action: &str) -> Rate {
    match action {
        "CreateNatGateway" | "DeleteNatGateway" => rate(10.0, 1.0),
        "CreateVpcEndpoint" | "ModifyVpcEndpoint" | "DeleteVpcEndpoints" => rate(4.0, 0.3),
        "CreateLaunchTemplateVersion" | "ModifyLaunchTemplate" | "CreateNetworkInterface" | "TerminateInstances" => {
            rate(100.0, 5.0)
        }
        "RunInstances" => rate(5.0, 2.0),
        "CreateTags" | "DeleteTags" => rate(100.0, 10.0),
        _ if action.starts_with("Describe") || action.starts_with("Get") => rate(100.0, 20.0),
        _ => rate(50.0, 5.0),
    }
}
