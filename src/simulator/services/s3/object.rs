//! Objects and their versions.

use bytes::Bytes;

use super::super::super::clock::Moment;
use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::protocol::read_xml;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::Reply;
use super::super::super::tags::Tags;
use super::bucket::{Bucket, Version, Versioning, find};
use super::checksums::Checksum;
use super::request::digest;
use super::{Asked, answer_xml, checksums, conditions, empty};

/// Whether a version says that there is no object.
pub(super) fn is_gone(version: &Version) -> bool {
    version.marker
}

pub(super) fn no_such_key(key: &str) -> Refusal {
    Refusal::new("NoSuchKey", format!("The specified key does not exist. ({key})")).status(404)
}

impl Bucket {
    /// The current version of an object, which may be a delete marker.
    pub(super) fn current(&self, key: &str) -> Option<&Version> {
        self.objects.get(key)?.last()
    }

    /// Puts a version over those that are there, as the bucket's versioning says.
    pub(super) fn add(&mut self, key: &str, version: Version) {
        let versions = self.objects.entry(key.to_owned()).or_default();
        // Where versions are not kept, the one without an id is replaced.
        if version.id == NO_ID {
            versions.retain(|old| old.id != NO_ID);
        }
        versions.push(version);
    }

    fn remove(&mut self, key: &str, id: &str) -> Option<Version> {
        let versions = self.objects.get_mut(key)?;
        let at = versions.iter().position(|version| version.id == id)?;
        let removed = versions.remove(at);
        if versions.is_empty() {
            self.objects.remove(key);
        }
        Some(removed)
    }
}

/// The id of versions where none are kept.
pub(super) const NO_ID: &str = "null";

/// The id of a version that is made now.
pub(super) fn new_id(scene: &mut Scene<'_>, bucket: &str) -> String {
    match scene.s3.buckets.get(bucket).map(|bucket| bucket.versioning) {
        Some(Versioning::Enabled) => scene.dice.hex(32),
        _ => NO_ID.to_owned(),
    }
}

/// Says which version it was, where versions are kept.
pub(super) fn say_version(reply: &mut Reply, id: &str) {
    if id != NO_ID {
        reply.headers.push(("x-amz-version-id".into(), id.to_owned()));
    }
}

/// `PutObject`
pub(super) fn put(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let id = new_id(scene, &asked.bucket);
    let now = scene.now;
    let checksum = checksums::check(asked)?.or_else(|| Checksum::of(checksums::OWN, &asked.body));
    let tags = tags_of(asked.header("x-amz-tagging"))?;
    let bucket = find(scene, asked)?;
    conditions::before_write(asked, bucket.current(&asked.key))?;
    let etag = digest(&asked.body);
    let version = Version {
        id: id.clone(),
        etag: etag.clone(),
        checksum: checksum.clone(),
        modified: now,
        marker: false,
        headers: asked.kept_headers(),
        tags,
        body: asked.body.clone(),
    };
    bucket.add(&asked.key, version);
    let mut reply = empty(200);
    reply.headers.push(("etag".into(), format!("\"{etag}\"")));
    reply.headers.push(("x-amz-server-side-encryption".into(), "AES256".to_owned()));
    reply.headers.extend(checksum.iter().flat_map(Checksum::headers));
    say_version(&mut reply, &id);
    Ok(reply)
}

/// Tags as a header has them, `a=b&c=d`.
fn tags_of(header: Option<&str>) -> Result<Tags, Refusal> {
    let pairs = form_urlencoded::parse(header.unwrap_or_default().as_bytes());
    let list: Vec<Input> =
        pairs.map(|(key, value)| Input::from(serde_json::json!({ "Key": key, "Value": value }))).collect();
    Tags::of(&list)
}

