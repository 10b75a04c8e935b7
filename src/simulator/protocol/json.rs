//! JSON both ways, with the action in `X-Amz-Target`.

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Number, Value};

use super::Asked;
use crate::simulator::input::Input;
use crate::simulator::output::Tree;
use crate::simulator::refusal::Refusal;
use crate::simulator::service::Reply;

/// Reads a request.
pub(super) fn read(request: &Request<Bytes>) -> Result<Asked, Refusal> {
    let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let action = target.rsplit('.').next().unwrap_or_default().to_owned();
    let body: &[u8] = if request.body().is_empty() { b"{}" } else { request.body() };
    let value: Value =
        serde_json::from_slice(body).map_err(|e| Refusal::new("SerializationException", format!("not JSON: {e}")))?;
    Ok(Asked { action, input: Input::from(value), resource: None })
}

/// Writes an answer.
pub(super) fn write(version: &str, answer: &Result<Tree, Refusal>) -> Reply {
    let mut headers = vec![("content-type".into(), format!("application/x-amz-json-{version}"))];
    let (status, body) = match answer {
        Ok(tree) => (200, value(tree)),
        Err(refusal) => {
            if let Some(code) = refusal.query_code {
                headers.push(("x-amzn-query-error".into(), format!("{code};Sender")));
            }
            (refusal.status, serde_json::json!({ "__type": refusal.code, "message": refusal.message }))
        }
    };
    Reply { status, headers, body: Bytes::from(body.to_string()) }
}

fn value(tree: &Tree) -> Value {
    match tree {
        Tree::Text(text) => Value::String(text.to_string()),
        Tree::Whole(number) => Value::Number((*number).into()),
        Tree::Real(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
        Tree::Flag(flag) => Value::Bool(*flag),
        Tree::Time(at) => Number::from_f64(at.seconds()).map_or(Value::Null, Value::Number),
        Tree::List(_, items) => Value::Array(items.iter().map(value).collect()),
        Tree::Object(fields) => Value::Object(
            fields.iter().map(|(name, tree)| (name.to_string(), value(tree))).collect::<Map<String, Value>>(),
        ),
    }
}
