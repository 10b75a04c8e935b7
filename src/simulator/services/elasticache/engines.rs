//! The engines that can be had, their versions, and the nodes they run on.
//!
//! From the lists of supported versions (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/supported-engine-versions.html>) and of node
//! types (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheNodes.SupportedTypes.html>).

use crate::simulator::input::invalid;
use crate::simulator::refusal::Refusal;

use super::refusals::combination;

/// A version that can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) engine: &'static str,
    /// As it is asked for: `8.0`.
    pub(super) number: &'static str,
    /// As clusters show it: `8.0.1`.
    pub(super) full: &'static str,
    pub(super) family: &'static str,
}

const fn version(engine: &'static str, number: &'static str, full: &'static str, family: &'static str) -> Version {
    Version { engine, number, full, family }
}

/// All versions; those of one engine stand together, oldest first.
pub(super) const VERSIONS: &[Version] = &[
    version("memcached", "1.4.34", "1.4.34", "memcached1.4"),
    version("memcached", "1.5.16", "1.5.16", "memcached1.5"),
    version("memcached", "1.6.6", "1.6.6", "memcached1.6"),
    version("memcached", "1.6.12", "1.6.12", "memcached1.6"),
    version("memcached", "1.6.17", "1.6.17", "memcached1.6"),
    version("memcached", "1.6.22", "1.6.22", "memcached1.6"),
    version("redis", "4.0.10", "4.0.10", "redis4.0"),
    version("redis", "5.0.6", "5.0.6", "redis5.0"),
    version("redis", "6.0", "6.0.5", "redis6.x"),
    version("redis", "6.2", "6.2.6", "redis6.x"),
    version("redis", "7.0", "7.0.7", "redis7"),
    version("redis", "7.1", "7.1.0", "redis7"),
    version("valkey", "7.2", "7.2.6", "valkey7"),
    version("valkey", "8.0", "8.0.1", "valkey8"),
    version("valkey", "8.1", "8.1.1", "valkey8"),
    version("valkey", "8.2", "8.2.1", "valkey8"),
    version("valkey", "9.0", "9.0.1", "valkey9"),
];

/// The version that is meant; without any, the newest.
pub(super) fn find(engine: &str, wanted: Option<&str>) -> Result<Version, Refusal> {
    let mut all = VERSIONS.iter().filter(|version| version.engine == engine);
    let newest = all.clone().next_back();
    let newest = newest.ok_or_else(|| invalid(format!("Invalid parameter value: {engine} for parameter Engine")))?;
    let Some(wanted) = wanted else { return Ok(*newest) };
    let found = all.rfind(|version| {
        // `6.x` is any of version 6.
        let is_any = wanted.strip_suffix(".x").is_some_and(|major| version.number.split('.').next() == Some(major));
        wanted == version.number || wanted == version.full || is_any
    });
    found.copied().ok_or_else(|| combination(format!("Cannot find version {wanted} for {engine}")))
}

impl Version {
    /// Its default parameter group.
    pub(super) fn parameter_group(self, has_cluster_mode: bool) -> String {
        let mode = if has_cluster_mode { ".cluster.on" } else { "" };
        format!("default.{}{mode}", self.family)
    }

    /// Whether one can go from this to another: to newer ones of the engine, from Redis to Valkey, and from Valkey 7.2 back to Redis 7.1
    /// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/VersionManagement.HowTo.html>).
    pub(super) fn leads_to(self, other: Self) -> bool {
        let place = |wanted: Self| VERSIONS.iter().position(|version| *version == wanted);
        match (self.engine, other.engine) {
            ("redis", "valkey") => true,
            ("valkey", "redis") => (self.number, other.number) == ("7.2", "7.1"),
            (from, to) => from == to && place(self) <= place(other),
        }
    }
}

/// The families of parameter groups.
pub(super) fn families() -> Vec<&'static str> {
    let mut families: Vec<_> = VERSIONS.iter().map(|version| version.family).collect();
    families.dedup();
    families
}

/// The port of who names none.
pub(super) fn port(engine: &str) -> i64 {
    if engine == "memcached" { 11_211 } else { 6379 }
}

/// The families of nodes and their sizes; those of the generation before can still be had.
const NODES: &[(&str, &str)] = &[
    ("cache.t2", "micro small medium"),
    ("cache.m4", "large xlarge 2xlarge 4xlarge 10xlarge"),
    ("cache.r4", "large xlarge 2xlarge 4xlarge 8xlarge 16xlarge"),
    ("cache.t3", "micro small medium"),
    ("cache.t4g", "micro small medium"),
    ("cache.m5", "large xlarge 2xlarge 4xlarge 12xlarge 24xlarge"),
    ("cache.m6g", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"),
    ("cache.m7g", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"),
    ("cache.r5", "large xlarge 2xlarge 4xlarge 12xlarge 24xlarge"),
    ("cache.r6g", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"),
    ("cache.r6gd", "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"),
    ("cache.r7g", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"),
    ("cache.c7gn", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"),
];

/// All node types.
pub(super) fn nodes() -> impl Iterator<Item = String> {
    NODES.iter().flat_map(|(family, sizes)| sizes.split(' ').map(move |size| format!("{family}.{size}")))
}

/// Refuses a node type that does not exist.
pub(super) fn check_node(node: &str) -> Result<(), Refusal> {
    if nodes().any(|known| known == node) {
        return Ok(());
    }
    Err(invalid(format!("Invalid Cache Node Type: {node}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_named_short_or_in_full() {
        assert_eq!(find("valkey", Some("8.0")).unwrap().full, "8.0.1");
        assert_eq!(find("redis", Some("7.1.0")).unwrap().number, "7.1");
        assert_eq!(find("redis", Some("6.x")).unwrap().number, "6.2");
        assert!(find("valkey", Some("8")).is_err() && find("dragonfly", None).is_err());
    }

    #[test]
    fn one_goes_up_and_from_redis_to_valkey_and_only_from_its_first_version_back() {
        let version = |engine, number| find(engine, Some(number)).unwrap();
        assert!(version("redis", "7.0").leads_to(version("redis", "7.1")));
        assert!(version("redis", "7.1").leads_to(version("valkey", "7.2")));
        assert!(!version("valkey", "8.0").leads_to(version("valkey", "7.2")));
        assert!(version("valkey", "7.2").leads_to(version("redis", "7.1")));
        assert!(!version("valkey", "7.2").leads_to(version("redis", "7.0")));
        assert!(!version("valkey", "8.0").leads_to(version("redis", "7.1")));
    }
}