/// `CopyObject`. A copy has a checksum of its whole content, by the source's algorithm unless the caller wants another.
pub(super) fn copy(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let source = asked.header("x-amz-copy-source").unwrap_or_default();
    let source = percent_encoding::percent_decode_str(source).decode_utf8_lossy().into_owned();
    let (path, wanted) =
        source.trim_start_matches('/').split_once("?versionId=").unwrap_or((source.trim_start_matches('/'), ""));
    let Some((from, key)) = path.split_once('/') else {
        return Err(Refusal::new("InvalidArgument", "Invalid copy source object key"));
    };
    let Some(bucket) = scene.s3.buckets.get(from).filter(|bucket| bucket.account == scene.place.account) else {
        return Err(Refusal::new("NoSuchBucket", "The specified bucket does not exist").status(404));
    };
    let mut version = pick(bucket, key, Some(wanted).filter(|id| !id.is_empty()))?.clone();
    version.id = new_id(scene, &asked.bucket);
    version.modified = scene.now;
    if asked.header("x-amz-metadata-directive") == Some("REPLACE") {
        version.headers = asked.kept_headers();
    }
    let algorithm = asked.header("x-amz-checksum-algorithm").map(checksums::algorithm).transpose()?;
    let algorithm = algorithm.or_else(|| Some(version.checksum.as_ref()?.algorithm));
    version.checksum = algorithm.and_then(|name| Checksum::of(name, &version.body)).or_else(|| version.checksum.take());
    let (id, at) = (version.id.clone(), version.modified);
    let mut tree = object! { "LastModified" => at, "ETag" => format!("\"{}\"", version.etag) };
    if let Some(checksum) = &version.checksum {
        tree = checksum.show(tree).with("ChecksumType", checksum.kind());
    }
    let bucket = find(scene, asked)?;
    conditions::before_write(asked, bucket.current(&asked.key))?;
    bucket.add(&asked.key, version);
    let mut reply = answer_xml("CopyObjectResult", &tree);
    say_version(&mut reply, &id);
    Ok(reply)
}

/// The version that is asked for, or the current one.
fn pick<'a>(bucket: &'a Bucket, key: &str, id: Option<&str>) -> Result<&'a Version, Refusal> {
    match id {
        None => bucket.current(key).filter(|version| !is_gone(version)).ok_or_else(|| no_such_key(key)),
        Some(id) => {
            let versions = bucket.objects.get(key).into_iter().flatten();
            let found = versions.into_iter().find(|version| version.id == id);
            let version = found
                .ok_or_else(|| Refusal::new("NoSuchVersion", "The specified version does not exist.").status(404))?;
            if is_gone(version) {
                let words = "The specified method is not allowed against this resource.";
                return Err(Refusal::new("MethodNotAllowed", words).status(405));
            }
            Ok(version)
        }
    }
}

/// `GetObject` and `HeadObject`
pub(super) fn get(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let bucket = find(scene, asked)?;
    let version = pick(bucket, &asked.key, asked.query("versionId"))?;
    conditions::before_read(asked, version)?;
    let mut reply = empty(200);
    let mut head = |name: &'static str, value: String| reply.headers.push((name.into(), value));
    head("etag", format!("\"{}\"", version.etag));
    head("last-modified", http_date(version.modified));
    head("accept-ranges", "bytes".to_owned());
    head("x-amz-server-side-encryption", "AES256".to_owned());
    if !version.tags.is_empty() {
        head("x-amz-tagging-count", version.tags.iter().count().to_string());
    }
    if !version.headers.iter().any(|(name, _)| name == "content-type") {
        head("content-type", "binary/octet-stream".to_owned());
    }
    let length = version.body.len();
    let part = asked.header("range").map(|range| range_of(range, length)).transpose()?.flatten();
    let body = part.map_or_else(|| version.body.clone(), |(from, to)| version.body.slice(from..to));
    if let Some((from, to)) = part {
        head("content-range", format!("bytes {from}-{}/{length}", to.saturating_sub(1)));
    }
    head("content-length", body.len().to_string());
    if part.is_none() && asked.header("x-amz-checksum-mode") == Some("ENABLED") {
        reply.headers.extend(version.checksum.iter().flat_map(Checksum::headers));
    }
    reply.headers.extend(version.headers.iter().map(|(name, value)| (name.clone().into(), value.clone())));
    if bucket.versioning != Versioning::Never {
        reply.headers.push(("x-amz-version-id".into(), version.id.clone()));
    }
    reply.status = if part.is_some() { 206 } else { 200 };
    if *asked.method() == http::Method::GET {
        reply.body = body;
    }
    Ok(reply)
}

/// `Sat, 01 Jan 2026 00:00:00 GMT`
fn http_date(at: Moment) -> String {
    let at = jiff::Timestamp::from_millisecond(i64::try_from(at.0).unwrap_or_default()).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The bytes that a `Range` asks for, the end excluded. `None`: all, because it is not of a form that is understood.
fn range_of(range: &str, length: usize) -> Result<Option<(usize, usize)>, Refusal> {
    let Some((from, to)) = range.strip_prefix("bytes=").and_then(|rest| rest.split_once('-')) else { return Ok(None) };
    let (from, to) = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) if to >= from => (from, length.min(to.saturating_add(1))),
        (Ok(from), Err(_)) if to.is_empty() => (from, length),
        (Err(_), Ok(last)) if from.is_empty() => (length.saturating_sub(last), length),
        _ => return Ok(None),
    };
    if from >= to {
        return Err(Refusal::new("InvalidRange", "The requested range is not satisfiable").status(416));
    }
    Ok(Some((from, to)))
}

