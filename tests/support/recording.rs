//! What every registered kind did on the emulators, recorded once for all tests that judge it.
//!
//! Two blueprints that together have every kind are applied and destroyed again, by the same engine that users run. On the way every resource
//! is looked at from all sides. Tests only read what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pando::aws::clients::Aws;
use pando::aws::resources::registry;
use pando::engine::address::{Incarnation, Key, Owner};
use pando::engine::cloud_error::CloudResult;
use pando::engine::kind::{Actions, Seen};
use pando::engine::reference::{Book, Known};
use pando::engine::resource::{Call, Look};
use pando::engine::state::{Record, Request, State};
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use super::emulator::{Emulators, REGION};
use super::stack::{Stack, blueprint};

/// One resource, from its making to its end.
pub struct Life {
    /// Which one.
    pub at: Incarnation,
    /// Its kind.
    pub kind: &'static dyn Actions<Aws>,
    /// Whose it is.
    pub owner: Owner,
    /// Its identity.
    pub key: Key,
    /// Its id.
    pub id: Value,
    /// What was asked for.
    pub request: Request,
    /// Its outputs, as the state has them.
    pub outputs: Value,
    /// The outputs of what it stands on.
    pub book: Book,
    /// What its kind says of it as soon as it is made.
    pub made: CloudResult<Option<Value>>,
    /// How a brief look at everything saw it, as a plan's does.
    pub brief: Value,
    /// How a close look saw it.
    pub close: Value,
    /// An id like its own of something that never was.
    pub unknown: Value,
    /// What a read of the unknown id said.
    pub unknown_alone: CloudResult<Seen>,
    /// What a read of both ids said.
    pub unknown_beside: CloudResult<Seen>,
    /// What a second delete said.
    pub deleted_again: CloudResult<()>,
    /// What a read after that said.
    pub read_after: CloudResult<Seen>,
}

/// What one kind found by tag in one stack.
pub struct Search {
    /// The kind's name.
    pub kind: &'static str,
    /// Whose resources were looked for.
    pub owner: Owner,
    /// What was found for the stack.
    pub ours: CloudResult<Vec<(Key, Value)>>,
    /// What was found for another stack of the same name.
    pub of_a_namesake: CloudResult<Vec<(Key, Value)>>,
}

/// Everything that was recorded.
pub struct Recording {
    /// All resources of both stacks.
    pub lives: Vec<Life>,
    /// All searches.
    pub searches: Vec<Search>,
}

impl Life {
    /// A call about it.
    pub fn call<'a>(&'a self, cloud: &'a Aws, recorded: &'a Request) -> Call<'a, Aws> {
        Call { cloud, key: &self.key, owner: &self.owner, of: &self.at, book: &self.book, recorded }
    }
}

impl Recording {
    /// The recording, made by whoever comes first.
    pub async fn get() -> &'static Self {
        static RECORDING: OnceCell<Recording> = OnceCell::const_new();
        RECORDING.get_or_init(record).await
    }

    /// One resource of each kind.
    pub fn one_of_each(&self) -> Vec<&Life> {
        let by_kind: BTreeMap<&str, &Life> = self.lives.iter().rev().map(|life| (life.kind.kind(), life)).collect();
        by_kind.into_values().collect()
    }

    /// The kinds that were there.
    pub fn kinds(&self) -> BTreeSet<&'static str> {
        self.lives.iter().map(|life| life.kind.kind()).collect()
    }
}

const BLUEPRINTS: [&str; 2] =
    [include_str!("../data/conformance-one.yaml"), include_str!("../data/conformance-two.yaml")];

async fn record() -> Recording {
    let emulators = Emulators::pair().await;
    let certificate = emulators.certificate(REGION, "shop.example.com").await;
    let mut recording = Recording { lives: Vec::new(), searches: Vec::new() };
    let mut stacks = Vec::new();
    for text in BLUEPRINTS {
        let blueprint = blueprint(&text.replace("CERTIFICATE", &certificate), None);
        let stack = Stack::new(emulators.connect(REGION).await, &blueprint);
        stack.applied(&blueprint).await;
        stacks.push(stack);
    }
    // Both stacks are there, so that one could be mistaken for the other.
    for stack in &stacks {
        let state = stack.state();
        let mut briefly = look_at_all(stack, &state).await;
        for (at, record) in &state.records {
            let brief = briefly.remove(at).expect("everything was looked at");
            recording.lives.push(observe(stack, &state, (at, record), brief).await);
        }
        recording.searches.extend(search(stack).await);
    }
    for stack in &stacks {
        stack.destroyed().await;
    }
    for life in &mut recording.lives {
        let cloud = &stacks[0].cloud;
        life.deleted_again =
            life.kind.delete(life.call(cloud, &life.request), &life.request.properties, &life.id).await;
        life.read_after = life.kind.read(cloud, std::slice::from_ref(&life.id), Look::Brief).await;
    }
    recording
}

