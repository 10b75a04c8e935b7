//! The account: its aliases, and how much of IAM it uses.

use std::collections::BTreeMap;

use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::{CHECKS, already, listed, no_such};

pub(super) const ACTIONS: &[Action] = &[
    action("CreateAccountAlias", create_alias),
    action("DeleteAccountAlias", delete_alias),
    action("GetAccountSummary", summary),
    action("ListAccountAliases", list_aliases),
    action("ListGroupsForUser", list_groups),
    action("ListMFADevices", list_devices),
];

fn summary(scene: &mut Scene<'_>, _: &Input) -> Answer {
    let iam = &*scene.iam;
    let versions: usize = iam.policies.values().map(super::managed::Policy::count).sum();
    // The quotas: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    let numbers = [
        ("AccessKeysPerUserQuota", 2),
        ("AccountAccessKeysPresent", 0),
        ("AccountMFAEnabled", 0),
        ("AssumeRolePolicySizeQuota", 2048),
        ("AttachedPoliciesPerRoleQuota", 10),
        ("AttachedPoliciesPerUserQuota", 10),
        ("Groups", 0),
        ("GroupsQuota", 300),
        ("InstanceProfiles", iam.profiles.len()),
        ("InstanceProfilesQuota", 1000),
        ("Policies", iam.policies.len()),
        ("PoliciesQuota", 1500),
        ("PolicySizeQuota", 6144),
        ("PolicyVersionsInUse", versions),
        ("PolicyVersionsInUseQuota", 10_000),
        ("RolePolicySizeQuota", 10_240),
        ("Roles", iam.roles.len()),
        ("RolesQuota", 1000),
        ("UserPolicySizeQuota", 2048),
        ("Users", iam.users.len()),
        ("UsersQuota", 5000),
        ("VersionsPerPolicyQuota", 5),
    ];
    // The query protocol writes a map as entries of key and value.
    let entries = numbers.map(|(key, value)| object! { "key" => key, "value" => value });
    Ok(object! { "SummaryMap" => Tree::List("entry", entries.into()) })
}

fn alias(input: &Input) -> Result<String, Refusal> {
    let alias = CHECKS.sized(input, "AccountAlias", (3, 63))?;
    let is_sign = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
    CHECKS.signs("AccountAlias", alias, "^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$", is_sign)?;
    Ok(alias.to_owned())
}

/// One for each account: a second takes the place of the first. No two accounts have the same.
fn create_alias(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let alias = alias(input)?;
    if scene.others.values().any(|iam| iam.alias.as_ref() == Some(&alias)) {
        return Err(already(format!("The account alias {alias} already exists.")));
    }
    scene.iam.alias = Some(alias);
    Ok(Tree::EMPTY)
}

fn delete_alias(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let alias = alias(input)?;
    if scene.iam.alias.as_ref() != Some(&alias) {
        return Err(no_such(format!("The account alias {alias} cannot be found.")));
    }
    scene.iam.alias = None;
    Ok(Tree::EMPTY)
}

fn list_aliases(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let aliases: BTreeMap<String, Tree> =
        scene.iam.alias.iter().map(|alias| (alias.clone(), Tree::Text(alias.clone().into()))).collect();
    listed(input, "AccountAliases", aliases)
}

/// There are no groups here.
fn list_groups(scene: &mut Scene<'_>, input: &Input) -> Answer {
    super::users::named(scene, input)?;
    listed(input, "Groups", [])
}

/// There are no devices here.
fn list_devices(_: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("UserName");
    listed(input, "MFADevices", [])
}
