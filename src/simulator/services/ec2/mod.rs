//! Amazon EC2.

use serde::Serialize;

use super::super::service::{Protocol, Service};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "ec2",
    protocol: Protocol::Ec2 { namespace: "http://ec2.amazonaws.com/doc/2016-11-15/" },
    areas: &[],
};

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {}
