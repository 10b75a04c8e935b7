//! Whom a request is from and for: the credential scope of its signature. Signatures themselves are not checked.

use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;

/// The credential scope: key, region and service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

/// The scope of a request: `Authorization: AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`, or the same in the query of a
/// presigned URL (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).
pub(crate) fn scope(request: &Request<Bytes>) -> Option<Scope> {
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let in_header = header.and_then(|text| text.split("Credential=").nth(1));
    let in_query = || request.uri().query()?.split("X-Amz-Credential=").nth(1);
    let text = in_header.or_else(in_query)?;
    let text = percent_decode_str(text.split([',', '&', ' ']).next()?).decode_utf8_lossy();
    let parts: Vec<&str> = text.split('/').collect();
    let [key, _, region, service, _] = parts[..] else { return None };
    Some(Scope { key: key.to_owned(), region: region.to_owned(), service: service.to_owned() })
}
