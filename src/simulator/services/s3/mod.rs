//! Amazon S3.

use bytes::Bytes;
use http::Request;
use serde::Serialize;

use super::super::refusal::Refusal;
use super::super::scene::Scene;
use super::super::service::{Protocol, Reply, Service};

/// The service.
pub(crate) const SERVICE: Service = Service { name: "s3", protocol: Protocol::Rest { name, run }, areas: &[] };

/// All buckets, whose names are unique in the whole world.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {}

fn name(_request: &Request<Bytes>) -> Option<&'static str> {
    None
}

fn run(_scene: &mut Scene<'_>, _request: &Request<Bytes>) -> Result<Reply, Refusal> {
    Err(Refusal::new("NotImplemented", "").status(501))
}
