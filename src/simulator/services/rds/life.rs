//! How databases come to be available, start anew, stop and start.

use std::time::Duration;

use super::instance::{due, find, replicas, turn};
use super::refusals::{combination, wrong_state};
use super::{changes, events, network, show, snapshots};
use crate::simulator::input::Input;
use crate::simulator::output::object;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

/// Starting anew, stopping and starting.
pub(super) const ACTIONS: &[Action] =
    &[action("RebootDBInstance", reboot), action("StartDBInstance", start), action("StopDBInstance", stop)];

/// How long a database can be stopped (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html>).
const STOPPED: Duration = Duration::from_hours(7 * 24);

/// A database was made: it has a host name from now on, and backs itself up if it is to.
pub(super) fn created(scene: &mut Scene<'_>, subject: &str) {
    let Some(id) = due(scene, subject) else { return };
    let (now, whole) = (scene.now, scene.settings.durations.database);
    let Some(instance) = scene.here.rds.instances.get_mut(&id) else { return };
    instance.created = Some(now);
    let backs_up = instance.settings.backup_days > 0;
    events::of_instance(scene, &id, "creation", "DB instance created");
    if !backs_up {
        return rest(scene, &id);
    }
    events::of_instance(scene, &id, "backup", "Backing up DB instance");
    turn(scene, &id, "backing-up", Some((whole / 6, backed_up)));
}

/// The first backup is done.
pub(super) fn backed_up(scene: &mut Scene<'_>, subject: &str) {
    let Some(id) = due(scene, subject) else { return };
    snapshots::automate(scene, &id);
    events::of_instance(scene, &id, "backup", "Finished DB Instance backup");
    rest(scene, &id);
}

/// What was going on is over.
pub(super) fn settle(scene: &mut Scene<'_>, subject: &str) {
    if let Some(id) = due(scene, subject) {
        rest(scene, &id);
    }
}

/// A database is available, and takes up what it still has to do.
pub(super) fn rest(scene: &mut Scene<'_>, id: &str) {
    turn(scene, id, "available", None);
    if scene.here.rds.instances.get(id).is_some_and(|instance| !instance.under_way.is_empty()) {
        changes::begin(scene, id);
    }
}

/// A database as it is now, as answers have it.
pub(super) fn answer(scene: &Scene<'_>, id: &str) -> Answer {
    let instance = scene.here.rds.instances.get(id).map(|instance| show::instance(scene, id, instance));
    Ok(object! { "DBInstance" => instance })
}

fn reboot(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, instance) = find(scene, input.need("DBInstanceIdentifier")?)?;
    let fails_over = input.flag("ForceFailover") == Some(true);
    if fails_over && !instance.settings.multi_az {
        return Err(combination("ForceFailover cannot be specified since the instance is not configured for MultiAZ."));
    }
    if !instance.is_available() {
        return Err(wrong_state(format!("Instance {id} is not currently in the available state.")));
    }
    if fails_over {
        network::fail_over(scene, &id);
        events::of_instance(scene, &id, "failover", "Multi-AZ instance failover started.");
    }
    turn(scene, &id, "rebooting", Some((scene.settings.durations.database_reboot, rebooted)));
    answer(scene, &id)
}

/// It starts with all that its parameter group says.
fn rebooted(scene: &mut Scene<'_>, subject: &str) {
    let Some(id) = due(scene, subject) else { return };
    if let Some(instance) = scene.here.rds.instances.get_mut(&id) {
        instance.parameters = "in-sync";
    }
    events::of_instance(scene, &id, "availability", "DB instance restarted");
    rest(scene, &id);
}

fn stop(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, instance) = find(scene, input.need("DBInstanceIdentifier")?)?;
    if !instance.is_available() {
        return Err(wrong_state(format!("Instance {id} is not currently in the available state.")));
    }
    if instance.source.is_some() || !replicas(scene, &id).is_empty() {
        return Err(wrong_state(format!("Cannot stop instance {id} as it has or is a read replica.")));
    }
    if let Some(snapshot) = input.text("DBSnapshotIdentifier") {
        snapshots::take(scene, &id, snapshot)?;
    }
    turn(scene, &id, "stopping", Some((scene.settings.durations.database_change / 2, stopped)));
    answer(scene, &id)
}

fn stopped(scene: &mut Scene<'_>, subject: &str) {
    if let Some(id) = due(scene, subject) {
        events::of_instance(scene, &id, "notification", "DB instance stopped");
        turn(scene, &id, "stopped", Some((STOPPED, wake)));
    }
}

/// RDS starts by itself what was stopped for a week.
fn wake(scene: &mut Scene<'_>, subject: &str) {
    if let Some(id) = due(scene, subject) {
        turn(scene, &id, "starting", Some((scene.settings.durations.database_change, rebooted)));
    }
}

fn start(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, instance) = find(scene, input.need("DBInstanceIdentifier")?)?;
    if instance.status != "stopped" {
        let words = format!("Instance {id} is not stopped or is otherwise not in a state that can be started.");
        return Err(wrong_state(words));
    }
    turn(scene, &id, "starting", Some((scene.settings.durations.database_change, rebooted)));
    answer(scene, &id)
}
