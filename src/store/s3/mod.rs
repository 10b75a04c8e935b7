//! The bucket in S3: the one place outside `aws` that calls Amazon, because what it calls is where the state lives and not what is deployed.
//!
//! Its clients are built from what [`crate::aws::clients`] has. No call is repeated by the SDK: the store repeats them itself, after a look.

mod prepare;

use std::error::Error;
use std::fmt;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, Region, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::retry::RetryConfig;

use super::objects::{If, Object, Objects, Refusal, Tag};
use super::remote::RemoteError;
use crate::aws::clients::{Access, ConnectError, Target, foundation};
use crate::aws::failure::classify;
use crate::engine::cloud_error::CloudError;

pub use prepare::{Prepared, prepare};

/// The largest object that is read, in bytes.
const LARGEST: i64 = 64 * 1024 * 1024;

/// A bucket in S3.
#[derive(Clone)]
pub struct S3 {
    client: Client,
    bucket: String,
    region: String,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl S3 {
    /// Finds the bucket, wherever it is: its region may be another than the stack's.
    pub async fn connect(target: &Target, access: Access, bucket: &str) -> Result<Self, RemoteError> {
        let s3 = Self::here(target, access, bucket).await?;
        match s3.region_of_bucket().await? {
            Some(region) => Ok(s3.into_region(region)),
            None => Err(RemoteError::NoBucket { bucket: bucket.to_owned() }),
        }
    }

    /// A client in the region of the configuration, whether there is such a bucket or not.
    pub(super) async fn here(target: &Target, access: Access, bucket: &str) -> Result<Self, RemoteError> {
        let base = foundation(target, access, "S3").await?;
        let region = base.shared.region().map(ToString::to_string).ok_or(ConnectError::NoRegion)?;
        let mut config = Builder::from(&base.shared)
            .retry_config(RetryConfig::disabled())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            // What stands in for S3 has one address, and no name for each bucket.
            .force_path_style(base.endpoint.is_some());
        if let Some(url) = base.endpoint {
            config = config.endpoint_url(url);
        }
        for interceptor in base.interceptors {
            config.push_interceptor(interceptor);
        }
        Ok(Self { client: Client::from_conf(config.build()), bucket: bucket.to_owned(), region })
    }

    fn into_region(self, region: String) -> Self {
        if region == self.region {
            return self;
        }
        let config = self.client.config().to_builder().region(Region::new(region.clone()));
        Self { client: Client::from_conf(config.build()), region, ..self }
    }

    /// Where the bucket is, as S3 says in every answer about it, refusals too. `None`: there is none.
    async fn region_of_bucket(&self) -> Result<Option<String>, RemoteError> {
        const HEADER: &str = "x-amz-bucket-region";
        let retries = aws_sdk_s3::Config::builder().retry_config(RetryConfig::standard());
        let head = self.client.head_bucket().bucket(&self.bucket).customize().config_override(retries);
        let error = match head.send().await {
            Ok(found) => return Ok(Some(found.bucket_region.unwrap_or_else(|| self.region.clone()))),
            Err(error) => error,
        };
        let answer = error.raw_response();
        match (answer.map(|raw| raw.status().as_u16()), answer.and_then(|raw| raw.headers().get(HEADER))) {
            (Some(404), _) => Ok(None),
            (Some(301 | 400 | 403), Some(region)) => Ok(Some(region.to_owned())),
            _ => Err(RemoteError::Failed { doing: "find", place: self.place(""), why: refusal(error) }),
        }
    }
}

impl Objects for S3 {
    async fn get(&self, key: &str) -> Result<Option<Object>, Refusal> {
        let object = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(refusal(error)),
        };
        if object.content_length.unwrap_or_default() > LARGEST {
            return Err(Refusal::Refused(format!("it has more than {LARGEST} bytes")));
        }
        let Some(tag) = object.e_tag else { return Err(Refusal::Refused("it has no entity tag".into())) };
        let body = object.body.collect().await.map_err(|e| Refusal::Unclear(e.to_string()))?;
        Ok(Some(Object { tag: Tag(tag), body: body.to_vec() }))
    }

    async fn put(&self, key: &str, body: Vec<u8>, only: &If) -> Result<Tag, Refusal> {
        let put = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(body));
        let put = match only {
            If::Absent => put.if_none_match("*"),
            If::Is(tag) => put.if_match(&tag.0),
        };
        let written = put.content_type("application/json").send().await.map_err(conditional)?;
        written.e_tag.map(Tag).ok_or_else(|| Refusal::Unclear("the answer has no entity tag".into()))
    }

    async fn delete(&self, key: &str, only: &Tag) -> Result<(), Refusal> {
        let delete = self.client.delete_object().bucket(&self.bucket).key(key).if_match(&only.0);
        delete.send().await.map(drop).map_err(conditional)
    }

    fn place(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}

/// Of a call with a condition: that it does not hold, or that another write came between.
fn conditional<E>(error: SdkError<E, Response>) -> Refusal
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match (error.raw_response().map(|raw| raw.status().as_u16()), error.code()) {
        (Some(412), _) | (Some(404), Some("NoSuchKey")) => Refusal::Changed,
        (Some(409), _) => Refusal::Unclear("another write of the same object".into()),
        _ => refusal(error),
    }
}

fn refusal<E>(error: SdkError<E, Response>) -> Refusal
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match classify(error) {
        CloudError::Denied(why) | CloudError::Expired(why) => Refusal::Denied(why),
        CloudError::NotYet(why) | CloudError::Unknown(why) => Refusal::Unclear(why),
        CloudError::Missing(why) | CloudError::Exists(why) | CloudError::Foreign(why) | CloudError::Refused(why) => {
            Refusal::Refused(why)
        }
    }
}
