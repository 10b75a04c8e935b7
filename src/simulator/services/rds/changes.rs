//! Changes of a database that take a while: what they are, and what they make of it.

use serde::Serialize;

use super::engines::Version;
use super::instance::{Instance, replicas, turn};
use super::{engines, events, life, network};
use crate::simulator::scene::Scene;

/// What is to change; all that is not `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Changes {
    pub(super) class: Option<String>,
    pub(super) size: Option<i64>,
    pub(super) kind: Option<String>,
    pub(super) iops: Option<i64>,
    pub(super) throughput: Option<i64>,
    pub(super) port: Option<i64>,
    pub(super) backup_days: Option<i64>,
    pub(super) multi_az: Option<bool>,
    pub(super) version: Option<String>,
    /// The parameter group that fits the new major version.
    pub(super) parameter_group: Option<String>,
    pub(super) identifier: Option<String>,
    pub(super) certificate: Option<String>,
    pub(super) subnet_group: Option<String>,
    pub(super) iam_login: Option<bool>,
    /// The logs to begin and to stop exporting.
    pub(super) logs: Option<LogChange>,
    pub(super) password: bool,
}

/// The logs to begin and to stop exporting.
pub(super) type LogChange = (Vec<String>, Vec<String>);

impl Changes {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes these over what is there.
    pub(super) fn take(&mut self, more: Self) {
        let Self {
            class,
            size,
            kind,
            iops,
            throughput,
            port,
            backup_days,
            multi_az,
            version,
            parameter_group,
            identifier,
            certificate,
            subnet_group,
            iam_login,
            logs,
            password,
        } = more;
        over(&mut self.class, class);
        over(&mut self.size, size);
        over(&mut self.kind, kind);
        over(&mut self.iops, iops);
        over(&mut self.throughput, throughput);
        over(&mut self.port, port);
        over(&mut self.backup_days, backup_days);
        over(&mut self.multi_az, multi_az);
        over(&mut self.version, version);
        over(&mut self.parameter_group, parameter_group);
        over(&mut self.identifier, identifier);
        over(&mut self.certificate, certificate);
        over(&mut self.subnet_group, subnet_group);
        over(&mut self.iam_login, iam_login);
        over(&mut self.logs, logs);
        self.password |= password;
    }

    /// The status of a database while these are made
    /// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html>).
    fn status(&self) -> &'static str {
        let without = |plain: Self| plain == Self::default();
        match self {
            Self { version: Some(_), .. } => "upgrading",
            Self { identifier: Some(_), .. } => "renaming",
            Self { subnet_group: Some(_), .. } => "moving-to-vpc",
            Self { password: true, .. } if without(Self { password: false, ..self.clone() }) => {
                "resetting-master-credentials"
            }
            Self { iam_login: Some(_), .. } if without(Self { iam_login: None, ..self.clone() }) => {
                "configuring-iam-database-auth"
            }
            Self { logs: Some(_), .. } if without(Self { logs: None, ..self.clone() }) => "configuring-log-exports",
            _ => "modifying",
        }
    }

    /// Whether the database starts anew with them, and so with all of its parameter group.
    fn restart(&self) -> bool {
        self.class.is_some() || self.version.is_some() || self.port.is_some() || self.identifier.is_some()
    }

    fn is_about_storage(&self) -> bool {
        self.size.is_some() || self.kind.is_some() || self.iops.is_some() || self.throughput.is_some()
    }
}

fn over<T>(there: &mut Option<T>, more: Option<T>) {
    if more.is_some() {
        *there = more;
    }
}

/// Has what is under way begin. The database stays available for a moment, as it does on AWS, where asking too early is a known trap.
pub(super) fn begin(scene: &mut Scene<'_>, id: &str) {
    let moment = scene.settings.durations.database_change / 12;
    turn(scene, id, "available", Some((moment, set_in)));
}

fn set_in(scene: &mut Scene<'_>, subject: &str) {
    let Some(id) = super::instance::due(scene, subject) else { return };
    let Some(status) = scene.here.rds.instances.get(&id).map(|instance| instance.under_way.status()) else { return };
    let rest = scene.settings.durations.database_change * 11 / 12;
    turn(scene, &id, status, Some((rest, finish)));
    if scene.here.rds.instances.get(&id).and_then(version_of_replicas).is_some() {
        for replica in replicas(scene, &id) {
            turn(scene, &replica, status, None);
        }
    }
}

