//! A bucket for state, made or completed: old versions are kept, everything is encrypted, nothing is public, and nobody speaks to it in the clear.
//!
//! What a bucket has already is left as it is: each setting is asked for first, and written only where there is none. So it can be repeated after
//! it was interrupted, and a bucket that is used for other things keeps its ways.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint, BucketVersioningStatus,
    CreateBucketConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
    NoncurrentVersionExpiration, PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging, VersioningConfiguration,
};
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::operation::BuildError;
use serde_json::json;

use super::{S3, refusal};
use crate::aws::clients::{Access, Target};
use crate::store::objects::{Objects as _, Refusal};
use crate::store::remote::RemoteError;

/// For how long an old version of the state is kept.
const OLD_VERSIONS: i32 = 90;

/// A bucket that is ready for state.
#[derive(Debug)]
pub struct Prepared {
    /// The bucket.
    pub s3: S3,
    /// Its region.
    pub region: String,
    /// Whether it was made just now.
    pub made: bool,
    /// What was set.
    pub set: Vec<&'static str>,
}

/// What is asked about a setting: it is there, or it is not.
enum Setting {
    There,
    Missing,
}

/// Makes the bucket if there is none, and sets what is not set.
pub async fn prepare(target: &Target, bucket: &str, prefix: &str) -> Result<Prepared, RemoteError> {
    let here = S3::here(target, Access::Write, bucket).await?;
    let found = here.region_of_bucket().await?;
    let made = found.is_none();
    let s3 = if let Some(region) = found {
        here.into_region(region)
    } else {
        here.make().await.map_err(|why| here.failed("make the bucket", why))?;
        here
    };
    s3.refuse_object_lock().await?;
    let mut set = Vec::new();
    for what in ["versions", "encryption", "no public access", "only TLS", "an end for old versions", "a tag"] {
        if s3.complete(what, prefix).await.map_err(|why| s3.failed("set up the bucket", why))? {
            set.push(what);
        }
    }
    let region = s3.region.clone();
    Ok(Prepared { s3, region, made, set })
}

impl S3 {
    fn failed(&self, doing: &'static str, why: Refusal) -> RemoteError {
        RemoteError::Failed { doing, place: self.place(""), why }
    }

