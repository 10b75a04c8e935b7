//! Amazon S3: buckets, objects and their versions, conditional writes and deletes, uploads in parts.
//!
//! Addressed by path (`/bucket/key`), as SDKs do it where the endpoint is an address.

mod bucket;
mod checksums;
mod conditions;
mod configuration;
mod listing;
mod object;
mod request;
mod upload;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request};
use serde::Serialize;

use super::super::refusal::Refusal;
use super::super::scene::Scene;
use super::super::service::{Protocol, Reply, Service};
use bucket::Bucket;
use configuration::CONFIGURATIONS;
use request::{Asked, answer_xml, empty};

/// The service.
pub(crate) const SERVICE: Service = Service { name: "s3", protocol: Protocol::Rest { name, run }, areas: &[] };

/// All buckets, whose names are unique in the whole world.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    buckets: BTreeMap<String, Bucket>,
}

type Handler = for<'a, 'w> fn(&'a mut Scene<'w>, &'a Asked<'a>) -> Result<Reply, Refusal>;

/// The action a request is for, by what it is about, its method, and a word in its query.
fn find(asked: &Asked<'_>) -> Option<(&'static str, Handler)> {
    if asked.bucket.is_empty() {
        return (asked.method() == Method::GET).then_some(("ListBuckets", bucket::list as Handler));
    }
    if asked.key.is_empty() { of_bucket(asked) } else { of_object(asked) }
}

fn of_bucket(asked: &Asked<'_>) -> Option<(&'static str, Handler)> {
    if let Some(kind) = CONFIGURATIONS.iter().find(|kind| asked.has(kind.query)) {
        return match *asked.method() {
            Method::GET => Some((kind.get, configuration::get as Handler)),
            Method::PUT if !kind.put.is_empty() => Some((kind.put, configuration::put as Handler)),
            Method::DELETE if !kind.delete.is_empty() => Some((kind.delete, configuration::delete as Handler)),
            _ => None,
        };
    }
    Some(match *asked.method() {
        Method::GET if asked.has("location") => ("GetBucketLocation", bucket::location as Handler),
        Method::GET if asked.has("versions") => ("ListObjectVersions", listing::versions),
        Method::GET if asked.has("uploads") => ("ListMultipartUploads", upload::list),
        Method::GET if asked.has("list-type") => ("ListObjectsV2", listing::objects),
        Method::GET => ("ListObjects", listing::objects),
        Method::HEAD => ("HeadBucket", bucket::head),
        Method::PUT => ("CreateBucket", bucket::create),
        Method::DELETE => ("DeleteBucket", bucket::delete),
        Method::POST if asked.has("delete") => ("DeleteObjects", object::delete_many),
        _ => return None,
    })
}

fn of_object(asked: &Asked<'_>) -> Option<(&'static str, Handler)> {
    Some(match *asked.method() {
        Method::GET if asked.has("tagging") => ("GetObjectTagging", object::tags as Handler),
        Method::PUT if asked.has("tagging") => ("PutObjectTagging", object::put_tags),
        Method::DELETE if asked.has("tagging") => ("DeleteObjectTagging", object::put_tags),
        Method::GET if asked.has("uploadId") => ("ListParts", upload::parts),
        Method::PUT if asked.has("uploadId") => ("UploadPart", upload::part),
        Method::POST if asked.has("uploads") => ("CreateMultipartUpload", upload::create),
        Method::POST if asked.has("uploadId") => ("CompleteMultipartUpload", upload::complete),
        Method::DELETE if asked.has("uploadId") => ("AbortMultipartUpload", upload::abort),
        Method::GET => ("GetObject", object::get),
        Method::HEAD => ("HeadObject", object::get),
        Method::PUT if asked.header("x-amz-copy-source").is_some() => ("CopyObject", object::copy),
        Method::PUT => ("PutObject", object::put),
        Method::DELETE => ("DeleteObject", object::delete),
        _ => return None,
    })
}

fn name(request: &Request<Bytes>) -> Option<&'static str> {
    find(&Asked::read(request).ok()?).map(|(name, _)| name)
}

fn run(scene: &mut Scene<'_>, request: &Request<Bytes>) -> Result<Reply, Refusal> {
    let asked = Asked::read(request)?;
    let Some((_, handler)) = find(&asked) else {
        return Err(Refusal::new(
            "NotImplemented",
            "A header or query you provided implies functionality that is not implemented",
        )
        .status(501));
    };
    handler(scene, &asked)
}
