//! Amazon EC2: networks, and the instances in them.

mod addresses;
mod endpoints;
pub(crate) mod images;
mod instance_types;
pub(crate) mod instances;
pub(crate) mod interfaces;
pub(crate) mod internet_gateways;
pub(crate) mod launch_templates;
mod listing;
mod nat_gateways;
mod network_acls;
mod route_tables;
pub(crate) mod security_groups;
pub(crate) mod subnets;
mod tagging;
mod volumes;
mod vpcs;
pub(crate) mod zones;

use serde::Serialize;

use super::super::scene::Scene;
use super::super::service::{Protocol, Service};
use super::super::shelf::Shelf;

pub(crate) use vpcs::vpc_exists;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "ec2",
    protocol: Protocol::Ec2 { namespace: "http://ec2.amazonaws.com/doc/2016-11-15/" },
    areas: &[
        addresses::ACTIONS,
        endpoints::ACTIONS,
        images::ACTIONS,
        images::CHANGES,
        instance_types::ACTIONS,
        instances::ATTRIBUTES,
        instances::DESCRIBE,
        instances::LAUNCH,
        instances::LIFE,
        instances::STATUS,
        interfaces::ACTIONS,
        internet_gateways::ACTIONS,
        launch_templates::ACTIONS,
        launch_templates::VERSIONS,
        nat_gateways::ACTIONS,
        network_acls::ACTIONS,
        route_tables::ACTIONS,
        route_tables::ASSOCIATIONS,
        route_tables::ROUTES,
        security_groups::ACTIONS,
        security_groups::RULES,
        subnets::ACTIONS,
        tagging::ACTIONS,
        volumes::ACTIONS,
        vpcs::ACTIONS,
        vpcs::ATTRIBUTES,
        zones::ACTIONS,
    ],
};

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    addresses: Shelf<addresses::Address>,
    dhcp_options: Shelf<vpcs::DhcpOptions>,
    endpoints: Shelf<endpoints::Endpoint>,
    images: images::State,
    instances: instances::State,
    interfaces: Shelf<interfaces::Interface>,
    internet_gateways: Shelf<internet_gateways::InternetGateway>,
    launch_templates: launch_templates::State,
    nat_gateways: Shelf<nat_gateways::NatGateway>,
    network_acls: Shelf<network_acls::NetworkAcl>,
    route_tables: Shelf<route_tables::RouteTable>,
    security_groups: Shelf<security_groups::SecurityGroup>,
    security_group_rules: Shelf<security_groups::Rule>,
    subnets: Shelf<subnets::Subnet>,
    volumes: volumes::State,
    vpcs: Shelf<vpcs::Vpc>,
}

/// What a region has before anybody uses it: a default VPC, and images.
pub(crate) fn furnish(scene: &mut Scene<'_>) {
    vpcs::furnish(scene);
    images::furnish(scene);
}

/// Whether a VPC has an internet gateway.
pub(crate) fn has_gateway(scene: &Scene<'_>, vpc: &str) -> bool {
    internet_gateways::of_vpc(scene, vpc).is_some()
}
