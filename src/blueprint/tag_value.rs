//! The value of a tag, which is whatever stands there: unlike all other text, a number or a `no` without quotes is taken as it was written.

use std::sync::LazyLock;

use regex_lite::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{Decode, mismatch};
use super::diagnostic::Report;
use super::syntax::{Node, Value};

/// The value of a tag. Numbers and words stay as they were written: `012345678901`, `no`, `1.20`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagValue(pub String);

/// No control character, and of the marks of ASCII only those that all services of AWS take. Other alphabets are allowed.
const TAG_VALUE: &str = r"^[^\u0000-\u001f!\u0022#$%&'()*,;<>?\u005b-\u005e\u0060{|}~\u007f-\u009f]*$";

impl TagValue {
    /// The longest that AWS takes, in characters.
    const LONGEST: usize = 256;

    /// Reads it.
    pub fn read(text: &str) -> Option<Self> {
        static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(TAG_VALUE).ok());
        let fits = PATTERN.as_ref().is_some_and(|pattern| pattern.is_match(text));
        (fits && text.chars().count() <= Self::LONGEST).then(|| Self(text.to_owned()))
    }
}

impl Decode for TagValue {
    fn decode(node: &Node, report: &mut Report) -> Option<Self> {
        let read = match &node.value {
            Value::Scalar { text, .. } if !node.is_null() => Self::read(text),
            Value::Scalar { .. } | Value::List(_) | Value::Map(_) => None,
        };
        if read.is_none() {
            let wrong = mismatch(node, "the value of a tag");
            report.add(wrong.hint(if node.is_null() {
                "an empty value is written `\"\"`"
            } else {
                "one line of at most 256 characters: letters, digits, spaces and `_ . : / = + - @`"
            }));
        }
        read
    }
}

impl JsonSchema for TagValue {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TagValue".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"], "pattern": TAG_VALUE, "maxLength": Self::LONGEST })
    }
}
