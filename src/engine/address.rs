//! Names: an address is `kind/name`, an incarnation is `kind/name@generation`, a key is what the cloud sees.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A place in the blueprint: what a resource is (`subnet`) and which one (`private-a`). Written `subnet/private-a`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Address {
    /// The kind's name, in `snake_case`.
    pub kind: String,
    /// The name within the kind.
    pub name: String,
}

/// One life of an address. Replacing makes the next one; for a while both may exist.
///
/// State, plan and journal speak of lives and not of addresses, because a replacement that creates first has two of them.
/// Written `subnet/private-a@2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Incarnation {
    /// Where in the blueprint.
    pub address: Address,
    /// Counts the lives, from 1. Never used twice for one address.
    pub generation: u32,
}

/// The identity of one incarnation in the cloud: 26 characters of `a-z2-7`, 130 bits.
///
/// It is derived, not drawn: the same incarnation of the same stack has the same key on every machine and in every run, so a create whose
/// answer was lost can be looked up. It is sent as idempotency token, as part of the name and as tag, whichever the kind has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

/// How many characters of a key are part of names.
const SHORT: usize = 10;
/// How many characters a key has.
const WHOLE: usize = 26;

/// Whose resources these are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// A random identifier drawn once when the state is made. Two stacks of one name differ in it.
    pub lineage: String,
    /// The stack's name as people see it; names in the cloud begin with it.
    pub stack: String,
}

/// Text that is not an address or an incarnation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The slash is missing.
    #[error("`{0}` is not `kind/name`")]
    NotAnAddress(String),
    /// The generation is missing or not a number.
    #[error("`{0}` is not `kind/name@generation`")]
    NotAnIncarnation(String),
}

impl Address {
    /// The address of the resource `name` of the kind `kind`.
    pub fn new(kind: &str, name: &str) -> Self {
        Self { kind: kind.into(), name: name.into() }
    }
}

impl Incarnation {
    /// The first life of an address.
    pub fn first(of: &Address) -> Self {
        Self { address: of.clone(), generation: 1 }
    }
}

impl Key {
    /// The key of one incarnation in the stack of this lineage.
    pub fn derive(lineage: &str, of: &Incarnation) -> Self {
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let digest = Sha256::digest(format!("{lineage}|{of}"));
        let bit = |n: usize| usize::from(digest[n / 8] >> (7 - n % 8) & 1);
        let letter = |n: usize| (0..5).fold(0, |value, i| value << 1 | bit(n * 5 + i));
        Self((0..WHOLE).map(|n| char::from(ALPHABET[letter(n)])).collect())
    }

    /// A key read back from the cloud.
    pub fn from_cloud(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether both are of one incarnation. Of a key that could only be read off a name there is just the short form.
    pub fn is(&self, other: &Self) -> bool {
        self.short() == other.short() && (self.0.len() != other.0.len() || self == other)
    }

    /// Whether it was read off a name, which says nothing about whose it is.
    pub fn is_short(&self) -> bool {
        self.0.len() <= SHORT
    }

    /// Whether it looks like a key, whole or short.
    pub fn is_shaped(&self) -> bool {
        let is_letter = |letter: u8| matches!(letter, b'a'..=b'z' | b'2'..=b'7');
        [SHORT, WHOLE].contains(&self.0.len()) && self.0.bytes().all(is_letter)
    }

    /// All 26 characters, for tokens and tags.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first ten characters, for names, where space is scarce: 50 bits.
    pub fn short(&self) -> &str {
        self.0.get(..SHORT).unwrap_or(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.address, self.generation)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        match text.split_once('/') {
            Some((kind, name)) if !kind.is_empty() && !name.is_empty() => Ok(Self::new(kind, name)),
            _ => Err(AddressError::NotAnAddress(text)),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        text.to_owned().try_into()
    }
}

impl From<Incarnation> for String {
    fn from(incarnation: Incarnation) -> Self {
        incarnation.to_string()
    }
}

impl TryFrom<String> for Incarnation {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        let parts = text
            .rsplit_once('@')
            .and_then(|(address, generation)| Some((address.to_owned(), generation.parse().ok()?)));
        let Some((address, generation)) = parts else {
            return Err(AddressError::NotAnIncarnation(text));
        };
        Ok(Self { address: address.try_into()?, generation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(name: &str, generation: u32) -> Incarnation {
        Incarnation { address: Address::new("subnet", name), generation }
    }

    #[test]
    fn an_incarnation_reads_what_it_writes() {
        let text = String::from(life("private-a", 2));
        assert_eq!(text, "subnet/private-a@2");
        assert_eq!(Incarnation::try_from(text), Ok(life("private-a", 2)));
        for bad in ["subnet", "subnet/a", "subnet/a@", "subnet/a@x", "/a@1", "a/@1"] {
            assert!(Incarnation::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_stable_and_differs_by_lineage_address_and_generation() {
        let key = Key::derive("one", &life("a", 1));
        // RFC 4648 base32 of SHA-256("one|subnet/a@1"), in lower case, cut at 26 characters.
        assert_eq!(key.as_str(), "pdywj2nouhkpqninsw336pfona");
        assert_eq!(key.short(), "pdywj2nouh");
        assert!(key.is(&Key::from_cloud("pdywj2nouh")) && !key.is(&Key::from_cloud("pdywj2nouX")));
        assert!(Key::from_cloud("pdywj2nouh").is_short() && !key.is_short());
        assert_eq!(key, Key::derive("one", &life("a", 1)));
        assert_ne!(key, Key::derive("two", &life("a", 1)));
        assert_ne!(key, Key::derive("one", &life("b", 1)));
        assert_ne!(key, Key::derive("one", &life("a", 2)));
    }
}
