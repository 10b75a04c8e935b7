//! Uploads in parts. Conditions are judged when they are completed.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use serde::Serialize;

use super::super::super::clock::Moment;
use super::super::super::output::{Tree, object};
use super::super::super::protocol::read_xml;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::Reply;
use super::super::super::tags::Tags;
use super::bucket::{Version, find};
use super::conditions;
use super::object::{new_id, say_version};
use super::request::digest;
use super::{Asked, answer_xml, empty};

/// An upload that is not complete.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Upload {
    key: String,
    begun: Moment,
    headers: Vec<(String, String)>,
    #[serde(skip)]
    parts: BTreeMap<u32, (String, Bytes)>,
}

fn no_such_upload() -> Refusal {
    let words = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
    Refusal::new("NoSuchUpload", words).status(404)
}

fn upload<'a>(scene: &'a mut Scene<'_>, asked: &Asked<'_>) -> Result<&'a mut Upload, Refusal> {
    let id = asked.query("uploadId").unwrap_or_default();
    let found = find(scene, asked)?.uploads.get_mut(id);
    found.filter(|upload| upload.key == asked.key).ok_or_else(no_such_upload)
}

/// `CreateMultipartUpload`
pub(super) fn create(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (id, now) = (scene.dice.hex(64), scene.now);
    let bucket = find(scene, asked)?;
    let upload = Upload { key: asked.key.clone(), begun: now, headers: asked.kept_headers(), parts: BTreeMap::new() };
    bucket.uploads.insert(id.clone(), upload);
    let tree = object! { "Bucket" => &asked.bucket, "Key" => &asked.key, "UploadId" => id };
    Ok(answer_xml("InitiateMultipartUploadResult", &tree))
}

/// `UploadPart`
pub(super) fn part(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    asked.check_digest()?;
    let number = asked.query("partNumber").and_then(|text| text.parse::<u32>().ok());
    let Some(number) = number.filter(|number| (1..=10_000).contains(number)) else {
        let words = "Part number must be an integer between 1 and 10000, inclusive";
        return Err(Refusal::new("InvalidArgument", words));
    };
    let etag = digest(&asked.body);
    upload(scene, asked)?.parts.insert(number, (etag.clone(), asked.body.clone()));
    let mut reply = empty(200);
    reply.headers.push(("etag".into(), format!("\"{etag}\"")));
    Ok(reply)
}

/// `ListParts`
pub(super) fn parts(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let upload = upload(scene, asked)?;
    let parts = upload.parts.iter().map(|(number, (etag, body))| {
        object! {
            "PartNumber" => *number, "LastModified" => upload.begun, "ETag" => format!("\"{etag}\""), "Size" => body.len(),
        }
    });
    let tree = object! {
        "Bucket" => &asked.bucket,
        "Key" => &asked.key,
        "UploadId" => asked.query("uploadId").map(str::to_owned),
        "IsTruncated" => false,
        "Part" => Tree::List("", parts.collect()),
    };
    Ok(answer_xml("ListPartsResult", &tree))
}

/// `ListMultipartUploads`
pub(super) fn list(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let bucket = find(scene, asked)?;
    let uploads = bucket.uploads.iter();
    let uploads =
        uploads.map(|(id, upload)| object! { "UploadId" => id, "Key" => &upload.key, "Initiated" => upload.begun });
    let tree = object! {
        "Bucket" => &asked.bucket, "IsTruncated" => false, "Upload" => Tree::List("", uploads.collect()),
    };
    Ok(answer_xml("ListMultipartUploadsResult", &tree))
}

/// `CompleteMultipartUpload`. Its entity tag is that of the parts' tags, with their number.
pub(super) fn complete(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (id, now) = (new_id(scene, &asked.bucket), scene.now);
    let wish = read_xml(&asked.body)?;
    let upload = upload(scene, asked)?.clone();
    let (mut body, mut tags, mut last) = (BytesMut::new(), Vec::new(), 0);
    for part in wish.list("Part") {
        let number = u32::try_from(part.whole("PartNumber")?.unwrap_or_default()).unwrap_or_default();
        if number <= last {
            return Err(Refusal::new("InvalidPartOrder", "The list of parts was not in ascending order."));
        }
        last = number;
        let tag = part.need("ETag")?.trim_matches('"');
        let Some((_, content)) = upload.parts.get(&number).filter(|(etag, _)| etag == tag) else {
            return Err(Refusal::new("InvalidPart", "One or more of the specified parts could not be found."));
        };
        body.extend_from_slice(content);
        tags.extend((0..tag.len()).step_by(2).filter_map(|at| u8::from_str_radix(tag.get(at..at + 2)?, 16).ok()));
    }
    let etag = format!("{}-{}", digest(&tags), wish.list("Part").len());
    let bucket = find(scene, asked)?;
    conditions::before_write(asked, bucket.current(&asked.key))?;
    let version = Version {
        id: id.clone(),
        etag: etag.clone(),
        modified: now,
        marker: false,
        headers: upload.headers,
        tags: Tags::default(),
        body: body.freeze(),
    };
    bucket.add(&asked.key, version);
    bucket.uploads.remove(asked.query("uploadId").unwrap_or_default());
    let tree = object! { "Bucket" => &asked.bucket, "Key" => &asked.key, "ETag" => format!("\"{etag}\"") };
    let mut reply = answer_xml("CompleteMultipartUploadResult", &tree);
    say_version(&mut reply, &id);
    Ok(reply)
}

/// `AbortMultipartUpload`
pub(super) fn abort(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    upload(scene, asked)?;
    find(scene, asked)?.uploads.remove(asked.query("uploadId").unwrap_or_default());
    Ok(empty(204))
}
