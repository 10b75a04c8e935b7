//! Launching instances: what a call and a template ask for together, whether AWS bears it, and what begins then.

use serde_json::{Map, Value};

use super::devices::volume;
use super::order::Order;
use super::{Ailment, Instance, Phase, Profile, life};
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::interfaces::{self, Wish};
use crate::simulator::services::ec2::launch_templates::{self, data};
use crate::simulator::services::ec2::subnets;
use crate::simulator::tags::Tags;

/// How instances begin.
pub(in super::super) const ACTIONS: &[Action] = &[action("RunInstances", run).token("ClientToken")];

/// An instance that another service wants, from a template.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The template's id.
    pub(crate) template: String,
    /// Which version of it.
    pub(crate) version: u64,
    /// Where.
    pub(crate) subnet: String,
    /// A type other than the template's.
    pub(crate) instance_type: Option<String>,
    /// Tags besides those of the template; AWS's own may be among them.
    pub(crate) tags: Vec<(String, String)>,
}

/// Launches an instance. It runs after a while by itself.
///
/// # Errors
/// As `RunInstances` refuses: what the template names is not there, does not fit together, or AWS has no room.
pub(crate) fn launch(scene: &mut Scene<'_>, wish: &Launch) -> Result<String, Refusal> {
    let mut all = launch_templates::contents(scene, &wish.template, wish.version)?.clone();
    all.insert("SubnetId".to_owned(), wish.subnet.clone().into());
    if let Some(kind) = &wish.instance_type {
        all.insert("InstanceType".to_owned(), kind.clone().into());
    }
    let mut order = Order::read(scene, all)?;
    mark(&mut order.tags, &wish.template, wish.version);
    for (key, value) in &wish.tags {
        order.tags.set(key, value);
    }
    let reservation = scene.dice.id("r");
    order.place(scene, &reservation, 0)
}

/// Whether an instance could be launched, but for room, which may be there later: Auto Scaling asks before it takes a template.
///
/// # Errors
/// As `RunInstances` refuses.
pub(crate) fn check(scene: &Scene<'_>, wish: &Launch) -> Result<(), Refusal> {
    let mut all = launch_templates::contents(scene, &wish.template, wish.version)?.clone();
    all.insert("SubnetId".to_owned(), wish.subnet.clone().into());
    if let Some(kind) = &wish.instance_type {
        all.insert("InstanceType".to_owned(), kind.clone().into());
    }
    match Order::read(scene, all) {
        Err(refusal) if refusal.status < 500 => Err(refusal),
        _ => Ok(()),
    }
}

/// EC2 marks what comes from a template.
fn mark(tags: &mut Tags, template: &str, version: u64) {
    tags.set("aws:ec2launchtemplate:id", template);
    tags.set("aws:ec2launchtemplate:version", &version.to_string());
}

fn run(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let bounds = (input.whole("MinCount")?, input.whole("MaxCount")?);
    let (low, high) = (bounds.0.ok_or_else(|| missing("MinCount"))?, bounds.1.ok_or_else(|| missing("MaxCount"))?);
    if low < 1 || high < low {
        let words =
            format!("Value ({low}) for parameter minCount is invalid. minCount must be positive and at most maxCount.");
        return Err(invalid(words));
    }
    Tags::specified(input, "instance")?;
    let given = data::read(input)?;
    let template = template(scene, input)?;
    let all = match &template {
        Some((id, number)) => join(launch_templates::contents(scene, id, *number)?, given),
        None => given,
    };
    let mut order = Order::read(scene, all)?;
    if let Some((id, number)) = &template {
        mark(&mut order.tags, id, *number);
    }
    let reservation = scene.dice.id("r");
    let mut made: Vec<String> = Vec::new();
    for index in 0..usize::try_from(high).unwrap_or(1) {
        match order.place(scene, &reservation, index) {
            Ok(id) => made.push(id),
            Err(_) if made.len() >= usize::try_from(low).unwrap_or(1) => break,
            Err(refusal) => {
                for id in &made {
                    life::undo(scene, id);
                }
                return Err(refusal);
            }
        }
    }
    let shown =
        made.iter().filter_map(|id| Some(super::describe::show(scene, id, scene.here.ec2.instances.all.get(id)?)));
    Ok(object! {
        "reservationId" => reservation,
        "ownerId" => &scene.place.account,
        "groupSet" => Tree::List("item", Vec::new()),
        "instancesSet" => items(shown.collect::<Vec<_>>()),
    })
}

