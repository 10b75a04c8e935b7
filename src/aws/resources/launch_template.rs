//! A launch template: what a clone is made of.
//!
//! Versions of a template cannot be changed, and Pando makes one version of each: another image or size is another template, made before
//! the old one goes, so that the group can roll over and back. What cannot change need not be read: `compare` looks at the record.

use aws_sdk_ec2::types::{
    Filter, InstanceType, LaunchTemplateBlockDeviceMappingRequest, LaunchTemplateEbsBlockDeviceRequest,
    LaunchTemplateHttpTokensState, LaunchTemplateIamInstanceProfileSpecificationRequest,
    LaunchTemplateInstanceMetadataEndpointState, LaunchTemplateInstanceMetadataOptionsRequest,
    LaunchTemplateTagSpecificationRequest, LaunchTemplatesMonitoringRequest, RequestLaunchTemplateData, ResourceType,
    Tag, VolumeType,
};
use aws_smithy_types::base64;
use serde::{Deserialize, Serialize};

use super::instance_profile::InstanceProfile;
use super::security_group::SecurityGroup;
use crate::aws::clients::Aws;
use crate::aws::ec2::{FILTER_VALUES, filter, keys, owned_by, retag, seen_tags, tags_on};
use crate::aws::failure::{classify, with_references};
use crate::aws::naming::name;
use crate::aws::sightings::tagged;
use crate::aws::tags::{STACK, Tags};
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::reference::Ref;
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A launch template.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LaunchTemplate {
    /// The image, `ami-…`.
    pub image: String,
    /// The instance type, `t3.small`.
    pub instance_type: String,
    /// The role of the clones.
    pub profile: Ref<InstanceProfile>,
    /// The groups that say who may reach them.
    pub security_groups: Vec<Ref<SecurityGroup>>,
    /// The name of the image's root device, `/dev/xvda`.
    pub root_device: String,
    /// The size of the root volume, in GiB. It is always encrypted.
    pub volume_size: u32,
    /// Metrics every minute instead of every five.
    pub detailed_monitoring: bool,
    /// The script that runs at first boot. Holds no secret.
    pub user_data: String,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// The template's name. It identifies it as well as its id does, and EC2 can filter by it.
    LaunchTemplateName
}

super::id! {
    /// `lt-…`.
    LaunchTemplateId
}

/// What EC2 tells about a template, without its data, which cannot change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// Its id.
    pub id: LaunchTemplateId,
    /// All tags.
    pub tags: Tags,
}

/// What others need of a template.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its id.
    pub id: LaunchTemplateId,
}

/// The one version of every template. Always a number: an instance refresh that starts from `$Latest` cannot be rolled back.
pub const VERSION: &str = "1";

// rules

impl Resource for LaunchTemplate {
    const KIND: &'static str = "launch_template";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const GOES_AT_ONCE: bool = true;
    type Id = LaunchTemplateName;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(_: &LaunchTemplateName, seen: &Observed) -> Outputs {
        Outputs { id: seen.id.clone() }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self {
            image,
            instance_type,
            profile,
            security_groups,
            root_device,
            volume_size,
            detailed_monitoring,
            user_data,
            tags,
        } = self;
        diff.unseen("image", Manner::Replace, image);
        diff.unseen("instance_type", Manner::Replace, instance_type);
        diff.unseen_ref("profile", Manner::Replace, profile);
        diff.unseen("security_groups", Manner::Replace, security_groups);
        for group in security_groups {
            diff.unseen_ref("security_groups", Manner::Replace, group);
        }
        diff.unseen("root_device", Manner::Replace, root_device);
        diff.unseen("volume_size", Manner::Replace, volume_size);
        diff.unseen("detailed_monitoring", Manner::Replace, detailed_monitoring);
        diff.unseen("user_data", Manner::Replace, user_data);
        diff.owned_entries("tags", &tags.0, &seen.tags.0);
    }
}

// cloud calls

