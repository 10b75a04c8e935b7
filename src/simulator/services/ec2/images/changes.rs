//! Images that an account makes, copies, retires and takes away.

use std::time::Duration;

use super::{Device, Image, need};
use crate::simulator::clock::Moment;
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::object;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::instances;
use crate::simulator::services::ec2::volumes::snapshots::{self, Snapshot};
use crate::simulator::tags::Tags;

/// What can be done with images of one's own.
pub(in super::super) const ACTIONS: &[Action] = &[
    action("CreateImage", create),
    action("RegisterImage", register),
    action("CopyImage", copy).token("ClientToken"),
    action("DeregisterImage", deregister),
    action("EnableImageDeprecation", deprecate),
    action("DisableImageDeprecation", undeprecate),
    action("EnableImage", enable),
    action("DisableImage", disable),
    action("EnableImageDeregistrationProtection", protect),
    action("DisableImageDeregistrationProtection", unprotect),
    action("ModifyImageAttribute", modify),
];

/// How long it takes until the snapshots of an image are done: minutes, as users report.
pub(in super::super) const MAKING: Duration = Duration::from_mins(3);

/// Refuses names that are taken or cannot be had (`API_CreateImage`).
fn check_name<'i>(scene: &Scene<'_>, input: &'i Input) -> Result<&'i str, Refusal> {
    let name = input.need("Name")?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b" ()[]./-'@_".contains(&byte);
    if !(3..=128).contains(&name.len()) || !name.bytes().all(fits) {
        let words = "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', \
            '.', '-', '/', '_' and spaces";
        return Err(Refusal::new("InvalidAMIName.Malformed", words));
    }
    if let Some((id, _)) = scene.here.ec2.images.own.iter().find(|(_, image)| image.name == name) {
        let words = format!("AMI name {name} is already in use by AMI {id}");
        return Err(Refusal::new("InvalidAMIName.Duplicate", words));
    }
    Ok(name)
}

fn own_mut<'a>(scene: &'a mut Scene<'_>, input: &Input) -> Result<&'a mut Image, Refusal> {
    let id = input.need("ImageId")?;
    if need(scene, id)?.owner != scene.place.account {
        return Err(Refusal::new("AuthFailure", format!("Not authorized for image:{id}")));
    }
    let absent = || Refusal::new("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist"));
    scene.here.ec2.images.own.get_mut(id).ok_or_else(absent)
}

/// Puts an image there that becomes available by itself.
fn begin(scene: &mut Scene<'_>, mut image: Image, volumes: &[String], tags: &Tags) -> String {
    let (id, visible) = (scene.dice.id("ami"), scene.fresh());
    for (place, device) in image.devices.iter_mut().enumerate() {
        let snapshot = Snapshot {
            volume: volumes.get(place).cloned().unwrap_or_else(|| "vol-ffffffff".to_owned()),
            gigabytes: device.gigabytes,
            encrypted: device.encrypted,
            description: format!("Created by CreateImage for {id}"),
            made: scene.now,
            is_done: false,
            tags: tags.clone(),
        };
        device.snapshot = snapshots::begin(scene, snapshot);
    }
    scene.here.ec2.images.own.put(&id, image, visible);
    scene.later(MAKING, be_available, &id);
    id
}

fn be_available(scene: &mut Scene<'_>, id: &str) {
    let Some(image) = scene.here.ec2.images.own.get_mut(id) else { return };
    image.is_available = true;
    let done: Vec<String> = image.devices.iter().map(|device| device.snapshot.clone()).collect();
    for snapshot in &done {
        snapshots::finish(scene, snapshot);
    }
}

fn new(scene: &Scene<'_>, name: &str, input: &Input) -> Result<Image, Refusal> {
    Ok(Image {
        name: name.to_owned(),
        owner: scene.place.account.clone(),
        alias: None,
        description: input.text_or("Description", ""),
        architecture: "x86_64".to_owned(),
        root: String::new(),
        devices: Vec::new(),
        made: scene.now,
        is_public: false,
        is_available: false,
        is_uefi: true,
        needs_session_tokens: false,
        deprecated: None,
        source: None,
        from_instance: None,
        is_protected: false,
        is_disabled: false,
        tags: Tags::specified(input, "image")?,
    })
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let instance = input.need("InstanceId")?;
    // Whether the instance restarts meanwhile is not seen from outside; nor where its snapshots lie.
    input.pass_over("NoReboot");
    input.pass_over("SnapshotLocation");
    let name = check_name(scene, input)?;
    let mut image = new(scene, name, input)?;
    let made_of = instances::portrait(scene, instance)?;
    image.architecture = made_of.architecture;
    image.root = made_of.root;
    image.devices = instances::devices(input, made_of.devices)?;
    image.needs_session_tokens = made_of.needs_session_tokens;
    image.from_instance = Some(instance.to_owned());
    let tags = Tags::specified(input, "snapshot")?;
    Ok(object! { "imageId" => begin(scene, image, &made_of.volumes, &tags) })
}

