//! Network ACLs: each VPC has its default one, which lets everything through.

use serde::Serialize;

use super::listing::{self, Kind, Thing, kept};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, action};
use crate::simulator::tags::Tags;

/// What is asked of network ACLs.
pub(super) const ACTIONS: &[Action] = &[action("DescribeNetworkAcls", listing::describe::<NetworkAcl>)];

/// A network ACL.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NetworkAcl {
    pub(super) vpc: String,
    pub(super) is_default: bool,
    tags: Tags,
}

/// What every default ACL says: everything may pass by rule 100; what no rule names may not.
const ENTRIES: [(u16, &str, bool); 4] =
    [(100, "allow", true), (32_767, "deny", true), (100, "allow", false), (32_767, "deny", false)];

impl NetworkAcl {
    /// The default one of a VPC.
    pub(super) fn standard(vpc: &str) -> Self {
        Self { vpc: vpc.to_owned(), is_default: true, tags: Tags::default() }
    }

    /// The subnets that it guards, with the ids of the bindings.
    fn subnets<'a>(&'a self, scene: &'a Scene<'_>) -> impl Iterator<Item = (&'a str, &'a str)> {
        let all = scene.here.ec2.subnets.visible(scene.sight);
        all.filter(|(_, subnet)| subnet.vpc == self.vpc).map(|(id, subnet)| (id, subnet.acl_association.as_str()))
    }
}

impl Thing for NetworkAcl {
    const KIND: Kind = Kind {
        prefix: "acl",
        resource: "network-acl",
        noun: "networkAcl ID",
        not_found: "InvalidNetworkAclID.NotFound",
        malformed: "InvalidNetworkAclId.Malformed",
    };
    const IDS: &'static str = "NetworkAclId";
    const SET: &'static str = "networkAclSet";
    const FILTERS: &'static [&'static str] = &[
        "association.association-id",
        "association.network-acl-id",
        "association.subnet-id",
        "default",
        "entry.cidr",
        "entry.egress",
        "entry.icmp.code",
        "entry.icmp.type",
        "entry.ipv6-cidr",
        "entry.port-range.from",
        "entry.port-range.to",
        "entry.protocol",
        "entry.rule-action",
        "entry.rule-number",
        "network-acl-id",
        "owner-id",
        "vpc-id",
    ];

    kept!(network_acls);

    fn values(&self, scene: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        match filter {
            "association.association-id" => self.subnets(scene).map(|(_, binding)| binding.to_owned()).collect(),
            "association.network-acl-id" => self.subnets(scene).map(|_| id.to_owned()).collect(),
            "association.subnet-id" => self.subnets(scene).map(|(subnet, _)| subnet.to_owned()).collect(),
            "default" => vec![self.is_default.to_string()],
            "entry.cidr" => texts(&["0.0.0.0/0"]),
            "entry.egress" => texts(&["true", "false"]),
            "entry.protocol" => texts(&["-1"]),
            "entry.rule-action" => texts(&["allow", "deny"]),
            "entry.rule-number" => texts(&["100", "32767"]),
            "network-acl-id" => texts(&[id]),
            "owner-id" => texts(&[&scene.place.account]),
            "vpc-id" => texts(&[&self.vpc]),
            _ => Vec::new(),
        }
    }

    fn show(&self, scene: &Scene<'_>, id: &str) -> Tree {
        let entries = ENTRIES.iter().map(|(number, action, is_egress)| {
            object! {
                "ruleNumber" => *number,
                "protocol" => "-1",
                "ruleAction" => *action,
                "egress" => *is_egress,
                "cidrBlock" => "0.0.0.0/0",
            }
        });
        let associations = self.subnets(scene).map(|(subnet, binding)| {
            object! {
                "networkAclAssociationId" => binding.to_owned(),
                "networkAclId" => id.to_owned(),
                "subnetId" => subnet.to_owned(),
            }
        });
        object! {
            "networkAclId" => id.to_owned(),
            "vpcId" => &self.vpc,
            "default" => self.is_default,
            "entrySet" => items(entries),
            "associationSet" => items(associations),
            "ownerId" => &scene.place.account,
            "tagSet" => self.tags.ec2_list(),
        }
    }
}
