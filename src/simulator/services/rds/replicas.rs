//! Read replicas: made of a source in the same region, and promoted
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html>).

use super::instance::{Instance, Site, find, turn};
use super::refusals::{combination, wrong_state};
use super::{create, engines, events, life, listing, network, requests, subnet_groups};
use crate::simulator::input::Input;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// Replicas.
pub(super) const ACTIONS: &[Action] =
    &[action("CreateDBInstanceReadReplica", create), action("PromoteReadReplica", promote)];

/// As many as one source can have (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html>).
const MOST: usize = 15;

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = listing::identifier(input, "DBInstanceIdentifier", 63)?;
    let named = input.need("SourceDBInstanceIdentifier")?;
    let (source_id, source) = find(scene, named)?;
    let source = source.clone();
    create::check_free(scene, &id)?;
    check_source(scene, &source_id, &source)?;
    let engine = engines::engine(&source.settings.engine)?;
    let version = engine.version(Some(&source.settings.version))?;
    check_groups(input, engine.name)?;
    let class = input.text_or("DBInstanceClass", &source.settings.class);
    engines::check_class(&class)?;
    let mut settings = create::settings(scene, input, version, class)?;
    settings.username.clone_from(&source.settings.username);
    settings.database.clone_from(&source.settings.database);
    // What a replica is not told it has from its source, but for backups, which it begins with when it is promoted or changed.
    settings.backup_days = 0;
    settings.backup_window.clone_from(&source.settings.backup_window);
    settings.minor_upgrades = input.flag("AutoMinorVersionUpgrade").unwrap_or(source.settings.minor_upgrades);
    settings.port = input.ranged("Port", (1150, 65_535))?.unwrap_or(source.settings.port);
    if !input.has("DBParameterGroupName") {
        settings.parameter_group.clone_from(&source.settings.parameter_group);
    }
    let storage = storage(input, &source)?;
    let tags = Tags::read(input, "Tags")?;
    let mut place = site(scene, input, &source, settings.multi_az)?;
    settings.public = create::public(scene, input, &place)?;
    network::attach(scene, &mut place)?;
    let instance = Instance { settings, storage, place, tags, source: Some(source_id), ..create::fresh(scene) };
    Ok(create::open(scene, &id, instance))
}

fn check_source(scene: &Scene<'_>, id: &str, source: &Instance) -> Result<(), Refusal> {
    if source.settings.backup_days == 0 && source.source.is_none() {
        return Err(wrong_state(format!(
            "Automated backups are not enabled for this database instance. To enable automated backups, use ModifyDBInstance to set the backup \
             retention period to a non-zero value: {id}"
        )));
    }
    if source.settings.backup_days == 0 {
        return Err(wrong_state(format!("Automated backups are not enabled for this read replica: {id}")));
    }
    if !source.is_available() {
        return Err(wrong_state(format!("Instance {id} is not currently in the available state.")));
    }
    if source.secret.is_some() {
        // (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-limitations>)
        let words = "Creating a read replica isn't supported when the source DB instance manages credentials in Secrets Manager.";
        return Err(combination(words));
    }
    if super::instance::replicas(scene, id).len() >= MOST {
        let words = format!("The source instance {id} has as many read replicas as it can have");
        return Err(Refusal::new("InstanceQuotaExceeded", words));
    }
    Ok(())
}

/// In the region of its source a replica stands where that does, and has its parameter group if the engine is MySQL or PostgreSQL:
/// "For Same Region read replicas … `DBSubnetGroupName` … Don't specify", and of `DBParameterGroupName`: "Specifying a parameter group for this
/// operation is only supported for MySQL DB instances for cross-Region read replicas …, for Multi-AZ DB cluster read replica instances, and for
/// Oracle DB instances. It isn't supported for MySQL DB instances for same Region read replicas or for RDS Custom"
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html>).
fn check_groups(input: &Input, engine: &str) -> Result<(), Refusal> {
    if input.has("DBSubnetGroupName") {
        let words = "DbSubnetGroupName should not be specified for read replicas that are created in the same region as the master";
        return Err(Refusal::new("DBSubnetGroupNotAllowedFault", words));
    }
    if input.has("DBParameterGroupName") && engine != "mariadb" {
        return Err(combination(
            "A parameter group can't be specified during Read Replica creation for the following DB engine: "
                .to_owned()
                + engine,
        ));
    }
    Ok(())
}