/// A brief look at everything at once, in which kinds share what they ask for.
async fn look_at_all(stack: &Stack, state: &State) -> BTreeMap<Incarnation, Value> {
    let mut looks = JoinSet::new();
    for (at, record) in &state.records {
        let (cloud, at, record) = (Arc::clone(&stack.cloud), at.clone(), record.clone());
        looks.spawn(async move {
            let seen = look(&cloud, &at, &record, Look::Brief).await;
            (at, seen)
        });
    }
    looks.join_all().await.into_iter().collect()
}

async fn look(cloud: &Aws, at: &Incarnation, record: &Record, look: Look) -> Value {
    let kind = registry().actions(&at.address.kind).expect("a kind that was applied is registered");
    let id = record.id().expect("an id");
    let seen = kind.read(cloud, std::slice::from_ref(id), look).await.expect("it is there");
    seen.get(&id.to_string()).unwrap_or_else(|| panic!("{at} was read under another id: {seen:?}")).clone()
}

async fn observe(stack: &Stack, state: &State, (at, record): (&Incarnation, &Record), brief: Value) -> Life {
    let kind = registry().actions(&at.address.kind).expect("a kind that was applied is registered");
    let (id, outputs) = (record.id().expect("an id").clone(), record.outputs().expect("outputs").clone());
    let (close, unknown) = (look(&stack.cloud, at, record, Look::Close).await, unlike(&id));
    let both = [unknown.clone(), id.clone()];
    let (nothing, book) = (Request::default(), book(state, &record.request));
    let (key, owner) = (&record.key, stack.owner());
    let call = Call { cloud: &*stack.cloud, key, owner, of: at, book: &book, recorded: &nothing };
    let made = kind.as_made(call, &record.request.properties, &id);
    Life {
        at: at.clone(),
        kind,
        owner: stack.owner().clone(),
        key: record.key.clone(),
        request: record.request.clone(),
        outputs,
        book,
        made,
        brief,
        close,
        unknown_alone: kind.read(&stack.cloud, &both[..1], Look::Brief).await,
        unknown_beside: kind.read(&stack.cloud, &both, Look::Brief).await,
        unknown,
        id,
        deleted_again: Ok(()),
        read_after: Ok(Seen::new()),
    }
}

async fn search(stack: &Stack) -> Vec<Search> {
    let namesake = Owner { lineage: "another".into(), ..stack.owner().clone() };
    let mut searches = Vec::new();
    for kind in registry().kinds() {
        searches.push(Search {
            kind: kind.kind(),
            owner: stack.owner().clone(),
            ours: kind.find_owned(&stack.cloud, stack.owner()).await,
            of_a_namesake: kind.find_owned(&stack.cloud, &namesake).await,
        });
    }
    searches
}

/// The outputs that a request may use, as the engine puts them together.
fn book(state: &State, request: &Request) -> Book {
    let mut book = Book::default();
    for target in &request.depends_on {
        let outputs = state.records.get(target).and_then(Record::outputs);
        book.enter(target.clone(), outputs.cloned().map_or(Known::AfterApply, Known::Now));
    }
    book
}

/// An id of the same form that nothing has: the last letter or digit of its last part is another.
fn unlike(id: &Value) -> Value {
    match id {
        Value::String(text) => {
            let mut characters: Vec<char> = text.chars().collect();
            let last = characters.iter().rposition(char::is_ascii_alphanumeric).expect("ids have letters or digits");
            characters[last] = if characters[last] == '0' { '1' } else { '0' };
            Value::String(characters.into_iter().collect())
        }
        Value::Object(parts) => {
            let mut parts = parts.clone();
            // `{group, name}` and `{group, rule}`: the group stays, so that what is looked for could be there.
            let last = parts.iter().next_back().map(|(name, part)| (name.clone(), unlike(part)));
            parts.extend(last);
            Value::Object(parts)
        }
        other => panic!("an id of an unknown form: {other}"),
    }
}
