//! Target groups.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::targets::Target;
use super::{check_name, configuration, limits, page, validation};
use crate::simulator::clock::Moment;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2;
use crate::simulator::services::iam;
use crate::simulator::tags::Tags;

/// What can be done with target groups.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateTargetGroup", create),
    action("DescribeTargetGroups", describe),
    action("ModifyTargetGroup", modify),
    action("DeleteTargetGroup", delete),
];

/// A target group.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TargetGroup {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) protocol: Option<String>,
    version: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) vpc: Option<String>,
    addresses: String,
    pub(super) check: Check,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) targets: Vec<Target>,
    made: Moment,
    pub(super) tags: Tags,
}

/// How the targets are asked whether they are well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    enabled: bool,
    protocol: String,
    pub(super) port: String,
    path: Option<String>,
    pub(super) interval: u64,
    timeout: u64,
    pub(super) healthy: u64,
    pub(super) unhealthy: u64,
    http: Option<String>,
    grpc: Option<String>,
}

pub(super) fn absent() -> Refusal {
    Refusal::new("TargetGroupNotFound", "One or more target groups not found")
}

/// The group that a call names by its `TargetGroupArn`.
pub(super) fn need<'a>(scene: &'a Scene<'_>, input: &Input) -> Result<(String, &'a TargetGroup), Refusal> {
    let arn = input.need("TargetGroupArn")?;
    Ok((arn.to_owned(), find(scene, arn)?))
}

/// The group of this ARN.
pub(super) fn find<'a>(scene: &'a Scene<'_>, arn: &str) -> Result<&'a TargetGroup, Refusal> {
    if !arn.contains(":targetgroup/") {
        return Err(validation(format!("'{arn}' is not a valid target group ARN")));
    }
    scene.here.elb.groups.seen(arn, scene.sight).ok_or_else(absent)
}

/// The load balancers that send something to a group.
pub(super) fn in_use_by(scene: &Scene<'_>, arn: &str) -> BTreeSet<String> {
    let state = &scene.here.elb;
    let listeners = state.listeners.values().filter(|listener| listener.forwards_to(arn));
    let by_listener = listeners.map(|listener| listener.balancer.clone());
    let rules = state.rules.values().filter(|rule| rule.forwards_to(arn));
    let by_rule =
        rules.filter_map(|rule| state.listeners.get(&rule.listener).map(|listener| listener.balancer.clone()));
    by_listener.chain(by_rule).collect()
}

impl TargetGroup {
    /// How many seconds a target that goes may finish its requests.
    pub(super) fn delay(&self) -> u64 {
        self.attributes.get("deregistration_delay.timeout_seconds").and_then(|text| text.parse().ok()).unwrap_or(300)
    }

    fn show(&self, scene: &Scene<'_>, arn: &str) -> Tree {
        let matcher = object! { "HttpCode" => self.check.http.clone(), "GrpcCode" => self.check.grpc.clone() };
        let has_matcher = self.check.http.is_some() || self.check.grpc.is_some();
        object! {
            "TargetGroupArn" => arn.to_owned(),
            "TargetGroupName" => &self.name,
            "Protocol" => self.protocol.clone(),
            "Port" => self.port,
            "VpcId" => self.vpc.clone(),
            "HealthCheckProtocol" => &self.check.protocol,
            "HealthCheckPort" => &self.check.port,
            "HealthCheckEnabled" => self.check.enabled,
            "HealthCheckIntervalSeconds" => self.check.interval,
            "HealthCheckTimeoutSeconds" => self.check.timeout,
            "HealthyThresholdCount" => self.check.healthy,
            "UnhealthyThresholdCount" => self.check.unhealthy,
            "HealthCheckPath" => self.check.path.clone(),
            "Matcher" => has_matcher.then_some(matcher),
            "LoadBalancerArns" => members(in_use_by(scene, arn)),
            "TargetType" => &self.kind,
            "ProtocolVersion" => self.version.clone(),
            "IpAddressType" => &self.addresses,
        }
    }

    /// Whether these settings would make the same group.
    fn is_like(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.protocol == other.protocol
            && self.version == other.version
            && self.port == other.port
            && self.vpc == other.vpc
            && self.addresses == other.addresses
            && self.check == other.check
    }
}

const WEB: &[&str] = &["HTTP", "HTTPS"];
const PROTOCOLS: &[&str] = &["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"];

