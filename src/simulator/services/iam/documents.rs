//! Policy documents: which ones IAM takes.
//!
//! The grammar: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::super::refusal::Refusal;

/// What a document is for, which decides on what must stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// What a role or user may do: resources, and nobody named.
    Identity,
    /// Who may take a role on: principals, and no resources.
    Trust,
}

/// Elements of a document.
const ELEMENTS: &[&str] = &["Version", "Id", "Statement"];

/// Elements of a statement.
const PARTS: &[&str] =
    &["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// Operators of conditions, without `IfExists` and the words for sets before them.
const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

/// Refuses a document that IAM would not take.
pub(super) fn check(text: &str, purpose: Purpose) -> Result<(), Refusal> {
    let whole = serde_json::from_str(text).ok().filter(Value::is_object);
    let words = if purpose == Purpose::Trust { "This policy contains invalid Json" } else { SYNTAX };
    let whole = whole.ok_or_else(|| malformed(words))?;
    let Value::Object(document) = &whole else { return Err(malformed(words)) };
    let version = document.get("Version").is_none_or(|version| version == "2012-10-17" || version == "2008-10-17");
    ensure(version && document.keys().all(|key| ELEMENTS.contains(&key.as_str())), SYNTAX)?;
    let statements = statements(&whole);
    ensure(!statements.is_empty(), SYNTAX)?;
    let mut names = BTreeSet::new();
    for statement in statements {
        let Value::Object(statement) = statement else { return Err(malformed(SYNTAX)) };
        check_statement(statement, purpose)?;
        if let Some(name) = statement.get("Sid").and_then(Value::as_str).filter(|name| !name.is_empty()) {
            ensure(names.insert(name), "Statement IDs (SID) in a single policy must be unique.")?;
        }
    }
    Ok(())
}

/// The texts of an element that may be one or a list.
pub(super) fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The size of a document as quotas count it: without white space.
pub(super) fn size(text: &str) -> usize {
    text.chars().filter(|sign| !sign.is_whitespace()).count()
}

/// The principals of AWS that a document names.
pub(super) fn principals(text: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let statements = statements(&document);
    let names = statements.into_iter().flat_map(|statement| texts(statement["Principal"].get("AWS")));
    names.map(str::to_owned).collect()
}

/// The statements of a document, of which there may be one or a list.
pub(super) fn statements(document: &Value) -> Vec<&Value> {
    match document.get("Statement") {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

const SYNTAX: &str = "Syntax errors in policy.";

fn check_statement(statement: &Map<String, Value>, purpose: Purpose) -> Result<(), Refusal> {
    ensure(statement.keys().all(|key| PARTS.contains(&key.as_str())), SYNTAX)?;
    ensure(matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")), SYNTAX)?;
    if let Some(name) = statement.get("Sid") {
        let fits = name.as_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let words = "Statement IDs (SID) must be alpha-numeric. \
                     Check that your input satisfies the regular expression [0-9A-Za-z]*";
        ensure(fits, words)?;
    }
    check_actions(statement, purpose)?;
    check_conditions(statement)?;
    let has = |name: &str| statement.contains_key(name);
    if purpose == Purpose::Trust {
        ensure(!has("Resource") && !has("NotResource"), "Has prohibited field Resource")?;
        ensure(has("Principal") != has("NotPrincipal"), "Missing required field Principal")?;
        return check_principals(statement.get("Principal").or_else(|| statement.get("NotPrincipal")));
    }
    ensure(!has("Principal") && !has("NotPrincipal"), "Policy document should not specify a principal.")?;
    let resources = texts(one_of(statement, "Resource", "NotResource")?);
    ensure(!resources.is_empty(), "Policy statement must contain resources.")?;
    for resource in resources {
        let is_arn = resource == "*" || (resource.starts_with("arn:") && resource.matches(':').count() >= 5);
        ensure(is_arn, &format!("Resource {resource} must be in ARN format or \"*\"."))?;
    }
    Ok(())
}

fn check_actions(statement: &Map<String, Value>, purpose: Purpose) -> Result<(), Refusal> {
    let actions = texts(one_of(statement, "Action", "NotAction")?);
    ensure(!actions.is_empty(), "Policy statement must contain actions.")?;
    for action in actions {
        let parts = action.split_once(':').filter(|(vendor, verb)| !vendor.is_empty() && !verb.is_empty());
        let words = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
        ensure(action == "*" || parts.is_some(), words)?;
        if purpose == Purpose::Trust {
            let is_sts = action == "*" || parts.is_some_and(|(vendor, _)| vendor.eq_ignore_ascii_case("sts"));
            ensure(is_sts, "AssumeRole policy may only specify STS AssumeRole actions.")?;
        }
    }
    Ok(())
}

fn check_conditions(statement: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(conditions) = statement.get("Condition") else { return Ok(()) };
    let Value::Object(conditions) = conditions else { return Err(malformed(SYNTAX)) };
    for (operator, keys) in conditions {
        let bare = operator.rsplit(':').next().unwrap_or_default();
        let bare = bare.strip_suffix("IfExists").unwrap_or(bare);
        ensure(
            OPERATORS.iter().any(|known| known.eq_ignore_ascii_case(bare)),
            &format!("Invalid Condition type : {operator}."),
        )?;
        ensure(keys.is_object(), SYNTAX)?;
    }
    Ok(())
}

/// Who is named: a service, or accounts, users and roles of AWS.
fn check_principals(principal: Option<&Value>) -> Result<(), Refusal> {
    let Some(principal) = principal.and_then(Value::as_object) else {
        return ensure(principal.is_some_and(|all| all == "*"), "Invalid principal in policy.");
    };
    ensure(!principal.is_empty(), "Missing required field Principal")?;
    for (kind, names) in principal {
        let names = texts(Some(names));
        ensure(
            matches!(kind.as_str(), "AWS" | "Service" | "Federated" | "CanonicalUser") && !names.is_empty(),
            SYNTAX,
        )?;
        for name in names {
            let is_account = name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit());
            let fits = match kind.as_str() {
                "AWS" => name == "*" || is_account || name.starts_with("arn:aws:"),
                "Service" => name.ends_with(".amazonaws.com"),
                _ => true,
            };
            ensure(fits, &format!("Invalid principal in policy: \"{kind}\":\"{name}\""))?;
        }
    }
    Ok(())
}

/// The one of two elements that is there: both at once are not allowed.
fn one_of<'a>(statement: &'a Map<String, Value>, name: &str, other: &str) -> Result<Option<&'a Value>, Refusal> {
    ensure(!(statement.contains_key(name) && statement.contains_key(other)), SYNTAX)?;
    Ok(statement.get(name).or_else(|| statement.get(other)))
}

fn ensure(holds: bool, words: &str) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(malformed(words)) }
}

fn malformed(words: &str) -> Refusal {
    Refusal::new("MalformedPolicyDocument", words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_taken_or_refused_as_their_purpose_demands() {
        let trust = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let identity = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*"],"Resource":"*"}}"#;
        assert_eq!(check(trust, Purpose::Trust), Ok(()));
        assert_eq!(check(identity, Purpose::Identity), Ok(()));
        assert!(check(trust, Purpose::Identity).is_err() && check(identity, Purpose::Trust).is_err());
        for wrong in ["", "{}", "[]", r#"{"Statement":[]}"#, r#"{"Statement":{"Effect":"Allow","Action":"*"}}"#] {
            assert!(check(wrong, Purpose::Identity).is_err(), "{wrong}");
        }
        let action = identity.replace("s3:*", "everything");
        assert!(check(&action, Purpose::Identity).unwrap_err().message.contains("prefaced by a vendor"));
        let operator = identity.replace("}}", r#","Condition":{"StringEqual":{"a":"b"}}}}"#);
        assert!(check(&operator, Purpose::Identity).is_err());
    }
}
