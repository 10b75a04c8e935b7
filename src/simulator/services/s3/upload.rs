//! Uploads in parts. Conditions are judged when they are completed.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use serde::Serialize;

use super::super::super::clock::Moment;
use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::protocol::read_xml;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::Reply;
use super::super::super::tags::Tags;
use super::bucket::{Version, find};
use super::checksums::Checksum;
use super::object::{new_id, say_version};
use super::request::digest;
use super::{Asked, answer_xml, checksums, conditions, empty};

/// An upload that is not complete.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Upload {
    key: String,
    begun: Moment,
    headers: Vec<(String, String)>,
    algorithm: &'static str,
    /// Whether its checksum will be one of the checksums of the parts.
    is_composite: bool,
    #[serde(skip)]
    parts: BTreeMap<u32, Part>,
}

/// A part of one.
#[derive(Clone, Debug)]
struct Part {
    etag: String,
    checksum: Option<Checksum>,
    body: Bytes,
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

/// The algorithm of an upload's checksum, and whether it will be one of the parts' checksums: that is so unless the caller says otherwise, but not of
/// CRC64NVME; only cyclic checks can be of the whole object
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html#Full-object-and-composite-checksums>).
fn checksum_wish(asked: &Asked<'_>) -> Result<(&'static str, bool), Refusal> {
    let (name, kind) = (asked.header("x-amz-checksum-algorithm"), asked.header("x-amz-checksum-type"));
    let algorithm = checksums::algorithm(name.unwrap_or(checksums::OWN))?;
    let is_composite = kind.map_or(algorithm != checksums::OWN, |kind| kind == "COMPOSITE");
    if is_composite == (algorithm == checksums::OWN) || !(is_composite || algorithm.starts_with("CRC")) {
        let words = format!(
            "The {} checksum type cannot be used with the {} checksum algorithm.",
            kind.unwrap_or_default(),
            algorithm.to_ascii_lowercase()
        );
        return Err(Refusal::new("InvalidRequest", words));
    }
    Ok((algorithm, is_composite))
}

/// `CreateMultipartUpload`
pub(super) fn create(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (id, now) = (scene.dice.hex(64), scene.now);
    let (algorithm, is_composite) = checksum_wish(asked)?;
    let bucket = find(scene, asked)?;
    let upload = Upload {
        key: asked.key.clone(),
        begun: now,
        headers: asked.kept_headers(),
        algorithm,
        is_composite,
        parts: BTreeMap::new(),
    };
    let kind = upload.kind();
    bucket.uploads.insert(id.clone(), upload);
    let tree = object! { "Bucket" => &asked.bucket, "Key" => &asked.key, "UploadId" => id };
    let mut reply = answer_xml("InitiateMultipartUploadResult", &tree);
    reply.headers.push(("x-amz-checksum-algorithm".into(), algorithm.to_owned()));
    reply.headers.push(("x-amz-checksum-type".into(), kind.to_owned()));
    Ok(reply)
}

/// `UploadPart`
pub(super) fn part(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let checksum = checksums::check(asked)?;
    let number = asked.query("partNumber").and_then(|text| text.parse::<u32>().ok());
    let Some(number) = number.filter(|number| (1..=10_000).contains(number)) else {
        let words = "Part number must be an integer between 1 and 10000, inclusive";
        return Err(Refusal::new("InvalidArgument", words));
    };
    let etag = digest(&asked.body);
    let upload = upload(scene, asked)?;
    let checksum = checksum.or_else(|| Checksum::of(upload.algorithm, &asked.body));
    if let Some(said) = checksum.as_ref().filter(|said| upload.is_composite && said.algorithm != upload.algorithm) {
        let words = format!(
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            upload.algorithm.to_ascii_lowercase(),
            said.algorithm.to_ascii_lowercase()
        );
        return Err(Refusal::new("InvalidRequest", words));
    }
    let mut reply = empty(200);
    reply.headers.push(("etag".into(), format!("\"{etag}\"")));
    reply.headers.extend(checksum.iter().map(Checksum::header));
    upload.parts.insert(number, Part { etag, checksum, body: asked.body.clone() });
    Ok(reply)
}

/// `ListParts`
pub(super) fn parts(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let upload = upload(scene, asked)?;
    let parts = upload.parts.iter().map(|(number, Part { etag, checksum, body })| {
        let tree = object! {
            "PartNumber" => *number, "LastModified" => upload.begun, "ETag" => format!("\"{etag}\""), "Size" => body.len(),
        };
        checksum.iter().fold(tree, |tree, checksum| checksum.show(tree))
    });
    let tree = object! {
        "Bucket" => &asked.bucket,
        "Key" => &asked.key,
        "UploadId" => asked.query("uploadId").map(str::to_owned),
        "IsTruncated" => false,
        "ChecksumAlgorithm" => upload.algorithm,
        "ChecksumType" => upload.kind(),
        "Part" => Tree::List("", parts.collect()),
    };
    Ok(answer_xml("ListPartsResult", &tree))
}

/// `ListMultipartUploads`
pub(super) fn list(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let bucket = find(scene, asked)?;
    let uploads = bucket.uploads.iter();
    let uploads = uploads.map(|(id, upload)| {
        object! {
            "UploadId" => id,
            "Key" => &upload.key,
            "Initiated" => upload.begun,
            "ChecksumAlgorithm" => upload.algorithm,
            "ChecksumType" => upload.kind(),
        }
    });
    let tree = object! {
        "Bucket" => &asked.bucket, "IsTruncated" => false, "Upload" => Tree::List("", uploads.collect()),
    };
    Ok(answer_xml("ListMultipartUploadsResult", &tree))
}

impl Upload {
    /// The type of its checksum, as answers name it.
    fn kind(&self) -> &'static str {
        if self.is_composite { "COMPOSITE" } else { "FULL_OBJECT" }
    }

