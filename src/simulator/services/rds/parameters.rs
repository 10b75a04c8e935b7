//! The parameters in a group: shown, set, and set back.

use std::time::Duration;

use super::parameter_groups::{self, ParameterGroup};
use super::refusals::{combination, no_parameter_group};
use super::tables::{self, Parameter};
use super::{engines, instance, listing};
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{Tree, named, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

/// Parameters.
pub(super) const ACTIONS: &[Action] = &[
    action("DescribeDBParameters", describe),
    action("DescribeEngineDefaultParameters", describe_defaults),
    action("ModifyDBParameterGroup", modify),
    action("ResetDBParameterGroup", reset),
];

/// As many as one call can set (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBParameterGroup.html>).
const MOST: usize = 20;

/// How long databases need to take over parameters that need no restart.
const TAKING_OVER: Duration = Duration::from_secs(30);

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    input.pass_over("Filters");
    let name = listing::name(input.need("DBParameterGroupName")?);
    let Some(family) = parameter_groups::family(scene, &name) else { return Err(no_parameter_group(&name)) };
    let wanted = input.text("Source");
    let group = scene.here.rds.parameter_groups.get(&name);
    let all = tables::of(&family).into_iter().filter_map(|parameter| {
        let set = group.and_then(|group| group.values.get(parameter.name));
        let source = if set.is_some() { "user" } else { source(parameter) };
        let is_wanted = wanted.is_none_or(|wanted| wanted == source);
        is_wanted.then(|| (parameter.name.to_owned(), show(parameter, set, source)))
    });
    Ok(page.list("Parameters", "Parameter", all))
}

/// Whether RDS sets a parameter, or leaves it to the engine.
fn source(parameter: Parameter) -> &'static str {
    if parameter.value.is_some() { "system" } else { "engine-default" }
}

fn show(parameter: Parameter, set: Option<&(String, &'static str)>, source: &'static str) -> Tree {
    let value = set.map(|(value, _)| value.clone()).or_else(|| parameter.value.map(str::to_owned));
    object! {
        "ParameterName" => parameter.name,
        "ParameterValue" => value,
        "Source" => source,
        "ApplyType" => parameter.apply,
        "DataType" => parameter.kind,
        "AllowedValues" => parameter.allowed,
        "IsModifiable" => parameter.can_change,
        "ApplyMethod" => set.map_or("pending-reboot", |(_, method)| method),
    }
}

fn describe_defaults(_: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    input.pass_over("Filters");
    let family = input.need("DBParameterGroupFamily")?;
    if !engines::families().any(|(known, _)| known == family) {
        return Err(invalid(format!("ParameterGroupFamily {family} is not a valid parameter group family")));
    }
    let all = tables::of(family).into_iter().map(|p| (p.name.to_owned(), show(p, None, source(p))));
    let (found, marker) = page.cut(all);
    let defaults = object! {
        "DBParameterGroupFamily" => family.to_owned(),
        "Parameters" => named("Parameter", found),
        "Marker" => marker,
    };
    Ok(object! { "EngineDefaults" => defaults })
}

/// The group that a call is about, which is not one of those that are there by themselves.
fn own(scene: &Scene<'_>, input: &Input) -> Result<(String, ParameterGroup), Refusal> {
    let name = listing::name(input.need("DBParameterGroupName")?);
    if parameter_groups::standard(&name).is_some() {
        let words = "The parameter group cannot be modified because it is a default DB parameter group.";
        return Err(Refusal::new("InvalidDBParameterGroupState", words));
    }
    match scene.here.rds.parameter_groups.seen(&name, scene.sight) {
        Some(group) => Ok((name, group.clone())),
        None => Err(no_parameter_group(&name)),
    }
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, mut group) = own(scene, input)?;
    let list = input.list("Parameters");
    if list.is_empty() {
        return Err(missing("Parameters"));
    }
    if list.len() > MOST {
        return Err(invalid(format!(
            "The maximum number of parameters that can be modified in a single request is {MOST}."
        )));
    }
    let known = tables::of(&group.family);
    let mut needs_restart = false;
    for wanted in list {
        let (parameter, method) = wanted_parameter(&known, wanted)?;
        let value = wanted.need("ParameterValue")?;
        check_value(parameter, value)?;
        needs_restart |= method == "pending-reboot";
        group.values.insert(parameter.name.to_owned(), (value.to_owned(), method));
    }
    apply(scene, &name, group, needs_restart);
    Ok(object! { "DBParameterGroupName" => name })
}

