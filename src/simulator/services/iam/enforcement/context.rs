//! The keys of conditions, and what they mean for a call
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::super::super::inventory;
use super::super::super::super::scene::Scene;
use super::super::super::sts;
use super::needs::Need;

/// A call, to be asked for what conditions are about.
pub(super) struct Context<'a, 'w> {
    scene: &'a Scene<'w>,
    parameters: &'a Value,
    need: &'a Need,
}

impl<'a, 'w> Context<'a, 'w> {
    pub(super) fn new(scene: &'a Scene<'w>, parameters: &'a Value, need: &'a Need) -> Self {
        Self { scene, parameters, need }
    }

    /// The values of a key; none, if it means nothing here. Keys are the same in other letters.
    pub(super) fn values(&self, key: &str) -> Option<Vec<String>> {
        if let Some((_, value)) = self.need.context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
            return Some(vec![value.clone()]);
        }
        let (name, tag) = key.split_once('/').map_or((key, None), |(name, tag)| (name, Some(tag)));
        let name = name.to_ascii_lowercase();
        if let Some(tag) = tag {
            let value = match name.as_str() {
                "aws:requesttag" => self.request_tags().remove(tag),
                "aws:principaltag" => self.principal_tag(tag),
                _ if name.ends_with(":resourcetag") => self.resource_tags().remove(tag),
                _ => None,
            };
            return value.map(|value| vec![value]);
        }
        match name.as_str() {
            "aws:tagkeys" => {
                let keys: Vec<String> = self.request_tags().into_keys().chain(self.untagged()).collect();
                (!keys.is_empty()).then_some(keys)
            }
            _ => self.single(&name).map(|value| vec![value]),
        }
    }

    fn single(&self, name: &str) -> Option<String> {
        let caller = self.scene.caller;
        let parameter = |name: &str| self.parameters[name].as_str().map(str::to_owned);
        match name {
            "aws:currenttime" => Some(self.scene.now.iso()),
            "aws:epochtime" => Some((self.scene.now.0 / 1000).to_string()),
            "aws:principalaccount" => Some(caller.account.clone()),
            "aws:principalarn" => Some(self.principal_arn()),
            "aws:principaltype" => Some(if caller.session.is_some() { "AssumedRole" } else { "User" }.to_owned()),
            "aws:requestedregion" | "ec2:region" => Some(self.scene.place.region.clone()),
            "aws:resourceaccount" => {
                let account = self.need.resource.split(':').nth(4).filter(|account| !account.is_empty());
                Some(account.unwrap_or(&caller.account).to_owned())
            }
            // Nothing is encrypted on the way to a simulator; policies are written for those that are.
            "aws:securetransport" => Some("true".to_owned()),
            "aws:sourceip" => Some("127.0.0.1".to_owned()),
            "aws:userid" => Some(sts::user_id(self.scene)),
            "aws:username" => caller.user.clone(),
            "ec2:instancetype" => parameter("InstanceType"),
            "iam:awsservicename" => parameter("AWSServiceName"),
            "iam:permissionsboundary" => parameter("PermissionsBoundary"),
            "iam:policyarn" => parameter("PolicyArn"),
            "sts:externalid" => parameter("ExternalId"),
            "sts:rolesessionname" => parameter("RoleSessionName"),
            _ => None,
        }
    }

    /// A session's principal is its role.
    fn principal_arn(&self) -> String {
        let session = self.scene.caller.session.as_ref();
        let role = session.and_then(|session| self.scene.iam.roles.get(&session.role));
        role.map_or_else(|| sts::arn(self.scene), |role| role.arn.clone())
    }

    fn principal_tag(&self, key: &str) -> Option<String> {
        let (scene, caller) = (self.scene, self.scene.caller);
        let session = caller.session.as_ref();
        let of_session = session.and_then(|session| session.tags.get(key));
        let of_role = session.and_then(|session| scene.iam.roles.get(&session.role)?.tags.get(key));
        let of_user = caller.user.as_ref().and_then(|user| scene.iam.users.get(user)?.tags.get(key));
        of_session.or(of_role).or(of_user).map(str::to_owned)
    }

    /// The tags that the call gives: in a list of keys and values, in a map, or by the type of resource.
    fn request_tags(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for name in ["Tag", "Tags", "tags"] {
            add_tags(&self.parameters[name], &mut found);
        }
        for specification in self.parameters["TagSpecification"].as_array().into_iter().flatten() {
            add_tags(&specification["Tag"], &mut found);
        }
        found
    }

    /// The keys of tags that the call takes away.
    fn untagged(&self) -> Vec<String> {
        let keys = self.parameters["TagKeys"].as_array().into_iter().flatten();
        keys.filter_map(|key| key.as_str().map(str::to_owned)).collect()
    }

    /// The tags of the resource, wherever its service keeps them: it is looked for as data, by its ARN, and by the id or name at the end.
    fn resource_tags(&self) -> BTreeMap<String, String> {
        let arn = self.need.resource.as_str();
        let here = &*self.scene.here;
        let state = match arn.split(':').nth(2).unwrap_or_default() {
            "autoscaling" => serde_json::to_value(&here.autoscaling),
            "cloudwatch" => serde_json::to_value(&here.cloudwatch),
            "ec2" => serde_json::to_value(&here.ec2),
            "elasticache" => serde_json::to_value(&here.elasticache),
            "elasticloadbalancing" => serde_json::to_value(&here.elb),
            "iam" => serde_json::to_value(&*self.scene.iam),
            "rds" => serde_json::to_value(&here.rds),
            "secretsmanager" => serde_json::to_value(&here.secrets),
            "sqs" => serde_json::to_value(&here.sqs),
            "ssm" => serde_json::to_value(&here.ssm),
            _ => return BTreeMap::new(),
        };
        let end = arn.splitn(6, ':').nth(5).unwrap_or_default();
        let is_meant = |id: &str, thing: &Value| {
            let is_end = end.strip_suffix(id).is_some_and(|before| before.is_empty() || before.ends_with(['/', ':']));
            id == arn || thing["arn"] == arn || is_end || end.strip_prefix("parameter") == Some(id)
        };
        let mut found = BTreeMap::new();
        inventory::search(&state.unwrap_or_default(), &[], &mut |_, id, thing| {
            if is_meant(id, thing) {
                add_tags(&thing["tags"], &mut found);
            }
        });
        found
    }
}

/// Adds tags that are a list of keys and values, or a map.
fn add_tags(tags: &Value, found: &mut BTreeMap<String, String>) {
    for tag in tags.as_array().into_iter().flatten() {
        let text = |name: &str| tag[name].as_str().map(str::to_owned);
        found.extend(text("Key").map(|key| (key, text("Value").unwrap_or_default())));
    }
    for (key, value) in tags.as_object().into_iter().flatten() {
        found.extend(value.as_str().map(|value| (key.clone(), value.to_owned())));
    }
}