/// What a call asks for, with the defaults of its protocol (`API_CreateTargetGroup`).
fn wanted(scene: &Scene<'_>, input: &Input) -> Result<TargetGroup, Refusal> {
    let name = input.need("Name")?;
    check_name("Target group", name)?;
    let kind = input.text_or("TargetType", "instance");
    if !["instance", "ip", "lambda", "alb"].contains(&kind.as_str()) {
        return Err(validation(format!("Value '{kind}' at 'targetType' failed to satisfy constraint")));
    }
    let is_function = kind == "lambda";
    let protocol = input.text("Protocol").filter(|_| !is_function).map(str::to_owned);
    let port = port(input)?.filter(|_| !is_function);
    let vpc = input.text("VpcId").filter(|_| !is_function).map(str::to_owned);
    if !is_function {
        let missing = |what: &str| validation(format!("A {what} must be specified"));
        let protocol = protocol.as_deref().ok_or_else(|| missing("protocol"))?;
        if !PROTOCOLS.contains(&protocol) {
            return Err(validation(format!("Value '{protocol}' at 'protocol' failed to satisfy constraint")));
        }
        port.ok_or_else(|| missing("port"))?;
        let vpc = vpc.as_deref().ok_or_else(|| missing("VPC"))?;
        if !ec2::vpc_exists(scene, vpc) {
            return Err(validation(format!("The VPC ID '{vpc}' is not found")));
        }
    }
    let is_web = protocol.as_deref().is_some_and(|protocol| WEB.contains(&protocol));
    let version = is_web.then(|| input.text_or("ProtocolVersion", "HTTP1"));
    let check = Check::standard(&kind, protocol.as_deref(), version.as_deref()).changed(input, &kind, is_web)?;
    Ok(TargetGroup {
        name: name.to_owned(),
        attributes: super::attributes::of_group(&kind, protocol.as_deref()),
        kind,
        protocol,
        version,
        port,
        vpc,
        addresses: input.text_or("IpAddressType", "ipv4"),
        check,
        targets: Vec::new(),
        made: scene.now,
        tags: Tags::read(input, "Tags")?,
    })
}

fn port(input: &Input) -> Result<Option<u16>, Refusal> {
    let Some(port) = input.whole("Port")? else { return Ok(None) };
    let fits = u16::try_from(port).ok().filter(|port| *port > 0);
    fits.map(Some).ok_or_else(|| validation(format!("Port '{port}' must be between 1 and 65535")))
}

impl Check {
    fn standard(kind: &str, protocol: Option<&str>, version: Option<&str>) -> Self {
        let is_function = kind == "lambda";
        let is_web = is_function || protocol.is_some_and(|protocol| WEB.contains(&protocol));
        let is_grpc = version == Some("GRPC");
        let own = match protocol {
            Some("HTTPS") => "HTTPS",
            _ if is_web || kind == "alb" => "HTTP",
            _ => "TCP",
        };
        Self {
            enabled: !is_function,
            protocol: own.to_owned(),
            port: if protocol == Some("GENEVE") { "80" } else { "traffic-port" }.to_owned(),
            path: (own != "TCP").then(|| if is_grpc { "/AWS.ALB/healthcheck" } else { "/" }.to_owned()),
            interval: if is_function {
                35
            } else if protocol == Some("GENEVE") {
                10
            } else {
                30
            },
            timeout: if is_function {
                30
            } else if is_web || protocol == Some("GENEVE") {
                5
            } else if own == "HTTP" {
                6
            } else {
                10
            },
            healthy: 5,
            unhealthy: if is_function { 5 } else { 2 },
            http: (own != "TCP" && !is_grpc).then(|| if is_web { "200" } else { "200-399" }.to_owned()),
            grpc: is_grpc.then(|| "12".to_owned()),
        }
    }

    /// With what a call says over it, if that fits together.
    fn changed(mut self, input: &Input, kind: &str, is_web: bool) -> Result<Self, Refusal> {
        if let Some(protocol) = input.text("HealthCheckProtocol") {
            if !["HTTP", "HTTPS", "TCP"].contains(&protocol) {
                return Err(validation(format!("Health check protocol '{protocol}' is not supported")));
            }
            protocol.clone_into(&mut self.protocol);
            if protocol == "TCP" && (is_web || kind == "lambda") {
                let words = "The health check protocol 'TCP' is not supported by this target group";
                return Err(validation(words));
            }
            let asks = protocol != "TCP";
            self.path = asks.then(|| self.path.unwrap_or_else(|| "/".to_owned()));
            self.http = self.http.or((asks && self.grpc.is_none()).then(|| "200-399".to_owned())).filter(|_| asks);
        }
        self.enabled = input.flag("HealthCheckEnabled").unwrap_or(self.enabled);
        if !self.enabled && kind != "lambda" {
            return Err(validation(format!(
                "Health check enabled must be true for target groups with target type '{kind}'"
            )));
        }
        self.port = input.text_or("HealthCheckPort", &self.port);
        if let Some(path) = input.text("HealthCheckPath") {
            if !path.starts_with('/') || path.len() > 1024 {
                return Err(validation(format!(
                    "Health check path '{path}' must begin with a '/' character, and can be at most 1024 characters"
                )));
            }
            self.path = Some(path.to_owned());
        }
        let within = |name: &str, low: i64, high: i64, kept: u64| match input.whole(name)? {
            Some(number) if !(low..=high).contains(&number) => {
                Err(validation(format!("{name} must be between {low} and {high} (was {number})")))
            }
            Some(number) => Ok(number.unsigned_abs()),
            None => Ok(kept),
        };
        self.interval = within("HealthCheckIntervalSeconds", 5, 300, self.interval)?;
        self.timeout = within("HealthCheckTimeoutSeconds", 2, 120, self.timeout)?;
        self.healthy = within("HealthyThresholdCount", 2, 10, self.healthy)?;
        self.unhealthy = within("UnhealthyThresholdCount", 2, 10, self.unhealthy)?;
        if let Some(matcher) = input.at("Matcher") {
            self.http = matcher.text("HttpCode").map(str::to_owned).or(self.http);
            if let Some(codes) = &self.http {
                check_codes(codes, if is_web || kind == "lambda" { 499 } else { 599 })?;
            }
            self.grpc = matcher.text("GrpcCode").map(str::to_owned).or(self.grpc);
        }
        if self.timeout >= self.interval {
            let words = "Health check timeout must be smaller than the health check interval";
            return Err(validation(format!("{words} (timeout {}, interval {})", self.timeout, self.interval)));
        }
        Ok(self)
    }
}