    async fn make(&self) -> Result<(), Refusal> {
        let create = self.client.create_bucket().bucket(&self.bucket);
        // The oldest region is the one that must not be named.
        let place = (self.region != "us-east-1").then(|| {
            let region = BucketLocationConstraint::from(self.region.as_str());
            CreateBucketConfiguration::builder().location_constraint(region).build()
        });
        match create.set_create_bucket_configuration(place).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("BucketAlreadyOwnedByYou") => Ok(()),
            Err(error) if error.code() == Some("BucketAlreadyExists") => {
                Err(Refusal::Refused("somebody else's bucket has this name; names are unique in all of AWS".into()))
            }
            Err(error) => Err(refusal(error)),
        }
    }

    /// A lock on versions would let nobody delete a lock of ours.
    async fn refuse_object_lock(&self) -> Result<(), RemoteError> {
        let lock = self.client.get_object_lock_configuration().bucket(&self.bucket).send().await;
        let locked = lock.ok().and_then(|lock| lock.object_lock_configuration);
        if locked.is_some_and(|lock| lock.object_lock_enabled.is_some()) {
            let why = "it has Object Lock, with which nothing can be replaced as state must be; take another bucket";
            return Err(self.failed("use", Refusal::Refused(why.into())));
        }
        Ok(())
    }

    /// Whether this had to be set.
    async fn complete(&self, what: &str, prefix: &str) -> Result<bool, Refusal> {
        let is_there = match what {
            "versions" => self.keeps_versions().await?,
            "encryption" => there(self.client.get_bucket_encryption().bucket(&self.bucket).send().await)?,
            "no public access" => there(self.client.get_public_access_block().bucket(&self.bucket).send().await)?,
            "only TLS" => there(self.client.get_bucket_policy().bucket(&self.bucket).send().await)?,
            "a tag" => there(self.client.get_bucket_tagging().bucket(&self.bucket).send().await)?,
            _ => there(self.client.get_bucket_lifecycle_configuration().bucket(&self.bucket).send().await)?,
        };
        if let Setting::There = is_there {
            return Ok(false);
        }
        match what {
            "versions" => self.keep_versions().await,
            "encryption" => self.encrypt().await,
            "no public access" => self.block_public_access().await,
            "only TLS" => self.demand_tls().await,
            "a tag" => self.tag().await,
            _ => self.expire_old_versions(prefix).await,
        }?;
        Ok(true)
    }

    async fn keeps_versions(&self) -> Result<Setting, Refusal> {
        let versions = self.client.get_bucket_versioning().bucket(&self.bucket).send().await.map_err(refusal)?;
        let enabled = versions.status == Some(BucketVersioningStatus::Enabled);
        Ok(if enabled { Setting::There } else { Setting::Missing })
    }

    async fn keep_versions(&self) -> Result<(), Refusal> {
        let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let put = self.client.put_bucket_versioning().bucket(&self.bucket).versioning_configuration(enabled);
        put.send().await.map(drop).map_err(refusal)
    }

    async fn encrypt(&self) -> Result<(), Refusal> {
        let by = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build();
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(by.map_err(unbuildable)?)
            .build();
        let rules = ServerSideEncryptionConfiguration::builder().rules(rule).build().map_err(unbuildable)?;
        let put = self.client.put_bucket_encryption().bucket(&self.bucket).server_side_encryption_configuration(rules);
        put.send().await.map(drop).map_err(refusal)
    }

    async fn block_public_access(&self) -> Result<(), Refusal> {
        let all = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let put = self.client.put_public_access_block().bucket(&self.bucket).public_access_block_configuration(all);
        put.send().await.map(drop).map_err(refusal)
    }

    async fn demand_tls(&self) -> Result<(), Refusal> {
        let partition = match self.region.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if self.region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        let arn = format!("arn:{partition}:s3:::{}", self.bucket);
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "OnlyTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, format!("{arn}/*")],
                "Condition": { "Bool": { "aws:SecureTransport": "false" } },
            }],
        });
        let put = self.client.put_bucket_policy().bucket(&self.bucket).policy(policy.to_string());
        put.send().await.map(drop).map_err(refusal)
    }

    async fn expire_old_versions(&self, prefix: &str) -> Result<(), Refusal> {
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let rule = LifecycleRule::builder()
            .id("pando-old-versions")
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix(prefix).build())
            .noncurrent_version_expiration(NoncurrentVersionExpiration::builder().noncurrent_days(OLD_VERSIONS).build())
            .expiration(LifecycleExpiration::builder().expired_object_delete_marker(true).build())
            .abort_incomplete_multipart_upload(
                AbortIncompleteMultipartUpload::builder().days_after_initiation(7).build(),
            )
            .build()
            .map_err(unbuildable)?;
        let rules = BucketLifecycleConfiguration::builder().rules(rule).build().map_err(unbuildable)?;
        let put = self.client.put_bucket_lifecycle_configuration().bucket(&self.bucket).lifecycle_configuration(rules);
        put.send().await.map(drop).map_err(refusal)
    }

    async fn tag(&self) -> Result<(), Refusal> {
        let tag = Tag::builder().key("pando:holds").value("state").build().map_err(unbuildable)?;
        let tags = Tagging::builder().tag_set(tag).build().map_err(unbuildable)?;
        let put = self.client.put_bucket_tagging().bucket(&self.bucket).tagging(tags);
        put.send().await.map(drop).map_err(refusal)
    }
}

/// Whether something is set, by what S3 answers when it is asked for.
fn there<T, E>(answer: Result<T, SdkError<E, Response>>) -> Result<Setting, Refusal>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer {
        Ok(_) => Ok(Setting::There),
        Err(error) if error.raw_response().is_some_and(|raw| raw.status().as_u16() == 404) => Ok(Setting::Missing),
        Err(error) => Err(refusal(error)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn unbuildable(error: BuildError) -> Refusal {
    Refusal::Refused(error.to_string())
}
