//! The default VPC that every region has (<https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html>).

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{Vpc, default_vpc, make};
use crate::simulator::input::Input;
use crate::simulator::output::object;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::Answer;
use crate::simulator::services::ec2::internet_gateways::{self, InternetGateway};
use crate::simulator::services::ec2::subnets::Subnet;
use crate::simulator::services::ec2::{listing, route_tables, zones};
use crate::simulator::tags::Tags;

/// Makes the default VPC, a subnet in each zone, and the way out.
pub(in super::super) fn furnish(scene: &mut Scene<'_>) {
    let Ok(range) = Ipv4Net::new(Ipv4Addr::new(172, 31, 0, 0), 16) else { return };
    let vpc = make(scene, range, "default".to_owned(), true, Tags::default());
    let Ok(ranges) = range.subnets(20) else { return };
    for (zone, range) in zones::of(&scene.place.region).into_iter().zip(ranges) {
        let subnet = Subnet::standard(scene, &vpc, range, zone);
        listing::put(scene, subnet);
    }
    let gateway = listing::put(scene, InternetGateway::default());
    internet_gateways::tie(scene, &gateway, Some(&vpc));
    route_tables::lead_out(scene, &vpc, &gateway);
}

/// Makes the default VPC again that somebody deleted.
pub(super) fn create(scene: &mut Scene<'_>, _: &Input) -> Answer {
    Scene::ensure(default_vpc(scene).is_none(), || {
        let words = "A Default VPC already exists for this account in this region.";
        Refusal::new("DefaultVpcAlreadyExists", words)
    })?;
    furnish(scene);
    let id = default_vpc(scene).unwrap_or_default();
    Ok(object! { "vpc" => listing::shown::<Vpc>(scene, &id) })
}
