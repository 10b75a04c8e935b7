//! `ModifyDBInstance`: some settings change at once, some take a while, some wait for the maintenance window
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.Modifying.html#USER_ModifyInstance.Settings>).

use std::time::Duration;

use super::changes::{self, Changes, LogChange};
use super::engines::{self, Version};
use super::instance::{Instance, Storage, find, id_of, replicas};
use super::refusals::{combination, no_parameter_group, no_subnet_group, wrong_state};
use super::{create, life, listing, network, parameter_groups, parameters, requests, windows};
use crate::simulator::input::{Input, invalid};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::secrets;

/// Changing databases.
pub(super) const ACTIONS: &[Action] = &[action("ModifyDBInstance", modify)];

/// After storage has grown it cannot grow again for so long
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingExisting.html>).
const GROWN: Duration = Duration::from_hours(6);

/// What a call wants to have changed.
struct Wanted {
    /// The database with everything that changes at once.
    instance: Instance,
    groups: Option<Vec<String>>,
    parameter_group: Option<String>,
    /// What begins now in any case.
    soon: Changes,
    /// What may have to wait.
    later: Changes,
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, instance) = find(scene, input.need("DBInstanceIdentifier")?)?;
    let instance = instance.clone();
    if !instance.is_available() {
        return Err(wrong_state(format!("Instance {id} is not currently in the available state.")));
    }
    let mut wanted = wanted(scene, input, &id, instance)?;
    secret(scene, input, &mut wanted)?;
    let Wanted { mut instance, groups, parameter_group, soon, later } = wanted;
    let at_once = input.flag("ApplyImmediately") == Some(true);
    instance.under_way.take(soon);
    instance.pending.take(later);
    if at_once {
        let waiting = std::mem::take(&mut instance.pending);
        instance.under_way.take(waiting);
    }
    let (begins, waits) = (!instance.under_way.is_empty(), !instance.pending.is_empty());
    if let Some(there) = scene.here.rds.instances.get_mut(&id) {
        *there = instance;
    }
    if let Some(groups) = groups {
        network::set_groups(scene, &id, &groups);
    }
    if let Some(group) = parameter_group {
        parameters::associate(scene, &id, &group);
    }
    if begins {
        changes::begin(scene, &id);
    }
    if waits {
        await_window(scene, &id);
    }
    life::answer(scene, &id)
}

/// Has what waits happen when the maintenance window opens.
fn await_window(scene: &mut Scene<'_>, id: &str) {
    let Some(instance) = scene.here.rds.instances.get(id) else { return };
    let opens = windows::next_opening(&instance.settings.maintenance_window, scene.now);
    let resource = instance.resource.clone();
    if let Some(opens) = opens {
        scene.later(opens.since(scene.now), window_opens, &resource);
    }
}

fn window_opens(scene: &mut Scene<'_>, resource: &str) {
    let Some(id) = id_of(scene, resource) else { return };
    let Some(instance) = scene.here.rds.instances.get_mut(&id) else { return };
    if instance.pending.is_empty() || instance.status == "deleting" {
        return;
    }
    if !instance.is_available() {
        return await_window(scene, &id);
    }
    let pending = std::mem::take(&mut instance.pending);
    instance.under_way.take(pending);
    changes::begin(scene, &id);
}

