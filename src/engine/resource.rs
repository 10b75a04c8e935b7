//! What a kind must say (`Resource`, without a cloud) and do (`Manage`).

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};

use super::address::{Incarnation, Key, Owner};
use super::change::{Changes, Diff};
use super::cloud_error::{CloudResult, Resend, WaitPolicy};
use super::reference::{Book, Ref};
use super::state::Request;
use super::survey::{Sighting, Wanted};

/// Which of two lives comes first when a resource is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplaceOrder {
    /// The old one goes before the new one is made: their names or ranges would collide.
    DeleteFirst,
    /// The new one is made and taken into use before the old one goes.
    CreateFirst,
}

/// How a resource ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// By a delete call.
    Deleted,
    /// It cannot be deleted and goes together with what it is part of (the default security group of a VPC).
    WithParent,
}

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A plan's look: as few calls as possible.
    Brief,
    /// Something is under way: worth a further call for each resource, to say how far it is and whether it failed.
    Close,
}

/// How an observed resource is doing, whatever its properties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// In service.
    Ready,
    /// On its way; the text says what it is doing.
    Pending(String),
    /// Something has to be done before it is in service again (a database that somebody stopped).
    Stuck(String),
    /// In service, and the last change was not carried through, or taken back (a rollout that failed). That is a failure for whoever still asks for it.
    Undone(String),
    /// Replacing is the remedy (a gateway that failed to come up).
    Unusable(String),
    /// On its way out.
    Leaving,
}

impl Readiness {
    /// Whether it is not in service yet and an update that is as it should be has to be waited for.
    pub(super) fn is_awaited(&self) -> bool {
        matches!(self, Self::Pending(_) | Self::Stuck(_))
    }
}

/// The rules of a kind. Nothing here can reach a cloud.
///
/// The value itself holds the desired properties.
pub trait Resource: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The kind's name in addresses, in `snake_case`.
    const KIND: &'static str;
    /// The order of a replacement, unless a field demands otherwise (see [`Diff::replace_delete_first`]).
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    /// Whether a create whose answer was lost may be sent again under the same key.
    const RESEND: Resend = Resend::SameKey;
    /// Whether its name is the blueprint's alone, so that the next life has the same one. A delete that arrives late would then remove the
    /// wrong one.
    const NAME_RETURNS: bool = false;
    /// How it ends.
    const REMOVAL: Removal = Removal::Deleted;
    /// Whether it is gone as soon as its delete is answered with success. Else it is looked at until it no longer shows.
    const GOES_AT_ONCE: bool = false;
    /// Whether something is lost for good when it is deleted, which no other resource and no blueprint could bring back. A
    /// replica, or a cache that any restart empties, does not.
    const HOLDS_DATA: bool = false;

    /// What the cloud calls it. A struct where several values together identify it.
    type Id: Serialize + DeserializeOwned + Ord + Clone + Send + Sync;
    /// What the cloud tells about it.
    type Observed: Serialize + DeserializeOwned + Send + Sync;
    /// What others need of it. Constant for a life: what would move them is a replacement.
    type Outputs: Serialize + DeserializeOwned + Send;

    /// The outputs of an existing resource.
    fn outputs(id: &Self::Id, seen: &Self::Observed) -> Self::Outputs;
    /// How it is doing.
    fn readiness(seen: &Self::Observed) -> Readiness;
    /// Names every field in which the cloud differs from these properties. Begins with `let Self { … } = self;` without `..`, so that a
    /// new field does not compile until someone decides what a change of it means.
    fn compare(&self, seen: &Self::Observed, diff: &mut Diff<'_>);
    /// `Some(why)` forbids deletion and replacement at plan time.
    fn protected(_seen: &Self::Observed) -> Option<&'static str> {
        None
    }
    /// The same without the cloud's own protection from deletion. `None`: this kind has no such thing.
    fn unprotected(&self) -> Option<Self> {
        None
    }
    /// What deleting it leaves behind, in words (a last snapshot), so that nobody misses it or is billed by surprise.
    fn remains(&self, _id: &Self::Id) -> Vec<String> {
        Vec::new()
    }
    /// The id of a thing that has no id or tags of its own: parent and name. Needs no cloud.
    fn natural_id(&self, _outputs: &Book) -> CloudResult<Option<Self::Id>> {
        Ok(None)
    }
}

/// The calls of a kind.
pub trait Manage: Resource {
    /// The clients it needs.
    type Cloud: Send + Sync + 'static;
    /// How many ids one read can ask for. 1 where the cloud answers one at a time.
    const READ_BATCH: usize;
    /// How it is waited for.
    const WAIT: WaitPolicy;

    /// Reads up to [`Self::READ_BATCH`] resources. Absent ids are absent from the answer; absence is not an error.
    fn read(
        cloud: &Self::Cloud,
        ids: &[Self::Id],
        look: Look,
    ) -> impl Future<Output = CloudResult<Vec<(Self::Id, Self::Observed)>>> + Send;