/// Which template and version a call names, if it does.
fn template(scene: &Scene<'_>, input: &Input) -> Result<Option<(String, u64)>, Refusal> {
    let Some(named) = input.at("LaunchTemplate") else { return Ok(None) };
    let name = match (named.text("LaunchTemplateId"), named.text("LaunchTemplateName")) {
        (Some(_), Some(_)) => {
            let words = "Only one of LaunchTemplateId and LaunchTemplateName may be specified";
            return Err(Refusal::new("InvalidParameterCombination", words));
        }
        (Some(name), None) | (None, Some(name)) => name,
        (None, None) => return Err(missing("LaunchTemplateId")),
    };
    let (id, _, number) = launch_templates::resolve(scene, name, named.text("Version").unwrap_or("$Default"))?;
    Ok(Some((id, number)))
}

/// What a call says, over what the template says. Tags are those of both.
fn join(template: &Map<String, Value>, given: Map<String, Value>) -> Map<String, Value> {
    let specifications = |data: &Map<String, Value>| data.get("TagSpecification").and_then(Value::as_array).cloned();
    let mut tags = specifications(template).unwrap_or_default();
    tags.extend(specifications(&given).unwrap_or_default());
    let mut all = data::overlay(template, given);
    if !tags.is_empty() {
        all.insert("TagSpecification".to_owned(), Value::Array(tags));
    }
    all
}

impl Order {
    /// Makes one instance.
    fn place(&mut self, scene: &mut Scene<'_>, reservation: &str, index: usize) -> Result<String, Refusal> {
        let id = scene.dice.id("i");
        let zone = subnets::zone_of_subnet(scene, &self.subnet).unwrap_or_default();
        let description = self.rest.list("NetworkInterface").first().map(|one| one.text_or("Description", ""));
        let description = description.unwrap_or_default();
        let (subnet, groups, instance) = (&self.subnet, &self.groups, Some(id.as_str()));
        let interface = interfaces::attach(scene, Wish { subnet, groups, description, requester: "", instance })?;
        if let Some(tags) = interfaces::tags(scene, &interface) {
            tags.clone_from(&self.interface_tags);
        }
        let is_public = self.is_public.unwrap_or_else(|| subnets::maps_public_addresses(scene, &self.subnet));
        if is_public {
            give_public_address(scene, &interface);
        }
        let visible = scene.fresh();
        let volumes = self.devices.iter().map(|device| volume(scene, device, &id, &zone, &self.volume_tags)).collect();
        let instance = Instance {
            reservation: reservation.to_owned(),
            index,
            token: self.token.clone(),
            image: self.image.clone(),
            architecture: self.kind.architecture().to_owned(),
            kind: self.kind.name(),
            phase: Phase::Pending,
            reason: String::new(),
            reason_code: None,
            ailment: Ailment::None,
            launched: scene.now,
            booted: None,
            zone,
            subnet: self.subnet.clone(),
            vpc: self.vpc.clone(),
            groups: self.groups.clone(),
            private_ip: interfaces::private_ip(scene, &interface).unwrap_or_default(),
            is_public,
            interface,
            root: super::order::root_of(scene, &self.image),
            volumes,
            profile: self.profile.clone().map(|arn| Profile {
                association: scene.dice.id("iip-assoc"),
                id: format!("AIPA{}", scene.dice.capitals(17)),
                arn,
            }),
            key: None,
            user_data: self.rest.text("UserData").map(str::to_owned),
            is_monitored: self.rest.at("Monitoring").and_then(|of| of.flag("Enabled")) == Some(true),
            is_ebs_optimized: self.rest.flag("EbsOptimized") == Some(true),
            is_protected: self.rest.flag("DisableApiTermination") == Some(true),
            is_stop_protected: self.rest.flag("DisableApiStop") == Some(true),
            checks_source: true,
            at_shutdown: self.rest.text_or("InstanceInitiatedShutdownBehavior", "stop"),
            credits: self.credits(),
            metadata: self.metadata(scene),
            market: self.market(),
            tenancy: self
                .rest
                .at("Placement")
                .map_or_else(|| "default".to_owned(), |of| of.text_or("Tenancy", "default")),
            tags: self.tags.clone(),
        };
        scene.here.ec2.instances.all.put(&id, instance, visible);
        scene.later(scene.settings.durations.instance_start, life::begin_to_run, &id);
        Ok(id)
    }
}

/// Gives an interface an address from Amazon's pool.
pub(super) fn give_public_address(scene: &mut Scene<'_>, interface: &str) {
    let address = public_address(scene);
    interfaces::set_public_ip(scene, interface, Some(address));
}

/// An address from Amazon's pool.
pub(crate) fn public_address(scene: &mut Scene<'_>) -> String {
    let mut part = || scene.dice.between(1, 254);
    format!("52.{}.{}.{}", part(), part(), part())
}
