//! What a call needs: actions as IAM names them, and the resources that they are about.
//!
//! The names: <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>.

use serde_json::Value;

use super::super::super::super::protocol::Asked;
use super::super::super::super::scene::Scene;
use super::super::super::super::service::Service;
use super::{resources, storage};

/// An action on a resource.
#[derive(Clone, Debug)]
pub(in crate::simulator::services::iam) struct Need {
    /// `sqs:SendMessage`.
    pub(in crate::simulator::services::iam) action: String,
    /// Its ARN, or `*`.
    pub(in crate::simulator::services::iam) resource: String,
    /// Keys of conditions that only this call has.
    pub(in crate::simulator::services::iam) context: Vec<(String, String)>,
}

impl Need {
    pub(in crate::simulator::services::iam) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), context: Vec::new() }
    }

    pub(super) fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.context.push((key.to_owned(), value.into()));
        self
    }
}

/// Calls that nobody needs a permission for.
const FREE: &[(&str, &str)] = &[("sts", "GetCallerIdentity"), ("sts", "GetSessionToken"), ("sts", "GetAccessKeyInfo")];

/// What a service is called in policies, where that is not its name in signatures.
fn prefix(service: &Service) -> &'static str {
    if service.name == "monitoring" { "cloudwatch" } else { service.name }
}

/// Actions that are permissions of another name.
const OTHERWISE: &[(&str, &str)] = &[
    ("sqs:ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility"),
    ("sqs:DeleteMessageBatch", "sqs:DeleteMessage"),
    ("sqs:SendMessageBatch", "sqs:SendMessage"),
];

/// What makes tags, by the service: the action, and the key of conditions that says for which call.
const TAGGING: &[(&str, &str, &str)] = &[
    ("ec2", "ec2:CreateTags", "ec2:CreateAction"),
    ("elasticloadbalancing", "elasticloadbalancing:AddTags", "elasticloadbalancing:CreateAction"),
    ("autoscaling", "autoscaling:CreateOrUpdateTags", ""),
    ("rds", "rds:AddTagsToResource", ""),
    ("elasticache", "elasticache:AddTagsToResource", ""),
    ("cloudwatch", "cloudwatch:TagResource", ""),
    ("sqs", "sqs:TagQueue", ""),
    ("ssm", "ssm:AddTagsToResource", ""),
    ("secretsmanager", "secretsmanager:TagResource", ""),
    ("sts", "sts:TagSession", ""),
];

/// Everything that must be allowed, so that a call is.
pub(super) fn of(scene: &Scene<'_>, service: &Service, call: &Asked, parameters: &Value) -> Vec<Need> {
    let name = call.action.as_str();
    if FREE.contains(&(service.name, name)) {
        return Vec::new();
    }
    if service.name == "s3" {
        return storage::needs(name, call.resource.as_deref().unwrap_or("/"));
    }
    let prefix = prefix(service);
    let action = format!("{prefix}:{name}");
    let action =
        OTHERWISE.iter().find(|(called, _)| *called == action).map_or(action, |(_, meant)| (*meant).to_owned());
    let found = resources::of(scene, prefix, name, parameters);
    let mut needs: Vec<Need> = found.iter().map(|arn| Need::new(&action, arn)).collect();
    needs.extend(for_tags(prefix, name, parameters, &found));
    needs.extend(for_more(scene, prefix, name, parameters));
    needs
}

/// Whether a call sets tags on something that it makes.
fn sets_tags(prefix: &str, name: &str, parameters: &Value) -> bool {
    let is_making = ["Create", "Put", "Run", "Allocate", "Authorize", "AssumeRole", "Restore", "Register"];
    if prefix == "ec2" {
        return parameters.get("TagSpecification").is_some();
    }
    let has = |key: &str| match parameters.get(key) {
        Some(Value::Array(tags)) => !tags.is_empty(),
        Some(Value::Object(tags)) => !tags.is_empty(),
        _ => false,
    };
    is_making.iter().any(|verb| name.starts_with(verb)) && (has("Tags") || has("tags"))
}

/// Who makes something with tags must be allowed to tag it.
fn for_tags(prefix: &str, name: &str, parameters: &Value, found: &[String]) -> Vec<Need> {
    if !sets_tags(prefix, name, parameters) {
        return Vec::new();
    }
    if prefix == "iam" {
        // `CreateRole` needs `iam:TagRole`.
        let thing = name.strip_prefix("Create").unwrap_or(name);
        return found.iter().map(|arn| Need::new(format!("iam:Tag{thing}"), arn)).collect();
    }
    let Some((_, action, key)) = TAGGING.iter().find(|(service, ..)| *service == prefix) else { return Vec::new() };
    // Not of what is only named in the call: of what it makes, which has no id yet.
    let made = found.iter().filter(|arn| prefix != "ec2" || arn.ends_with("/*"));
    made.map(|arn| if key.is_empty() { Need::new(*action, arn) } else { Need::new(*action, arn).with(key, name) })
        .collect()
}

/// What else a call does: hands on a role, launches instances.
fn for_more(scene: &Scene<'_>, prefix: &str, name: &str, parameters: &Value) -> Vec<Need> {
    let pass = |role: String| Need::new("iam:PassRole", role).with("iam:PassedToService", "ec2.amazonaws.com");
    match (prefix, name) {
        ("iam", "AddRoleToInstanceProfile") => {
            let role = parameters["RoleName"].as_str().unwrap_or_default();
            vec![pass(resources::role(scene, role))]
        }
        ("ec2", "RunInstances") => {
            let given = &parameters["IamInstanceProfile"];
            let profile = given["Name"].as_str().or_else(|| given["Arn"].as_str()?.rsplit('/').next());
            let role =
                profile.and_then(|name| scene.iam.profiles.get(name)).and_then(|profile| profile.role.as_deref());
            role.map(|role| pass(resources::role(scene, role))).into_iter().collect()
        }
        // https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
        ("autoscaling", "CreateAutoScalingGroup" | "UpdateAutoScalingGroup")
            if parameters.get("LaunchTemplate").or_else(|| parameters.get("MixedInstancesPolicy")).is_some() =>
        {
            vec![Need::new("ec2:RunInstances", scene.arn("ec2", "instance/*"))]
        }
        ("secretsmanager", "BatchGetSecretValue") => {
            let ids = parameters["SecretIdList"].as_array().into_iter().flatten().filter_map(Value::as_str);
            ids.map(|id| Need::new("secretsmanager:GetSecretValue", resources::secret(scene, id))).collect()
        }
        _ => Vec::new(),
    }
}
