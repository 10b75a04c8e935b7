//! Which resources a call is about, as ARNs. What only lists or describes is about `*`, as it is for AWS with few exceptions.

use serde_json::Value;

use super::super::super::super::scene::Scene;
use super::super::super::secrets;

/// EC2's parameters that name things, and the types of these.
const NAMED: &[(&str, &str)] = &[
    ("AllocationId", "elastic-ip"),
    ("GroupId", "security-group"),
    ("InstanceId", "instance"),
    ("InternetGatewayId", "internet-gateway"),
    ("LaunchTemplateId", "launch-template"),
    ("NatGatewayId", "natgateway"),
    ("NetworkAclId", "network-acl"),
    ("NetworkInterfaceId", "network-interface"),
    ("RouteTableId", "route-table"),
    ("SecurityGroupId", "security-group"),
    ("SecurityGroupRuleId", "security-group-rule"),
    ("SnapshotId", "snapshot"),
    ("SubnetId", "subnet"),
    ("VolumeId", "volume"),
    ("VpcEndpointId", "vpc-endpoint"),
    ("VpcId", "vpc"),
];

/// What EC2's calls make. `CreateRoute` and others make nothing with an ARN.
const MADE: &[(&str, &[&str])] = &[
    ("AllocateAddress", &["elastic-ip"]),
    ("AuthorizeSecurityGroupEgress", &["security-group-rule"]),
    ("AuthorizeSecurityGroupIngress", &["security-group-rule"]),
    ("CreateImage", &["image"]),
    ("CreateInternetGateway", &["internet-gateway"]),
    ("CreateLaunchTemplate", &["launch-template"]),
    ("CreateNatGateway", &["natgateway"]),
    ("CreateNetworkAcl", &["network-acl"]),
    ("CreateNetworkInterface", &["network-interface"]),
    ("CreateRouteTable", &["route-table"]),
    ("CreateSecurityGroup", &["security-group"]),
    ("CreateSnapshot", &["snapshot"]),
    ("CreateSubnet", &["subnet"]),
    ("CreateVolume", &["volume"]),
    ("CreateVpc", &["vpc"]),
    ("CreateVpcEndpoint", &["vpc-endpoint"]),
    ("RunInstances", &["instance", "network-interface", "volume"]),
];

/// What the prefixes of EC2's ids stand for, where it is not the type itself.
const PREFIXES: &[(&str, &str)] = &[
    ("acl", "network-acl"),
    ("eipalloc", "elastic-ip"),
    ("eni", "network-interface"),
    ("i", "instance"),
    ("igw", "internet-gateway"),
    ("lt", "launch-template"),
    ("nat", "natgateway"),
    ("rtb", "route-table"),
    ("sg", "security-group"),
    ("sgr", "security-group-rule"),
    ("snap", "snapshot"),
    ("vol", "volume"),
    ("vpce", "vpc-endpoint"),
];

/// The parameters of the other services that name things, and the ends of their ARNs. Without an end the parameter is the ARN.
const OTHERS: &[(&str, &str, &str)] = &[
    ("autoscaling", "AutoScalingGroupName", "autoScalingGroup:*:autoScalingGroupName/"),
    ("cloudwatch", "AlarmName", "alarm:"),
    ("cloudwatch", "AlarmNames", "alarm:"),
    ("cloudwatch", "ResourceARN", ""),
    ("elasticache", "CacheClusterId", "cluster:"),
    ("elasticache", "CacheParameterGroupName", "parametergroup:"),
    ("elasticache", "CacheSubnetGroupName", "subnetgroup:"),
    ("elasticache", "ReplicationGroupId", "replicationgroup:"),
    ("elasticache", "ResourceName", ""),
    ("elasticache", "SnapshotName", "snapshot:"),
    ("elasticloadbalancing", "ListenerArn", ""),
    ("elasticloadbalancing", "LoadBalancerArn", ""),
    ("elasticloadbalancing", "ResourceArns", ""),
    ("elasticloadbalancing", "RuleArn", ""),
    ("elasticloadbalancing", "TargetGroupArn", ""),
    ("rds", "DBInstanceIdentifier", "db:"),
    ("rds", "DBParameterGroupName", "pg:"),
    ("rds", "DBSnapshotIdentifier", "snapshot:"),
    ("rds", "DBSubnetGroupName", "subgrp:"),
    ("rds", "FinalDBSnapshotIdentifier", "snapshot:"),
    ("rds", "ResourceName", ""),
    ("rds", "SourceDBInstanceIdentifier", "db:"),
    ("sqs", "QueueName", ""),
    ("sqs", "QueueUrl", ""),
    ("sqs", "SourceArn", ""),
    ("ssm", "Name", "parameter/"),
    ("ssm", "Names", "parameter/"),
    ("ssm", "Path", "parameter/"),
    ("ssm", "ResourceId", "parameter/"),
    ("sts", "RoleArn", ""),
];

