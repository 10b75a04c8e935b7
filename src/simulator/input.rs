//! What was asked: the parameters of a call, whatever protocol they came in, by the names that the wire has.
//!
//! Each parameter remembers whether anybody looked at it. Those that nobody did are in the call log, so that nothing is ignored in silence.

use std::cell::Cell;

use super::clock::Moment;
use super::refusal::Refusal;

/// A parameter, or all of them.
#[derive(Clone, Debug)]
pub struct Input {
    value: Value,
    read: Cell<bool>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Text, or a number as text.
    Text(String),
    Flag(bool),
    List(Vec<Input>),
    Map(Vec<(String, Input)>),
}

impl PartialEq for Input {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Input {
    pub(crate) fn new(value: Value) -> Self {
        Self { value, read: Cell::new(false) }
    }

    /// A parameter of a structure, at any level.
    pub(crate) fn at(&self, name: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(fields) => fields.iter().find(|(key, _)| key == name).map(|(_, input)| input),
            _ => None,
        }
    }

    /// Whether it was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.at(name).is_some()
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.at(name)?.as_text()
    }

    /// A text that may not be missing.
    pub(crate) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| missing(name))
    }

    /// A text of one's own: the one given, or what is said here.
    pub(crate) fn text_or(&self, name: &str, otherwise: &str) -> String {
        self.text(name).unwrap_or(otherwise).to_owned()
    }

    /// A whole number.
    pub(crate) fn whole(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| invalid(format!("Invalid value '{text}' for {name}. It is not an integer")))
    }

    /// A whole number in a range, if it is given.
    pub(crate) fn ranged(&self, name: &str, (least, most): (i64, i64)) -> Result<Option<i64>, Refusal> {
        let number = self.whole(name)?;
        match number.filter(|number| !(least..=most).contains(number)) {
            None => Ok(number),
            Some(odd) => Err(invalid(format!("Invalid value {odd} for {name}. Must be between {least} and {most}."))),
        }
    }

    /// A number.
    pub(crate) fn real(&self, name: &str) -> Result<Option<f64>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| invalid(format!("Invalid value '{text}' for {name}. It is not a number")))
    }

    /// Yes or no.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        let input = self.at(name)?;
        input.read.set(true);
        match &input.value {
            Value::Flag(flag) => Some(*flag),
            Value::Text(text) => Some(text.eq_ignore_ascii_case("true")),
            _ => None,
        }
    }

    /// A point in time.
    pub(crate) fn moment(&self, name: &str) -> Result<Option<Moment>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        Moment::parse(text)
            .map(Some)
            .ok_or_else(|| invalid(format!("Invalid value '{text}' for {name}. It is not a time")))
    }

    /// The members of a list; none, if it was not given.
    pub(crate) fn list(&self, name: &str) -> &[Self] {
        match self.at(name) {
            Some(Self { value: Value::List(items), read }) => {
                read.set(true);
                items
            }
            // The query protocol writes an empty list as an empty text.
            Some(Self { value: Value::Text(text), read }) if text.is_empty() => {
                read.set(true);
                &[]
            }
            // One that could repeat may come alone.
            Some(input) => std::slice::from_ref(input),
            None => &[],
        }
    }

    /// The members of a list of texts.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        self.list(name).iter().filter_map(Self::as_text).collect()
    }

    /// The entries of a map, or the fields of a structure.
    pub(crate) fn entries(&self, name: &str) -> &[(String, Self)] {
        match self.at(name) {
            Some(Self { value: Value::Map(fields), read }) => {
                read.set(true);
                fields
            }
            _ => &[],
        }
    }

    /// This parameter as a text.
    pub(crate) fn as_text(&self) -> Option<&str> {
        self.read.set(true);
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Flag(true) => Some("true"),
            Value::Flag(false) => Some("false"),
            _ => None,
        }
    }

    /// Says that what is below this parameter is known to be without effect here.
    pub(crate) fn pass_over(&self, name: &str) {
        if let Some(input) = self.at(name) {
            input.mark();
        }
    }

    /// Says that all of it is known.
    pub(crate) fn mark(&self) {
        self.read.set(true);
        match &self.value {
            Value::List(items) => items.iter().for_each(Self::mark),
            Value::Map(fields) => fields.iter().for_each(|(_, input)| input.mark()),
            Value::Text(_) | Value::Flag(_) => {}
        }
    }

    /// All of it as data, for keeping what a caller set and giving it back. Marks it as read.
    pub(crate) fn data(&self) -> serde_json::Value {
        self.mark();
        self.plain()
    }

    /// All of it as data, without marking it as read.
    pub(crate) fn plain(&self) -> serde_json::Value {
        match &self.value {
            Value::Text(text) => serde_json::Value::String(text.clone()),
            Value::Flag(flag) => serde_json::Value::Bool(*flag),
            Value::List(items) => items.iter().map(Self::plain).collect(),
            Value::Map(fields) => fields.iter().map(|(key, input)| (key.clone(), input.plain())).collect(),
        }
    }

    /// The paths of parameters that nobody has looked at.
    pub(crate) fn unread(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.collect_unread("", &mut found);
        found
    }

    fn collect_unread(&self, path: &str, found: &mut Vec<String>) {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match &self.value {
            Value::Map(fields) => fields.iter().for_each(|(key, input)| input.collect_unread(&below(key), found)),
            Value::List(items) => items.iter().for_each(|input| input.collect_unread(&below("N"), found)),
            Value::Text(_) | Value::Flag(_) if !self.read.get() => found.push(path.to_owned()),
            Value::Text(_) | Value::Flag(_) => {}
        }
    }

    /// The same parameters without these, as text that is equal only for equal parameters, whether or not they were read.
    pub(crate) fn fingerprint(&self, without: &[&str]) -> String {
        let mut all = self.plain();
        if let Some(fields) = all.as_object_mut() {
            fields.retain(|name, _| !without.contains(&name.as_str()));
        }
        all.to_string()
    }
}

impl From<serde_json::Value> for Input {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        Self::new(match value {
            Json::Null => Value::Map(Vec::new()),
            Json::Bool(flag) => Value::Flag(flag),
            Json::Number(number) => Value::Text(number.to_string()),
            Json::String(text) => Value::Text(text),
            Json::Array(items) => Value::List(items.into_iter().map(Self::from).collect()),
            // What is null was not said.
            Json::Object(fields) => Value::Map(
                fields
                    .into_iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(key, value)| (key, Self::from(value)))
                    .collect(),
            ),
        })
    }
}

/// A parameter is missing, in the words of the query protocols.
pub(crate) fn missing(name: &str) -> Refusal {
    Refusal::new("MissingParameter", format!("The request must contain the parameter {name}"))
}

/// A parameter cannot mean anything, in the words of the query protocols.
pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValue", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_of_what_was_said_and_not_of_who_read_it() {
        let input = |text: &str| Input::from(serde_json::from_str::<serde_json::Value>(text).unwrap());
        let one = input(r#"{"Token": "t", "Tags": [{"Key": "k", "Value": "v"}], "Size": 3}"#);
        let before = one.fingerprint(&["Token"]);
        assert_eq!(one.list("Tags")[0].text("Key"), Some("k"));
        assert_eq!(one.fingerprint(&["Token"]), before);
        assert_eq!(input(r#"{"Size": 3, "Tags": [{"Value": "v", "Key": "k"}]}"#).fingerprint(&["Token"]), before);
        assert_ne!(input(r#"{"Size": 4, "Tags": [{"Value": "v", "Key": "k"}]}"#).fingerprint(&["Token"]), before);
    }
}
