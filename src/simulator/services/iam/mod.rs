//! IAM: roles, users, policies and instance profiles, and whether a caller may do what it asks.
//!
//! What one account has is the same in all regions. Other services learn of a new role or instance profile a while later
//! ([`Durations::iam_propagation`](crate::simulator::settings::Durations)); changes of policies count at once.

mod account;
mod amazon;
mod attached;
mod documents;
mod enforcement;
mod evaluation;
mod holders;
mod inline;
mod managed;
mod profiles;
mod roles;
mod service_linked;
mod simulation;
mod tagging;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::super::clock::Moment;
use super::super::constraints::Constraints;
use super::super::input::Input;
use super::super::output::{Tree, members};
use super::super::pages::Page;
use super::super::refusal::Refusal;
use super::super::scene::Scene;
use super::super::service::{Protocol, Service};
use super::super::shelf::Shelf;
use super::super::tags::Tags;
use super::sts;

pub(crate) use enforcement::{authorize, trusts};
pub(crate) use profiles::instance_profile;
pub(crate) use service_linked::come_with as service_role;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "iam",
    protocol: Protocol::Query { namespace: "https://iam.amazonaws.com/doc/2010-05-08/" },
    areas: &[
        account::ACTIONS,
        attached::ACTIONS,
        inline::ACTIONS,
        managed::ACTIONS,
        profiles::ACTIONS,
        roles::ACTIONS,
        service_linked::ACTIONS,
        simulation::ACTIONS,
        tagging::ACTIONS,
        users::ACTIONS,
    ],
};

/// What it knows in one account.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    /// By name.
    roles: Shelf<roles::Role>,
    /// By name.
    profiles: Shelf<profiles::Profile>,
    /// By ARN; Amazon's own are not among them.
    policies: Shelf<managed::Policy>,
    /// By name.
    users: Shelf<users::User>,
    /// By id.
    keys: BTreeMap<String, users::AccessKey>,
    /// The account's own name.
    alias: Option<String>,
    /// When deletions of service-linked roles end, by task.
    deletions: BTreeMap<String, Moment>,
}

impl State {
    /// The user that has this access key.
    pub(crate) fn user_of(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(|key| key.user.as_str())
    }

    /// The session that an instance with this profile has; it is named after the instance.
    pub(crate) fn session_of(&self, profile_arn: &str, instance: &str) -> Option<sts::Session> {
        let profile = self.profiles.values().find(|profile| profile.arn == profile_arn)?;
        let name = profile.role.as_deref()?;
        let role_id = self.roles.get(name)?.id.clone();
        Some(sts::Session { role: name.to_owned(), name: instance.to_owned(), role_id, ..sts::Session::default() })
    }

    /// Whether an access key was switched off.
    pub(crate) fn is_inactive(&self, key: &str) -> bool {
        self.keys.get(key).is_some_and(|key| !key.is_active)
    }

    /// The ARN and the id of a user.
    pub(crate) fn user(&self, name: &str) -> Option<(&str, &str)> {
        self.users.get(name).map(|user| (user.arn.as_str(), user.id.as_str()))
    }
}

/// What a role or a user may do.
#[derive(Clone, Debug, Default, Serialize)]
struct Holdings {
    /// Its own policies, by name.
    inline: BTreeMap<String, String>,
    /// The ARNs of managed policies.
    attached: BTreeSet<String>,
    /// The ARN of the managed policy that it can never go beyond.
    boundary: Option<String>,
}

/// The document of a managed policy that counts, of the account or of Amazon.
pub(crate) fn managed_policy(scene: &Scene<'_>, arn: &str) -> Option<String> {
    managed::document(scene, arn)
}

/// Whether the role of an instance profile may do something everywhere, boundaries left aside.
pub(crate) fn profile_allows(scene: &Scene<'_>, profile_arn: &str, action: &str) -> bool {
    let profile = scene.iam.profiles.values().find(|profile| profile.arn == profile_arn);
    let role = profile.and_then(|profile| scene.iam.roles.get(profile.role.as_deref()?));
    let documents = role.map(|role| enforcement::documents(scene, &role.holdings)).unwrap_or_default();
    let case = evaluation::Case { action, resource: "*", context: &|_| None };
    evaluation::judge(documents.iter().map(String::as_str), &case) == evaluation::Verdict::Allowed
}

