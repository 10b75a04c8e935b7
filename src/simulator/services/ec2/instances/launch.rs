//! Launching instances: what a call and a template ask for together, whether AWS bears it, and what begins then.

use serde_json::{Map, Value, json};

use super::{Ailment, Instance, Metadata, Phase, Profile, life};
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::images::{self, Device};
use crate::simulator::services::ec2::instance_types::{self, InstanceType};
use crate::simulator::services::ec2::interfaces::{self, Wish};
use crate::simulator::services::ec2::launch_templates::{self, data};
use crate::simulator::services::ec2::volumes::Volume;
use crate::simulator::services::ec2::{security_groups, subnets};
use crate::simulator::services::iam;
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

/// All that is known of instances to come.
struct Order {
    image: String,
    kind: InstanceType,
    subnet: String,
    vpc: String,
    groups: Vec<String>,
    devices: Vec<Device>,
    profile: Option<String>,
    is_public: Option<bool>,
    tags: Tags,
    volume_tags: Tags,
    interface_tags: Tags,
    token: Option<String>,
    /// The parameters that only the instance itself knows what to do with.
    rest: Input,
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
                made.iter().for_each(|id| life::undo(scene, id));
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
    /// Reads and checks all there is to know, without changing anything.
    fn read(scene: &Scene<'_>, all: Map<String, Value>) -> Result<Self, Refusal> {
        let rest = Input::from(Value::Object(all));
        let kind = instance_types::need(rest.text("InstanceType").unwrap_or("m1.small"))?;
        let image = image_id(scene, rest.need("ImageId")?)?;
        let interface = rest.list("NetworkInterface").first();
        let subnet = interface.and_then(|one| one.text("SubnetId")).or_else(|| rest.text("SubnetId"));
        let subnet = match subnet {
            Some(subnet) => subnet.to_owned(),
            None => default_subnet(scene, rest.at("Placement").and_then(|place| place.text("AvailabilityZone")))?,
        };
        let vpc = subnets::vpc_of_subnet(scene, &subnet);
        let vpc = vpc.ok_or_else(|| {
            Refusal::new("InvalidSubnetID.NotFound", format!("The subnet ID '{subnet}' does not exist"))
        })?;
        let groups = groups(scene, &rest, interface, &subnet, &vpc)?;
        let profile = profile(scene, &rest)?;
        if let Some(key) = rest.text("KeyName") {
            let words = format!("The key pair '{key}' does not exist");
            return Err(Refusal::new("InvalidKeyPair.NotFound", words));
        }
        data::check_user_data(rest.text("UserData").unwrap_or_default())?;
        let devices = devices(&rest, fitting(scene, &image, kind)?)?;
        let order = Self {
            kind,
            vpc,
            groups,
            devices,
            profile,
            is_public: interface.and_then(|one| one.flag("AssociatePublicIpAddress")),
            tags: Tags::specified(&rest, "instance")?,
            volume_tags: Tags::specified(&rest, "volume")?,
            interface_tags: Tags::specified(&rest, "network-interface")?,
            token: rest.text("ClientToken").map(str::to_owned),
            image,
            subnet,
            rest,
        };
        order.check_room(scene)?;
        Ok(order)
    }

    /// AWS may have no room: HTTP status 500, as its own
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>).
    fn check_room(&self, scene: &Scene<'_>) -> Result<(), Refusal> {
        if !scene.here.ec2.instances.is_full {
            return Ok(());
        }
        let (kind, zone) = (self.kind.name(), subnets::zone_of_subnet(scene, &self.subnet).unwrap_or_default());
        let words = format!(
            "We currently do not have sufficient {kind} capacity in the Availability Zone you requested ({zone}). Our \
             system will be working on provisioning additional capacity."
        );
        Err(Refusal::new("InsufficientInstanceCapacity", words).status(500))
    }

    /// Makes one instance.
    fn place(&mut self, scene: &mut Scene<'_>, reservation: &str, index: usize) -> Result<String, Refusal> {
        let id = scene.dice.id("i");
        let zone = subnets::zone_of_subnet(scene, &self.subnet).unwrap_or_default();
        let description = self.rest.list("NetworkInterface").first().map(|one| one.text_or("Description", ""));
        let interface = interfaces::attach(
            scene,
            Wish {
                subnet: &self.subnet,
                groups: &self.groups,
                description: description.unwrap_or_default(),
                requester: "",
                instance: Some(&id),
            },
        )?;
        if let Some(tags) = interfaces::tags(scene, &interface) {
            tags.clone_from(&self.interface_tags);
        }
        let is_public = self.is_public.unwrap_or_else(|| subnets::maps_public_addresses(scene, &self.subnet));
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
            public_ip: is_public.then(|| public_address(scene)),
            attachment: scene.dice.id("eni-attach"),
            interface,
            root: root_of(scene, &self.image),
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

    fn credits(&self) -> Option<String> {
        let otherwise = if self.kind.is_unlimited() { "unlimited" } else { "standard" };
        let given =
            self.rest.at("CreditSpecification").map_or(otherwise.to_owned(), |of| of.text_or("CpuCredits", otherwise));
        self.kind.is_burstable().then_some(given)
    }

    fn market(&self) -> Option<&'static str> {
        let market = self.rest.at("InstanceMarketOptions")?.text("MarketType")?;
        (market == "spot").then_some("spot")
    }

    /// Images that say so have instances that want session tokens, which may make one hop more
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html>).
    fn metadata(&self, scene: &Scene<'_>) -> Metadata {
        let image = scene.here.ec2.images.images.get(&self.image);
        let strict = image.is_some_and(|image| image.needs_session_tokens);
        let none = Input::from(json!({}));
        let given = self.rest.at("MetadataOptions").unwrap_or(&none);
        let hops = given.whole("HttpPutResponseHopLimit").ok().flatten().map(i64::unsigned_abs);
        Metadata {
            tokens: given.text_or("HttpTokens", if strict { "required" } else { "optional" }),
            hops: hops.unwrap_or(if strict { 2 } else { 1 }),
            endpoint: given.text_or("HttpEndpoint", "enabled"),
            ipv6: given.text_or("HttpProtocolIpv6", "disabled"),
            tags: given.text_or("InstanceMetadataTags", "disabled"),
        }
    }
}

