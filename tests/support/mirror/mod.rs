//! A fake cloud for the real kinds: it keeps what it is asked for, and refuses what AWS would refuse.
//!
//! The real kinds say how they are replaced, removed and sent again. What AWS does and how a difference is found is played: a created object
//! *is* its properties, with each reference replaced by the life it stood for, so any graph that a blueprint can become can be applied.

pub mod cloud;
pub mod kind;
pub mod rules;
pub mod stack;

use std::sync::OnceLock;

use pando::aws::resources;
use pando::engine::kind::Registry;

use cloud::MirrorCloud;
use kind::Mirror;

/// Every real kind, mirrored.
pub fn registry() -> Registry<MirrorCloud> {
    static KINDS: OnceLock<Vec<&'static Mirror>> = OnceLock::new();
    let kinds = KINDS.get_or_init(|| {
        let real = resources::registry().rules().into_values();
        // Kinds are constants; these are made once and stay.
        real.map(|real| &*Box::leak(Box::new(Mirror { real }))).collect()
    });
    kinds.iter().fold(Registry::default(), |registry, kind| registry.with_actions(*kind))
}
