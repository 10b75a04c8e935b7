//! What Pando sets the same way everywhere (encryption, above all) is no property, and still a kind looks after it. What it demands when
//! somebody has changed it is held against AWS's schemas too: nothing should make a database anew that need not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::table::{Does, Stands};
use super::{demanded, schemas};
use crate::support::recording::{Life, Recording};

use Does::{Replace, Update};
use Stands::{For, Outside, Unlike};

const NO_TYPE: &str = "CloudFormation has no type for the default group; its rules are taken away";
const FROM_THE_START: &str =
    "ElastiCache encrypts a cache from its making on; to switch it on later, if at all, takes a time of both";

const CONSTANTS: &[(&str, &str, Stands)] = &[
    ("autoscaling_group", "group_metrics", For(&["AutoScaling::AutoScalingGroup MetricsCollection"])),
    (
        "cache_cluster",
        "encrypted_in_transit",
        Unlike(&["ElastiCache::CacheCluster TransitEncryptionEnabled"], Replace, FROM_THE_START),
    ),
    ("db_instance", "copy_tags", For(&["RDS::DBInstance CopyTagsToSnapshot"])),
    ("db_instance", "encrypted", For(&["RDS::DBInstance StorageEncrypted"])),
    ("db_instance", "iam_login", For(&["RDS::DBInstance EnableIAMDatabaseAuthentication"])),
    ("db_instance", "minor_upgrades", For(&["RDS::DBInstance AutoMinorVersionUpgrade"])),
    ("db_instance", "public", For(&["RDS::DBInstance PubliclyAccessible"])),
    ("db_replica", "copy_tags", For(&["RDS::DBInstance CopyTagsToSnapshot"])),
    ("db_replica", "deletion_protection", For(&["RDS::DBInstance DeletionProtection"])),
    ("db_replica", "iam_login", For(&["RDS::DBInstance EnableIAMDatabaseAuthentication"])),
    ("db_replica", "minor_upgrades", For(&["RDS::DBInstance AutoMinorVersionUpgrade"])),
    ("db_replica", "public", For(&["RDS::DBInstance PubliclyAccessible"])),
    ("default_security_group", "egress_rules", Outside(Update, NO_TYPE)),
    ("default_security_group", "ingress_rules", Outside(Update, NO_TYPE)),
    ("listener", "tls_policy", For(&["ElasticLoadBalancingV2::Listener SslPolicy"])),
    ("queue", "encrypted", For(&["SQS::Queue SqsManagedSseEnabled"])),
    ("queue", "policy", For(&["SQS::QueuePolicy PolicyDocument"])),
    ("replication_group", "encrypted_at_rest", For(&["ElastiCache::ReplicationGroup AtRestEncryptionEnabled"])),
    (
        "replication_group",
        "encrypted_in_transit",
        Unlike(&["ElastiCache::ReplicationGroup TransitEncryptionEnabled"], Replace, FROM_THE_START),
    ),
    ("replication_group", "failover", For(&["ElastiCache::ReplicationGroup AutomaticFailoverEnabled"])),
    ("security_group", "open_egress", For(&["EC2::SecurityGroup SecurityGroupEgress"])),
];

/// The place of every value in an observation, as a JSON pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            // A slash or a tilde in a name would need escaping; such names are tags, which are properties.
            if !name.contains(['/', '~']) {
                places(member, &format!("{at}/{name}"), found);
            }
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(number, item)| places(item, &format!("{at}/{number}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(at.to_owned()),
    }
}

/// What could be there instead. Where nothing is, its type is not known either.
fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(flag) => vec![json!(!flag)],
        Value::Number(number) => vec![json!(number.as_u64().unwrap_or_default() + 1)],
        Value::String(text) => vec![json!(format!("{text}x"))],
        _ => vec![json!(false), json!(1), json!("x")],
    }
}

/// Every field that is no property, with what it demands when the cloud has it otherwise.
fn found(life: &Life) -> BTreeSet<(String, Does)> {
    let (mut all, mut found) = (Vec::new(), BTreeSet::new());
    places(&life.close, "", &mut all);
    for place in all {
        for other in others(&life.close.pointer(&place).cloned().unwrap_or_default()) {
            let mut seen = life.close.clone();
            if let Some(value) = seen.pointer_mut(&place) {
                *value = other;
            }
            // What the kind cannot read never comes from the cloud.
            let changes = life.kind.compare(&life.request.properties, &life.request, &seen, &life.book);
            let changes = changes.map(|changes| changes.0).unwrap_or_default().into_iter();
            let constant = changes.filter(|change| life.request.properties.get(&change.field).is_none());
            found.extend(constant.map(|change| (change.field, Does::from(change.manner))));
        }
    }
    found
}

#[tokio::test]
async fn what_pando_always_sets_is_mended_or_replaced_as_awss_own_schemas_say() {
    let (recording, schemas) = (Recording::get().await, schemas());
    let mut by_field: BTreeMap<(&str, String), BTreeSet<Does>> = BTreeMap::new();
    for life in &recording.lives {
        for (field, does) in found(life) {
            by_field.entry((life.kind.kind(), field)).or_default().insert(does);
        }
    }
    let listed: BTreeSet<(&str, String)> =
        CONSTANTS.iter().map(|(kind, name, _)| (*kind, (*name).to_owned())).collect();
    let seen: BTreeSet<_> = by_field.keys().cloned().collect();
    assert_eq!(seen, listed, "what kinds look after without being asked to, and what is listed here");
    for (kind, field, stands) in CONSTANTS {
        let demanded = demanded(stands, &schemas).unwrap_or_else(|why| panic!("{kind}.{field}: {why}"));
        for does in &by_field[&(*kind, (*field).to_owned())] {
            assert!(demanded.is_none_or(|demanded| demanded == *does), "{kind}.{field} does {does:?}");
        }
    }
}
