//! Attributes of load balancers, target groups and listeners: all their names, with what they are unless somebody says
//! otherwise.
//!
//! Sources: `API_LoadBalancerAttribute`, `API_TargetGroupAttribute`, `API_ListenerAttribute` of
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/>.

use std::collections::BTreeMap;

use super::{balancers, configuration, groups, listeners, validation};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

/// What can be done with attributes.
pub(super) const ACTIONS: &[Action] = &[
    action("DescribeLoadBalancerAttributes", describe_balancer),
    action("ModifyLoadBalancerAttributes", modify_balancer),
    action("DescribeTargetGroupAttributes", describe_group),
    action("ModifyTargetGroupAttributes", modify_group),
    action("DescribeListenerAttributes", describe_listener),
    action("ModifyListenerAttributes", modify_listener),
];

/// Attributes by key.
pub(super) type Attributes = BTreeMap<String, String>;

const EVERY_BALANCER: &[(&str, &str)] =
    &[("deletion_protection.enabled", "false"), ("load_balancing.cross_zone.enabled", "false")];

const APPLICATION: &[(&str, &str)] = &[
    ("access_logs.s3.bucket", ""),
    ("access_logs.s3.enabled", "false"),
    ("access_logs.s3.prefix", ""),
    ("client_keep_alive.seconds", "3600"),
    ("connection_logs.s3.bucket", ""),
    ("connection_logs.s3.enabled", "false"),
    ("connection_logs.s3.prefix", ""),
    ("health_check_logs.s3.bucket", ""),
    ("health_check_logs.s3.enabled", "false"),
    ("health_check_logs.s3.prefix", ""),
    ("idle_timeout.timeout_seconds", "60"),
    ("ipv6.deny_all_igw_traffic", "false"),
    ("load_balancing.cross_zone.enabled", "true"),
    ("routing.http.desync_mitigation_mode", "defensive"),
    ("routing.http.drop_invalid_header_fields.enabled", "false"),
    ("routing.http.preserve_host_header.enabled", "false"),
    ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false"),
    ("routing.http.xff_client_port.enabled", "false"),
    ("routing.http.xff_header_processing.mode", "append"),
    ("routing.http2.enabled", "true"),
    ("waf.fail_open.enabled", "false"),
    ("zonal_shift.config.enabled", "false"),
];

const NETWORK: &[(&str, &str)] = &[
    ("access_logs.s3.bucket", ""),
    ("access_logs.s3.enabled", "false"),
    ("access_logs.s3.prefix", ""),
    ("dns_record.client_routing_policy", "any_availability_zone"),
    ("ipv6.deny_all_igw_traffic", "false"),
    ("secondary_ips.auto_assigned.per_subnet", "0"),
    ("zonal_shift.config.enabled", "false"),
];

const EVERY_GROUP: &[(&str, &str)] = &[
    ("deregistration_delay.timeout_seconds", "300"),
    ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
    ("stickiness.enabled", "false"),
    ("target_group_health.dns_failover.minimum_healthy_targets.count", "1"),
    ("target_group_health.dns_failover.minimum_healthy_targets.percentage", "off"),
    ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1"),
    ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off"),
];

const WEB_GROUP: &[(&str, &str)] = &[
    ("load_balancing.algorithm.anomaly_mitigation", "off"),
    ("load_balancing.algorithm.type", "round_robin"),
    ("slow_start.duration_seconds", "0"),
    ("stickiness.app_cookie.cookie_name", ""),
    ("stickiness.app_cookie.duration_seconds", "86400"),
    ("stickiness.lb_cookie.duration_seconds", "86400"),
    ("stickiness.type", "lb_cookie"),
];

const NETWORK_GROUP: &[(&str, &str)] = &[
    ("deregistration_delay.connection_termination.enabled", "false"),
    ("preserve_client_ip.enabled", "true"),
    ("proxy_protocol_v2.enabled", "false"),
    ("stickiness.type", "source_ip"),
    ("target_health_state.unhealthy.connection_termination.enabled", "true"),
    ("target_health_state.unhealthy.draining_interval_seconds", "0"),
];

