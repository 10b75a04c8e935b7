//! What can be changed of a VPC: how it resolves names, its further ranges, its DHCP options.

use serde::Serialize;

use super::{Range, Vpc, own_range};
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::listing::{self, Kind, Thing, done, kept, need, need_mut};
use crate::simulator::tags::Tags;

/// What can be changed.
pub(in super::super) const ACTIONS: &[Action] = &[
    action("ModifyVpcAttribute", modify),
    action("DescribeVpcAttribute", describe),
    action("AssociateVpcCidrBlock", associate),
    action("DisassociateVpcCidrBlock", disassociate),
    action("DescribeDhcpOptions", listing::describe::<DhcpOptions>),
    action("AssociateDhcpOptions", associate_options),
];

/// As many ranges as a VPC may have (<https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>).
const RANGES: usize = 5;

/// What the instances of a VPC learn about their network.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DhcpOptions {
    values: Vec<(&'static str, String)>,
    tags: Tags,
}

impl Thing for DhcpOptions {
    const KIND: Kind = Kind {
        prefix: "dopt",
        resource: "dhcp-options",
        noun: "dhcpOption ID",
        not_found: "InvalidDhcpOptionID.NotFound",
        malformed: "InvalidDhcpOptionsId.Malformed",
    };
    const IDS: &'static str = "DhcpOptionsId";
    const SET: &'static str = "dhcpOptionsSet";
    const FILTERS: &'static [&'static str] = &["dhcp-options-id", "key", "owner-id", "value"];

    kept!(dhcp_options);

    fn values(&self, scene: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
        match filter {
            "dhcp-options-id" => vec![id.to_owned()],
            "key" => self.values.iter().map(|(key, _)| (*key).to_owned()).collect(),
            "value" => self.values.iter().map(|(_, value)| value.clone()).collect(),
            _ => vec![scene.place.account.clone()],
        }
    }

    fn show(&self, scene: &Scene<'_>, id: &str) -> Tree {
        let values = self.values.iter().map(|(key, value)| {
            object! { "key" => *key, "valueSet" => items([object! { "value" => value }]) }
        });
        object! {
            "dhcpOptionsId" => id.to_owned(),
            "dhcpConfigurationSet" => items(values),
            "ownerId" => &scene.place.account,
            "tagSet" => self.tags.ec2(),
        }
    }
}

/// The options that every region has from the start.
pub(super) fn default_options(scene: &mut Scene<'_>) -> String {
    if let Some((id, _)) = scene.here.ec2.dhcp_options.iter().next() {
        return id.to_owned();
    }
    let domain = match scene.place.region.as_str() {
        "us-east-1" => "ec2.internal".to_owned(),
        region => format!("{region}.compute.internal"),
    };
    let values = vec![("domain-name", domain), ("domain-name-servers", "AmazonProvidedDNS".to_owned())];
    listing::put(scene, DhcpOptions { values, tags: Tags::default() })
}

/// The attributes, one of which a call may change.
const ATTRIBUTES: [&str; 3] = ["EnableDnsSupport", "EnableDnsHostnames", "EnableNetworkAddressUsageMetrics"];

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("VpcId")?;
    let given = ATTRIBUTES.map(|name| input.at(name).and_then(|attribute| attribute.flag("Value")));
    match given.iter().flatten().count() {
        0 => return Err(missing("enableDnsSupport")),
        1 => {}
        _ => {
            let words = "Fields for multiple attribute types specified";
            return Err(Refusal::new("InvalidParameterCombination", words));
        }
    }
    let [support, hostnames, usage] = given;
    let vpc = need_mut::<Vpc>(scene, id)?;
    if hostnames == Some(true) && !vpc.resolves_names {
        return Err(invalid("Enabling DNS hostnames requires DNS support to be enabled"));
    }
    vpc.resolves_names = support.unwrap_or(vpc.resolves_names);
    vpc.names_hosts = hostnames.unwrap_or(vpc.names_hosts);
    vpc.measures_usage = usage.unwrap_or(vpc.measures_usage);
    Ok(done())
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, attribute) = (input.need("VpcId")?, input.need("Attribute")?);
    let vpc = need::<Vpc>(scene, id)?;
    let (name, value) = match attribute {
        "enableDnsSupport" => ("enableDnsSupport", vpc.resolves_names),
        "enableDnsHostnames" => ("enableDnsHostnames", vpc.names_hosts),
        "enableNetworkAddressUsageMetrics" => ("enableNetworkAddressUsageMetrics", vpc.measures_usage),
        _ => return Err(invalid(format!("Value ({attribute}) for parameter attribute is invalid."))),
    };
    Ok(object! { "vpcId" => id.to_owned(), name => object! { "value" => value } })
}

fn associate(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("VpcId")?;
    let wanted = own_range(input.need("CidrBlock")?)?;
    let vpc = need::<Vpc>(scene, id)?;
    if vpc.ranges().any(|other| other.contains(&wanted) || wanted.contains(&other)) {
        let words = format!("The CIDR '{wanted}' conflicts with another subnet");
        return Err(Refusal::new("InvalidVpc.Range", words));
    }
    if vpc.ranges.len() >= RANGES {
        let words = "This network has met its maximum number of allowed CIDRs: 5";
        return Err(Refusal::new("CidrLimitExceeded", words));
    }
    let range = Range { id: scene.dice.id("vpc-cidr-assoc"), range: wanted };
    let shown = range.show();
    need_mut::<Vpc>(scene, id)?.ranges.push(range);
    Ok(object! { "vpcId" => id.to_owned(), "cidrBlockAssociation" => shown })
}

fn disassociate(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let association = input.need("AssociationId")?;
    let found = scene.here.ec2.vpcs.iter().find_map(|(id, vpc)| {
        let index = vpc.ranges.iter().position(|range| range.id == association)?;
        Some((id.to_owned(), index, vpc.ranges.get(index)?.clone()))
    });
    let (id, index, range) = found.ok_or_else(|| {
        let words = format!("The vpc CIDR block association ID '{association}' does not exist");
        Refusal::new("InvalidVpcCidrBlockAssociationID.NotFound", words)
    })?;
    if index == 0 {
        let words = format!(
            "The vpc CIDR block with association ID {association} may not be disassociated. It is the primary IPv4 CIDR block of the VPC"
        );
        return Err(Refusal::new("OperationNotPermitted", words));
    }
    let mut subnets = scene.here.ec2.subnets.values().filter(|subnet| subnet.vpc == id);
    if subnets.any(|subnet| range.range.contains(&subnet.range)) {
        let words = format!("The vpc CIDR block {} is in use.", range.range);
        return Err(Refusal::new("InvalidCidrBlock.InUse", words));
    }
    if let Some(vpc) = scene.here.ec2.vpcs.get_mut(&id) {
        vpc.ranges.remove(index);
    }
    Ok(object! { "vpcId" => id, "cidrBlockAssociation" => range.show() })
}

fn associate_options(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, options) = (input.need("VpcId")?, input.need("DhcpOptionsId")?);
    need::<Vpc>(scene, id)?;
    if options != "default" {
        need::<DhcpOptions>(scene, options)?;
    }
    options.clone_into(&mut need_mut::<Vpc>(scene, id)?.dhcp_options);
    Ok(done())
}
