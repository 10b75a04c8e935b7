//! What policies say to a call.
//!
//! The logic: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>, the operators:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Map, Value};

use super::super::super::clock::Moment;
use super::documents::{statements, texts};

/// What is asked of policies.
pub(crate) struct Case<'a> {
    /// `sqs:SendMessage`.
    pub(crate) action: &'a str,
    /// An ARN, or `*`.
    pub(crate) resource: &'a str,
    /// The values of a condition's key; none, if the key means nothing here.
    pub(crate) context: &'a dyn Fn(&str) -> Option<Vec<String>>,
}

/// What policies say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A statement allows it, and none denies it.
    Allowed,
    /// A statement denies it.
    Denied,
    /// No statement is about it.
    Silent,
}

/// What these documents say together.
pub(crate) fn judge<'a>(documents: impl IntoIterator<Item = &'a str>, case: &Case<'_>) -> Verdict {
    judge_for(documents, case, None)
}

/// The same of documents that name principals, for a caller who is known by these names.
pub(crate) fn judge_for<'a>(
    documents: impl IntoIterator<Item = &'a str>,
    case: &Case<'_>,
    principals: Option<&[String]>,
) -> Verdict {
    let mut verdict = Verdict::Silent;
    for text in documents {
        let document: Value = serde_json::from_str(text).unwrap_or_default();
        for statement in statements(&document) {
            let is_meant = principals.is_none_or(|names| is_named(statement, names));
            if is_meant && applies(statement, case) {
                if statement["Effect"] == "Deny" {
                    return Verdict::Denied;
                }
                verdict = Verdict::Allowed;
            }
        }
    }
    verdict
}

/// Whether a statement's principals contain one of these names.
fn is_named(statement: &Value, names: &[String]) -> bool {
    let contains = |principal: &Value| {
        let all = if principal.is_string() { Some(principal) } else { principal.get("AWS") };
        texts(all).into_iter().any(|name| name == "*" || names.iter().any(|known| known == name))
    };
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => contains(principal),
        (None, Some(other)) => !contains(other),
        (None, None) => true,
    }
}

fn applies(statement: &Value, case: &Case<'_>) -> bool {
    let any = |name: &str, fits: &dyn Fn(&str) -> bool| texts(statement.get(name)).into_iter().any(fits);
    let action = case.action.to_ascii_lowercase();
    let is_action = |pattern: &str| matches(&pattern.to_ascii_lowercase(), &action);
    let is_resource = |pattern: &str| matches(&filled(pattern, case), case.resource);
    let by_action =
        if statement.get("NotAction").is_some() { !any("NotAction", &is_action) } else { any("Action", &is_action) };
    let by_resource = match (statement.get("Resource"), statement.get("NotResource")) {
        (None, Some(_)) => !any("NotResource", &is_resource),
        (None, None) => true,
        _ => any("Resource", &is_resource),
    };
    by_action && by_resource && holds(statement.get("Condition").and_then(Value::as_object), case)
}

