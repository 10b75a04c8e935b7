//! Amazon EC2: networks, and the instances in them.

pub(crate) mod images;
mod instance_types;
pub(crate) mod instances;
pub(crate) mod interfaces;
pub(crate) mod launch_templates;
pub(crate) mod security_groups;
pub(crate) mod subnets;
mod volumes;
pub(crate) mod zones;

use serde::Serialize;

use super::super::scene::Scene;
use super::super::service::{Protocol, Service};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "ec2",
    protocol: Protocol::Ec2 { namespace: "http://ec2.amazonaws.com/doc/2016-11-15/" },
    areas: &[
        images::ACTIONS,
        images::CHANGES,
        instance_types::ACTIONS,
        instances::ATTRIBUTES,
        instances::DESCRIBE,
        instances::LAUNCH,
        instances::LIFE,
        instances::STATUS,
        launch_templates::ACTIONS,
        launch_templates::VERSIONS,
        volumes::ACTIONS,
    ],
};

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    images: images::State,
    instances: instances::State,
    launch_templates: launch_templates::State,
    volumes: volumes::State,
}

/// What a region has before anybody uses it: images.
pub(crate) fn furnish(scene: &mut Scene<'_>) {
    images::furnish(scene);
}

/// Whether there is such a VPC.
pub(crate) fn vpc_exists(_: &Scene<'_>, _: &str) -> bool {
    true
}

/// Whether a VPC has an internet gateway.
pub(crate) fn has_gateway(_: &Scene<'_>, _: &str) -> bool {
    true
}
