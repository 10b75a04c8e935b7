//! Elastic IP addresses.

use serde::Serialize;

use super::interfaces::{self, Interface};
use super::internet_gateways;
use super::listing::{self, Kind, Thing, done, kept, need, tags};
use crate::simulator::filters::Filters;
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// What can be done with addresses.
pub(super) const ACTIONS: &[Action] = &[
    action("AllocateAddress", allocate),
    action("DescribeAddresses", describe),
    action("DescribeAddressesAttribute", describe_attribute),
    action("AssociateAddress", associate),
    action("DisassociateAddress", disassociate),
    action("ReleaseAddress", release),
];

/// As many as a region may have (<https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>).
pub(super) const LIMIT: usize = 5;

/// An address.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Address {
    pub(super) public_ip: String,
    pub(super) association: Option<Association>,
    tags: Tags,
}

/// What an address is bound to.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Association {
    pub(super) id: String,
    pub(super) interface: String,
}

impl Thing for Address {
    const KIND: Kind = Kind {
        prefix: "eipalloc",
        resource: "elastic-ip",
        noun: "allocation ID",
        not_found: "InvalidAllocationID.NotFound",
        malformed: "InvalidElasticIpID.Malformed",
    };
    const IDS: &'static str = "AllocationId";
    const SET: &'static str = "addressesSet";
    const FILTERS: &'static [&'static str] = &[
        "allocation-id",
        "association-id",
        "domain",
        "instance-id",
        "network-border-group",
        "network-interface-id",
        "network-interface-owner-id",
        "private-ip-address",
        "public-ip",
    ];

    kept!(addresses);

    fn values(&self, scene: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
        let interface = self.interface(scene);
        let bound = |value: &dyn Fn(&Interface) -> String| interface.map(value).into_iter().collect::<Vec<_>>();
        let one = match filter {
            "allocation-id" => id.to_owned(),
            "association-id" => return self.association.iter().map(|it| it.id.clone()).collect(),
            "domain" => "vpc".to_owned(),
            "instance-id" => return interface.and_then(|it| it.instance.clone()).into_iter().collect(),
            "network-border-group" => scene.place.region.clone(),
            "network-interface-id" => return self.association.iter().map(|it| it.interface.clone()).collect(),
            "network-interface-owner-id" => return bound(&|_| scene.place.account.clone()),
            "private-ip-address" => return bound(&|it| it.private_ip.to_string()),
            "public-ip" => self.public_ip.clone(),
            _ => return Vec::new(),
        };
        vec![one]
    }

    fn show(&self, scene: &Scene<'_>, id: &str) -> Tree {
        let interface = self.interface(scene);
        object! {
            "publicIp" => &self.public_ip,
            "allocationId" => id.to_owned(),
            "domain" => "vpc",
            "publicIpv4Pool" => "amazon",
            "networkBorderGroup" => &scene.place.region,
            "associationId" => self.association.as_ref().map(|it| &it.id),
            "networkInterfaceId" => self.association.as_ref().map(|it| &it.interface),
            "networkInterfaceOwnerId" => interface.map(|_| &scene.place.account),
            "privateIpAddress" => interface.map(|it| it.private_ip.to_string()),
            "instanceId" => interface.and_then(|it| it.instance.clone()),
            "tagSet" => self.tags.ec2(),
        }
    }
}

impl Address {
    fn interface<'a>(&self, scene: &'a Scene<'_>) -> Option<&'a Interface> {
        scene.here.ec2.interfaces.get(&self.association.as_ref()?.interface)
    }
}

/// The allocation, the public address and the association of the address on an interface.
pub(super) fn on<'a>(scene: &'a Scene<'_>, interface: &str) -> Option<(&'a str, &'a str, &'a str)> {
    scene.here.ec2.addresses.iter().find_map(|(id, address)| {
        let association = address.association.as_ref().filter(|it| it.interface == interface)?;
        Some((id, address.public_ip.as_str(), association.id.as_str()))
    })
}

/// Binds an address to an interface.
pub(super) fn bind(scene: &mut Scene<'_>, allocation: &str, interface: &str) -> String {
    let id = scene.dice.id("eipassoc");
    // An address of Amazon's pool gives way.
    interfaces::set_public_ip(scene, interface, None);
    if let Some(address) = scene.here.ec2.addresses.get_mut(allocation) {
        address.association = Some(Association { id: id.clone(), interface: interface.to_owned() });
    }
    id
}

/// Frees the address that is on an interface.
pub(super) fn free_from(scene: &mut Scene<'_>, interface: &str) {
    for address in scene.here.ec2.addresses.values_mut() {
        if address.association.as_ref().is_some_and(|it| it.interface == interface) {
            address.association = None;
        }
    }
}

/// An address from Amazon's pool that nobody has.
fn draw(scene: &mut Scene<'_>) -> String {
    loop {
        let mut part = || scene.dice.between(1, 254);
        let address = format!("54.{}.{}.{}", part(), part(), part());
        if scene.here.ec2.addresses.values().all(|other| other.public_ip != address) {
            return address;
        }
    }
}

fn allocate(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let domain = input.text_or("Domain", "vpc");
    input.pass_over("NetworkBorderGroup");
    let tags = tags::<Address>(input)?;
    Scene::ensure(domain == "vpc", || invalid(format!("Invalid value '{domain}' for domain.")))?;
    Scene::ensure(scene.here.ec2.addresses.len() < LIMIT, || {
        Refusal::new("AddressLimitExceeded", "The maximum number of addresses has been reached.")
    })?;
    let public_ip = draw(scene);
    let id = listing::put(scene, Address { public_ip: public_ip.clone(), association: None, tags });
    Ok(object! {
        "publicIp" => public_ip,
        "allocationId" => id,
        "publicIpv4Pool" => "amazon",
        "networkBorderGroup" => &scene.place.region,
        "domain" => "vpc",
    })
}

