//! Groups of parameters, and those that are there by themselves, `default.valkey8`; the parameters in them, shown, set, and set back.

use std::collections::BTreeMap;

use serde::Serialize;

use super::refusals::no_parameter_group;
use super::tables::{self, Parameter};
use super::{engines, listing};
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{Tree, named, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// Groups of parameters.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateCacheParameterGroup", create),
    action("DeleteCacheParameterGroup", delete),
    action("DescribeCacheParameterGroups", describe),
    action("DescribeCacheParameters", describe_parameters),
    action("DescribeEngineDefaultParameters", describe_defaults),
    action("ModifyCacheParameterGroup", modify),
    action("ResetCacheParameterGroup", reset),
];

/// As many parameters as one call can set
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyCacheParameterGroup.html>).
const MOST: usize = 20;

/// What the name of a group that has cluster mode enabled ends with, if it is there by itself.
const CLUSTERED: &str = ".cluster.on";

/// A group of parameters.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct ParameterGroup {
    pub(super) family: String,
    pub(super) description: String,
    /// What somebody set, by name.
    pub(super) values: BTreeMap<String, String>,
    pub(super) tags: Tags,
}

/// The family of the group of this name, if there is one.
pub(super) fn family(scene: &Scene<'_>, name: &str) -> Option<String> {
    let own = scene.here.elasticache.parameter_groups.seen(name, scene.sight).map(|group| group.family.clone());
    own.or_else(|| standard(name).map(str::to_owned))
}

/// The family of a group that is there by itself.
pub(super) fn standard(name: &str) -> Option<&'static str> {
    let family = name.strip_prefix("default.")?;
    let plain = family.strip_suffix(CLUSTERED).filter(|plain| !plain.starts_with("memcached")).unwrap_or(family);
    engines::families().into_iter().find(|known| *known == plain)
}

/// Whether caches with this group keep their data in shards.
pub(super) fn has_cluster_mode(scene: &Scene<'_>, name: &str) -> bool {
    let own = scene.here.elasticache.parameter_groups.get(name);
    let set = own.and_then(|group| group.values.get("cluster-enabled")).is_some_and(|value| value == "yes");
    set || (standard(name).is_some() && name.ends_with(CLUSTERED))
}

/// The names of the groups that are there by themselves.
fn standards() -> impl Iterator<Item = (String, &'static str)> {
    engines::families().into_iter().flat_map(|family| {
        let clustered = (!family.starts_with("memcached")).then(|| (format!("default.{family}{CLUSTERED}"), family));
        std::iter::once((format!("default.{family}"), family)).chain(clustered)
    })
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = listing::identifier(input, "CacheParameterGroupName", 255)?;
    let family = input.need("CacheParameterGroupFamily")?.to_ascii_lowercase();
    let description = input.need("Description")?.to_owned();
    let tags = Tags::read(input, "Tags")?;
    if scene.here.elasticache.parameter_groups.has(&name) {
        let words = format!("CacheParameterGroup {name} already exists.");
        return Err(Refusal::new("CacheParameterGroupAlreadyExists", words));
    }
    if !engines::families().contains(&family.as_str()) {
        return Err(invalid(format!("CacheParameterGroupFamily {family} is not a valid parameter group family.")));
    }
    let visible = scene.fresh();
    let shown = show(scene, &name, &family, &description);
    let group = ParameterGroup { family, description, tags, values: BTreeMap::new() };
    scene.here.elasticache.parameter_groups.put(name, group, visible);
    Ok(object! { "CacheParameterGroup" => shown })
}

