//! What a rule says: which traffic, and from or to whom.

use ipnet::Ipv6Net;
use serde::Serialize;

use super::{SecurityGroup, by_name};
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::endpoints;
use crate::simulator::services::ec2::listing::need;
use crate::simulator::services::ec2::vpcs;

/// Which traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in super::super) struct Traffic {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.
    pub(super) protocol: String,
    /// From and to; for ICMP its type and code. None, if the protocol has none.
    pub(super) ports: Option<(i64, i64)>,
}

/// From or to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in super::super) enum Peer {
    Ipv4(String),
    Ipv6(String),
    Group(String),
    PrefixList(String),
}

/// A rule that a call speaks of.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) what: Traffic,
    pub(super) who: Peer,
    pub(super) description: Option<String>,
}

impl Traffic {
    /// From `IpProtocol`, `FromPort` and `ToPort`.
    pub(super) fn read(input: &Input) -> Result<Self, Refusal> {
        let protocol = match input.need("IpProtocol")?.to_ascii_lowercase().as_str() {
            "6" => "tcp".to_owned(),
            "17" => "udp".to_owned(),
            "1" => "icmp".to_owned(),
            "58" => "icmpv6".to_owned(),
            "all" => "-1".to_owned(),
            other => other.to_owned(),
        };
        let (from, to) = (input.whole("FromPort")?, input.whole("ToPort")?);
        let ports = match protocol.as_str() {
            "tcp" | "udp" => Some(ports(from, to)?),
            "icmp" | "icmpv6" => Some((from.unwrap_or(-1), to.unwrap_or(-1))),
            other => {
                let is_number = other == "-1" || other.parse::<u8>().is_ok();
                Scene::ensure(is_number, || {
                    invalid(format!("Invalid value '{other}' for IP protocol. Unknown protocol."))
                })?;
                // What has no ports has them not even if a call names some.
                None
            }
        };
        Ok(Self { protocol, ports })
    }

    /// In the words of EC2's refusals: `TCP, from port: 443, to port: 443`.
    pub(super) fn words(&self) -> String {
        let protocol = if self.protocol == "-1" { "ALL".to_owned() } else { self.protocol.to_ascii_uppercase() };
        match self.ports {
            Some((from, to)) => format!("{protocol}, from port: {from}, to port: {to}"),
            None => protocol,
        }
    }
}

fn ports(from: Option<i64>, to: Option<i64>) -> Result<(i64, i64), Refusal> {
    let (Some(from), Some(to)) = (from, to) else {
        return Err(invalid("Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."));
    };
    let is_port = |port: i64| (0..=65_535).contains(&port);
    Scene::ensure(is_port(from) && is_port(to) && from <= to, || {
        invalid(format!("Invalid TCP/UDP port range ({from}:{to})"))
    })?;
    Ok((from, to))
}

impl Peer {
    fn ipv4(text: &str) -> Result<Self, Refusal> {
        let range = vpcs::range(text, "cidrIp").map_err(|_| invalid(format!("CIDR block {text} is malformed")))?;
        Ok(Self::Ipv4(range.to_string()))
    }

    fn ipv6(text: &str) -> Result<Self, Refusal> {
        let range = text.parse::<Ipv6Net>().map_err(|_| invalid(format!("CIDR block {text} is malformed")))?;
        Ok(Self::Ipv6(range.trunc().to_string()))
    }

    fn prefix_list(scene: &Scene<'_>, id: &str) -> Result<Self, Refusal> {
        Scene::ensure(endpoints::is_prefix_list(scene, id), || {
            Refusal::new("InvalidPrefixListID.NotFound", format!("The prefix list ID '{id}' does not exist"))
        })?;
        Ok(Self::PrefixList(id.to_owned()))
    }

    /// A group, in the same VPC as the group whose rule it is.
    fn group(scene: &Scene<'_>, id: &str, vpc: &str) -> Result<Self, Refusal> {
        let group = need::<SecurityGroup>(scene, id)?;
        Scene::ensure(group.vpc == vpc, || {
            let words = "You have specified two resources that belong to different networks.";
            Refusal::new("InvalidGroup.NotFound", words)
        })?;
        Ok(Self::Group(id.to_owned()))
    }

    /// The list of a permission that it is in.
    pub(super) fn list(&self) -> &'static str {
        match self {
            Self::Ipv4(_) => "ipRanges",
            Self::Ipv6(_) => "ipv6Ranges",
            Self::Group(_) => "groups",
            Self::PrefixList(_) => "prefixListIds",
        }
    }

    /// The range or the id.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Ipv4(text) | Self::Ipv6(text) | Self::Group(text) | Self::PrefixList(text) => text,
        }
    }
}

