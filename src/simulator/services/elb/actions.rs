//! What listeners and rules do with a request: kept as callers say it, completed as AWS does.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{configuration, groups, validation};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;

/// What is done with a request, step by step.
pub(super) type Actions = Vec<Value>;

/// Target groups of one action at most
/// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html>).
const GROUPS: usize = 5;

/// Whether a group gets anything from these actions.
pub(super) fn forward_to(actions: &Actions, group: &str) -> bool {
    targets(actions).any(|arn| arn == group)
}

/// The groups that actions forward to.
fn targets(actions: &Actions) -> impl Iterator<Item = &str> {
    let lists = actions.iter().filter_map(|action| action.pointer("/ForwardConfig/TargetGroups")?.as_array());
    lists.flatten().filter_map(|group| group.get("TargetGroupArn")?.as_str())
}

/// What a call asks for, if the load balancer could do it.
pub(super) fn read(scene: &Scene<'_>, input: &Input, name: &str, balancer: &str) -> Result<Actions, Refusal> {
    let given = input.list(name);
    if given.is_empty() {
        return Err(validation("At least one action must be specified"));
    }
    let mut actions = given.iter().map(complete).collect::<Result<Actions, _>>()?;
    actions.sort_by_key(order);
    let last = actions.last().and_then(|action| action.get("Type")).and_then(Value::as_str).unwrap_or_default();
    if !["forward", "redirect", "fixed-response"].contains(&last) {
        let words = "The last action must be one of the following types: forward, fixed-response, redirect";
        return Err(Refusal::new("InvalidLoadBalancerAction", words));
    }
    for group in targets(&actions).collect::<BTreeSet<_>>() {
        check_group(scene, group, balancer)?;
    }
    Ok(actions)
}

/// Where an action stands among the others: by its order, if it has one.
fn order(action: &Value) -> u64 {
    action.get("Order").and_then(Value::as_str).and_then(|order| order.parse().ok()).unwrap_or(u64::MAX)
}

fn complete(input: &Input) -> Result<Value, Refusal> {
    let kind = input.need("Type")?;
    let Value::Object(mut action) = input.data() else { return Err(validation("An action must be a structure")) };
    let section = |name: &str| {
        let words = format!("A {name} must be specified for an action of type '{kind}'");
        input.at(name).ok_or_else(|| Refusal::new("InvalidLoadBalancerAction", words))
    };
    match kind {
        "forward" => forward(input, &mut action)?,
        "redirect" => {
            let wanted = section("RedirectConfig")?;
            action.insert("RedirectConfig".to_owned(), redirect(wanted)?);
        }
        "fixed-response" => {
            let code = section("FixedResponseConfig")?.need("StatusCode")?;
            if !matches!(code.as_bytes(), [b'2' | b'4' | b'5', b'0'..=b'9', b'0'..=b'9']) {
                return Err(validation(format!("The status code '{code}' must be 2XX, 4XX or 5XX")));
            }
        }
        "authenticate-oidc" => {
            section("AuthenticateOidcConfig")?;
        }
        "authenticate-cognito" => {
            section("AuthenticateCognitoConfig")?;
        }
        "jwt-validation" => {
            section("JwtValidationConfig")?;
        }
        other => return Err(validation(format!("Action type '{other}' is not supported"))),
    }
    Ok(Value::Object(action))
}

/// A group alone and a list of groups say the same; both are shown if it is one group.
fn forward(input: &Input, action: &mut Map<String, Value>) -> Result<(), Refusal> {
    let config = input.at("ForwardConfig");
    let listed = config.map(|config| config.list("TargetGroups")).unwrap_or_default();
    let mut all = Vec::new();
    for group in listed {
        let weight = group.whole("Weight")?.unwrap_or(1);
        if !(0..=999).contains(&weight) {
            return Err(validation(format!("Weight '{weight}' must be between 0 and 999")));
        }
        all.push(json!({ "TargetGroupArn": group.need("TargetGroupArn")?, "Weight": weight.to_string() }));
    }
    if let Some(alone) = input.text("TargetGroupArn") {
        if !all.is_empty() && all.iter().all(|group| group.get("TargetGroupArn").and_then(Value::as_str) != Some(alone))
        {
            let words =
                "You can specify both a target group list and a top-level target group only if they are the same";
            return Err(Refusal::new("InvalidLoadBalancerAction", words));
        }
        if all.is_empty() {
            all.push(json!({ "TargetGroupArn": alone, "Weight": "1" }));
        }
    }
    if all.is_empty() {
        return Err(Refusal::new("InvalidLoadBalancerAction", "A target group must be specified for a forward action"));
    }
    if all.len() > GROUPS {
        let words = format!("At most {GROUPS} target groups can be specified for a forward action");
        return Err(Refusal::new("TooManyUniqueTargetGroupsPerLoadBalancer", words));
    }
    if let [one] = &all[..] {
        let arn = one.get("TargetGroupArn").cloned().unwrap_or_default();
        action.insert("TargetGroupArn".to_owned(), arn);
    }
    let stickiness = config.and_then(|config| config.at("TargetGroupStickinessConfig"));
    let enabled = stickiness.and_then(|it| it.flag("Enabled")).unwrap_or(false);
    let mut shown = json!({ "Enabled": enabled });
    if let Some(seconds) = stickiness.map(|it| it.whole("DurationSeconds")).transpose()?.flatten() {
        shown["DurationSeconds"] = seconds.to_string().into();
    }
    let config = json!({ "TargetGroups": all, "TargetGroupStickinessConfig": shown });
    action.insert("ForwardConfig".to_owned(), config);
    Ok(())
}

