//! New databases made of snapshots and of backups
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html>,
//! <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html>).

use super::instance::{Instance, Settings, Storage, find};
use super::refusals::{combination, no_snapshot, wrong_state};
use super::{backups, create, engines, listing, network, requests};
use crate::simulator::input::{Input, missing};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// Restoring.
pub(super) const ACTIONS: &[Action] = &[
    action("RestoreDBInstanceFromDBSnapshot", from_snapshot),
    action("RestoreDBInstanceToPointInTime", to_point_in_time),
];

fn from_snapshot(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = listing::identifier(input, "DBInstanceIdentifier", 63)?;
    let name = input.need("DBSnapshotIdentifier").map(listing::name)?;
    let Some(snapshot) = scene.here.rds.snapshots.seen(&name, scene.sight) else { return Err(no_snapshot(&name)) };
    let snapshot = snapshot.clone();
    create::check_free(scene, &id)?;
    if snapshot.status != "available" {
        let words = format!("The snapshot {name} is not in the available state.");
        return Err(Refusal::new("InvalidDBSnapshotState", words));
    }
    revive(scene, input, &id, &snapshot.origin.settings, &snapshot.origin.storage)
}

fn to_point_in_time(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = listing::identifier(input, "TargetDBInstanceIdentifier", 63)?;
    let backup = source(scene, input)?;
    create::check_free(scene, &id)?;
    let latest = input.flag("UseLatestRestorableTime") == Some(true);
    match input.moment("RestoreTime")? {
        Some(_) if latest => {
            return Err(combination("RestoreTime and UseLatestRestorableTime cannot be specified together."));
        }
        None if !latest => return Err(combination("Either RestoreTime or UseLatestRestorableTime must be specified.")),
        Some(time) if !(backup.from..=backup.until).contains(&time) => {
            let words = format!(
                "The specified instance cannot be restored to {}. It can be restored to any time between {} and {}.",
                time.iso(),
                backup.from.iso(),
                backup.until.iso()
            );
            return Err(Refusal::new("InvalidRestoreFault", words));
        }
        _ => {}
    }
    revive(scene, input, &id, &backup.origin.settings, &backup.origin.storage)
}

/// The backups that a call names by the database, its resource id, or their own ARN.
fn source(scene: &Scene<'_>, input: &Input) -> Result<backups::Backup, Refusal> {
    if let Some(arn) = input.text("SourceDBInstanceAutomatedBackupsArn") {
        return backups::find(scene, arn);
    }
    if let Some(resource) = input.text("SourceDbiResourceId") {
        return backups::find_resource(scene, resource);
    }
    let named = input.text("SourceDBInstanceIdentifier").ok_or_else(|| missing("SourceDBInstanceIdentifier"))?;
    let (id, instance) = find(scene, named)?;
    if instance.created.is_none() {
        return Err(wrong_state(format!("Instance {id} is not currently in the available state.")));
    }
    let words = "Point in time restore is not enabled for this instance.";
    backups::of(scene, &id, instance).ok_or_else(|| Refusal::new("PointInTimeRestoreNotEnabled", words))
}

/// A new database with the data of an old one. What the call does not say is as it was, but for groups and place.
fn revive(scene: &mut Scene<'_>, input: &Input, id: &str, old: &Settings, disks: &Storage) -> Answer {
    let engine = engines::engine(&old.engine)?;
    if input.text("Engine").is_some_and(|wanted| wanted != engine.name) {
        return Err(combination("The engine must be the one of the source."));
    }
    let version = engine.version(Some(&old.version))?;
    let class = input.text_or("DBInstanceClass", &old.class);
    engines::check_class(&class)?;
    let storage = storage(input, disks, engine)?;
    let mut settings = create::settings(scene, input, version, class)?;
    settings.username.clone_from(&old.username);
    settings.database.clone_from(&old.database);
    input.pass_over("DBName");
    settings.port = input.ranged("Port", (1150, 65_535))?.unwrap_or(old.port);
    settings.backup_days = input.ranged("BackupRetentionPeriod", (0, 35))?.unwrap_or(old.backup_days);
    settings.backup_window = requests::backup_window(input)?.unwrap_or_else(|| old.backup_window.clone());
    settings.iam_login = input.flag("EnableIAMDatabaseAuthentication").unwrap_or(old.iam_login);
    let tags = Tags::read(input, "Tags")?;
    let mut place = network::site(scene, input, settings.multi_az)?;
    settings.public = create::public(scene, input, &place)?;
    network::attach(scene, &mut place)?;
    let mut instance = Instance { settings, storage, place, tags, ..create::fresh(scene) };
    if input.flag("ManageMasterUserPassword") == Some(true) {
        input.pass_over("MasterUserSecretKmsKeyId");
        instance.secret = Some(create::make_secret(scene, &instance));
    }
    Ok(create::open(scene, id, instance))
}

fn storage(input: &Input, disks: &Storage, engine: &engines::Engine) -> Result<Storage, Refusal> {
    let mut storage = disks.clone();
    (storage.grown, storage.most) = (None, input.whole("MaxAllocatedStorage")?.or(disks.most));
    if let Some(kind) = input.text("StorageType").filter(|kind| *kind != storage.kind) {
        (storage.kind, storage.iops, storage.throughput) = (kind.to_owned(), None, None);
    }
    storage.size = input.whole("AllocatedStorage")?.unwrap_or(storage.size);
    if storage.size < disks.size {
        return Err(combination("The allocated storage can't be less than that of the source."));
    }
    storage.iops = input.whole("Iops")?.or(storage.iops);
    storage.throughput = input.whole("StorageThroughput")?.or(storage.throughput);
    requests::checked(storage, engine)
}
