//! `network`: the private network that everything stands in.
//!
//! Three tiers of subnets, each over all zones: public for load balancers and gateways, private for clones, data for databases and caches. Only
//! the tiers that the blueprint needs are made.

mod check;

use std::collections::BTreeSet;

use ipnet::Ipv4Net;
use schemars::JsonSchema;

use crate::aws::resources::default_security_group::DefaultSecurityGroup;
use crate::aws::resources::elastic_ip::ElasticIp;
use crate::aws::resources::internet_gateway::InternetGateway;
use crate::aws::resources::nat_gateway::NatGateway;
use crate::aws::resources::route_table::{RouteTable, Way};
use crate::aws::resources::security_group::SecurityGroup;
use crate::aws::resources::security_rule::{Direction, Peer, SecurityRule};
use crate::aws::resources::subnet::Subnet;
use crate::aws::resources::vpc::Vpc;
use crate::aws::resources::vpc_endpoint::VpcEndpoint;
use crate::blueprint::decode::{Spanned, decode_fields, decode_words};
use crate::blueprint::diagnostic::Span;
use crate::blueprint::values::{Cidr, Port, Zones};
use crate::blueprint::{Profile, Stack};
use crate::engine::graph::{Graph, GraphError};
use crate::engine::reference::Ref;

pub use check::{check, check_answers};

/// The private network that everything stands in.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Network {
    /// The range of private addresses, /16 to /24. Default: `10.0.0.0/16`.
    pub cidr: Option<Spanned<Cidr>>,
    /// Over how many availability zones, 2 to 4. Default: 3 in `prod`, 2 in `dev`.
    pub zones: Option<Spanned<Zones>>,
    /// How clones reach the internet. Default: `per-zone` in `prod`, `one` in `dev`.
    pub nat: Option<Spanned<Nat>>,
    /// The TCP ports on which clones may reach the internet. Default: 80 and 443.
    pub egress: Option<Vec<Port>>,
}

decode_fields!(Network, "`network`", { cidr?, zones?, nat?, egress? });

/// How clones reach the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
pub enum Nat {
    /// Not at all.
    #[schemars(rename = "none")]
    None,
    /// Through one gateway. When its zone fails, clones in the others are cut off.
    #[schemars(rename = "one")]
    One,
    /// Through a gateway in each zone.
    #[schemars(rename = "per-zone")]
    PerZone,
}

decode_words!(Nat, "a way to the internet", { "none" => None, "one" => One, "per-zone" => PerZone });

/// Which tiers are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiers {
    /// Load balancers.
    pub web: bool,
    /// Anything that boots.
    pub clones: bool,
    /// Databases and caches.
    pub data: bool,
}

/// What other sections need of the network.
pub struct NetworkRefs {
    /// The network itself.
    pub vpc: Ref<Vpc>,
    /// What leads clones out: they need it when they boot.
    pub ways_out: BTreeSet<Ref<RouteTable>>,
    /// The way to the internet, if anything needs one.
    pub gateway: Option<Ref<InternetGateway>>,
    /// Subnets for load balancers.
    pub public: BTreeSet<Ref<Subnet>>,
    /// Subnets for clones.
    pub private: BTreeSet<Ref<Subnet>>,
    /// Subnets for databases and caches.
    pub data: BTreeSet<Ref<Subnet>>,
    egress: BTreeSet<Port>,
}

const CIDR: Ipv4Net = Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 0, 0, 0), 16);
const WORLD: &str = "0.0.0.0/0";

/// The settings of a network, said or not.
struct Settings {
    cidr: Ipv4Net,
    /// Where the range is said, if it is.
    span: Option<Span>,
    zones: usize,
    nat: Nat,
}

impl Settings {
    fn of(network: Option<&Network>, profile: Profile, clones: bool) -> Self {
        let said = network.and_then(|n| n.cidr.as_ref());
        // Bits beyond the prefix are a mistake that is told elsewhere.
        let cidr = said.map_or(CIDR, |cidr| cidr.value.0.trunc());
        let span = said.map(|cidr| cidr.span);
        let zones = network.and_then(|n| n.zones).map(|zones| usize::from(zones.value.0));
        let nat = network.and_then(|n| n.nat).map(|nat| nat.value);
        let (by_zones, by_nat) = match profile {
            Profile::Prod => (3, Nat::PerZone),
            Profile::Dev => (2, Nat::One),
        };
        let nat = if clones { nat.unwrap_or(by_nat) } else { Nat::None };
        Self { cidr, span, zones: zones.unwrap_or(by_zones), nat }
    }

    /// How many addresses a tier has. AWS keeps five of each subnet for itself.
    fn room(&self, tier: Tier) -> usize {
        let ranges = (0..self.zones).filter_map(|zone| subnet_range(self.cidr, tier, zone));
        ranges.map(|range| (1_usize << (32 - range.prefix_len())).saturating_sub(5)).sum()
    }
}

