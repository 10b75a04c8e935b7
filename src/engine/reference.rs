//! Typed references, values that may not be known yet, and the book of outputs.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

use super::address::{Address, Incarnation};
use super::cloud_error::{CloudError, CloudResult};
use super::resource::Resource;
use super::state::{Record, Request};

/// Another resource, by name and type. In JSON `{"$ref": "kind/name"}`.
///
/// Adding a resource to a graph is the only way to get one, apart from reading an old one back, so a reference never dangles.
pub struct Ref<R> {
    name: String,
    of: PhantomData<fn() -> R>,
}

/// A value that is known now, or only after something has been applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// Known.
    Now(T),
    /// The resource that will tell does not exist yet.
    AfterApply,
}

/// Outputs by address: half known while planning, fully known for one step's targets while calling.
#[derive(Clone, Debug, Default)]
pub struct Book(BTreeMap<Address, (Incarnation, Known<Value>)>);

impl<R: Resource> Ref<R> {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.into(), of: PhantomData }
    }

    /// The address it points to.
    pub fn address(&self) -> Address {
        Address::new(R::KIND, &self.name)
    }

    /// The name it points to, within its kind.
    pub fn name(&self) -> &str {
        &self.name
    }
}

// By hand: `derive` would demand the same of `R`, of which no value exists.
impl<R> Clone for Ref<R> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), of: PhantomData }
    }
}
impl<R> fmt::Debug for Ref<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ref({})", self.name)
    }
}
impl<R> PartialEq for Ref<R> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl<R> Eq for Ref<R> {}
impl<R> PartialOrd for Ref<R> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<R> Ord for Ref<R> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(&other.name)
    }
}

#[derive(Serialize, Deserialize)]
struct Form {
    #[serde(rename = "$ref")]
    to: Address,
}

impl<R: Resource> Serialize for Ref<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Form { to: self.address() }.serialize(serializer)
    }
}

impl<'de, R: Resource> Deserialize<'de> for Ref<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Form { to } = Form::deserialize(deserializer)?;
        if to.kind == R::KIND {
            Ok(Self::new(&to.name))
        } else {
            Err(D::Error::custom(format!("{to} is not a {}", R::KIND)))
        }
    }
}

/// Every reference inside serialized properties.
///
/// # Errors
/// A text saying what is wrong: an object that uses the reserved member `$ref` for something else.
pub(super) fn references(value: &Value, found: &mut Vec<Address>) -> Result<(), String> {
    match value {
        Value::Object(members) => match members.get("$ref") {
            Some(Value::String(to)) if members.len() == 1 => {
                found.push(to.clone().try_into().map_err(|e: super::address::AddressError| e.to_string())?);
            }
            Some(_) => return Err("`$ref` is reserved".into()),
            None => members.values().try_for_each(|v| references(v, found))?,
        },
        Value::Array(items) => items.iter().try_for_each(|v| references(v, found))?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Ok(())
}

impl<T> Known<T> {
    /// The known value changed by a function.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Now(value) => Known::Now(change(value)),
            Self::AfterApply => Known::AfterApply,
        }
    }
}

impl<T> Known<T> {
    /// The value of something that must be known by now, because its targets exist. An error, not a panic: then the step fails.
    pub fn now(self) -> CloudResult<T> {
        match self {
            Self::Now(value) => Ok(value),
            Self::AfterApply => Err(CloudError::Refused("the outputs of something it refers to are missing".into())),
        }
    }

    /// Both known, or nothing is.
    pub fn and<U>(self, other: Known<U>) -> Known<(T, U)> {
        match (self, other) {
            (Self::Now(one), Known::Now(two)) => Known::Now((one, two)),
            _ => Known::AfterApply,
        }
    }
}

/// All known, or nothing is.
impl<T, F: FromIterator<T>> FromIterator<Known<T>> for Known<F> {
    fn from_iter<I: IntoIterator<Item = Known<T>>>(items: I) -> Self {
        let known = |item| match item {
            Known::Now(value) => Some(value),
            Known::AfterApply => None,
        };
        let all: Option<F> = items.into_iter().map(known).collect();
        all.map_or(Self::AfterApply, Self::Now)
    }
}

impl Book {
    /// What is recorded of the outputs of exactly those lives that a request names.
    pub(super) fn recorded(request: &Request, records: &BTreeMap<Incarnation, Record>) -> Self {
        let mut book = Self::default();
        for target in &request.depends_on {
            let outputs: Option<&Value> = records.get(target).and_then(Record::outputs);
            book.enter(target.clone(), outputs.cloned().map_or(Known::AfterApply, Known::Now));
        }
        book
    }

    /// Notes which life stands behind an address, and what is known of its outputs.
    pub fn enter(&mut self, of: Incarnation, outputs: Known<Value>) {
        self.0.insert(of.address.clone(), (of, outputs));
    }

    /// The life behind an address.
    pub fn incarnation(&self, of: &Address) -> Option<&Incarnation> {
        self.0.get(of).map(|(incarnation, _)| incarnation)
    }

    /// The outputs of a target. What is missing or unreadable reads as not known; [`Book::now`] says so aloud.
    pub fn known<R: Resource>(&self, of: &Ref<R>) -> Known<R::Outputs> {
        match self.0.get(&of.address()) {
            Some((_, Known::Now(outputs))) => R::Outputs::deserialize(outputs).map_or(Known::AfterApply, Known::Now),
            _ => Known::AfterApply,
        }
    }

    /// The outputs of a target that must be known by now.
    pub fn now<R: Resource>(&self, of: &Ref<R>) -> CloudResult<R::Outputs> {
        match self.known(of) {
            Known::Now(outputs) => Ok(outputs),
            Known::AfterApply => Err(CloudError::Refused(format!("the outputs of {} are missing", of.address()))),
        }
    }
}
