//! Lists of what is in a bucket, in the order of keys, in pages, with what is below a delimiter put together.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::super::output::{Tree, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::Reply;
use super::bucket::{Bucket, Version, find};
use super::object::is_gone;
use super::{Asked, answer_xml};

/// What stays as it is in keys that are written for URLs.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/').remove(b'*');

/// What is wanted of a list.
struct Wish {
    prefix: String,
    delimiter: String,
    after: String,
    size: usize,
    for_urls: bool,
}

impl Wish {
    fn read(asked: &Asked<'_>, after: Option<String>) -> Result<Self, Refusal> {
        let size = asked.query("max-keys").map(str::parse::<usize>).transpose();
        let size = size
            .map_err(|_| Refusal::new("InvalidArgument", "Provided max-keys not an integer or within integer range"))?;
        Ok(Self {
            prefix: asked.query("prefix").unwrap_or_default().to_owned(),
            delimiter: asked.query("delimiter").unwrap_or_default().to_owned(),
            after: after.unwrap_or_default(),
            size: size.unwrap_or(1000).min(1000),
            for_urls: asked.query("encoding-type") == Some("url"),
        })
    }

    fn key(&self, key: &str) -> String {
        if self.for_urls { utf8_percent_encode(key, PLAIN).to_string() } else { key.to_owned() }
    }

    /// The keys of one page and what they have in common below the delimiter; and the last of them, if there are more.
    fn page<'a>(&self, keys: impl Iterator<Item = &'a str>) -> (Vec<&'a str>, Vec<String>, Option<String>) {
        let (mut own, mut common): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
        let mut last = String::new();
        for key in keys {
            let Some(rest) = key.strip_prefix(self.prefix.as_str()) else { continue };
            let cut = if self.delimiter.is_empty() { None } else { rest.find(self.delimiter.as_str()) };
            let group = cut.map(|at| key[..self.prefix.len() + at + self.delimiter.len()].to_owned());
            let entry = group.as_deref().unwrap_or(key);
            if entry <= self.after.as_str() || common.last().is_some_and(|known| known == entry) {
                continue;
            }
            if own.len() + common.len() == self.size {
                return (own, common, Some(last));
            }
            entry.clone_into(&mut last);
            match group {
                Some(group) => common.push(group),
                None => own.push(key),
            }
        }
        (own, common, None)
    }

    fn common(&self, common: &[String]) -> Tree {
        let all = common.iter().map(|prefix| object! { "Prefix" => self.key(prefix) });
        Tree::List("", all.collect())
    }
}

fn unknown_token() -> Refusal {
    Refusal::new("InvalidArgument", "The continuation token provided is incorrect")
}

/// `ListObjects` and `ListObjectsV2`
pub(super) fn objects(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let is_second = asked.has("list-type");
    let after = match (is_second, asked.query("continuation-token")) {
        (true, Some(token)) => {
            let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| unknown_token())?;
            Some(String::from_utf8(bytes).map_err(|_| unknown_token())?)
        }
        (true, None) => asked.query("start-after").map(str::to_owned),
        (false, _) => asked.query("marker").map(str::to_owned),
    };
    let wish = Wish::read(asked, after)?;
    let owner = scene.place.account.clone();
    let bucket = find(scene, asked)?;
    let living = bucket.objects.keys().filter(|key| bucket.current(key).is_some_and(|version| !is_gone(version)));
    let (keys, common, more) = wish.page(living.map(String::as_str));
    let contents = keys.iter().filter_map(|key| {
        let Version { etag, modified, body, .. } = bucket.current(key)?;
        Some(object! {
            "Key" => wish.key(key),
            "LastModified" => *modified,
            "ETag" => format!("\"{etag}\""),
            "Size" => body.len(),
            "StorageClass" => "STANDARD",
            "Owner" => (!is_second).then(|| object! { "ID" => &owner }),
        })
    });
    let contents: Vec<Tree> = contents.collect();
    let mut tree = object! {
        "Name" => &asked.bucket,
        "Prefix" => wish.key(&wish.prefix),
        "Delimiter" => Some(wish.key(&wish.delimiter)).filter(|text| !text.is_empty()),
        "MaxKeys" => wish.size,
        "EncodingType" => wish.for_urls.then_some("url"),
        "IsTruncated" => more.is_some(),
    };
    if is_second {
        tree = tree
            .with("KeyCount", keys.len() + common.len())
            .with("ContinuationToken", asked.query("continuation-token").map(str::to_owned))
            .with("NextContinuationToken", more.map(|last| URL_SAFE_NO_PAD.encode(last)))
            .with("StartAfter", asked.query("start-after").map(str::to_owned));
    } else {
        let marker = wish.key(asked.query("marker").unwrap_or_default());
        tree = tree.with("Marker", marker).with("NextMarker", more.map(|last| wish.key(&last)));
    }
    let tree = tree.with("Contents", Tree::List("", contents)).with("CommonPrefixes", wish.common(&common));
    Ok(answer_xml("ListBucketResult", &tree))
}

/// `ListObjectVersions`, the newest version of each key first. Pages end between keys.
pub(super) fn versions(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let wish = Wish::read(asked, asked.query("key-marker").map(str::to_owned))?;
    let owner = scene.place.account.clone();
    let bucket = find(scene, asked)?;
    let (keys, common, more) = wish.page(bucket.objects.keys().map(String::as_str));
    let (kept, markers) = of_keys(bucket, &keys, &wish, &owner);
    let tree = object! {
        "Name" => &asked.bucket,
        "Prefix" => wish.key(&wish.prefix),
        "KeyMarker" => wish.key(&wish.after),
        "MaxKeys" => wish.size,
        "EncodingType" => wish.for_urls.then_some("url"),
        "IsTruncated" => more.is_some(),
        "NextKeyMarker" => more.map(|last| wish.key(&last)),
        "Version" => Tree::List("", kept),
        "DeleteMarker" => Tree::List("", markers),
        "CommonPrefixes" => wish.common(&common),
    };
    Ok(answer_xml("ListVersionsResult", &tree))
}

fn of_keys(bucket: &Bucket, keys: &[&str], wish: &Wish, owner: &str) -> (Vec<Tree>, Vec<Tree>) {
    let (mut kept, mut markers) = (Vec::new(), Vec::new());
    for key in keys {
        let versions = bucket.objects.get(*key).into_iter().flatten().rev().enumerate();
        for (number, version) in versions {
            let common = object! {
                "Key" => wish.key(key),
                "VersionId" => &version.id,
                "IsLatest" => number == 0,
                "LastModified" => version.modified,
                "Owner" => object! { "ID" => owner.to_owned() },
            };
            if version.marker {
                markers.push(common);
            } else {
                let etag = format!("\"{}\"", version.etag);
                kept.push(common.with("ETag", etag).with("Size", version.body.len()).with("StorageClass", "STANDARD"));
            }
        }
    }
    (kept, markers)
}
