//! Permissions of other accounts, which are statements of the queue's policy.

use serde_json::{Value, json};

use super::super::super::input::Input;
use super::super::super::output::Tree;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::{arn, invalid, invalid_value, meant, missing, need};

pub(super) const ACTIONS: &[Action] = &[action("AddPermission", add), action("RemovePermission", remove)];

/// Actions that others may be given, besides all of them.
const GIVEN: &[&str] = &[
    "*",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
];

/// The statements of a queue's policy.
fn statements(policy: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(policy).unwrap_or_default();
    match document.get("Statement") {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

fn add(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let label = need(input, "Label")?;
    let (accounts, actions) = (input.texts("AWSAccountIds"), input.texts("Actions"));
    if accounts.is_empty() || actions.is_empty() {
        return Err(missing(if accounts.is_empty() { "AWSAccountIds" } else { "Actions" }));
    }
    if let Some(action) = actions.iter().find(|action| !GIVEN.contains(action)) {
        return Err(invalid_value(
            action,
            "ActionName",
            &format!("Only the queue owner is allowed to invoke this action: {action}."),
        ));
    }
    let (name, _) = meant(scene, input)?;
    let resource = arn(scene, &name);
    let (_, queue) = meant(scene, input)?;
    let mut all = statements(queue.attribute("Policy"));
    if all.iter().any(|statement| statement["Sid"] == label) {
        return Err(invalid_value(label, "Label", "Already exists."));
    }
    let principals: Vec<String> = accounts.iter().map(|account| format!("arn:aws:iam::{account}:root")).collect();
    let actions: Vec<String> = actions.iter().map(|action| format!("SQS:{action}")).collect();
    all.push(json!({
        "Sid": label,
        "Effect": "Allow",
        "Principal": { "AWS": principals },
        "Action": actions,
        "Resource": resource,
    }));
    let id = format!("{resource}/SQSDefaultPolicy");
    let policy = json!({ "Version": "2012-10-17", "Id": id, "Statement": all });
    queue.attributes.insert("Policy", policy.to_string());
    Ok(Tree::EMPTY)
}

fn remove(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let label = need(input, "Label")?;
    let (_, queue) = meant(scene, input)?;
    let mut all = statements(queue.attribute("Policy"));
    let before = all.len();
    all.retain(|statement| statement["Sid"] != label);
    if all.len() == before {
        let words =
            format!("Value {label} for parameter Label is invalid. Reason: can't find label on existing policy.");
        return Err(invalid(words));
    }
    let mut policy: Value = serde_json::from_str(queue.attribute("Policy")).unwrap_or_default();
    policy["Statement"] = Value::Array(all.clone());
    if all.is_empty() {
        queue.attributes.remove("Policy");
    } else {
        queue.attributes.insert("Policy", policy.to_string());
    }
    Ok(Tree::EMPTY)
}
