//! JSON values as YAML that reads back as the same values: block style outside, flow style inside of lists.

use serde_json::{Map, Value};

/// The whole text of a document.
pub fn text(document: &Value) -> String {
    match document {
        Value::Object(members) if !members.is_empty() => {
            let mut out = String::new();
            block(members, 0, &mut out);
            out
        }
        other => format!("{}\n", flow(other)),
    }
}

fn block(members: &Map<String, Value>, depth: usize, out: &mut String) {
    for (key, value) in members {
        out.push_str(&"  ".repeat(depth));
        out.push_str(&scalar(key));
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                out.push_str(":\n");
                block(inner, depth + 1, out);
            }
            other => {
                out.push_str(": ");
                out.push_str(&flow(other));
                out.push('\n');
            }
        }
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| format!("{}: {}", scalar(key), flow(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Without quotes where it can be, as people write it.
fn scalar(text: &str) -> String {
    // `y`, `n` and the like are text in YAML 1.2, and must be text to Pando.
    let others = ["true", "false", "null", "~"];
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let holds = text.chars().all(|c| c.is_ascii_alphanumeric() || "_./%-".contains(c) || c == ' ');
    let is_plain = begins && holds && !text.ends_with(' ') && !others.contains(&text.to_lowercase().as_str());
    // `100 GiB` and `50%` begin with a digit and are no numbers: a letter that no number has is in them.
    let is_measure = text.starts_with(|c: char| c.is_ascii_digit())
        && holds
        && text.ends_with(|c: char| "%sdBmh".contains(c))
        && !text.starts_with("0x");
    if is_plain || is_measure { text.to_owned() } else { Value::from(text).to_string() }
}