fn show(scene: &Scene<'_>, name: &str, family: &str, description: &str) -> Tree {
    object! {
        "CacheParameterGroupName" => name.to_owned(),
        "CacheParameterGroupFamily" => family.to_owned(),
        "Description" => description.to_owned(),
        "IsGlobal" => false,
        "ARN" => scene.arn("elasticache", &format!("parametergroup:{name}")),
    }
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    let name = input.text("CacheParameterGroupName").map(listing::name);
    if let Some(name) = name.as_deref().filter(|name| family(scene, name).is_none()) {
        return Err(no_parameter_group(name));
    }
    let own = scene.here.elasticache.parameter_groups.visible(scene.sight);
    let own = own.map(|(id, group)| (id.to_owned(), show(scene, id, &group.family, &group.description)));
    let standard = standards().map(|(id, family)| {
        let mode = if id.ends_with(CLUSTERED) { " with cluster mode on" } else { "" };
        let shown = show(scene, &id, family, &format!("Default parameter group for {family}{mode}"));
        (id, shown)
    });
    let mut all: BTreeMap<String, Tree> = own.chain(standard).collect();
    all.retain(|id, _| name.as_ref().is_none_or(|name| name == id));
    Ok(page.list("CacheParameterGroups", "CacheParameterGroup", all))
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, _) = own(scene, input)?;
    let elasticache = &scene.here.elasticache;
    let is_used = elasticache.clusters.values().any(|cluster| cluster.parameter_group == name)
        || elasticache.replication_groups.values().any(|group| group.parameter_group == name);
    if is_used {
        let words = format!(
            "One or more cache clusters are still members of this parameter group {name}, so the group cannot be deleted."
        );
        return Err(Refusal::new("InvalidCacheParameterGroupState", words));
    }
    scene.here.elasticache.parameter_groups.remove(&name);
    Ok(Tree::NONE)
}

fn describe_parameters(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    let name = listing::name(input.need("CacheParameterGroupName")?);
    let Some(family) = family(scene, &name) else { return Err(no_parameter_group(&name)) };
    let wanted = input.text("Source");
    let own = scene.here.elasticache.parameter_groups.get(&name);
    let is_clustered = has_cluster_mode(scene, &name);
    let all = tables::of(&family).into_iter().filter_map(|parameter| {
        let set = own.and_then(|group| group.values.get(parameter.name)).cloned();
        let source = if set.is_some() { "user" } else { "system" };
        let by_mode = (is_clustered && parameter.name == "cluster-enabled").then(|| "yes".to_owned());
        let is_wanted = wanted.is_none_or(|wanted| wanted == source);
        is_wanted.then(|| (parameter.name.to_owned(), show_parameter(parameter, set.or(by_mode), source)))
    });
    let answer = page.list("Parameters", "Parameter", all);
    let specific = Tree::List("CacheNodeTypeSpecificParameter", Vec::new());
    Ok(answer.with("CacheNodeTypeSpecificParameters", specific))
}

fn show_parameter(parameter: Parameter, set: Option<String>, source: &'static str) -> Tree {
    object! {
        "ParameterName" => parameter.name,
        "ParameterValue" => set.or_else(|| parameter.value.map(str::to_owned)),
        "Source" => source,
        "DataType" => parameter.kind,
        "AllowedValues" => parameter.allowed,
        "IsModifiable" => parameter.can_change,
        "ChangeType" => parameter.change,
    }
}

fn describe_defaults(_: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    let family = input.need("CacheParameterGroupFamily")?;
    if !engines::families().contains(&family) {
        return Err(invalid(format!("CacheParameterGroupFamily {family} is not a valid parameter group family.")));
    }
    let all = tables::of(family).into_iter().map(|p| (p.name.to_owned(), show_parameter(p, None, "system")));
    let (found, marker) = page.cut(all);
    let defaults = object! {
        "CacheParameterGroupFamily" => family.to_owned(),
        "Parameters" => named("Parameter", found),
        "Marker" => marker,
    };
    Ok(object! { "EngineDefaults" => defaults })
}

/// The group that a call is about, which is not one of those that are there by themselves.
fn own(scene: &Scene<'_>, input: &Input) -> Result<(String, ParameterGroup), Refusal> {
    let name = listing::name(input.need("CacheParameterGroupName")?);
    if standard(&name).is_some() {
        return Err(invalid(format!(
            "The parameter group {name} cannot be modified or deleted: it is a default group."
        )));
    }
    match scene.here.elasticache.parameter_groups.seen(&name, scene.sight) {
        Some(group) => Ok((name, group.clone())),
        None => Err(no_parameter_group(&name)),
    }
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, mut group) = own(scene, input)?;
    let list = input.list("ParameterNameValues");
    if list.is_empty() {
        return Err(missing("ParameterNameValues"));
    }
    if list.len() > MOST {
        return Err(invalid(format!("No more than {MOST} parameters can be modified in a single request.")));
    }
    let known = tables::of(&group.family);
    for wanted in list {
        let parameter = wanted_parameter(&known, &group, wanted)?;
        let value = wanted.need("ParameterValue")?;
        check_value(parameter, value)?;
        group.values.insert(parameter.name.to_owned(), value.to_owned());
    }
    Ok(keep(scene, name, group))
}

