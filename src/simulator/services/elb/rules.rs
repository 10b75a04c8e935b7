//! Rules of listeners.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::actions::{self, Actions};
use super::listeners::{self, Listener};
use super::{limits, page, validation};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// What can be done with rules.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateRule", create),
    action("DescribeRules", describe),
    action("ModifyRule", modify),
    action("SetRulePriorities", set_priorities),
    action("DeleteRule", delete),
];

/// A rule beside the default one, which is the listener's own.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rule {
    pub(super) listener: String,
    priority: u64,
    conditions: Vec<Value>,
    actions: Actions,
    transforms: Vec<Value>,
    pub(super) tags: Tags,
}

impl Rule {
    /// Whether a group gets something by this rule.
    pub(super) fn forwards_to(&self, group: &str) -> bool {
        actions::forward_to(&self.actions, group)
    }

    fn show(&self, arn: &str) -> Tree {
        object! {
            "RuleArn" => arn.to_owned(),
            "Priority" => self.priority.to_string(),
            "Conditions" => members(self.conditions.iter().map(actions::tree)),
            "Actions" => actions::show(&self.actions),
            "IsDefault" => false,
            "Transforms" => members(self.transforms.iter().map(actions::tree)),
        }
    }
}

/// The rule that a listener follows if no other fits.
fn default_rule(arn: &str, listener: &Listener) -> Tree {
    object! {
        "RuleArn" => default_arn(arn),
        "Priority" => "default",
        "Conditions" => Tree::List("member", Vec::new()),
        "Actions" => actions::show(&listener.actions),
        "IsDefault" => true,
    }
}

/// The default rule's ARN, made from the listener's, so that it need not be kept.
fn default_arn(listener: &str) -> String {
    let digits: String = listener.rsplit('/').next().unwrap_or_default().chars().rev().collect();
    format!("{}/{digits}", listener.replace(":listener/", ":listener-rule/"))
}

/// The listener whose default rule this is.
pub(super) fn of_default<'a>(scene: &'a Scene<'_>, arn: &str) -> Option<(&'a str, &'a Listener)> {
    scene.here.elb.listeners.iter().find(|(listener, _)| default_arn(listener) == arn)
}

pub(super) fn absent() -> Refusal {
    Refusal::new("RuleNotFound", "One or more rules not found")
}

/// The rule of this ARN, which is not a default one.
fn find<'a>(scene: &'a Scene<'_>, arn: &str) -> Result<&'a Rule, Refusal> {
    if !arn.contains(":listener-rule/") {
        return Err(validation(format!("'{arn}' is not a valid listener rule ARN")));
    }
    scene.here.elb.rules.seen(arn, scene.sight).ok_or_else(absent)
}

/// The fields of conditions, with where their values are.
const FIELDS: &[(&str, &str)] = &[
    ("host-header", "HostHeaderConfig"),
    ("path-pattern", "PathPatternConfig"),
    ("http-header", "HttpHeaderConfig"),
    ("query-string", "QueryStringConfig"),
    ("http-request-method", "HttpRequestMethodConfig"),
    ("source-ip", "SourceIpConfig"),
];

/// Values of all conditions of a rule at most.
const VALUES: usize = 5;

/// Conditions, each with its values in both places that answers show them in.
fn conditions(input: &Input) -> Result<Vec<Value>, Refusal> {
    let mut all = Vec::new();
    let mut values = 0;
    for given in input.list("Conditions") {
        let field = given.text("Field").ok_or_else(|| validation("A condition field must be specified"))?;
        let known = FIELDS.iter().find(|(name, _)| *name == field);
        let (_, section) = known.ok_or_else(|| {
            let names = FIELDS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            validation(format!("Condition field '{field}' must be one of '[{names}]'"))
        })?;
        let plain = given.texts("Values");
        let mut condition = given.data();
        let has_short = matches!(field, "host-header" | "path-pattern");
        if !given.has(section) && !plain.is_empty() && has_short {
            condition[section] = json!({ "Values": plain });
        }
        let listed = |name: &str| condition.pointer(&format!("/{section}/{name}")).and_then(Value::as_array).cloned();
        let (held, patterns) = (listed("Values").unwrap_or_default(), listed("RegexValues").unwrap_or_default());
        if held.is_empty() && patterns.is_empty() {
            return Err(validation("A condition value must be specified"));
        }
        values += held.len() + patterns.len();
        if has_short && !held.is_empty() {
            condition["Values"] = held.into();
        }
        all.push(condition);
    }
    if all.is_empty() {
        return Err(validation("At least one condition must be specified"));
    }
    if values > VALUES {
        return Err(validation(format!("A rule can have at most {VALUES} condition values")));
    }
    Ok(all)
}

fn transforms(input: &Input) -> Vec<Value> {
    input.list("Transforms").iter().map(Input::data).collect()
}

fn priority(input: &Input) -> Result<u64, Refusal> {
    let given = input.whole("Priority")?.ok_or_else(|| validation("A priority must be specified"))?;
    let fits = (1..=50_000).contains(&given);
    if fits {
        Ok(given.unsigned_abs())
    } else {
        Err(validation(format!("Priority '{given}' must be between 1 and 50000")))
    }
}

