//! Launch templates and their versions.

pub(super) mod data;
mod versions;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::simulator::clock::Moment;
use crate::simulator::filters::Filters;
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::shelf::Shelf;
use crate::simulator::tags::Tags;

pub(super) use versions::ACTIONS as VERSIONS;

/// What can be done with launch templates.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateLaunchTemplate", create).token("ClientToken"),
    action("DescribeLaunchTemplates", describe),
    action("ModifyLaunchTemplate", modify).token("ClientToken"),
    action("DeleteLaunchTemplate", delete),
];

/// The templates of a region.
pub(crate) type State = Shelf<Template>;

/// A launch template.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Template {
    name: String,
    made: Moment,
    by: String,
    default: u64,
    latest: u64,
    versions: BTreeMap<u64, Version>,
    pub(super) tags: Tags,
}

/// A version of one, which never changes.
#[derive(Clone, Debug, Serialize)]
struct Version {
    description: Option<String>,
    made: Moment,
    by: String,
    data: Map<String, Value>,
}

/// Id, name and version number of the template that is meant.
///
/// # Errors
/// EC2's own, if there is no such template or version.
pub(crate) fn resolve(scene: &Scene<'_>, id_or_name: &str, version: &str) -> Result<(String, String, u64), Refusal> {
    let id = if id_or_name.starts_with("lt-") { by_id(scene, id_or_name)? } else { by_name(scene, id_or_name)? };
    let template = scene.here.ec2.launch_templates.get(&id).ok_or_else(|| no_id(&id))?;
    Ok((id.clone(), template.name.clone(), template.number(&id, version)?))
}

/// What a version says of instances.
pub(super) fn contents<'a>(scene: &'a Scene<'_>, id: &str, version: u64) -> Result<&'a Map<String, Value>, Refusal> {
    let template = scene.here.ec2.launch_templates.get(id).ok_or_else(|| no_id(id))?;
    let version = template.versions.get(&version).ok_or_else(|| no_version(id, &version.to_string()))?;
    Ok(&version.data)
}

/// The tags of a template, to be changed.
pub(super) fn tags<'a>(scene: &'a mut Scene<'_>, id: &str) -> Option<&'a mut Tags> {
    scene.here.ec2.launch_templates.seen_mut(id, scene.sight).map(|template| &mut template.tags)
}

/// The tags of all templates.
pub(super) fn tagged<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = (&'a str, &'a Tags)> {
    scene.here.ec2.launch_templates.visible(scene.sight).map(|(id, template)| (id, &template.tags))
}

fn by_id(scene: &Scene<'_>, id: &str) -> Result<String, Refusal> {
    let is_id = id.strip_prefix("lt-").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    Scene::ensure(is_id, || {
        Refusal::new("InvalidLaunchTemplateId.Malformed", format!("Invalid launch template ID '{id}'"))
    })?;
    let is_there = scene.here.ec2.launch_templates.seen(id, scene.sight).is_some();
    if is_there { Ok(id.to_owned()) } else { Err(no_id(id)) }
}

fn by_name(scene: &Scene<'_>, name: &str) -> Result<String, Refusal> {
    let mut all = scene.here.ec2.launch_templates.visible(scene.sight);
    let found = all.find(|(_, template)| template.name == name).map(|(id, _)| id.to_owned());
    found.ok_or_else(|| {
        let words = format!("The specified launch template, with template name {name}, does not exist.");
        Refusal::new("InvalidLaunchTemplateName.NotFoundException", words)
    })
}

/// The template that a call names by id or by name, but not by both.
fn meant(scene: &Scene<'_>, input: &Input) -> Result<String, Refusal> {
    match (input.text("LaunchTemplateId"), input.text("LaunchTemplateName")) {
        (Some(id), None) => by_id(scene, id),
        (None, Some(name)) => by_name(scene, name),
        (None, None) => Err(missing("LaunchTemplateId")),
        (Some(_), Some(_)) => {
            let words = "Either the launch template ID or the launch template name, but not both, must be specified.";
            Err(Refusal::new("InvalidParameterCombination", words))
        }
    }
}

fn no_id(id: &str) -> Refusal {
    let words = format!("The specified launch template, with template ID {id}, does not exist.");
    Refusal::new("InvalidLaunchTemplateId.NotFound", words)
}

fn no_version(id: &str, version: &str) -> Refusal {
    let words = format!("Could not find the specified version {version} for the launch template with ID {id}.");
    Refusal::new("InvalidLaunchTemplateId.VersionNotFound", words)
}

