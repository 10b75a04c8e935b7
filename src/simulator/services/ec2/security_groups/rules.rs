//! Rules, which are things of their own with ids and tags.

use serde::Serialize;

use super::group_name;
use super::permissions::{Peer, Traffic, Wanted};
use crate::simulator::output::{Tree, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::listing::{self, Kind, Thing, kept};
use crate::simulator::tags::Tags;

/// As many as a group may have each way, for IPv4 and for IPv6 on their own
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>).
const LIMIT: usize = 60;

/// A rule of a group.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rule {
    pub(in super::super) group: String,
    pub(super) is_egress: bool,
    pub(super) what: Traffic,
    pub(super) who: Peer,
    pub(super) description: Option<String>,
    tags: Tags,
}

/// The rules of a group, one way.
pub(super) fn of<'a>(
    scene: &'a Scene<'_>,
    group: &'a str,
    is_egress: bool,
) -> impl Iterator<Item = (&'a str, &'a Rule)> + use<'a> {
    let all = scene.here.ec2.security_group_rules.iter();
    all.filter(move |(_, rule)| rule.group == group && rule.is_egress == is_egress)
}

/// Everything may go out of a new group, until somebody takes that away.
pub(super) fn begin(scene: &mut Scene<'_>, group: &str) {
    let wanted = Wanted { what: everything(), who: Peer::Ipv4("0.0.0.0/0".to_owned()), description: None };
    add(scene, group, true, wanted, Tags::default());
}

/// The members of a default group may also reach each other.
pub(in super::super) fn begin_default(scene: &mut Scene<'_>, group: &str) {
    begin(scene, group);
    let wanted = Wanted { what: everything(), who: Peer::Group(group.to_owned()), description: None };
    add(scene, group, false, wanted, Tags::default());
}

fn everything() -> Traffic {
    Traffic { protocol: "-1".to_owned(), ports: None }
}

/// Adds a rule.
pub(super) fn add(scene: &mut Scene<'_>, group: &str, is_egress: bool, wanted: Wanted, tags: Tags) -> String {
    let Wanted { what, who, description } = wanted;
    listing::put(scene, Rule { group: group.to_owned(), is_egress, what, who, description, tags })
}

/// The rule of a group that says this.
pub(super) fn find(scene: &Scene<'_>, group: &str, is_egress: bool, wanted: &Wanted) -> Option<String> {
    let mut all = of(scene, group, is_egress);
    all.find(|(_, rule)| rule.what == wanted.what && rule.who == wanted.who).map(|(id, _)| id.to_owned())
}

/// Refuses more rules than a group may have.
pub(super) fn check_limit(scene: &Scene<'_>, group: &str, is_egress: bool, more: &[Wanted]) -> Result<(), Refusal> {
    let is_for = |who: &Peer, is_ipv6: bool| match who {
        Peer::Ipv4(_) => !is_ipv6,
        Peer::Ipv6(_) => is_ipv6,
        Peer::Group(_) | Peer::PrefixList(_) => true,
    };
    let count = |is_ipv6: bool| {
        of(scene, group, is_egress).filter(|(_, rule)| is_for(&rule.who, is_ipv6)).count()
            + more.iter().filter(|wanted| is_for(&wanted.who, is_ipv6)).count()
    };
    Scene::ensure(count(false) <= LIMIT && count(true) <= LIMIT, || {
        let words = "The maximum number of rules per security group has been reached.";
        Refusal::new("RulesPerSecurityGroupLimitExceeded", words)
    })
}

/// Whether a rule of another group names this one.
pub(super) fn is_named_elsewhere(scene: &Scene<'_>, group: &str) -> bool {
    let mut all = scene.here.ec2.security_group_rules.values();
    all.any(|rule| rule.group != group && rule.who == Peer::Group(group.to_owned()))
}

/// Forgets the rules of a group that is gone.
pub(super) fn forget(scene: &mut Scene<'_>, group: &str) {
    let rules = &mut scene.here.ec2.security_group_rules;
    let gone: Vec<String> = rules.iter().filter(|(_, rule)| rule.group == group).map(|(id, _)| id.to_owned()).collect();
    for id in gone {
        rules.remove(&id);
    }
}