    /// Everything of this kind that carries the owner's tag, with its key. Kinds that cannot be tagged keep the default.
    fn find_owned(
        _cloud: &Self::Cloud,
        _owner: &Owner,
    ) -> impl Future<Output = CloudResult<Vec<(Key, Self::Id)>>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Everything of this kind with one of these keys, which nothing shares but doubles ([`super::cloud_error::Resend::NewKey`]). For kinds of
    /// which one call can tell together.
    fn find_doubles(
        cloud: &Self::Cloud,
        owner: &Owner,
        keys: &[Key],
    ) -> impl Future<Output = CloudResult<Vec<(Key, Self::Id)>>> + Send {
        async move {
            let owned = Self::find_owned(cloud, owner).await?.into_iter();
            Ok(owned.filter(|(found, _)| keys.iter().any(|key| found.is(key))).collect())
        }
    }

    /// Everything of this kind that is the owner's, with what others need of it: the search for what a lost state knew. Two hundred things must
    /// not cost two hundred calls, so a kind whose tags have to be asked for one by one goes by the names that end in a wanted key, and asks only
    /// about the others.
    fn survey(cloud: &Self::Cloud, wanted: &Wanted) -> impl Future<Output = CloudResult<Vec<Sighting<Self>>>> + Send {
        async move {
            let owned = Self::find_owned(cloud, wanted.owner()).await?;
            let mut sightings = Vec::new();
            for batch in owned.chunks(Self::READ_BATCH) {
                let ids: Vec<Self::Id> = batch.iter().map(|(_, id)| id.clone()).collect();
                let seen: BTreeMap<_, _> = Self::read(cloud, &ids, Look::Brief).await?.into_iter().collect();
                let there = batch.iter().filter_map(|(key, id)| Some((key, id, seen.get(id)?)));
                sightings.extend(there.map(|(key, id, seen)| Sighting::of(key.clone(), id.clone(), seen)));
            }
            Ok(sightings)
        }
    }

    /// Exactly one mutating call. What it cannot set shows in `compare`, and the engine calls `update` next.
    fn create(&self, call: &Call<'_, Self::Cloud>) -> impl Future<Output = CloudResult<Self::Id>> + Send;

    /// What a look would show right after the create, where that is certain: it is in service at once, what the create does not set stands as
    /// the cloud sets it, and others can be made on it without a look. The look comes when there is nothing else to do. `None`: only a look tells.
    fn as_made(&self, _call: &Call<'_, Self::Cloud>, _id: &Self::Id) -> CloudResult<Option<Self::Observed>> {
        Ok(None)
    }

    /// Makes `seen` like these properties, where it can be done in place. May send several calls; must be safe to repeat.
    fn update(
        &self,
        call: &Call<'_, Self::Cloud>,
        id: &Self::Id,
        seen: &Self::Observed,
    ) -> impl Future<Output = CloudResult<()>> + Send;

    /// Begins the end. `self` is what was last asked for. Must be safe to repeat, also while it is leaving.
    fn delete(&self, call: &Call<'_, Self::Cloud>, id: &Self::Id) -> impl Future<Output = CloudResult<()>> + Send;
}

/// What a kind may touch during one call.
pub struct Call<'a, C> {
    /// The clients.
    pub cloud: &'a C,
    /// The identity to send along.
    pub key: &'a Key,
    /// Whose resource this is.
    pub owner: &'a Owner,
    /// Which life this is about.
    pub of: &'a Incarnation,
    /// The outputs of what it refers to.
    pub book: &'a Book,
    /// What was last asked for, to tell what the blueprint no longer says. Empty for a create.
    pub recorded: &'a Request,
}

// By hand: `derive` would demand the same of `C`.
impl<C> Clone for Call<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<C> Copy for Call<'_, C> {}

impl<C> Call<'_, C> {
    /// Whether another life stands behind a reference than when this was last asked for. For what the cloud does not tell.
    pub fn moved<R: Resource>(&self, to: &Ref<R>) -> bool {
        let address = to.address();
        let mut held = self.recorded.depends_on.iter().filter(|held| held.address == address);
        self.book
            .incarnation(&address)
            .is_some_and(|life| !self.recorded.depends_on.contains(life) || held.any(|held| held != life))
    }

    /// What differs, for an update that sends only what does.
    pub fn changes<R: Resource>(&self, to: &R, seen: &R::Observed) -> Changes {
        let mut diff = Diff::new(self.book, self.recorded);
        to.compare(seen, &mut diff);
        diff.finish()
    }

    /// The outputs of a target. An error, not a panic, if they are missing: that is a fault in the engine, and the step fails.
    pub fn outputs<R: Resource>(&self, of: &Ref<R>) -> CloudResult<R::Outputs> {
        self.book.now(of)
    }
}