const FUNCTION_GROUP: &[(&str, &str)] = &[("lambda.multi_value_headers.enabled", "false")];

/// The header attributes of listeners, which are empty unless somebody sets them.
const HEADERS: &[&str] = &[
    "routing.http.response.access_control_allow_credentials.header_value",
    "routing.http.response.access_control_allow_headers.header_value",
    "routing.http.response.access_control_allow_methods.header_value",
    "routing.http.response.access_control_allow_origin.header_value",
    "routing.http.response.access_control_expose_headers.header_value",
    "routing.http.response.access_control_max_age.header_value",
    "routing.http.response.content_security_policy.header_value",
    "routing.http.response.strict_transport_security.header_value",
    "routing.http.response.x_content_type_options.header_value",
    "routing.http.response.x_frame_options.header_value",
];

/// The names that those of HTTPS listeners have in addition.
const SECURE_HEADERS: &[&str] = &[
    "routing.http.request.x_amzn_mtls_clientcert.header_name",
    "routing.http.request.x_amzn_mtls_clientcert_issuer.header_name",
    "routing.http.request.x_amzn_mtls_clientcert_leaf.header_name",
    "routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name",
    "routing.http.request.x_amzn_mtls_clientcert_subject.header_name",
    "routing.http.request.x_amzn_mtls_clientcert_validity.header_name",
    "routing.http.request.x_amzn_tls_cipher_suite.header_name",
    "routing.http.request.x_amzn_tls_version.header_name",
];

fn collect(lists: &[&[(&str, &str)]]) -> Attributes {
    lists.iter().flat_map(|list| list.iter()).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// What a new load balancer has.
pub(super) fn of_balancer(kind: &str, scheme: &str) -> Attributes {
    let mut all = match kind {
        "application" => collect(&[EVERY_BALANCER, APPLICATION]),
        "network" => collect(&[EVERY_BALANCER, NETWORK]),
        _ => return collect(&[EVERY_BALANCER]),
    };
    // What is internal is not to be reached through an internet gateway.
    all.insert("ipv6.deny_all_igw_traffic".to_owned(), (scheme == "internal").to_string());
    all
}

/// What a new target group has.
pub(super) fn of_group(kind: &str, protocol: Option<&str>) -> Attributes {
    match (kind, protocol) {
        ("lambda", _) => collect(&[FUNCTION_GROUP]),
        (_, Some("HTTP" | "HTTPS")) => collect(&[EVERY_GROUP, WEB_GROUP]),
        (_, Some("GENEVE")) => collect(&[
            &[("deregistration_delay.timeout_seconds", "300"), ("stickiness.enabled", "false")],
            &[("stickiness.type", "source_ip_dest_ip"), ("target_failover.on_deregistration", "no_rebalance")],
            &[("target_failover.on_unhealthy", "no_rebalance")],
        ]),
        ("ip", Some("TCP" | "TLS")) => {
            collect(&[EVERY_GROUP, NETWORK_GROUP, &[("preserve_client_ip.enabled", "false")]])
        }
        _ => collect(&[EVERY_GROUP, NETWORK_GROUP]),
    }
}

/// What a new listener has.
pub(super) fn of_listener(protocol: &str) -> Attributes {
    let empty = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), String::new())).collect::<Attributes>();
    let mut all = match protocol {
        "HTTP" | "HTTPS" => collect(&[&[("routing.http.response.server.enabled", "true")]]),
        "TCP" => return collect(&[&[("tcp.idle_timeout.seconds", "350")]]),
        _ => return Attributes::new(),
    };
    all.extend(empty(HEADERS));
    if protocol == "HTTPS" {
        all.extend(empty(SECURE_HEADERS));
    }
    all
}

