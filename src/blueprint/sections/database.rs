//! `database`: a relational primary that takes the writes, and replicas that take the reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;

use super::Problems;
use super::network::NetworkRefs;
use crate::aws::resources::db_instance::DbInstance;
use crate::aws::resources::db_parameter_group::DbParameterGroup;
use crate::aws::resources::db_replica::DbReplica;
use crate::aws::resources::db_subnet_group::DbSubnetGroup;
use crate::aws::resources::secret::Secret;
use crate::aws::resources::security_group::SecurityGroup;
use crate::blueprint::decode::{Decode, Spanned, decode_fields, mismatch};
use crate::blueprint::diagnostic::{Diagnostic, Report};
use crate::blueprint::syntax::{Node, Value};
use crate::blueprint::values::{DbClass, DbPort, DbReplicas, Duration, Size, SqlName};
use crate::blueprint::{Profile, Protected, Stack};
use crate::engine::graph::{Graph, GraphError};
use crate::engine::reference::Ref;

/// A relational database with read replicas.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Database {
    /// The engine and its version: `mysql 8.4`, `mariadb 11.4` or `postgres 17`. Minor versions are raised by AWS.
    pub engine: Spanned<Engine>,
    /// The instance class of the primary and its replicas. Default: `db.t4g.medium` in `prod`, `db.t4g.micro` in `dev`.
    pub class: Option<DbClass>,
    /// The least storage. What has grown beyond it stays. Default: `20 GiB`.
    pub storage: Option<Spanned<Size>>,
    /// How far storage may grow by itself. Default: not at all.
    pub storage_max: Option<Spanned<Size>>,
    /// How many read replicas there are. Default: 0.
    pub replicas: Option<Spanned<DbReplicas>>,
    /// Whether a standby in another zone takes over when the primary fails. Default: `true` in `prod`, `false` in `dev`.
    pub multi_az: Option<bool>,
    /// For how long backups are kept, in days. Replicas need at least one. Default: `7d` in `prod`, `1d` in `dev`.
    pub backups: Option<Spanned<Duration>>,
    /// Whether a last snapshot is taken when the database is deleted. Default: `true`.
    pub final_snapshot: Option<bool>,
    /// The name of the database. Default: `app`.
    pub name: Option<Spanned<SqlName>>,
    /// The administrator's name. Default: `pando`.
    pub user: Option<Spanned<SqlName>>,
    /// The port. Default: the engine's own.
    pub port: Option<DbPort>,
}

decode_fields!(Database, "`database`", {
    engine!, class?, storage?, storage_max?, replicas?, multi_az?, backups?, final_snapshot?, name?, user?, port?,
});

/// An engine and the version of it that the author wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Which engine.
    pub kind: EngineKind,
    /// Which version: `8.4`, `17`.
    pub version: String,
}

/// A relational engine of RDS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
    /// PostgreSQL.
    Postgres,
}

/// What others need of the database.
pub struct DatabaseRefs {
    /// The primary.
    pub primary: Ref<DbInstance>,
    /// The replicas.
    pub replicas: Vec<Ref<DbReplica>>,
    /// Where the password is kept.
    pub password: Ref<Secret>,
    /// Who may reach it.
    pub group: Ref<SecurityGroup>,
    /// The port.
    pub port: u16,
    /// The engine's name.
    pub engine: String,
    /// The name of the database.
    pub name: String,
}

const PATTERN: &str =
    r"^(mysql|mariadb) (5|8|9|10|11|12)\.[0-9]{1,2}(\.[0-9]{1,2})?$|^postgres (9|1[0-9]|2[0-9])(\.[0-9]{1,2})?$";

impl EngineKind {
    const ALL: [Self; 3] = [Self::MySql, Self::MariaDb, Self::Postgres];

