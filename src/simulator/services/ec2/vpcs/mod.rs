//! VPCs, and what each begins with.

mod attributes;
mod furnish;

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::Serialize;

use super::internet_gateways;
use super::listing::{self, Kind, Thing, done, kept, need, tags};
use super::network_acls::NetworkAcl;
use super::route_tables::RouteTable;
use super::security_groups::{self, SecurityGroup};
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::shelf::Shelf;
use crate::simulator::tags::Tags;

pub(super) use attributes::{ACTIONS as ATTRIBUTES, DhcpOptions};
pub(super) use furnish::furnish;

/// What can be done with VPCs.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateVpc", create),
    action("CreateDefaultVpc", furnish::create),
    action("DescribeVpcs", listing::describe::<Vpc>),
    action("DeleteVpc", delete),
];

/// As many as a region may have (<https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>).
const LIMIT: usize = 5;

/// From here on addresses are for groups, or for nobody.
const FIRST_MULTICAST: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 0);

/// A VPC.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Vpc {
    /// Its ranges, the first of which it was made with.
    ranges: Vec<Range>,
    tenancy: String,
    dhcp_options: String,
    pub(super) is_default: bool,
    pub(super) resolves_names: bool,
    pub(super) names_hosts: bool,
    measures_usage: bool,
    tags: Tags,
}

/// A range of a VPC.
#[derive(Clone, Debug, Serialize)]
struct Range {
    id: String,
    range: Ipv4Net,
}

/// Whether there is such a VPC.
pub(crate) fn vpc_exists(scene: &Scene<'_>, id: &str) -> bool {
    scene.here.ec2.vpcs.seen(id, scene.sight).is_some()
}

/// The default VPC, if there still is one.
pub(super) fn default_vpc(scene: &Scene<'_>) -> Option<String> {
    scene.here.ec2.vpcs.iter().find(|(_, vpc)| vpc.is_default).map(|(id, _)| id.to_owned())
}

/// What a text means that should be a range; the bits beyond its length do not count, as EC2 has it.
///
/// # Errors
/// In the words of EC2, if it is none.
pub(super) fn range(text: &str, parameter: &str) -> Result<Ipv4Net, Refusal> {
    let parsed = text.contains('/').then(|| text.parse::<Ipv4Net>().ok()).flatten();
    parsed.map(|range| range.trunc()).ok_or_else(|| {
        invalid(format!("Value ({text}) for parameter {parameter} is invalid. This is not a valid CIDR block."))
    })
}

impl Thing for Vpc {
    const KIND: Kind = Kind {
        prefix: "vpc",
        resource: "vpc",
        noun: "vpc ID",
        not_found: "InvalidVpcID.NotFound",
        malformed: "InvalidVpcID.Malformed",
    };
    const IDS: &'static str = "VpcId";
    const SET: &'static str = "vpcSet";
    const FILTERS: &'static [&'static str] = &[
        "cidr",
        "cidr-block",
        "cidrBlock",
        "cidr-block-association.association-id",
        "cidr-block-association.cidr-block",
        "cidr-block-association.state",
        "dhcp-options-id",
        "dhcpOptionsId",
        "ipv6-cidr-block-association.association-id",
        "ipv6-cidr-block-association.ipv6-cidr-block",
        "ipv6-cidr-block-association.ipv6-pool",
        "ipv6-cidr-block-association.state",
        "is-default",
        "isDefault",
        "owner-id",
        "state",
        "vpc-id",
    ];

    kept!(vpcs);

    fn values(&self, scene: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
        let one = match filter {
            "cidr" | "cidr-block" | "cidrBlock" => self.range().to_string(),
            "cidr-block-association.association-id" => return self.ranges.iter().map(|it| it.id.clone()).collect(),
            "cidr-block-association.cidr-block" => return self.ranges.iter().map(|it| it.range.to_string()).collect(),
            "cidr-block-association.state" => "associated".to_owned(),
            "dhcp-options-id" | "dhcpOptionsId" => self.dhcp_options.clone(),
            "is-default" | "isDefault" => self.is_default.to_string(),
            "owner-id" => scene.place.account.clone(),
            "state" => "available".to_owned(),
            "vpc-id" => id.to_owned(),
            _ => return Vec::new(),
        };
        vec![one]
    }

    fn show(&self, scene: &Scene<'_>, id: &str) -> Tree {
        self.show_as(scene, id, "available")
    }
}

impl Vpc {
    /// The range it was made with.
    fn range(&self) -> Ipv4Net {
        self.ranges.first().map(|it| it.range).unwrap_or_default()
    }

    /// All its ranges.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Ipv4Net> {
        self.ranges.iter().map(|it| it.range)
    }

    fn show_as(&self, scene: &Scene<'_>, id: &str, state: &'static str) -> Tree {
        object! {
            "vpcId" => id.to_owned(),
            "ownerId" => &scene.place.account,
            "state" => state,
            "cidrBlock" => self.range().to_string(),
            "cidrBlockAssociationSet" => items(self.ranges.iter().map(Range::show)),
            "dhcpOptionsId" => &self.dhcp_options,
            "instanceTenancy" => &self.tenancy,
            "isDefault" => self.is_default,
            "blockPublicAccessStates" => object! { "internetGatewayBlockMode" => "off" },
            "tagSet" => self.tags.ec2(),
        }
    }
}

