//! IAM.

use serde::Serialize;

use super::super::protocol::Asked;
use super::super::refusal::Refusal;
use super::super::scene::Scene;
use super::super::service::{Protocol, Service};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "iam",
    protocol: Protocol::Query { namespace: "https://iam.amazonaws.com/doc/2010-05-08/" },
    areas: &[],
};

/// What it knows in one account.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {}

/// Whether the caller's policies allow a call.
pub(crate) fn authorize(_scene: &Scene<'_>, _service: &Service, _call: &Asked) -> Result<(), Refusal> {
    Ok(())
}

/// Stub until the identity author is done.
pub(crate) fn instance_profile(_: &Scene<'_>, _: &str) -> bool {
    true
}