    /// RDS's name for it, which is the blueprint's too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
            Self::Postgres => "postgres",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::MySql | Self::MariaDb => 3306,
            Self::Postgres => 5432,
        }
    }

    /// The major versions under standard support in November 2026, oldest first.
    ///
    /// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/MySQL.Concepts.VersionMgmt.html> and its siblings.
    fn versions(self) -> &'static [&'static str] {
        match self {
            Self::MySql => &["8.4"],
            Self::MariaDb => &["10.11", "11.4", "11.8"],
            Self::Postgres => &["14", "15", "16", "17", "18"],
        }
    }

    /// The major versions that RDS offers beyond that, for money.
    ///
    /// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support.html>
    fn extended(self) -> &'static [&'static str] {
        match self {
            Self::MySql => &["5.7", "8.0"],
            Self::MariaDb => &[],
            Self::Postgres => &["11", "12", "13"],
        }
    }

    /// Only over TLS.
    fn parameters(self) -> BTreeMap<String, String> {
        let (name, value) = match self {
            Self::MySql | Self::MariaDb => ("require_secure_transport", "1"),
            Self::Postgres => ("rds.force_ssl", "1"),
        };
        BTreeMap::from([(name.to_owned(), value.to_owned())])
    }

    fn logs(self) -> BTreeSet<String> {
        let logs: &[&str] = match self {
            Self::MySql | Self::MariaDb => &["error", "slowquery"],
            Self::Postgres => &["postgresql", "upgrade"],
        };
        logs.iter().map(|log| (*log).to_owned()).collect()
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

    /// The version without its minor part: `8.4` of `8.4.3`, `17` of `17.2`.
    fn major(&self) -> String {
        let parts = if self.kind == EngineKind::Postgres { 1 } else { 2 };
        self.version.split('.').take(parts).collect::<Vec<_>>().join(".")
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
            report.add(wrong.hint("as in `mysql 8.4`, `mariadb 11.4` or `postgres 17`"));
        }
        read
    }
}

impl JsonSchema for Engine {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DatabaseEngine".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let examples = ["mysql 8.4", "mariadb 11.4", "postgres 17"];
        schemars::json_schema!({ "type": "string", "pattern": PATTERN, "examples": examples })
    }
}

const DAY: u32 = 86_400;

impl Database {
    /// Mistakes that a schema cannot see.
    pub fn check(&self, problems: &mut Problems<'_>) {
        self.check_engine(problems);
        if let Some(backups) = &self.backups {
            let days = backups.0 / DAY;
            if !backups.0.is_multiple_of(DAY) || days > 35 {
                let message = format!("backups are kept for whole days, at most 35, not for {}", backups.value);
                problems.report.add(Diagnostic::error(backups.span, message).hint("as in `7d`"));
            }
            if let Some(replicas) = self.replicas.filter(|replicas| replicas.0 > 0 && days == 0) {
                let message = "replicas are made from backups, and none are kept";
                let wrong = Diagnostic::error(replicas.span, message).related(backups.span, "for at least a day");
                problems.report.add(wrong.hint("write `backups: 1d` or more"));
            }
        }
        // gp3 volumes of RDS have 20 GiB to 64 TiB.
        for size in
            [&self.storage, &self.storage_max].into_iter().flatten().filter(|size| !(20..=65_536).contains(&size.0))
        {
            let message = format!("a database has 20 GiB to 64 TiB of storage, not {}", size.value);
            problems.report.add(Diagnostic::error(size.span, message));
        }
        let storage = self.storage.as_ref().map_or(20, |size| size.0);
        // RDS grows storage in steps of at least a tenth, and refuses a limit that leaves no room for one.
        let least = storage + storage.div_ceil(10);
        if let Some(most) = self.storage_max.as_ref().filter(|most| most.0 < least) {
            let (has, least) = (Size(storage), Size(least));
            let message = format!("storage of {has} could not grow to {}: it grows by a tenth at least", most.value);
            let hint = format!("write {least} or more, or leave it out if storage must not grow");
            problems.report.add(Diagnostic::error(most.span, message).hint(hint));
        }
        self.check_names(problems);
    }

    fn check_names(&self, problems: &mut Problems<'_>) {
        // RDS.25 of AWS's security standard; and RDS itself refuses some of these.
        let reserved = ["admin", "administrator", "mysql", "postgres", "root", "user"];
        let is_reserved = |name: &str| reserved.contains(&name) || name.starts_with("rds") || name.starts_with("pg_");
        if let Some(user) = self.user.as_ref().filter(|user| is_reserved(&user.0)) {
            let message = format!("`{}` is a name that everyone tries first, or that RDS keeps for itself", user.0);
            problems.report.add(Diagnostic::error(user.span, message).hint("leave it out for `pando`"));
        }
        let taken = ["mysql", "postgres", "rdsadmin", "sys", "template0", "template1"];
        if let Some(name) = self.name.as_ref().filter(|name| taken.contains(&name.0.as_str())) {
            let message = format!("`{}` is a database that the engine keeps for itself", name.0);
            problems.report.add(Diagnostic::error(name.span, message).hint("leave it out for `app`"));
        }
    }

    /// How many machines it is, standby and replicas included.
    pub fn nodes(&self, profile: Profile) -> usize {
        let standby = self.multi_az.unwrap_or(profile == Profile::Prod);
        1 + usize::from(standby) + self.replicas.map_or(0, |replicas| replicas.0 as usize)
    }