impl Range {
    fn show(&self) -> Tree {
        object! {
            "associationId" => &self.id,
            "cidrBlock" => self.range.to_string(),
            "cidrBlockState" => object! { "state" => "associated" },
        }
    }
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let wanted = own_range(input.need("CidrBlock")?)?;
    let tenancy = input.text_or("InstanceTenancy", "default");
    if input.flag("AmazonProvidedIpv6CidrBlock") == Some(true) {
        return Err(Refusal::new("UnsupportedOperation", "The simulator has no IPv6"));
    }
    let tags = tags::<Vpc>(input)?;
    Scene::ensure(["default", "dedicated"].contains(&tenancy.as_str()), || {
        invalid(format!("Value ({tenancy}) for parameter instanceTenancy is invalid."))
    })?;
    Scene::ensure(scene.here.ec2.vpcs.len() < LIMIT, || {
        Refusal::new("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
    })?;
    let id = make(scene, wanted, tenancy, false, tags);
    // The answer has the list of IPv6 ranges also when it is empty; `DescribeVpcs` then leaves it out.
    let shown = scene.here.ec2.vpcs.get(&id).map(|vpc| {
        vpc.show_as(scene, &id, "pending").with("ipv6CidrBlockAssociationSet", Tree::List("item", Vec::new()))
    });
    Ok(object! { "vpc" => shown })
}

/// A range that a VPC may have: between /16 and /28, and none that means something else everywhere
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html>).
fn own_range(text: &str) -> Result<Ipv4Net, Refusal> {
    let wanted = range(text, "cidrBlock")?;
    let address = wanted.network();
    let is_reserved = address.is_loopback()
        || address.is_link_local()
        || address.octets().starts_with(&[0])
        || address >= FIRST_MULTICAST;
    Scene::ensure((16..=28).contains(&wanted.prefix_len()) && !is_reserved, || {
        Refusal::new("InvalidVpc.Range", format!("The CIDR '{text}' is invalid."))
    })?;
    Ok(wanted)
}

/// A VPC with its main route table, default security group and default network ACL.
fn make(scene: &mut Scene<'_>, wanted: Ipv4Net, tenancy: String, is_default: bool, tags: Tags) -> String {
    let ranges = vec![Range { id: scene.dice.id("vpc-cidr-assoc"), range: wanted }];
    let vpc = Vpc {
        ranges,
        tenancy,
        dhcp_options: attributes::default_options(scene),
        is_default,
        resolves_names: true,
        names_hosts: is_default,
        measures_usage: false,
        tags,
    };
    let id = listing::put(scene, vpc);
    let main = RouteTable::main(scene, &id);
    listing::put(scene, main);
    listing::put(scene, NetworkAcl::standard(&id));
    let group = listing::put(scene, SecurityGroup::standard(&id));
    security_groups::begin_default(scene, &group);
    id
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("VpcId")?;
    need::<Vpc>(scene, id)?;
    Scene::ensure(!is_held(scene, id), || Vpc::KIND.held(id))?;
    let state = &mut scene.here.ec2;
    drop_all(&mut state.route_tables, |table| table.vpc == id);
    drop_all(&mut state.network_acls, |acl| acl.vpc == id);
    let groups = drop_all(&mut state.security_groups, |group| group.vpc == id);
    drop_all(&mut state.security_group_rules, |rule| groups.contains(&rule.group));
    state.vpcs.remove(id);
    Ok(done())
}

/// Whether there is anything in a VPC that it was not made with.
fn is_held(scene: &Scene<'_>, id: &str) -> bool {
    let state = &scene.here.ec2;
    state.subnets.values().any(|subnet| subnet.vpc == id)
        || internet_gateways::of_vpc(scene, id).is_some()
        || state.security_groups.values().any(|group| group.vpc == id && !group.is_default())
        || state.route_tables.values().any(|table| table.vpc == id && !table.is_main())
        || state.network_acls.values().any(|acl| acl.vpc == id && !acl.is_default)
        || state.endpoints.values().any(|endpoint| endpoint.vpc == id)
        || state.interfaces.values().any(|interface| interface.vpc == id)
}

/// Takes away all things that are so, and says which.
fn drop_all<T: Thing>(shelf: &mut Shelf<T>, is_so: impl Fn(&T) -> bool) -> Vec<String> {
    let gone: Vec<String> = shelf.iter().filter(|(_, thing)| is_so(thing)).map(|(id, _)| id.to_owned()).collect();
    for id in &gone {
        shelf.remove(id);
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_between_16_and_28_and_their_last_bits_do_not_count() {
        assert_eq!(own_range("10.1.2.3/16").ok(), "10.1.0.0/16".parse().ok());
        let code = |text: &str| own_range(text).err().map(|refusal| refusal.code.to_string());
        for wrong in ["10.0.0.0/15", "10.0.0.0/29", "127.0.0.0/16", "169.254.0.0/16", "224.0.0.0/16", "0.0.0.0/16"] {
            assert_eq!(code(wrong).as_deref(), Some("InvalidVpc.Range"), "{wrong}");
        }
        for wrong in ["ten", "10.0.0.0", "10.0.0.0/33"] {
            assert_eq!(code(wrong).as_deref(), Some("InvalidParameterValue"), "{wrong}");
        }
    }
}