/// Refuses a document that cannot be the policy of a role, a user or a session.
pub(crate) fn check_identity_policy(document: &str) -> Result<(), Refusal> {
    documents::check(document, documents::Purpose::Identity)
}

/// IAM's answer to parameters that cannot be.
const CHECKS: Constraints = Constraints("ValidationError");

/// A name: of a role, a user, a policy, an instance profile.
fn name<'a>(input: &'a Input, parameter: &str, longest: usize) -> Result<&'a str, Refusal> {
    let name = CHECKS.sized(input, parameter, (1, longest))?;
    let is_fitting = |sign: char| sign.is_ascii_alphanumeric() || "_+=,.@-".contains(sign);
    CHECKS.signs(parameter, name, r"[\w+=,.@-]+", is_fitting)?;
    Ok(name)
}

/// The path that something new is put under.
fn path(input: &Input) -> Result<String, Refusal> {
    let path = input.text_or("Path", "/");
    CHECKS.length("Path", &path, (1, 512))?;
    let is_path = path == "/" || (path.len() > 2 && path.starts_with('/') && path.ends_with('/'));
    let pattern = r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)";
    CHECKS.signs("Path", &path, pattern, |sign| is_path && sign.is_ascii_graphic())?;
    Ok(path)
}

/// The tags that something new is given, or that are added.
fn tags(input: &Input) -> Result<Tags, Refusal> {
    Tags::read(input, "Tags").map_err(|refusal| {
        let code = if refusal.code == "TagLimitExceeded" { "LimitExceeded" } else { "InvalidInput" };
        Refusal::new(code, refusal.message)
    })
}

/// The rest of an ARN after the account, with the path: `role/web/shop`.
fn arn(scene: &Scene<'_>, kind: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{}:{kind}{path}{name}", scene.place.account)
}

/// Whether one of these names is the same in other letters: names are unique whatever their case.
fn is_taken<'a>(names: impl IntoIterator<Item = (&'a str, &'a (impl Sized + 'a))>, name: &str) -> bool {
    names.into_iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
}

/// There is no such thing.
fn no_such(message: impl Into<String>) -> Refusal {
    Refusal::new("NoSuchEntity", message).status(404)
}

/// There is one already.
fn already(message: impl Into<String>) -> Refusal {
    Refusal::new("EntityAlreadyExists", message).status(409)
}

/// It is in use.
fn conflict(message: impl Into<String>) -> Refusal {
    Refusal::new("DeleteConflict", message).status(409)
}

/// There are too many.
fn limit(message: impl Into<String>) -> Refusal {
    Refusal::new("LimitExceeded", message).status(409)
}

/// What page of a list is wanted.
fn page(input: &Input) -> Result<Page, Refusal> {
    let most = if input.has("MaxItems") { 1000 } else { 100 };
    Page::read(input, "MaxItems", "Marker", (1, most), "ValidationError")
}

/// A page of a list, as IAM tells it: `IsTruncated`, and `Marker` if there is more.
fn listed(input: &Input, name: &'static str, all: impl IntoIterator<Item = (String, Tree)>) -> Result<Tree, Refusal> {
    let (found, marker) = page(input)?.cut(all);
    Ok(Tree::EMPTY.with(name, members(found)).with("IsTruncated", marker.is_some()).with("Marker", marker))
}

/// What the paths that are listed begin with.
fn path_prefix(input: &Input) -> &str {
    input.text("PathPrefix").unwrap_or_default()
}

/// A policy document as IAM hands it out: percent-encoded after RFC 3986
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>).
fn encoded(document: &str) -> String {
    const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(document, PLAIN).to_string()
}

/// From when on other services know what is made now.
fn known_elsewhere(scene: &Scene<'_>) -> Moment {
    let delay: Duration = scene.settings.durations.iam_propagation;
    scene.now.plus(delay)
}
