//! Instance types (a stub: the author of these replaces it).

use crate::simulator::service::Action;

/// None yet.
pub(super) const ACTIONS: &[Action] = &[];
