//! What ElastiCache offers: engine versions, node types to go to; and what it has nothing of.

use super::engines::{VERSIONS, Version, nodes};
use super::{cluster, group, listing};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

/// Offers.
pub(super) const ACTIONS: &[Action] = &[
    action("DescribeCacheEngineVersions", versions),
    action("DescribeServiceUpdates", no_service_updates),
    action("DescribeUpdateActions", no_update_actions),
    action("DescribeUserGroups", no_user_groups),
    action("DescribeUsers", users),
    action("ListAllowedNodeTypeModifications", node_types),
];

fn versions(_: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    let (engine, number, family) =
        (input.text("Engine"), input.text("EngineVersion"), input.text("CacheParameterGroupFamily"));
    let default_only = input.flag("DefaultOnly") == Some(true);
    let mut found: Vec<&Version> = VERSIONS
        .iter()
        .filter(|version| engine.is_none_or(|engine| engine == version.engine))
        .filter(|version| number.is_none_or(|number| number == version.number || number == version.full))
        .filter(|version| family.is_none_or(|family| family == version.family))
        .collect();
    if default_only {
        // The default of an engine is its newest.
        let newest = |version: &Version| VERSIONS.iter().rfind(|other| other.engine == version.engine) == Some(version);
        found.retain(|version| newest(version));
    }
    let key = |version: &Version| {
        let numbers: Vec<String> = version.number.split('.').map(|part| format!("{part:0>4}")).collect();
        format!("{} {}", version.engine, numbers.join("."))
    };
    let all = found.into_iter().map(|version| (key(version), show(version)));
    Ok(page.list("CacheEngineVersions", "CacheEngineVersion", all))
}

fn show(version: &Version) -> Tree {
    let title = match version.engine {
        "memcached" => "memcached",
        "redis" => "Redis",
        _ => "Valkey",
    };
    object! {
        "Engine" => version.engine,
        "EngineVersion" => version.number,
        "CacheParameterGroupFamily" => version.family,
        "CacheEngineDescription" => title,
        "CacheEngineVersionDescription" => format!("{title} version {}", version.full),
    }
}

fn no_service_updates(_: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    input.pass_over("ServiceUpdateName");
    input.pass_over("ServiceUpdateStatus");
    Ok(page.list("ServiceUpdates", "ServiceUpdate", []))
}

fn no_update_actions(_: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    for filter in ["ReplicationGroupIds", "CacheClusterIds", "Engine", "ServiceUpdateName", "ServiceUpdateStatus"] {
        input.pass_over(filter);
    }
    input.pass_over("UpdateActionStatus");
    input.pass_over("ShowNodeLevelUpdateStatus");
    Ok(page.list("UpdateActions", "UpdateAction", []))
}

fn no_user_groups(_: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    match input.text("UserGroupId") {
        Some(id) => Err(Refusal::new("UserGroupNotFound", format!("User group {id} not found.")).status(404)),
        None => Ok(page.list("UserGroups", "member", [])),
    }
}

/// The one user that is there by itself.
fn users(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    input.pass_over("Filters");
    let engine = input.text("Engine").unwrap_or("redis").to_owned();
    if let Some(id) = input.text("UserId").filter(|id| *id != "default") {
        return Err(Refusal::new("UserNotFound", format!("User {id} not found.")).status(404));
    }
    let user = object! {
        "UserId" => "default",
        "UserName" => "default",
        "Status" => "active",
        "Engine" => engine,
        "MinimumEngineVersion" => "6.0",
        "AccessString" => "on ~* +@all",
        "UserGroupIds" => Tree::List("member", Vec::new()),
        "Authentication" => object! { "Type" => "no-password" },
        "ARN" => scene.arn("elasticache", "user:default"),
    };
    Ok(page.list("Users", "member", [("default".to_owned(), user)]))
}

/// The node types that a cache can go to: smaller and larger ones of all families.
fn node_types(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let current = match (input.text("ReplicationGroupId"), input.text("CacheClusterId")) {
        (Some(id), _) => group::find(scene, id)?.1.node.clone(),
        (None, Some(id)) => cluster::find(scene, id)?.1.node.clone(),
        (None, None) => {
            let words = "One of ReplicationGroupId and CacheClusterId must be specified.";
            return Err(super::refusals::combination(words));
        }
    };
    let all: Vec<String> = nodes().collect();
    let at = all.iter().position(|node| *node == current).unwrap_or(0);
    let (below, above) = all.split_at(at);
    Ok(object! {
        "ScaleUpModifications" => members(above.iter().skip(1)),
        "ScaleDownModifications" => members(below),
    })
}
