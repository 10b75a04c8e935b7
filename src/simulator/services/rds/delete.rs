//! `DeleteDBInstance`.

use super::instance::{due, find, replicas, turn};
use super::refusals::{combination, wrong_state};
use super::{backups, events, life, listing, network, snapshots};
use crate::simulator::input::Input;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::secrets;

/// Deleting databases.
pub(super) const ACTIONS: &[Action] = &[action("DeleteDBInstance", delete)];

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, instance) = find(scene, input.need("DBInstanceIdentifier")?)?;
    let is_protected = instance.settings.deletion_protection;
    let (status, is_replica) = (instance.status, instance.source.is_some());
    if status == "deleting" {
        return Err(wrong_state(format!("Instance {id} is already being deleted.")));
    }
    if is_protected {
        return Err(combination(
            "Cannot delete protected DB Instance, please disable deletion protection and try again.",
        ));
    }
    let last = last_snapshot(scene, input, is_replica)?;
    if let Some(name) = &last {
        let is_fit = matches!(status, "available" | "storage-optimization" | "stopped");
        let words = format!(
            "Cannot create a snapshot because the database instance {id} is not currently in the available state."
        );
        Scene::ensure(is_fit, || wrong_state(words))?;
        snapshots::take(scene, &id, name)?;
    }
    let keeps_backups = input.flag("DeleteAutomatedBackups") == Some(false);
    if let Some(instance) = scene.here.rds.instances.get_mut(&id) {
        instance.keeps_backups = keeps_backups;
    }
    let mut after = scene.settings.durations.database_delete;
    if last.is_some() {
        after = after.max(scene.settings.durations.database_snapshot);
    }
    turn(scene, &id, "deleting", Some((after, vanish)));
    life::answer(scene, &id)
}

/// The name of the last snapshot, unless none is wanted
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html>).
fn last_snapshot(scene: &Scene<'_>, input: &Input, is_replica: bool) -> Result<Option<String>, Refusal> {
    let skips = input.flag("SkipFinalSnapshot") == Some(true);
    if !input.has("FinalDBSnapshotIdentifier") {
        // "SkipFinalSnapshot … must be specified when deleting a read replica".
        let words = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.";
        return if skips { Ok(None) } else { Err(combination(words)) };
    }
    let name = listing::identifier(input, "FinalDBSnapshotIdentifier", 255)?;
    if is_replica {
        let words = "FinalDBSnapshotIdentifier can not be specified when deleting a replica instance";
        return Err(combination(words));
    }
    if skips {
        return Err(combination("FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is enabled."));
    }
    snapshots::check_free(scene, &name)?;
    Ok(Some(name))
}

/// It is gone. Its replicas stand alone from now on: "each read replica is promoted to a standalone DB instance"
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html>).
fn vanish(scene: &mut Scene<'_>, subject: &str) {
    let Some(id) = due(scene, subject) else { return };
    for replica in replicas(scene, &id) {
        if let Some(replica) = scene.here.rds.instances.get_mut(&replica) {
            replica.source = None;
        }
    }
    let Some(mut instance) = scene.here.rds.instances.remove(&id) else { return };
    network::detach(scene, &mut instance.place);
    if let Some(secret) = &instance.secret {
        secrets::delete_managed(scene, secret);
    }
    if instance.keeps_backups {
        backups::retain(scene, &id, &instance);
    } else {
        snapshots::forget_automated(scene, &instance.resource);
    }
    events::of_instance(scene, &id, "deletion", "DB instance deleted");
}
