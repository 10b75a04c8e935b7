//! Managed policies and their versions: the account's, and Amazon's own.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::super::clock::Moment;
use super::super::super::input::Input;
use super::super::super::output::{Tree, members, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::amazon::{self, Owned};
use super::documents::{self, Purpose};
use super::holders::Kind;
use super::{
    CHECKS, Holdings, already, arn, conflict, encoded, limit, listed, name, no_such, page, path, path_prefix, tags,
};

pub(super) const ACTIONS: &[Action] = &[
    action("CreatePolicy", create),
    action("CreatePolicyVersion", create_version),
    action("DeletePolicy", delete),
    action("DeletePolicyVersion", delete_version),
    action("GetPolicy", get),
    action("GetPolicyVersion", get_version),
    action("ListEntitiesForPolicy", list_entities),
    action("ListPolicies", list),
    action("ListPolicyVersions", list_versions),
    action("SetDefaultPolicyVersion", set_default),
];

/// A managed policy of the account.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Policy {
    name: String,
    path: String,
    id: String,
    created: Moment,
    updated: Moment,
    description: Option<String>,
    pub(super) tags: Tags,
    /// By number.
    versions: BTreeMap<u64, Version>,
    /// The version that counts.
    default: u64,
    /// The number of the last version, which is not given again.
    last: u64,
}

#[derive(Clone, Debug, Serialize)]
struct Version {
    document: String,
    created: Moment,
}

/// Versions of one policy, and its size in characters without white space
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
const VERSIONS: usize = 5;
const SIZE: usize = 6144;

/// Whether there is such a policy.
pub(super) fn exists(scene: &Scene<'_>, arn: &str) -> bool {
    Owned::find(arn).is_some() || scene.iam.policies.seen(arn, scene.sight).is_some()
}

/// Whether the path in a policy's ARN begins so.
pub(super) fn is_under(prefix: &str, arn: &str) -> bool {
    arn.split_once(":policy").is_some_and(|(_, path)| path.starts_with(prefix)) || prefix.is_empty()
}

/// The document that counts.
pub(super) fn document(scene: &Scene<'_>, arn: &str) -> Option<String> {
    if let Some(owned) = Owned::find(arn) {
        return Some(owned.document());
    }
    let policy = scene.iam.policies.get(arn)?;
    Some(policy.versions.get(&policy.default)?.document.clone())
}

/// A role or a user, who holds policies.
struct Holder<'a> {
    kind: Kind,
    name: &'a str,
    id: &'a str,
    path: &'a str,
    holdings: &'a Holdings,
}

/// How many roles and users it is attached to, and how many it bounds.
fn uses(scene: &Scene<'_>, arn: &str) -> (usize, usize) {
    let holdings = || holders(scene).map(|holder| holder.holdings);
    let bounds = holdings().filter(|held| held.boundary.as_deref() == Some(arn)).count();
    (holdings().filter(|held| held.attached.contains(arn)).count(), bounds)
}

/// All roles, then all users, by name.
fn holders<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = Holder<'a>> {
    let roles = scene.iam.roles.iter().map(|(name, role)| Holder {
        kind: Kind::Role,
        name,
        id: &role.id,
        path: &role.path,
        holdings: &role.holdings,
    });
    roles.chain(scene.iam.users.iter().map(|(name, user)| Holder {
        kind: Kind::User,
        name,
        id: &user.id,
        path: &user.path,
        holdings: &user.holdings,
    }))
}

impl Policy {
    fn tree(&self, scene: &Scene<'_>, arn: &str) -> Tree {
        let (attached, bounds) = uses(scene, arn);
        object! {
            "PolicyName" => &self.name,
            "PolicyId" => &self.id,
            "Arn" => arn.to_owned(),
            "Path" => &self.path,
            "DefaultVersionId" => format!("v{}", self.default),
            "AttachmentCount" => attached,
            "PermissionsBoundaryUsageCount" => bounds,
            "IsAttachable" => true,
            "CreateDate" => self.created,
            "UpdateDate" => self.updated,
        }
    }

    fn whole(&self, scene: &Scene<'_>, arn: &str) -> Tree {
        let tags = (!self.tags.is_empty()).then(|| self.tags.list("member"));
        self.tree(scene, arn).with("Description", self.description.clone()).with("Tags", tags)
    }

    /// How many versions it has.
    pub(super) fn count(&self) -> usize {
        self.versions.len()
    }

    fn version(&self, number: u64) -> Option<Tree> {
        let version = self.versions.get(&number)?;
        Some(object! {
            "VersionId" => format!("v{number}"),
            "IsDefaultVersion" => number == self.default,
            "CreateDate" => version.created,
        })
    }
}