/// The parameter that an entry of a call is about.
fn wanted_parameter(known: &[Parameter], group: &ParameterGroup, wanted: &Input) -> Result<Parameter, Refusal> {
    let name = wanted.need("ParameterName")?;
    let found = known.iter().find(|parameter| parameter.name == name).copied();
    let words =
        format!("Parameter {name} is invalid or not available for the cache parameter group family {}.", group.family);
    let parameter = found.ok_or_else(|| invalid(words))?;
    if parameter.can_change { Ok(parameter) } else { Err(invalid(format!("The parameter {name} cannot be modified."))) }
}

/// Checks a value against those that are allowed.
fn check_value(parameter: Parameter, value: &str) -> Result<(), Refusal> {
    let Some(allowed) = parameter.allowed else { return Ok(()) };
    let fits = if parameter.kind == "integer" {
        in_ranges(value, allowed)
    } else {
        allowed.split(',').any(|one| one == value)
    };
    let fits = fits || parameter.name == "chunk_size_growth_factor";
    let words = || format!("The parameter {} has an invalid value {value}. Allowed values: {allowed}", parameter.name);
    Scene::ensure(fits, || invalid(words()))
}

/// Whether a number is one of some values or ranges, of which the last may be open: `0,20-`.
fn in_ranges(value: &str, allowed: &str) -> bool {
    let Ok(number) = value.parse::<i64>() else { return false };
    allowed.split(',').any(|range| {
        let middle = range.get(1..).and_then(|rest| rest.find('-')).map(|at| at + 1);
        let Some(at) = middle else { return range.parse() == Ok(number) };
        let (low, high) = (range.get(..at).unwrap_or(""), range.get(at + 1..).unwrap_or(""));
        let high = if high.is_empty() { Ok(i64::MAX) } else { high.parse::<i64>() };
        matches!((low.parse::<i64>(), high), (Ok(low), Ok(high)) if low <= number && number <= high)
    })
}

fn reset(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, mut group) = own(scene, input)?;
    if input.flag("ResetAllParameters") == Some(true) {
        group.values.clear();
        return Ok(keep(scene, name, group));
    }
    let list = input.list("ParameterNameValues");
    if list.is_empty() {
        return Err(invalid("Either ResetAllParameters or ParameterNameValues must be specified."));
    }
    let known = tables::of(&group.family);
    for wanted in list {
        let parameter = wanted_parameter(&known, &group, wanted)?;
        wanted.pass_over("ParameterValue");
        group.values.remove(parameter.name);
    }
    Ok(keep(scene, name, group))
}

/// Keeps what is set in a group. Caches that have it take some parameters only when they start anew
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Modifying.html>).
fn keep(scene: &mut Scene<'_>, name: String, group: ParameterGroup) -> Tree {
    let Some(there) = scene.here.elasticache.parameter_groups.get_mut(&name) else { return Tree::EMPTY };
    let before = std::mem::replace(there, group);
    let waits = |parameter: &Parameter| {
        parameter.change == "requires-reboot" && before.values.get(parameter.name) != there.values.get(parameter.name)
    };
    if tables::of(&there.family).iter().any(waits) {
        let users = scene.here.elasticache.clusters.values_mut().filter(|cluster| cluster.parameter_group == name);
        users.for_each(|cluster| cluster.parameters = "pending-reboot");
    }
    object! { "CacheParameterGroupName" => name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_may_be_open() {
        assert!(in_ranges("0", "0,20-") && in_ranges("21", "0,20-") && in_ranges("-1", "-1-"));
        assert!(!in_ranges("7", "0,20-") && !in_ranges("101", "0-100") && !in_ranges("a", "0-"));
    }

    #[test]
    fn default_groups_have_families_and_modes() {
        assert_eq!(standard("default.valkey8.cluster.on"), Some("valkey8"));
        assert_eq!(standard("default.memcached1.6"), Some("memcached1.6"));
        assert_eq!(standard("default.memcached1.6.cluster.on"), None);
        assert_eq!(standard("mine"), None);
    }
}
