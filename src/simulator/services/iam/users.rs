//! Users and their access keys: those who call without a role.

use serde::Serialize;

use super::super::super::clock::Moment;
use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::{
    CHECKS, Holdings, already, arn, attached, conflict, is_taken, limit, listed, name, no_such, path, path_prefix, tags,
};

pub(super) const ACTIONS: &[Action] = &[
    action("CreateAccessKey", create_key),
    action("CreateUser", create),
    action("DeleteAccessKey", delete_key),
    action("DeleteUser", delete),
    action("GetAccessKeyLastUsed", key_last_used),
    action("GetUser", get),
    action("ListAccessKeys", list_keys),
    action("ListUsers", list),
    action("UpdateAccessKey", update_key),
];

/// A user.
#[derive(Clone, Debug, Serialize)]
pub(super) struct User {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) arn: String,
    created: Moment,
    pub(super) tags: Tags,
    pub(super) holdings: Holdings,
}

/// An access key, without its secret, as signatures are not checked.
#[derive(Clone, Debug, Serialize)]
pub(super) struct AccessKey {
    pub(super) user: String,
    pub(super) is_active: bool,
    created: Moment,
}

/// Access keys of one user (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
const KEYS: usize = 2;

impl User {
    fn tree(&self, name: &str) -> Tree {
        object! {
            "Path" => &self.path,
            "UserName" => name.to_owned(),
            "UserId" => &self.id,
            "Arn" => &self.arn,
            "CreateDate" => self.created,
        }
    }

    fn whole(&self, name: &str) -> Tree {
        let tags = (!self.tags.is_empty()).then(|| self.tags.list("member"));
        self.tree(name).with("PermissionsBoundary", attached::boundary_tree(&self.holdings)).with("Tags", tags)
    }
}

/// The user that a call names.
pub(super) fn named<'a, 'i>(scene: &'a Scene<'_>, input: &'i Input) -> Result<(&'i str, &'a User), Refusal> {
    let name = name(input, "UserName", 64)?;
    let user = scene.iam.users.seen(name, scene.sight);
    Ok((name, user.ok_or_else(|| unknown(name))?))
}

/// The user that a call names, to be changed.
pub(super) fn named_mut<'a>(scene: &'a mut Scene<'_>, input: &Input) -> Result<&'a mut User, Refusal> {
    let name = name(input, "UserName", 64)?;
    scene.iam.users.seen_mut(name, scene.sight).ok_or_else(|| unknown(name))
}

/// The user that a call is about, which is the caller if it names none.
fn meant(scene: &Scene<'_>, input: &Input) -> Result<String, Refusal> {
    let name = match (input.text("UserName"), &scene.caller.user) {
        (Some(name), _) => name.to_owned(),
        (None, Some(user)) => user.clone(),
        (None, None) => {
            return Err(Refusal::new(
                "ValidationError",
                "Must specify userName when calling with non-User credentials",
            ));
        }
    };
    Scene::ensure(scene.iam.users.seen(&name, scene.sight).is_some(), || unknown(&name))?;
    Ok(name)
}

fn unknown(name: &str) -> Refusal {
    no_such(format!("The user with name {name} cannot be found."))
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name(input, "UserName", 64)?.to_owned();
    let (path, tags, boundary) = (path(input)?, tags(input)?, attached::boundary(scene, input)?);
    if is_taken(scene.iam.users.iter(), &name) {
        return Err(already(format!("User with name {name} already exists.")));
    }
    let user = User {
        id: format!("AIDA{}", scene.dice.capitals(17)),
        arn: arn(scene, "user", &path, &name),
        path,
        created: scene.now,
        tags,
        holdings: Holdings { boundary, ..Holdings::default() },
    };
    let answer = object! { "User" => user.whole(&name) };
    let visible = scene.fresh();
    scene.iam.users.put(name, user, visible);
    Ok(answer)
}

