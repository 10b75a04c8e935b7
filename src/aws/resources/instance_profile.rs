//! An instance profile: what hands a role to the clones.

use std::sync::Arc;

use aws_sdk_iam::types::InstanceProfile as Described;
use serde::{Deserialize, Serialize};

use super::role::{Role, RoleName};
use crate::aws::at_once::each;
use crate::aws::clients::Aws;
use crate::aws::failure::{classify, is_absent, with_references};
use crate::aws::iam::{iam_tags, instance_profiles, list_profiles, path, seen_tags, tags_on};
use crate::aws::naming::name;
use crate::aws::sightings::placed;
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
    /// All tags. A list does not show them.
    pub tags: Option<Tags>,
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
    const GOES_AT_ONCE: bool = true;
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
        tags.compare(seen.tags.as_ref(), diff);
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
        look: Look,
    ) -> CloudResult<Vec<(InstanceProfileName, Observed)>> {
        let listed = match look {
            Look::Brief => instance_profiles(cloud).await?,
            Look::Close => Arc::default(),
        };
        let mut found = Vec::new();
        for id in ids {
            let seen = match listed.iter().find(|profile| profile.instance_profile_name == id.0) {
                Some(profile) => Some(observed(profile)),
                None => read_one(cloud, id).await?,
            };
            found.extend(seen.map(|seen| (id.clone(), seen)));
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, InstanceProfileName)>> {
        let found = owned(cloud, owner, list(cloud, owner).await?).await?.into_iter();
        Ok(found.map(|(key, (id, _))| (key, id)).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        let (mut found, others) = placed(list(cloud, wanted.owner()).await?, wanted, |(id, _)| &id.0);
        found.extend(owned(cloud, wanted.owner(), others).await?);
        Ok(found.into_iter().map(|(key, (id, seen))| Sighting::of(key, id, &seen)).collect())
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<InstanceProfileName> {
        let name = name(call, 128);
        let request = call.cloud.api.iam.create_instance_profile().instance_profile_name(&name).path(path(call.owner));
        request.set_tags(Some(tags_on(&self.tags, call)?)).send().await.map_err(classify)?;
        Ok(InstanceProfileName(name))
    }

    fn as_made(&self, call: &Call<'_, Aws>, id: &InstanceProfileName) -> CloudResult<Option<Observed>> {
        let (partition, account) = (&call.cloud.partition, &call.cloud.site.account);
        let arn = format!("arn:{partition}:iam::{account}:instance-profile{}{}", path(call.owner), id.0);
        Ok(Some(Observed { arn, role: None, tags: Some(self.tags.clone()) }))
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
        let before = Tags::before(seen.tags.as_ref(), call);
        let missing = self.tags.missing_in(&before);
        if !missing.is_empty() {
            let request = iam.tag_instance_profile().instance_profile_name(&id.0).set_tags(Some(iam_tags(missing)?));
            request.send().await.map_err(classify)?;
        }
        let dropped = self.tags.dropped(&before, call);
        if !dropped.is_empty() {
            let request = iam.untag_instance_profile().instance_profile_name(&id.0).set_tag_keys(Some(dropped));
            request.send().await.map_err(classify)?;
        }
        Ok(())
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &InstanceProfileName) -> CloudResult<()> {
        if let Some(role) = read_one(call.cloud, id).await?.and_then(|seen| seen.role) {
            remove_role(call, id, &role).await?;
        }
        let request = call.cloud.api.iam.delete_instance_profile().instance_profile_name(&id.0);
        request.send().await.map_err(classify)?;
        Ok(())
    }
}

/// All under the stack's path, whoever's they are. The list does not show tags.
async fn list(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(InstanceProfileName, Observed)>> {
    let named = |profile: &Described| (InstanceProfileName(profile.instance_profile_name.clone()), observed(profile));
    Ok(list_profiles(cloud, path(owner)).await?.iter().map(named).collect())
}

/// Those that the owner has tagged.
async fn owned(
    cloud: &Aws,
    owner: &Owner,
    listed: Vec<(InstanceProfileName, Observed)>,
) -> CloudResult<Vec<(Key, (InstanceProfileName, Observed))>> {
    let key = async |(id, _): (InstanceProfileName, Observed)| {
        let Some(seen) = read_one(cloud, &id).await? else { return Ok(None) };
        let key = seen.tags.as_ref().and_then(|tags| tags.key_of(owner));
        Ok(key.map(|key| (key, (id, seen))))
    };
    each(listed, key).await
}

/// With its tags.
async fn read_one(cloud: &Aws, id: &InstanceProfileName) -> CloudResult<Option<Observed>> {
    let profile = match cloud.api.iam.get_instance_profile().instance_profile_name(&id.0).send().await {
        Err(e) if is_absent(&e) => return Ok(None),
        answer => answer.map_err(classify)?.instance_profile,
    };
    Ok(profile.map(|profile| Observed { tags: Some(seen_tags(profile.tags())), ..observed(&profile) }))
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
        tags: None,
    }
}
