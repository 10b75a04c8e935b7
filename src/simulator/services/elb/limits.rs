//! What an account may have at most, capacity, and TLS policies.

use super::{balancers, listeners, page};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

/// What can be asked of limits.
pub(super) const ACTIONS: &[Action] = &[
    action("DescribeAccountLimits", limits),
    action("DescribeCapacityReservation", capacity),
    action("DescribeSSLPolicies", policies),
];

/// The standard quotas
/// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html>).
const LIMITS: &[(&str, &str)] = &[
    ("application-load-balancers", "50"),
    ("certificates-per-application-load-balancer", "25"),
    ("certificates-per-network-load-balancer", "25"),
    ("condition-values-per-alb-rule", "5"),
    ("condition-wildcards-per-alb-rule", "6"),
    ("gateway-load-balancers", "100"),
    ("gateway-load-balancers-per-vpc", "100"),
    ("listeners-per-application-load-balancer", "50"),
    ("listeners-per-network-load-balancer", "50"),
    ("network-load-balancers", "50"),
    ("rules-per-application-load-balancer", "100"),
    ("target-groups", "3000"),
    ("target-groups-per-action-on-application-load-balancer", "5"),
    ("target-groups-per-action-on-network-load-balancer", "1"),
    ("target-groups-per-application-load-balancer", "100"),
    ("target-id-registrations-per-application-load-balancer", "1000"),
    ("targets-per-application-load-balancer", "1000"),
    ("targets-per-availability-zone-per-network-load-balancer", "500"),
    ("targets-per-network-load-balancer", "3000"),
    ("targets-per-target-group", "1000"),
];

/// Refuses one more where there are as many as there may be. The name is one of [`LIMITS`].
pub(super) fn check(name: &str, there: usize, code: &'static str) -> Result<(), Refusal> {
    let max = LIMITS.iter().find(|(known, _)| *known == name).and_then(|(_, max)| max.parse::<usize>().ok());
    match max {
        Some(max) if there >= max => Err(Refusal::new(code, format!("The limit of {max} for {name} has been reached"))),
        _ => Ok(()),
    }
}

fn limits(_: &mut Scene<'_>, input: &Input) -> Answer {
    let all = LIMITS.iter().map(|(name, max)| ((*name).to_owned(), object! { "Name" => *name, "Max" => *max }));
    let (page, next) = page(input)?.cut(all);
    Ok(object! { "Limits" => members(page), "NextMarker" => next })
}

/// No capacity is ever reserved here.
fn capacity(scene: &mut Scene<'_>, input: &Input) -> Answer {
    balancers::find(scene, input.need("LoadBalancerArn")?)?;
    Ok(object! { "CapacityReservationState" => Tree::List("member", Vec::new()) })
}

fn policies(_: &mut Scene<'_>, input: &Input) -> Answer {
    let names = input.texts("Names");
    if let Some(name) = names.iter().find(|name| !listeners::POLICIES.contains(name)) {
        return Err(Refusal::new("SSLPolicyNotFound", format!("SSL policy '{name}' not found")));
    }
    input.pass_over("LoadBalancerType");
    let found = listeners::POLICIES.iter().filter(|name| names.is_empty() || names.contains(name));
    let shown = found.map(|name| {
        let versions: &[&'static str] = match *name {
            name if name.contains("TLS13-1-3") => &["TLSv1.3"],
            name if name.contains("TLS13") => &["TLSv1.2", "TLSv1.3"],
            _ => &["TLSv1.2"],
        };
        let shown = object! {
            "Name" => *name,
            "SslProtocols" => members(versions.iter().copied()),
            "Ciphers" => members([object! { "Name" => "TLS_AES_128_GCM_SHA256", "Priority" => 1_u64 }]),
            "SupportedLoadBalancerTypes" => members(["application", "network"]),
        };
        ((*name).to_owned(), shown)
    });
    let (page, next) = page(input)?.cut(shown);
    Ok(object! { "SslPolicies" => members(page), "NextMarker" => next })
}