/// Without a name, the caller: the account's root too.
fn get(scene: &mut Scene<'_>, input: &Input) -> Answer {
    if !input.has("UserName") && scene.caller.user.is_none() && scene.caller.session.is_none() {
        let account = &scene.place.account;
        return Ok(object! { "User" => object! {
            "Path" => "/",
            "UserName" => "root",
            "UserId" => account,
            "Arn" => format!("arn:aws:iam::{account}:root"),
            "CreateDate" => Moment::BEGINNING,
        } });
    }
    let name = meant(scene, input)?;
    Ok(object! { "User" => scene.iam.users.get(&name).map(|user| user.whole(&name)) })
}

fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let prefix = path_prefix(input);
    let users = scene.iam.users.visible(scene.sight).filter(|(_, user)| user.path.starts_with(prefix));
    listed(input, "Users", users.map(|(name, user)| (name.to_owned(), user.tree(name))))
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, user) = named(scene, input)?;
    if scene.iam.keys.values().any(|key| key.user == name) {
        return Err(conflict("Cannot delete entity, must delete access keys first."));
    }
    if !user.holdings.attached.is_empty() {
        return Err(conflict("Cannot delete entity, must detach all policies first."));
    }
    if !user.holdings.inline.is_empty() {
        return Err(conflict("Cannot delete entity, must delete policies first."));
    }
    scene.iam.users.remove(name);
    Ok(Tree::NONE)
}

impl AccessKey {
    fn tree(&self, id: &str) -> Tree {
        object! {
            "UserName" => &self.user,
            "AccessKeyId" => id.to_owned(),
            "Status" => if self.is_active { "Active" } else { "Inactive" },
            "CreateDate" => self.created,
        }
    }
}

fn create_key(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let user = meant(scene, input)?;
    let held = scene.iam.keys.values().filter(|key| key.user == user).count();
    Scene::ensure(held < KEYS, || limit(format!("Cannot exceed quota for AccessKeysPerUser: {KEYS}")))?;
    let (id, secret) = (format!("AKIA{}", scene.dice.capitals(16)), scene.dice.hex(40));
    let key = AccessKey { user, is_active: true, created: scene.now };
    let tree = key.tree(&id).with("SecretAccessKey", secret);
    scene.iam.keys.insert(id, key);
    Ok(object! { "AccessKey" => tree })
}

fn list_keys(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let user = meant(scene, input)?;
    let keys = scene.iam.keys.iter().filter(|(_, key)| key.user == user);
    listed(input, "AccessKeyMetadata", keys.map(|(id, key)| (id.clone(), key.tree(id))))
}

/// The access key that a call names, which must be of the user that it is about.
fn key_mut<'a>(scene: &'a mut Scene<'_>, input: &Input) -> Result<(&'a mut AccessKey, String), Refusal> {
    let user = meant(scene, input)?;
    let id = CHECKS.sized(input, "AccessKeyId", (16, 128))?;
    let key = scene.iam.keys.get_mut(id).filter(|key| key.user == user);
    let key = key.ok_or_else(|| no_such(format!("The Access Key with id {id} cannot be found.")))?;
    Ok((key, id.to_owned()))
}

fn update_key(scene: &mut Scene<'_>, input: &Input) -> Answer {
    CHECKS.need(input, "Status")?;
    let status = CHECKS.one_of(input, "Status", &["Active", "Inactive"])?;
    key_mut(scene, input)?.0.is_active = status == Some("Active");
    Ok(Tree::NONE)
}

fn delete_key(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (_, id) = key_mut(scene, input)?;
    scene.iam.keys.remove(&id);
    Ok(Tree::NONE)
}

/// When a key was last used is not kept: the answer is that of a key never used.
fn key_last_used(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = CHECKS.sized(input, "AccessKeyId", (16, 128))?;
    let key = scene.iam.keys.get(id).ok_or_else(|| no_such(format!("The Access Key with id {id} cannot be found.")))?;
    let never = object! { "ServiceName" => "N/A", "Region" => "N/A" };
    Ok(object! { "UserName" => &key.user, "AccessKeyLastUsed" => never })
}
