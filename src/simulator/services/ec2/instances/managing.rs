//! Instances that Systems Manager can reach, as far as EC2 knows: they run, what is on them is up, and they have an instance profile.

use crate::simulator::clock::Moment;
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2;
use crate::simulator::tags::Tags;

use super::{Ailment, Phase};

/// An instance with an agent on it.
#[derive(Clone, Debug)]
pub(crate) struct Reachable {
    pub(crate) id: String,
    /// The ARN of its instance profile.
    pub(crate) profile: String,
    pub(crate) private_ip: String,
    /// Since when the agent could have called.
    pub(crate) since: Moment,
    pub(crate) tags: Tags,
}

/// The ARN of the instance profile of an instance that runs, in a region's EC2.
pub(crate) fn profile_of<'a>(ec2: &'a ec2::State, id: &str) -> Option<&'a str> {
    let instance = ec2.instances.all.get(id).filter(|instance| instance.phase == Phase::Running)?;
    Some(&instance.profile.as_ref()?.arn)
}

/// All of them, by id. The agent is part of Amazon's and Canonical's images.
pub(crate) fn reachable(scene: &Scene<'_>) -> Vec<Reachable> {
    let all = scene.here.ec2.instances.all.visible(scene.sight);
    all.filter(|(_, instance)| instance.has_booted(scene.now) && instance.ailment != Ailment::Impaired)
        .filter_map(|(id, instance)| {
            Some(Reachable {
                id: id.to_owned(),
                profile: instance.profile.as_ref()?.arn.clone(),
                private_ip: instance.private_ip.clone(),
                since: instance.booted?,
                tags: instance.tags.clone(),
            })
        })
        .collect()
}