impl Manage for LaunchTemplate {
    type Cloud = Aws;
    const READ_BATCH: usize = FILTER_VALUES;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 300);

    async fn read(
        cloud: &Aws,
        ids: &[LaunchTemplateName],
        _: Look,
    ) -> CloudResult<Vec<(LaunchTemplateName, Observed)>> {
        describe(cloud, filter("launch-template-name", ids.iter().map(|id| &id.0))).await
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, LaunchTemplateName)>> {
        Ok(keys(describe(cloud, owned_by(owner)).await?, owner, |seen| &seen.tags))
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        Ok(tagged::<Self>(describe(cloud, owned_by(wanted.owner())).await?, wanted.owner(), |seen| &seen.tags))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<LaunchTemplateName> {
        let name = name(call, 128);
        let request = call.cloud.api.ec2.create_launch_template().launch_template_name(&name);
        let request = request.client_token(call.key.as_str()).launch_template_data(self.data(call)?);
        let request = request.tag_specifications(tags_on(ResourceType::LaunchTemplate, &self.tags, call));
        request.send().await.map_err(with_references)?;
        Ok(LaunchTemplateName(name))
    }

    async fn update(&self, call: &Call<'_, Aws>, _: &LaunchTemplateName, seen: &Observed) -> CloudResult<()> {
        retag(call, &seen.id.0, &self.tags, &seen.tags).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &LaunchTemplateName) -> CloudResult<()> {
        let request = call.cloud.api.ec2.delete_launch_template().launch_template_name(&id.0);
        request.send().await.map_err(classify)?;
        Ok(())
    }
}

async fn describe(cloud: &Aws, filter: Filter) -> CloudResult<Vec<(LaunchTemplateName, Observed)>> {
    let pages = cloud.api.ec2.describe_launch_templates().filters(filter).into_paginator().items().send();
    let templates = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let seen = templates.into_iter().filter_map(|template| {
        let id = LaunchTemplateId(template.launch_template_id()?.into());
        let observed = Observed { id, tags: seen_tags(template.tags()) };
        Some((LaunchTemplateName(template.launch_template_name?), observed))
    });
    Ok(seen.collect())
}

// conversions

impl LaunchTemplate {
    /// Encrypted volume, IMDSv2 only and not beyond the instance itself, no key pair: a clone is reached through Session Manager.
    fn data(&self, call: &Call<'_, Aws>) -> CloudResult<RequestLaunchTemplateData> {
        let profile = call.outputs(&self.profile)?.arn;
        let groups = self.security_groups.iter().map(|group| Ok(call.outputs(group)?.id.0));
        let volume = LaunchTemplateEbsBlockDeviceRequest::builder()
            .volume_size(i32::try_from(self.volume_size).unwrap_or(i32::MAX))
            .volume_type(VolumeType::Gp3)
            .encrypted(true)
            .delete_on_termination(true);
        let root =
            LaunchTemplateBlockDeviceMappingRequest::builder().device_name(&self.root_device).ebs(volume.build());
        let metadata = LaunchTemplateInstanceMetadataOptionsRequest::builder()
            .http_endpoint(LaunchTemplateInstanceMetadataEndpointState::Enabled)
            .http_tokens(LaunchTemplateHttpTokensState::Required)
            .http_put_response_hop_limit(1);
        // Instances get their tags from the group. Volumes do not, and a tag that changes must not roll the fleet.
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let volume_tags = LaunchTemplateTagSpecificationRequest::builder()
            .resource_type(ResourceType::Volume)
            .tags(tag(STACK, &call.owner.stack))
            .tags(tag("Name", &format!("{}-{}", call.owner.stack, call.of.address.name)));
        Ok(RequestLaunchTemplateData::builder()
            .image_id(&self.image)
            .instance_type(InstanceType::from(self.instance_type.as_str()))
            .iam_instance_profile(LaunchTemplateIamInstanceProfileSpecificationRequest::builder().arn(profile).build())
            .set_security_group_ids(Some(groups.collect::<CloudResult<_>>()?))
            .block_device_mappings(root.build())
            .metadata_options(metadata.build())
            .monitoring(LaunchTemplatesMonitoringRequest::builder().enabled(self.detailed_monitoring).build())
            .user_data(base64::encode(&self.user_data))
            .tag_specifications(volume_tags.build())
            .build())
    }
}
