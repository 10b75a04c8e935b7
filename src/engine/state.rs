//! What is known to be true: the fold of the journal.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::address::{Address, Incarnation, Key, Owner};
use super::journal::{Entry, Fact};
use super::transition::transition;

/// How long something may stay invisible once its id is known, in seconds. EC2 and IAM document eventual consistency without a bound;
/// Terraform's provider waits for five minutes. Twice that, because an answer may be stale as well.
pub const NEW: u64 = 600;

/// Where a stack lives. What was made in one place can never be changed through another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The account's 12 digits.
    pub account: String,
    /// The region's name.
    pub region: String,
    /// `aws`, or the address of whatever stands in for it.
    pub endpoint: String,
}

/// What was asked for, with its references resolved to lives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The properties, references unresolved.
    pub properties: Value,
    /// The lives that the references stood for.
    pub depends_on: BTreeSet<Incarnation>,
    /// Must be neither deleted nor replaced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
}

/// How far a resource is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// A plan that is being carried out will create it. Nothing was sent yet.
    Planned,
    /// A create was sent, and nobody knows more.
    Sent {
        /// Seconds since 1970.
        at: u64,
    },
    /// A create was sent, was looked for and not found. It may still turn up.
    Unproved {
        /// When it was sent, in seconds since 1970.
        at: u64,
    },
    /// It exists and is not yet as asked for, or not yet in service.
    Creating {
        /// Its id.
        id: Value,
    },
    /// As asked for, and in service.
    Ready {
        /// Its id.
        id: Value,
        /// What others need of it.
        outputs: Value,
    },
    /// An update was sent. It may or may not have happened, so the targets of both requests count as held.
    Updating {
        /// Its id.
        id: Value,
        /// What others need of it.
        outputs: Value,
        /// What the update asks for.
        next: Request,
        /// When it was sent, in seconds since 1970. `None` once every call of it was answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<u64>,
    },
    /// A delete was sent.
    Deleting {
        /// Its id.
        id: Value,
        /// When it was last sent, in seconds since 1970.
        at: u64,
    },
}

/// What is known of one life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its identity in the cloud.
    pub key: Key,
    /// Its natural id, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// When its id became known, in seconds since 1970. What is new is not visible everywhere yet. Something unproved has it if it was there once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<u64>,
    /// Nobody has looked at it yet, so it may be invisible for as long as it is new.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unseen: bool,
    /// When a create was sent that nobody answered before another one made it, in seconds since 1970. The first may still be carried out, and
    /// make it once more when it is gone again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ghost: Option<u64>,
    /// What was last asked for and answered.
    #[serde(flatten)]
    pub request: Request,
    /// How far it is.
    #[serde(flatten)]
    pub status: Status,
}

/// Everything known about a stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Whose resources these are.
    #[serde(flatten)]
    pub owner: Owner,
    /// Counts the entries ever applied.
    pub serial: u64,
    /// Where the stack lives, once something has been made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Site>,
    /// Answers to questions, by question.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pins: BTreeMap<String, Value>,
    /// The highest generation each address ever had. Never falls, so an address that is removed and added again gets a new key.
    pub generations: BTreeMap<Address, u32>,
    /// Generations up to this one were perhaps given out by a state that is lost, and are not given out again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub spent: u32,
    /// Every life that exists or may exist.
    pub records: BTreeMap<Incarnation, Record>,
}

/// An entry that cannot follow what is known: the journal is damaged, or the engine has a fault.
#[derive(Debug, thiserror::Error)]
#[error("{of}: `{fact}` cannot follow `{status}`")]
pub struct IllegalStep {
    of: Incarnation,
    status: String,
    fact: String,
}

/// The state belongs to another place.
#[derive(Debug, thiserror::Error)]
#[error("this state belongs to {recorded}, and the credentials and settings in use lead to {here}")]
pub struct Elsewhere {
    /// Where its resources are.
    pub recorded: Site,
    /// Where the calls would go.
    pub here: Site,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {}, region {}, {}", self.account, self.region, self.endpoint)
    }
}

impl Status {
    fn name(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sent { .. } => "sent",
            Self::Unproved { .. } => "unproved",
            Self::Creating { .. } => "creating",
            Self::Ready { .. } => "ready",
            Self::Updating { .. } => "updating",
            Self::Deleting { .. } => "deleting",
        }
    }
}

impl Fact {
    fn name(&self) -> &'static str {
        match self {
            Self::Planned { .. } => "planned",
            Self::CreateSent { .. } => "create_sent",
            Self::Created { .. } => "created",
            Self::Made { .. } => "made",
            Self::Refused => "refused",
            Self::NotFound => "not_found",
            Self::Ready { .. } => "ready",
            Self::UpdateSent { .. } => "update_sent",
            Self::UpdateAnswered => "update_answered",
            Self::Recorded { .. } => "recorded",
            Self::DeleteSent { .. } => "delete_sent",
            Self::Gone => "gone",
        }
    }
}

impl Record {
    /// The id, once it is known.
    pub fn id(&self) -> Option<&Value> {
        match &self.status {
            Status::Planned | Status::Sent { .. } | Status::Unproved { .. } => None,
            Status::Creating { id }
            | Status::Ready { id, .. }
            | Status::Updating { id, .. }
            | Status::Deleting { id, .. } => Some(id),
        }
    }

    /// The outputs, once they are known for good.
    pub fn outputs(&self) -> Option<&Value> {
        match &self.status {
            Status::Ready { outputs, .. } | Status::Updating { outputs, .. } => Some(outputs),
            Status::Planned
            | Status::Sent { .. }
            | Status::Unproved { .. }
            | Status::Creating { .. }
            | Status::Deleting { .. } => None,
        }
    }