fn wanted(scene: &mut Scene<'_>, input: &Input, id: &str, instance: Instance) -> Result<Wanted, Refusal> {
    let engine = engines::engine(&instance.settings.engine)?;
    let version = engine.version(Some(&instance.settings.version))?;
    let mut soon = Changes::default();
    let mut later = Changes::default();
    if let Some(class) = input.text("DBInstanceClass").filter(|class| *class != instance.settings.class) {
        engines::check_class(class)?;
        later.class = Some(class.to_owned());
    }
    let upgrade = upgrade(input, version)?;
    check_replicas(scene, id, version, upgrade)?;
    let parameter_group = parameter_group(scene, input, &instance, version, upgrade, &mut later)?;
    storage(scene, input, &instance, &mut later)?;
    backups(scene, input, id, &instance, &mut soon, &mut later)?;
    later.identifier = identifier(scene, input, id)?;
    later.multi_az = input.flag("MultiAZ").filter(|multi_az| *multi_az != instance.settings.multi_az);
    later.certificate = input.text("CACertificateIdentifier").map(str::to_owned);
    later.certificate = later.certificate.filter(|authority| *authority != instance.settings.certificate);
    later.subnet_group = subnet_group(scene, input, &instance)?;
    let port = input.ranged("DBPortNumber", (1150, 65_535))?;
    soon.port = port.filter(|port| *port != instance.settings.port);
    soon.logs = logs(input, &instance, version)?;
    let iam_login = input.flag("EnableIAMDatabaseAuthentication");
    soon.iam_login = iam_login.filter(|login| *login != instance.settings.iam_login);
    let vpc = instance.place.vpc.clone();
    let groups = input.has("VpcSecurityGroupIds").then(|| network::security_groups(scene, input, &vpc)).transpose()?;
    let instance = at_once(scene, input, instance, version)?;
    Ok(Wanted { instance, groups, parameter_group, soon, later })
}

/// The version to upgrade to.
fn upgrade(input: &Input, version: Version) -> Result<Option<Version>, Refusal> {
    let allows_major = input.flag("AllowMajorVersionUpgrade") == Some(true);
    let Some(wanted) = input.text("EngineVersion") else { return Ok(None) };
    // The number of its own major version means that it stays.
    if wanted == version.number || wanted == version.major.number {
        return Ok(None);
    }
    let wanted = version.engine.version(Some(wanted))?;
    if !version.targets().any(|target| target.number == wanted.number) {
        let words = format!("Cannot upgrade {} from {} to {}", version.engine.name, version.number, wanted.number);
        return Err(combination(words));
    }
    if wanted.major.number != version.major.number && !allows_major {
        return Err(combination(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
        ));
    }
    Ok(Some(wanted))
}

/// Replicas are upgraded before their source: "you must upgrade all of the read replicas before upgrading the source instance". Only to a new
/// major version of PostgreSQL do they go along with it
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.MySQL.html>,
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.html>).
fn check_replicas(scene: &Scene<'_>, id: &str, version: Version, upgrade: Option<Version>) -> Result<(), Refusal> {
    let Some(wanted) = upgrade.filter(|wanted| !changes::takes_replicas_along(version, *wanted)) else { return Ok(()) };
    let is_old = |replica: &String| {
        let number = scene.here.rds.instances.get(replica).map(|replica| replica.settings.version.clone());
        number.is_some_and(|number| number != wanted.number && !wanted.targets().any(|newer| newer.number == number))
    };
    let old: Vec<String> = replicas(scene, id).into_iter().filter(is_old).collect();
    let words = || format!("One or more of the DB Instance's read replicas need to be upgraded: {}", old.join(", "));
    Scene::ensure(old.is_empty(), || Refusal::new("DBUpgradeDependencyFailure", words()))
}

/// The parameter group to change to at once. With a new major version a new one comes along.
fn parameter_group(
    scene: &Scene<'_>,
    input: &Input,
    instance: &Instance,
    version: Version,
    upgrade: Option<Version>,
    later: &mut Changes,
) -> Result<Option<String>, Refusal> {
    later.version = upgrade.map(|version| version.number.to_owned());
    let current = &instance.settings.parameter_group;
    let target = upgrade.unwrap_or(version);
    if target.major.family == version.major.family {
        let Some(_) = input.text("DBParameterGroupName") else { return Ok(None) };
        let name = requests::parameter_group(scene, input, version)?;
        return Ok(Some(name).filter(|name| name != current));
    }
    let name = requests::parameter_group(scene, input, target)?;
    let is_own = parameter_groups::standard(current).is_none();
    if is_own && !input.has("DBParameterGroupName") {
        return Err(combination(format!(
            "The Parameter Group {current} with DBParameterGroupFamily {} can't be used for this instance. Please use a Parameter Group with \
             DBParameterGroupFamily {}",
            version.major.family, target.major.family
        )));
    }
    parameter_groups::family(scene, &name).ok_or_else(|| no_parameter_group(&name))?;
    later.parameter_group = Some(name);
    Ok(None)
}

