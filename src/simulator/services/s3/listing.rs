//! Lists of what is in a bucket, in the order of keys, in pages, with what is below a delimiter put together.

use std::cmp::Ordering;

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

    /// What a key is listed as: itself, or what it has in common with others up to the delimiter. `None`: not at all.
    fn entry<'k>(&self, key: &'k str) -> Option<(&'k str, bool)> {
        let rest = key.strip_prefix(self.prefix.as_str())?;
        let cut = if self.delimiter.is_empty() { None } else { rest.find(self.delimiter.as_str()) };
        Some(cut.map_or((key, false), |at| (&key[..self.prefix.len() + at + self.delimiter.len()], true)))
    }

    /// The keys of one page and what they have in common below the delimiter; and the last of them, if there are more.
    fn page<'a>(&self, keys: impl Iterator<Item = &'a str>) -> (Vec<&'a str>, Vec<&'a str>, Option<String>) {
        let (mut own, mut common): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        let mut last = "";
        for key in keys {
            let Some((entry, is_common)) = self.entry(key) else { continue };
            if entry <= self.after.as_str() || common.last().is_some_and(|known| *known == entry) {
                continue;
            }
            if own.len() + common.len() == self.size {
                return (own, common, Some(last.to_owned()));
            }
            last = entry;
            if is_common { &mut common } else { &mut own }.push(entry);
        }
        (own, common, None)
    }

    fn common(&self, common: &[&str]) -> Tree {
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
        let Version { etag, checksum, modified, body, .. } = bucket.current(key)?;
        let tree = object! { "Key" => wish.key(key), "LastModified" => *modified, "ETag" => format!("\"{etag}\"") };
        let tree = checksum.iter().fold(tree, |tree, checksum| checksum.mention(tree));
        let owner = (!is_second).then(|| object! { "ID" => &owner });
        Some(tree.with("Size", body.len()).with("StorageClass", "STANDARD").with("Owner", owner))
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

/// Something in a list of versions.
enum Entry<'a> {
    /// What several keys have in common.
    Common(&'a str),
    /// A version of a key, and whether it is the current one.
    Version(&'a str, &'a Version, bool),
}

/// `ListObjectVersions`, the newest version of each key first. A page may end between the versions of a key.
pub(super) fn versions(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let wish = Wish::read(asked, asked.query("key-marker").map(str::to_owned))?;
    let after = asked.query("version-id-marker");
    if after.is_some() && wish.after.is_empty() {
        let words = "A version-id marker cannot be specified without a key marker.";
        return Err(Refusal::new("InvalidArgument", words));
    }
    let owner = scene.place.account.clone();
    let bucket = find(scene, asked)?;
    let mut entries = entries(bucket, &wish, after);
    let is_cut = entries.len() > wish.size;
    entries.truncate(wish.size);
    let (next, next_version) = match entries.last().filter(|_| is_cut) {
        Some(Entry::Common(prefix)) => (Some(wish.key(prefix)), None),
        Some(Entry::Version(key, version, _)) => (Some(wish.key(key)), Some(version.id.clone())),
        None => (None, None),
    };
    let (mut kept, mut markers, mut common) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Common(prefix) => common.push(prefix),
            Entry::Version(key, version, is_latest) if version.marker => {
                markers.push(shown(&wish.key(key), version, is_latest, &owner));
            }
            Entry::Version(key, version, is_latest) => kept.push(shown(&wish.key(key), version, is_latest, &owner)),
        }
    }
    let tree = object! {
        "Name" => &asked.bucket,
        "Prefix" => wish.key(&wish.prefix),
        "Delimiter" => Some(wish.key(&wish.delimiter)).filter(|text| !text.is_empty()),
        "KeyMarker" => wish.key(&wish.after),
        "VersionIdMarker" => after.unwrap_or_default().to_owned(),
        "MaxKeys" => wish.size,
        "EncodingType" => wish.for_urls.then_some("url"),
        "IsTruncated" => is_cut,
        "NextKeyMarker" => next,
        "NextVersionIdMarker" => next_version,
        "Version" => Tree::List("", kept),
        "DeleteMarker" => Tree::List("", markers),
        "CommonPrefixes" => wish.common(&common),
    };
    Ok(answer_xml("ListVersionsResult", &tree))
}

/// What comes after the markers, at least one more than a page holds if there is so much.
fn entries<'a>(bucket: &'a Bucket, wish: &Wish, after: Option<&str>) -> Vec<Entry<'a>> {
    let mut found = Vec::new();
    let mut common = "";
    for (key, versions) in &bucket.objects {
        if found.len() > wish.size {
            break;
        }
        let Some((entry, is_common)) = wish.entry(key) else { continue };
        let marker = wish.after.as_str();
        if is_common {
            if entry > marker && entry != common {
                common = entry;
                found.push(Entry::Common(entry));
            }
            continue;
        }
        let newest_first = || versions.iter().rev();
        let passed = match key.as_str().cmp(marker) {
            Ordering::Less => continue,
            Ordering::Greater => 0,
            // Without a version the marker is the end of its key.
            Ordering::Equal => after.map_or(versions.len(), |id| {
                newest_first().position(|version| version.id == id).map_or(versions.len(), |at| at + 1)
            }),
        };
        let rest = newest_first().enumerate().skip(passed);
        found.extend(rest.map(|(number, version)| Entry::Version(key, version, number == 0)));
    }
    found
}

/// A version, or a delete marker, in a list.
fn shown(key: &str, version: &Version, is_latest: bool, owner: &str) -> Tree {
    let tree = object! {
        "Key" => key.to_owned(),
        "VersionId" => &version.id,
        "IsLatest" => is_latest,
        "LastModified" => version.modified,
        "Owner" => object! { "ID" => owner.to_owned() },
    };
    if version.marker {
        return tree;
    }
    let tree = version.checksum.iter().fold(tree, |tree, checksum| checksum.mention(tree));
    let etag = format!("\"{}\"", version.etag);
    tree.with("ETag", etag).with("Size", version.body.len()).with("StorageClass", "STANDARD")
}
