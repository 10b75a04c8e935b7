//! Stores that do not keep their word about conditions are told apart from those that do.

use pando::store::objects::{If, Object, Objects, Refusal, Tag};
use pando::store::probe::{Unfit, probe};

use crate::support::bucket::{Bucket, Machine};

/// A store that ignores one condition.
#[derive(Clone)]
struct Careless(Machine, Ignores);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ignores {
    NoneMatch,
    MatchOnPut,
    MatchOnDelete,
}

impl Objects for Careless {
    async fn get(&self, key: &str) -> Result<Option<Object>, Refusal> {
        self.0.get(key).await
    }

    async fn put(&self, key: &str, body: Vec<u8>, only: &If) -> Result<Tag, Refusal> {
        let ignored = match only {
            If::Absent => self.1 == Ignores::NoneMatch,
            If::Is(_) => self.1 == Ignores::MatchOnPut,
        };
        let there = self.0.get(key).await?;
        let only = if ignored { If::unchanged(there.as_ref()) } else { only.clone() };
        self.0.put(key, body, &only).await
    }

    async fn delete(&self, key: &str, only: &Tag) -> Result<(), Refusal> {
        match self.0.get(key).await? {
            Some(object) if self.1 == Ignores::MatchOnDelete => self.0.delete(key, &object.tag).await,
            _ => self.0.delete(key, only).await,
        }
    }

    fn place(&self, key: &str) -> String {
        self.0.place(key)
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_ignores_a_condition_is_refused_and_told_which() {
    let bucket = Bucket::default();
    probe(&bucket.machine(), "team").await.unwrap();
    let cases = [
        (Ignores::NoneMatch, "If-None-Match", "PUT"),
        (Ignores::MatchOnPut, "If-Match", "PUT"),
        (Ignores::MatchOnDelete, "If-Match", "DELETE"),
    ];
    for (ignores, condition, method) in cases {
        let unfit = probe(&Careless(bucket.machine(), ignores), "team").await.unwrap_err();
        assert_eq!(unfit, Unfit::Ignores { condition, method });
        assert!(bucket.backup().is_empty(), "something of the probe is left");
    }
}
