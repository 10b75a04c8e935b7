//! `web`: identical servers behind a load balancer.

use std::collections::BTreeSet;

use schemars::JsonSchema;

use super::Problems;
use super::boot::user_data;
use super::clones::{Clones, Tier, expand_tier, template};
use super::network::NetworkRefs;
use super::surroundings::Surroundings;
use crate::aws::resources::autoscaling_group::{AutoscalingGroup, HealthCheck};
use crate::aws::resources::listener::{Answer, Listener};
use crate::aws::resources::load_balancer::LoadBalancer;
use crate::aws::resources::scaling_policy::{Rule, ScalingPolicy};
use crate::aws::resources::target_group::TargetGroup;
use crate::blueprint::decode::{Spanned, decode_choice, decode_fields};
use crate::blueprint::diagnostic::Diagnostic;
use crate::blueprint::values::{CertificateArn, Duration, InstanceType, Percent, Port, Requests, UrlPath};
use crate::blueprint::{Profile, Protected, Stack};
use crate::engine::graph::{Graph, GraphError};
use crate::engine::reference::Ref;

/// Identical servers behind a load balancer, grown and shrunk by load.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Web {
    /// The instance type. Default: `t4g.small` or `t3.small`, whichever the image fits.
    pub instance: Option<Spanned<InstanceType>>,
    /// How many clones there are. Default: 2 to 10 in `prod`, 1 to 2 in `dev`.
    pub clones: Option<Clones>,
    /// The port that the application listens on. Default: 8080.
    pub port: Option<Port>,
    /// The path that answers 200 when a clone is well. Default: `/`.
    pub health: Option<UrlPath>,
    /// What the number of clones follows. Default: `{ cpu: 50% }`.
    pub scale: Option<Scale>,
    /// How long a new clone may take until it answers. Default: `2m`.
    pub warmup: Option<Duration>,
    /// The certificate for HTTPS. With it, HTTP only redirects; without it, there is only HTTP.
    pub certificate: Option<CertificateArn>,
}

decode_fields!(Web, "`web`", { instance?, clones?, port?, health?, scale?, warmup?, certificate? });

/// What the number of clones follows.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "snake_case", deny_unknown_fields)]
pub enum Scale {
    /// The average use of the processors.
    Cpu(Percent),
    /// Requests per clone and minute.
    RequestsPerClone(Requests),
}

decode_choice!(Scale, "`scale`", { "cpu" => Cpu, "requests_per_clone" => RequestsPerClone });

/// What others need of the public face.
pub struct FaceRefs {
    /// The load balancer.
    pub load_balancer: Ref<LoadBalancer>,
    /// `http` or `https`.
    pub scheme: String,
    /// The clones.
    pub group: Ref<AutoscalingGroup>,
}

/// How long a clone that goes may finish its requests, in seconds.
const DRAIN: u32 = 30;

impl Web {
    /// The fewest and the most clones.
    pub fn clones(&self, profile: Profile) -> (u32, u32) {
        let by_default = match profile {
            Profile::Prod => (2, 10),
            Profile::Dev => (1, 2),
        };
        self.clones.as_ref().map_or(by_default, |clones| (clones.min.0, clones.max.0))
    }

    /// Mistakes that a schema cannot see.
    pub fn check(&self, problems: &mut Problems<'_>) {
        self.clones.iter().for_each(|clones| clones.check(problems));
        if let Some(clones) = self.clones.filter(|clones| clones.min.0 == 0 && clones.max.0 > 0) {
            let message = "with no clone left nobody answers, and no load would ever start one";
            problems.report.add(Diagnostic::error(clones.min.span, message).hint("`min` is at least 1 for `web`"));
        }
    }
}