fn storage(scene: &Scene<'_>, input: &Input, instance: &Instance, later: &mut Changes) -> Result<(), Refusal> {
    let there = &instance.storage;
    let size = input.whole("AllocatedStorage")?.filter(|size| *size != there.size);
    let kind = input.text("StorageType").filter(|kind| *kind != there.kind);
    let iops = input.whole("Iops")?.filter(|iops| Some(*iops) != there.iops);
    let throughput = input.whole("StorageThroughput")?.filter(|rate| Some(*rate) != there.throughput);
    if size.is_none() && kind.is_none() && iops.is_none() && throughput.is_none() {
        return Ok(());
    }
    if let Some(size) = size.filter(|size| *size < there.size) {
        let words =
            format!("Requested storage size ({size}) cannot be less than the current storage size ({}).", there.size);
        return Err(combination(words));
    }
    // "Storage must be increased by at least 10 percent."
    if size.is_some_and(|size| size * 10 < there.size * 11) {
        return Err(combination("Requested storage must be at least 10% greater than the current storage."));
    }
    let is_recent = there.grown.is_some_and(|grown| scene.now.since(grown) < GROWN);
    if is_recent || instance.status == "storage-optimization" {
        return Err(combination(
            "You can't currently modify the storage of this DB instance because the previous storage change is being optimized.",
        ));
    }
    let changes_kind = kind.is_some();
    let wanted = Storage {
        kind: kind.unwrap_or(&there.kind).to_owned(),
        size: size.unwrap_or(there.size),
        iops: iops.or(there.iops.filter(|_| !changes_kind && size.is_none())),
        throughput: throughput.or(there.throughput.filter(|_| !changes_kind && size.is_none())),
        most: None,
        ..there.clone()
    };
    let wanted = requests::checked(wanted, engines::engine(&instance.settings.engine)?)?;
    later.size = size;
    later.kind = kind.map(str::to_owned);
    later.iops = wanted.iops.filter(|iops| Some(*iops) != there.iops);
    later.throughput = wanted.throughput.filter(|rate| Some(*rate) != there.throughput);
    Ok(())
}

/// From one number of days to another backups change soon; to none and back they may wait.
fn backups(
    scene: &Scene<'_>,
    input: &Input,
    id: &str,
    instance: &Instance,
    soon: &mut Changes,
    later: &mut Changes,
) -> Result<(), Refusal> {
    let there = instance.settings.backup_days;
    let Some(days) = input.ranged("BackupRetentionPeriod", (0, 35))?.filter(|days| *days != there) else {
        return Ok(());
    };
    if days == 0 && !replicas(scene, id).is_empty() {
        return Err(combination(
            "Cannot set the backup retention period to 0 because the DB instance has read replicas.",
        ));
    }
    if days == 0 || there == 0 {
        later.backup_days = Some(days);
    } else {
        soon.backup_days = Some(days);
    }
    Ok(())
}

fn identifier(scene: &Scene<'_>, input: &Input, id: &str) -> Result<Option<String>, Refusal> {
    if !input.has("NewDBInstanceIdentifier") {
        return Ok(None);
    }
    let other = listing::identifier(input, "NewDBInstanceIdentifier", 63)?;
    if other == id {
        return Ok(None);
    }
    create::check_free(scene, &other)?;
    Ok(Some(other))
}

/// Only a group in another VPC can be moved to
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html>).
fn subnet_group(scene: &Scene<'_>, input: &Input, instance: &Instance) -> Result<Option<String>, Refusal> {
    let Some(name) = input.text("DBSubnetGroupName").map(listing::name) else { return Ok(None) };
    let Some(group) = scene.here.rds.subnet_groups.seen(&name, scene.sight) else { return Err(no_subnet_group(&name)) };
    if group.vpc == instance.place.vpc {
        return Err(Refusal::new(
            "InvalidVPCNetworkStateFault",
            "The specified DB subnet group and DB instance are in the same VPC. Choose a DB subnet group in different VPC than the specified DB \
             instance and try again.",
        ));
    }
    if instance.settings.multi_az || instance.source.is_some() {
        let words = "You can't move a Multi-AZ DB instance or a read replica to another VPC.";
        return Err(Refusal::new("InvalidVPCNetworkStateFault", words));
    }
    Ok(Some(name))
}

