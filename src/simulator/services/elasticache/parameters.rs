//! Parameter groups, and the parameters that engines have.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::super::input::{Input, invalid};
use super::super::super::output::{Tree, named, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::{engines, name, page};

/// What can be done with parameter groups.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateCacheParameterGroup", create),
    action("DeleteCacheParameterGroup", delete),
    action("DescribeCacheParameterGroups", describe),
    action("DescribeCacheParameters", describe_parameters),
    action("ModifyCacheParameterGroup", modify),
    action("ResetCacheParameterGroup", reset),
];

/// A parameter group.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ParameterGroup {
    family: String,
    description: String,
    /// What somebody set.
    values: BTreeMap<String, String>,
    tags: Tags,
}

/// A parameter of an engine: its default, what it may be, and whether nodes take a change without a restart.
struct Parameter {
    name: &'static str,
    value: &'static str,
    kind: &'static str,
    allowed: &'static str,
    immediate: bool,
}

const fn parameter(name: &'static str, value: &'static str, kind: &'static str, allowed: &'static str) -> Parameter {
    Parameter { name, value, kind, allowed, immediate: true }
}

/// Those of Redis and Valkey that people set
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html>).
const REDIS: &[Parameter] = &[
    parameter("activedefrag", "no", "string", "yes,no"),
    parameter("activerehashing", "yes", "string", "yes,no"),
    parameter("client-output-buffer-limit-pubsub-hard-limit", "33554432", "integer", "0-"),
    Parameter { immediate: false, ..parameter("cluster-enabled", "no", "string", "yes,no") },
    Parameter { immediate: false, ..parameter("databases", "16", "integer", "1-1200000") },
    parameter("hash-max-listpack-entries", "512", "integer", "0-"),
    parameter("lazyfree-lazy-eviction", "no", "string", "yes,no"),
    parameter("lfu-decay-time", "1", "integer", "0-"),
    parameter("lfu-log-factor", "10", "integer", "1-"),
    parameter("maxmemory-clients", "0", "string", ""),
    parameter(
        "maxmemory-policy",
        "volatile-lru",
        "string",
        "volatile-lru,allkeys-lru,volatile-lfu,allkeys-lfu,volatile-random,allkeys-random,volatile-ttl,noeviction",
    ),
    parameter("maxmemory-samples", "3", "integer", "1-"),
    parameter("min-replicas-max-lag", "10", "integer", "0-"),
    parameter("min-replicas-to-write", "0", "integer", "0-"),
    parameter("notify-keyspace-events", "", "string", ""),
    parameter("reserved-memory-percent", "25", "integer", "0-100"),
    parameter("slowlog-log-slower-than", "10000", "integer", "-"),
    parameter("slowlog-max-len", "128", "integer", "0-"),
    parameter("tcp-keepalive", "300", "integer", "0-"),
    parameter("timeout", "0", "integer", "0,20-"),
];

/// Those of Memcached.
const MEMCACHED: &[Parameter] = &[
    Parameter { immediate: false, ..parameter("backlog_queue_limit", "1024", "integer", "1-10000") },
    Parameter { immediate: false, ..parameter("binding_protocol", "auto", "string", "auto,binary,ascii") },
    Parameter { immediate: false, ..parameter("cas_disabled", "0", "boolean", "0,1") },
    Parameter { immediate: false, ..parameter("chunk_size", "48", "integer", "1-1024") },
    Parameter { immediate: false, ..parameter("chunk_size_growth_factor", "1.25", "float", "1.0-2.0") },
    Parameter { immediate: false, ..parameter("disable_flush_all", "0", "boolean", "0,1") },
    Parameter { immediate: false, ..parameter("error_on_memory_exhausted", "0", "boolean", "0,1") },
    Parameter { immediate: false, ..parameter("lock_down_paged_memory", "0", "boolean", "0,1") },
    Parameter { immediate: false, ..parameter("max_item_size", "1048576", "integer", "1024-1073741824") },
    Parameter { immediate: false, ..parameter("max_simultaneous_connections", "65000", "integer", "3-65000") },
    Parameter { immediate: false, ..parameter("memcached_connections_overhead", "100", "integer", "0-400") },
    Parameter { immediate: false, ..parameter("requests_per_event", "20", "integer", "0-10000") },
];

fn table(family: &str) -> &'static [Parameter] {
    if family.starts_with("memcached") { MEMCACHED } else { REDIS }
}