/// The rules that a call speaks of, for a group in this VPC.
pub(super) fn read(scene: &Scene<'_>, input: &Input, vpc: &str) -> Result<Vec<Wanted>, Refusal> {
    let permissions = input.list("IpPermissions");
    let mut all = Vec::new();
    if permissions.is_empty() && input.has("IpProtocol") {
        // As one permission, in parameters of their own.
        let who = match (input.text("CidrIp"), input.text("SourceSecurityGroupName")) {
            (Some(range), None) => Peer::ipv4(range)?,
            (None, Some(name)) => Peer::group(scene, &by_name(scene, name)?, vpc)?,
            _ => return Err(missing("cidrIp")),
        };
        input.pass_over("SourceSecurityGroupOwnerId");
        all.push(Wanted { what: Traffic::read(input)?, who, description: None });
    }
    for permission in permissions {
        read_permission(scene, permission, vpc, &mut all)?;
    }
    Ok(all)
}

fn read_permission(scene: &Scene<'_>, permission: &Input, vpc: &str, all: &mut Vec<Wanted>) -> Result<(), Refusal> {
    let what = Traffic::read(permission)?;
    let before = all.len();
    let mut add = |who: Peer, from: &Input| -> Result<(), Refusal> {
        let description = from.text("Description").map(str::to_owned);
        check_description(description.as_deref())?;
        all.push(Wanted { what: what.clone(), who, description });
        Ok(())
    };
    for range in permission.list("IpRanges") {
        add(Peer::ipv4(range.need("CidrIp")?)?, range)?;
    }
    for range in permission.list("Ipv6Ranges") {
        add(Peer::ipv6(range.need("CidrIpv6")?)?, range)?;
    }
    for list in permission.list("PrefixListIds") {
        add(Peer::prefix_list(scene, list.need("PrefixListId")?)?, list)?;
    }
    for group in permission.list("Groups") {
        // The account is the caller's own.
        for name in ["UserId", "VpcId", "PeeringStatus"] {
            group.pass_over(name);
        }
        let id = match (group.text("GroupId"), group.text("GroupName")) {
            (Some(id), _) => id.to_owned(),
            (None, Some(name)) => by_name(scene, name)?,
            (None, None) => return Err(missing("groupId")),
        };
        add(Peer::group(scene, &id, vpc)?, group)?;
    }
    Scene::ensure(all.len() > before, || {
        let words = "Invalid value '' for ipPermissions. A permission needs a range, a prefix list, or a group.";
        Refusal::new("InvalidParameterValue", words)
    })
}

/// What a rule is to say from now on, in the words of `ModifySecurityGroupRules`.
pub(super) fn read_rule(scene: &Scene<'_>, input: &Input, vpc: &str) -> Result<Wanted, Refusal> {
    let peers = [
        input.text("CidrIpv4").map(Peer::ipv4),
        input.text("CidrIpv6").map(Peer::ipv6),
        input.text("PrefixListId").map(|id| Peer::prefix_list(scene, id)),
        input.text("ReferencedGroupId").map(|id| Peer::group(scene, id, vpc)),
    ];
    let mut peers = peers.into_iter().flatten();
    let who = match (peers.next(), peers.next()) {
        (Some(one), None) => one?,
        (None, _) => return Err(missing("CidrIpv4")),
        (Some(_), Some(_)) => {
            let words = "Only one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId may be specified";
            return Err(Refusal::new("InvalidParameterCombination", words));
        }
    };
    let description = input.text("Description").map(str::to_owned);
    check_description(description.as_deref())?;
    Ok(Wanted { what: Traffic::read(input)?, who, description })
}

/// Up to 255 characters of those that EC2 allows
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html>).
pub(super) fn check_description(text: Option<&str>) -> Result<(), Refusal> {
    text.filter(|text| !text.is_empty()).map_or(Ok(()), |text| super::check_text("description", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(protocol: &str, from: Option<i64>, to: Option<i64>) -> Result<Traffic, Refusal> {
        Traffic::read(&Input::from(serde_json::json!({ "IpProtocol": protocol, "FromPort": from, "ToPort": to })))
    }

    #[test]
    fn protocols_have_names_and_all_of_them_has_no_ports() {
        assert_eq!(traffic("6", Some(80), Some(81)), traffic("tcp", Some(80), Some(81)));
        assert_eq!(traffic("all", Some(0), Some(0)), traffic("-1", None, None));
        assert!(traffic("tcp", Some(80), None).is_err() && traffic("tcp", Some(81), Some(80)).is_err());
        assert!(traffic("quic", None, None).is_err() && traffic("50", None, None).is_ok());
    }
}