/// The texts of a parameter that may be one or a list.
fn texts<'a>(parameters: &'a Value, name: &str) -> Vec<&'a str> {
    match parameters.get(name) {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The resources of a call.
pub(super) fn of(scene: &Scene<'_>, prefix: &str, name: &str, parameters: &Value) -> Vec<String> {
    let found = match prefix {
        "ec2" => of_ec2(scene, name, parameters),
        "iam" => of_iam(scene, parameters),
        "secretsmanager" => of_secrets(scene, parameters),
        _ => of_others(scene, prefix, name, parameters),
    };
    if found.is_empty() { vec!["*".to_owned()] } else { found }
}

fn of_ec2(scene: &Scene<'_>, name: &str, parameters: &Value) -> Vec<String> {
    if name.starts_with("Describe") || name.starts_with("Get") {
        return Vec::new();
    }
    let arn = |kind: &str, id: &str| scene.arn("ec2", &format!("{kind}/{id}"));
    let made = MADE.iter().filter(|(call, _)| *call == name).flat_map(|(_, kinds)| kinds.iter());
    let mut found: Vec<String> = made.map(|kind| arn(kind, "*")).collect();
    for (parameter, kind) in NAMED {
        found.extend(texts(parameters, parameter).into_iter().map(|id| arn(kind, id)));
    }
    if let Some(id) = parameters["LaunchTemplate"]["LaunchTemplateId"].as_str() {
        found.push(arn("launch-template", id));
    }
    for id in texts(parameters, "ResourceId") {
        let prefix = id.split('-').next().unwrap_or_default();
        let kind = PREFIXES.iter().find(|(known, _)| *known == prefix).map_or(prefix, |(_, kind)| kind);
        found.push(arn(kind, id));
    }
    // Images are AWS's or another's as a rule, and have no account in their ARN.
    let image = |id: &str| format!("arn:aws:ec2:{}::image/{id}", scene.place.region);
    found.extend(texts(parameters, "ImageId").into_iter().map(image));
    found
}

/// The ARN of a role by its name, with its path if there is such a role.
pub(super) fn role(scene: &Scene<'_>, name: &str) -> String {
    let known = scene.iam.roles.get(name).map(|role| role.arn.clone());
    known.unwrap_or_else(|| format!("arn:aws:iam::{}:role/{name}", scene.place.account))
}

/// The first parameter that names something decides: others name what is put into it.
fn of_iam(scene: &Scene<'_>, parameters: &Value) -> Vec<String> {
    let account = &scene.place.account;
    let path = parameters["Path"].as_str().unwrap_or("/");
    let text = |name: &str| parameters[name].as_str();
    let new = |kind: &str, name: &str| format!("arn:aws:iam::{account}:{kind}{path}{name}");
    let found = if let Some(name) = text("InstanceProfileName") {
        let known = scene.iam.profiles.get(name).map(|profile| profile.arn.clone());
        known.unwrap_or_else(|| new("instance-profile", name))
    } else if let Some(name) = text("RoleName") {
        if scene.iam.roles.has(name) { role(scene, name) } else { new("role", name) }
    } else if let Some(name) = text("UserName") {
        scene.iam.user(name).map_or_else(|| new("user", name), |(arn, _)| arn.to_owned())
    } else if let Some(arn) = text("PolicyArn").or(text("PolicySourceArn")) {
        arn.to_owned()
    } else if let Some(name) = text("PolicyName") {
        new("policy", name)
    } else {
        return Vec::new();
    };
    vec![found]
}

/// The ARN of a secret by its id; of one that is not there, the ARN without its random end.
pub(super) fn secret(scene: &Scene<'_>, id: &str) -> String {
    let new =
        || if id.starts_with("arn:") { id.to_owned() } else { scene.arn("secretsmanager", &format!("secret:{id}")) };
    secrets::arn_of(scene, id).unwrap_or_else(new)
}

fn of_secrets(scene: &Scene<'_>, parameters: &Value) -> Vec<String> {
    let id = parameters["SecretId"].as_str().or_else(|| parameters["Name"].as_str());
    id.map(|id| secret(scene, id)).into_iter().collect()
}

fn of_others(scene: &Scene<'_>, prefix: &str, name: &str, parameters: &Value) -> Vec<String> {
    let describes = name.starts_with("Describe") || name.starts_with("List");
    if describes && ["autoscaling", "elasticloadbalancing"].contains(&prefix) {
        return Vec::new();
    }
    let mut found = made_elsewhere(scene, prefix, name, parameters);
    let known = OTHERS.iter().filter(|(service, ..)| *service == prefix);
    for (_, parameter, end) in known {
        found.extend(texts(parameters, parameter).into_iter().map(|text| arn(scene, prefix, end, text)));
    }
    found
}

fn arn(scene: &Scene<'_>, prefix: &str, end: &str, text: &str) -> String {
    match prefix {
        _ if text.starts_with("arn:") => text.to_owned(),
        "sqs" => scene.arn("sqs", text.rsplit('/').next().unwrap_or_default()),
        // Public parameters belong to no account.
        "ssm" if text.starts_with("/aws/service/") => format!("arn:aws:ssm:{}::parameter{text}", scene.place.region),
        "ssm" => scene.arn("ssm", &format!("{end}{}", text.trim_start_matches('/'))),
        _ => scene.arn(prefix, &format!("{end}{text}")),
    }
}

/// What load balancing makes, whose ARNs end in what is drawn.
fn made_elsewhere(scene: &Scene<'_>, prefix: &str, name: &str, parameters: &Value) -> Vec<String> {
    let text = |name: &str| parameters[name].as_str().unwrap_or_default();
    match (prefix, name) {
        ("elasticloadbalancing", "CreateLoadBalancer") => {
            let kind = if text("Type") == "network" { "net" } else { "app" };
            vec![scene.arn(prefix, &format!("loadbalancer/{kind}/{}/*", text("Name")))]
        }
        ("elasticloadbalancing", "CreateTargetGroup") => {
            vec![scene.arn(prefix, &format!("targetgroup/{}/*", text("Name")))]
        }
        _ => Vec::new(),
    }
}