fn show(attributes: &Attributes) -> Tree {
    let all = attributes.iter().map(|(key, value)| object! { "Key" => key, "Value" => value });
    object! { "Attributes" => members(all) }
}

/// What a call sets, if there are attributes of these names.
fn read(input: &Input, known: &Attributes, of: &str) -> Result<Attributes, Refusal> {
    let mut given = Attributes::new();
    for attribute in input.list("Attributes") {
        let (key, value) = (attribute.need("Key")?, attribute.text_or("Value", ""));
        let Some(now) = known.get(key) else {
            return Err(configuration(format!("{of} attribute key '{key}' is not recognized")));
        };
        let is_flag = matches!(now.as_str(), "true" | "false");
        if is_flag && !matches!(value.as_str(), "true" | "false") && key != "load_balancing.cross_zone.enabled" {
            return Err(validation(format!("{of} attribute value '{value}' is not valid for '{key}'")));
        }
        check_range(key, &value)?;
        given.insert(key.to_owned(), value);
    }
    Ok(given)
}

fn check_range(key: &str, value: &str) -> Result<(), Refusal> {
    let (low, high) = match key {
        "client_keep_alive.seconds" => (60, 604_800),
        "deregistration_delay.timeout_seconds" => (0, 3600),
        "idle_timeout.timeout_seconds" => (1, 4000),
        "stickiness.app_cookie.duration_seconds" | "stickiness.lb_cookie.duration_seconds" => (1, 604_800),
        "tcp.idle_timeout.seconds" => (60, 6000),
        "slow_start.duration_seconds" if value == "0" => return Ok(()),
        "slow_start.duration_seconds" => (30, 900),
        _ => return Ok(()),
    };
    let fits = value.parse::<u64>().is_ok_and(|number| (low..=high).contains(&number));
    let words =
        || validation(format!("'{value}' is not valid for '{key}': the value must be between {low} and {high}"));
    if fits { Ok(()) } else { Err(words()) }
}

fn describe_balancer(scene: &mut Scene<'_>, input: &Input) -> Answer {
    Ok(show(&balancers::find(scene, input.need("LoadBalancerArn")?)?.attributes))
}

fn modify_balancer(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let arn = input.need("LoadBalancerArn")?;
    let known = balancers::find(scene, arn)?;
    let given = read(input, &known.attributes, "Load balancer")?;
    let crosses = given.get("load_balancing.cross_zone.enabled");
    if known.kind == "application" && crosses.is_some_and(|value| value != "true") {
        let words =
            "The attribute 'load_balancing.cross_zone.enabled' of an application load balancer cannot be changed";
        return Err(configuration(words));
    }
    let balancer = scene.here.elb.balancers.get_mut(arn).ok_or_else(balancers::absent)?;
    balancer.attributes.extend(given);
    Ok(show(&balancer.attributes))
}

fn describe_group(scene: &mut Scene<'_>, input: &Input) -> Answer {
    Ok(show(&groups::need(scene, input)?.1.attributes))
}

fn modify_group(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (arn, group) = groups::need(scene, input)?;
    let given = read(input, &group.attributes, "Target group")?;
    let group = scene.here.elb.groups.get_mut(&arn).ok_or_else(groups::absent)?;
    group.attributes.extend(given);
    Ok(show(&group.attributes))
}

fn describe_listener(scene: &mut Scene<'_>, input: &Input) -> Answer {
    Ok(show(&listeners::find(scene, input.need("ListenerArn")?)?.attributes))
}

fn modify_listener(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let arn = input.need("ListenerArn")?;
    let given = read(input, &listeners::find(scene, arn)?.attributes, "Listener")?;
    let listener = scene.here.elb.listeners.get_mut(arn).ok_or_else(listeners::absent)?;
    listener.attributes.extend(given);
    Ok(show(&listener.attributes))
}
