//! Instances: how they begin, run, stop and end.

mod attributes;
mod describe;
mod devices;
mod launch;
mod life;
mod order;
mod status;

use serde::Serialize;

use crate::simulator::clock::Moment;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::shelf::Shelf;
use crate::simulator::tags::Tags;

pub(super) use attributes::ACTIONS as ATTRIBUTES;
pub(super) use describe::ACTIONS as DESCRIBE;
pub(super) use devices::{devices, portrait};
pub(super) use launch::ACTIONS as LAUNCH;
pub(crate) use launch::{Launch, launch, public_address};
pub(super) use life::ACTIONS as LIFE;
pub(crate) use life::terminate;
pub(super) use status::ACTIONS as STATUS;

/// The instances of a region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    all: Shelf<Instance>,
    /// Whether AWS has no room for more.
    is_full: bool,
}

/// An instance.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Instance {
    reservation: String,
    /// Its place in the reservation.
    index: usize,
    token: Option<String>,
    image: String,
    architecture: String,
    kind: String,
    phase: Phase,
    /// Why it is in this phase, as people are told.
    reason: String,
    /// The same for programs.
    reason_code: Option<&'static str>,
    ailment: Ailment,
    launched: Moment,
    /// When what is on it is ready; set when it runs.
    booted: Option<Moment>,
    zone: String,
    subnet: String,
    vpc: String,
    groups: Vec<String>,
    interface: String,
    private_ip: String,
    /// Whether it has a public address whenever it runs.
    is_public: bool,
    root: String,
    volumes: Vec<String>,
    profile: Option<Profile>,
    key: Option<String>,
    user_data: Option<String>,
    is_monitored: bool,
    is_ebs_optimized: bool,
    is_protected: bool,
    is_stop_protected: bool,
    checks_source: bool,
    at_shutdown: String,
    credits: Option<String>,
    metadata: Metadata,
    market: Option<&'static str>,
    tenancy: String,
    pub(super) tags: Tags,
}

/// An instance profile on an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Profile {
    association: String,
    arn: String,
    id: String,
}

/// How an instance answers for its metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Metadata {
    tokens: String,
    hops: u64,
    endpoint: String,
    ipv6: String,
    tags: String,
}

/// Where an instance is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Phase {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

impl Phase {
    /// Its name and its number (`API_InstanceState`).
    fn name(self) -> (&'static str, u16) {
        match self {
            Self::Pending => ("pending", 0),
            Self::Running => ("running", 16),
            Self::ShuttingDown => ("shutting-down", 32),
            Self::Terminated => ("terminated", 48),
            Self::Stopping => ("stopping", 64),
            Self::Stopped => ("stopped", 80),
        }
    }

    /// Whether it has come to its end, or is about to.
    fn is_over(self) -> bool {
        matches!(self, Self::ShuttingDown | Self::Terminated)
    }
}

/// What may be wrong with an instance, as a test wants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) enum Ailment {
    /// Nothing.
    #[default]
    None,
    /// The application answers no health check.
    Unhealthy,
    /// The status check fails.
    Impaired,
}

/// Whether an instance runs.
pub(crate) fn is_running(scene: &Scene<'_>, id: &str) -> bool {
    phase(scene, id) == Some(Phase::Running)
}

/// Where an instance is in its life; nothing, if there is no such instance.
pub(crate) fn phase(scene: &Scene<'_>, id: &str) -> Option<Phase> {
    scene.here.ec2.instances.all.get(id).map(|instance| instance.phase)
}

/// Whether an instance passes its status checks.
pub(crate) fn is_well(scene: &Scene<'_>, id: &str) -> bool {
    let instance = scene.here.ec2.instances.all.get(id);
    instance.is_some_and(|instance| instance.phase == Phase::Running && instance.ailment != Ailment::Impaired)
}

/// Whether the application on it answers its health check.
pub(crate) fn answers(scene: &Scene<'_>, id: &str) -> bool {
    let instance = scene.here.ec2.instances.all.get(id);
    instance.is_some_and(|instance| instance.has_booted(scene.now) && instance.ailment == Ailment::None)
}