/// One of Amazon's as a policy like others.
fn owned(policy: &Owned) -> Policy {
    let (path, name) =
        policy.name.rsplit_once('/').map_or(("/".to_owned(), policy.name), |(path, name)| (format!("/{path}/"), name));
    let version = Version { document: policy.document(), created: Moment::BEGINNING };
    Policy {
        name: name.to_owned(),
        path,
        id: id_of(policy.name),
        created: Moment::BEGINNING,
        updated: Moment::BEGINNING,
        description: None,
        tags: Tags::default(),
        versions: BTreeMap::from([(1, version)]),
        default: 1,
        last: 1,
    }
}

/// An id that is always the same for a name.
fn id_of(name: &str) -> String {
    let mut dice =
        super::super::super::dice::Dice::new(name.bytes().fold(7, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte)));
    format!("ANPA{}", dice.capitals(17))
}

/// The policy that a call names, of the account or of Amazon.
pub(super) fn named(scene: &Scene<'_>, input: &Input) -> Result<(String, Policy), Refusal> {
    let arn = CHECKS.sized(input, "PolicyArn", (20, 2048))?;
    let policy = Owned::find(arn).map(owned).or_else(|| scene.iam.policies.seen(arn, scene.sight).cloned());
    Ok((arn.to_owned(), policy.ok_or_else(|| unknown(arn))?))
}

/// The policy that a call names, to be changed. Amazon's are not.
pub(super) fn named_mut<'a>(scene: &'a mut Scene<'_>, input: &Input) -> Result<&'a mut Policy, Refusal> {
    let arn = CHECKS.sized(input, "PolicyArn", (20, 2048))?;
    if Owned::find(arn).is_some() {
        let words = format!("Not authorized to perform this operation on the AWS managed policy {arn}");
        return Err(Refusal::new("AccessDenied", words).status(403));
    }
    scene.iam.policies.seen_mut(arn, scene.sight).ok_or_else(|| unknown(arn))
}

fn unknown(arn: &str) -> Refusal {
    no_such(format!("Policy {arn} was not found."))
}

/// A document as parameters have it.
fn checked(input: &Input) -> Result<String, Refusal> {
    let document = CHECKS.sized(input, "PolicyDocument", (1, 131_072))?;
    documents::check(document, Purpose::Identity)?;
    Scene::ensure(documents::size(document) <= SIZE, || limit(format!("Cannot exceed quota for PolicySize: {SIZE}")))?;
    Ok(document.to_owned())
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name(input, "PolicyName", 128)?.to_owned();
    let (path, tags, document) = (path(input)?, tags(input)?, checked(input)?);
    let description = input.text("Description").map(str::to_owned);
    let arn = arn(scene, "policy", &path, &name);
    if scene.iam.policies.values().any(|policy| policy.name.eq_ignore_ascii_case(&name)) {
        return Err(already(format!("A policy called {name} already exists. Duplicate names are not allowed.")));
    }
    let policy = Policy {
        name,
        path,
        id: format!("ANPA{}", scene.dice.capitals(17)),
        created: scene.now,
        updated: scene.now,
        description,
        tags,
        versions: BTreeMap::from([(1, Version { document, created: scene.now })]),
        default: 1,
        last: 1,
    };
    let answer = object! { "Policy" => policy.whole(scene, &arn) };
    let visible = scene.fresh();
    scene.iam.policies.put(arn, policy, visible);
    Ok(answer)
}

fn get(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (arn, policy) = named(scene, input)?;
    Ok(object! { "Policy" => policy.whole(scene, &arn) })
}

fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let scope = CHECKS.one_of(input, "Scope", &["All", "AWS", "Local"])?.unwrap_or("All");
    let usage = CHECKS.one_of(input, "PolicyUsageFilter", &["PermissionsPolicy", "PermissionsBoundary"])?;
    let only_attached = input.flag("OnlyAttached") == Some(true);
    let mut all = BTreeMap::new();
    if scope != "AWS" {
        all.extend(scene.iam.policies.visible(scene.sight).map(|(arn, policy)| (arn.to_owned(), policy.clone())));
    }
    if scope != "Local" {
        all.extend(amazon::ALL.iter().map(|policy| (policy.arn(), owned(policy))));
    }
    let prefix = path_prefix(input);
    let wanted = |arn: &str| {
        let (attached, bounds) = uses(scene, arn);
        let used = match usage {
            Some("PermissionsBoundary") => bounds > 0,
            Some(_) => attached > 0,
            None => true,
        };
        used && (!only_attached || attached > 0) && is_under(prefix, arn)
    };
    let found = all.iter().filter(|(arn, _)| wanted(arn));
    listed(input, "Policies", found.map(|(arn, policy)| (arn.clone(), policy.tree(scene, arn))))
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let more_than_one = named_mut(scene, input)?.versions.len() > 1;
    let arn = input.text_or("PolicyArn", "");
    let (attached, bounds) = uses(scene, &arn);
    Scene::ensure(attached + bounds == 0, || conflict("Cannot delete a policy attached to entities."))?;
    let words = "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. \
                 The default version is deleted with the policy.";
    Scene::ensure(!more_than_one, || conflict(words))?;
    scene.iam.policies.remove(&arn);
    Ok(Tree::NONE)
}