/// Where a subnet lies: the lower half of the network is for clones, the third quarter for data, the last for load balancers; each is cut
/// into four, one for each zone there may be, so that a zone more moves no subnet.
fn subnet_range(network: Ipv4Net, tier: Tier, zone: usize) -> Option<Ipv4Net> {
    let prefix = network.prefix_len();
    let quarter = |number: usize| network.subnets(prefix + 2).ok()?.nth(number);
    match tier {
        Tier::Private => network.subnets(prefix + 1).ok()?.next()?.subnets(prefix + 3).ok()?.nth(zone),
        Tier::Data => quarter(2)?.subnets(prefix + 4).ok()?.nth(zone),
        Tier::Public => quarter(3)?.subnets(prefix + 4).ok()?.nth(zone),
    }
}

#[derive(Clone, Copy)]
enum Tier {
    Public,
    Private,
    Data,
}

impl Tier {
    fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Data => "data",
        }
    }
}

/// What `profile: dev` relaxes here.
pub fn relaxed(network: Option<&Network>, clones: bool) -> Vec<String> {
    let mut relaxed = Vec::new();
    if network.is_none_or(|network| network.zones.is_none()) {
        relaxed.push("two availability zones, not three".into());
    }
    if clones && network.is_none_or(|network| network.nat.is_none()) {
        relaxed.push("one NAT gateway for all zones, not one in each".into());
    }
    relaxed
}

/// The resources.
pub fn expand(
    network: Option<&Network>,
    tiers: &Tiers,
    stack: &Stack<'_>,
    graph: &mut Graph,
) -> Result<NetworkRefs, GraphError> {
    let settings = Settings::of(network, stack.profile, tiers.clones);
    let vpc = graph.add("main", &Vpc { cidr: settings.cidr, dns_hostnames: true, tags: stack.tags("network") })?;
    graph.add("main", &DefaultSecurityGroup { vpc: vpc.clone() })?;
    let zones: Vec<&str> = stack.answers.zones.iter().take(settings.zones).map(String::as_str).collect();
    let is_public = tiers.web || settings.nat != Nat::None;
    let mut builder = Builder { vpc: &vpc, cidr: settings.cidr, zones, stack, graph };
    let gateway = if is_public { Some(builder.gateway()?) } else { None };
    let public = builder.subnets(Tier::Public, is_public)?;
    let private = builder.subnets(Tier::Private, tiers.clones)?;
    let data = builder.subnets(Tier::Data, tiers.data)?;
    if let Some(gateway) = &gateway {
        builder.table("public", Some(Way::InternetGateway(gateway.clone())), public.iter().cloned().collect())?;
    }
    if !data.is_empty() {
        builder.table("data", None, data.iter().cloned().collect())?;
    }
    let ways_out = builder.ways_out(settings.nat, gateway.as_ref(), &public, &private)?;
    let egress = network.and_then(|network| network.egress.clone()).unwrap_or_else(|| vec![Port(80), Port(443)]);
    let egress = egress.into_iter().collect();
    let set = |subnets: Vec<Ref<Subnet>>| subnets.into_iter().collect();
    Ok(NetworkRefs { vpc, ways_out, gateway, public: set(public), private: set(private), data: set(data), egress })
}

struct Builder<'a, 'b> {
    vpc: &'a Ref<Vpc>,
    cidr: Ipv4Net,
    zones: Vec<&'a str>,
    stack: &'a Stack<'b>,
    graph: &'a mut Graph,
}

impl Builder<'_, '_> {
    fn gateway(&mut self) -> Result<Ref<InternetGateway>, GraphError> {
        self.graph.add("main", &InternetGateway { vpc: self.vpc.clone(), tags: self.stack.tags("internet") })
    }

    /// One for each zone, in the order of the zones.
    fn subnets(&mut self, tier: Tier, needed: bool) -> Result<Vec<Ref<Subnet>>, GraphError> {
        let mut subnets = Vec::new();
        for (number, zone) in self.zones.iter().enumerate().filter(|_| needed) {
            let name = format!("{}-{}", tier.name(), letter(zone));
            // The limits on range and zones leave room for every subnet.
            let cidr = subnet_range(self.cidr, tier, number).unwrap_or(self.cidr);
            let subnet = Subnet {
                vpc: self.vpc.clone(),
                cidr,
                zone: (*zone).to_owned(),
                public_addresses: false,
                tags: self.stack.tags(&name),
            };
            subnets.push(self.graph.add(&name, &subnet)?);
        }
        Ok(subnets)
    }

    fn table(
        &mut self,
        name: &str,
        way: Option<Way>,
        subnets: BTreeSet<Ref<Subnet>>,
    ) -> Result<Ref<RouteTable>, GraphError> {
        let tags = self.stack.tags(name);
        self.graph.add(name, &RouteTable { vpc: self.vpc.clone(), default_route: way, subnets, tags })
    }