/// The resources.
pub fn expand(
    web: &Web,
    network: &NetworkRefs,
    seen: &Surroundings<'_>,
    stack: &Stack<'_>,
    graph: &mut Graph,
) -> Result<FaceRefs, GraphError> {
    let port = web.port.map_or(8080, |port| port.0);
    let outside = network.group("load-balancer", "Load balancer, open to the world", stack, graph)?;
    let tier = expand_tier(Tier { name: "web", statements: Vec::new() }, network, seen, stack, graph)?;
    network.allow((&outside, &tier.group), port, stack, graph)?;
    network.allow_world(&outside, 80, stack, graph)?;
    if web.certificate.is_some() {
        network.allow_world(&outside, 443, stack, graph)?;
    }
    let target_group = TargetGroup {
        vpc: network.vpc.clone(),
        port,
        health_path: web.health.as_ref().map_or("/", |path| &path.0).to_owned(),
        drain_seconds: DRAIN,
        tags: stack.tags("web"),
    };
    let target_group = graph.add("web", &target_group)?;
    let load_balancer = balancer(network, outside, stack, graph)?;
    let listeners = listeners(web, &load_balancer, &target_group, stack, graph)?;
    let template = template("web", &tier, web.instance.as_ref(), user_data("web", "web", stack), stack, graph)?;
    let (min, max) = web.clones(stack.profile);
    let warmup = web.warmup.as_ref().map_or(120, |time| time.0);
    let group = AutoscalingGroup {
        launch_template: template,
        subnets: network.private.clone(),
        target_groups: BTreeSet::from([target_group.clone()]),
        listeners,
        min,
        max,
        health_check: HealthCheck::Elb,
        grace_seconds: warmup,
        warmup_seconds: warmup,
        tags: stack.tags("web"),
    };
    let group = graph.add("web", &group)?;
    let rule = match &web.scale {
        None => Rule::Cpu(50.0),
        Some(Scale::Cpu(percent)) => Rule::Cpu(f64::from(percent.0)),
        Some(Scale::RequestsPerClone(requests)) => {
            Rule::Requests { per_clone: requests.0.into(), load_balancer: load_balancer.clone(), target_group }
        }
    };
    graph.add("web", &ScalingPolicy { group: group.clone(), name: format!("{}-web", stack.name), rule })?;
    let scheme = if web.certificate.is_some() { "https" } else { "http" };
    Ok(FaceRefs { load_balancer, scheme: scheme.into(), group })
}

fn balancer(
    network: &NetworkRefs,
    group: Ref<crate::aws::resources::security_group::SecurityGroup>,
    stack: &Stack<'_>,
    graph: &mut Graph,
) -> Result<Ref<LoadBalancer>, GraphError> {
    let keep = stack.protect.contains(&Protected::Web);
    // A web tier always has a way to the internet.
    let Some(internet_gateway) = network.gateway.clone() else {
        return Err(GraphError::Properties(
            crate::engine::address::Address::new("load_balancer", "web"),
            "no gateway".into(),
        ));
    };
    let balancer = LoadBalancer {
        subnets: network.public.clone(),
        security_groups: BTreeSet::from([group]),
        internet_gateway,
        deletion_protection: keep,
        drop_invalid_headers: true,
        tags: stack.tags("web"),
    };
    graph.add_kept("web", &balancer, keep)
}

fn listeners(
    web: &Web,
    load_balancer: &Ref<LoadBalancer>,
    target_group: &Ref<TargetGroup>,
    stack: &Stack<'_>,
    graph: &mut Graph,
) -> Result<BTreeSet<Ref<Listener>>, GraphError> {
    let listener = |port, certificate: Option<&CertificateArn>, action| Listener {
        load_balancer: load_balancer.clone(),
        port,
        certificate: certificate.map(|arn| arn.0.clone()),
        action,
        tags: stack.tags("web"),
    };
    let forward = Answer::Forward(target_group.clone());
    let Some(certificate) = &web.certificate else {
        return Ok(BTreeSet::from([graph.add("http", &listener(80, None, forward))?]));
    };
    let https = graph.add("https", &listener(443, Some(certificate), forward))?;
    let http = graph.add("http", &listener(80, None, Answer::RedirectToHttps))?;
    Ok(BTreeSet::from([http, https]))
}
