//! The wire: how requests are read and answers are written, apart from what any service does.

mod form;
mod json;
mod scope;
mod xml;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};

use sha2::{Digest as _, Sha256};

use super::input::Input;
use super::output::Tree;
use super::refusal::Refusal;
use super::service::{Protocol, Reply, Service};

pub(crate) use scope::{Scope, scope};
pub(crate) use xml::{read as read_xml, write as write_xml};

/// What a request asks for: an action, and its parameters.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) action: String,
    pub(crate) input: Input,
    /// The path that it is for, `/bucket/key`, in protocols that have paths.
    pub(crate) resource: Option<String>,
}

impl Service {
    /// Reads a request.
    pub(crate) fn read(&self, request: &Request<Bytes>) -> Result<Asked, Refusal> {
        match self.protocol {
            Protocol::Ec2 { .. } => form::read(request, form::Lists::Plain),
            Protocol::Query { .. } => form::read(request, form::Lists::Wrapped),
            Protocol::Json { .. } => json::read(request),
            Protocol::Rest { name, .. } => {
                let action = name(request).ok_or_else(|| {
                    let words = "The specified method is not allowed against this resource.";
                    Refusal::new("MethodNotAllowed", words).status(405)
                })?;
                let resource = Some(request.uri().path().to_owned());
                Ok(Asked { action: action.to_owned(), input: Input::from(serde_json::json!({})), resource })
            }
        }
    }

    /// Writes an answer.
    pub(crate) fn write(&self, action: &str, answer: &Result<Tree, Refusal>, id: &str) -> Response<Bytes> {
        let mut reply = match (self.protocol, answer) {
            (Protocol::Ec2 { namespace }, Ok(tree)) => xml::ec2(action, namespace, tree, id),
            (Protocol::Ec2 { .. }, Err(refusal)) => xml::ec2_error(refusal, id),
            (Protocol::Query { namespace }, Ok(tree)) => xml::query(action, namespace, tree, id),
            (Protocol::Query { namespace }, Err(refusal)) => xml::query_error(namespace, refusal, id),
            (Protocol::Json { version, namespace }, answer) => json::write(version, namespace, answer),
            (Protocol::Rest { .. }, Err(refusal)) => xml::rest_error(refusal, id),
            (Protocol::Rest { .. }, Ok(_)) => Reply { status: 200, ..Reply::default() },
        };
        // S3 says its ids in headers of its own.
        if !matches!(self.protocol, Protocol::Rest { .. }) {
            reply.headers.push(("x-amzn-requestid".into(), id.to_owned()));
        }
        respond(reply)
    }
}

/// The second id of an answer of S3, which Amazon's support asks for beside the first
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/get-request-ids.html>).
fn host_id(id: &str) -> String {
    STANDARD.encode(Sha256::digest(id))
}

/// Both ids of an answer of S3, as headers.
pub(crate) fn rest_ids(id: &str) -> [(Cow<'static, str>, String); 2] {
    [("x-amz-request-id".into(), id.to_owned()), ("x-amz-id-2".into(), host_id(id))]
}

/// An HTTP answer. Headers that cannot be are left out.
pub(crate) fn respond(reply: Reply) -> Response<Bytes> {
    let mut headers = HeaderMap::new();
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.parse()) {
            headers.insert(name, value);
        }
    }
    let mut response = Response::new(reply.body);
    *response.status_mut() =
        http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}
