//! Resource policies: who else may use a secret. They are kept and handed out; what a caller may do is for its own policies.

use serde_json::Value;

use super::super::super::input::Input;
use super::super::super::output::{named, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::{CHECKS, living, meant};

pub(super) const ACTIONS: &[Action] = &[
    action("DeleteResourcePolicy", delete),
    action("GetResourcePolicy", get),
    action("PutResourcePolicy", put),
    action("ValidateResourcePolicy", validate),
];

fn get(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, secret) = meant(scene, input)?;
    Ok(secret.brief(&name).with("ResourcePolicy", secret.policy.clone()))
}

/// The statements of a policy, if it is one.
fn statements(text: &str) -> Option<Vec<Value>> {
    let document: Value = serde_json::from_str(text).ok()?;
    let statements = match document.get("Statement")? {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    let is_whole = |statement: &Value| {
        let has = |name: &str, other: &str| statement.get(name).or_else(|| statement.get(other)).is_some();
        has("Principal", "NotPrincipal")
            && has("Action", "NotAction")
            && has("Resource", "NotResource")
            && has("Effect", "")
    };
    statements.iter().all(is_whole).then_some(statements)
}

fn put(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let policy = CHECKS.sized(input, "ResourcePolicy", (1, 20_480))?;
    let blocks_public = input.flag("BlockPublicPolicy") == Some(true);
    let (name, secret) = living(scene, input)?;
    let words = "This resource policy contains a syntax error.";
    let statements = statements(policy).ok_or_else(|| Refusal::new("MalformedPolicyDocumentException", words))?;
    let is_public = |statement: &Value| {
        let everybody = statement["Principal"] == "*" || statement["Principal"]["AWS"] == "*";
        everybody && statement["Effect"] == "Allow" && statement.get("Condition").is_none()
    };
    if blocks_public && statements.iter().any(is_public) {
        let words = "The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad access to the secret.";
        return Err(Refusal::new("PublicPolicyException", words));
    }
    secret.policy = Some(policy.to_owned());
    Ok(secret.brief(&name))
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, secret) = living(scene, input)?;
    secret.policy = None;
    Ok(secret.brief(&name))
}

fn validate(scene: &mut Scene<'_>, input: &Input) -> Answer {
    if input.has("SecretId") {
        meant(scene, input)?;
    }
    let is_sound = statements(CHECKS.sized(input, "ResourcePolicy", (1, 20_480))?).is_some();
    let errors = (!is_sound).then(
        || object! { "CheckName" => "Syntax", "ErrorMessage" => "This resource policy contains a syntax error." },
    );
    Ok(object! { "PolicyValidationPassed" => is_sound, "ValidationErrors" => named("", errors) })
}
