//! Elastic network interfaces: what holds subnets and security groups, whosever it is.

mod calls;
mod describe;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde::Serialize;

use super::addresses;
use super::listing::{self, Kind, Thing, kept};
use super::security_groups::{self, SecurityGroup};
use super::subnets::Subnet;
use crate::simulator::clock::Moment;
use crate::simulator::output::Tree;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::tags::Tags;

pub(super) use calls::ACTIONS;

/// As many groups as an interface may have (<https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>).
pub(super) const GROUPS: usize = 5;

/// An interface.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Interface {
    pub(super) vpc: String,
    pub(super) subnet: String,
    pub(super) groups: Vec<String>,
    /// `interface`, `nat_gateway`, `vpc_endpoint`.
    kind: &'static str,
    description: String,
    /// Which service made it, if it was not the caller.
    requester: &'static str,
    pub(super) instance: Option<String>,
    attachment: Option<String>,
    made: Moment,
    pub(super) private_ip: Ipv4Addr,
    /// A public address that is not an Elastic IP address.
    public_ip: Option<String>,
    mac: String,
    checks_source: bool,
    tags: Tags,
}

/// An interface that a service wants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish<'a> {
    pub(crate) subnet: &'a str,
    /// Its groups; the default one of the VPC, if there are none.
    pub(crate) groups: &'a [String],
    pub(crate) description: String,
    /// `amazon-elb`, `amazon-rds`; nothing, if it is the caller's own.
    pub(crate) requester: &'static str,
    pub(crate) instance: Option<&'a str>,
}

/// Makes an interface, with a private address out of the subnet's.
///
/// # Errors
/// If the subnet or a group is not there, if they do not fit together, or if the subnet has no address left.
pub(crate) fn attach(scene: &mut Scene<'_>, wish: Wish<'_>) -> Result<String, Refusal> {
    attach_as(scene, wish, "interface")
}

/// The same for an interface of another type.
pub(super) fn attach_as(scene: &mut Scene<'_>, wish: Wish<'_>, kind: &'static str) -> Result<String, Refusal> {
    let subnet = scene.here.ec2.subnets.get(wish.subnet).ok_or_else(|| Subnet::KIND.absent(wish.subnet))?;
    let vpc = subnet.vpc.clone();
    let groups = groups(scene, wish.groups, wish.subnet, &vpc, kind)?;
    let private_ip = draw(scene, wish.subnet)?;
    let is_attached = wish.instance.is_some() || !wish.requester.is_empty();
    let prefix = if wish.instance.is_some() { "eni-attach" } else { "ela-attach" };
    let interface = Interface {
        vpc,
        subnet: wish.subnet.to_owned(),
        groups,
        kind,
        description: wish.description,
        requester: wish.requester,
        instance: wish.instance.map(str::to_owned),
        attachment: is_attached.then(|| scene.dice.id(prefix)),
        made: scene.now,
        private_ip,
        public_ip: None,
        mac: draw_mac(scene),
        checks_source: kind != "nat_gateway",
        tags: Tags::default(),
    };
    Ok(listing::put(scene, interface))
}

/// Takes an interface away. An Elastic IP address on it is free again.
pub(crate) fn detach(scene: &mut Scene<'_>, id: &str) {
    addresses::free_from(scene, id);
    scene.here.ec2.interfaces.remove(id);
}

/// The private address of an interface.
pub(crate) fn private_ip(scene: &Scene<'_>, id: &str) -> Option<String> {
    scene.here.ec2.interfaces.get(id).map(|interface| interface.private_ip.to_string())
}

/// The public address on an interface, whosever it is.
pub(crate) fn public_ip(scene: &Scene<'_>, id: &str) -> Option<String> {
    let own = || scene.here.ec2.interfaces.get(id)?.public_ip.clone();
    addresses::on(scene, id).map(|(_, address, _)| address.to_owned()).or_else(own)
}

/// The hardware address of an interface.
pub(crate) fn mac(scene: &Scene<'_>, id: &str) -> Option<String> {
    scene.here.ec2.interfaces.get(id).map(|interface| interface.mac.clone())
}

/// The id under which an interface is attached.
pub(crate) fn attachment(scene: &Scene<'_>, id: &str) -> Option<String> {
    scene.here.ec2.interfaces.get(id)?.attachment.clone()
}

/// Gives an interface a public address that is not an Elastic IP address, or takes it away.
pub(crate) fn set_public_ip(scene: &mut Scene<'_>, id: &str, address: Option<String>) {
    if let Some(interface) = scene.here.ec2.interfaces.get_mut(id) {
        interface.public_ip = address;
    }
}