    /// The parts that it is to be completed of, which must be there as the caller says.
    fn named(&self, wish: &Input) -> Result<Vec<&Part>, Refusal> {
        let (mut parts, mut last) = (Vec::new(), 0);
        for named in wish.list("Part") {
            let number = u32::try_from(named.whole("PartNumber")?.unwrap_or_default()).unwrap_or_default();
            if number <= last {
                return Err(Refusal::new("InvalidPartOrder", "The list of parts was not in ascending order."));
            }
            last = number;
            let tag = named.need("ETag")?.trim_matches('"');
            let said = named.text(&format!("Checksum{}", self.algorithm));
            let fits = |part: &&Part| {
                let value = part.checksum.as_ref().map(|checksum| checksum.value.as_str());
                part.etag == tag && (said.is_none() || said == value)
            };
            let words = "One or more of the specified parts could not be found.";
            let part = self.parts.get(&number).filter(fits).ok_or_else(|| Refusal::new("InvalidPart", words))?;
            if self.is_composite && said.is_none() {
                let words = format!(
                    "The upload was created using a {} checksum. The complete request must include the checksum for each \
                     part. It was missing for part {number} in the request.",
                    self.algorithm.to_ascii_lowercase()
                );
                return Err(Refusal::new("InvalidRequest", words));
            }
            parts.push(part);
        }
        Ok(parts)
    }
}

/// `CompleteMultipartUpload`. Its entity tag is that of the parts' tags, with their number.
pub(super) fn complete(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (id, now) = (new_id(scene, &asked.bucket), scene.now);
    let wish = read_xml(&asked.body)?;
    let upload = upload(scene, asked)?.clone();
    let parts = upload.named(&wish)?;
    let (mut body, mut tags) = (BytesMut::new(), Vec::new());
    for Part { etag, body: content, .. } in &parts {
        body.extend_from_slice(content);
        tags.extend((0..etag.len()).step_by(2).filter_map(|at| u8::from_str_radix(etag.get(at..at + 2)?, 16).ok()));
    }
    let etag = format!("{}-{}", digest(&tags), parts.len());
    let checksum = if upload.is_composite {
        let checksums: Vec<&Checksum> = parts.iter().filter_map(|part| part.checksum.as_ref()).collect();
        Checksum::of_parts(upload.algorithm, &checksums)
    } else {
        Checksum::of(upload.algorithm, &body)
    };
    checksum.iter().try_for_each(|checksum| checksums::check_whole(asked, checksum))?;
    let bucket = find(scene, asked)?;
    conditions::before_write(asked, bucket.current(&asked.key))?;
    let version = Version {
        id: id.clone(),
        etag: etag.clone(),
        checksum: checksum.clone(),
        modified: now,
        marker: false,
        headers: upload.headers,
        tags: Tags::default(),
        body: body.freeze(),
    };
    bucket.add(&asked.key, version);
    bucket.uploads.remove(asked.query("uploadId").unwrap_or_default());
    let tree = object! { "Bucket" => &asked.bucket, "Key" => &asked.key, "ETag" => format!("\"{etag}\"") };
    let tree = checksum.iter().fold(tree, |tree, checksum| checksum.show(tree).with("ChecksumType", checksum.kind()));
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
