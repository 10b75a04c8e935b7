//! `cache`: an in-memory cache between the application and the database.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;

use super::Problems;
use super::network::NetworkRefs;
use crate::aws::resources::cache_cluster::CacheCluster;
use crate::aws::resources::cache_parameter_group::CacheParameterGroup;
use crate::aws::resources::cache_subnet_group::CacheSubnetGroup;
use crate::aws::resources::parameter::Setting;
use crate::aws::resources::replication_group::ReplicationGroup;
use crate::aws::resources::secret::Secret;
use crate::aws::resources::security_group::SecurityGroup;
use crate::blueprint::decode::{Decode, Spanned, decode_fields, mismatch};
use crate::blueprint::diagnostic::{Diagnostic, Report};
use crate::blueprint::syntax::{Node, Value};
use crate::blueprint::values::{CacheNode, CacheNodes, CacheReplicas};
use crate::blueprint::{Profile, Protected, Stack};
use crate::engine::graph::{Graph, GraphError};
use crate::engine::reference::Ref;

/// An in-memory cache, encrypted at rest and in transit, with a password.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Cache {
    /// The engine and its version: `valkey 8`, `redis 7` or `memcached 1.6`.
    pub engine: Spanned<Engine>,
    /// The node type. Default: `cache.t4g.small` in `prod`, `cache.t4g.micro` in `dev`.
    pub node: Option<Spanned<CacheNode>>,
    /// How many replicas the primary of Valkey or Redis has. Default: 1 in `prod`, 0 in `dev`.
    pub replicas: Option<Spanned<CacheReplicas>>,
    /// How many nodes Memcached has. Default: 2 in `prod`, 1 in `dev`.
    pub nodes: Option<Spanned<CacheNodes>>,
    /// Whether a last snapshot of Valkey or Redis is taken when the cache is deleted. Default: `true` in `prod`, `false` in `dev`.
    pub final_snapshot: Option<Spanned<bool>>,
}

decode_fields!(Cache, "`cache`", { engine!, node?, replicas?, nodes?, final_snapshot? });

/// An engine and the version of it that the author wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Which engine.
    pub kind: EngineKind,
    /// Which version: `8`, `8.1`, `1.6`.
    pub version: String,
}

/// An engine of ElastiCache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// Valkey.
    Valkey,
    /// Redis OSS.
    Redis,
    /// Memcached.
    Memcached,
}

/// What others need of the cache.
pub struct CacheRefs {
    /// The host that takes writes.
    pub host: Setting,
    /// The host that takes reads.
    pub reader: Option<Setting>,
    /// Where the password is kept.
    pub password: Option<Ref<Secret>>,
    /// Who may reach it.
    pub group: Ref<SecurityGroup>,
    /// The port.
    pub port: u16,
    /// The engine's name.
    pub engine: String,
}

const PATTERN: &str = r"^valkey (7|8|9)(\.[0-9]{1,2})?$|^redis (6|7)(\.[0-9]{1,2})?$|^memcached 1\.6(\.[0-9]{1,2})?$";

impl EngineKind {
    const ALL: [Self; 3] = [Self::Valkey, Self::Redis, Self::Memcached];

    /// ElastiCache's name for it, which is the blueprint's too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valkey => "valkey",
            Self::Redis => "redis",
            Self::Memcached => "memcached",
        }
    }

    /// The versions that ElastiCache offers in November 2026, oldest first.
    ///
    /// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/supported-engine-versions.html>
    fn versions(self) -> &'static [&'static str] {
        match self {
            Self::Valkey => &["7.2", "8.0", "8.1", "8.2", "9.0"],
            Self::Redis => &["6.0", "6.2", "7.0", "7.1"],
            Self::Memcached => &["1.6.6", "1.6.12", "1.6.17", "1.6.22"],
        }
    }
}

impl Engine {
    /// Reads it.
    pub fn read(text: &str) -> Option<Self> {
        let (kind, version) = text.split_once(' ')?;
        let kind = EngineKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
        let fits = regex_lite::Regex::new(PATTERN).is_ok_and(|pattern| pattern.is_match(text));
        fits.then(|| Self { kind, version: version.to_owned() })
    }