pub(super) fn absent(name: &str) -> Refusal {
    Refusal::new("CacheParameterGroupNotFound", format!("CacheParameterGroup {name} not found.")).status(404)
}

/// A group by its name. Those that AWS makes exist from the beginning: `default.redis7`, and for cluster mode `default.redis7.cluster.on`.
pub(super) fn find(scene: &Scene<'_>, name: &str) -> Result<ParameterGroup, Refusal> {
    if let Some(group) = scene.here.elasticache.parameter_groups.seen(name, scene.sight) {
        return Ok(group.clone());
    }
    let family = name.strip_prefix("default.").map(|rest| rest.trim_end_matches(".cluster.on"));
    let family =
        family.and_then(|family| engines::families().find(|known| *known == family)).ok_or_else(|| absent(name))?;
    Ok(default_group(family))
}

fn default_group(family: &str) -> ParameterGroup {
    ParameterGroup {
        family: family.to_owned(),
        description: format!("Default parameter group for {family}"),
        values: BTreeMap::new(),
        tags: Tags::default(),
    }
}

/// Refuses a group that is not there or of another family.
pub(super) fn check(scene: &Scene<'_>, name: &str, family: &str) -> Result<(), Refusal> {
    let group = find(scene, name)?;
    if group.family == family {
        return Ok(());
    }
    let words = format!("Expected a parameter group of family {family} but found one of family {}", group.family);
    Err(super::combination(words))
}

fn show(scene: &Scene<'_>, name: &str, group: &ParameterGroup) -> Tree {
    object! {
        "CacheParameterGroupName" => name.to_owned(),
        "CacheParameterGroupFamily" => &group.family,
        "Description" => &group.description,
        "IsGlobal" => false,
        "ARN" => scene.arn("elasticache", &format!("parametergroup:{name}")),
    }
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name(input, "CacheParameterGroupName", 255)?;
    let family = input.need("CacheParameterGroupFamily")?.to_owned();
    let description = input.need("Description")?.to_owned();
    let tags = Tags::read(input, "Tags")?;
    if !engines::families().any(|known| known == family) {
        return Err(invalid(format!("CacheParameterGroupFamily {family} is not a valid parameter group family.")));
    }
    if scene.here.elasticache.parameter_groups.has(&name) {
        let words = format!("A cache parameter group with the name {name} already exists.");
        return Err(Refusal::new("CacheParameterGroupAlreadyExists", words));
    }
    let group = ParameterGroup { family, description, values: BTreeMap::new(), tags };
    let tree = show(scene, &name, &group);
    let visible = scene.fresh();
    scene.here.elasticache.parameter_groups.put(name, group, visible);
    Ok(object! { "CacheParameterGroup" => tree })
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = input.need("CacheParameterGroupName")?.to_ascii_lowercase();
    find(scene, &name)?;
    let in_use = scene.here.elasticache.clusters.values().any(|cluster| cluster.parameter_group == name);
    if in_use || name.starts_with("default.") {
        let words = format!(
            "One or more cache clusters are still members of this parameter group {name}, so the group cannot be deleted."
        );
        return Err(Refusal::new("InvalidCacheParameterGroupState", words));
    }
    scene.here.elasticache.parameter_groups.remove(&name);
    Ok(Tree::EMPTY)
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = page(input)?;
    if let Some(name) = input.text("CacheParameterGroupName").map(str::to_ascii_lowercase) {
        let tree = show(scene, &name, &find(scene, &name)?);
        return Ok(object! { "CacheParameterGroups" => named("CacheParameterGroup", [tree]) });
    }
    let defaults = engines::families().map(|family| (format!("default.{family}"), default_group(family)));
    let made = scene.here.elasticache.parameter_groups.visible(scene.sight);
    let mut all: BTreeMap<String, ParameterGroup> = defaults.collect();
    all.extend(made.map(|(name, group)| (name.to_owned(), group.clone())));
    let (groups, marker) = page.cut(all.iter().map(|(name, group)| (name.clone(), show(scene, name, group))));
    Ok(object! { "CacheParameterGroups" => named("CacheParameterGroup", groups), "Marker" => marker })
}

