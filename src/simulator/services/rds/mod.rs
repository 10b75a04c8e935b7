//! Amazon RDS.

use serde::Serialize;

use super::super::service::{Protocol, Service};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "rds",
    protocol: Protocol::Query { namespace: "http://rds.amazonaws.com/doc/2014-10-31/" },
    areas: &[],
};

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {}
