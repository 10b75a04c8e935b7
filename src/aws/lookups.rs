//! Questions that have to be answered before a blueprint can be expanded: zones, images. Nothing here is a resource.
//!
//! An answer is pinned in the state and asked for again only on demand: otherwise any plan could roll the fleet onto an image that was
//! published last night, or move subnets because Amazon opened a zone.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{AvailabilityZoneState, Image as Described};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clients::Aws;
use super::ec2::filter;
use super::failure::{classify, is_absent};
use crate::engine::cloud_error::CloudError;
use crate::engine::state::Site;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Which availability zones this account can use here.
    Zones,
    /// Which image clones boot from.
    Image(ImageQuery),
}

/// How an image is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageQuery {
    /// By its id.
    Id(String),
    /// Its id is the value of a parameter of SSM.
    Parameter(String),
    /// The newest of an owner's images with a name.
    Newest {
        /// An account, `self` or `amazon`.
        owner: String,
        /// The name, with `*` for any text.
        name: String,
    },
}

/// An image, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// `ami-…`.
    pub id: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// The name of its root device.
    pub root_device: String,
    /// The least size of its root volume, in GiB.
    pub root_size: u32,
}

/// Everything that expanding a blueprint needs to know of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// Where the stack is.
    pub site: Site,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// The zones, sorted.
    pub zones: Vec<String>,
    /// The image, if there are clones.
    pub image: Option<Image>,
}

/// A question without an answer.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The call failed.
    #[error("could not look up {0}")]
    Cloud(String, #[source] CloudError),
    /// There is no such image.
    #[error("there is no image for {0} in {1}")]
    NoImage(String, String),
    /// A pinned answer that this version cannot read.
    #[error("the pinned answer to `{0}` is unreadable; ask again with `--renew`")]
    Unreadable(String, #[source] serde_json::Error),
}

impl Lookup {
    /// The question as text: the name of the pin.
    pub fn query(&self) -> String {
        match self {
            Self::Zones => "zones".into(),
            Self::Image(ImageQuery::Id(id)) => format!("image {id}"),
            Self::Image(ImageQuery::Parameter(name)) => format!("image from the parameter {name}"),
            Self::Image(ImageQuery::Newest { owner, name }) => format!("newest image {name} of {owner}"),
        }
    }

    /// Asks all of these at once. The answers come with their questions.
    pub async fn ask_all<'a>(
        cloud: &Aws,
        lookups: impl Iterator<Item = &'a Self>,
    ) -> Result<Vec<(String, Value)>, LookupError> {
        try_join_all(lookups.map(|lookup| async move { Ok((lookup.query(), lookup.ask(cloud).await?)) })).await
    }

    pub(super) async fn ask(&self, cloud: &Aws) -> Result<Value, LookupError> {
        let failed = |e| LookupError::Cloud(self.query(), e);
        let answer = match self {
            Self::Zones => serde_json::to_value(zones(cloud).await.map_err(failed)?),
            Self::Image(query) => {
                let image = image(cloud, query).await.map_err(failed)?;
                let image = image.ok_or_else(|| LookupError::NoImage(self.query(), cloud.site.region.clone()))?;
                serde_json::to_value(image)
            }
        };
        answer.map_err(|e| LookupError::Unreadable(self.query(), e))
    }
}

impl Answers {
    /// Puts answers together, pinned or fresh.
    pub fn of(
        site: Site,
        partition: String,
        lookups: &[Lookup],
        values: &BTreeMap<String, Value>,
    ) -> Result<Self, LookupError> {
        let mut answers = Self { site, partition, zones: Vec::new(), image: None };
        for lookup in lookups {
            let query = lookup.query();
            let value = values.get(&query).cloned().unwrap_or_default();
            match lookup {
                Lookup::Zones => answers.zones = read(query, value)?,
                Lookup::Image(_) => answers.image = Some(read(query, value)?),
            }
        }
        Ok(answers)
    }

    /// The ARN of something in this account and region.
    pub fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{rest}", self.partition, self.site.region, self.site.account)
    }
}

fn read<T: serde::de::DeserializeOwned>(query: String, value: Value) -> Result<T, LookupError> {
    serde_json::from_value(value).map_err(|e| LookupError::Unreadable(query, e))
}

async fn zones(cloud: &Aws) -> Result<Vec<String>, CloudError> {
    let request = cloud.api.ec2.describe_availability_zones().filters(filter("zone-type", ["availability-zone"]));
    let request = request.filters(filter("opt-in-status", ["opt-in-not-required", "opted-in"]));
    let answer = request.send().await.map_err(classify)?;
    let zones = answer.availability_zones.unwrap_or_default().into_iter();
    let there = zones.filter(|zone| zone.state() == Some(&AvailabilityZoneState::Available));
    let mut names: Vec<String> = there.filter_map(|zone| zone.zone_name).collect();
    names.sort();
    Ok(names)
}

async fn image(cloud: &Aws, query: &ImageQuery) -> Result<Option<Image>, CloudError> {
    match query {
        ImageQuery::Id(id) => by_id(cloud, id).await,
        ImageQuery::Parameter(name) => match cloud.api.ssm.get_parameter().name(name).send().await {
            Err(e) if is_absent(&e) => Ok(None),
            answer => match answer.map_err(classify)?.parameter.and_then(|parameter| parameter.value) {
                Some(id) => by_id(cloud, &id).await,
                None => Ok(None),
            },
        },
        ImageQuery::Newest { owner, name } => {
            let request = cloud.api.ec2.describe_images().owners(owner).filters(filter("name", [name]));
            let pages = request.filters(filter("state", ["available"])).into_paginator().items().send();
            let images = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
            // Dates are written so that their order is that of the text.
            let newest =
                images.iter().max_by_key(|image| (image.creation_date().unwrap_or_default(), image.image_id()));
            Ok(newest.and_then(described))
        }
    }
}

async fn by_id(cloud: &Aws, id: &str) -> Result<Option<Image>, CloudError> {
    let answer = cloud.api.ec2.describe_images().filters(filter("image-id", [id])).send().await.map_err(classify)?;
    Ok(answer.images().iter().find(|image| image.image_id() == Some(id)).and_then(described))
}

fn described(image: &Described) -> Option<Image> {
    let root = image.root_device_name().unwrap_or("/dev/xvda");
    let mapping = image.block_device_mappings().iter().find(|mapping| mapping.device_name() == Some(root));
    let size = mapping.and_then(|mapping| mapping.ebs()).and_then(|volume| volume.volume_size());
    Some(Image {
        id: image.image_id()?.into(),
        architecture: image.architecture().map_or("x86_64", |architecture| architecture.as_str()).into(),
        root_device: root.into(),
        root_size: size.and_then(|size| u32::try_from(size).ok()).unwrap_or(8),
    })
}
