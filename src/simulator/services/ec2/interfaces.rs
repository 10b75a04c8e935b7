//! Network interfaces (a stub until the network's author is done).

use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::tags::Tags;

/// What somebody wants of an interface.
pub(crate) struct Wish<'a> {
    pub(crate) subnet: &'a str,
    pub(crate) groups: &'a [String],
    pub(crate) description: String,
    pub(crate) requester: &'static str,
    pub(crate) instance: Option<&'a str>,
}

pub(crate) fn attach(scene: &mut Scene<'_>, wish: Wish<'_>) -> Result<String, Refusal> {
    let Wish { subnet, groups, description, requester, instance } = wish;
    let _ = (subnet, groups, description, requester, instance);
    Ok(scene.dice.id("eni"))
}

pub(crate) fn detach(_: &mut Scene<'_>, _: &str) {}

pub(crate) fn private_ip(_: &Scene<'_>, _: &str) -> Option<String> {
    Some("10.0.0.4".to_owned())
}

pub(crate) fn tags<'a>(_: &'a mut Scene<'_>, _: &str) -> Option<&'a mut Tags> {
    None
}

pub(crate) fn set_groups(_: &mut Scene<'_>, _: &str, _: &[String]) {}

pub(crate) fn set_public_ip(_: &mut Scene<'_>, _: &str, _: Option<String>) {}

pub(crate) fn public_ip(_: &Scene<'_>, _: &str) -> Option<String> {
    None
}

pub(crate) fn mac(_: &Scene<'_>, _: &str) -> Option<String> {
    None
}

pub(crate) fn attachment(_: &Scene<'_>, _: &str) -> Option<String> {
    None
}
