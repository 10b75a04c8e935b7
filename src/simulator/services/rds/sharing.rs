//! Copies of snapshots, and who else may restore them.

use std::collections::BTreeSet;

use super::listing;
use super::refusals::no_snapshot;
use super::requests;
use super::snapshots::{self, Snapshot};
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, named, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// Copying and sharing snapshots.
pub(super) const ACTIONS: &[Action] = &[
    action("CopyDBSnapshot", copy),
    action("DescribeDBSnapshotAttributes", describe),
    action("ModifyDBSnapshotAttribute", modify),
];

fn find(scene: &Scene<'_>, input: &Input, parameter: &str) -> Result<(String, Snapshot), Refusal> {
    let name = listing::name(input.need(parameter)?);
    match scene.here.rds.snapshots.seen(&name, scene.sight) {
        Some(snapshot) => Ok((name, snapshot.clone())),
        None => Err(no_snapshot(&name)),
    }
}

fn copy(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = listing::identifier(input, "TargetDBSnapshotIdentifier", 255)?;
    let (_, source) = find(scene, input, "SourceDBSnapshotIdentifier")?;
    snapshots::check_free(scene, &name)?;
    if source.status != "available" {
        let words = "The source snapshot is not in the available state.";
        return Err(Refusal::new("InvalidDBSnapshotState", words));
    }
    input.pass_over("OptionGroupName");
    input.pass_over("CopyOptionGroup");
    let mut tags = if input.flag("CopyTags") == Some(true) { source.tags.clone() } else { Tags::default() };
    tags.merge(Tags::read(input, "Tags")?)?;
    let key = input.text("KmsKeyId").map(|key| requests::whole_key(scene, key));
    let mut origin = source.origin.clone();
    origin.storage.key = key.or(origin.storage.key);
    let arn = scene.arn("rds", &format!("snapshot:{}", listing::name(input.need("SourceDBSnapshotIdentifier")?)));
    let copy = Snapshot {
        kind: "manual",
        status: "creating",
        taken: scene.now,
        source: Some(arn),
        shared: BTreeSet::new(),
        origin,
        tags,
    };
    snapshots::keep(scene, &name, copy);
    snapshots::answer(scene, &name)
}

fn show(name: &str, snapshot: &Snapshot) -> Tree {
    let restore = object! {
        "AttributeName" => "restore",
        "AttributeValues" => named("AttributeValue", &snapshot.shared),
    };
    let result = object! {
        "DBSnapshotIdentifier" => name.to_owned(),
        "DBSnapshotAttributes" => named("DBSnapshotAttribute", [restore]),
    };
    object! { "DBSnapshotAttributesResult" => result }
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, snapshot) = find(scene, input, "DBSnapshotIdentifier")?;
    Ok(show(&name, &snapshot))
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, mut snapshot) = find(scene, input, "DBSnapshotIdentifier")?;
    let attribute = input.need("AttributeName")?;
    if attribute != "restore" {
        return Err(invalid(format!("Invalid attribute name: {attribute}")));
    }
    if snapshot.kind != "manual" {
        return Err(Refusal::new("InvalidDBSnapshotState", "Only manual snapshots can be shared."));
    }
    snapshot.shared.extend(input.texts("ValuesToAdd").into_iter().map(str::to_owned));
    let gone = input.texts("ValuesToRemove");
    snapshot.shared.retain(|account| !gone.contains(&account.as_str()));
    if let Some(there) = scene.here.rds.snapshots.get_mut(&name) {
        there.shared.clone_from(&snapshot.shared);
    }
    Ok(show(&name, &snapshot))
}