/// Whether a text fits a pattern, in which `*` stands for any text and `?` for any sign.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut place) = (0, 0);
    // Where to go on if what followed the last star did not fit: after the star, one sign further in the text.
    let mut last_star: Option<(usize, usize)> = None;
    while place < text.len() {
        match pattern.get(at) {
            Some('*') => {
                last_star = Some((at + 1, place));
                at += 1;
            }
            Some(sign) if *sign == '?' || text.get(place) == Some(sign) => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((after, from)) = last_star else { return false };
                last_star = Some((after, from + 1));
                (at, place) = (after, from + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|sign| *sign == '*')
}

/// A pattern with its variables, `${aws:username}`, filled in.
fn filled(pattern: &str, case: &Case<'_>) -> String {
    let Some((before, rest)) = pattern.split_once("${") else { return pattern.to_owned() };
    let Some((name, after)) = rest.split_once('}') else { return pattern.to_owned() };
    let value = match name {
        "*" | "?" | "$" => name.to_owned(),
        _ => (case.context)(name).and_then(|values| values.into_iter().next()).unwrap_or_default(),
    };
    format!("{before}{value}{}", filled(after, case))
}

/// Whether all conditions hold.
fn holds(conditions: Option<&Map<String, Value>>, case: &Case<'_>) -> bool {
    conditions.into_iter().flatten().all(|(operator, keys)| {
        keys.as_object().into_iter().flatten().all(|(key, values)| holds_for(operator, key, values, case))
    })
}

fn holds_for(operator: &str, key: &str, wanted: &Value, case: &Case<'_>) -> bool {
    let (set, operator) = operator.split_once(':').map_or(("", operator), |(set, operator)| (set, operator));
    let (operator, if_exists) =
        operator.strip_suffix("IfExists").map_or((operator, false), |operator| (operator, true));
    let wanted: Vec<String> = scalars(wanted).iter().map(|value| filled(value, case)).collect();
    let there = (case.context)(key);
    if operator == "Null" {
        return wanted.iter().any(|value| value.eq_ignore_ascii_case(if there.is_none() { "true" } else { "false" }));
    }
    let is_turned = operator.contains("Not");
    let plain = operator.replacen("Not", "", 1);
    let fits = |value: &String| wanted.iter().any(|wanted| compare(&plain, value, wanted)) != is_turned;
    match there {
        None if if_exists => true,
        None => set == "ForAllValues" || (is_turned && set.is_empty()),
        Some(values) if set == "ForAllValues" => values.iter().all(fits),
        Some(values) if set.is_empty() && is_turned => values.iter().all(fits),
        Some(values) => values.iter().any(fits),
    }
}

/// The values of a condition, of which there may be one or a list, as texts.
fn scalars(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().flat_map(scalars).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

fn compare(operator: &str, value: &str, wanted: &str) -> bool {
    let numbers = || Some((value.parse::<f64>().ok()?, wanted.parse::<f64>().ok()?));
    let dates = || Some((Moment::parse(value)?, Moment::parse(wanted)?));
    match operator {
        "StringEquals" | "BinaryEquals" => value == wanted,
        "StringEqualsIgnoreCase" | "Bool" => value.eq_ignore_ascii_case(wanted),
        "StringLike" | "ArnLike" | "ArnEquals" => matches(wanted, value),
        "NumericEquals" => numbers().is_some_and(|(a, b)| a.total_cmp(&b).is_eq()),
        "NumericLessThan" => numbers().is_some_and(|(a, b)| a < b),
        "NumericLessThanEquals" => numbers().is_some_and(|(a, b)| a <= b),
        "NumericGreaterThan" => numbers().is_some_and(|(a, b)| a > b),
        "NumericGreaterThanEquals" => numbers().is_some_and(|(a, b)| a >= b),
        "DateEquals" => dates().is_some_and(|(a, b)| a == b),
        "DateLessThan" => dates().is_some_and(|(a, b)| a < b),
        "DateLessThanEquals" => dates().is_some_and(|(a, b)| a <= b),
        "DateGreaterThan" => dates().is_some_and(|(a, b)| a > b),
        "DateGreaterThanEquals" => dates().is_some_and(|(a, b)| a >= b),
        "IpAddress" => {
            let net = wanted.parse::<IpNet>().ok().or_else(|| wanted.parse::<IpAddr>().ok().map(IpNet::from));
            net.zip(value.parse::<IpAddr>().ok()).is_some_and(|(net, address)| net.contains(&address))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(statements: &str, action: &str, resource: &str, context: &[(&str, &str)]) -> Verdict {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        let values = |key: &str| {
            let found: Vec<String> =
                context.iter().filter(|(name, _)| *name == key).map(|(_, value)| (*value).into()).collect();
            (!found.is_empty()).then_some(found)
        };
        judge([document.as_str()], &Case { action, resource, context: &values })
    }

    #[test]
    fn stars_stand_for_any_text_and_question_marks_for_any_sign() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("s3:Get*", "s3:GetObject", true),
            ("a*b*c", "aXbYbc", true),
            ("a?c", "ac", false),
            ("a*", "b", false),
            ("*a", "aab", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_denial_counts_more_than_what_is_allowed() {
        let both = r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"},{"Effect":"Deny","Action":"SQS:delete*","Resource":"*"}"#;
        assert_eq!(verdict(both, "sqs:SendMessage", "arn:q", &[]), Verdict::Allowed);
        assert_eq!(verdict(both, "sqs:DeleteQueue", "arn:q", &[]), Verdict::Denied);
        assert_eq!(verdict(both, "ec2:CreateVpc", "*", &[]), Verdict::Silent);
    }

    #[test]
    fn what_is_named_with_not_is_everything_else() {
        let statement = r#"{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:a/*"}"#;
        assert_eq!(verdict(statement, "sqs:SendMessage", "arn:b/1", &[]), Verdict::Allowed);
        assert_eq!(verdict(statement, "iam:GetRole", "arn:b/1", &[]), Verdict::Silent);
        assert_eq!(verdict(statement, "sqs:SendMessage", "arn:a/1", &[]), Verdict::Silent);
    }

    #[test]
    fn conditions_on_keys_that_are_missing_hold_only_where_aws_says_so() {
        let with = |condition: &str| {
            format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#)
        };
        let cases = [
            (r#""StringEquals":{"aws:RequestTag/a":"1"}"#, vec![], Verdict::Silent),
            (r#""StringEquals":{"aws:RequestTag/a":["1","2"]}"#, vec![("aws:RequestTag/a", "2")], Verdict::Allowed),
            (r#""StringNotEquals":{"k":"1"}"#, vec![], Verdict::Allowed),
            (r#""StringNotEquals":{"k":["1","2"]}"#, vec![("k", "2")], Verdict::Silent),
            (r#""StringEqualsIfExists":{"k":"1"}"#, vec![], Verdict::Allowed),
            (r#""Null":{"k":"true"}"#, vec![], Verdict::Allowed),
            (r#""Bool":{"k":true}"#, vec![("k", "true")], Verdict::Allowed),
            (r#""ForAllValues:StringEquals":{"k":["1","2"]}"#, vec![("k", "1"), ("k", "3")], Verdict::Silent),
            (r#""ForAnyValue:StringEquals":{"k":["1","2"]}"#, vec![("k", "1"), ("k", "3")], Verdict::Allowed),
            (r#""ArnLike":{"k":"arn:aws:iam::*:role/x*"}"#, vec![("k", "arn:aws:iam::1:role/xy")], Verdict::Allowed),
            (r#""IpAddress":{"k":"10.0.0.0/8"}"#, vec![("k", "10.1.2.3")], Verdict::Allowed),
            (r#""NumericLessThanEquals":{"k":"5"}"#, vec![("k", "6")], Verdict::Silent),
        ];
        for (condition, context, expected) in cases {
            assert_eq!(verdict(&with(condition), "a:b", "r", &context), expected, "{condition}");
        }
    }

    #[test]
    fn variables_are_filled_in() {
        let statement = r#"{"Effect":"Allow","Action":"*","Resource":"arn:b/${aws:username}/*"}"#;
        assert_eq!(verdict(statement, "a:b", "arn:b/ann/x", &[("aws:username", "ann")]), Verdict::Allowed);
        assert_eq!(verdict(statement, "a:b", "arn:b/bob/x", &[("aws:username", "ann")]), Verdict::Silent);
    }
}
