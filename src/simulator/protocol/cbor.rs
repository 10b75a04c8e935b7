//! CBOR both ways, with the action in the path: `/service/…/operation/ACTION`
//! (<https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>).

use bytes::Bytes;
use ciborium::Value;
use http::Request;

use super::Asked;
use crate::simulator::input::{self, Input};
use crate::simulator::output::Tree;
use crate::simulator::refusal::Refusal;
use crate::simulator::service::Reply;

/// Reads a request.
pub(super) fn read(request: &Request<Bytes>) -> Result<Asked, Refusal> {
    let action = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let body = request.body();
    let value = if body.is_empty() {
        Value::Map(Vec::new())
    } else {
        let read = ciborium::de::from_reader_with_recursion_limit(&body[..], DEPTH);
        read.map_err(|e| Refusal::new("SerializationException", format!("not CBOR: {e}")))?
    };
    Ok(Asked { action, input: into_input(value) })
}

/// Values within values that a request may have at most.
const DEPTH: usize = 32;

fn into_input(value: Value) -> Input {
    let text = |text: String| input::Value::Text(text);
    Input::new(match value {
        Value::Text(words) => text(words),
        Value::Bool(flag) => input::Value::Flag(flag),
        Value::Integer(number) => text(i128::from(number).to_string()),
        Value::Float(number) => text(number.to_string()),
        Value::Bytes(bytes) => text(String::from_utf8_lossy(&bytes).into_owned()),
        // The only tag there is: a moment, in seconds since 1970.
        Value::Tag(_, inner) => return into_input(*inner),
        Value::Array(items) => input::Value::List(items.into_iter().map(into_input).collect()),
        Value::Map(fields) => {
            // What is null was not said.
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            input::Value::Map(fields.filter_map(|(key, value)| Some((key.into_text().ok()?, into_input(value)))).collect())
        }
        _ => input::Value::Map(Vec::new()),
    })
}

/// Writes an answer. Services that spoke the query protocol before tell its code in a header.
pub(super) fn write(answer: &Result<Tree, Refusal>) -> Reply {
    let mut headers =
        vec![("content-type".into(), "application/cbor".to_owned()), ("smithy-protocol".into(), "rpc-v2-cbor".to_owned())];
    let (status, value) = match answer {
        Ok(tree) => (200, value(tree)),
        Err(refusal) => {
            let side = if refusal.status >= 500 { "Receiver" } else { "Sender" };
            headers.push(("x-amzn-query-error".into(), format!("{};{side}", refusal.query_code.unwrap_or(&refusal.code))));
            let fields = [("__type", refusal.code.to_string()), ("message", refusal.message.clone())];
            (refusal.status, Value::Map(fields.map(|(key, text)| (Value::from(key), Value::from(text))).to_vec()))
        }
    };
    let mut body = Vec::new();
    // Writing into memory does not fail.
    drop(ciborium::into_writer(&value, &mut body));
    Reply { status, headers, body: Bytes::from(body) }
}

fn value(tree: &Tree) -> Value {
    match tree {
        Tree::Text(text) => Value::Text(text.to_string()),
        Tree::Whole(number) => Value::Integer((*number).into()),
        Tree::Real(number) => Value::Float(*number),
        Tree::Flag(flag) => Value::Bool(*flag),
        Tree::Time(at) => Value::Tag(1, Box::new(Value::Float(at.seconds()))),
        Tree::List(_, items) => Value::Array(items.iter().map(value).collect()),
        Tree::Object(fields) => Value::Map(fields.iter().map(|(name, tree)| (Value::Text(name.to_string()), value(tree))).collect()),
    }
}
