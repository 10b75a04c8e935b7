//! A group launches instances: where, of what, and what becomes of it if it cannot.

use std::collections::BTreeMap;
use std::time::Duration;

use super::activities::{Status, spoken};
use super::choice;
use super::group::{Group, Template};
use super::member::{Member, Stage};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::instances::{self, Launch};
use crate::simulator::services::ec2::{launch_templates, subnets};

/// The longest pause after launches that failed one after another.
const PATIENCE: Duration = Duration::from_mins(20);

/// Launches one instance where the group has the fewest.
pub(super) fn launch(scene: &mut Scene<'_>, group: &mut Group) -> Result<(), Refusal> {
    let (subnet, zone) = choice::place(scene, group);
    let cause = cause(scene, group);
    match start(scene, group, &subnet) {
        Ok((id, template)) => {
            let activity =
                group.begin(scene, format!("Launching a new EC2 instance: {id}"), cause, Some((&subnet, &zone)));
            group.report(&activity, Status::PreInService, 30);
            group.failures = 0;
            let refresh = group.recipe().1;
            let kind = instances::kind(scene, &id).unwrap_or_default();
            let member = Member {
                id: id.clone(),
                subnet,
                zone,
                kind,
                template,
                state: Stage::Pending,
                ailment: None,
                is_protected: group.protects_new,
                launched: scene.now,
                in_service: None,
                has_run: false,
                gone: None,
                activity,
                waits: BTreeMap::new(),
                refresh,
            };
            group.members.insert(id, member);
            Ok(())
        }
        Err(refusal) => {
            let words = &refusal.message;
            let description =
                format!("Launching a new EC2 instance.  Status Reason: {words} Launching EC2 instance failed.");
            let activity = group.begin(scene, description, cause, Some((&subnet, &zone)));
            let message = format!("{words} Launching EC2 instance failed.");
            group.end(&activity, Status::Failed, scene.now, Some(message));
            group.failures = (group.failures + 1).min(16);
            let pause = Duration::from_secs(15 << group.failures).min(PATIENCE);
            group.retry = scene.now.plus(pause);
            Err(refusal)
        }
    }
}

/// Asks EC2 for an instance; answers its id, and which version of which template it is made of.
fn start(scene: &mut Scene<'_>, group: &Group, subnet: &str) -> Result<(String, Template), Refusal> {
    let wanted = group.recipe().0;
    let (id, name, number) = launch_templates::resolve(scene, &wanted.id, &wanted.version)?;
    let overrides = group.mixed.as_ref().and_then(|mixed| mixed.pointer("/LaunchTemplate/Overrides/0/InstanceType"));
    let mut tags: Vec<(String, String)> = group
        .tags
        .iter()
        .filter(|(_, tag)| tag.propagates)
        .map(|(key, tag)| (key.clone(), tag.value.clone()))
        .collect();
    tags.push(("aws:autoscaling:groupName".to_owned(), group.name.clone()));
    let launch = Launch {
        template: id.clone(),
        version: number,
        subnet: subnet.to_owned(),
        instance_type: overrides.and_then(|kind| kind.as_str()).map(str::to_owned),
        tags,
    };
    let instance = instances::launch(scene, &launch)?;
    Ok((instance, Template { id, name, version: number.to_string() }))
}

/// Why an instance is launched, in AWS's words.
fn cause(scene: &Scene<'_>, group: &mut Group) -> String {
    let now = spoken(scene.now);
    let (before, desired) = (group.capacity(), group.sizes.desired);
    let is_replacement = group.reasons.is_empty() && before < desired;
    if is_replacement {
        return format!(
            "At {now} an instance was launched in response to an unhealthy instance needing to be replaced."
        );
    }
    let mut words = group.reasons.clone();
    if before + 1 >= desired {
        group.reasons.clear();
    }
    let why = "an instance was started in response to a difference between desired and actual capacity,";
    words.push(format!("At {now} {why} increasing the capacity from {before} to {desired}."));
    words.join("  ")
}

/// The zone of a subnet, which is known as long as the subnet exists.
pub(super) fn zone(scene: &Scene<'_>, subnet: &str) -> String {
    subnets::zone_of_subnet(scene, subnet).unwrap_or_default()
}
