//! Roles: who may take them on, and their life.

use serde::Serialize;

use super::super::super::clock::Moment;
use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::documents::{self, Purpose};
use super::{
    CHECKS, Holdings, State, already, arn, attached, conflict, encoded, is_taken, known_elsewhere, limit, listed, name,
    no_such, path, path_prefix, tags,
};

pub(super) const ACTIONS: &[Action] = &[
    action("CreateRole", create),
    action("DeleteRole", delete),
    action("GetRole", get),
    action("ListRoles", list),
    action("UpdateAssumeRolePolicy", update_trust),
    action("UpdateRole", update),
    action("UpdateRoleDescription", update_description),
];

/// A role.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Role {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) created: Moment,
    /// From when on STS and the services know it.
    pub(super) known: Moment,
    /// Who may take it on.
    pub(super) trust: String,
    pub(super) description: Option<String>,
    /// The longest session, in seconds.
    pub(super) longest: i64,
    pub(super) tags: Tags,
    pub(super) holdings: Holdings,
}

/// The longest session of a role that says nothing else, in seconds.
const AN_HOUR: i64 = 3600;

/// Roles of one account (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
const MOST: usize = 1000;

/// As long as a trust policy may be, without white space (same page).
const LONGEST_TRUST: usize = 2048;

/// What STS wants to know of a role.
pub(crate) struct Assumable<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: &'a str,
    /// Who may take it on.
    pub(crate) trust: &'a str,
    /// The longest session, in seconds.
    pub(crate) longest: i64,
}

impl State {
    /// The role with this ARN, if it is known outside IAM by now.
    pub(crate) fn assumable(&self, arn: &str, now: Moment) -> Option<Assumable<'_>> {
        let mut roles = self.roles.iter().filter(|(_, role)| role.known <= now);
        let (name, role) = roles.find(|(_, role)| role.arn == arn)?;
        Some(Assumable { name, id: &role.id, trust: &role.trust, longest: role.longest })
    }
}

impl Role {
    /// As `ListRoles` and instance profiles show it.
    pub(super) fn brief(&self, name: &str) -> Tree {
        object! {
            "Path" => &self.path,
            "RoleName" => name.to_owned(),
            "RoleId" => &self.id,
            "Arn" => &self.arn,
            "CreateDate" => self.created,
            "AssumeRolePolicyDocument" => encoded(&self.trust),
            "Description" => self.description.clone(),
            "MaxSessionDuration" => self.longest,
        }
    }

    /// As it is shown by itself.
    fn whole(&self, name: &str) -> Tree {
        let tags = (!self.tags.is_empty()).then(|| self.tags.list("member"));
        let tree = self.brief(name).with("PermissionsBoundary", attached::boundary_tree(&self.holdings));
        tree.with("Tags", tags)
    }
}

/// The role that a call names.
pub(super) fn named<'a, 'i>(scene: &'a Scene<'_>, input: &'i Input) -> Result<(&'i str, &'a Role), Refusal> {
    let name = name(input, "RoleName", 64)?;
    let role = scene.iam.roles.seen(name, scene.sight);
    Ok((name, role.ok_or_else(|| unknown(name))?))
}

/// The role that a call names, to be changed. AWS's own roles are not.
pub(super) fn named_mut<'a>(scene: &'a mut Scene<'_>, input: &Input) -> Result<&'a mut Role, Refusal> {
    let name = name(input, "RoleName", 64)?;
    let role = scene.iam.roles.seen_mut(name, scene.sight).ok_or_else(|| unknown(name))?;
    if role.path.starts_with("/aws-service-role/") {
        let words = format!(
            "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
        );
        return Err(Refusal::new("UnmodifiableEntity", words));
    }
    Ok(role)
}

