//! An instance profile: what hands a role to the clones.

use aws_sdk_iam::types::InstanceProfile as Described;
use serde::{Deserialize, Serialize};

use super::role::{Role, RoleName};
use crate::aws::clients::Aws;
use crate::aws::failure::{classify, is_absent, with_references};
use crate::aws::iam::{iam_tags, path, seen_tags, tags_on};
use crate::aws::naming::name;
use crate::aws::sightings::{placed, tagged};
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::Diff;
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::reference::Ref;
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// An instance profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InstanceProfile {
    /// The one role it hands out.
    pub role: Ref<Role>,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// The profile's name.
    InstanceProfileName
}

/// What IAM tells about an instance profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// Its ARN.
    pub arn: String,
    /// The role it hands out.
    pub role: Option<RoleName>,
    /// All tags.
    pub tags: Tags,
}

/// What others need of an instance profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
}

// rules

impl Resource for InstanceProfile {
    const KIND: &'static str = "instance_profile";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    type Id = InstanceProfileName;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(_: &InstanceProfileName, seen: &Observed) -> Outputs {
        Outputs { arn: seen.arn.clone() }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { role, tags } = self;
        diff.in_place("role", Some(diff.outputs(role).map(|role| role.name)), &seen.role);
        diff.owned_entries("tags", &tags.0, &seen.tags.0);
    }
}

// cloud calls

impl Manage for InstanceProfile {
    type Cloud = Aws;
    const READ_BATCH: usize = 1;
    const WAIT: WaitPolicy = WaitPolicy::every(3, 180);

    async fn read(
        cloud: &Aws,
        ids: &[InstanceProfileName],
        _: Look,
    ) -> CloudResult<Vec<(InstanceProfileName, Observed)>> {
        let mut found = Vec::new();
        for id in ids {
            match cloud.api.iam.get_instance_profile().instance_profile_name(&id.0).send().await {
                Err(e) if is_absent(&e) => {}
                answer => found
                    .extend(answer.map_err(classify)?.instance_profile.map(|profile| (id.clone(), observed(&profile)))),
            }
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, InstanceProfileName)>> {
        let ids: Vec<_> = list(cloud, owner).await?.into_iter().map(|(id, _)| id).collect();
        let found = Self::read(cloud, &ids, Look::Brief).await?;
        Ok(found.into_iter().filter_map(|(id, seen)| Some((seen.tags.key_of(owner)?, id))).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        let (known, others) = placed(list(cloud, wanted.owner()).await?, wanted, |(id, _)| &id.0);
        let others: Vec<_> = others.into_iter().map(|(id, _)| id).collect();
        let mut found =
            tagged::<Self>(Self::read(cloud, &others, Look::Brief).await?, wanted.owner(), |seen| &seen.tags);
        found.extend(known.into_iter().map(|(key, (id, seen))| Sighting::of(key, id, &seen)));
        Ok(found)
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<InstanceProfileName> {
        let name = name(call, 128);
        let request = call.cloud.api.iam.create_instance_profile().instance_profile_name(&name).path(path(call.owner));
        request.set_tags(Some(tags_on(&self.tags, call)?)).send().await.map_err(classify)?;
        Ok(InstanceProfileName(name))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &InstanceProfileName, seen: &Observed) -> CloudResult<()> {
        let (iam, wanted) = (&call.cloud.api.iam, call.outputs(&self.role)?.name);
        if seen.role.as_ref() != Some(&wanted) {
            // A profile takes one role only.
            if let Some(other) = &seen.role {
                remove_role(call, id, other).await?;
            }
            let request = iam.add_role_to_instance_profile().instance_profile_name(&id.0).role_name(&wanted.0);
            request.send().await.map_err(with_references)?;
        }
        let missing = self.tags.missing_in(&seen.tags);
        if !missing.is_empty() {
            let request = iam.tag_instance_profile().instance_profile_name(&id.0).set_tags(Some(iam_tags(missing)?));
            request.send().await.map_err(classify)?;
        }
        let dropped = self.tags.dropped(&seen.tags, call);
        if !dropped.is_empty() {
            let request = iam.untag_instance_profile().instance_profile_name(&id.0).set_tag_keys(Some(dropped));
            request.send().await.map_err(classify)?;
        }
        Ok(())
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &InstanceProfileName) -> CloudResult<()> {
        let found = Self::read(call.cloud, std::slice::from_ref(id), Look::Brief).await?;
        if let Some(role) = found.into_iter().find_map(|(_, seen)| seen.role) {
            remove_role(call, id, &role).await?;
        }
        let request = call.cloud.api.iam.delete_instance_profile().instance_profile_name(&id.0);
        request.send().await.map_err(classify)?;
        Ok(())
    }
}

/// All under the stack's path, whoever's they are. The list does not show tags.
async fn list(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(InstanceProfileName, Observed)>> {
    let request = cloud.api.iam.list_instance_profiles().path_prefix(path(owner)).max_items(1000);
    let listed = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let named = |profile: &Described| (InstanceProfileName(profile.instance_profile_name.clone()), observed(profile));
    Ok(listed.iter().map(named).collect())
}

async fn remove_role(call: &Call<'_, Aws>, id: &InstanceProfileName, role: &RoleName) -> CloudResult<()> {
    let request = call.cloud.api.iam.remove_role_from_instance_profile().instance_profile_name(&id.0);
    match request.role_name(&role.0).send().await {
        Err(e) if is_absent(&e) => Ok(()),
        answer => answer.map(drop).map_err(classify),
    }
}

// conversions

fn observed(profile: &Described) -> Observed {
    Observed {
        arn: profile.arn.clone(),
        role: profile.roles().first().map(|role| RoleName(role.role_name.clone())),
        tags: seen_tags(profile.tags()),
    }
}
