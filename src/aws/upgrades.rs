//! Upgrades of a database: which versions are one, and what becomes of its replicas.

use std::collections::BTreeSet;

use aws_sdk_rds::types::DbInstance;

use super::clients::Aws;
use super::failure::with_references;
use super::rds::describe;
use super::resources::db_instance::DbInstanceId;
use super::versions;
use crate::engine::cloud_error::{CloudError, CloudResult};

/// Whether a database's version is what the author named, or what RDS has made of it since.
pub(super) fn covers(engine: &str, wanted: &str, seen: &str) -> bool {
    versions::covers(wanted, seen, majors(engine))
}

/// Of how many numbers a major version is: PostgreSQL's of one, the others' of two.
pub(super) fn majors(engine: &str) -> usize {
    if engine == "postgres" { 1 } else { 2 }
}

/// Whether RDS upgrades the replicas together with their source: only to a new major version of PostgreSQL
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.html>).
pub(super) fn takes_replicas_along(engine: &str, wanted: &str, seen: &str) -> bool {
    engine == "postgres" && wanted.split('.').next() != seen.split('.').next()
}

/// Upgrades the replicas of a database that are still older than it is to be: "you must upgrade all of the read replicas before upgrading the
/// source instance" (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.MySQL.html>). `parameter_group` is one for
/// the new version.
///
/// # Errors
/// [`CloudError::NotYet`] until all of them are upgraded, which takes minutes.
pub(super) async fn upgrade_replicas(
    cloud: &Aws,
    replicas: &BTreeSet<DbInstanceId>,
    engine: &str,
    version: &str,
    parameter_group: &str,
) -> CloudResult<()> {
    if replicas.is_empty() {
        return Ok(());
    }
    let mut older = describe(cloud, Some(replicas.iter().map(|id| id.0.clone()).collect())).await?;
    older.retain(|replica| !covers(engine, version, replica.engine_version().unwrap_or_default()));
    for replica in older.iter().filter(|replica| may_be_asked(replica)) {
        let request = cloud.api.rds.modify_db_instance();
        let request = request.set_db_instance_identifier(replica.db_instance_identifier.clone());
        let request = request.engine_version(version).allow_major_version_upgrade(true).apply_immediately(true);
        request.db_parameter_group_name(parameter_group).send().await.map_err(with_references)?;
    }
    let names: Vec<&str> = older.iter().filter_map(|replica| replica.db_instance_identifier()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(CloudError::NotYet(format!("replicas are upgraded before their source: {}", names.join(", "))))
}

/// Whether a replica is at rest. For a while after a call it still says that it is available, but already what will become of it.
fn may_be_asked(replica: &DbInstance) -> bool {
    let is_upgraded = replica.pending_modified_values().is_some_and(|pending| pending.engine_version().is_some());
    replica.db_instance_status() == Some("available") && !is_upgraded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_covers_what_aws_makes_of_it_and_no_others() {
        for (engine, wanted, seen) in [
            ("mysql", "8.4", "8.4.3"),
            ("mysql", "8.4.3", "8.4.3"),
            ("mysql", "8.4.3", "8.4.10"),
            ("postgres", "17", "17.2"),
            ("postgres", "17.2", "17.10"),
        ] {
            assert!(covers(engine, wanted, seen), "{engine} {wanted} {seen}");
        }
        for (engine, wanted, seen) in [
            ("mysql", "8.4", "8.40.1"),
            ("mysql", "8.4.3", "8.4.2"),
            ("mysql", "8.4", "8.0.40"),
            ("postgres", "17", "16.9"),
        ] {
            assert!(!covers(engine, wanted, seen), "{engine} {wanted} {seen}");
        }
    }
}
