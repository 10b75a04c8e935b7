//! Listeners.

use serde::Serialize;
use serde_json::Value;

use super::actions::{self, Actions};
use super::attributes::{self, Attributes};
use super::{balancers, limits, page, validation};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// What can be done with listeners.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateListener", create),
    action("DescribeListeners", describe),
    action("ModifyListener", modify),
    action("DeleteListener", delete),
    action("DescribeListenerCertificates", describe_certificates),
    action("AddListenerCertificates", add_certificates),
    action("RemoveListenerCertificates", remove_certificates),
];

/// A listener.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Listener {
    pub(super) balancer: String,
    port: u16,
    protocol: String,
    /// The certificate for whoever names none, and the others.
    certificate: Option<String>,
    certificates: Vec<String>,
    policy: Option<String>,
    alpn: Vec<String>,
    mutual: Option<Value>,
    pub(super) actions: Actions,
    pub(super) attributes: Attributes,
    pub(super) tags: Tags,
}

/// The policy of listeners that name none
/// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html>).
const POLICY: &str = "ELBSecurityPolicy-2016-08";

/// The policies that there are.
pub(super) const POLICIES: &[&str] = &[
    "ELBSecurityPolicy-2016-08",
    "ELBSecurityPolicy-FS-1-2-Res-2020-10",
    "ELBSecurityPolicy-TLS-1-2-2017-01",
    "ELBSecurityPolicy-TLS-1-2-Ext-2018-06",
    "ELBSecurityPolicy-TLS13-1-0-2021-06",
    "ELBSecurityPolicy-TLS13-1-1-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
];

pub(super) fn absent() -> Refusal {
    Refusal::new("ListenerNotFound", "One or more listeners not found")
}

/// The listener of this ARN.
pub(super) fn find<'a>(scene: &'a Scene<'_>, arn: &str) -> Result<&'a Listener, Refusal> {
    if !arn.contains(":listener/") {
        return Err(validation(format!("'{arn}' is not a valid listener ARN")));
    }
    scene.here.elb.listeners.seen(arn, scene.sight).ok_or_else(absent)
}

/// Takes all listeners of a load balancer away, with their rules.
pub(super) fn remove_all(scene: &mut Scene<'_>, balancer: &str) {
    let state = &scene.here.elb.listeners;
    let mine = state.iter().filter(|(_, listener)| listener.balancer == balancer);
    for arn in mine.map(|(arn, _)| arn.to_owned()).collect::<Vec<_>>() {
        remove(scene, &arn);
    }
}

fn remove(scene: &mut Scene<'_>, arn: &str) {
    let rules = scene.here.elb.rules.iter().filter(|(_, rule)| rule.listener == arn);
    for rule in rules.map(|(arn, _)| arn.to_owned()).collect::<Vec<_>>() {
        scene.here.elb.rules.remove(&rule);
    }
    scene.here.elb.listeners.remove(arn);
}

impl Listener {
    /// Whether a group gets something by default.
    pub(super) fn forwards_to(&self, group: &str) -> bool {
        actions::forward_to(&self.actions, group)
    }

    fn is_secure(&self) -> bool {
        matches!(self.protocol.as_str(), "HTTPS" | "TLS")
    }

    fn show(&self, arn: &str) -> Tree {
        let certificate = self.certificate.as_ref().map(|certificate| object! { "CertificateArn" => certificate });
        object! {
            "ListenerArn" => arn.to_owned(),
            "LoadBalancerArn" => &self.balancer,
            "Port" => self.port,
            "Protocol" => &self.protocol,
            "Certificates" => self.is_secure().then(|| members(certificate)),
            "SslPolicy" => self.policy.clone(),
            "DefaultActions" => actions::show(&self.actions),
            "AlpnPolicy" => (!self.alpn.is_empty()).then(|| members(&self.alpn)),
            "MutualAuthentication" => self.mutual.as_ref().map(actions::tree),
        }
    }

    /// Whether another one would do the same.
    fn is_like(&self, other: &Self) -> bool {
        self.protocol == other.protocol
            && self.certificate == other.certificate
            && self.policy == other.policy
            && self.alpn == other.alpn
            && self.actions == other.actions
    }

