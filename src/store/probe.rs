//! Whether a store keeps its word about conditions. Not all that speak S3's language do, and one that does not loses state without a word.

use super::objects::{If, Objects, Refusal, Tag};

/// What a store does not do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It ignores a condition.
    #[error("it does not honour {condition} on {method}: what was refused by S3 went through")]
    Ignores {
        /// The header.
        condition: &'static str,
        /// The method.
        method: &'static str,
    },
    /// It refuses where the condition holds.
    #[error("it refuses a {method} although its {condition} holds: {why}")]
    Refuses {
        /// The header.
        condition: &'static str,
        /// The method.
        method: &'static str,
        /// What it said.
        why: Refusal,
    },
    /// What was written is not what is read.
    #[error("it does not read back what was written")]
    Forgets,
    /// It could not be asked.
    #[error("it could not be tried out")]
    Failed(#[source] Refusal),
}

const NONE: &str = "If-None-Match";
const MATCH: &str = "If-Match";

/// Tries everything out that state relies on, on an object of its own, which is gone afterwards.
pub async fn probe<O: Objects>(objects: &O, prefix: &str) -> Result<(), Unfit> {
    let name = format!(".probe-{}", uuid::Uuid::new_v4());
    let key = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
    let tried = try_out(objects, &key).await;
    if tried.is_err() {
        // Whatever is left of it goes, as far as the store lets it.
        if let Ok(Some(object)) = objects.get(&key).await {
            drop(objects.delete(&key, &object.tag).await);
        }
    }
    tried
}

async fn try_out<O: Objects>(objects: &O, key: &str) -> Result<(), Unfit> {
    let wrong = Tag("\"00000000000000000000000000000000\"".into());
    let first = holds(objects.put(key, b"1".to_vec(), &If::Absent).await, NONE, "PUT")?;
    refused(objects.put(key, b"2".to_vec(), &If::Absent).await, NONE, "PUT")?;
    refused(objects.put(key, b"3".to_vec(), &If::Is(wrong.clone())).await, MATCH, "PUT")?;
    let second = holds(objects.put(key, b"4".to_vec(), &If::Is(first.clone())).await, MATCH, "PUT")?;
    refused(objects.put(key, b"5".to_vec(), &If::Is(first)).await, MATCH, "PUT")?;
    let read = objects.get(key).await.map_err(Unfit::Failed)?;
    if read.is_none_or(|object| object.body != b"4" || object.tag != second) {
        return Err(Unfit::Forgets);
    }
    refused(objects.delete(key, &wrong).await, MATCH, "DELETE")?;
    holds(objects.delete(key, &second).await, MATCH, "DELETE")?;
    refused(objects.put(key, b"6".to_vec(), &If::Is(second)).await, MATCH, "PUT")?;
    match objects.get(key).await.map_err(Unfit::Failed)? {
        None => Ok(()),
        Some(_) => Err(Unfit::Forgets),
    }
}

fn holds<T>(answer: Result<T, Refusal>, condition: &'static str, method: &'static str) -> Result<T, Unfit> {
    answer.map_err(|why| match why {
        Refusal::Denied(_) | Refusal::Unclear(_) => Unfit::Failed(why),
        Refusal::Changed | Refusal::Refused(_) => Unfit::Refuses { condition, method, why },
    })
}

fn refused<T>(answer: Result<T, Refusal>, condition: &'static str, method: &'static str) -> Result<(), Unfit> {
    match answer {
        Err(Refusal::Changed) => Ok(()),
        Ok(_) => Err(Unfit::Ignores { condition, method }),
        Err(why) => Err(Unfit::Failed(why)),
    }
}