fn finish(scene: &mut Scene<'_>, subject: &str) {
    let Some(id) = super::instance::due(scene, subject) else { return };
    let Some(instance) = scene.here.rds.instances.get_mut(&id) else { return };
    let along = version_of_replicas(instance);
    let changes = std::mem::take(&mut instance.under_way);
    let optimizes = changes.is_about_storage();
    let id = apply(scene, &id, changes);
    if let Some(version) = along {
        upgrade_replicas(scene, &id, version);
    }
    events::of_instance(scene, &id, "configuration change", "Finished applying modification to the DB instance");
    if optimizes {
        let hours = scene.settings.durations.database_change * 10;
        turn(scene, &id, "storage-optimization", Some((hours, life::settle)));
    } else {
        life::rest(scene, &id);
    }
}

/// Whether the replicas of a database are upgraded together with it.
pub(super) fn takes_replicas_along(from: Version, to: Version) -> bool {
    from.engine.name == "postgres" && from.major.number != to.major.number
}

/// The version that the replicas of a database are getting together with it.
fn version_of_replicas(instance: &Instance) -> Option<Version> {
    let engine = engines::engine(&instance.settings.engine).ok()?;
    let from = engine.version(Some(&instance.settings.version)).ok()?;
    let to = engine.version(instance.under_way.version.as_deref().map(Some)?).ok()?;
    takes_replicas_along(from, to).then_some(to)
}

/// Upgrades the replicas of a database together with it. A parameter group of the old version is of no use to them any more.
fn upgrade_replicas(scene: &mut Scene<'_>, id: &str, version: Version) {
    for replica in replicas(scene, id) {
        if let Some(replica) = scene.here.rds.instances.get_mut(&replica) {
            let parameter_group = Some(format!("default.{}", version.major.family));
            set(replica, &Changes { version: Some(version.number.to_owned()), parameter_group, ..Changes::default() });
        }
        life::rest(scene, &replica);
    }
}

/// Makes the changes, and answers the identifier that the database has then.
fn apply(scene: &mut Scene<'_>, id: &str, changes: Changes) -> String {
    let now = scene.now;
    if let Some(instance) = scene.here.rds.instances.get_mut(id) {
        let grows = changes.size.is_some_and(|size| size > instance.storage.size);
        instance.storage.grown = if grows { Some(now) } else { instance.storage.grown };
        if changes.restart() {
            instance.parameters = "in-sync";
        }
        set(instance, &changes);
    }
    if let Some(multi_az) = changes.multi_az {
        network::set_standby(scene, id, multi_az);
    }
    if let Some(group) = &changes.subnet_group {
        network::migrate(scene, id, group);
    }
    match changes.identifier {
        Some(other) => rename(scene, id, other),
        None => id.to_owned(),
    }
}

fn set(instance: &mut Instance, changes: &Changes) {
    let settings = &mut instance.settings;
    let all = [
        (&mut settings.class, &changes.class),
        (&mut settings.version, &changes.version),
        (&mut settings.parameter_group, &changes.parameter_group),
        (&mut settings.certificate, &changes.certificate),
        (&mut instance.storage.kind, &changes.kind),
    ];
    for (there, change) in all {
        if let Some(change) = change {
            there.clone_from(change);
        }
    }
    // The option group is that of the major version.
    if let Ok(version) = engines::engine(&settings.engine).and_then(|engine| engine.version(Some(&settings.version))) {
        settings.option_group = version.option_group();
    }
    settings.port = changes.port.unwrap_or(settings.port);
    settings.backup_days = changes.backup_days.unwrap_or(settings.backup_days);
    settings.iam_login = changes.iam_login.unwrap_or(settings.iam_login);
    settings.multi_az = changes.multi_az.unwrap_or(settings.multi_az);
    instance.storage.size = changes.size.unwrap_or(instance.storage.size);
    instance.storage.iops = changes.iops.or(instance.storage.iops);
    instance.storage.throughput = changes.throughput.or(instance.storage.throughput);
    if let Some((on, off)) = &changes.logs {
        instance.settings.logs.extend(on.iter().cloned());
        instance.settings.logs.retain(|log| !off.contains(log));
    }
}

/// Gives a database another identifier; its replicas know it by that.
fn rename(scene: &mut Scene<'_>, id: &str, other: String) -> String {
    let Some(instance) = scene.here.rds.instances.remove(id) else { return other };
    for replica in scene.here.rds.instances.values_mut().filter(|replica| replica.source.as_deref() == Some(id)) {
        replica.source = Some(other.clone());
    }
    scene.here.rds.instances.put(other.clone(), instance, scene.now);
    other
}
