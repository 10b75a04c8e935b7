//! Groups of parameters, and those that are there by themselves, `default.mysql8.4`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::engines::families;
use super::listing;
use super::refusals::no_parameter_group;
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// Groups of parameters.
pub(super) const ACTIONS: &[Action] = &[
    action("CopyDBParameterGroup", copy),
    action("CreateDBParameterGroup", create),
    action("DeleteDBParameterGroup", delete),
    action("DescribeDBParameterGroups", describe),
];

/// A group of parameters.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct ParameterGroup {
    pub(super) family: String,
    pub(super) description: String,
    /// What somebody set, by name: the value, and when it applies.
    pub(super) values: BTreeMap<String, (String, &'static str)>,
    pub(super) tags: Tags,
}

/// The family of the group of this name, if there is one.
pub(super) fn family(scene: &Scene<'_>, name: &str) -> Option<String> {
    let own = scene.here.rds.parameter_groups.seen(name, scene.sight).map(|group| group.family.clone());
    own.or_else(|| standard(name).map(str::to_owned))
}

/// The family of a group that is there by itself.
pub(super) fn standard(name: &str) -> Option<&'static str> {
    let family = name.strip_prefix("default.")?;
    families().map(|(known, _)| known).find(|known| *known == family)
}

/// A new group for a call, which has not been put anywhere yet.
fn new(
    scene: &Scene<'_>,
    input: &Input,
    parameter: &str,
    family: &str,
    about: &str,
) -> Result<(String, ParameterGroup), Refusal> {
    let name = listing::identifier(input, parameter, 255)?;
    if scene.here.rds.parameter_groups.has(&name) {
        let words = format!("Parameter group {name} already exists");
        return Err(Refusal::new("DBParameterGroupAlreadyExists", words));
    }
    let description = input.need(about)?.to_owned();
    let tags = Tags::read(input, "Tags")?;
    Ok((name, ParameterGroup { family: family.to_owned(), description, tags, values: BTreeMap::new() }))
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let family = input.need("DBParameterGroupFamily")?.to_ascii_lowercase();
    let (name, group) = new(scene, input, "DBParameterGroupName", &family, "Description")?;
    if !families().any(|(known, _)| known == family) {
        return Err(invalid(format!("ParameterGroupFamily {family} is not a valid parameter group family")));
    }
    let visible = scene.fresh();
    scene.here.rds.parameter_groups.put(name.clone(), group, visible);
    Ok(answer(scene, &name))
}

fn copy(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let source = listing::name(input.need("SourceDBParameterGroupIdentifier")?);
    let source = source.strip_prefix("pg:").unwrap_or(&source);
    let Some(family) = family(scene, source) else { return Err(no_parameter_group(source)) };
    if standard(source).is_some() {
        return Err(invalid(format!("Cannot copy a default DB parameter group: {source}")));
    }
    let (parameter, about) = ("TargetDBParameterGroupIdentifier", "TargetDBParameterGroupDescription");
    let (name, mut group) = new(scene, input, parameter, &family, about)?;
    group.values = scene.here.rds.parameter_groups.get(source).map(|group| group.values.clone()).unwrap_or_default();
    let visible = scene.fresh();
    scene.here.rds.parameter_groups.put(name.clone(), group, visible);
    Ok(answer(scene, &name))
}

fn answer(scene: &Scene<'_>, name: &str) -> Tree {
    let group = scene.here.rds.parameter_groups.get(name);
    let shown = group.map(|group| show(scene, name, &group.family, &group.description));
    object! { "DBParameterGroup" => shown }
}

fn show(scene: &Scene<'_>, name: &str, family: &str, description: &str) -> Tree {
    object! {
        "DBParameterGroupName" => name.to_owned(),
        "DBParameterGroupFamily" => family.to_owned(),
        "Description" => description.to_owned(),
        "DBParameterGroupArn" => scene.arn("rds", &format!("pg:{name}")),
    }
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    input.pass_over("Filters");
    let name = input.text("DBParameterGroupName").map(listing::name);
    let name = name.as_deref().map(|name| name.strip_prefix("pg:").unwrap_or(name));
    if let Some(name) = name.filter(|name| family(scene, name).is_none()) {
        return Err(no_parameter_group(name));
    }
    let own = scene.here.rds.parameter_groups.visible(scene.sight);
    let own = own.map(|(id, group)| (id.to_owned(), show(scene, id, &group.family, &group.description)));
    let standard = families().map(|(family, _)| {
        let id = format!("default.{family}");
        let shown = show(scene, &id, family, &format!("Default parameter group for {family}"));
        (id, shown)
    });
    let mut all: BTreeMap<String, Tree> = own.chain(standard).collect();
    all.retain(|id, _| name.is_none_or(|name| name == id));
    Ok(page.list("DBParameterGroups", "DBParameterGroup", all))
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = listing::name(input.need("DBParameterGroupName")?);
    let refused = |words: String| Err(Refusal::new("InvalidDBParameterGroupState", words));
    if standard(&name).is_some() {
        return refused(format!("Default DBParameterGroup cannot be deleted: {name}"));
    }
    if family(scene, &name).is_none() {
        return Err(no_parameter_group(&name));
    }
    let mut users = scene.here.rds.instances.iter();
    if let Some((user, _)) = users.find(|(_, instance)| instance.settings.parameter_group == name) {
        return refused(format!(
            "One or more database instances are still members of this parameter group {name}, so the group cannot be deleted ({user})"
        ));
    }
    scene.here.rds.parameter_groups.remove(&name);
    Ok(Tree::NONE)
}
