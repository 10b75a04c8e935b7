//! Interfaces as `DescribeNetworkInterfaces` shows them.

use super::Interface;
use crate::simulator::output::{Tree, items, object};
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::listing::Thing as _;
use crate::simulator::services::ec2::{addresses, security_groups, subnets};

/// The names of filters.
pub(super) const FILTERS: &[&str] = &[
    "addresses.association.owner-id",
    "addresses.association.public-ip",
    "addresses.primary",
    "addresses.private-ip-address",
    "association.allocation-id",
    "association.association-id",
    "association.ip-owner-id",
    "association.public-dns-name",
    "association.public-ip",
    "attachment.attach-time",
    "attachment.attachment-id",
    "attachment.delete-on-termination",
    "attachment.device-index",
    "attachment.instance-id",
    "attachment.instance-owner-id",
    "attachment.status",
    "availability-zone",
    "availability-zone-id",
    "description",
    "group-id",
    "group-name",
    "interface-type",
    "ipv6-addresses.ipv6-address",
    "mac-address",
    "network-interface-id",
    "operator.managed",
    "operator.principal",
    "owner-id",
    "private-dns-name",
    "private-ip-address",
    "requester-id",
    "requester-managed",
    "source-dest-check",
    "status",
    "subnet-id",
    "vpc-id",
];

/// A public address on an interface.
struct Public {
    ip: String,
    owner: String,
    allocation: Option<String>,
    association: Option<String>,
}

impl Public {
    fn of(scene: &Scene<'_>, id: &str, interface: &Interface) -> Option<Self> {
        if let Some((allocation, address, association)) = addresses::on(scene, id) {
            return Some(Self {
                ip: address.to_owned(),
                owner: scene.place.account.clone(),
                allocation: Some(allocation.to_owned()),
                association: Some(association.to_owned()),
            });
        }
        let ip = interface.public_ip.clone()?;
        Some(Self { ip, owner: "amazon".to_owned(), allocation: None, association: None })
    }

    fn name(&self, scene: &Scene<'_>) -> String {
        let domain = match scene.place.region.as_str() {
            "us-east-1" => "compute-1".to_owned(),
            region => format!("{region}.compute"),
        };
        format!("ec2-{}.{domain}.amazonaws.com", self.ip.replace('.', "-"))
    }

    fn show(&self, scene: &Scene<'_>) -> Tree {
        object! {
            "publicIp" => &self.ip,
            "publicDnsName" => self.name(scene),
            "ipOwnerId" => &self.owner,
            "allocationId" => self.allocation.clone(),
            "associationId" => self.association.clone(),
        }
    }
}

fn private_name(scene: &Scene<'_>, interface: &Interface) -> String {
    let domain = match scene.place.region.as_str() {
        "us-east-1" => "ec2.internal".to_owned(),
        region => format!("{region}.compute.internal"),
    };
    format!("ip-{}.{domain}", interface.private_ip.to_string().replace('.', "-"))
}

/// Who the machine belongs to that an interface is attached to.
fn attached_owner(scene: &Scene<'_>, interface: &Interface) -> String {
    if interface.is_managed() { interface.requester.to_owned() } else { scene.place.account.clone() }
}

fn status(interface: &Interface) -> &'static str {
    if interface.attachment.is_some() { "in-use" } else { "available" }
}

