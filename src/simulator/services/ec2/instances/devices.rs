//! The volumes that instances begin with, and the images that are made of instances.

use super::Phase;
use crate::simulator::input::{Input, invalid};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::images::{self, Device};
use crate::simulator::services::ec2::volumes::Volume;
use crate::simulator::tags::Tags;

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

/// Makes the volume of an instance.
pub(super) fn volume(scene: &mut Scene<'_>, device: &Device, instance: &str, zone: &str, tags: &Tags) -> String {
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
    scene.here.ec2.volumes.all.put(&id, volume, visible);
    id
}

/// What an image of an instance takes over from it.
pub(in super::super) struct Portrait {
    pub(in super::super) architecture: String,
    pub(in super::super) root: String,
    pub(in super::super) devices: Vec<Device>,
    /// The volumes of the devices.
    pub(in super::super) volumes: Vec<String>,
    pub(in super::super) needs_session_tokens: bool,
}

/// An instance as an image would have it.
pub(in super::super) fn portrait(scene: &Scene<'_>, id: &str) -> Result<Portrait, Refusal> {
    let instance = super::need(scene, id)?;
    if !matches!(instance.phase, Phase::Running | Phase::Stopped) {
        let words = format!("Instance {id} is not 'running' or 'stopped'");
        return Err(Refusal::new("IncorrectState", words));
    }
    let volumes = instance.volumes.iter().filter_map(|volume| scene.here.ec2.volumes.all.get(volume));
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
    let image = images::find(scene, &instance.image);
    Ok(Portrait {
        architecture: instance.architecture.clone(),
        root: instance.root.clone(),
        devices: devices.collect(),
        volumes: instance.volumes.clone(),
        needs_session_tokens: image.is_some_and(|image| image.needs_session_tokens),
    })
}
