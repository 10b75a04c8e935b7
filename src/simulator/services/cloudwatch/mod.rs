//! Amazon CloudWatch: metrics, alarms, dashboards.

mod expression;
pub(crate) mod metrics;
mod syntax;

use serde::Serialize;

use super::super::service::{Protocol, Service};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "monitoring",
    protocol: Protocol::Query { namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/" },
    areas: &[],
};

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    #[serde(skip)]
    metrics: metrics::Metrics,
}