/// The parameter that an entry of a call is about, and when it is to apply.
fn wanted_parameter(known: &[Parameter], wanted: &Input) -> Result<(Parameter, &'static str), Refusal> {
    let name = wanted.need("ParameterName")?;
    let found = known.iter().find(|parameter| parameter.name == name).copied();
    let parameter = found.ok_or_else(|| invalid(format!("Could not find parameter with name: {name}")))?;
    if !parameter.can_change {
        return Err(invalid(format!("The parameter {name} cannot be modified.")));
    }
    match wanted.need("ApplyMethod")? {
        "pending-reboot" => Ok((parameter, "pending-reboot")),
        "immediate" if parameter.apply == "dynamic" => Ok((parameter, "immediate")),
        "immediate" => Err(combination("cannot use immediate apply method for static parameter")),
        odd => Err(invalid(format!("Invalid apply method: {odd}"))),
    }
}

/// Checks a value against those that are allowed. Formulas are taken as they are.
fn check_value(parameter: Parameter, value: &str) -> Result<(), Refusal> {
    let Some(allowed) = parameter.allowed else { return Ok(()) };
    let fits = match parameter.kind {
        _ if value.contains('{') => true,
        "integer" | "float" => in_ranges(value, allowed),
        "list" => true,
        _ => allowed.split(',').any(|known| known.eq_ignore_ascii_case(value)) || allowed.contains('*'),
    };
    let words = || format!("Invalid parameter value: {value} for: {} allowed values are: {allowed}", parameter.name);
    Scene::ensure(fits, || invalid(words()))
}

/// Whether a number is one of some values or ranges, `0,1` or `-1-2147483647`.
fn in_ranges(value: &str, allowed: &str) -> bool {
    let Ok(number) = value.parse::<f64>() else { return false };
    allowed.split(',').any(|range| {
        let middle = range.get(1..).and_then(|rest| rest.find('-')).map(|at| at + 1);
        let ends =
            middle.map_or((range, range), |at| (range.get(..at).unwrap_or(""), range.get(at + 1..).unwrap_or("")));
        let ends = (ends.0.parse::<f64>(), ends.1.parse::<f64>());
        matches!(ends, (Ok(low), Ok(high)) if low <= number && number <= high)
    })
}

fn reset(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, mut group) = own(scene, input)?;
    let mut needs_restart = false;
    if input.flag("ResetAllParameters") == Some(true) {
        needs_restart = !group.values.is_empty();
        group.values.clear();
    } else {
        let list = input.list("Parameters");
        if list.is_empty() {
            return Err(invalid("Either ResetAllParameters or a list of parameters must be specified."));
        }
        let known = tables::of(&group.family);
        for wanted in list {
            let (parameter, method) = wanted_parameter(&known, wanted)?;
            needs_restart |= method == "pending-reboot";
            group.values.remove(parameter.name);
        }
    }
    apply(scene, &name, group, needs_restart);
    Ok(object! { "DBParameterGroupName" => name })
}

/// Keeps a group, and has the databases that use it take over what they can without a restart.
fn apply(scene: &mut Scene<'_>, name: &str, group: ParameterGroup, needs_restart: bool) {
    if let Some(there) = scene.here.rds.parameter_groups.get_mut(name) {
        *there = group;
    }
    let users = scene.here.rds.instances.values_mut().filter(|user| user.settings.parameter_group == name);
    let mut waiting = Vec::new();
    for user in users {
        if needs_restart {
            user.parameters = "pending-reboot";
        } else if user.parameters == "in-sync" {
            user.parameters = "applying";
            waiting.push(user.resource.clone());
        }
    }
    for resource in waiting {
        scene.later(TAKING_OVER, taken_over, &resource);
    }
}

fn taken_over(scene: &mut Scene<'_>, resource: &str) {
    become_after_applying(scene, resource, "in-sync");
}

fn left_pending(scene: &mut Scene<'_>, resource: &str) {
    become_after_applying(scene, resource, "pending-reboot");
}

fn become_after_applying(scene: &mut Scene<'_>, resource: &str, status: &'static str) {
    let Some(id) = instance::id_of(scene, resource) else { return };
    let instance = scene.here.rds.instances.get_mut(&id).filter(|instance| instance.parameters == "applying");
    if let Some(instance) = instance {
        instance.parameters = status;
    }
}

/// Gives a database another group, which it takes over wholly only when it starts anew
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.Associating.html>).
pub(super) fn associate(scene: &mut Scene<'_>, id: &str, name: &str) {
    let Some(instance) = scene.here.rds.instances.get_mut(id) else { return };
    name.clone_into(&mut instance.settings.parameter_group);
    instance.parameters = "applying";
    let resource = instance.resource.clone();
    scene.later(TAKING_OVER, left_pending, &resource);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_with_values_and_ranges() {
        assert!(in_ranges("0", "0,1") && in_ranges("-1", "-1-2147483647") && in_ranges("321", "1-100000"));
        assert!(!in_ranges("2", "0,1") && !in_ranges("-2", "-1-2147483647") && !in_ranges("x", "1-2"));
        assert!(in_ranges("0.5", "0-99.99") && in_ranges("1.1", "0-1.79769e+308"));
    }
}