    /// Completes and checks what has to do with encryption.
    fn settle(&mut self, input: &Input) -> Result<(), Refusal> {
        let given = input.list("Certificates");
        if given.len() > 1 {
            return Err(Refusal::new("TooManyCertificates", "Only one certificate can be specified as the default"));
        }
        if let Some(certificate) = given.first() {
            let arn = certificate.need("CertificateArn")?;
            check_certificate(arn)?;
            self.certificate = Some(arn.to_owned());
            certificate.pass_over("IsDefault");
        }
        if let Some(policy) = input.text("SslPolicy") {
            if !POLICIES.contains(&policy) {
                return Err(Refusal::new("SSLPolicyNotFound", format!("SSL policy '{policy}' not found")));
            }
            self.policy = Some(policy.to_owned());
        }
        if input.has("AlpnPolicy") {
            self.alpn = input.texts("AlpnPolicy").into_iter().map(str::to_owned).collect();
        }
        if let Some(mutual) = input.at("MutualAuthentication") {
            self.mutual = Some(mutual.data());
        }
        if !self.is_secure() {
            if !given.is_empty() {
                let words = format!("A certificate cannot be specified for {} listeners", self.protocol);
                return Err(validation(words));
            }
            (self.certificate, self.policy, self.mutual) = (None, None, None);
            self.certificates.clear();
            return Ok(());
        }
        if self.certificate.is_none() {
            return Err(validation(format!("A certificate must be specified for {} listeners", self.protocol)));
        }
        self.policy.get_or_insert_with(|| POLICY.to_owned());
        if self.protocol == "HTTPS" {
            self.mutual.get_or_insert_with(|| serde_json::json!({ "Mode": "off" }));
        }
        Ok(())
    }
}

/// There is no certificate manager here, so that every well-formed ARN of one counts.
fn check_certificate(arn: &str) -> Result<(), Refusal> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let fits = matches!(parts[..], ["arn", _, "acm", _, _, id] if id.starts_with("certificate/"))
        || matches!(parts[..], ["arn", _, "iam", _, _, id] if id.starts_with("server-certificate/"));
    let words = || Refusal::new("CertificateNotFound", format!("Certificate ARN '{arn}' is not valid"));
    if fits { Ok(()) } else { Err(words()) }
}

/// Protocols of the listeners of a type of load balancer.
fn check_protocol(kind: &str, protocol: &str) -> Result<(), Refusal> {
    let known: &[&str] = match kind {
        "application" => &["HTTP", "HTTPS"],
        "network" => &["TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"],
        _ => &["GENEVE"],
    };
    if known.contains(&protocol) {
        return Ok(());
    }
    let words = format!("Listener protocol '{protocol}' must be one of '{}'", known.join(", "));
    Err(validation(words))
}

fn port(input: &Input) -> Result<Option<u16>, Refusal> {
    let Some(port) = input.whole("Port")? else { return Ok(None) };
    let fits = u16::try_from(port).ok().filter(|port| *port > 0);
    fits.map(Some).ok_or_else(|| validation(format!("Port '{port}' must be between 1 and 65535")))
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let balancer = input.need("LoadBalancerArn")?;
    let owner = balancers::find(scene, balancer)?;
    let port = port(input)?.ok_or_else(|| validation("A listener port must be specified"))?;
    let protocol = input.text("Protocol").ok_or_else(|| validation("A listener protocol must be specified"))?;
    check_protocol(&owner.kind, protocol)?;
    let (kind, name) =
        (owner.kind.clone(), balancer.split_once(":loadbalancer/").map_or("", |(_, path)| path).to_owned());
    let mut listener = Listener {
        balancer: balancer.to_owned(),
        port,
        protocol: protocol.to_owned(),
        certificate: None,
        certificates: Vec::new(),
        policy: None,
        alpn: Vec::new(),
        mutual: None,
        actions: actions::read(scene, input, "DefaultActions", balancer)?,
        attributes: attributes::of_listener(protocol),
        tags: Tags::read(input, "Tags")?,
    };
    listener.settle(input)?;
    check_steps(&kind, &listener)?;
    if let Some((arn, known)) = at_port(scene, balancer, port) {
        if known.is_like(&listener) {
            return Ok(object! { "Listeners" => members([known.show(arn)]) });
        }
        return Err(duplicate(balancer));
    }
    let others = scene.here.elb.listeners.values().filter(|other| other.balancer == balancer).count();
    limits::check(&format!("listeners-per-{kind}-load-balancer"), others, "TooManyListeners")?;
    let arn = scene.arn("elasticloadbalancing", &format!("listener/{name}/"));
    let arn = format!("{arn}{}", scene.dice.hex(16));
    let (visible, shown) = (scene.fresh(), listener.show(&arn));
    scene.here.elb.listeners.put(arn, listener, visible);
    Ok(object! { "Listeners" => members([shown]) })
}

/// Network load balancers forward only; who is asked for a name needs encryption.
fn check_steps(kind: &str, listener: &Listener) -> Result<(), Refusal> {
    let kinds = || listener.actions.iter().filter_map(|action| action.get("Type").and_then(Value::as_str));
    if kind != "application" && kinds().any(|step| step != "forward") {
        let words = "Only actions of type forward are supported by this load balancer";
        return Err(Refusal::new("InvalidLoadBalancerAction", words));
    }
    if !listener.is_secure() && kinds().any(|step| step.starts_with("authenticate") || step == "jwt-validation") {
        let words = "Actions that authenticate are supported by HTTPS listeners only";
        return Err(Refusal::new("InvalidLoadBalancerAction", words));
    }
    Ok(())
}