fn describe_parameters(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = page(input)?;
    let group = find(scene, &input.need("CacheParameterGroupName")?.to_ascii_lowercase())?;
    let source = input.text("Source");
    let all = table(&group.family).iter().filter_map(|parameter| {
        let set = group.values.get(parameter.name);
        let from = if set.is_some() { "user" } else { "system" };
        let tree = object! {
            "ParameterName" => parameter.name,
            "ParameterValue" => set.cloned().unwrap_or_else(|| parameter.value.to_owned()),
            "Description" => parameter.name,
            "Source" => from,
            "DataType" => parameter.kind,
            "AllowedValues" => Some(parameter.allowed).filter(|allowed| !allowed.is_empty()),
            "IsModifiable" => true,
            "MinimumEngineVersion" => if group.family.starts_with("memcached") { "1.4.5" } else { "2.6.13" },
            "ChangeType" => if parameter.immediate { "immediate" } else { "requires-reboot" },
        };
        source.is_none_or(|source| source == from).then(|| (parameter.name.to_owned(), tree))
    });
    let (parameters, marker) = page.cut(all);
    Ok(object! { "Parameters" => named("Parameter", parameters), "Marker" => marker })
}

/// The group that is to be changed.
fn changing<'a>(scene: &'a mut Scene<'_>, name: &str) -> Result<&'a mut ParameterGroup, Refusal> {
    if name.starts_with("default.") {
        find(scene, name)?;
        return Err(invalid(format!("The default parameter group {name} cannot be modified.")));
    }
    scene.here.elasticache.parameter_groups.seen_mut(name, scene.sight).ok_or_else(|| absent(name))
}

fn known(family: &str, name: &str) -> Result<&'static Parameter, Refusal> {
    let found = table(family).iter().find(|parameter| parameter.name == name);
    found.ok_or_else(|| invalid(format!("Could not find parameter with name: {name}")))
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = input.need("CacheParameterGroupName")?.to_ascii_lowercase();
    let group = changing(scene, &name)?;
    let mut values = group.values.clone();
    let wishes = input.list("ParameterNameValues");
    if wishes.is_empty() || wishes.len() > 20 {
        return Err(invalid("From 1 to 20 parameters can be modified in one request."));
    }
    for wish in wishes {
        let (name, value) = (wish.need("ParameterName")?, wish.need("ParameterValue")?);
        let parameter = known(&group.family, name)?;
        if !fits(value, parameter) {
            let words =
                format!("Invalid value {value} for parameter {name}. Allowed values are: {}", parameter.allowed);
            return Err(invalid(words));
        }
        values.insert(name.to_owned(), value.to_owned());
    }
    group.values = values;
    Ok(object! { "CacheParameterGroupName" => name })
}

/// Whether a value is one of those allowed: `yes,no`, `0-100`, `0,20-`.
fn fits(value: &str, parameter: &Parameter) -> bool {
    if parameter.kind == "string" || parameter.allowed.is_empty() {
        return parameter.allowed.is_empty() || parameter.allowed.split(',').any(|allowed| allowed == value);
    }
    let Ok(number) = value.parse::<f64>() else { return false };
    parameter.allowed.split(',').any(|part| match part.split_once('-') {
        None => part == value,
        Some((low, high)) => {
            let above = low.is_empty() || low.parse().is_ok_and(|low: f64| number >= low);
            let below = high.is_empty() || high.parse().is_ok_and(|high: f64| number <= high);
            above && below
        }
    })
}

fn reset(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = input.need("CacheParameterGroupName")?.to_ascii_lowercase();
    let all = input.flag("ResetAllParameters") == Some(true);
    let group = changing(scene, &name)?;
    let mut values = group.values.clone();
    for wish in input.list("ParameterNameValues") {
        let parameter = wish.need("ParameterName")?;
        known(&group.family, parameter)?;
        values.remove(parameter);
    }
    group.values = if all { BTreeMap::new() } else { values };
    Ok(object! { "CacheParameterGroupName" => name })
}

/// The tags of a group, to be changed.
pub(super) fn tags<'a>(scene: &'a mut Scene<'_>, name: &str) -> Option<&'a mut Tags> {
    scene.here.elasticache.parameter_groups.seen_mut(name, scene.sight).map(|group| &mut group.tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_judged_by_what_is_allowed() {
        let find = |name: &str| REDIS.iter().find(|parameter| parameter.name == name).unwrap();
        assert!(fits("allkeys-lru", find("maxmemory-policy")) && !fits("best", find("maxmemory-policy")));
        assert!(fits("0", find("timeout")) && fits("25", find("timeout")) && !fits("x", find("timeout")));
        assert!(fits("100", find("reserved-memory-percent")) && !fits("101", find("reserved-memory-percent")));
        assert!(fits("-1", find("slowlog-log-slower-than")) && fits("KEA", find("notify-keyspace-events")));
    }
}