    /// The version to ask for: ElastiCache wants a minor version, and for Memcached a patch. These are the ones it recommends.
    ///
    /// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/supported-engine-versions.html>
    fn full(&self) -> String {
        let full = match (self.kind, self.version.as_str()) {
            (EngineKind::Valkey, "7") => "7.2",
            (EngineKind::Valkey, "8") => "8.0",
            (EngineKind::Redis, "6") => "6.2",
            (EngineKind::Redis, "7") => "7.1",
            (EngineKind::Memcached, "1.6") => "1.6.22",
            (EngineKind::Valkey, version) if !version.contains('.') => return format!("{version}.0"),
            (_, version) => version,
        };
        full.to_owned()
    }

    fn family(&self) -> String {
        let major = self.version.split('.').next().unwrap_or_default();
        match self.kind {
            EngineKind::Valkey => format!("valkey{major}"),
            // Redis 6 is the one whose family has an `x`.
            EngineKind::Redis if major == "6" => "redis6.x".into(),
            EngineKind::Redis => format!("redis{major}"),
            EngineKind::Memcached => "memcached1.6".into(),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.version)
    }
}

impl Decode for Engine {
    fn decode(node: &Node, report: &mut Report) -> Option<Self> {
        let read = match &node.value {
            Value::Scalar { text, .. } => Self::read(text),
            Value::List(_) | Value::Map(_) => None,
        };
        if read.is_none() {
            let wrong = mismatch(node, "an engine and its version");
            report.add(wrong.hint("as in `valkey 8`, `redis 7` or `memcached 1.6`"));
        }
        read
    }
}

impl JsonSchema for Engine {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CacheEngine".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let examples = ["valkey 8", "redis 7", "memcached 1.6"];
        schemars::json_schema!({ "type": "string", "pattern": PATTERN, "examples": examples })
    }
}

impl Cache {
    fn is_memcached(&self) -> bool {
        self.engine.kind == EngineKind::Memcached
    }

    /// How many machines it is.
    pub fn nodes(&self, profile: Profile) -> usize {
        let prod = u32::from(profile == Profile::Prod);
        let nodes = if self.is_memcached() {
            self.nodes.map_or(1 + prod, |nodes| nodes.0)
        } else {
            1 + self.replicas.map_or(prod, |replicas| replicas.0)
        };
        nodes as usize
    }

    fn check_engine(&self, problems: &mut Problems<'_>) {
        let (engine, full) = (&self.engine, self.engine.full());
        let number = |version: &str| -> Vec<u32> { version.split('.').map(|part| part.parse().unwrap_or(0)).collect() };
        if engine.kind == EngineKind::Memcached && number(&full) < number("1.6.12") {
            let message = format!("{} cannot encrypt what goes over the network", engine.value);
            problems.report.add(Diagnostic::error(engine.span, message).hint("`memcached 1.6.12` and later can"));
            return;
        }
        let known = engine.kind.versions();
        if !known.contains(&full.as_str()) {
            let message = format!("this Pando has not heard of {} {full}", engine.kind.as_str());
            let hint = format!("it knows {}; ElastiCache decides", known.join(", "));
            problems.report.add(Diagnostic::warning(engine.span, message).hint(hint));
        }
    }

    fn has_final_snapshot(&self, profile: Profile) -> bool {
        self.final_snapshot.as_ref().map_or(profile == Profile::Prod, |wanted| wanted.value)
    }

    /// ElastiCache takes no snapshots of Memcached, nor of the oldest of its node types.
    ///
    /// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups.html>
    fn check_snapshots(&self, problems: &mut Problems<'_>) {
        const WITHOUT: &str = "cache.t1.micro";
        if let Some(wanted) = self.final_snapshot.as_ref().filter(|_| self.is_memcached()) {
            let message = "ElastiCache takes no snapshots of Memcached";
            problems.report.add(Diagnostic::error(wanted.span, message).hint("leave `final_snapshot` out"));
        }
        let takes = problems.profile == Profile::Prod || self.has_final_snapshot(problems.profile);
        let node = self.node.as_ref().filter(|node| takes && !self.is_memcached() && node.0 == WITHOUT);
        if let Some(node) = node {
            let message = format!("ElastiCache takes no snapshots of {WITHOUT}");
            problems.report.add(Diagnostic::error(node.span, message).hint("`cache.t4g.micro` costs no more"));
        }
    }

