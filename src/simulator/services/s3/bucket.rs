//! Buckets: their names, owners and ends.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;

use super::super::super::clock::Moment;
use super::super::super::output::{named, object};
use super::super::super::protocol::read_xml;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::Reply;
use super::super::super::tags::Tags;
use super::checksums::Checksum;
use super::upload::Upload;
use super::{Asked, answer_xml, empty};

/// A bucket.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Bucket {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) made: Moment,
    pub(super) versioning: Versioning,
    /// What was put of its configurations, by the word in the query.
    pub(super) configurations: BTreeMap<String, String>,
    /// Versions of objects by key, the current one last. No list is empty.
    pub(super) objects: BTreeMap<String, Vec<Version>>,
    pub(super) uploads: BTreeMap<String, Upload>,
}

/// Whether older versions are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) enum Versioning {
    /// They never were.
    #[default]
    Never,
    /// They are.
    Enabled,
    /// Those that there are stay, and new ones are not kept.
    Suspended,
}

/// One version of an object.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Version {
    /// `null` where none are kept.
    pub(super) id: String,
    pub(super) etag: String,
    /// Delete markers have none.
    pub(super) checksum: Option<Checksum>,
    pub(super) modified: Moment,
    /// Whether it only says that the object was deleted.
    pub(super) marker: bool,
    pub(super) headers: Vec<(String, String)>,
    pub(super) tags: Tags,
    #[serde(skip)]
    pub(super) body: Bytes,
}

/// The bucket of a request, if it is there and the caller's.
pub(super) fn find<'a>(scene: &'a mut Scene<'_>, asked: &Asked<'_>) -> Result<&'a mut Bucket, Refusal> {
    let account = &scene.place.account;
    let Some(bucket) = scene.s3.buckets.get_mut(&asked.bucket) else {
        return Err(Refusal::new("NoSuchBucket", "The specified bucket does not exist").status(404));
    };
    if bucket.account != *account {
        return Err(Refusal::new("AccessDenied", "Access Denied").status(403));
    }
    Ok(bucket)
}

/// `ListBuckets`
pub(super) fn list(scene: &mut Scene<'_>, _: &Asked<'_>) -> Result<Reply, Refusal> {
    let own = scene.s3.buckets.iter().filter(|(_, bucket)| bucket.account == scene.place.account);
    let buckets = own.map(|(name, bucket)| object! { "Name" => name, "CreationDate" => bucket.made });
    let tree = object! {
        "Buckets" => named("Bucket", buckets),
        "Owner" => object! { "ID" => &scene.place.account },
    };
    Ok(answer_xml("ListAllMyBucketsResult", &tree))
}

/// `CreateBucket`. In us-east-1 making one's own bucket again succeeds, elsewhere it does not
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>).
pub(super) fn create(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let name = asked.bucket.as_str();
    if !is_name(name) {
        return Err(Refusal::new("InvalidBucketName", "The specified bucket is not valid."));
    }
    let mut tags = Tags::default();
    let mut region = None;
    if !asked.body.is_empty() {
        let wish = read_xml(&asked.body)?;
        region = wish.text("LocationConstraint").filter(|text| !text.is_empty()).map(str::to_owned);
        if let Some(list) = wish.at("Tags") {
            tags = Tags::read(list, "Tag")?;
        }
    }
    let here = &scene.place.region;
    if region.as_deref().unwrap_or("us-east-1") != here {
        let words = "The specified location-constraint is incompatible for the region specific endpoint this request was sent to.";
        return Err(Refusal::new("IllegalLocationConstraintException", words));
    }
    if let Some(bucket) = scene.s3.buckets.get(name) {
        if bucket.account != scene.place.account {
            let words = "The requested bucket name is not available. The bucket namespace is shared by all users of the system.";
            return Err(Refusal::new("BucketAlreadyExists", words).status(409));
        }
        if here != "us-east-1" {
            let words = "Your previous request to create the named bucket succeeded and you already own it.";
            return Err(Refusal::new("BucketAlreadyOwnedByYou", words).status(409));
        }
    } else {
        let mut bucket = Bucket {
            account: scene.place.account.clone(),
            region: here.clone(),
            made: scene.now,
            versioning: Versioning::Never,
            configurations: BTreeMap::new(),
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
        };
        super::configuration::furnish(&mut bucket, asked.header("x-amz-object-ownership"), &tags);
        scene.s3.buckets.insert(name.to_owned(), bucket);
    }
    let mut reply = empty(200);
    // Outside us-east-1 it is "the global endpoint URL" (same page).
    let location = if here == "us-east-1" { format!("/{name}") } else { format!("http://{name}.s3.amazonaws.com/") };
    reply.headers.push(("location".into(), location));
    Ok(reply)
}

/// Whether a bucket may be called so (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>).
fn is_name(name: &str) -> bool {
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.chars().all(|c| is_end(c) || matches!(c, '.' | '-'))
        && name.starts_with(is_end)
        && name.ends_with(is_end)
        && !name.contains("..")
        && !["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|start| name.starts_with(start))
        && !["-s3alias", "--ol-s3", ".mrap", "--x-s3"].iter().any(|end| name.ends_with(end))
        && name.parse::<std::net::Ipv4Addr>().is_err()
}

/// `HeadBucket`
pub(super) fn head(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let region = find(scene, asked)?.region.clone();
    let mut reply = empty(200);
    reply.headers.push(("x-amz-bucket-region".into(), region));
    Ok(reply)
}

/// `GetBucketLocation`, which says nothing of us-east-1.
pub(super) fn location(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let region = find(scene, asked)?.region.clone();
    let region = if region == "us-east-1" { String::new() } else { region };
    Ok(answer_xml("LocationConstraint", &super::super::super::output::Tree::Text(region.into())))
}

/// `DeleteBucket`, which refuses while there is anything in it.
pub(super) fn delete(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let bucket = find(scene, asked)?;
    if !bucket.objects.is_empty() {
        let words = match bucket.versioning {
            Versioning::Never => "The bucket you tried to delete is not empty",
            _ => "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
        };
        return Err(Refusal::new("BucketNotEmpty", words).status(409));
    }
    scene.s3.buckets.remove(&asked.bucket);
    Ok(empty(204))
}
