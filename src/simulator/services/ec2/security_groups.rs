//! Security groups (a stub until the network's author is done).

use crate::simulator::scene::Scene;

pub(crate) fn group_vpc(_: &Scene<'_>, group: &str) -> Option<String> {
    group.starts_with("sg-").then(|| "vpc-0123456789abcdef0".to_owned())
}

pub(crate) fn group_name(_: &Scene<'_>, group: &str) -> Option<String> {
    Some(group.to_owned())
}

pub(crate) fn default_group(_: &Scene<'_>, _: &str) -> Option<String> {
    Some("sg-0123456789abcdef0".to_owned())
}
