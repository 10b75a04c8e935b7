//! What policies would say, without a call being made.

use std::collections::BTreeMap;

use super::super::super::input::Input;
use super::super::super::output::{Tree, members, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::documents::{self, Purpose};
use super::evaluation::{Case, Verdict, judge, judge_for};
use super::{CHECKS, Holdings, enforcement, listed, managed, no_such};

pub(super) const ACTIONS: &[Action] =
    &[action("SimulateCustomPolicy", simulate_custom), action("SimulatePrincipalPolicy", simulate_principal)];

/// What is judged.
struct Policies {
    own: Vec<String>,
    /// Without a boundary, nothing is narrowed.
    boundary: Option<Vec<String>>,
    of_resource: Option<String>,
}

/// The role or the user with this ARN.
fn holdings<'a>(scene: &'a Scene<'_>, arn: &str) -> Result<&'a Holdings, Refusal> {
    let iam = &*scene.iam;
    let role = iam.roles.values().find(|role| role.arn == arn).map(|role| &role.holdings);
    let user = || iam.users.values().find(|user| user.arn == arn).map(|user| &user.holdings);
    let name = arn.rsplit('/').next().unwrap_or_default();
    role.or_else(user).ok_or_else(|| no_such(format!("The principal with name {name} cannot be found.")))
}

/// The documents in a parameter.
fn given(input: &Input, name: &str) -> Result<Vec<String>, Refusal> {
    let texts = input.texts(name);
    for text in &texts {
        documents::check(text, Purpose::Identity).map_err(|refusal| Refusal::new("InvalidInput", refusal.message))?;
    }
    Ok(texts.into_iter().map(str::to_owned).collect())
}

fn simulate_principal(scene: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("PolicyExclusionList");
    let holdings = holdings(scene, CHECKS.sized(input, "PolicySourceArn", (20, 2048))?)?;
    let mut own = enforcement::documents(scene, holdings);
    own.extend(given(input, "PolicyInputList")?);
    let boundary =
        holdings.boundary.as_deref().and_then(|arn| managed::document(scene, arn)).map(|document| vec![document]);
    simulate(input, own, boundary)
}

fn simulate_custom(_: &mut Scene<'_>, input: &Input) -> Answer {
    let own = given(input, "PolicyInputList")?;
    simulate(input, own, None)
}

fn simulate(input: &Input, own: Vec<String>, boundary: Option<Vec<String>>) -> Answer {
    for without_effect in ["ResourceOwner", "ResourceHandlingOption"] {
        input.pass_over(without_effect);
    }
    let instead = given(input, "PermissionsBoundaryPolicyInputList")?;
    let boundary = if instead.is_empty() { boundary } else { Some(instead) };
    let policies = Policies { own, boundary, of_resource: input.text("ResourcePolicy").map(str::to_owned) };
    let caller: Vec<String> = ["CallerArn", "PolicySourceArn"]
        .iter()
        .filter_map(|name| input.text(name))
        .take(1)
        .map(str::to_owned)
        .collect();
    let (actions, mut resources) = (input.texts("ActionNames"), input.texts("ResourceArns"));
    CHECKS.count("ActionNames", &actions, (1, usize::MAX))?;
    if resources.is_empty() {
        resources.push("*");
    }
    let context = context(input);
    let mut results = Vec::new();
    for action in &actions {
        for resource in &resources {
            let result = policies.result(action, resource, &context, &caller);
            results.push((format!("{:06}", results.len()), result));
        }
    }
    listed(input, "EvaluationResults", results)
}

/// The keys of conditions that the caller supposes, in small letters.
fn context(input: &Input) -> BTreeMap<String, Vec<String>> {
    let entries = input.list("ContextEntries").iter();
    entries
        .filter_map(|entry| {
            entry.text("ContextKeyType");
            let values = entry.texts("ContextKeyValues").into_iter().map(str::to_owned).collect();
            Some((entry.text("ContextKeyName")?.to_ascii_lowercase(), values))
        })
        .collect()
}

impl Policies {
    fn result(&self, action: &str, resource: &str, context: &BTreeMap<String, Vec<String>>, caller: &[String]) -> Tree {
        let values = |key: &str| context.get(&key.to_ascii_lowercase()).cloned();
        let case = Case { action, resource, context: &values };
        let of = |documents: &[String]| judge(documents.iter().map(String::as_str), &case);
        let by_identity = of(&self.own);
        let by_resource =
            self.of_resource.as_deref().map_or(Verdict::Silent, |text| judge_for([text], &case, Some(caller)));
        let by_boundary = self.boundary.as_deref().map(of);
        let is_denied = [Some(by_identity), Some(by_resource), by_boundary].contains(&Some(Verdict::Denied));
        let is_within = by_boundary.is_none_or(|verdict| verdict == Verdict::Allowed);
        let decision = if is_denied {
            "explicitDeny"
        } else if by_resource == Verdict::Allowed || (by_identity == Verdict::Allowed && is_within) {
            "allowed"
        } else {
            "implicitDeny"
        };
        let boundary =
            by_boundary.map(|verdict| object! { "AllowedByPermissionsBoundary" => verdict == Verdict::Allowed });
        object! {
            "EvalActionName" => action.to_owned(),
            "EvalResourceName" => resource.to_owned(),
            "EvalDecision" => decision,
            // Which statements decide is not told.
            "MatchedStatements" => members::<Tree>([]),
            "MissingContextValues" => members::<Tree>([]),
            "PermissionsBoundaryDecisionDetail" => boundary,
        }
    }
}
