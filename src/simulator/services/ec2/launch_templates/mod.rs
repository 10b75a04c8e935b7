//! Launch templates (a stub: the author of these replaces it).

use crate::simulator::scene::Scene;
use crate::simulator::service::Action;
use crate::simulator::tags::Tags;

/// None yet.
pub(super) const ACTIONS: &[Action] = &[];
/// None yet.
pub(super) const VERSIONS: &[Action] = &[];

/// What there is.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub(crate) struct State {}

/// The tags of one, to be changed.
pub(super) fn tags<'a>(_: &'a mut Scene<'_>, _: &str) -> Option<&'a mut Tags> {
    None
}

/// The tags of all.
pub(super) fn tagged<'a>(_: &'a Scene<'_>) -> impl Iterator<Item = (&'a str, &'a Tags)> {
    std::iter::empty()
}
