//! Erased kinds, and the list of them. Everything crosses as JSON; there is no downcast.
//!
//! A kind holds no cloud: it is a constant without size, so the planner and `validate` need no credentials.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::pin::Pin;

use futures_util::future::try_join_all;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::address::{Key, Owner};
use super::change::{Changes, Diff};
use super::cloud_error::{CloudError, CloudResult, Resend, WaitPolicy};
use super::reference::Book;
use super::resource::{Call, Look, Manage, Readiness, Removal, ReplaceOrder, Resource};
use super::state::Request;
use super::survey::{Sighted, Sighting, Wanted};

/// A boxed future that may be sent to another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Observations of one kind, by the id's JSON text.
pub type Seen = BTreeMap<String, Value>;

/// JSON that is not what the kind wrote: an old or edited state, or a fault in the engine.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}: unreadable {what}: {why}")]
pub struct KindError {
    kind: &'static str,
    what: &'static str,
    why: String,
}

type KindResult<T> = Result<T, KindError>;

/// The rules of a kind, as [`Resource`] says them. No method here can reach a cloud.
pub trait Rules: Send + Sync {
    /// See [`Resource::KIND`].
    fn kind(&self) -> &'static str;
    /// See [`Resource::REPLACE`].
    fn replace_order(&self) -> ReplaceOrder;
    /// See [`Resource::RESEND`].
    fn resend(&self) -> Resend;
    /// See [`Resource::NAME_RETURNS`].
    fn name_returns(&self) -> bool;
    /// See [`Resource::REMOVAL`].
    fn removal(&self) -> Removal;
    /// See [`Resource::GOES_AT_ONCE`].
    fn goes_at_once(&self) -> bool;
    /// See [`Resource::HOLDS_DATA`].
    fn holds_data(&self) -> bool;
    /// See [`Resource::compare`].
    fn compare(&self, to: &Value, recorded: &Request, seen: &Value, book: &Book) -> KindResult<Changes>;
    /// See [`Resource::outputs`].
    fn outputs(&self, id: &Value, seen: &Value) -> KindResult<Value>;
    /// See [`Resource::readiness`].
    fn readiness(&self, seen: &Value) -> KindResult<Readiness>;
    /// See [`Resource::protected`].
    fn protected(&self, seen: &Value) -> KindResult<Option<&'static str>>;
    /// See [`Resource::unprotected`].
    fn unprotected(&self, properties: &Value) -> KindResult<Option<Value>>;
    /// See [`Resource::remains`].
    fn remains(&self, properties: &Value, id: &Value) -> KindResult<Vec<String>>;
    /// See [`Resource::natural_id`].
    fn natural_id(&self, properties: &Value, book: &Book) -> CloudResult<Option<Value>>;
    /// Reads what was written, and writes it again. What comes out otherwise would be lost between two runs.
    fn rewrite(&self, what: Written, value: &Value) -> KindResult<Value>;
}

/// What of a kind is written as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The value itself.
    Properties,
    /// [`Resource::Id`].
    Id,
    /// [`Resource::Observed`].
    Observation,
    /// [`Resource::Outputs`].
    Outputs,
}

/// The calls of a kind, as [`Manage`] says them.
pub trait Actions<C>: Rules {
    /// See [`Manage::WAIT`].
    fn wait(&self) -> WaitPolicy;
    /// See [`Manage::READ_BATCH`].
    fn read_batch(&self) -> usize;
    /// See [`Manage::read`]. Any number of ids.
    fn read<'a>(&'a self, cloud: &'a C, ids: &'a [Value], look: Look) -> BoxFuture<'a, CloudResult<Seen>>;
    /// See [`Manage::find_owned`].
    fn find_owned<'a>(&'a self, cloud: &'a C, owner: &'a Owner) -> BoxFuture<'a, CloudResult<Vec<(Key, Value)>>>;
    /// See [`Manage::find_doubles`].
    fn find_doubles<'a>(
        &'a self,
        cloud: &'a C,
        owner: &'a Owner,
        keys: &'a [Key],
    ) -> BoxFuture<'a, CloudResult<Vec<(Key, Value)>>>;
    /// See [`Manage::survey`].
    fn survey<'a>(&'a self, cloud: &'a C, wanted: &'a Wanted) -> BoxFuture<'a, CloudResult<Vec<Sighted>>>;
    /// See [`Manage::create`].
    fn create<'a>(&'a self, call: Call<'a, C>, properties: &'a Value) -> BoxFuture<'a, CloudResult<Value>>;
    /// See [`Manage::as_made`].
    fn as_made(&self, call: Call<'_, C>, properties: &Value, id: &Value) -> CloudResult<Option<Value>>;
    /// See [`Manage::update`].
    fn update<'a>(
        &'a self,
        call: Call<'a, C>,
        properties: &'a Value,
        id: &'a Value,
        seen: &'a Value,
    ) -> BoxFuture<'a, CloudResult<()>>;
    /// See [`Manage::delete`].
    fn delete<'a>(&'a self, call: Call<'a, C>, properties: &'a Value, id: &'a Value) -> BoxFuture<'a, CloudResult<()>>;
}

