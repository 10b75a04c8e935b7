//! What can happen to a world beside what callers of AWS do: an instance falls ill, AWS runs out of room.

use serde::Deserialize;

use super::scene::Scene;
use super::services::ec2::instances::{self, Ailment};

/// Something that happens in one account and region. As JSON: `{"unhealthy": "i-0…"}`, `{"capacity": false}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mishap {
    /// The application on this instance answers no health check any more.
    Unhealthy(String),
    /// The status check of this instance fails.
    Impaired(String),
    /// This instance is well again.
    Well(String),
    /// Whether AWS has room for more instances.
    Capacity(bool),
}

impl Mishap {
    /// Has it happen.
    pub(super) fn strike(&self, scene: &mut Scene<'_>) {
        match self {
            Self::Unhealthy(id) => instances::ail(scene, id, Ailment::Unhealthy),
            Self::Impaired(id) => instances::ail(scene, id, Ailment::Impaired),
            Self::Well(id) => instances::ail(scene, id, Ailment::None),
            Self::Capacity(available) => instances::set_capacity(scene, *available),
        }
    }
}