/// What one has for a filter.
pub(super) fn values(interface: &Interface, scene: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
    let public = |value: &dyn Fn(Public) -> Option<String>| {
        Public::of(scene, id, interface).and_then(value).into_iter().collect::<Vec<_>>()
    };
    let attached = |value: String| interface.attachment.iter().map(|_| value.clone()).collect::<Vec<_>>();
    let one = match filter {
        "addresses.association.owner-id" | "association.ip-owner-id" => return public(&|it| Some(it.owner)),
        "addresses.association.public-ip" | "association.public-ip" => return public(&|it| Some(it.ip)),
        "association.allocation-id" => return public(&|it| it.allocation),
        "association.association-id" => return public(&|it| it.association),
        "association.public-dns-name" => return public(&|it| Some(it.name(scene))),
        "addresses.primary" => "true".to_owned(),
        "addresses.private-ip-address" | "private-ip-address" => interface.private_ip.to_string(),
        "attachment.attach-time" => return attached(interface.made.iso()),
        "attachment.attachment-id" => return interface.attachment.iter().cloned().collect(),
        "attachment.delete-on-termination" => return attached(interface.instance.is_some().to_string()),
        "attachment.device-index" => return attached(device_index(interface).to_string()),
        "attachment.instance-id" => return interface.instance.iter().cloned().collect(),
        "attachment.instance-owner-id" => return attached(attached_owner(scene, interface)),
        "attachment.status" => return attached("attached".to_owned()),
        "availability-zone" => return subnets::zone_of_subnet(scene, &interface.subnet).into_iter().collect(),
        "availability-zone-id" => return subnets::zone_id_of_subnet(scene, &interface.subnet).into_iter().collect(),
        "description" => interface.description.clone(),
        "group-id" => return interface.groups.clone(),
        "group-name" => {
            let names = interface.groups.iter().filter_map(|group| security_groups::group_name(scene, group));
            return names.collect();
        }
        "interface-type" => interface.kind.to_owned(),
        "mac-address" => interface.mac.clone(),
        "network-interface-id" => id.to_owned(),
        "operator.managed" => "false".to_owned(),
        "owner-id" => scene.place.account.clone(),
        "private-dns-name" => private_name(scene, interface),
        "requester-id" if interface.is_managed() => interface.requester.to_owned(),
        "requester-managed" => interface.is_managed().to_string(),
        "source-dest-check" => interface.checks_source.to_string(),
        "status" => status(interface).to_owned(),
        "subnet-id" => interface.subnet.clone(),
        "vpc-id" => interface.vpc.clone(),
        _ => return Vec::new(),
    };
    vec![one]
}

/// The first interface of an instance is number 0; those of services are number 1.
fn device_index(interface: &Interface) -> u16 {
    u16::from(interface.is_managed())
}

/// One interface.
pub(super) fn show(interface: &Interface, scene: &Scene<'_>, id: &str) -> Tree {
    let public = Public::of(scene, id, interface).map(|public| public.show(scene));
    let address = object! {
        "privateIpAddress" => interface.private_ip.to_string(),
        "privateDnsName" => private_name(scene, interface),
        "primary" => true,
        "association" => public.clone(),
    };
    let attachment = interface.attachment.as_ref().map(|attachment| {
        object! {
            "attachmentId" => attachment,
            "instanceId" => interface.instance.clone(),
            "instanceOwnerId" => attached_owner(scene, interface),
            "deviceIndex" => device_index(interface),
            "networkCardIndex" => 0_u16,
            "status" => "attached",
            "attachTime" => interface.made,
            "deleteOnTermination" => interface.instance.is_some(),
        }
    });
    object! {
        "networkInterfaceId" => id.to_owned(),
        "subnetId" => &interface.subnet,
        "vpcId" => &interface.vpc,
        "availabilityZone" => subnets::zone_of_subnet(scene, &interface.subnet),
        "availabilityZoneId" => subnets::zone_id_of_subnet(scene, &interface.subnet),
        "description" => &interface.description,
        "ownerId" => &scene.place.account,
        "requesterId" => interface.is_managed().then_some(interface.requester),
        "requesterManaged" => interface.is_managed(),
        "status" => status(interface),
        "macAddress" => &interface.mac,
        "privateIpAddress" => interface.private_ip.to_string(),
        "privateDnsName" => private_name(scene, interface),
        "sourceDestCheck" => interface.checks_source,
        "groupSet" => security_groups::show_groups(scene, &interface.groups),
        "attachment" => attachment,
        "association" => public,
        "privateIpAddressesSet" => items([address]),
        "ipv6AddressesSet" => Tree::List("item", Vec::new()),
        "interfaceType" => interface.kind,
        "operator" => object! { "managed" => false },
        "tagSet" => interface.tags().ec2_list(),
    }
}