fn unknown(name: &str) -> Refusal {
    no_such(format!("The role with name {name} cannot be found."))
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name(input, "RoleName", 64)?.to_owned();
    let path = path(input)?;
    let trust = trust(scene.iam, scene, input, "AssumeRolePolicyDocument")?;
    let description = description(input)?;
    let longest = CHECKS.whole(input, "MaxSessionDuration", (AN_HOUR, 43_200))?.unwrap_or(AN_HOUR);
    let tags = tags(input)?;
    let boundary = attached::boundary(scene, input)?;
    if is_taken(scene.iam.roles.iter(), &name) {
        return Err(already(format!("Role with name {name} already exists.")));
    }
    Scene::ensure(scene.iam.roles.len() < MOST, || limit(format!("Cannot exceed quota for RolesPerAccount: {MOST}")))?;
    let role = Role {
        id: format!("AROA{}", scene.dice.capitals(17)),
        arn: arn(scene, "role", &path, &name),
        path,
        created: scene.now,
        known: known_elsewhere(scene),
        trust,
        description,
        longest,
        tags,
        holdings: Holdings { boundary, ..Holdings::default() },
    };
    let answer = object! { "Role" => role.whole(&name) };
    let visible = scene.fresh();
    scene.iam.roles.put(name, role, visible);
    Ok(answer)
}

/// A trust policy. Who of this account is named in it must be there.
fn trust(iam: &State, scene: &Scene<'_>, input: &Input, parameter: &str) -> Result<String, Refusal> {
    let document = CHECKS.sized(input, parameter, (1, 131_072))?;
    documents::check(document, Purpose::Trust)?;
    if documents::size(document) > LONGEST_TRUST {
        return Err(limit(format!("Cannot exceed quota for ACLSizePerRole: {LONGEST_TRUST}")));
    }
    for principal in documents::principals(document) {
        if let Some(role) = principal.strip_prefix(&arn(scene, "role", "/", "")) {
            let name = role.rsplit('/').next().unwrap_or_default();
            if iam.roles.get(name).is_none_or(|role| role.known > scene.now) {
                let words = format!("Invalid principal in policy: \"AWS\":\"{principal}\"");
                return Err(Refusal::new("MalformedPolicyDocument", words));
            }
        }
    }
    Ok(document.to_owned())
}

fn description(input: &Input) -> Result<Option<String>, Refusal> {
    let Some(text) = input.text("Description") else { return Ok(None) };
    CHECKS.length("Description", text, (0, 1000))?;
    Ok(Some(text.to_owned()))
}

/// Alone in saying when the role was last used, which is not kept: never
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>).
fn get(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, role) = named(scene, input)?;
    Ok(object! { "Role" => role.whole(name).with("RoleLastUsed", Tree::EMPTY) })
}

fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let prefix = path_prefix(input);
    let roles = scene.iam.roles.visible(scene.sight).filter(|(_, role)| role.path.starts_with(prefix));
    listed(input, "Roles", roles.map(|(name, role)| (name.to_owned(), role.brief(name))))
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let holdings = &named_mut(scene, input)?.holdings;
    if !holdings.attached.is_empty() {
        return Err(conflict("Cannot delete entity, must detach all policies first."));
    }
    if !holdings.inline.is_empty() {
        return Err(conflict("Cannot delete entity, must delete policies first."));
    }
    let name = input.text_or("RoleName", "");
    if scene.iam.profiles.values().any(|profile| profile.role.as_deref() == Some(&name)) {
        return Err(conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    scene.iam.roles.remove(&name);
    Ok(Tree::NONE)
}

fn update_trust(scene: &mut Scene<'_>, input: &Input) -> Answer {
    named_mut(scene, input)?;
    let document = trust(scene.iam, scene, input, "PolicyDocument")?;
    named_mut(scene, input)?.trust = document;
    Ok(Tree::NONE)
}

fn update(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (description, longest) = (description(input)?, CHECKS.whole(input, "MaxSessionDuration", (AN_HOUR, 43_200))?);
    let role = named_mut(scene, input)?;
    role.description = description.or_else(|| role.description.take());
    role.longest = longest.unwrap_or(role.longest);
    Ok(Tree::EMPTY)
}

fn update_description(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let description = description(input)?;
    named_mut(scene, input)?.description = description;
    let (name, role) = named(scene, input)?;
    Ok(object! { "Role" => role.whole(name) })
}