/// Has something be wrong with an instance, or nothing any more.
pub(crate) fn ail(scene: &mut Scene<'_>, id: &str, ailment: Ailment) {
    if let Some(instance) = scene.here.ec2.instances.all.get_mut(id) {
        instance.ailment = ailment;
    }
}

/// Says whether AWS has room for more instances.
pub(crate) fn set_capacity(scene: &mut Scene<'_>, available: bool) {
    scene.here.ec2.instances.is_full = !available;
}

/// The VPC that an instance is in, until it is terminated.
pub(crate) fn vpc(scene: &Scene<'_>, id: &str) -> Option<String> {
    let instance = scene.here.ec2.instances.all.get(id)?;
    (instance.phase != Phase::Terminated).then(|| instance.vpc.clone())
}

/// The Availability Zone that an instance is or was in.
pub(crate) fn zone(scene: &Scene<'_>, id: &str) -> Option<String> {
    scene.here.ec2.instances.all.get(id).map(|instance| instance.zone.clone())
}

/// The type of an instance.
pub(crate) fn kind(scene: &Scene<'_>, id: &str) -> Option<String> {
    scene.here.ec2.instances.all.get(id).map(|instance| instance.kind.clone())
}

/// The tags of an instance, to be changed.
pub(super) fn tags<'a>(scene: &'a mut Scene<'_>, id: &str) -> Option<&'a mut Tags> {
    scene.here.ec2.instances.all.seen_mut(id, scene.sight).map(|instance| &mut instance.tags)
}

/// The tags of all instances.
pub(super) fn tagged<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = (&'a str, &'a Tags)> {
    scene.here.ec2.instances.all.visible(scene.sight).map(|(id, instance)| (id, &instance.tags))
}

/// An instance that a caller names.
pub(super) fn need<'a>(scene: &'a Scene<'_>, id: &str) -> Result<&'a Instance, Refusal> {
    check_id(id)?;
    scene.here.ec2.instances.all.seen(id, scene.sight).ok_or_else(|| absent(&[id]))
}

fn need_mut<'a>(scene: &'a mut Scene<'_>, id: &str) -> Result<&'a mut Instance, Refusal> {
    check_id(id)?;
    scene.here.ec2.instances.all.seen_mut(id, scene.sight).ok_or_else(|| absent(&[id]))
}

/// Refuses unless all of them are there.
fn need_all(scene: &Scene<'_>, ids: &[&str]) -> Result<(), Refusal> {
    ids.iter().try_for_each(|id| check_id(id))?;
    let all = &scene.here.ec2.instances.all;
    let missing: Vec<&str> = ids.iter().copied().filter(|id| all.seen(id, scene.sight).is_none()).collect();
    if missing.is_empty() { Ok(()) } else { Err(absent(&missing)) }
}

fn check_id(id: &str) -> Result<(), Refusal> {
    let fits = |rest: &str| matches!(rest.len(), 8 | 17) && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    Scene::ensure(id.strip_prefix("i-").is_some_and(fits), || {
        Refusal::new("InvalidInstanceID.Malformed", format!("Invalid id: \"{id}\""))
    })
}

fn absent(ids: &[&str]) -> Refusal {
    let words = match ids {
        [id] => format!("The instance ID '{id}' does not exist"),
        _ => format!("The instance IDs '{}' do not exist", ids.join(", ")),
    };
    Refusal::new("InvalidInstanceID.NotFound", words)
}

impl Instance {
    /// Whether what is on it is ready.
    fn has_booted(&self, now: Moment) -> bool {
        self.phase == Phase::Running && self.booted.is_some_and(|at| at <= now)
    }

    fn enter(&mut self, phase: Phase, reason: &str, code: Option<&'static str>) {
        self.phase = phase;
        reason.clone_into(&mut self.reason);
        self.reason_code = code;
    }
}
