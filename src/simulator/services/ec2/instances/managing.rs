//! Instances that Systems Manager can reach, as far as EC2 knows: they run, what is on them is up, and they have an instance profile.

use crate::simulator::clock::Moment;
use crate::simulator::scene::Scene;
use crate::simulator::tags::Tags;

use super::Ailment;

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