/// `DeleteObject`
pub(super) fn delete(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let wanted = asked.query("versionId").map(str::to_owned);
    let done = delete_one(scene, asked, &asked.key, wanted.as_deref(), asked.header("if-match"))?;
    let mut reply = empty(204);
    if done.marker {
        reply.headers.push(("x-amz-delete-marker".into(), "true".to_owned()));
    }
    if let Some(id) = &done.version {
        say_version(&mut reply, id);
    }
    Ok(reply)
}

/// What a delete did.
struct Deleted {
    /// Whether a marker was made or removed.
    marker: bool,
    /// The version that was made or removed.
    version: Option<String>,
}

/// Deletes one version for good, or the object: for good where versions are not kept, else by a marker.
fn delete_one(
    scene: &mut Scene<'_>,
    asked: &Asked<'_>,
    key: &str,
    version: Option<&str>,
    condition: Option<&str>,
) -> Result<Deleted, Refusal> {
    let (id, now) = (new_id(scene, &asked.bucket), scene.now);
    let bucket = find(scene, asked)?;
    conditions::before_delete(condition, key, bucket.current(key))?;
    if let Some(version) = version {
        let removed = bucket.remove(key, version);
        return Ok(Deleted {
            marker: removed.is_some_and(|removed| removed.marker),
            version: Some(version.to_owned()),
        });
    }
    if bucket.versioning == Versioning::Never {
        bucket.objects.remove(key);
        return Ok(Deleted { marker: false, version: None });
    }
    let marker = Version {
        id: id.clone(),
        etag: String::new(),
        checksum: None,
        modified: now,
        marker: true,
        headers: Vec::new(),
        tags: Tags::default(),
        body: Bytes::new(),
    };
    bucket.add(key, marker);
    Ok(Deleted { marker: true, version: Some(id) })
}

/// `DeleteObjects`, at most a thousand.
pub(super) fn delete_many(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    checksums::check(asked)?;
    find(scene, asked)?;
    let wish = read_xml(&asked.body)?;
    let list = wish.list("Object");
    if list.is_empty() || list.len() > 1000 {
        let words = "The XML you provided was not well-formed or did not validate against our published schema";
        return Err(Refusal::new("MalformedXML", words));
    }
    let is_quiet = wish.flag("Quiet") == Some(true);
    let (mut done, mut errors) = (Vec::new(), Vec::new());
    for one in list {
        let key = one.need("Key")?;
        match delete_one(scene, asked, key, one.text("VersionId"), one.text("ETag")) {
            Ok(deleted) => done.push(object! {
                "Key" => key.to_owned(),
                "VersionId" => one.text("VersionId").map(str::to_owned),
                "DeleteMarker" => deleted.marker.then_some(true),
                "DeleteMarkerVersionId" => deleted.version.filter(|_| deleted.marker),
            }),
            Err(refusal) => errors.push(object! {
                "Key" => key.to_owned(), "Code" => refusal.code.to_string(), "Message" => refusal.message,
            }),
        }
    }
    if is_quiet {
        done.clear();
    }
    let tree = object! { "Deleted" => Tree::List("", done), "Error" => Tree::List("", errors) };
    Ok(answer_xml("DeleteResult", &tree))
}

/// `GetObjectTagging`
pub(super) fn tags(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let version = pick(find(scene, asked)?, &asked.key, asked.query("versionId"))?;
    Ok(answer_xml("Tagging", &object! { "TagSet" => version.tags.list("Tag") }))
}

/// `PutObjectTagging` and `DeleteObjectTagging`
pub(super) fn put_tags(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let is_put = *asked.method() == http::Method::PUT;
    let tags = if is_put {
        let wish = read_xml(&asked.body)?;
        wish.at("TagSet").map(|set| Tags::read(set, "Tag")).transpose()?.unwrap_or_default()
    } else {
        Tags::default()
    };
    let bucket = find(scene, asked)?;
    let id = pick(bucket, &asked.key, asked.query("versionId"))?.id.clone();
    let versions = bucket.objects.get_mut(&asked.key).into_iter().flatten();
    versions.filter(|version| version.id == id).for_each(|version| version.tags = tags.clone());
    Ok(empty(if is_put { 200 } else { 204 }))
}