/// Refuses codes that no target could answer well: `200`, `200,202`, `200-299`
/// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html>).
fn check_codes(codes: &str, high: u16) -> Result<(), Refusal> {
    let fits = |code: &str| code.parse::<u16>().is_ok_and(|code| (200..=high).contains(&code));
    let all = codes.split(',').all(|part| part.splitn(2, '-').all(fits));
    let words =
        || validation(format!("Health check matcher HTTP code '{codes}' must be within '200-{high}' inclusive"));
    if all { Ok(()) } else { Err(words()) }
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let wanted = wanted(scene, input)?;
    let known = scene.here.elb.groups.iter().find(|(_, group)| group.name == wanted.name);
    if let Some((arn, group)) = known {
        if !group.is_like(&wanted) {
            let words =
                format!("A target group with the same name '{}' exists, but with different settings", wanted.name);
            return Err(Refusal::new("DuplicateTargetGroupName", words));
        }
        return Ok(object! { "TargetGroups" => members([group.show(scene, arn)]) });
    }
    limits::check("target-groups", scene.here.elb.groups.len(), "TooManyTargetGroups")?;
    iam::service_role(scene, "elasticloadbalancing.amazonaws.com");
    let id = scene.dice.hex(16);
    let arn = scene.arn("elasticloadbalancing", &format!("targetgroup/{}/{id}", wanted.name));
    let visible = scene.fresh();
    let shown = wanted.show(scene, &arn);
    scene.here.elb.groups.put(arn, wanted, visible);
    Ok(object! { "TargetGroups" => members([shown]) })
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = page(input)?;
    let (arns, names) = (input.texts("TargetGroupArns"), input.texts("Names"));
    arns.iter().try_for_each(|arn| find(scene, arn).map(|_| ()))?;
    let all = || scene.here.elb.groups.visible(scene.sight);
    if names.iter().any(|name| !all().any(|(_, group)| group.name == *name)) {
        return Err(absent());
    }
    let balancer = input.text("LoadBalancerArn");
    if let Some(balancer) = balancer {
        super::balancers::find(scene, balancer)?;
    }
    let found = all().filter(|(arn, group)| {
        (arns.is_empty() || arns.contains(arn))
            && (names.is_empty() || names.contains(&group.name.as_str()))
            && balancer.is_none_or(|balancer| in_use_by(scene, arn).contains(balancer))
    });
    let (page, next) = page.cut(found.map(|(arn, group)| (arn.to_owned(), group.show(scene, arn))));
    Ok(object! { "TargetGroups" => members(page), "NextMarker" => next })
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (arn, group) = need(scene, input)?;
    if group.kind == "lambda" && input.text("HealthCheckProtocol").is_some() {
        return Err(configuration(
            "Health check protocol cannot be specified for target groups with target type lambda",
        ));
    }
    let is_web = matches!(group.protocol.as_deref(), Some("HTTP" | "HTTPS"));
    let check = group.check.clone().changed(input, &group.kind, is_web)?;
    let group = scene.here.elb.groups.get_mut(&arn).ok_or_else(absent)?;
    group.check = check;
    let shown = find(scene, &arn)?.show(scene, &arn);
    Ok(object! { "TargetGroups" => members([shown]) })
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (arn, _) = need(scene, input)?;
    if !in_use_by(scene, &arn).is_empty() {
        let words = format!("Target group '{arn}' is currently in use by a listener or a rule");
        return Err(Refusal::new("ResourceInUse", words));
    }
    scene.here.elb.groups.remove(&arn);
    Ok(Tree::EMPTY)
}
