//! Permissions as callers write them: protocol and ports, and ranges, groups or prefix lists that may use them.

use std::net::IpAddr;

use ipnet::{Ipv4Net, Ipv6Net};
use serde::Serialize;

use super::{SecurityGroup, by_name};
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::listing::need;

/// What may pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(in super::super) struct What {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.
    pub(super) protocol: String,
    /// The ports, or the type and code of ICMP; nothing, where the protocol is all or has none.
    pub(super) ports: Option<(i64, i64)>,
}

/// Whom it may pass from or to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(in super::super) enum Who {
    Ipv4(String),
    Ipv6(String),
    Group(String),
    PrefixList(String),
}

impl Who {
    /// The list it is in, in the answer of `DescribeSecurityGroups`.
    pub(super) fn list(&self) -> &'static str {
        match self {
            Self::Ipv4(_) => "ipRanges",
            Self::Ipv6(_) => "ipv6Ranges",
            Self::Group(_) => "groups",
            Self::PrefixList(_) => "prefixListIds",
        }
    }
}

/// A permission for one of those it is given to, and what is said about it.
#[derive(Clone, Debug)]
pub(super) struct Permission {
    pub(super) what: What,
    pub(super) who: Who,
    pub(super) description: Option<String>,
}

impl What {
    /// `IpProtocol`, `FromPort` and `ToPort`.
    pub(super) fn read(input: &Input) -> Result<Self, Refusal> {
        let protocol = match input.need("IpProtocol")?.to_ascii_lowercase().as_str() {
            "all" | "-1" => "-1".to_owned(),
            "6" => "tcp".to_owned(),
            "17" => "udp".to_owned(),
            "1" => "icmp".to_owned(),
            "58" => "icmpv6".to_owned(),
            known @ ("tcp" | "udp" | "icmp" | "icmpv6") => known.to_owned(),
            number if number.parse::<u8>().is_ok() => number.to_owned(),
            other => return Err(invalid(format!("Invalid value '{other}' for IP protocol. Unknown protocol."))),
        };
        let (from, to) = (input.whole("FromPort")?, input.whole("ToPort")?);
        let ports = match protocol.as_str() {
            "tcp" | "udp" => {
                let (Some(from), Some(to)) = (from, to) else {
                    let words = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.";
                    return Err(invalid(words));
                };
                if !(0..=65535).contains(&from) || !(0..=65535).contains(&to) || from > to {
                    return Err(invalid(format!(
                        "Invalid value '{from}-{to}' for portRange. Ports must be from 0 to 65535, in order."
                    )));
                }
                Some((from, to))
            }
            "icmp" | "icmpv6" => Some((from.unwrap_or(-1), to.unwrap_or(-1))),
            // With any other protocol all ports are meant, whatever is said.
            _ => None,
        };
        Ok(Self { protocol, ports })
    }
}

/// All permissions of a call, one for each range, group and list: `IpPermissions`, or the parameters of a single one.
pub(super) fn read(scene: &Scene<'_>, input: &Input) -> Result<Vec<Permission>, Refusal> {
    let mut found = Vec::new();
    if input.has("IpPermissions") {
        for one in input.list("IpPermissions") {
            found.extend(of(scene, one)?);
        }
    } else if input.has("IpProtocol") {
        let what = What::read(input)?;
        let who = match (input.text("CidrIp"), input.text("SourceSecurityGroupName")) {
            (Some(range), _) => Who::Ipv4(ipv4(range)?),
            (None, Some(name)) => Who::Group(by_name(scene, name)?),
            (None, None) => return Err(missing("CidrIp or SourceSecurityGroupName")),
        };
        found.push(Permission { what, who, description: None });
    }
    if found.is_empty() {
        let words = "The request must contain the parameter ipPermissions with at least one source or destination";
        return Err(Refusal::new("MissingParameter", words));
    }
    Ok(found)
}

fn of(scene: &Scene<'_>, one: &Input) -> Result<Vec<Permission>, Refusal> {
    let what = What::read(one)?;
    let mut found = Vec::new();
    let mut give = |who: Who, input: &Input| {
        found.push(Permission { what: what.clone(), who, description: input.text("Description").map(str::to_owned) });
    };
    for range in one.list("IpRanges") {
        give(Who::Ipv4(ipv4(range.need("CidrIp")?)?), range);
    }
    for range in one.list("Ipv6Ranges") {
        give(Who::Ipv6(ipv6(range.need("CidrIpv6")?)?), range);
    }
    for list in one.list("PrefixListIds") {
        give(Who::PrefixList(list.need("PrefixListId")?.to_owned()), list);
    }
    for group in one.list("Groups") {
        group.text("UserId");
        let id = match group.text("GroupId") {
            Some(id) => need::<SecurityGroup>(scene, id).map(|_| id.to_owned())?,
            None => by_name(scene, group.need("GroupName")?)?,
        };
        give(Who::Group(id), group);
    }
    Ok(found)
}

/// A range of addresses. Bits behind the mask are cleared, as EC2 does.
pub(super) fn ipv4(text: &str) -> Result<String, Refusal> {
    let range = text.parse::<Ipv4Net>().map(|range| range.trunc().to_string());
    range.map_err(|_| invalid(format!("CIDR block {text} is malformed")))
}

pub(super) fn ipv6(text: &str) -> Result<String, Refusal> {
    let is_range = text.split('/').next().and_then(|address| address.parse::<IpAddr>().ok()).is_some();
    let range = text.parse::<Ipv6Net>().map(|range| range.trunc().to_string());
    range.map_err(|_| {
        invalid(format!("CIDR block {text} is malformed{}", if is_range { ": it is not of version 6" } else { "" }))
    })
}