fn at_port<'a>(scene: &'a Scene<'_>, balancer: &str, port: u16) -> Option<(&'a str, &'a Listener)> {
    scene.here.elb.listeners.iter().find(|(_, listener)| listener.balancer == balancer && listener.port == port)
}

fn duplicate(balancer: &str) -> Refusal {
    let words = format!("A listener already exists on this port for this load balancer '{balancer}'");
    Refusal::new("DuplicateListener", words)
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = page(input)?;
    let arns = input.texts("ListenerArns");
    let balancer = input.text("LoadBalancerArn");
    if arns.is_empty() && balancer.is_none() {
        return Err(validation("You must specify either listener ARNs or a load balancer ARN"));
    }
    if let Some(balancer) = balancer {
        balancers::find(scene, balancer)?;
    }
    arns.iter().try_for_each(|arn| find(scene, arn).map(|_| ()))?;
    let found = scene.here.elb.listeners.visible(scene.sight).filter(|(arn, listener)| {
        (arns.is_empty() || arns.contains(arn)) && balancer.is_none_or(|balancer| listener.balancer == balancer)
    });
    let (page, next) = page.cut(found.map(|(arn, listener)| (arn.to_owned(), listener.show(arn))));
    Ok(object! { "Listeners" => members(page), "NextMarker" => next })
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let arn = input.need("ListenerArn")?;
    let mut changed = find(scene, arn)?.clone();
    let kind = balancers::find(scene, &changed.balancer)?.kind.clone();
    if let Some(port) = port(input)? {
        if at_port(scene, &changed.balancer, port).is_some_and(|(other, _)| other != arn) {
            return Err(duplicate(&changed.balancer));
        }
        changed.port = port;
    }
    if let Some(protocol) = input.text("Protocol") {
        check_protocol(&kind, protocol)?;
        if protocol != changed.protocol {
            // What both protocols have stays as it was set.
            let mut attributes = attributes::of_listener(protocol);
            let kept = changed.attributes.iter().filter(|(key, _)| attributes.contains_key(*key));
            let kept: Vec<_> = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
            attributes.extend(kept);
            changed.attributes = attributes;
        }
        protocol.clone_into(&mut changed.protocol);
    }
    if input.has("DefaultActions") {
        changed.actions = actions::read(scene, input, "DefaultActions", &changed.balancer)?;
    }
    changed.settle(input)?;
    check_steps(&kind, &changed)?;
    let shown = changed.show(arn);
    *scene.here.elb.listeners.get_mut(arn).ok_or_else(absent)? = changed;
    Ok(object! { "Listeners" => members([shown]) })
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let arn = input.need("ListenerArn")?;
    find(scene, arn)?;
    remove(scene, arn);
    Ok(Tree::EMPTY)
}

fn describe_certificates(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = page(input)?;
    let listener = find(scene, input.need("ListenerArn")?)?;
    let standard = listener.certificate.iter().map(|arn| (arn, true));
    let all = standard.chain(listener.certificates.iter().map(|arn| (arn, false)));
    let shown = all.enumerate().map(|(place, (arn, is_default))| {
        (format!("{place:05}"), object! { "CertificateArn" => arn.to_owned(), "IsDefault" => is_default })
    });
    let (page, next) = page.cut(shown);
    Ok(object! { "Certificates" => members(page), "NextMarker" => next })
}

fn add_certificates(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let arn = input.need("ListenerArn")?;
    if !find(scene, arn)?.is_secure() {
        return Err(validation("Certificates can be added to HTTPS and TLS listeners only"));
    }
    let given = named_certificates(input)?;
    given.iter().try_for_each(|certificate| check_certificate(certificate))?;
    let listener = scene.here.elb.listeners.get_mut(arn).ok_or_else(absent)?;
    for certificate in &given {
        if !listener.certificates.contains(certificate) && listener.certificate.as_ref() != Some(certificate) {
            listener.certificates.push(certificate.clone());
        }
    }
    let shown = given.iter().map(|certificate| object! { "CertificateArn" => certificate, "IsDefault" => false });
    Ok(object! { "Certificates" => members(shown) })
}

fn named_certificates(input: &Input) -> Result<Vec<String>, Refusal> {
    let all = input.list("Certificates").iter();
    all.map(|certificate| {
        certificate.pass_over("IsDefault");
        Ok(certificate.need("CertificateArn")?.to_owned())
    })
    .collect()
}

fn remove_certificates(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let arn = input.need("ListenerArn")?;
    let given = named_certificates(input)?;
    if find(scene, arn)?.certificate.as_ref().is_some_and(|standard| given.contains(standard)) {
        return Err(Refusal::new("OperationNotPermitted", "The default certificate cannot be removed"));
    }
    let listener = scene.here.elb.listeners.get_mut(arn).ok_or_else(absent)?;
    listener.certificates.retain(|certificate| !given.contains(certificate));
    Ok(Tree::EMPTY)
}