/// The number in `v3`.
fn number(input: &Input) -> Result<u64, Refusal> {
    let text = CHECKS.need(input, "VersionId")?;
    let number = text.strip_prefix('v').and_then(|number| number.parse().ok());
    let rule = r"Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?";
    number.ok_or_else(|| CHECKS.broken("VersionId", Some(text), rule))
}

fn no_version(input: &Input) -> Refusal {
    let (arn, version) = (input.text_or("PolicyArn", ""), input.text_or("VersionId", ""));
    no_such(format!("Policy {arn} version {version} does not exist or is not attachable."))
}

fn create_version(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (document, now) = (checked(input)?, scene.now);
    let policy = named_mut(scene, input)?;
    let words = || {
        limit(
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
        )
    };
    Scene::ensure(policy.versions.len() < VERSIONS, words)?;
    policy.last += 1;
    policy.updated = now;
    policy.versions.insert(policy.last, Version { document, created: now });
    if input.flag("SetAsDefault") == Some(true) {
        policy.default = policy.last;
    }
    Ok(object! { "PolicyVersion" => policy.version(policy.last) })
}

fn get_version(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let ((_, policy), number) = (named(scene, input)?, number(input)?);
    let version = policy.versions.get(&number).ok_or_else(|| no_version(input))?;
    Ok(
        object! { "PolicyVersion" => policy.version(number).map(|tree| tree.with("Document", encoded(&version.document))) },
    )
}

fn list_versions(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (_, policy) = named(scene, input)?;
    let versions = policy.versions.keys().filter_map(|number| Some((format!("v{number}"), policy.version(*number)?)));
    listed(input, "Versions", versions)
}

fn delete_version(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let number = number(input)?;
    let policy = named_mut(scene, input)?;
    Scene::ensure(policy.versions.contains_key(&number), || no_version(input))?;
    Scene::ensure(policy.default != number, || conflict("Cannot delete the default version of a policy."))?;
    policy.versions.remove(&number);
    Ok(Tree::NONE)
}

fn set_default(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (number, now) = (number(input)?, scene.now);
    let policy = named_mut(scene, input)?;
    Scene::ensure(policy.versions.contains_key(&number), || no_version(input))?;
    (policy.default, policy.updated) = (number, now);
    Ok(Tree::NONE)
}

/// Roles first, then users, on pages that may hold both. Groups are not modelled.
fn list_entities(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (arn, _) = named(scene, input)?;
    let usage = CHECKS.one_of(input, "PolicyUsageFilter", &["PermissionsPolicy", "PermissionsBoundary"])?;
    let (only, prefix) = (input.text("EntityFilter"), path_prefix(input));
    let holds = |held: &Holdings| match usage {
        Some("PermissionsBoundary") => held.boundary.as_ref() == Some(&arn),
        _ => held.attached.contains(&arn),
    };
    let found = holders(scene).filter(|holder| {
        holds(holder.holdings)
            && holder.path.starts_with(prefix)
            && only.is_none_or(|only| only == if holder.kind == Kind::Role { "Role" } else { "User" })
    });
    let shown = found.map(|Holder { kind, name, id, .. }| {
        let (name, id) = (name.to_owned(), id.to_owned());
        match kind {
            Kind::Role => (format!("role {name}"), object! { "RoleName" => name, "RoleId" => id }),
            Kind::User => (format!("user {name}"), object! { "UserName" => name, "UserId" => id }),
        }
    });
    let (page, marker) = page(input)?.cut(shown);
    let is_role =
        |tree: &Tree| matches!(tree, Tree::Object(fields) if fields.iter().any(|(name, _)| name == "RoleName"));
    let (roles, users): (Vec<Tree>, Vec<Tree>) = page.into_iter().partition(is_role);
    Ok(object! {
        "PolicyGroups" => members::<Tree>([]),
        "PolicyUsers" => members(users),
        "PolicyRoles" => members(roles),
        "IsTruncated" => marker.is_some(),
        "Marker" => marker,
    })
}
