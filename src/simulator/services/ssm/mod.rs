//! AWS Systems Manager: the parameter store.

use serde::Serialize;

use super::super::service::{Protocol, Service};

/// The service.
pub(crate) const SERVICE: Service = Service { name: "ssm", protocol: Protocol::Json { version: "1.1" }, areas: &[] };

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {}