/// What a redirect does not say comes from the request (`API_RedirectActionConfig`).
fn redirect(input: &Input) -> Result<Value, Refusal> {
    let code = input.need("StatusCode")?;
    if !["HTTP_301", "HTTP_302"].contains(&code) {
        return Err(validation(format!("The status code '{code}' must be HTTP_301 or HTTP_302")));
    }
    let protocol = input.text_or("Protocol", "#{protocol}");
    if !["HTTP", "HTTPS", "#{protocol}"].contains(&protocol.as_str()) {
        return Err(validation(format!("The redirect protocol '{protocol}' is not valid")));
    }
    let (host, port) = (input.text_or("Host", "#{host}"), input.text_or("Port", "#{port}"));
    let (path, query) = (input.text_or("Path", "/#{path}"), input.text_or("Query", "#{query}"));
    let is_loop = (protocol.as_str(), host.as_str(), port.as_str(), path.as_str(), query.as_str())
        == ("#{protocol}", "#{host}", "#{port}", "/#{path}", "#{query}");
    if is_loop {
        return Err(Refusal::new(
            "InvalidLoadBalancerAction",
            "The redirect configuration is not valid because it creates a loop",
        ));
    }
    Ok(json!({
        "Protocol": protocol, "Port": port, "Host": host, "Path": path, "Query": query, "StatusCode": code,
    }))
}

/// Refuses groups that do not go with a load balancer.
fn check_group(scene: &Scene<'_>, arn: &str, balancer: &str) -> Result<(), Refusal> {
    let group = groups::find(scene, arn)?;
    let owner = super::balancers::find(scene, balancer)?;
    if group.vpc.as_ref().is_some_and(|vpc| *vpc != owner.vpc) {
        let words = format!("Target group '{arn}' is not in the VPC '{}' of the load balancer", owner.vpc);
        return Err(configuration(words));
    }
    let is_web = group.kind == "lambda" || matches!(group.protocol.as_deref(), Some("HTTP" | "HTTPS"));
    if is_web != (owner.kind == "application") {
        let words = format!("The protocol of target group '{arn}' is not supported by this load balancer");
        return Err(Refusal::new("IncompatibleProtocols", words));
    }
    let others = groups::in_use_by(scene, arn);
    if others.iter().any(|other| other != balancer) {
        let words = format!("The following target groups cannot be associated with more than one load balancer: {arn}");
        return Err(Refusal::new("TargetGroupAssociationLimit", words));
    }
    Ok(())
}

/// As answers show them. What is secret stays so.
pub(super) fn show(actions: &Actions) -> Tree {
    members(actions.iter().map(tree))
}

/// Data as an answer, with its lists as this protocol has them.
pub(super) fn tree(value: &Value) -> Tree {
    match value {
        Value::Object(fields) => {
            let shown = fields.iter().filter(|(key, _)| *key != "ClientSecret");
            Tree::Object(shown.map(|(key, value)| (key.clone().into(), tree(value))).collect())
        }
        Value::Array(all) => members(all.iter().map(tree)),
        Value::Bool(flag) => Tree::Flag(*flag),
        Value::String(text) => Tree::Text(text.clone().into()),
        other => Tree::Text(other.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_group_is_shown_alone_and_in_the_list() {
        let action = complete(&Input::from(json!({ "Type": "forward", "TargetGroupArn": "arn" })));
        let wanted = json!({
            "Type": "forward",
            "TargetGroupArn": "arn",
            "ForwardConfig": {
                "TargetGroups": [{ "TargetGroupArn": "arn", "Weight": "1" }],
                "TargetGroupStickinessConfig": { "Enabled": false },
            },
        });
        assert_eq!(action, Ok(wanted));
    }

    #[test]
    fn a_redirect_to_where_the_request_went_is_refused() {
        let config = json!({ "StatusCode": "HTTP_301", "Port": "#{port}" });
        let action = complete(&Input::from(json!({ "Type": "redirect", "RedirectConfig": config })));
        assert_eq!(action.map_err(|it| it.code), Err("InvalidLoadBalancerAction".into()));
    }
}