/// The image that is meant, which may be named by a parameter of the Systems Manager.
fn image_id(scene: &Scene<'_>, given: &str) -> Result<String, Refusal> {
    let Some(parameter) = given.strip_prefix("resolve:ssm:") else { return Ok(given.to_owned()) };
    let found = images::published(scene, parameter);
    found.ok_or_else(|| invalid(format!("Invalid value '{given}' for ImageId. The parameter does not exist.")))
}

fn root_of(scene: &Scene<'_>, image: &str) -> String {
    scene.here.ec2.images.images.get(image).map(|image| image.root.clone()).unwrap_or_default()
}

fn default_subnet(scene: &Scene<'_>, zone: Option<&str>) -> Result<String, Refusal> {
    subnets::default_subnet(scene, zone).ok_or_else(|| {
        let words = "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.";
        Refusal::new("VPCIdNotSpecified", words)
    })
}

/// The volumes of an image that fits the type.
fn fitting(scene: &Scene<'_>, id: &str, kind: InstanceType) -> Result<Vec<Device>, Refusal> {
    let image = images::need(scene, id)?;
    if !image.is_available {
        return Err(Refusal::new("InvalidAMIID.Unavailable", format!("The image ID '{id}' is not available")));
    }
    if image.architecture != kind.architecture() {
        return Err(invalid(format!(
            "The architecture '{}' of the specified instance type does not match the architecture '{}' of the specified AMI. \
             Specify an instance type and an AMI that have matching architectures, and try again. You can use \
             'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.",
            kind.architecture(),
            image.architecture,
        )));
    }
    Ok(image.devices.clone())
}

fn groups(
    scene: &Scene<'_>,
    rest: &Input,
    interface: Option<&Input>,
    subnet: &str,
    vpc: &str,
) -> Result<Vec<String>, Refusal> {
    let outer = rest.texts("SecurityGroupId");
    if interface.is_some() && !outer.is_empty() {
        let words = "Network interfaces and an instance-level security groups may not be specified on the same request";
        return Err(Refusal::new("InvalidParameterCombination", words));
    }
    let given = interface.map(|one| one.texts("SecurityGroupId")).unwrap_or(outer);
    for group in &given {
        match security_groups::group_vpc(scene, group) {
            None => {
                let words = format!("The security group '{group}' does not exist");
                return Err(Refusal::new("InvalidGroup.NotFound", words));
            }
            Some(other) if other != vpc => {
                let words = format!("Security group {group} and subnet {subnet} belong to different networks.");
                return Err(Refusal::new("InvalidParameter", words));
            }
            Some(_) => {}
        }
    }
    if given.is_empty() {
        return Ok(security_groups::default_group(scene, vpc).into_iter().collect());
    }
    Ok(given.into_iter().map(str::to_owned).collect())
}

/// The ARN of the profile, which EC2 learns of only a while after it was made.
fn profile(scene: &Scene<'_>, rest: &Input) -> Result<Option<String>, Refusal> {
    let Some(given) = rest.at("IamInstanceProfile") else { return Ok(None) };
    let (field, value) = match (given.text("Arn"), given.text("Name")) {
        (Some(arn), _) => ("arn", arn),
        (None, Some(name)) => ("name", name),
        (None, None) => return Ok(None),
    };
    if !iam::instance_profile(scene, value) {
        let what = if field == "arn" { "ARN" } else { "name" };
        let words = format!(
            "Value ({value}) for parameter iamInstanceProfile.{field} is invalid. Invalid IAM Instance Profile {what}"
        );
        return Err(invalid(words));
    }
    let account = &scene.place.account;
    let arn =
        if field == "arn" { value.to_owned() } else { format!("arn:aws:iam::{account}:instance-profile/{value}") };
    Ok(Some(arn))
}