    /// Whether a create was sent and its fate is not proved.
    pub fn is_open(&self) -> bool {
        matches!(self.status, Status::Sent { .. } | Status::Unproved { .. })
    }

    /// Whether its id became known less than `seconds` ago.
    pub fn is_younger_than(&self, seconds: u64, now: u64) -> bool {
        self.made.is_some_and(|made| now < made + seconds)
    }

    /// Whether a "not there" about it is not to be believed.
    pub fn is_new(&self, now: u64) -> bool {
        self.is_younger_than(NEW, now)
    }

    /// Whether it must stay, by what was last asked for or by an update that may have happened.
    pub fn is_kept(&self) -> bool {
        self.request.keep || matches!(&self.status, Status::Updating { next, .. } if next.keep)
    }

    /// What it may be like: as was last asked for and, while an update may or may not have happened, as that asks. What differs between the two is
    /// like neither, and so counts as changed whatever is wanted. To compare with; its properties are none of the kind.
    pub fn perhaps(&self) -> Cow<'_, Request> {
        let Status::Updating { next, .. } = &self.status else { return Cow::Borrowed(&self.request) };
        Cow::Owned(Request { properties: either(&self.request.properties, &next.properties), ..self.request.or(next) })
    }

    /// Everything it may still be attached to. While an update may or may not have happened, the targets of both requests.
    pub fn held(&self) -> impl Iterator<Item = &Incarnation> {
        let next = match &self.status {
            Status::Updating { next, .. } => Some(&next.depends_on),
            _ => None,
        };
        self.request.depends_on.iter().chain(next.into_iter().flatten())
    }
}

impl Request {
    /// The same, held by whatever holds this one or the other.
    pub(super) fn or(&self, other: &Self) -> Self {
        let depends_on = self.depends_on.union(&other.depends_on).cloned().collect();
        Self { depends_on, keep: self.keep || other.keep, properties: self.properties.clone() }
    }
}

/// What stands for both values: entries that are the same, and where they differ something that is neither.
fn either(one: &Value, other: &Value) -> Value {
    match (one, other) {
        _ if one == other => one.clone(),
        (Value::Object(entries), Value::Object(others)) => {
            let both = |name: &String| {
                let value = |map: &Map<String, Value>| map.get(name).cloned().unwrap_or_default();
                either(&value(entries), &value(others))
            };
            entries.keys().chain(others.keys()).map(|name| (name.clone(), both(name))).collect()
        }
        _ => Value::String(format!("{one} or {other}")),
    }
}

impl State {
    /// A state that knows nothing yet.
    pub fn new(owner: Owner) -> Self {
        Self {
            owner,
            serial: 0,
            site: None,
            pins: BTreeMap::new(),
            generations: BTreeMap::new(),
            spent: 0,
            records: BTreeMap::new(),
        }
    }

    /// For whoever takes over without the rest of the journal: every create that was planned may have been sent up to now.
    pub fn assume_sent(&self, now: u64) -> Vec<Entry> {
        let planned = self.records.iter().filter(|(_, record)| record.status == Status::Planned);
        let sent = planned.map(|(of, record)| {
            let (key, request) = (record.key.clone(), record.request.clone());
            Entry::Happened { of: of.clone(), fact: Fact::CreateSent { key, request, expected: None, at: now } }
        });
        sent.collect()
    }

    /// The state after these entries.
    pub fn fold(mut self, entries: &[Entry]) -> Result<Self, IllegalStep> {
        entries.iter().try_for_each(|entry| self.apply(entry))?;
        Ok(self)
    }

    /// Takes in one entry. A refused entry changes nothing.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), IllegalStep> {
        match entry {
            Entry::Placed(site) => self.site = Some(site.clone()),
            Entry::Pinned { query, answer } => {
                self.pins.insert(query.clone(), answer.clone());
            }
            Entry::GenerationsSpent(spent) => self.spent = self.spent.max(*spent),
            Entry::Happened { of, fact } => self.happened(of, fact)?,
        }
        self.serial += 1;
        Ok(())
    }

    fn happened(&mut self, of: &Incarnation, fact: &Fact) -> Result<(), IllegalStep> {
        let before = self.records.remove(of);
        let status = before.as_ref().map_or("nothing", |record| record.status.name());
        match transition(before, fact.clone()) {
            Ok(Some(after)) if after.status == Status::Planned => {
                // Nothing in the cloud has this key yet: should it never be sent, it may be given out again.
                self.records.insert(of.clone(), after);
                Ok(())
            }
            Ok(Some(after)) => {
                let highest = self.generations.entry(of.address.clone()).or_default();
                *highest = of.generation.max(*highest);
                self.records.insert(of.clone(), after);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(before) => {
                self.records.extend(before.map(|record| (of.clone(), *record)));
                Err(IllegalStep { of: of.clone(), status: status.into(), fact: fact.name().into() })
            }
        }
    }

    /// Refuses to work on a stack that lives elsewhere. One of which nothing is left may live anywhere.
    pub fn check_site(&self, here: &Site) -> Result<(), Box<Elsewhere>> {
        match &self.site {
            Some(recorded) if recorded != here && !self.records.is_empty() => {
                Err(Box::new(Elsewhere { recorded: recorded.clone(), here: here.clone() }))
            }
            _ => Ok(()),
        }
    }

    /// The generation of the next life of an address.
    pub fn next_generation(&self, of: &Address) -> u32 {
        self.generations.get(of).copied().unwrap_or(0).max(self.spent) + 1
    }

    /// The lives of one address, oldest first.
    pub fn lives(&self, of: &Address) -> impl DoubleEndedIterator<Item = (&Incarnation, &Record)> {
        let at = |generation| Incarnation { address: of.clone(), generation };
        self.records.range(at(0)..=at(u32::MAX))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
