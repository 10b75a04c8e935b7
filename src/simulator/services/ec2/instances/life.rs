//! What moves an instance through its life.

use std::time::Duration;

use super::launch::give_public_address;
use super::{Instance, Phase, need_all};
use crate::simulator::input::{Input, missing};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::{interfaces, volumes};
use crate::simulator::services::elb;

/// What can be done with instances that are there.
pub(in super::super) const ACTIONS: &[Action] = &[
    action("StartInstances", start),
    action("StopInstances", stop),
    action("RebootInstances", reboot),
    action("TerminateInstances", terminate_all),
];

/// How long a terminated instance stays visible, "usually within an hour"
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html>).
const VISIBLE: Duration = Duration::from_hours(1);

/// The instance runs, if it still waits to.
pub(super) fn begin_to_run(scene: &mut Scene<'_>, id: &str) {
    let (now, boot) = (scene.now, scene.settings.durations.instance_boot);
    if let Some(instance) = scene.here.ec2.instances.all.get_mut(id).filter(|it| it.phase == Phase::Pending) {
        instance.enter(Phase::Running, "", None);
        instance.booted = Some(now.plus(boot));
    }
}

/// Has an instance end: it shuts down, and is terminated a while later by itself.
pub(crate) fn terminate(scene: &mut Scene<'_>, id: &str) {
    end(scene, id, "User initiated", "Client.UserInitiatedShutdown");
}

fn end(scene: &mut Scene<'_>, id: &str, who: &str, code: &'static str) {
    let reason = format!("{who} ({} GMT)", moment(scene));
    let Some(instance) = scene.here.ec2.instances.all.get_mut(id).filter(|it| !it.phase.is_over()) else { return };
    let was_stopped = instance.phase == Phase::Stopped;
    instance.enter(Phase::ShuttingDown, &reason, Some(code));
    let span = if was_stopped { Duration::ZERO } else { scene.settings.durations.instance_stop };
    scene.later(span, be_terminated, id);
}

/// `2026-01-01 00:00:00`, as reasons have it.
fn moment(scene: &Scene<'_>) -> String {
    scene.now.iso().chars().take(19).map(|letter| if letter == 'T' { ' ' } else { letter }).collect()
}

fn be_terminated(scene: &mut Scene<'_>, id: &str) {
    let Some(instance) = scene.here.ec2.instances.all.get_mut(id) else { return };
    instance.phase = Phase::Terminated;
    let interface = std::mem::take(&mut instance.interface);
    let volumes = std::mem::take(&mut instance.volumes);
    interfaces::detach(scene, &interface);
    for volume in volumes {
        volumes::release(scene, &volume);
    }
    elb::targets::forget(scene, id);
    scene.later(VISIBLE, be_forgotten, id);
}

fn be_forgotten(scene: &mut Scene<'_>, id: &str) {
    scene.here.ec2.instances.all.remove(id);
}

fn be_stopped(scene: &mut Scene<'_>, id: &str) {
    if let Some(instance) = scene.here.ec2.instances.all.get_mut(id).filter(|it| it.phase == Phase::Stopping) {
        instance.phase = Phase::Stopped;
        instance.booted = None;
        // What is not an Elastic IP address goes back to the pool.
        let interface = instance.interface.clone();
        interfaces::set_public_ip(scene, &interface, None);
    }
}

/// The instances that a call names, all of which are there.
fn named<'i>(scene: &Scene<'_>, input: &'i Input) -> Result<Vec<&'i str>, Refusal> {
    let ids = input.texts("InstanceId");
    if ids.is_empty() {
        return Err(missing("InstanceId"));
    }
    need_all(scene, &ids)?;
    Ok(ids)
}

/// Refuses unless all of the instances may do what is asked.
fn all<'i>(
    scene: &Scene<'_>,
    input: &'i Input,
    check: impl Fn(&str, &Instance) -> Result<(), Refusal>,
) -> Result<Vec<&'i str>, Refusal> {
    let ids = named(scene, input)?;
    let known = &scene.here.ec2.instances.all;
    ids.iter().filter_map(|id| known.get(id).map(|instance| (id, instance))).try_for_each(|(id, it)| check(id, it))?;
    Ok(ids)
}