fn register(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = check_name(scene, input)?;
    let mut image = new(scene, name, input)?;
    image.architecture = input.text_or("Architecture", "i386");
    input.need("RootDeviceName")?.clone_into(&mut image.root);
    image.needs_session_tokens = input.text("ImdsSupport") == Some("v2.0");
    image.is_uefi = input.text("BootMode").is_some_and(|mode| mode != "legacy-bios") || image.architecture == "arm64";
    input.pass_over("EnaSupport");
    input.pass_over("SriovNetSupport");
    input.pass_over("VirtualizationType");
    for mapping in input.list("BlockDeviceMapping") {
        let Some(ebs) = mapping.at("Ebs") else { continue };
        image.devices.push(Device {
            name: mapping.need("DeviceName")?.to_owned(),
            snapshot: ebs.text_or("SnapshotId", ""),
            gigabytes: ebs.whole("VolumeSize")?.unwrap_or(8).unsigned_abs(),
            kind: ebs.text_or("VolumeType", "gp2"),
            encrypted: ebs.flag("Encrypted") == Some(true),
            delete: ebs.flag("DeleteOnTermination").unwrap_or(true),
            iops: ebs.whole("Iops")?.map(i64::unsigned_abs),
            throughput: ebs.whole("Throughput")?.map(i64::unsigned_abs),
        });
    }
    if !image.devices.iter().any(|device| device.name == image.root && !device.snapshot.is_empty()) {
        let words = format!("The root device {} must have a snapshot", image.root);
        return Err(Refusal::new("InvalidBlockDeviceMapping", words));
    }
    image.is_available = true;
    let (id, visible) = (scene.dice.id("ami"), scene.fresh());
    scene.here.ec2.images.own.put(&id, image, visible);
    Ok(object! { "imageId" => id })
}

/// Regions are apart here, so that copies come from the same one.
fn copy(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, region) = (input.need("SourceImageId")?, input.need("SourceRegion")?);
    let name = check_name(scene, input)?;
    if region != scene.place.region {
        let words = format!("The image id '[{id}]' does not exist");
        return Err(Refusal::new("InvalidAMIID.NotFound", words));
    }
    let source = need(scene, id)?.clone();
    if !source.is_available {
        return Err(Refusal::new("InvalidAMIID.Unavailable", format!("The image ID '{id}' is not available")));
    }
    let mut image = new(scene, name, input)?;
    if input.flag("CopyImageTags") == Some(true) && source.owner == scene.place.account {
        let mut tags = source.tags.clone();
        tags.merge(image.tags)?;
        image.tags = tags;
    }
    image.architecture = source.architecture;
    image.root = source.root;
    image.devices = source.devices;
    image.is_uefi = source.is_uefi;
    image.needs_session_tokens = source.needs_session_tokens;
    image.source = Some((id.to_owned(), region.to_owned()));
    if input.flag("Encrypted") == Some(true) {
        image.devices.iter_mut().for_each(|device| device.encrypted = true);
    }
    // The volume of a copied snapshot is one that nobody has.
    let tags = Tags::specified(input, "snapshot")?;
    Ok(object! { "imageId" => begin(scene, image, &[], &tags) })
}

fn deregister(scene: &mut Scene<'_>, input: &Input) -> Answer {
    if own_mut(scene, input)?.is_protected {
        let words = "The AMI is protected from deregistration. Disable deregistration protection first.";
        return Err(Refusal::new("OperationNotPermitted", words));
    }
    let gone = scene.here.ec2.images.own.remove(input.need("ImageId")?);
    if input.flag("DeleteAssociatedSnapshots") == Some(true) {
        let devices = gone.map(|image| image.devices).unwrap_or_default();
        for device in devices {
            snapshots::remove(scene, &device.snapshot);
        }
    }
    Ok(object! { "return" => true })
}

fn deprecate(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let at = input.moment("DeprecateAt")?.ok_or_else(|| crate::simulator::input::missing("DeprecateAt"))?;
    let now = scene.now;
    let image = own_mut(scene, input)?;
    if at < now {
        return Err(invalid("The deprecation date must be in the future"));
    }
    // To the minute, as EC2 rounds it.
    image.deprecated = Some(Moment((at.0 + 30_000) / 60_000 * 60_000));
    Ok(object! { "return" => true })
}

fn undeprecate(scene: &mut Scene<'_>, input: &Input) -> Answer {
    own_mut(scene, input)?.deprecated = None;
    Ok(object! { "return" => true })
}

fn enable(scene: &mut Scene<'_>, input: &Input) -> Answer {
    own_mut(scene, input)?.is_disabled = false;
    Ok(object! { "return" => true })
}

fn disable(scene: &mut Scene<'_>, input: &Input) -> Answer {
    own_mut(scene, input)?.is_disabled = true;
    Ok(object! { "return" => true })
}

fn protect(scene: &mut Scene<'_>, input: &Input) -> Answer {
    // The day of grace after protection ends is passed over: deregistering works at once.
    input.pass_over("WithCooldown");
    own_mut(scene, input)?.is_protected = true;
    Ok(object! { "return" => "true" })
}

fn unprotect(scene: &mut Scene<'_>, input: &Input) -> Answer {
    own_mut(scene, input)?.is_protected = false;
    Ok(object! { "return" => "true" })
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let description = input.at("Description").and_then(|it| it.text("Value")).map(str::to_owned);
    let description = description.or_else(|| {
        input
            .text("Attribute")
            .filter(|name| *name == "description")
            .and_then(|_| input.text("Value"))
            .map(str::to_owned)
    });
    let is_all = |group: &Input| group.text("Group") == Some("all");
    let permission = |list: &str| input.at("LaunchPermission").is_some_and(|it| it.list(list).iter().any(is_all));
    let (opens, closes) = (permission("Add"), permission("Remove"));
    let image = own_mut(scene, input)?;
    if let Some(description) = description {
        image.description = description;
    }
    image.is_public = (image.is_public || opens) && !closes;
    if let Some(support) = input.at("ImdsSupport").and_then(|it| it.text("Value")) {
        image.needs_session_tokens = support == "v2.0";
    }
    Ok(object! { "return" => true })
}