fn logs(input: &Input, instance: &Instance, version: Version) -> Result<Option<LogChange>, Refusal> {
    let Some(logs) = input.at("CloudwatchLogsExportConfiguration") else { return Ok(None) };
    let there = &instance.settings.logs;
    let on = requests::logs(logs, "EnableLogTypes", version)?;
    let off = requests::logs(logs, "DisableLogTypes", version)?;
    let on: Vec<String> = on.difference(there).cloned().collect();
    let off: Vec<String> = off.intersection(there).cloned().collect();
    Ok((!on.is_empty() || !off.is_empty()).then_some((on, off)))
}

/// What changes at once, whatever the call says about it.
fn at_once(scene: &Scene<'_>, input: &Input, mut instance: Instance, version: Version) -> Result<Instance, Refusal> {
    if let Some(most) = input.whole("MaxAllocatedStorage")? {
        let size = input.whole("AllocatedStorage")?.unwrap_or(instance.storage.size).max(instance.storage.size);
        // The same as there is means that it grows no further.
        let grows = most != size;
        if grows {
            requests::checked(Storage { size, most: Some(most), ..instance.storage.clone() }, version.engine)?;
        }
        instance.storage.most = grows.then_some(most);
    }
    if input.has("PubliclyAccessible") {
        instance.settings.public = create::public(scene, input, &instance.place)?;
    }
    if let Some(window) = windows::maintenance(input)? {
        instance.settings.maintenance_window = window;
    }
    if let Some(window) = requests::backup_window(input)? {
        instance.settings.backup_window = window;
    }
    if input.has("MonitoringInterval") {
        instance.settings.monitoring_seconds = create::monitoring(input)?;
        instance.settings.monitoring_role = input.text("MonitoringRoleArn").map(str::to_owned);
    }
    if input.has("EnablePerformanceInsights") {
        instance.settings.insights_days = create::insights(input)?;
    }
    if input.has("OptionGroupName") {
        create::option_group(input, version)?;
    }
    let settings = &mut instance.settings;
    settings.deletion_protection = input.flag("DeletionProtection").unwrap_or(settings.deletion_protection);
    settings.minor_upgrades = input.flag("AutoMinorVersionUpgrade").unwrap_or(settings.minor_upgrades);
    settings.copy_tags = input.flag("CopyTagsToSnapshot").unwrap_or(settings.copy_tags);
    settings.insights_mode = input.text_or("DatabaseInsightsMode", &settings.insights_mode);
    settings.license = input.text_or("LicenseModel", &settings.license);
    Ok(instance)
}

/// A new password, or who keeps it.
fn secret(scene: &mut Scene<'_>, input: &Input, wanted: &mut Wanted) -> Result<(), Refusal> {
    let engine = engines::engine(&wanted.instance.settings.engine)?;
    input.pass_over("MasterUserSecretKmsKeyId");
    let is_managed = wanted.instance.secret.is_some();
    let manages = input.flag("ManageMasterUserPassword");
    let rotates = input.flag("RotateMasterUserPassword") == Some(true);
    let password = input.text("MasterUserPassword");
    if let Some(password) = password {
        if manages == Some(true) || (is_managed && manages.is_none()) {
            let words = "You can't specify MasterUserPassword for an instance with ManageMasterUserPassword enabled.";
            return Err(combination(words));
        }
        requests::password(password, engine)?;
        wanted.soon.password = true;
    }
    if rotates && !is_managed {
        return Err(invalid("You can't rotate the master user password because it isn't managed by RDS."));
    }
    match manages {
        Some(true) if !is_managed => wanted.instance.secret = Some(create::make_secret(scene, &wanted.instance)),
        Some(false) if is_managed => {
            if password.is_none() {
                return Err(combination(
                    "You must specify MasterUserPassword when ManageMasterUserPassword is disabled.",
                ));
            }
            if let Some(arn) = wanted.instance.secret.take() {
                secrets::delete_managed(scene, &arn);
            }
        }
        _ => {}
    }
    Ok(())
}