/// What the planner gets: the kinds, seen through [`Rules`] only.
pub type RuleBook = BTreeMap<&'static str, &'static dyn Rules>;

/// The list of kinds of one cloud.
pub struct Registry<C: 'static>(BTreeMap<&'static str, &'static dyn Actions<C>>);

struct Kind<R>(PhantomData<fn() -> R>);

impl<C> Clone for Registry<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C: Send + Sync + 'static> Default for Registry<C> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<C: Send + Sync + 'static> Registry<C> {
    /// Adds a kind. Panics if its name is taken, which is a fault in the list.
    #[must_use]
    pub fn with<R: Manage<Cloud = C>>(self) -> Self {
        let kind: &'static Kind<R> = const { &Kind(PhantomData) };
        self.with_actions(kind)
    }

    /// Adds a kind that is none of [`Manage`]'s: a stand-in for one, for tests. Panics if its name is taken.
    #[must_use]
    pub fn with_actions(mut self, kind: &'static dyn Actions<C>) -> Self {
        assert!(self.0.insert(kind.kind(), kind).is_none(), "the kind {} is registered twice", kind.kind());
        self
    }

    /// One kind, by name.
    pub fn actions(&self, kind: &str) -> Option<&'static dyn Actions<C>> {
        self.0.get(kind).copied()
    }

    /// All kinds, by name.
    pub fn kinds(&self) -> impl Iterator<Item = &'static dyn Actions<C>> {
        self.0.values().copied()
    }

    /// The same kinds without their calls.
    pub fn rules(&self) -> RuleBook {
        self.0.iter().map(|(name, kind)| (*name, *kind as &'static dyn Rules)).collect()
    }
}

fn parse<R: Resource, T: DeserializeOwned>(what: &'static str, value: &Value) -> KindResult<T> {
    T::deserialize(value).map_err(|e| KindError { kind: R::KIND, what, why: e.to_string() })
}

fn write<R: Resource, T: Serialize>(what: &'static str, value: &T) -> KindResult<Value> {
    serde_json::to_value(value).map_err(|e| KindError { kind: R::KIND, what, why: e.to_string() })
}

impl From<KindError> for CloudError {
    fn from(error: KindError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl<R: Resource> Rules for Kind<R> {
    fn kind(&self) -> &'static str {
        R::KIND
    }

    fn replace_order(&self) -> ReplaceOrder {
        R::REPLACE
    }

    fn resend(&self) -> Resend {
        R::RESEND
    }

    fn name_returns(&self) -> bool {
        R::NAME_RETURNS
    }

    fn removal(&self) -> Removal {
        R::REMOVAL
    }

    fn goes_at_once(&self) -> bool {
        R::GOES_AT_ONCE
    }

    fn holds_data(&self) -> bool {
        R::HOLDS_DATA
    }

    fn compare(&self, to: &Value, recorded: &Request, seen: &Value, book: &Book) -> KindResult<Changes> {
        let mut diff = Diff::new(book, recorded);
        parse::<R, R>("properties", to)?.compare(&parse::<R, _>("observation", seen)?, &mut diff);
        Ok(diff.finish())
    }

    fn outputs(&self, id: &Value, seen: &Value) -> KindResult<Value> {
        let outputs = R::outputs(&parse::<R, _>("id", id)?, &parse::<R, _>("observation", seen)?);
        write::<R, _>("outputs", &outputs)
    }

    fn readiness(&self, seen: &Value) -> KindResult<Readiness> {
        Ok(R::readiness(&parse::<R, _>("observation", seen)?))
    }

    fn protected(&self, seen: &Value) -> KindResult<Option<&'static str>> {
        Ok(R::protected(&parse::<R, _>("observation", seen)?))
    }

    fn unprotected(&self, properties: &Value) -> KindResult<Option<Value>> {
        let unprotected = parse::<R, R>("properties", properties)?.unprotected();
        unprotected.map(|properties| write::<R, R>("properties", &properties)).transpose()
    }

    fn remains(&self, properties: &Value, id: &Value) -> KindResult<Vec<String>> {
        Ok(parse::<R, R>("properties", properties)?.remains(&parse::<R, _>("id", id)?))
    }

    fn natural_id(&self, properties: &Value, book: &Book) -> CloudResult<Option<Value>> {
        let id = parse::<R, R>("properties", properties)?.natural_id(book)?;
        Ok(id.as_ref().map(|id| write::<R, _>("id", id)).transpose()?)
    }

    fn rewrite(&self, what: Written, value: &Value) -> KindResult<Value> {
        match what {
            Written::Properties => write::<R, R>("properties", &parse::<R, R>("properties", value)?),
            Written::Id => write::<R, _>("id", &parse::<R, R::Id>("id", value)?),
            Written::Observation => write::<R, _>("observation", &parse::<R, R::Observed>("observation", value)?),
            Written::Outputs => write::<R, _>("outputs", &parse::<R, R::Outputs>("outputs", value)?),
        }
    }
}

impl<R: Manage> Actions<R::Cloud> for Kind<R> {
    fn wait(&self) -> WaitPolicy {
        R::WAIT
    }

    fn read_batch(&self) -> usize {
        R::READ_BATCH
    }

    fn read<'a>(&'a self, cloud: &'a R::Cloud, ids: &'a [Value], look: Look) -> BoxFuture<'a, CloudResult<Seen>> {
        Box::pin(async move {
            let ids = ids.iter().map(|id| parse::<R, R::Id>("id", id)).collect::<KindResult<Vec<_>>>()?;
            let reads = ids.chunks(R::READ_BATCH).map(|batch| R::read(cloud, batch, look));
            let found = try_join_all(reads).await?.into_iter().flatten();
            let seen = found.map(|(id, observed)| {
                Ok((write::<R, _>("id", &id)?.to_string(), write::<R, _>("observation", &observed)?))
            });
            seen.collect()
        })
    }

    fn find_owned<'a>(
        &'a self,
        cloud: &'a R::Cloud,
        owner: &'a Owner,
    ) -> BoxFuture<'a, CloudResult<Vec<(Key, Value)>>> {
        Box::pin(async move { keyed::<R>(R::find_owned(cloud, owner).await?) })
    }

    fn find_doubles<'a>(
        &'a self,
        cloud: &'a R::Cloud,
        owner: &'a Owner,
        keys: &'a [Key],
    ) -> BoxFuture<'a, CloudResult<Vec<(Key, Value)>>> {
        Box::pin(async move { keyed::<R>(R::find_doubles(cloud, owner, keys).await?) })
    }

    fn survey<'a>(&'a self, cloud: &'a R::Cloud, wanted: &'a Wanted) -> BoxFuture<'a, CloudResult<Vec<Sighted>>> {
        Box::pin(async move {
            let found = R::survey(cloud, wanted).await?.into_iter();
            let erased = found.map(|Sighting { key, id, outputs, readiness }| {
                let (id, outputs) = (write::<R, _>("id", &id)?, write::<R, _>("outputs", &outputs)?);
                Ok(Sighted { key, id, outputs, readiness })
            });
            erased.collect()
        })
    }

    fn create<'a>(&'a self, call: Call<'a, R::Cloud>, properties: &'a Value) -> BoxFuture<'a, CloudResult<Value>> {
        Box::pin(async move {
            let properties: R = parse::<R, _>("properties", properties)?;
            Ok(write::<R, _>("id", &properties.create(&call).await?)?)
        })
    }

    fn as_made(&self, call: Call<'_, R::Cloud>, properties: &Value, id: &Value) -> CloudResult<Option<Value>> {
        let made = parse::<R, R>("properties", properties)?.as_made(&call, &parse::<R, _>("id", id)?)?;
        Ok(made.as_ref().map(|seen| write::<R, _>("observation", seen)).transpose()?)
    }

    fn update<'a>(
        &'a self,
        call: Call<'a, R::Cloud>,
        properties: &'a Value,
        id: &'a Value,
        seen: &'a Value,
    ) -> BoxFuture<'a, CloudResult<()>> {
        Box::pin(async move {
            let properties: R = parse::<R, _>("properties", properties)?;
            let (id, seen) = (parse::<R, _>("id", id)?, parse::<R, _>("observation", seen)?);
            properties.update(&call, &id, &seen).await
        })
    }

    fn delete<'a>(
        &'a self,
        call: Call<'a, R::Cloud>,
        properties: &'a Value,
        id: &'a Value,
    ) -> BoxFuture<'a, CloudResult<()>> {
        Box::pin(async move {
            let properties: R = parse::<R, _>("properties", properties)?;
            properties.delete(&call, &parse::<R, _>("id", id)?).await
        })
    }
}

/// Keys with ids, as JSON.
fn keyed<R: Resource>(found: Vec<(Key, R::Id)>) -> CloudResult<Vec<(Key, Value)>> {
    found.into_iter().map(|(key, id)| Ok((key, write::<R, _>("id", &id)?))).collect()
}
