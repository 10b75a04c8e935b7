//! Instance profiles: what hands a role to instances.

use serde::Serialize;

use super::super::super::clock::Moment;
use super::super::super::input::Input;
use super::super::super::output::{Tree, members, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::{
    already, arn, conflict, is_taken, known_elsewhere, limit, listed, name, no_such, path, path_prefix, roles, tags,
};

pub(super) const ACTIONS: &[Action] = &[
    action("AddRoleToInstanceProfile", add_role),
    action("CreateInstanceProfile", create),
    action("DeleteInstanceProfile", delete),
    action("GetInstanceProfile", get),
    action("ListInstanceProfiles", list),
    action("ListInstanceProfilesForRole", list_for_role),
    action("RemoveRoleFromInstanceProfile", remove_role),
];

/// An instance profile.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Profile {
    path: String,
    id: String,
    pub(super) arn: String,
    created: Moment,
    /// From when on other services know it and its role.
    known: Moment,
    /// The one role that it hands out.
    pub(super) role: Option<String>,
    pub(super) tags: Tags,
}

/// Instance profiles of one account (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
const MOST: usize = 1000;

/// Whether other services know this instance profile, by name or ARN: it has its role, and has had it for a while.
pub(crate) fn instance_profile(scene: &Scene<'_>, name_or_arn: &str) -> bool {
    let name = name_or_arn.rsplit('/').next().unwrap_or_default();
    let fits = |profile: &Profile| !name_or_arn.starts_with("arn:") || profile.arn == name_or_arn;
    let profile = scene.iam.profiles.get(name).filter(|profile| fits(profile));
    profile.is_some_and(|profile| profile.role.is_some() && profile.known <= scene.now)
}

impl Profile {
    fn tree(&self, scene: &Scene<'_>, name: &str) -> Tree {
        let role = self.role.iter().filter_map(|role| Some(scene.iam.roles.get(role)?.brief(role)));
        object! {
            "Path" => &self.path,
            "InstanceProfileName" => name.to_owned(),
            "InstanceProfileId" => &self.id,
            "Arn" => &self.arn,
            "CreateDate" => self.created,
            "Roles" => members(role),
        }
    }

    fn whole(&self, scene: &Scene<'_>, name: &str) -> Tree {
        let tags = (!self.tags.is_empty()).then(|| self.tags.list("member"));
        self.tree(scene, name).with("Tags", tags)
    }
}

pub(super) fn named<'a, 'i>(scene: &'a Scene<'_>, input: &'i Input) -> Result<(&'i str, &'a Profile), Refusal> {
    let name = name(input, "InstanceProfileName", 128)?;
    let profile = scene.iam.profiles.seen(name, scene.sight);
    Ok((name, profile.ok_or_else(|| unknown(name))?))
}

pub(super) fn named_mut<'a>(scene: &'a mut Scene<'_>, input: &Input) -> Result<&'a mut Profile, Refusal> {
    let name = name(input, "InstanceProfileName", 128)?;
    scene.iam.profiles.seen_mut(name, scene.sight).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Refusal {
    no_such(format!("Instance Profile {name} cannot be found."))
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name(input, "InstanceProfileName", 128)?.to_owned();
    let (path, tags) = (path(input)?, tags(input)?);
    if is_taken(scene.iam.profiles.iter(), &name) {
        return Err(already(format!("Instance Profile {name} already exists.")));
    }
    let words = || limit(format!("Cannot exceed quota for InstanceProfilesPerAccount: {MOST}"));
    Scene::ensure(scene.iam.profiles.len() < MOST, words)?;
    let profile = Profile {
        id: format!("AIPA{}", scene.dice.capitals(17)),
        arn: arn(scene, "instance-profile", &path, &name),
        path,
        created: scene.now,
        known: known_elsewhere(scene),
        role: None,
        tags,
    };
    let answer = object! { "InstanceProfile" => profile.whole(scene, &name) };
    let visible = scene.fresh();
    scene.iam.profiles.put(name, profile, visible);
    Ok(answer)
}

fn get(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, profile) = named(scene, input)?;
    Ok(object! { "InstanceProfile" => profile.whole(scene, name) })
}

fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let prefix = path_prefix(input);
    let profiles = scene.iam.profiles.visible(scene.sight).filter(|(_, profile)| profile.path.starts_with(prefix));
    listed(input, "InstanceProfiles", profiles.map(|(name, profile)| (name.to_owned(), profile.tree(scene, name))))
}

fn list_for_role(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (role, _) = roles::named(scene, input)?;
    let profiles = scene.iam.profiles.visible(scene.sight).filter(|(_, profile)| profile.role.as_deref() == Some(role));
    listed(input, "InstanceProfiles", profiles.map(|(name, profile)| (name.to_owned(), profile.tree(scene, name))))
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, profile) = named(scene, input)?;
    let words = "Cannot delete entity, must remove roles from instance profile first.";
    Scene::ensure(profile.role.is_none(), || conflict(words))?;
    scene.iam.profiles.remove(name);
    Ok(Tree::NONE)
}

fn add_role(scene: &mut Scene<'_>, input: &Input) -> Answer {
    named(scene, input)?;
    let (role, _) = roles::named(scene, input)?;
    let known = known_elsewhere(scene);
    let profile = named_mut(scene, input)?;
    // One role for each, a quota that AWS does not raise.
    let words = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1";
    Scene::ensure(profile.role.is_none(), || limit(words))?;
    profile.role = Some(role.to_owned());
    profile.known = known;
    Ok(Tree::NONE)
}

fn remove_role(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let role = name(input, "RoleName", 64)?;
    let profile = named_mut(scene, input)?;
    if profile.role.as_deref() != Some(role) {
        return Err(no_such(format!("The role with name {role} cannot be found.")));
    }
    profile.role = None;
    Ok(Tree::NONE)
}