fn in_use(priority: u64) -> Refusal {
    Refusal::new("PriorityInUse", format!("Priority '{priority}' is currently in use"))
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let listener = input.need("ListenerArn")?;
    let balancer = listeners::find(scene, listener)?.balancer.clone();
    let priority = priority(input)?;
    let rule = Rule {
        listener: listener.to_owned(),
        priority,
        conditions: conditions(input)?,
        actions: actions::read(scene, input, "Actions", &balancer)?,
        transforms: transforms(input),
        tags: Tags::read(input, "Tags")?,
    };
    let taken = |other: &Rule| other.listener == listener && other.priority == priority;
    if let Some((arn, other)) = scene.here.elb.rules.iter().find(|(_, other)| taken(other)) {
        let is_same = other.conditions == rule.conditions && other.actions == rule.actions;
        return if is_same { Ok(object! { "Rules" => members([other.show(arn)]) }) } else { Err(in_use(priority)) };
    }
    let siblings =
        |rule: &&Rule| scene.here.elb.listeners.get(&rule.listener).is_some_and(|it| it.balancer == balancer);
    let others = scene.here.elb.rules.values().filter(siblings).count();
    limits::check("rules-per-application-load-balancer", others, "TooManyRules")?;
    let arn = format!("{}/{}", listener.replace(":listener/", ":listener-rule/"), scene.dice.hex(16));
    let (visible, shown) = (scene.fresh(), rule.show(&arn));
    scene.here.elb.rules.put(arn, rule, visible);
    Ok(object! { "Rules" => members([shown]) })
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = page(input)?;
    let arns = input.texts("RuleArns");
    let listener = input.text("ListenerArn");
    if arns.is_empty() == listener.is_none() {
        return Err(validation("You must specify either listener rule ARNs or a listener ARN"));
    }
    let mut found: Vec<(String, Tree)> = Vec::new();
    if let Some(listener) = listener {
        let owner = listeners::find(scene, listener)?;
        let rules = scene.here.elb.rules.visible(scene.sight).filter(|(_, rule)| rule.listener == listener);
        found.extend(rules.map(|(arn, rule)| (format!("{:06}", rule.priority), rule.show(arn))));
        // The default rule comes last.
        found.push(("default".to_owned(), default_rule(listener, owner)));
    }
    for arn in arns {
        let shown = match of_default(scene, arn) {
            Some((listener, owner)) => default_rule(listener, owner),
            None => find(scene, arn)?.show(arn),
        };
        found.push((arn.to_owned(), shown));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = page.cut(found);
    Ok(object! { "Rules" => members(page), "NextMarker" => next })
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let arn = input.need("RuleArn")?;
    if of_default(scene, arn).is_some() {
        return Err(Refusal::new("OperationNotPermitted", format!("Default rule '{arn}' cannot be modified")));
    }
    let mut changed = find(scene, arn)?.clone();
    if input.has("Conditions") {
        changed.conditions = conditions(input)?;
    }
    if input.has("Actions") {
        let balancer = listeners::find(scene, &changed.listener)?.balancer.clone();
        changed.actions = actions::read(scene, input, "Actions", &balancer)?;
    }
    if input.flag("ResetTransforms") == Some(true) {
        changed.transforms.clear();
    } else if input.has("Transforms") {
        changed.transforms = transforms(input);
    }
    let shown = changed.show(arn);
    *scene.here.elb.rules.get_mut(arn).ok_or_else(absent)? = changed;
    Ok(object! { "Rules" => members([shown]) })
}

fn set_priorities(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let mut wanted: BTreeMap<String, u64> = BTreeMap::new();
    for given in input.list("RulePriorities") {
        let arn = given.need("RuleArn")?;
        if of_default(scene, arn).is_some() {
            return Err(Refusal::new("OperationNotPermitted", "The priority of the default rule cannot be changed"));
        }
        find(scene, arn)?;
        wanted.insert(arn.to_owned(), priority(given)?);
    }
    // All change at once, so that two rules can change places.
    let mut taken: BTreeMap<(String, u64), u32> = BTreeMap::new();
    for (arn, rule) in scene.here.elb.rules.iter() {
        let priority = wanted.get(arn).copied().unwrap_or(rule.priority);
        *taken.entry((rule.listener.clone(), priority)).or_default() += 1;
    }
    if let Some(((_, priority), _)) = taken.into_iter().find(|(_, count)| *count > 1) {
        return Err(in_use(priority));
    }
    let mut shown = Vec::new();
    for (arn, priority) in wanted {
        let rule = scene.here.elb.rules.get_mut(&arn).ok_or_else(absent)?;
        rule.priority = priority;
        shown.push(rule.show(&arn));
    }
    Ok(object! { "Rules" => members(shown) })
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let arn = input.need("RuleArn")?;
    if of_default(scene, arn).is_some() {
        return Err(Refusal::new("OperationNotPermitted", format!("Default rule '{arn}' cannot be deleted")));
    }
    find(scene, arn)?;
    scene.here.elb.rules.remove(arn);
    Ok(Tree::EMPTY)
}
