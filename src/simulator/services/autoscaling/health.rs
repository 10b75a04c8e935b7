//! Who is well: EC2 says whether it runs, the load balancer whether it answers
//! (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html>).

use std::time::Duration;

use super::group::Group;
use super::member::{Ailment, Member, Stage};
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::instances::{self, Phase};
use crate::simulator::services::elb::targets::{self, Health};

/// Looks at every member.
pub(super) fn judge(scene: &Scene<'_>, group: &mut Group) {
    if !group.runs("HealthCheck") {
        return;
    }
    let balancers = if group.asks_balancer() { group.wanted_targets() } else { Vec::new() };
    let grace = Duration::from_secs(group.grace.unsigned_abs());
    for member in group.members.values_mut().filter(|member| member.ailment.is_none()) {
        member.ailment = ailment(scene, member, &balancers, grace);
    }
}

fn ailment(scene: &Scene<'_>, member: &Member, balancers: &[String], grace: Duration) -> Option<Ailment> {
    if member.state == Stage::Standby || member.state.is_terminating() || member.state == Stage::Detaching {
        return None;
    }
    let phase = instances::phase(scene, &member.id);
    if !matches!(phase, Some(Phase::Pending | Phase::Running)) {
        return Some(Ailment::Gone);
    }
    let since = member.in_service?;
    if scene.now.since(since) < grace {
        return None;
    }
    if !instances::is_well(scene, &member.id) {
        return Some(Ailment::Impaired);
    }
    let is_unanswering = |arn: &String| targets::health(scene, arn, &member.id) == Some(Health::Unhealthy);
    balancers.iter().any(is_unanswering).then_some(Ailment::Unanswering)
}