impl Rule {
    /// What it has for a filter on a group's permissions.
    pub(super) fn permission_value(&self, scene: &Scene<'_>, name: &str) -> Option<String> {
        let text = || Some(self.who.text().to_owned());
        match (name, &self.who) {
            ("from-port", _) => self.what.ports.map(|(from, _)| from.to_string()),
            ("to-port", _) => self.what.ports.map(|(_, to)| to.to_string()),
            ("protocol", _) => Some(self.what.protocol.clone()),
            ("cidr", Peer::Ipv4(_))
            | ("ipv6-cidr", Peer::Ipv6(_))
            | ("prefix-list-id", Peer::PrefixList(_))
            | ("group-id", Peer::Group(_)) => text(),
            ("group-name", Peer::Group(group)) => group_name(scene, group),
            ("user-id", Peer::Group(_)) => Some(scene.place.account.clone()),
            _ => None,
        }
    }

    /// As the permissions of its group show whom it is for.
    pub(super) fn show_source(&self, scene: &Scene<'_>) -> Tree {
        let name = match &self.who {
            Peer::Ipv4(_) => "cidrIp",
            Peer::Ipv6(_) => "cidrIpv6",
            Peer::Group(_) => "groupId",
            Peer::PrefixList(_) => "prefixListId",
        };
        let owner = matches!(self.who, Peer::Group(_)).then_some(&scene.place.account);
        object! { name => self.who.text().to_owned(), "userId" => owner, "description" => self.description.clone() }
    }

    /// As the answer to a revocation shows it.
    pub(super) fn show_revoked(&self, id: &str) -> Tree {
        self.show_plain(id).with("referencedGroupId", self.referenced())
    }

    /// As the answer to an authorization shows it, which leaves tags out if there are none.
    pub(super) fn show_made(&self, scene: &Scene<'_>, id: &str) -> Tree {
        self.show_untagged(scene, id).with("tagSet", self.tags.ec2())
    }

    fn show_untagged(&self, scene: &Scene<'_>, id: &str) -> Tree {
        // The VPC is only said of a group in another one.
        let referenced =
            self.referenced().map(|group| object! { "groupId" => group, "userId" => &scene.place.account });
        self.show_plain(id)
            .with("groupOwnerId", &scene.place.account)
            .with("securityGroupRuleArn", scene.arn("ec2", &format!("security-group-rule/{id}")))
            .with("referencedGroupInfo", referenced)
    }

    fn referenced(&self) -> Option<String> {
        if let Peer::Group(group) = &self.who { Some(group.clone()) } else { None }
    }

    fn show_plain(&self, id: &str) -> Tree {
        let (from, to) = self.what.ports.unwrap_or((-1, -1));
        let text = |is_it: bool| is_it.then(|| self.who.text().to_owned());
        object! {
            "securityGroupRuleId" => id.to_owned(),
            "groupId" => &self.group,
            "isEgress" => self.is_egress,
            "ipProtocol" => &self.what.protocol,
            "fromPort" => from,
            "toPort" => to,
            "cidrIpv4" => text(matches!(self.who, Peer::Ipv4(_))),
            "cidrIpv6" => text(matches!(self.who, Peer::Ipv6(_))),
            "prefixListId" => text(matches!(self.who, Peer::PrefixList(_))),
            "description" => self.description.clone(),
        }
    }
}

impl Thing for Rule {
    const KIND: Kind = Kind {
        prefix: "sgr",
        resource: "security-group-rule",
        noun: "security group rule ID",
        not_found: "InvalidSecurityGroupRuleId.NotFound",
        malformed: "InvalidSecurityGroupRuleId.Malformed",
    };
    const IDS: &'static str = "SecurityGroupRuleId";
    const SET: &'static str = "securityGroupRuleSet";
    const FILTERS: &'static [&'static str] = &["group-id", "security-group-rule-id"];

    kept!(security_group_rules);

    fn values(&self, _: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
        vec![if filter == "group-id" { self.group.clone() } else { id.to_owned() }]
    }

    fn show(&self, scene: &Scene<'_>, id: &str) -> Tree {
        self.show_untagged(scene, id).with("tagSet", self.tags.ec2_list())
    }
}