    fn check_engine(&self, problems: &mut Problems<'_>) {
        let (engine, known) = (&self.engine, self.engine.kind.versions());
        let number = |version: &str| -> Vec<u32> { version.split('.').map(|part| part.parse().unwrap_or(0)).collect() };
        let major = engine.major();
        if known.contains(&major.as_str()) {
            return;
        }
        let (all, name) = (known.join(", "), engine.kind.as_str());
        if engine.kind.extended().contains(&major.as_str()) {
            let message =
                format!("standard support for {name} {major} has ended, and AWS charges for the extended one");
            problems
                .report
                .add(Diagnostic::warning(engine.span, message).hint(format!("under standard support are {all}")));
            return;
        }
        let is_old = known.first().is_some_and(|oldest| number(&major) < number(oldest));
        let message = format!("RDS does not offer {name} {major} any more");
        problems.report.add(if is_old {
            Diagnostic::error(engine.span, message).hint(format!("it offers {all}"))
        } else {
            let message = format!("this Pando has not heard of {name} {major}");
            Diagnostic::warning(engine.span, message).hint(format!("it knows {all}; RDS decides"))
        });
    }

    /// What `profile: dev` relaxes here.
    pub fn relaxed(&self) -> Vec<String> {
        let mut relaxed = Vec::new();
        if self.multi_az.is_none() {
            relaxed.push("the database has no standby in another zone".into());
        }
        if self.backups.is_none() {
            relaxed.push("backups of the database are kept for a day, not for a week".into());
        }
        relaxed
    }
}

/// The resources.
pub fn expand(
    database: &Database,
    network: &NetworkRefs,
    stack: &Stack<'_>,
    graph: &mut Graph,
) -> Result<DatabaseRefs, GraphError> {
    let (engine, keep) = (&database.engine.value, stack.protect.contains(&Protected::Database));
    let group = network.group("database", "The database", stack, graph)?;
    let port = database.port.map_or(engine.kind.port(), |port| port.0);
    let subnets = DbSubnetGroup {
        description: format!("Where the database of {} may stand", stack.name),
        subnets: network.data.clone(),
        tags: stack.tags("database"),
    };
    let parameters = DbParameterGroup {
        description: format!("Settings of the database of {}", stack.name),
        family: format!("{}{}", engine.kind.as_str(), engine.major()),
        parameters: engine.kind.parameters(),
        tags: stack.tags("database"),
    };
    let username = database.user.as_ref().map_or("pando", |user| &user.0).to_owned();
    let password = Secret {
        description: format!("Administrator of the database of {}", stack.name),
        username: Some(username.clone()),
        recovery_days: stack.is_prod().then_some(30),
        tags: stack.tags("database"),
    };
    let password = graph.add_kept("database", &password, keep)?;
    let class = database.class.as_ref().map_or(default_class(stack.profile), |class| &class.0).to_owned();
    let name = database.name.as_ref().map_or("app", |name| &name.0).to_owned();
    let parameter_group = graph.add("database", &parameters)?;
    let primary = DbInstance {
        engine: engine.kind.as_str().into(),
        version: engine.version.clone(),
        class: class.clone(),
        storage: database.storage.as_ref().map_or(20, |size| size.0),
        storage_max: database.storage_max.as_ref().map(|size| size.0),
        subnet_group: graph.add("database", &subnets)?,
        parameter_group: parameter_group.clone(),
        security_groups: BTreeSet::from([group.clone()]),
        password: password.clone(),
        username,
        database: name.clone(),
        port,
        multi_az: database.multi_az.unwrap_or(stack.is_prod()),
        backup_days: database.backups.as_ref().map_or(if stack.is_prod() { 7 } else { 1 }, |time| time.0 / DAY),
        logs: engine.kind.logs(),
        deletion_protection: keep,
        final_snapshot: database.final_snapshot.unwrap_or(true),
        tags: stack.tags("database"),
    };
    let primary = graph.add_kept("primary", &primary, keep)?;
    let mut replicas = Vec::new();
    for number in 1..=database.replicas.map_or(0, |replicas| replicas.0) {
        let name = format!("replica-{number}");
        let replica = DbReplica {
            source: primary.clone(),
            class: class.clone(),
            parameter_group: parameter_group.clone(),
            security_groups: BTreeSet::from([group.clone()]),
            storage_max: database.storage_max.as_ref().map(|size| size.0),
            logs: engine.kind.logs(),
            tags: stack.tags(&name),
        };
        replicas.push(graph.add(&name, &replica)?);
    }
    Ok(DatabaseRefs { primary, replicas, password, group, port, engine: engine.kind.as_str().into(), name })
}

fn default_class(profile: Profile) -> &'static str {
    match profile {
        Profile::Prod => "db.t4g.medium",
        Profile::Dev => "db.t4g.micro",
    }
}
