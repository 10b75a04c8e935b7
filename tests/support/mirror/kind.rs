//! A real kind's rules, with a played cloud behind them.

use std::collections::BTreeSet;
use std::time::Duration;

use pando::engine::address::{Address, Incarnation, Key, Owner};
use pando::engine::change::{Changes, FieldChange};
use pando::engine::cloud_error::{CloudResult, Resend, WaitPolicy};
use pando::engine::kind::{Actions, BoxFuture, KindError, Rules, Seen, Written};
use pando::engine::reference::Book;
use pando::engine::resource::{Call, Look, Readiness, Removal, ReplaceOrder};
use pando::engine::state::Request;
use pando::engine::survey::{Sighted, Wanted};
use serde_json::{Value, json};

use super::cloud::MirrorCloud;
use super::rules::{Properties, manner};

pub struct Mirror {
    pub real: &'static dyn Rules,
}

/// The properties with each reference replaced by the life it stands for, and those lives.
fn resolved(properties: &Value, book: &Book) -> (Properties, BTreeSet<Incarnation>) {
    let mut lives = BTreeSet::new();
    let resolved = resolve(properties, book, &mut lives);
    (resolved.as_object().expect("properties are an object").clone(), lives)
}

fn resolve(value: &Value, book: &Book, lives: &mut BTreeSet<Incarnation>) -> Value {
    match value {
        Value::Object(members) => match members.get("$ref").and_then(Value::as_str) {
            Some(to) => {
                let address = Address::try_from(to.to_owned()).expect("references are addresses");
                let life = book.incarnation(&address).expect("every target is in the book");
                lives.insert(life.clone());
                json!(life)
            }
            None => members.iter().map(|(key, value)| (key.clone(), resolve(value, book, lives))).collect(),
        },
        Value::Array(items) => items.iter().map(|item| resolve(item, book, lives)).collect(),
        other => other.clone(),
    }
}

fn stored(seen: &Value) -> &Properties {
    seen["properties"].as_object().expect("the mirror observes properties")
}

impl Rules for Mirror {
    fn kind(&self) -> &'static str {
        self.real.kind()
    }

    fn replace_order(&self) -> ReplaceOrder {
        self.real.replace_order()
    }

    fn resend(&self) -> Resend {
        self.real.resend()
    }

    fn name_returns(&self) -> bool {
        self.real.name_returns()
    }

    fn removal(&self) -> Removal {
        self.real.removal()
    }

    fn goes_at_once(&self) -> bool {
        false
    }

    fn compare(&self, to: &Value, recorded: &Request, seen: &Value, book: &Book) -> Result<Changes, KindError> {
        let (before, (after, _)) = (stored(seen), resolved(to, book));
        let differs = |field: &&String| before[*field] != after[*field];
        let change = |field: &String| {
            let mut lives = BTreeSet::new();
            resolve(&to[field], book, &mut lives);
            // What a life that it does not hold yet will tell is known after apply, as far as a real kind is concerned.
            let is_known = lives.is_subset(&recorded.depends_on);
            FieldChange {
                field: field.clone(),
                manner: manner(self.kind(), field, before, &after),
                before: before[field].clone(),
                after: is_known.then(|| after[field].clone()),
            }
        };
        Ok(Changes(after.keys().filter(differs).map(change).collect()))
    }

    fn outputs(&self, id: &Value, _: &Value) -> Result<Value, KindError> {
        Ok(json!({ "id": id }))
    }

    fn readiness(&self, seen: &Value) -> Result<Readiness, KindError> {
        Ok(match seen["stage"].as_str() {
            Some("ready") => Readiness::Ready,
            Some("leaving") => Readiness::Leaving,
            _ => Readiness::Pending("pending".into()),
        })
    }

    fn protected(&self, seen: &Value) -> Result<Option<&'static str>, KindError> {
        let protected = stored(seen).get("deletion_protection") == Some(&Value::Bool(true));
        Ok(protected.then_some("deletion protection is on"))
    }

    fn holds_data(&self) -> bool {
        self.real.holds_data()
    }

    fn unprotected(&self, properties: &Value) -> Result<Option<Value>, KindError> {
        self.real.unprotected(properties)
    }

    fn remains(&self, properties: &Value, id: &Value) -> Result<Vec<String>, KindError> {
        self.real.remains(properties, id)
    }

    fn natural_id(&self, _: &Value, _: &Book) -> CloudResult<Option<Value>> {
        Ok(None)
    }

    fn rewrite(&self, _: Written, value: &Value) -> Result<Value, KindError> {
        Ok(value.clone())
    }
}

impl Actions<MirrorCloud> for Mirror {
    fn wait(&self) -> WaitPolicy {
        WaitPolicy::every(5, 600)
    }

    fn read_batch(&self) -> usize {
        100
    }

    fn read<'a>(&'a self, cloud: &'a MirrorCloud, ids: &'a [Value], _: Look) -> BoxFuture<'a, CloudResult<Seen>> {
        Box::pin(async move {
            call().await;
            let seen = |id: &Value| Some((id.to_string(), cloud.observe(id.as_str()?)?));
            Ok(ids.iter().filter_map(seen).collect())
        })
    }

    fn find_owned<'a>(&'a self, cloud: &'a MirrorCloud, _: &'a Owner) -> BoxFuture<'a, CloudResult<Vec<(Key, Value)>>> {
        Box::pin(async move {
            call().await;
            let present = cloud.present().into_iter();
            let ours = present.filter(|(_, object)| object.life.address.kind == self.kind());
            Ok(ours.map(|(id, object)| (object.key, json!(id))).collect())
        })
    }

    fn find_doubles<'a>(
        &'a self,
        cloud: &'a MirrorCloud,
        owner: &'a Owner,
        keys: &'a [Key],
    ) -> BoxFuture<'a, CloudResult<Vec<(Key, Value)>>> {
        Box::pin(async move {
            let owned = self.find_owned(cloud, owner).await?.into_iter();
            Ok(owned.filter(|(key, _)| keys.contains(key)).collect())
        })
    }

    /// Nobody recovers anything here.
    fn survey<'a>(&'a self, _: &'a MirrorCloud, _: &'a Wanted) -> BoxFuture<'a, CloudResult<Vec<Sighted>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn create<'a>(&'a self, make: Call<'a, MirrorCloud>, properties: &'a Value) -> BoxFuture<'a, CloudResult<Value>> {
        Box::pin(async move {
            call().await;
            let (properties, holds) = resolved(properties, make.book);
            Ok(json!(make.cloud.create(make.of, make.key, properties, holds)?))
        })
    }

    /// Everything is looked at.
    fn as_made(&self, _: Call<'_, MirrorCloud>, _: &Value, _: &Value) -> CloudResult<Option<Value>> {
        Ok(None)
    }

    fn update<'a>(
        &'a self,
        change: Call<'a, MirrorCloud>,
        properties: &'a Value,
        id: &'a Value,
        _: &'a Value,
    ) -> BoxFuture<'a, CloudResult<()>> {
        Box::pin(async move {
            call().await;
            let (properties, holds) = resolved(properties, change.book);
            change.cloud.update(id.as_str().expect("ids are texts"), properties, holds)
        })
    }

    fn delete<'a>(&'a self, end: Call<'a, MirrorCloud>, _: &'a Value, id: &'a Value) -> BoxFuture<'a, CloudResult<()>> {
        Box::pin(async move {
            call().await;
            end.cloud.delete(id.as_str().expect("ids are texts"))
        })
    }
}

/// How long every call takes.
async fn call() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}
