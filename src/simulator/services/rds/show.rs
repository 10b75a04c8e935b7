//! How a database instance is shown.

use super::changes::Changes;
use super::instance::{Instance, Settings, Storage, replicas};
use super::subnet_groups;
use crate::simulator::clock::Moment;
use crate::simulator::output::{Tree, members, named, object};
use crate::simulator::scene::Scene;

use super::windows::last_five_minutes;

/// The zone of Route 53 that the host names are in.
const HOSTED_ZONE: &str = "Z29XKXDKYMONMX";

/// A database instance as all calls show it.
pub(super) fn instance(scene: &Scene<'_>, id: &str, instance: &Instance) -> Tree {
    let mut tree = object! {
        "DBInstanceIdentifier" => id.to_owned(),
        "DBInstanceArn" => scene.arn("rds", &format!("db:{id}")),
        "DbiResourceId" => &instance.resource,
        "DBInstanceStatus" => instance.status,
        "InstanceCreateTime" => instance.created,
        "LatestRestorableTime" => restorable(scene, instance),
        "PendingModifiedValues" => pending(&[&instance.pending, &instance.under_way]),
        "TagList" => instance.tags.list("Tag"),
    };
    tree = endpoint(tree, scene, id, instance);
    tree = place(tree, scene, instance);
    tree = storage(tree, &instance.storage);
    tree = settings(tree, &instance.settings);
    tree = groups(tree, instance);
    replication(tree, scene, id, instance)
}

fn endpoint(tree: Tree, scene: &Scene<'_>, id: &str, instance: &Instance) -> Tree {
    let endpoint = instance.created.map(|_| {
        object! {
            "Address" => host(scene, id),
            "Port" => instance.settings.port,
            "HostedZoneId" => HOSTED_ZONE,
        }
    });
    tree.with("Endpoint", endpoint).with("DbInstancePort", 0)
}

/// The host name of a database: its identifier, twelve letters and digits that the account has in this region, and the region.
fn host(scene: &Scene<'_>, id: &str) -> String {
    let account: u64 = scene.place.account.parse().unwrap_or_default();
    let own = account.wrapping_mul(2_654_435_761) & 0xfff_ffff_ffff;
    format!("{id}.c{own:011x}.{}.rds.amazonaws.com", scene.place.region)
}

/// The last moment that it can be restored to: with backups, never more than five minutes ago.
fn restorable(scene: &Scene<'_>, instance: &Instance) -> Option<Moment> {
    let created = instance.created.filter(|_| instance.settings.backup_days > 0)?;
    Some(last_five_minutes(scene.now).max(created))
}

fn place(tree: Tree, scene: &Scene<'_>, instance: &Instance) -> Tree {
    let site = &instance.place;
    let groups = site.security_groups.iter();
    let groups = groups.map(|group| object! { "VpcSecurityGroupId" => group, "Status" => "active" });
    let subnets = scene.here.rds.subnet_groups.get(&site.subnet_group);
    // While it is being made its zone is not known yet.
    let zone = instance.created.map(|_| &site.zone);
    tree.with("AvailabilityZone", zone)
        .with("SecondaryAvailabilityZone", site.other_zone.as_ref().filter(|_| instance.created.is_some()))
        .with("DBSubnetGroup", subnets.map(|group| subnet_groups::show(scene, &site.subnet_group, group)))
        .with("VpcSecurityGroups", named("VpcSecurityGroupMembership", groups))
        .with("DBSecurityGroups", Tree::List("DBSecurityGroup", Vec::new()))
        .with("NetworkType", "IPV4")
        .with("CustomerOwnedIpEnabled", false)
        .with("BackupTarget", "region")
}

fn storage(tree: Tree, storage: &Storage) -> Tree {
    disks(tree, storage)
        .with("MaxAllocatedStorage", storage.most)
        .with("StorageEncrypted", storage.key.is_some())
        .with("IsStorageConfigUpgradeAvailable", false)
}

/// Disks, as databases, snapshots and backups show them.
pub(super) fn disks(tree: Tree, storage: &Storage) -> Tree {
    tree.with("StorageType", &storage.kind)
        .with("AllocatedStorage", storage.size)
        .with("Iops", storage.iops)
        .with("StorageThroughput", storage.throughput.unwrap_or_default())
        .with("KmsKeyId", storage.key.as_ref())
        .with("DedicatedLogVolume", false)
}

/// What runs, as databases, snapshots and backups show it.
pub(super) fn engine(tree: Tree, settings: &Settings) -> Tree {
    tree.with("Engine", &settings.engine)
        .with("EngineVersion", &settings.version)
        .with("LicenseModel", &settings.license)
        .with("MasterUsername", &settings.username)
        .with("IAMDatabaseAuthenticationEnabled", settings.iam_login)
        .with("MultiTenant", false)
}