fn wrong_state(id: &str, what: &str) -> Refusal {
    let words = format!("The instance '{id}' is not in a state from which it can be {what}.");
    Refusal::new("IncorrectInstanceState", words)
}

/// Lets something happen to each of the instances, and shows their states before and after.
fn each(scene: &mut Scene<'_>, ids: &[&str], act: fn(&mut Scene<'_>, &str)) -> Tree {
    let state = |scene: &Scene<'_>, id: &str| {
        let (name, code) = super::phase(scene, id).unwrap_or(Phase::Terminated).name();
        object! { "code" => code, "name" => name }
    };
    let mut changes = Vec::new();
    for id in ids {
        let before = state(scene, id);
        act(scene, id);
        let after = state(scene, id);
        changes.push(object! { "instanceId" => (*id).to_owned(), "currentState" => after, "previousState" => before });
    }
    object! { "instancesSet" => items(changes) }
}

fn start(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let ids = all(scene, input, |id, instance| match instance.phase {
        Phase::Stopped | Phase::Running | Phase::Pending => Ok(()),
        _ => Err(wrong_state(id, "started")),
    })?;
    input.pass_over("AdditionalInfo");
    Ok(each(scene, &ids, |scene, id| {
        let now = scene.now;
        let instance = scene.here.ec2.instances.all.get_mut(id).filter(|it| it.phase == Phase::Stopped);
        if let Some(instance) = instance {
            instance.enter(Phase::Pending, "", None);
            instance.launched = now;
            let interface = instance.interface.clone();
            if instance.is_public && interfaces::public_ip(scene, &interface).is_none() {
                give_public_address(scene, &interface);
            }
            scene.later(scene.settings.durations.instance_start, begin_to_run, id);
        }
    }))
}

fn stop(scene: &mut Scene<'_>, input: &Input) -> Answer {
    // Whether the operating system has a say makes no difference to what is seen from outside.
    input.pass_over("Force");
    input.pass_over("Hibernate");
    input.pass_over("SkipOsShutdown");
    let ids = all(scene, input, |id, instance| match instance.phase {
        Phase::Running | Phase::Stopping | Phase::Stopped if instance.is_stop_protected => Err(protected(id, "Stop")),
        Phase::Running | Phase::Stopping | Phase::Stopped => Ok(()),
        _ => Err(wrong_state(id, "stopped")),
    })?;
    Ok(each(scene, &ids, |scene, id| {
        let reason = format!("User initiated ({} GMT)", moment(scene));
        let instance = scene.here.ec2.instances.all.get_mut(id).filter(|it| it.phase == Phase::Running);
        if let Some(instance) = instance {
            instance.enter(Phase::Stopping, &reason, Some("Client.UserInitiatedShutdown"));
            scene.later(scene.settings.durations.instance_stop, be_stopped, id);
        }
    }))
}

fn reboot(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let ids = all(scene, input, |id, instance| match instance.phase {
        Phase::Running => Ok(()),
        _ => Err(wrong_state(id, "rebooted")),
    })?;
    let ready = scene.now.plus(scene.settings.durations.instance_boot);
    for id in ids {
        if let Some(instance) = scene.here.ec2.instances.all.get_mut(id) {
            instance.booted = Some(ready);
        }
    }
    Ok(object! { "return" => true })
}

fn terminate_all(scene: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("Force");
    input.pass_over("SkipOsShutdown");
    let ids = all(scene, input, |id, instance| {
        if instance.is_protected && !instance.phase.is_over() { Err(protected(id, "Termination")) } else { Ok(()) }
    })?;
    Ok(each(scene, &ids, terminate))
}

fn protected(id: &str, what: &str) -> Refusal {
    let (verb, attribute) = match what {
        "Stop" => ("stopped", "disableApiStop"),
        _ => ("terminated", "disableApiTermination"),
    };
    let words =
        format!("The instance '{id}' may not be {verb}. Modify its '{attribute}' instance attribute and try again.");
    Refusal::new("OperationNotPermitted", words)
}

/// Takes back an instance that a call began and cannot finish.
pub(super) fn undo(scene: &mut Scene<'_>, id: &str) {
    if let Some(instance) = scene.here.ec2.instances.all.remove(id) {
        interfaces::detach(scene, &instance.interface);
        for volume in &instance.volumes {
            scene.here.ec2.volumes.all.remove(volume);
        }
    }
}
