//! Amazon ElastiCache.

use serde::Serialize;

use super::super::service::{Protocol, Service};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "elasticache",
    protocol: Protocol::Query { namespace: "http://elasticache.amazonaws.com/doc/2015-02-02/" },
    areas: &[],
};

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {}
