//! Snapshots of volumes, which images are made of.

use serde::Serialize;

use super::Volume;
use crate::simulator::clock::Moment;
use crate::simulator::filters::Filters;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, items, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::Answer;
use crate::simulator::services::ec2::images;
use crate::simulator::tags::Tags;

/// A snapshot.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Snapshot {
    pub(in super::super) volume: String,
    pub(in super::super) gigabytes: u64,
    pub(in super::super) encrypted: bool,
    pub(in super::super) description: String,
    pub(in super::super) made: Moment,
    pub(in super::super) is_done: bool,
    pub(in super::super) tags: Tags,
}

/// Puts a snapshot there, which is done later: `finish`.
pub(in super::super) fn begin(scene: &mut Scene<'_>, snapshot: Snapshot) -> String {
    let (id, visible) = (scene.dice.id("snap"), scene.fresh());
    scene.here.ec2.volumes.snapshots.put(&id, snapshot, visible);
    id
}

/// The snapshot is done.
pub(in super::super) fn finish(scene: &mut Scene<'_>, id: &str) {
    if let Some(snapshot) = scene.here.ec2.volumes.snapshots.get_mut(id) {
        snapshot.is_done = true;
    }
}

/// Takes a snapshot away.
pub(in super::super) fn remove(scene: &mut Scene<'_>, id: &str) {
    scene.here.ec2.volumes.snapshots.remove(id);
}

impl Snapshot {
    fn state(&self) -> &'static str {
        if self.is_done { "completed" } else { "pending" }
    }

    fn show(&self, scene: &Scene<'_>, id: &str) -> Tree {
        object! {
            "snapshotId" => id.to_owned(),
            "volumeId" => &self.volume,
            "status" => self.state(),
            "startTime" => self.made,
            "progress" => if self.is_done { "100%" } else { "0%" },
            "ownerId" => &scene.place.account,
            "volumeSize" => self.gigabytes,
            "description" => &self.description,
            "encrypted" => self.encrypted,
            "storageTier" => "standard",
            "tagSet" => self.tags.ec2_list(),
        }
    }

    fn value(&self, scene: &Scene<'_>, id: &str, name: &str) -> Vec<String> {
        let one = match name {
            "description" => self.description.clone(),
            "encrypted" => self.encrypted.to_string(),
            "owner-id" => scene.place.account.clone(),
            "progress" => if self.is_done { "100%" } else { "0%" }.to_owned(),
            "snapshot-id" => id.to_owned(),
            "start-time" => self.made.iso(),
            "status" => self.state().to_owned(),
            "storage-tier" => "standard".to_owned(),
            "volume-id" => self.volume.clone(),
            "volume-size" => self.gigabytes.to_string(),
            _ => return Vec::new(),
        };
        vec![one]
    }
}

fn absent(id: &str) -> Refusal {
    Refusal::new("InvalidSnapshot.NotFound", format!("The snapshot '{id}' does not exist."))
}

const FILTERS: &[&str] = &[
    "description",
    "encrypted",
    "owner-alias",
    "owner-id",
    "progress",
    "snapshot-id",
    "start-time",
    "status",
    "storage-tier",
    "volume-id",
    "volume-size",
];

/// `DescribeSnapshots`: only those of the account: whose images the others are made of is nobody's business.
pub(super) fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, FILTERS)?;
    let page = Page::read(input, "MaxResults", "NextToken", (5, 1000), "InvalidParameterValue")?;
    let (ids, owners) = (input.texts("SnapshotId"), input.texts("Owner"));
    let snapshots = &scene.here.ec2.volumes.snapshots;
    if let Some(id) = ids.iter().find(|id| snapshots.seen(id, scene.sight).is_none()) {
        return Err(absent(id));
    }
    let is_mine = |owner: &&str| ["self", scene.place.account.as_str()].contains(owner);
    let found = snapshots.visible(scene.sight).filter(|(id, snapshot)| {
        (ids.is_empty() || ids.contains(id))
            && (owners.is_empty() || owners.iter().any(is_mine))
            && filters.pass(&snapshot.tags, |name| snapshot.value(scene, id, name))
    });
    input.pass_over("RestorableBy");
    let (page, next) = page.cut(found.map(|(id, snapshot)| (id.to_owned(), snapshot.show(scene, id))));
    Ok(object! { "snapshotSet" => items(page), "nextToken" => next })
}

/// `CreateSnapshot`.
pub(super) fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let volume = input.need("VolumeId")?;
    let Volume { gigabytes, encrypted, .. } = *super::need(scene, volume)?;
    let snapshot = Snapshot {
        volume: volume.to_owned(),
        gigabytes,
        encrypted,
        description: input.text_or("Description", ""),
        made: scene.now,
        is_done: false,
        tags: Tags::specified(input, "snapshot")?,
    };
    let id = begin(scene, snapshot.clone());
    scene.later(images::MAKING, finish, &id);
    Ok(snapshot.show(scene, &id))
}

/// `DeleteSnapshot`.
pub(super) fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("SnapshotId")?;
    if scene.here.ec2.volumes.snapshots.seen(id, scene.sight).is_none() {
        return Err(absent(id));
    }
    if let Some(image) = images::made_of(scene, id) {
        let words = format!("The snapshot {id} is currently in use by {image}");
        return Err(Refusal::new("InvalidSnapshot.InUse", words));
    }
    scene.here.ec2.volumes.snapshots.remove(id);
    Ok(object! { "return" => true })
}