fn settings(tree: Tree, settings: &Settings) -> Tree {
    engine(tree, settings)
        .with("EngineLifecycleSupport", &settings.lifecycle_support)
        .with("DBInstanceClass", &settings.class)
        .with("DBName", settings.database.as_ref())
        .with("MultiAZ", settings.multi_az)
        .with("PubliclyAccessible", settings.public)
        .with("AutoMinorVersionUpgrade", settings.minor_upgrades)
        .with("CopyTagsToSnapshot", settings.copy_tags)
        .with("DeletionProtection", settings.deletion_protection)
        .with("BackupRetentionPeriod", settings.backup_days)
        .with("PreferredBackupWindow", &settings.backup_window)
        .with("PreferredMaintenanceWindow", &settings.maintenance_window)
        .with("CACertificateIdentifier", &settings.certificate)
        .with("MonitoringInterval", settings.monitoring_seconds)
        .with("MonitoringRoleArn", settings.monitoring_role.as_ref())
        .with("DatabaseInsightsMode", &settings.insights_mode)
        .with("PerformanceInsightsEnabled", settings.insights_days.is_some())
        .with("PerformanceInsightsRetentionPeriod", settings.insights_days)
        .with("EnabledCloudwatchLogsExports", (!settings.logs.is_empty()).then(|| members(&settings.logs)))
        .with("DomainMemberships", Tree::List("DomainMembership", Vec::new()))
        .with("AssociatedRoles", Tree::List("DBInstanceRole", Vec::new()))
        .with("ActivityStreamStatus", "stopped")
}

fn groups(tree: Tree, instance: &Instance) -> Tree {
    let parameters = object! {
        "DBParameterGroupName" => &instance.settings.parameter_group,
        "ParameterApplyStatus" => instance.parameters,
    };
    let options = object! { "OptionGroupName" => &instance.settings.option_group, "Status" => "in-sync" };
    let certificate = instance.created.map(|created| {
        // A server's certificate is good for a year.
        let valid = created.plus(std::time::Duration::from_hours(365 * 24));
        object! { "CAIdentifier" => &instance.settings.certificate, "ValidTill" => valid }
    });
    let secret = instance.secret.as_ref().map(|arn| {
        let status = if instance.created.is_some() { "active" } else { "creating" };
        object! { "SecretArn" => arn, "SecretStatus" => status, "KmsKeyId" => key_of_secrets(arn) }
    });
    tree.with("DBParameterGroups", named("DBParameterGroup", [parameters]))
        .with("OptionGroupMemberships", named("OptionGroupMembership", [options]))
        .with("CertificateDetails", certificate)
        .with("MasterUserSecret", secret)
}

/// The key that Secrets Manager encrypts with when it is not told another one.
fn key_of_secrets(arn: &str) -> String {
    let place: Vec<&str> = arn.split(':').collect();
    let (region, account) = (place.get(3).unwrap_or(&""), place.get(4).unwrap_or(&""));
    format!("arn:aws:kms:{region}:{account}:key/00000000-0000-4000-8000-000000000002")
}

fn replication(tree: Tree, scene: &Scene<'_>, id: &str, instance: &Instance) -> Tree {
    let status = instance.source.as_ref().filter(|_| instance.created.is_some()).map(|_| {
        let status = object! { "StatusType" => "read replication", "Normal" => true, "Status" => "replicating" };
        named("DBInstanceStatusInfo", [status])
    });
    tree.with("ReadReplicaSourceDBInstanceIdentifier", instance.source.as_ref())
        .with("ReadReplicaDBInstanceIdentifiers", named("ReadReplicaDBInstanceIdentifier", replicas(scene, id)))
        .with("ReadReplicaDBClusterIdentifiers", Tree::List("ReadReplicaDBClusterIdentifier", Vec::new()))
        .with("StatusInfos", status)
}

/// What is to change; what is being changed comes before what waits.
fn pending(all: &[&Changes]) -> Tree {
    let mut changes = Changes::default();
    for more in all {
        changes.take((*more).clone());
    }
    let logs = changes.logs.map(|(on, off)| {
        object! { "LogTypesToEnable" => members(on), "LogTypesToDisable" => members(off) }
    });
    object! {
        "DBInstanceClass" => changes.class,
        "AllocatedStorage" => changes.size,
        "StorageType" => changes.kind,
        "Iops" => changes.iops,
        "StorageThroughput" => changes.throughput,
        "MasterUserPassword" => changes.password.then_some("****"),
        "Port" => changes.port,
        "BackupRetentionPeriod" => changes.backup_days,
        "MultiAZ" => changes.multi_az,
        "EngineVersion" => changes.version,
        "DBInstanceIdentifier" => changes.identifier,
        "CACertificateIdentifier" => changes.certificate,
        "DBSubnetGroupName" => changes.subnet_group,
        "PendingCloudwatchLogsExports" => logs,
        "IAMDatabaseAuthenticationEnabled" => changes.iam_login,
    }
}
