//! Subnets (a stub until the network's author is done).

use crate::simulator::scene::Scene;

pub(crate) fn vpc_of_subnet(_: &Scene<'_>, subnet: &str) -> Option<String> {
    subnet.starts_with("subnet-").then(|| "vpc-0123456789abcdef0".to_owned())
}

pub(crate) fn zone_of_subnet(scene: &Scene<'_>, subnet: &str) -> Option<String> {
    let letter = if subnet.ends_with('b') { 'b' } else { 'a' };
    Some(format!("{}{letter}", scene.place.region))
}

pub(crate) fn maps_public_addresses(_: &Scene<'_>, _: &str) -> bool {
    false
}

pub(crate) fn default_subnet(_: &Scene<'_>, _: Option<&str>) -> Option<String> {
    None
}