/// The volumes of the image, changed and added to as the caller wants.
pub(in super::super) fn devices(rest: &Input, mut devices: Vec<Device>) -> Result<Vec<Device>, Refusal> {
    for mapping in rest.list("BlockDeviceMapping") {
        let name = mapping.need("DeviceName")?;
        if mapping.has("NoDevice") {
            devices.retain(|device| device.name != name);
            continue;
        }
        let Some(wanted) = mapping.at("Ebs") else { continue };
        let at = devices.iter().position(|device| device.name == name).unwrap_or_else(|| {
            let kind = "gp2".to_owned();
            devices.push(Device { name: name.to_owned(), kind, delete: true, ..Device::default() });
            devices.len() - 1
        });
        let Some(device) = devices.get_mut(at) else { continue };
        change(device, wanted)?;
    }
    Ok(devices)
}

fn change(device: &mut Device, wanted: &Input) -> Result<(), Refusal> {
    let whole = |name: &str| Ok::<_, Refusal>(wanted.whole(name)?.map(i64::unsigned_abs));
    if let Some(size) = whole("VolumeSize")? {
        if size < device.gigabytes {
            let words = format!(
                "Volume of size {size}GB is smaller than snapshot '{}', expect size>= {}GB",
                device.snapshot, device.gigabytes
            );
            return Err(Refusal::new("InvalidBlockDeviceMapping", words));
        }
        device.gigabytes = size;
    }
    if device.gigabytes == 0 {
        let words = "the parameter volumeSize or snapshotId is required for an EBS volume";
        return Err(Refusal::new("MissingParameter", format!("The request must contain {words}")));
    }
    if let Some(kind) = wanted.text("VolumeType") {
        Scene::ensure(["gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"].contains(&kind), || {
            invalid(format!("Invalid volume type: {kind}"))
        })?;
        kind.clone_into(&mut device.kind);
    }
    device.encrypted |= wanted.flag("Encrypted") == Some(true);
    device.delete = wanted.flag("DeleteOnTermination").unwrap_or(device.delete);
    device.iops = whole("Iops")?;
    device.throughput = whole("Throughput")?;
    Ok(())
}

fn volume(scene: &mut Scene<'_>, device: &Device, instance: &str, zone: &str, tags: &Tags) -> String {
    let (id, visible) = (scene.dice.id("vol"), scene.fresh());
    // Without a key of one's own the account's standard key encrypts.
    let key = device.encrypted.then(|| scene.arn("kms", "key/11111111-2222-4333-8444-555555555555"));
    let volume = Volume {
        gigabytes: device.gigabytes,
        kind: device.kind.clone(),
        iops: device.iops,
        throughput: device.throughput,
        encrypted: device.encrypted,
        snapshot: device.snapshot.clone(),
        zone: zone.to_owned(),
        made: scene.now,
        instance: Some(instance.to_owned()),
        device: device.name.clone(),
        delete: device.delete,
        key,
        tags: tags.clone(),
    };
    scene.here.ec2.volumes.put(&id, volume, visible);
    id
}

/// An address from Amazon's pool.
pub(super) fn public_address(scene: &mut Scene<'_>) -> String {
    let mut part = || scene.dice.between(1, 254);
    format!("52.{}.{}.{}", part(), part(), part())
}

/// What an image of an instance takes over from it.
pub(in super::super) struct Portrait {
    pub(in super::super) architecture: String,
    pub(in super::super) root: String,
    pub(in super::super) devices: Vec<Device>,
    pub(in super::super) needs_session_tokens: bool,
}

/// An instance as an image would have it.
pub(in super::super) fn portrait(scene: &Scene<'_>, id: &str) -> Result<Portrait, Refusal> {
    let instance = super::need(scene, id)?;
    if !matches!(instance.phase, Phase::Running | Phase::Stopped) {
        let words = format!("Instance {id} is not 'running' or 'stopped'");
        return Err(Refusal::new("IncorrectState", words));
    }
    let volumes = instance.volumes.iter().filter_map(|volume| scene.here.ec2.volumes.get(volume));
    let devices = volumes.map(|volume| Device {
        name: volume.device.clone(),
        snapshot: String::new(),
        gigabytes: volume.gigabytes,
        kind: volume.kind.clone(),
        encrypted: volume.encrypted,
        delete: volume.delete,
        iops: volume.iops,
        throughput: volume.throughput,
    });
    let image = scene.here.ec2.images.images.get(&instance.image);
    Ok(Portrait {
        architecture: instance.architecture.clone(),
        root: instance.root.clone(),
        devices: devices.collect(),
        needs_session_tokens: image.is_some_and(|image| image.needs_session_tokens),
    })
}