    /// Mistakes that a schema cannot see.
    pub fn check(&self, problems: &mut Problems<'_>) {
        self.check_engine(problems);
        self.check_snapshots(problems);
        if let Some(replicas) = self.replicas.filter(|_| self.is_memcached()) {
            let message = "Memcached knows no replicas";
            problems.report.add(
                Diagnostic::error(replicas.span, message).hint("write `nodes`, over which clients spread their keys"),
            );
        }
        if let Some(nodes) = self.nodes.filter(|_| !self.is_memcached()) {
            let message = format!("{} has one primary and `replicas`, not `nodes`", self.engine.kind.as_str());
            let hint = "the primary is not counted: `replicas: 1` makes two nodes";
            problems.report.add(Diagnostic::error(nodes.span, message).hint(hint));
        }
    }

    /// What `profile: dev` relaxes here.
    pub fn relaxed(&self) -> Vec<String> {
        let said = if self.is_memcached() { self.nodes.is_some() } else { self.replicas.is_some() };
        let mut relaxed = Vec::new();
        if !said {
            relaxed.push("the cache has a single node, and is empty after it fails".into());
        }
        if !self.is_memcached() && self.final_snapshot.is_none() {
            relaxed.push("no last snapshot of the cache is taken when it is deleted".into());
        }
        relaxed
    }
}

/// The resources.
pub fn expand(
    cache: &Cache,
    network: &NetworkRefs,
    stack: &Stack<'_>,
    graph: &mut Graph,
) -> Result<CacheRefs, GraphError> {
    let group = network.group("cache", "The cache", stack, graph)?;
    let subnets = CacheSubnetGroup {
        description: format!("Where the cache of {} may stand", stack.name),
        subnets: network.data.clone(),
        tags: stack.tags("cache"),
    };
    let parameters = CacheParameterGroup {
        description: format!("Settings of the cache of {}", stack.name),
        family: cache.engine.family(),
        parameters: BTreeMap::new(),
        tags: stack.tags("cache"),
    };
    let (subnet_group, parameter_group) = (graph.add("cache", &subnets)?, graph.add("cache", &parameters)?);
    let by_default = if stack.is_prod() { "cache.t4g.small" } else { "cache.t4g.micro" };
    let node = cache.node.as_ref().map_or(by_default, |node| &node.0).to_owned();
    let (engine, keep) = (cache.engine.kind.as_str().to_owned(), stack.protect.contains(&Protected::Cache));
    if cache.is_memcached() {
        let cluster = CacheCluster {
            version: cache.engine.full(),
            node,
            nodes: cache.nodes.map_or(1 + u32::from(stack.is_prod()), |nodes| nodes.0),
            subnet_group,
            parameter_group,
            security_groups: BTreeSet::from([group.clone()]),
            tags: stack.tags("cache"),
        };
        let cluster = graph.add_kept("cache", &cluster, keep)?;
        let host = Setting::MemcachedHost(cluster);
        return Ok(CacheRefs { host, reader: None, password: None, group, port: 11211, engine });
    }
    let secret = Secret {
        description: format!("Password of the cache of {}", stack.name),
        username: None,
        recovery_days: stack.is_prod().then_some(30),
        tags: stack.tags("cache"),
    };
    let password = graph.add_kept("cache", &secret, keep)?;
    let replicas = cache.replicas.map_or(u32::from(stack.is_prod()), |replicas| replicas.0);
    let replication = ReplicationGroup {
        description: format!("The cache of {}", stack.name),
        engine: engine.clone(),
        version: cache.engine.full(),
        node,
        replicas,
        multi_az: replicas > 0,
        subnet_group,
        parameter_group,
        security_groups: BTreeSet::from([group.clone()]),
        password: password.clone(),
        snapshot_days: if stack.is_prod() { 7 } else { 0 },
        final_snapshot: cache.has_final_snapshot(stack.profile),
        tags: stack.tags("cache"),
    };
    let cache = graph.add_kept("cache", &replication, keep)?;
    let (host, reader) = (Setting::CacheHost(cache.clone()), Some(Setting::CacheReaderHost(cache)));
    Ok(CacheRefs { host, reader, password: Some(password), group, port: 6379, engine })
}
