//! What an S3 request says, and how answers are put together.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request};
use md5::{Digest as _, Md5};
use percent_encoding::percent_decode_str;

use super::super::super::output::Tree;
use super::super::super::protocol::write_xml;
use super::super::super::refusal::Refusal;
use super::super::super::service::Reply;

/// A request, taken apart.
pub(super) struct Asked<'a> {
    request: &'a Request<Bytes>,
    /// The bucket; empty if the request is about all of them.
    pub(super) bucket: String,
    /// The key; empty if the request is about the bucket.
    pub(super) key: String,
    query: BTreeMap<String, String>,
    /// The body, without the chunks that it may have come in.
    pub(super) body: Bytes,
    /// What came after the body.
    trailers: BTreeMap<String, String>,
}

impl<'a> Asked<'a> {
    pub(super) fn read(request: &'a Request<Bytes>) -> Result<Self, Refusal> {
        let path = request.uri().path().trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let decode = |text: &str| {
            let text = percent_decode_str(text).decode_utf8();
            text.map(std::borrow::Cow::into_owned)
                .map_err(|_| Refusal::new("InvalidURI", "Couldn't parse the specified URI."))
        };
        let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
        let is_chunked = header(request, "x-amz-content-sha256").is_some_and(|hash| hash.starts_with("STREAMING-"))
            || header(request, "content-encoding").is_some_and(|coding| coding.contains("aws-chunked"));
        let (body, trailers) =
            if is_chunked { unchunk(request.body())? } else { (request.body().clone(), BTreeMap::new()) };
        Ok(Self { request, bucket: decode(bucket)?, key: decode(key)?, query, body, trailers })
    }

    pub(super) fn method(&self) -> &Method {
        self.request.method()
    }

    /// Whether a word stands in the query.
    pub(super) fn has(&self, word: &str) -> bool {
        self.query.contains_key(word)
    }

    /// What the query says of a word, unless it is empty.
    pub(super) fn query(&self, word: &str) -> Option<&str> {
        self.query.get(word).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(self.request, name)
    }

    /// A header that may also have come after the body.
    pub(super) fn promise(&self, name: &str) -> Option<&str> {
        self.header(name).or_else(|| self.trailers.get(name).map(String::as_str))
    }

    /// Headers that are kept with an object and come back with it: its type and the like, and the user's metadata.
    pub(super) fn kept_headers(&self) -> Vec<(String, String)> {
        const KEPT: [&str; 6] = [
            "cache-control",
            "content-disposition",
            "content-language",
            "content-type",
            "expires",
            "x-amz-website-redirect-location",
        ];
        let mut kept = Vec::new();
        for (name, value) in self.request.headers() {
            let Ok(value) = value.to_str() else { continue };
            if KEPT.contains(&name.as_str()) || name.as_str().starts_with("x-amz-meta-") {
                kept.push((name.to_string(), value.to_owned()));
            }
        }
        let coding = self.header("content-encoding").unwrap_or_default().split(',').map(str::trim);
        let coding: Vec<&str> = coding.filter(|coding| !coding.is_empty() && *coding != "aws-chunked").collect();
        if !coding.is_empty() {
            kept.push(("content-encoding".to_owned(), coding.join(",")));
        }
        kept
    }
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// The content of a body in chunks, and its trailers: `SIZE;chunk-signature=…`, the bytes, and so on; after the last, `name:value`
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>).
fn unchunk(body: &Bytes) -> Result<(Bytes, BTreeMap<String, String>), Refusal> {
    let broken = || Refusal::new("IncompleteBody", "The request body terminated unexpectedly");
    let (mut rest, mut content) = (&body[..], Vec::with_capacity(body.len()));
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").ok_or_else(broken)?;
        let line = std::str::from_utf8(&rest[..end]).map_err(|_| broken())?;
        let size = line.split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).map_err(|_| broken())?;
        rest = &rest[end + 2..];
        if size == 0 {
            let lines = std::str::from_utf8(rest).map_err(|_| broken())?.lines();
            let trailers = lines.filter_map(|line| line.split_once(':'));
            let trailers = trailers.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            return Ok((Bytes::from(content), trailers.collect()));
        }
        content.extend_from_slice(rest.get(..size).ok_or_else(broken)?);
        rest = rest.get(size + 2..).ok_or_else(broken)?;
    }
}

/// What is in quotes in an `ETag`.
pub(super) fn digest(body: &[u8]) -> String {
    let bytes: Vec<String> = Md5::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.concat()
}

/// An answer without a body.
pub(super) fn empty(status: u16) -> Reply {
    Reply { status, ..Reply::default() }
}

/// An answer in XML.
pub(super) fn answer_xml(root: &str, tree: &Tree) -> Reply {
    let mut text = String::new();
    write_xml(&mut text, root, tree);
    // The namespace belongs to the root, which is the first element that was written.
    let opening = format!("<{root}>");
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let named = format!("{head}<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    text_reply(text.replacen(&opening, &named, 1))
}

/// An answer in XML that is written already.
pub(super) fn text_reply(text: String) -> Reply {
    let headers = vec![("content-type".into(), "application/xml".to_owned())];
    Reply { status: 200, headers, body: Bytes::from(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together() {
        let body =
            Bytes::from_static(b"3;chunk-signature=x\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n");
        let trailers = BTreeMap::from([("x-amz-checksum-crc32".to_owned(), "AAAA".to_owned())]);
        assert_eq!(unchunk(&body).unwrap(), (Bytes::from_static(b"abcde"), trailers));
        assert!(unchunk(&Bytes::from_static(b"5\r\nabc")).is_err());
    }
}