fn storage(input: &Input, source: &Instance) -> Result<super::instance::Storage, Refusal> {
    let engine = engines::engine(&source.settings.engine)?;
    let mut storage = source.storage.clone();
    storage.grown = None;
    if let Some(kind) = input.text("StorageType").filter(|kind| *kind != storage.kind) {
        (storage.kind, storage.iops, storage.throughput) = (kind.to_owned(), None, None);
    }
    storage.iops = input.whole("Iops")?.or(storage.iops);
    storage.throughput = input.whole("StorageThroughput")?.or(storage.throughput);
    storage.size = input.whole("AllocatedStorage")?.unwrap_or(storage.size);
    if storage.size < source.storage.size {
        return Err(combination("The allocated storage of a read replica can't be less than that of its source."));
    }
    storage.most = input.whole("MaxAllocatedStorage")?;
    let mut checked = requests::checked(storage, engine)?;
    input.pass_over("KmsKeyId");
    checked.most = checked.most.or(source.storage.most);
    Ok(checked)
}

fn site(scene: &mut Scene<'_>, input: &Input, source: &Instance, multi_az: bool) -> Result<Site, Refusal> {
    let security_groups = if input.has("VpcSecurityGroupIds") {
        network::security_groups(scene, input, &source.place.vpc)?
    } else {
        source.place.security_groups.clone()
    };
    let group = scene.here.rds.subnet_groups.get(&source.place.subnet_group).cloned().unwrap_or_default();
    let mut zones = subnet_groups::zones(scene, &group);
    if let Some(wanted) = input.text("AvailabilityZone") {
        zones.retain(|zone| zone == wanted);
    }
    if zones.is_empty() {
        return Err(Refusal::new("InvalidSubnet", "The subnet group of the source has no subnet in the zone."));
    }
    let zone = zones.remove(scene.dice.index(zones.len()));
    let other_zone = (multi_az && !zones.is_empty()).then(|| zones.remove(scene.dice.index(zones.len())));
    let Site { subnet_group, vpc, .. } = source.place.clone();
    Ok(Site { subnet_group, vpc, zone, other_zone, security_groups, interfaces: Vec::new() })
}

fn promote(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, instance) = find(scene, input.need("DBInstanceIdentifier")?)?;
    if instance.source.is_none() {
        return Err(wrong_state(format!("DB Instance is not a read replica: {id}")));
    }
    if !instance.is_available() {
        return Err(wrong_state(format!("Instance {id} is not currently in the available state.")));
    }
    let days = input.ranged("BackupRetentionPeriod", (0, 35))?.unwrap_or(1);
    let window = requests::backup_window(input)?;
    if let Some(instance) = scene.here.rds.instances.get_mut(&id) {
        instance.settings.backup_window = window.unwrap_or(instance.settings.backup_window.clone());
        instance.under_way.backup_days = Some(days);
    }
    turn(scene, &id, "modifying", Some((scene.settings.durations.database_change, promoted)));
    life::answer(scene, &id)
}

/// It stands alone, and backs itself up before it is available.
fn promoted(scene: &mut Scene<'_>, subject: &str) {
    let Some(id) = super::instance::due(scene, subject) else { return };
    let Some(instance) = scene.here.rds.instances.get_mut(&id) else { return };
    instance.source = None;
    let days = instance.under_way.backup_days.take().unwrap_or(1);
    instance.parameters = "in-sync";
    instance.settings.backup_days = days;
    events::of_instance(scene, &id, "read replica", "Read replica promoted to a standalone DB instance");
    if days == 0 {
        return life::rest(scene, &id);
    }
    turn(scene, &id, "backing-up", Some((scene.settings.durations.database / 6, life::backed_up)));
}
