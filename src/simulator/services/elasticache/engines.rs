//! Engines, their versions, and which family of parameters each has.

use super::super::super::input::{Input, invalid};
use super::super::super::output::{Tree, named, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::page;

/// What can be asked about engines.
pub(super) const ACTIONS: &[Action] = &[
    action("DescribeCacheEngineVersions", describe),
    action("DescribeServiceUpdates", describe_service_updates),
    action("DescribeUpdateActions", describe_update_actions),
    action("DescribeUserGroups", describe_user_groups),
    action("DescribeUsers", describe_users),
];

/// A version of an engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Release {
    pub(super) engine: &'static str,
    pub(super) version: &'static str,
    pub(super) family: &'static str,
}

const fn version(engine: &'static str, version: &'static str, family: &'static str) -> Release {
    Release { engine, version, family }
}

/// Those that can be made, the newest of each engine last
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html>).
const VERSIONS: &[Release] = &[
    version("memcached", "1.5.16", "memcached1.5"),
    version("memcached", "1.6.6", "memcached1.6"),
    version("memcached", "1.6.12", "memcached1.6"),
    version("memcached", "1.6.17", "memcached1.6"),
    version("memcached", "1.6.22", "memcached1.6"),
    version("redis", "5.0.6", "redis5.0"),
    version("redis", "6.2.6", "redis6.x"),
    version("redis", "7.0.7", "redis7"),
    version("redis", "7.1.0", "redis7"),
    version("valkey", "7.2.6", "valkey7"),
    version("valkey", "8.0.1", "valkey8"),
    version("valkey", "8.1.0", "valkey8"),
];

/// The families that parameter groups can be of.
pub(super) fn families() -> impl Iterator<Item = &'static str> {
    let mut families: Vec<&str> = VERSIONS.iter().map(|version| version.family).collect();
    families.dedup();
    families.into_iter()
}

/// The newest version that begins with what is asked for: `7.1`, `8`, or nothing.
///
/// # Errors
/// If there is none.
pub(super) fn find(engine: &str, wanted: Option<&str>) -> Result<Release, Refusal> {
    let mut of_engine = VERSIONS.iter().filter(|version| version.engine == engine).peekable();
    if of_engine.peek().is_none() {
        return Err(invalid(format!("Invalid engine: {engine}")));
    }
    let fits = |version: &&Release| match wanted {
        None => true,
        Some(wanted) => {
            let wanted = wanted.trim_end_matches(".x");
            version.version == wanted || version.version.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
        }
    };
    let found = of_engine.rfind(fits).copied();
    found.ok_or_else(|| {
        let wanted = wanted.unwrap_or_default();
        super::combination(format!("Cannot find version {wanted} for {engine}"))
    })
}

fn describe(_: &mut Scene<'_>, input: &Input) -> Answer {
    let page = page(input)?;
    let (engine, wanted) = (input.text("Engine"), input.text("EngineVersion"));
    let family = input.text("CacheParameterGroupFamily");
    let is_default_only = input.flag("DefaultOnly") == Some(true);
    let newest = |version: &Release| VERSIONS.iter().rfind(|other| other.engine == version.engine).map(|v| v.version);
    let found = VERSIONS.iter().filter(|version| {
        engine.is_none_or(|engine| engine == version.engine)
            && wanted.is_none_or(|wanted| wanted == version.version)
            && family.is_none_or(|family| family == version.family)
            && (!is_default_only || newest(version) == Some(version.version))
    });
    let found = found.map(|Release { engine, version, family }| {
        let tree = object! {
            "Engine" => *engine,
            "EngineVersion" => *version,
            "CacheParameterGroupFamily" => *family,
            "CacheEngineDescription" => *engine,
            "CacheEngineVersionDescription" => format!("{engine} version {version}"),
        };
        (format!("{engine} {version}"), tree)
    });
    let (versions, marker) = page.cut(found);
    Ok(object! { "CacheEngineVersions" => named("CacheEngineVersion", versions), "Marker" => marker })
}

/// Nothing is ever due.
fn describe_service_updates(_: &mut Scene<'_>, _: &Input) -> Answer {
    Ok(object! { "ServiceUpdates" => named::<Tree>("ServiceUpdate", []) })
}

fn describe_update_actions(_: &mut Scene<'_>, _: &Input) -> Answer {
    Ok(object! { "UpdateActions" => named::<Tree>("UpdateAction", []) })
}

/// Access by users and their groups is not modelled: there are none.
fn describe_users(_: &mut Scene<'_>, input: &Input) -> Answer {
    match input.text("UserId") {
        Some(_) => Err(Refusal::new("UserNotFound", "User not found").status(404)),
        None => Ok(object! { "Users" => named::<Tree>("member", []) }),
    }
}

fn describe_user_groups(_: &mut Scene<'_>, input: &Input) -> Answer {
    match input.text("UserGroupId") {
        Some(_) => Err(Refusal::new("UserGroupNotFound", "User group not found").status(404)),
        None => Ok(object! { "UserGroups" => named::<Tree>("member", []) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_may_be_named_by_its_beginning() {
        assert_eq!(find("valkey", Some("8")).unwrap().version, "8.1.0");
        assert_eq!(find("redis", Some("7.0")).unwrap().version, "7.0.7");
        assert_eq!(find("redis", Some("6.x")).unwrap().version, "6.2.6");
        assert_eq!(find("memcached", None).unwrap().version, "1.6.22");
        assert!(find("redis", Some("7.1.00")).is_err() && find("oracle", None).is_err());
    }
}
