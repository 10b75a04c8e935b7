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
///
/// Errors of services that once had the query protocol come with their older code in a header, and with a namespace
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-json-api-responses.html>).
pub(super) fn write(version: &str, namespace: &str, answer: &Result<Tree, Refusal>) -> Reply {
    let mut headers = vec![("content-type".into(), format!("application/x-amz-json-{version}"))];
    let (status, body) = match answer {
        // JSON knows no answer without any content: it is an empty structure.
        Ok(Tree::List(..)) => (200, value(&Tree::EMPTY)),
        Ok(tree) => (200, value(tree)),
        Err(refusal) => {
            let mut name = refusal.code.to_string();
            if let Some(code) = refusal.query_code {
                headers.push(("x-amzn-query-error".into(), format!("{code};Sender")));
                name.insert_str(0, namespace);
            }
            // JSON has one status for whatever a client did wrong; only forms and XML know more.
            let status = if refusal.status < 500 { 400 } else { refusal.status };
            (status, serde_json::json!({ "__type": name, "message": refusal.message }))
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