    /// For each private subnet a table of its own, so that one gateway or several differ in a route only.
    fn ways_out(
        &mut self,
        nat: Nat,
        gateway: Option<&Ref<InternetGateway>>,
        public: &[Ref<Subnet>],
        private: &[Ref<Subnet>],
    ) -> Result<BTreeSet<Ref<RouteTable>>, GraphError> {
        let mut gateways = Vec::new();
        let count = match nat {
            Nat::None => 0,
            Nat::One => 1,
            Nat::PerZone => public.len(),
        };
        for (subnet, zone) in public.iter().zip(self.zones.clone()).take(count) {
            let (name, Some(gateway)) = (letter(zone), gateway) else { continue };
            let tags = self.stack.tags(&format!("nat-{name}"));
            let address = self.graph.add(name, &ElasticIp { subnet: subnet.clone(), tags: tags.clone() })?;
            let nat = NatGateway { subnet: subnet.clone(), address, internet_gateway: gateway.clone(), tags };
            gateways.push(self.graph.add(name, &nat)?);
        }
        let mut tables = BTreeSet::new();
        for (number, subnet) in private.iter().enumerate() {
            let way = gateways.get(number).or(gateways.first()).cloned().map(Way::NatGateway);
            tables.insert(self.table(subnet.name(), way, BTreeSet::from([subnet.clone()]))?);
        }
        if !tables.is_empty() {
            let service = format!("com.amazonaws.{}.s3", self.stack.answers.site.region);
            let tags = self.stack.tags("s3");
            let route_tables = tables.clone();
            self.graph.add("s3", &VpcEndpoint { vpc: self.vpc.clone(), service, route_tables, tags })?;
        }
        Ok(tables)
    }
}

/// The last letter of a zone's name, `a` of `eu-west-1a`.
fn letter(zone: &str) -> &str {
    zone.char_indices().next_back().map_or(zone, |(at, _)| &zone[at..])
}

impl NetworkRefs {
    /// A security group without rules.
    pub fn group(
        &self,
        name: &str,
        description: &str,
        stack: &Stack<'_>,
        graph: &mut Graph,
    ) -> Result<Ref<SecurityGroup>, GraphError> {
        let tags = stack.tags(name);
        graph.add(name, &SecurityGroup { vpc: self.vpc.clone(), description: description.into(), tags })
    }

    /// Lets `from` open connections to `to` on a port: a rule on either side.
    pub fn allow(
        &self,
        (from, to): (&Ref<SecurityGroup>, &Ref<SecurityGroup>),
        port: u16,
        stack: &Stack<'_>,
        graph: &mut Graph,
    ) -> Result<(), GraphError> {
        let rule = |group: &Ref<SecurityGroup>, direction, peer: &Ref<SecurityGroup>, name: &str| SecurityRule {
            group: group.clone(),
            direction,
            peer: Peer::Group(peer.clone()),
            port,
            description: format!("{} to {}", from.name(), to.name()),
            tags: stack.tags(name),
        };
        let name = format!("{}-to-{}", from.name(), to.name());
        graph.add(&name, &rule(from, Direction::Egress, to, &name))?;
        let name = format!("{}-from-{}", to.name(), from.name());
        graph.add(&name, &rule(to, Direction::Ingress, from, &name))?;
        Ok(())
    }

    /// Lets the world in on a port.
    pub fn allow_world(
        &self,
        to: &Ref<SecurityGroup>,
        port: u16,
        stack: &Stack<'_>,
        graph: &mut Graph,
    ) -> Result<(), GraphError> {
        let name = format!("{}-from-world-{port}", to.name());
        let rule = world(to, Direction::Ingress, port, format!("the world to {}", to.name()), stack.tags(&name));
        graph.add(&name, &rule).map(drop)
    }

    /// Lets clones out to the world on the ports that the blueprint names.
    pub fn allow_out(&self, from: &Ref<SecurityGroup>, stack: &Stack<'_>, graph: &mut Graph) -> Result<(), GraphError> {
        for Port(port) in &self.egress {
            let name = format!("{}-to-world-{port}", from.name());
            let rule =
                world(from, Direction::Egress, *port, format!("{} to the world", from.name()), stack.tags(&name));
            graph.add(&name, &rule)?;
        }
        Ok(())
    }
}

fn world(
    group: &Ref<SecurityGroup>,
    direction: Direction,
    port: u16,
    description: String,
    tags: crate::aws::tags::Tags,
) -> SecurityRule {
    SecurityRule { group: group.clone(), direction, peer: Peer::Range(WORLD.into()), port, description, tags }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_of_all_tiers_and_zones_lie_in_the_network_and_apart() {
        for prefix in 16..=24 {
            let network = Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 20, 0, 0), prefix);
            let tiers = [Tier::Public, Tier::Private, Tier::Data];
            let ranges: Vec<Ipv4Net> =
                tiers.iter().flat_map(|tier| (0..4).map(|zone| subnet_range(network, *tier, zone).unwrap())).collect();
            for (number, range) in ranges.iter().enumerate() {
                assert!(network.contains(range) && range.prefix_len() <= 28, "{range} in {network}");
                for other in &ranges[number + 1..] {
                    assert!(!range.contains(other) && !other.contains(range), "{range} and {other}");
                }
            }
        }
    }
}
