//! EC2 Auto Scaling.

use serde::Serialize;

use super::super::service::{Protocol, Service};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "autoscaling",
    protocol: Protocol::Query { namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/" },
    areas: &[],
};

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {}
