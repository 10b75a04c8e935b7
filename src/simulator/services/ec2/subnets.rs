//! Subnets: parts of a VPC, each in one zone.

use ipnet::Ipv4Net;
use serde::Serialize;

use super::listing::{self, Kind, Thing, done, kept, need, need_mut, tags};
use super::route_tables;
use super::vpcs::{self, Vpc};
use super::zones::{self, Zone};
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// What can be done with subnets.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateSubnet", create),
    action("DescribeSubnets", listing::describe::<Subnet>),
    action("ModifySubnetAttribute", modify),
    action("DeleteSubnet", delete),
];

/// As many as a VPC may have (<https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>).
const LIMIT: usize = 200;

/// How many addresses of each subnet are AWS's own: the first four and the last
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html>).
const RESERVED: usize = 5;

/// A subnet.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Subnet {
    pub(super) vpc: String,
    pub(super) range: Ipv4Net,
    zone: String,
    zone_id: String,
    is_default: bool,
    maps_public: bool,
    /// How instances are called: `ip-name`, or `resource-name`.
    host_names: String,
    has_record: bool,
    /// The id under which it is bound to a network ACL.
    pub(super) acl_association: String,
    tags: Tags,
}

/// The VPC of a subnet.
pub(crate) fn vpc_of_subnet(scene: &Scene<'_>, id: &str) -> Option<String> {
    scene.here.ec2.subnets.seen(id, scene.sight).map(|subnet| subnet.vpc.clone())
}

/// The Availability Zone of a subnet.
pub(crate) fn zone_of_subnet(scene: &Scene<'_>, id: &str) -> Option<String> {
    scene.here.ec2.subnets.get(id).map(|subnet| subnet.zone.clone())
}

/// The id of a subnet's Availability Zone.
pub(super) fn zone_id_of_subnet(scene: &Scene<'_>, id: &str) -> Option<String> {
    scene.here.ec2.subnets.get(id).map(|subnet| subnet.zone_id.clone())
}

/// Whether instances in a subnet get public addresses unless they say otherwise.
pub(crate) fn maps_public_addresses(scene: &Scene<'_>, id: &str) -> bool {
    scene.here.ec2.subnets.get(id).is_some_and(|subnet| subnet.maps_public)
}

/// The default subnet of a zone, or the first one there is.
pub(crate) fn default_subnet(scene: &Scene<'_>, zone: Option<&str>) -> Option<String> {
    let mut all = scene.here.ec2.subnets.iter().filter(|(_, subnet)| subnet.is_default);
    all.find(|(_, subnet)| zone.is_none_or(|zone| subnet.zone == zone)).map(|(id, _)| id.to_owned())
}

impl Thing for Subnet {
    const KIND: Kind = Kind {
        prefix: "subnet",
        resource: "subnet",
        noun: "subnet ID",
        not_found: "InvalidSubnetID.NotFound",
        malformed: "InvalidSubnetID.Malformed",
    };
    const IDS: &'static str = "SubnetId";
    const SET: &'static str = "subnetSet";
    const FILTERS: &'static [&'static str] = &[
        "availability-zone",
        "availability-zone-id",
        "availabilityZone",
        "availabilityZoneId",
        "available-ip-address-count",
        "cidr",
        "cidr-block",
        "cidrBlock",
        "customer-owned-ipv4-pool",
        "default-for-az",
        "defaultForAz",
        "enable-dns64",
        "enable-lni-at-device-index",
        "ipv6-cidr-block-association.association-id",
        "ipv6-cidr-block-association.ipv6-cidr-block",
        "ipv6-cidr-block-association.state",
        "ipv6-native",
        "map-customer-owned-ip-on-launch",
        "map-public-ip-on-launch",
        "outpost-arn",
        "owner-id",
        "private-dns-name-options-on-launch.enable-resource-name-dns-a-record",
        "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record",
        "private-dns-name-options-on-launch.hostname-type",
        "state",
        "subnet-arn",
        "subnet-id",
        "vpc-id",
    ];

    kept!(subnets);

    fn values(&self, scene: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
        let one = match filter {
            "availability-zone" | "availabilityZone" => self.zone.clone(),
            "availability-zone-id" | "availabilityZoneId" => self.zone_id.clone(),
            "available-ip-address-count" => self.free(scene, id).to_string(),
            "cidr" | "cidr-block" | "cidrBlock" => self.range.to_string(),
            "default-for-az" | "defaultForAz" => self.is_default.to_string(),
            "map-public-ip-on-launch" => self.maps_public.to_string(),
            "enable-dns64"
            | "ipv6-native"
            | "map-customer-owned-ip-on-launch"
            | "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record" => "false".to_owned(),
            "owner-id" => scene.place.account.clone(),
            "private-dns-name-options-on-launch.enable-resource-name-dns-a-record" => self.has_record.to_string(),
            "private-dns-name-options-on-launch.hostname-type" => self.host_names.clone(),
            "state" => "available".to_owned(),
            "subnet-arn" => scene.arn("ec2", &format!("subnet/{id}")),
            "subnet-id" => id.to_owned(),
            "vpc-id" => self.vpc.clone(),
            _ => return Vec::new(),
        };
        vec![one]
    }

    fn show(&self, scene: &Scene<'_>, id: &str) -> Tree {
        object! {
            "subnetId" => id.to_owned(),
            "subnetArn" => scene.arn("ec2", &format!("subnet/{id}")),
            "state" => "available",
            "ownerId" => &scene.place.account,
            "vpcId" => &self.vpc,
            "cidrBlock" => self.range.to_string(),
            "ipv6CidrBlockAssociationSet" => Tree::List("item", Vec::new()),
            "availableIpAddressCount" => self.free(scene, id),
            "availabilityZone" => &self.zone,
            "availabilityZoneId" => &self.zone_id,
            "defaultForAz" => self.is_default,
            "mapPublicIpOnLaunch" => self.maps_public,
            "mapCustomerOwnedIpOnLaunch" => false,
            "assignIpv6AddressOnCreation" => false,
            "enableDns64" => false,
            "ipv6Native" => false,
            "privateDnsNameOptionsOnLaunch" => object! {
                "hostnameType" => &self.host_names,
                "enableResourceNameDnsARecord" => self.has_record,
                "enableResourceNameDnsAAAARecord" => false,
            },
            "blockPublicAccessStates" => object! { "internetGatewayBlockMode" => "off" },
            "tagSet" => self.tags.ec2(),
        }
    }
}

