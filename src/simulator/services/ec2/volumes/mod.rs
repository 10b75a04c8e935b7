//! Volumes, as instances have them, and snapshots of them.

pub(super) mod snapshots;

use serde::Serialize;

use crate::simulator::clock::Moment;
use crate::simulator::filters::Filters;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, items, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::shelf::Shelf;
use crate::simulator::tags::Tags;

/// What can be done with volumes and snapshots.
pub(super) const ACTIONS: &[Action] = &[
    action("DescribeVolumes", describe),
    action("DeleteVolume", delete),
    action("CreateSnapshot", snapshots::create),
    action("DescribeSnapshots", snapshots::describe),
    action("DeleteSnapshot", snapshots::delete),
];

/// The volumes and snapshots of a region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    pub(super) all: Shelf<Volume>,
    snapshots: Shelf<snapshots::Snapshot>,
}

/// A volume.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Volume {
    pub(super) gigabytes: u64,
    pub(super) kind: String,
    pub(super) iops: Option<u64>,
    pub(super) throughput: Option<u64>,
    pub(super) encrypted: bool,
    pub(super) snapshot: String,
    pub(super) zone: String,
    pub(super) made: Moment,
    pub(super) instance: Option<String>,
    pub(super) device: String,
    /// Whether it goes with its instance.
    pub(super) delete: bool,
    pub(super) key: Option<String>,
    pub(super) tags: Tags,
}

/// Lets go of the volume of an instance that is no more.
pub(super) fn release(scene: &mut Scene<'_>, id: &str) {
    let volumes = &mut scene.here.ec2.volumes.all;
    if volumes.get(id).is_some_and(|volume| volume.delete) {
        volumes.remove(id);
    } else if let Some(volume) = volumes.get_mut(id) {
        volume.instance = None;
    }
}

/// The tags of a volume or a snapshot, to be changed.
pub(super) fn tags<'a>(scene: &'a mut Scene<'_>, id: &str) -> Option<&'a mut Tags> {
    let (state, sight) = (&mut scene.here.ec2.volumes, scene.sight);
    if id.starts_with("snap-") {
        return state.snapshots.seen_mut(id, sight).map(|snapshot| &mut snapshot.tags);
    }
    state.all.seen_mut(id, sight).map(|volume| &mut volume.tags)
}

/// The tags of all volumes and snapshots.
pub(super) fn tagged<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = (&'a str, &'a Tags)> {
    let state = &scene.here.ec2.volumes;
    let volumes = state.all.visible(scene.sight).map(|(id, volume)| (id, &volume.tags));
    volumes.chain(state.snapshots.visible(scene.sight).map(|(id, snapshot)| (id, &snapshot.tags)))
}

impl Volume {
    fn state(&self) -> &'static str {
        if self.instance.is_some() { "in-use" } else { "available" }
    }

    fn show(&self, id: &str) -> Tree {
        let attachment = self.instance.as_ref().map(|instance| {
            object! {
                "volumeId" => id.to_owned(),
                "instanceId" => instance,
                "device" => &self.device,
                "status" => "attached",
                "attachTime" => self.made,
                "deleteOnTermination" => self.delete,
            }
        });
        object! {
            "volumeId" => id.to_owned(),
            "size" => self.gigabytes,
            "snapshotId" => &self.snapshot,
            "availabilityZone" => &self.zone,
            "status" => self.state(),
            "createTime" => self.made,
            "attachmentSet" => items(attachment),
            "volumeType" => &self.kind,
            "iops" => self.iops.or(default_iops(&self.kind, self.gigabytes)),
            "throughput" => self.throughput.or((self.kind == "gp3").then_some(125)),
            "encrypted" => self.encrypted,
            "kmsKeyId" => self.key.clone(),
            "multiAttachEnabled" => false,
            "operator" => object! { "managed" => false },
            "tagSet" => self.tags.ec2_list(),
        }
    }

    fn value(&self, id: &str, name: &str) -> Vec<String> {
        let attached = |value: &dyn Fn(&String) -> String| self.instance.iter().map(value).collect();
        let one = match name {
            "attachment.delete-on-termination" => return attached(&|_| self.delete.to_string()),
            "attachment.device" => return attached(&|_| self.device.clone()),
            "attachment.instance-id" => return attached(&Clone::clone),
            "attachment.status" => return attached(&|_| "attached".to_owned()),
            "attachment.attach-time" => return attached(&|_| self.made.iso()),
            "availability-zone" => self.zone.clone(),
            "create-time" => self.made.iso(),
            "encrypted" => self.encrypted.to_string(),
            "multi-attach-enabled" | "fast-restored" => "false".to_owned(),
            "size" => self.gigabytes.to_string(),
            "snapshot-id" => self.snapshot.clone(),
            "status" => self.state().to_owned(),
            "volume-id" => id.to_owned(),
            "volume-type" => self.kind.clone(),
            _ => return Vec::new(),
        };
        vec![one]
    }
}

/// Input and output operations a second, of a type that does not let its owner choose, or where the owner did not
/// (<https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html>).
fn default_iops(kind: &str, gigabytes: u64) -> Option<u64> {
    match kind {
        "gp3" => Some(3000),
        "gp2" => Some((gigabytes * 3).clamp(100, 16_000)),
        _ => None,
    }
}

const FILTERS: &[&str] = &[
    "attachment.attach-time",
    "attachment.delete-on-termination",
    "attachment.device",
    "attachment.instance-id",
    "attachment.status",
    "availability-zone",
    "create-time",
    "encrypted",
    "fast-restored",
    "multi-attach-enabled",
    "size",
    "snapshot-id",
    "status",
    "volume-id",
    "volume-type",
];

fn need<'a>(scene: &'a Scene<'_>, id: &str) -> Result<&'a Volume, Refusal> {
    let is_id = id.strip_prefix("vol-").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    Scene::ensure(is_id, || {
        let words = format!("Value ({id}) for parameter volume is invalid. Expected: 'vol-...'.");
        Refusal::new("InvalidParameterValue", words)
    })?;
    let found = scene.here.ec2.volumes.all.seen(id, scene.sight);
    found.ok_or_else(|| Refusal::new("InvalidVolume.NotFound", format!("The volume '{id}' does not exist.")))
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, FILTERS)?;
    let page = Page::read(input, "MaxResults", "NextToken", (5, 1000), "InvalidParameterValue")?;
    let ids = input.texts("VolumeId");
    ids.iter().try_for_each(|id| need(scene, id).map(|_| ()))?;
    let all = scene.here.ec2.volumes.all.visible(scene.sight).filter(|(id, _)| ids.is_empty() || ids.contains(id));
    let found = all.filter(|(id, volume)| filters.pass(&volume.tags, |name| volume.value(id, name)));
    let (page, next) = page.cut(found.map(|(id, volume)| (id.to_owned(), volume.show(id))));
    Ok(object! { "volumeSet" => items(page), "nextToken" => next })
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("VolumeId")?;
    if let Some(instance) = &need(scene, id)?.instance {
        return Err(Refusal::new("VolumeInUse", format!("Volume {id} is currently attached to {instance}")));
    }
    scene.here.ec2.volumes.all.remove(id);
    Ok(object! { "return" => true })
}
