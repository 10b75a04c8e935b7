//! Amazon SQS.

use serde::Serialize;

use super::super::service::{Protocol, Service};

/// The service.
pub(crate) const SERVICE: Service = Service { name: "sqs", protocol: Protocol::Json { version: "1.0" }, areas: &[] };

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {}
