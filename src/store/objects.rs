//! Objects in a bucket, as far as state needs them: read whole, and written or deleted under a condition.
//!
//! An answer can be lost when the request was not. So whatever is written has an id of its own in it, and a write whose answer says nothing, or
//! says that somebody else was faster, is settled by a look: if what is there is byte for byte what was to be written, it was this write. That is
//! also why a write may be sent again.

use std::time::Duration;

/// A bucket, or what stands in for one. Clones are the same one.
pub trait Objects: Clone + Send + Sync + 'static {
    /// The object of this key, if there is one. Never an old version.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Object>, Refusal>> + Send;

    /// Replaces or makes the object in one step, if the condition holds at that moment.
    fn put(&self, key: &str, body: Vec<u8>, only: &If) -> impl Future<Output = Result<Tag, Refusal>> + Send;

    /// Deletes the object, if it is still this version.
    fn delete(&self, key: &str, only: &Tag) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Where the object of this key is, for people: `s3://bucket/key`.
    fn place(&self, key: &str) -> String;
}

/// Names one version of an object. Nothing else can be told from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(pub String);

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Which version.
    pub tag: Tag,
    /// Its content.
    pub body: Vec<u8>,
}

/// The condition of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum If {
    /// Nothing is there.
    Absent,
    /// This version is there.
    Is(Tag),
}

/// Why a call did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The condition does not hold.
    #[error("it was changed meanwhile")]
    Changed,
    /// Nobody knows whether it was carried out, or it was not and may be asked again: no answer, too many calls, another write at the same time.
    #[error("no clear answer: {0}")]
    Unclear(String),
    /// Who asks is not known or not allowed.
    #[error("not allowed: {0}")]
    Denied(String),
    /// Asking again will not help.
    #[error("refused: {0}")]
    Refused(String),
}

/// How a write ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is there.
    Ours(Tag),
    /// It is not and will never be: somebody else has written or deleted the object.
    Theirs(Option<Object>),
}

/// How often a call is sent at most, and how long is waited after each.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

impl If {
    /// The condition that nothing changes after this look.
    pub fn unchanged(seen: Option<&Object>) -> Self {
        seen.map_or(Self::Absent, |object| Self::Is(object.tag.clone()))
    }

    fn holds(&self, seen: Option<&Object>) -> bool {
        *self == Self::unchanged(seen)
    }
}

/// Reads an object.
pub(super) async fn read<O: Objects>(objects: &O, key: &str) -> Result<Option<Object>, Refusal> {
    let mut last = String::new();
    for pause in PAUSES {
        match objects.get(key).await {
            Err(Refusal::Unclear(why)) => last = why,
            result => return result,
        }
        tokio::time::sleep(pause).await;
    }
    Err(Refusal::Unclear(last))
}

/// Writes an object, and settles what the answer leaves open. `body` must never have been written before.
pub(super) async fn write<O: Objects>(objects: &O, key: &str, body: &[u8], only: &If) -> Result<Written, Refusal> {
    let mut last = String::new();
    for pause in PAUSES {
        match objects.put(key, body.to_vec(), only).await {
            Ok(tag) => return Ok(Written::Ours(tag)),
            Err(Refusal::Changed) => {}
            Err(Refusal::Unclear(why)) => last = why,
            Err(refusal) => return Err(refusal),
        }
        match objects.get(key).await {
            Ok(Some(object)) if object.body == body => return Ok(Written::Ours(object.tag)),
            Ok(seen) if !only.holds(seen.as_ref()) => return Ok(Written::Theirs(seen)),
            // As before: the request never arrived. If it still does, this condition keeps it from doing harm.
            Ok(_) => {}
            Err(Refusal::Unclear(why)) => last = why,
            Err(refusal) => return Err(refusal),
        }
        tokio::time::sleep(pause).await;
    }
    Err(Refusal::Unclear(last))
}

/// Deletes an object, whatever version of it is there, as long as it is one of ours. Afterwards it is gone or somebody else's.
pub(super) async fn remove<O: Objects>(
    objects: &O,
    key: &str,
    tag: Tag,
    is_ours: impl Fn(&Object) -> bool,
) -> Result<(), Refusal> {
    let (mut tag, mut last) = (tag, String::new());
    for pause in PAUSES {
        match objects.delete(key, &tag).await {
            Ok(()) => return Ok(()),
            Err(Refusal::Changed) => {}
            Err(Refusal::Unclear(why)) => last = why,
            Err(refusal) => return Err(refusal),
        }
        match objects.get(key).await {
            Ok(Some(object)) if is_ours(&object) => tag = object.tag,
            Ok(_) => return Ok(()),
            Err(Refusal::Unclear(why)) => last = why,
            Err(refusal) => return Err(refusal),
        }
        tokio::time::sleep(pause).await;
    }
    Err(Refusal::Unclear(last))
}