impl Template {
    /// The number of a version by its number, `$Latest` or `$Default`.
    fn number(&self, id: &str, version: &str) -> Result<u64, Refusal> {
        let number = match version {
            "$Latest" => self.latest(),
            "" | "$Default" => self.default,
            number => number.parse().map_err(|_| invalid(format!("Invalid value '{version}' for Version")))?,
        };
        if self.versions.contains_key(&number) { Ok(number) } else { Err(no_version(id, version)) }
    }

    /// The greatest number that is left.
    fn latest(&self) -> u64 {
        self.versions.keys().next_back().copied().unwrap_or(self.latest)
    }

    fn show(&self, id: &str) -> Tree {
        object! {
            "launchTemplateId" => id.to_owned(),
            "launchTemplateName" => &self.name,
            "createTime" => self.made,
            "createdBy" => &self.by,
            "defaultVersionNumber" => self.default,
            "latestVersionNumber" => self.latest(),
            "operator" => object! { "managed" => false },
            "tagSet" => self.tags.ec2(),
        }
    }
}

/// Who makes something, as an ARN.
fn maker(scene: &Scene<'_>) -> String {
    let account = &scene.caller.account;
    match &scene.caller.session {
        Some(session) => format!("arn:aws:sts::{account}:assumed-role/{}/{}", session.role, session.name),
        None => format!("arn:aws:iam::{account}:root"),
    }
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = input.need("LaunchTemplateName")?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"().-/_".contains(&byte);
    if !(3..=128).contains(&name.len()) || !name.bytes().all(fits) {
        let words = "The launch template name must be between 3 and 128 characters, and may contain letters, numbers, \
            and the following characters: - ( ) . / _.";
        return Err(Refusal::new("InvalidLaunchTemplateName.MalformedException", words));
    }
    let contents = data::read(input.at("LaunchTemplateData").ok_or_else(|| missing("LaunchTemplateData"))?)?;
    let tags = Tags::specified(input, "launch-template")?;
    let description = description(input)?;
    if scene.here.ec2.launch_templates.values().any(|template| template.name == name) {
        return Err(Refusal::new(
            "InvalidLaunchTemplateName.AlreadyExistsException",
            "Launch template name already in use.",
        ));
    }
    let (id, visible, by) = (scene.dice.id("lt"), scene.fresh(), maker(scene));
    let warning = data::warning(scene, &contents);
    let version = Version { description, made: scene.now, by: by.clone(), data: contents };
    let versions = BTreeMap::from([(1, version)]);
    let template = Template { name: name.to_owned(), made: scene.now, by, default: 1, latest: 1, versions, tags };
    let shown = template.show(&id);
    scene.here.ec2.launch_templates.put(id, template, visible);
    Ok(object! { "launchTemplate" => shown, "warning" => warning })
}

fn description(input: &Input) -> Result<Option<String>, Refusal> {
    let text = input.text("VersionDescription");
    if text.is_some_and(|text| text.len() > 255) {
        return Err(invalid("Version description exceeds the maximum length of 255 characters."));
    }
    Ok(text.map(str::to_owned))
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, &["create-time", "launch-template-name"])?;
    let page = Page::read(input, "MaxResults", "NextToken", (1, 200), "InvalidParameterValue")?;
    let ids = input.texts("LaunchTemplateId").into_iter().map(|id| by_id(scene, id));
    let names = input.texts("LaunchTemplateName").into_iter().map(|name| by_name(scene, name));
    let asked = ids.chain(names).collect::<Result<Vec<_>, _>>()?;
    let all = scene.here.ec2.launch_templates.visible(scene.sight);
    let found = all.filter(|(id, _)| asked.is_empty() || asked.iter().any(|asked| asked == id));
    let found = found.filter(|(_, template)| {
        filters.pass(&template.tags, |name| match name {
            "launch-template-name" => vec![template.name.clone()],
            _ => vec![template.made.iso()],
        })
    });
    let (page, next) = page.cut(found.map(|(id, template)| (id.to_owned(), template.show(id))));
    Ok(object! { "launchTemplates" => items(page), "nextToken" => next })
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = meant(scene, input)?;
    let template = scene.here.ec2.launch_templates.get_mut(&id).ok_or_else(|| no_id(&id))?;
    if let Some(version) = input.text("SetDefaultVersion") {
        template.default = template.number(&id, version)?;
    }
    Ok(object! { "launchTemplate" => template.show(&id) })
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = meant(scene, input)?;
    let template = scene.here.ec2.launch_templates.remove(&id).ok_or_else(|| no_id(&id))?;
    Ok(object! { "launchTemplate" => template.show(&id) })
}