/// Gives an interface other groups.
pub(crate) fn set_groups(scene: &mut Scene<'_>, id: &str, groups: &[String]) {
    if let Some(interface) = scene.here.ec2.interfaces.get_mut(id) {
        interface.groups = groups.to_vec();
    }
}

/// The tags of an interface, to be changed.
pub(crate) fn tags<'a>(scene: &'a mut Scene<'_>, id: &str) -> Option<&'a mut Tags> {
    // Its maker knows it before callers see it.
    scene.here.ec2.interfaces.get_mut(id).map(Thing::tags_mut)
}

/// The interface of an instance.
pub(super) fn of_instance(scene: &Scene<'_>, instance: &str) -> Option<String> {
    let mut all = scene.here.ec2.interfaces.iter();
    all.find(|(_, interface)| interface.instance.as_deref() == Some(instance)).map(|(id, _)| id.to_owned())
}

/// Whether anything in a VPC has a public address.
pub(super) fn any_public(scene: &Scene<'_>, vpc: &str) -> bool {
    let mut all = scene.here.ec2.interfaces.iter().filter(|(_, interface)| interface.vpc == vpc);
    all.any(|(id, interface)| interface.public_ip.is_some() || addresses::on(scene, id).is_some())
}

impl Interface {
    /// Whether a service looks after it, so that callers may not.
    pub(super) fn is_managed(&self) -> bool {
        !self.requester.is_empty()
    }
}

/// The groups of a new interface, all of which are there and in its VPC.
fn groups(scene: &Scene<'_>, given: &[String], subnet: &str, vpc: &str, kind: &str) -> Result<Vec<String>, Refusal> {
    for group in given {
        let found = scene.here.ec2.security_groups.get(group).ok_or_else(|| SecurityGroup::KIND.absent(group))?;
        Scene::ensure(found.vpc == vpc, || {
            let words = format!("Security group {group} and subnet {subnet} belong to different networks.");
            Refusal::new("InvalidParameter", words)
        })?;
    }
    Scene::ensure(given.len() <= GROUPS, || {
        let words = "The maximum number of security groups per interface has been reached.";
        Refusal::new("SecurityGroupsPerInterfaceLimitExceeded", words)
    })?;
    if given.is_empty() && kind != "nat_gateway" {
        return Ok(security_groups::default_group(scene, vpc).into_iter().collect());
    }
    Ok(given.to_vec())
}

/// A free address of a subnet.
fn draw(scene: &mut Scene<'_>, subnet_id: &str) -> Result<Ipv4Addr, Refusal> {
    let none = || {
        let words = format!(
            "There are not enough free addresses in subnet '{subnet_id}' to satisfy the requested number of interfaces."
        );
        Refusal::new("InsufficientFreeAddressesInSubnet", words)
    };
    let subnet = scene.here.ec2.subnets.get(subnet_id).ok_or_else(none)?;
    let start = u32::from(subnet.range.network());
    let span = 1_u32 << (32 - subnet.range.prefix_len());
    let interfaces = scene.here.ec2.interfaces.values().filter(|interface| interface.subnet == subnet_id);
    let taken: BTreeSet<u32> = interfaces.map(|interface| u32::from(interface.private_ip)).collect();
    // The first four addresses and the last one are AWS's.
    let usable = span - 5;
    let first = u32::try_from(scene.dice.between(0, u64::from(usable) - 1)).unwrap_or_default();
    let mut candidates = (0..usable).map(|step| start + 4 + (first + step) % usable);
    candidates.find(|address| !taken.contains(address)).map(Ipv4Addr::from).ok_or_else(none)
}

fn draw_mac(scene: &mut Scene<'_>) -> String {
    let mut pair = || scene.dice.hex(2);
    format!("06:{}:{}:{}:{}:{}", pair(), pair(), pair(), pair(), pair())
}

impl Thing for Interface {
    const KIND: Kind = Kind {
        prefix: "eni",
        resource: "network-interface",
        noun: "networkInterface ID",
        not_found: "InvalidNetworkInterfaceID.NotFound",
        malformed: "InvalidNetworkInterfaceId.Malformed",
    };
    const IDS: &'static str = "NetworkInterfaceId";
    const SET: &'static str = "networkInterfaceSet";
    const FILTERS: &'static [&'static str] = describe::FILTERS;

    kept!(interfaces);

    fn values(&self, scene: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
        describe::values(self, scene, id, filter)
    }

    fn show(&self, scene: &Scene<'_>, id: &str) -> Tree {
        describe::show(self, scene, id)
    }
}