impl Subnet {
    fn new(scene: &mut Scene<'_>, vpc: &str, range: Ipv4Net, zone: Zone, tags: Tags) -> Self {
        Self {
            vpc: vpc.to_owned(),
            range,
            zone: zone.name,
            zone_id: zone.id,
            is_default: false,
            maps_public: false,
            host_names: "ip-name".to_owned(),
            has_record: false,
            acl_association: scene.dice.id("aclassoc"),
            tags,
        }
    }

    /// One of a default VPC.
    pub(super) fn standard(scene: &mut Scene<'_>, vpc: &str, range: Ipv4Net, zone: Zone) -> Self {
        Self { is_default: true, maps_public: true, ..Self::new(scene, vpc, range, zone, Tags::default()) }
    }

    /// How many addresses nobody has.
    pub(super) fn free(&self, scene: &Scene<'_>, id: &str) -> usize {
        let all = 1_usize << (32 - self.range.prefix_len());
        let taken = scene.here.ec2.interfaces.values().filter(|interface| interface.subnet == id).count();
        all.saturating_sub(RESERVED + taken)
    }
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let vpc_id = input.need("VpcId")?;
    let text = input.need("CidrBlock")?;
    let wanted = vpcs::range(text, "cidrBlock")?;
    let tags = tags::<Subnet>(input)?;
    let zone = zones::named(scene, input)?;
    let vpc = need::<Vpc>(scene, vpc_id)?;
    let is_inside = vpc.ranges().any(|range| range.contains(&wanted));
    Scene::ensure(is_inside && (16..=28).contains(&wanted.prefix_len()), || {
        Refusal::new("InvalidSubnet.Range", format!("The CIDR '{text}' is invalid."))
    })?;
    let siblings = || scene.here.ec2.subnets.values().filter(|subnet| subnet.vpc == vpc_id);
    Scene::ensure(!siblings().any(|other| other.range.contains(&wanted) || wanted.contains(&other.range)), || {
        Refusal::new("InvalidSubnet.Conflict", format!("The CIDR '{text}' conflicts with another subnet"))
    })?;
    Scene::ensure(siblings().count() < LIMIT, || {
        Refusal::new("SubnetLimitExceeded", "The maximum number of subnets has been reached.")
    })?;
    // Without a zone AWS chooses one.
    let mut zones = zones::of(&scene.place.region);
    let zone = zone.unwrap_or_else(|| zones.swap_remove(scene.dice.index(zones.len())));
    let subnet = Subnet::new(scene, vpc_id, wanted, zone, tags);
    let id = listing::put(scene, subnet);
    Ok(object! { "subnet" => listing::shown::<Subnet>(scene, &id) })
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("SubnetId")?;
    let value = |name: &str| input.at(name).and_then(|attribute| attribute.flag("Value"));
    let maps_public = value("MapPublicIpOnLaunch");
    let has_record = value("EnableResourceNameDnsARecordOnLaunch");
    let host_names = input.text("PrivateDnsHostnameTypeOnLaunch");
    let unsupported = ["AssignIpv6AddressOnCreation", "EnableDns64", "EnableResourceNameDnsAAAARecordOnLaunch"];
    let others: Vec<Option<bool>> = unsupported.iter().map(|name| value(name)).collect();
    if others.contains(&Some(true)) {
        return Err(invalid(format!(
            "Invalid value 'true'. The subnet '{id}' does not have an associated IPv6 CIDR block."
        )));
    }
    let given = others.iter().flatten().count() + maps_public.iter().count() + has_record.iter().count();
    match given + host_names.iter().count() {
        0 => return Err(missing("mapPublicIpOnLaunch")),
        1 => {}
        _ => {
            let words = "Fields for multiple attribute types specified";
            return Err(Refusal::new("InvalidParameterCombination", words));
        }
    }
    if let Some(kind) = host_names.filter(|kind| !["ip-name", "resource-name"].contains(kind)) {
        return Err(invalid(format!("Invalid value '{kind}' for PrivateDnsHostnameTypeOnLaunch.")));
    }
    let subnet = need_mut::<Subnet>(scene, id)?;
    subnet.maps_public = maps_public.unwrap_or(subnet.maps_public);
    subnet.has_record = has_record.unwrap_or(subnet.has_record);
    host_names.unwrap_or(&subnet.host_names.clone()).clone_into(&mut subnet.host_names);
    Ok(done())
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("SubnetId")?;
    need::<Subnet>(scene, id)?;
    let is_held = scene.here.ec2.interfaces.values().any(|interface| interface.subnet == id);
    Scene::ensure(!is_held, || Subnet::KIND.held(id))?;
    route_tables::forget_subnet(scene, id);
    scene.here.ec2.subnets.remove(id);
    Ok(done())
}