fn by_ip(scene: &Scene<'_>, ip: &str) -> Result<String, Refusal> {
    let mut all = scene.here.ec2.addresses.visible(scene.sight);
    let found = all.find(|(_, address)| address.public_ip == ip).map(|(id, _)| id.to_owned());
    found.ok_or_else(|| Refusal::new("InvalidAddress.NotFound", format!("Address '{ip}' not found.")))
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, Address::FILTERS)?;
    let mut wanted: Vec<String> = Vec::new();
    for id in input.texts("AllocationId") {
        need::<Address>(scene, id)?;
        wanted.push(id.to_owned());
    }
    for ip in input.texts("PublicIp") {
        wanted.push(by_ip(scene, ip)?);
    }
    let all = scene.here.ec2.addresses.visible(scene.sight);
    let all = all.filter(|(id, _)| wanted.is_empty() || wanted.iter().any(|one| one == id));
    let found = all.filter(|(id, address)| filters.pass(&address.tags, |name| address.values(scene, id, name)));
    Ok(object! { "addressesSet" => items(found.map(|(id, address)| address.show(scene, id))) })
}

fn describe_attribute(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let attribute = input.text_or("Attribute", "domain-name");
    Scene::ensure(attribute == "domain-name", || invalid(format!("Invalid value '{attribute}' for attribute.")))?;
    let page = Page::read(input, "MaxResults", "NextToken", (1, 1000), "InvalidParameterValue")?;
    let ids = input.texts("AllocationId");
    for id in &ids {
        need::<Address>(scene, id)?;
    }
    // No address has a name of its own, and those that have none are not shown, unless they are asked for.
    let all = scene.here.ec2.addresses.visible(scene.sight).filter(|(id, _)| ids.contains(id));
    let (page, next) = page.cut(all.map(|(id, address)| {
        (id.to_owned(), object! { "allocationId" => id.to_owned(), "publicIp" => &address.public_ip })
    }));
    Ok(object! { "addressSet" => items(page), "nextToken" => next })
}

/// The address that a call names.
fn meant(scene: &Scene<'_>, input: &Input) -> Result<String, Refusal> {
    match (input.text("AllocationId"), input.text("PublicIp")) {
        (Some(id), None) => need::<Address>(scene, id).map(|_| id.to_owned()),
        (None, Some(ip)) => by_ip(scene, ip),
        (Some(_), Some(_)) => {
            let words = "You may specify public IP or allocation id, but not both in the same call";
            Err(Refusal::new("InvalidParameterCombination", words))
        }
        (None, None) => Err(missing("AllocationId")),
    }
}

fn associate(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let allocation = meant(scene, input)?;
    input.pass_over("PrivateIpAddress");
    let interface = match (input.text("NetworkInterfaceId"), input.text("InstanceId")) {
        (Some(id), None) => need::<Interface>(scene, id).map(|_| id.to_owned())?,
        (None, Some(id)) => interfaces::of_instance(scene, id).ok_or_else(|| {
            Refusal::new("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist"))
        })?,
        _ => return Err(missing("InstanceId")),
    };
    let may_move = input.flag("AllowReassociation") != Some(false);
    let bound = scene.here.ec2.addresses.get(&allocation).and_then(|address| address.association.clone());
    if let Some(bound) = bound.filter(|bound| bound.interface != interface && !may_move) {
        let words = format!("resource {allocation} is already associated with associate-id {}", bound.id);
        return Err(Refusal::new("Resource.AlreadyAssociated", words));
    }
    let vpc = need::<Interface>(scene, &interface)?.vpc.clone();
    if internet_gateways::of_vpc(scene, &vpc).is_none() {
        let words = format!("Network {vpc} is not attached to any internet gateway");
        return Err(Refusal::new("Gateway.NotAttached", words));
    }
    free_from(scene, &interface);
    let association = bind(scene, &allocation, &interface);
    Ok(object! { "associationId" => association })
}

fn disassociate(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let found = match (input.text("AssociationId"), input.text("PublicIp")) {
        (Some(id), _) => {
            let mut all = scene.here.ec2.addresses.visible(scene.sight);
            let is_it = |address: &Address| address.association.as_ref().is_some_and(|it| it.id == id);
            let found = all.find(|(_, address)| is_it(address)).map(|(id, _)| id.to_owned());
            found.ok_or_else(|| {
                Refusal::new("InvalidAssociationID.NotFound", format!("The association ID '{id}' does not exist"))
            })?
        }
        (None, Some(ip)) => by_ip(scene, ip)?,
        (None, None) => return Err(missing("AssociationId")),
    };
    let address = need::<Address>(scene, &found)?;
    if address.interface(scene).is_some_and(Interface::is_managed) {
        return Err(Refusal::new("AuthFailure", "You do not have permission to access the specified resource."));
    }
    if let Some(address) = scene.here.ec2.addresses.get_mut(&found) {
        address.association = None;
    }
    Ok(done())
}

fn release(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let allocation = meant(scene, input)?;
    input.pass_over("NetworkBorderGroup");
    let address = need::<Address>(scene, &allocation)?;
    Scene::ensure(address.association.is_none(), || {
        Refusal::new("InvalidIPAddress.InUse", format!("Address {} is in use.", address.public_ip))
    })?;
    scene.here.ec2.addresses.remove(&allocation);
    Ok(done())
}
