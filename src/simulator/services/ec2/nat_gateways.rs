//! NAT gateways: the way out for subnets that cannot be reached.

use std::time::Duration;

use serde::Serialize;

use super::addresses::{self, Address};
use super::interfaces::{self, Wish};
use super::internet_gateways;
use super::listing::{self, Kind, Thing, kept, need, tags};
use super::subnets::{self, Subnet};
use crate::simulator::clock::Moment;
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// What can be done with NAT gateways.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateNatGateway", create).token("ClientToken"),
    action("DescribeNatGateways", listing::describe::<NatGateway>),
    action("DeleteNatGateway", delete),
];

/// As many as an Availability Zone may have (<https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>).
const LIMIT: usize = 5;

/// How long one is still shown that is deleted or has failed: about an hour
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html>).
const VISIBLE: Duration = Duration::from_hours(1);

/// A NAT gateway.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NatGateway {
    pub(super) vpc: String,
    subnet: String,
    state: Phase,
    made: Moment,
    deleted: Option<Moment>,
    failure: Option<(&'static str, String)>,
    is_public: bool,
    allocation: Option<String>,
    public_ip: Option<String>,
    association: Option<String>,
    interface: Option<String>,
    private_ip: Option<String>,
    tags: Tags,
}

/// Where one is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Phase {
    Pending,
    Available,
    Deleting,
    Deleted,
    Failed,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
            Self::Failed => "failed",
        }
    }
}

impl Thing for NatGateway {
    const KIND: Kind = Kind {
        prefix: "nat",
        resource: "natgateway",
        noun: "natGateway ID",
        not_found: "NatGatewayNotFound",
        malformed: "NatGatewayMalformed",
    };
    const IDS: &'static str = "NatGatewayId";
    const SET: &'static str = "natGatewaySet";
    const FILTERS: &'static [&'static str] = &["nat-gateway-id", "state", "subnet-id", "vpc-id"];

    kept!(nat_gateways);

    fn values(&self, _: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
        let one = match filter {
            "nat-gateway-id" => id,
            "state" => self.state.name(),
            "subnet-id" => &self.subnet,
            _ => &self.vpc,
        };
        vec![one.to_owned()]
    }

    fn show(&self, _: &Scene<'_>, id: &str) -> Tree {
        let is_there = matches!(self.state, Phase::Available | Phase::Deleting | Phase::Deleted);
        let status = match self.state {
            Phase::Pending => "associating",
            Phase::Available => "succeeded",
            Phase::Deleting | Phase::Deleted => "disassociating",
            Phase::Failed => "failed",
        };
        let address = object! {
            "allocationId" => self.allocation.clone(),
            "publicIp" => self.public_ip.clone().filter(|_| is_there),
            "associationId" => self.association.clone().filter(|_| is_there),
            "networkInterfaceId" => self.interface.clone(),
            "privateIp" => self.private_ip.clone(),
            "isPrimary" => true,
            "status" => status,
            "failureMessage" => self.failure.as_ref().map(|(_, words)| words),
        };
        object! {
            "natGatewayId" => id.to_owned(),
            "vpcId" => &self.vpc,
            "subnetId" => &self.subnet,
            "state" => self.state.name(),
            "createTime" => self.made,
            "deleteTime" => self.deleted,
            "failureCode" => self.failure.as_ref().map(|(code, _)| *code),
            "failureMessage" => self.failure.as_ref().map(|(_, words)| words),
            "connectivityType" => if self.is_public { "public" } else { "private" },
            "availabilityMode" => "zonal",
            "natGatewayAddressSet" => items([address]),
            "tagSet" => self.tags.ec2(),
        }
    }
}

impl NatGateway {
    /// Whether routes to it lead anywhere.
    pub(super) fn is_passable(&self) -> bool {
        matches!(self.state, Phase::Pending | Phase::Available)
    }
}

/// In the words of `DeleteNatGateway` and `DescribeNatGateways`.
fn absent(id: &str) -> Refusal {
    Refusal::new("NatGatewayNotFound", format!("NatGateway {id} was not found"))
}

/// In the words of `CreateNatGateway`, which are not those of other calls (<https://github.com/hashicorp/terraform-provider-aws/issues/27087>).
fn no_address(id: &str) -> Refusal {
    Refusal::new("InvalidElasticIpID.NotFound", format!("The elasticIp ID '{id}' does not exist"))
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let subnet = input.need("SubnetId")?;
    let kind = input.text_or("ConnectivityType", "public");
    Scene::ensure(["public", "private"].contains(&kind.as_str()), || {
        invalid(format!("Value ({kind}) for parameter connectivityType is invalid."))
    })?;
    let is_public = kind == "public";
    let allocation = input.text("AllocationId");
    let tags = tags::<NatGateway>(input)?;
    input.pass_over("AvailabilityMode");
    let vpc = need::<Subnet>(scene, subnet)?.vpc.clone();
    match allocation {
        None if is_public => return Err(missing("AllocationId")),
        Some(_) if !is_public => {
            let words = "An allocation ID cannot be specified for a private NAT gateway";
            return Err(Refusal::new("InvalidParameterCombination", words));
        }
        Some(id) if need::<Address>(scene, id).is_err() => return Err(no_address(id)),
        _ => {}
    }
    check_limit(scene, subnet)?;
    let failure = failure(scene, subnet, &vpc, allocation);
    let gateway = NatGateway {
        vpc,
        subnet: subnet.to_owned(),
        state: Phase::Pending,
        made: scene.now,
        deleted: None,
        failure: None,
        is_public,
        allocation: allocation.map(str::to_owned),
        public_ip: None,
        association: None,
        interface: None,
        private_ip: None,
        tags,
    };
    let id = listing::put(scene, gateway);
    // The answer does not know the interface yet.
    let shown = listing::shown::<NatGateway>(scene, &id);
    match failure {
        Some(failure) => fail(scene, &id, failure),
        None => begin(scene, &id)?,
    }
    let token = input.text("ClientToken").map(str::to_owned);
    Ok(object! { "clientToken" => token, "natGateway" => shown })
}

fn check_limit(scene: &Scene<'_>, subnet: &str) -> Result<(), Refusal> {
    let zone = subnets::zone_of_subnet(scene, subnet);
    let all = scene.here.ec2.nat_gateways.values().filter(|it| it.is_passable());
    let in_zone = all.filter(|it| subnets::zone_of_subnet(scene, &it.subnet) == zone).count();
    Scene::ensure(in_zone < LIMIT, || {
        let words = format!("Performing this operation would exceed the limit of {LIMIT} NAT gateways");
        Refusal::new("NatGatewayLimitExceeded", words)
    })
}

/// Why a gateway will come to nothing. EC2 takes the call and has the gateway fail
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html>, `failureCode`).
fn failure(scene: &Scene<'_>, subnet: &str, vpc: &str, allocation: Option<&str>) -> Option<(&'static str, String)> {
    let allocation = allocation.and_then(|id| Some((id, scene.here.ec2.addresses.get(id)?)));
    if allocation.is_some() && internet_gateways::of_vpc(scene, vpc).is_none() {
        return Some(("Gateway.NotAttached", format!("Network {vpc} has no Internet gateway attached")));
    }
    if let Some((id, _)) = allocation.filter(|(_, address)| address.association.is_some()) {
        return Some(("Resource.AlreadyAssociated", format!("Elastic IP address [{id}] is already associated")));
    }
    let has_room = scene.here.ec2.subnets.get(subnet).is_some_and(|it| it.free(scene, subnet) > 0);
    (!has_room).then(|| {
        let words = "Subnet has insufficient free addresses to create this NAT gateway";
        ("InsufficientFreeAddressesInSubnet", words.to_owned())
    })
}

fn fail(scene: &mut Scene<'_>, id: &str, failure: (&'static str, String)) {
    if let Some(gateway) = scene.here.ec2.nat_gateways.get_mut(id) {
        gateway.failure = Some(failure);
    }
    // The answer still says `pending`.
    scene.later(Duration::from_secs(1), be_failed, id);
}

fn be_failed(scene: &mut Scene<'_>, id: &str) {
    if let Some(gateway) = scene.here.ec2.nat_gateways.get_mut(id) {
        gateway.state = Phase::Failed;
        gateway.deleted = Some(scene.now);
        scene.later(VISIBLE, be_forgotten, id);
    }
}

/// Gives a gateway its interface, and has it become available.
fn begin(scene: &mut Scene<'_>, id: &str) -> Result<(), Refusal> {
    let Some(gateway) = scene.here.ec2.nat_gateways.get(id) else { return Ok(()) };
    let (subnet, allocation) = (gateway.subnet.clone(), gateway.allocation.clone());
    let description = format!("Interface for NAT Gateway {id}");
    let wish = Wish { subnet: &subnet, description, requester: "amazon-aws", ..Wish::default() };
    let interface = interfaces::attach_as(scene, wish, "nat_gateway")?;
    let association = allocation.as_ref().map(|allocation| addresses::bind(scene, allocation, &interface));
    let private_ip = interfaces::private_ip(scene, &interface);
    let state = &mut scene.here.ec2;
    let public_ip = allocation.and_then(|id| state.addresses.get(&id)).map(|address| address.public_ip.clone());
    if let Some(gateway) = state.nat_gateways.get_mut(id) {
        gateway.interface = Some(interface);
        gateway.association = association;
        gateway.private_ip = private_ip;
        gateway.public_ip = public_ip;
    }
    scene.later(scene.settings.durations.nat_gateway, become_available, id);
    Ok(())
}

fn become_available(scene: &mut Scene<'_>, id: &str) {
    if let Some(gateway) = scene.here.ec2.nat_gateways.get_mut(id).filter(|it| it.state == Phase::Pending) {
        gateway.state = Phase::Available;
    }
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("NatGatewayId")?;
    NatGateway::KIND.check(id)?;
    let sight = scene.sight;
    let gateway = scene.here.ec2.nat_gateways.seen_mut(id, sight).ok_or_else(|| absent(id))?;
    match gateway.state {
        Phase::Deleted => return Err(absent(id)),
        Phase::Pending | Phase::Available => {
            gateway.state = Phase::Deleting;
            scene.later(scene.settings.durations.nat_gateway_delete, be_deleted, id);
        }
        Phase::Failed => be_deleted(scene, id),
        Phase::Deleting => {}
    }
    Ok(object! { "natGatewayId" => id.to_owned() })
}

fn be_deleted(scene: &mut Scene<'_>, id: &str) {
    let Some(gateway) = scene.here.ec2.nat_gateways.get_mut(id) else { return };
    gateway.state = Phase::Deleted;
    gateway.deleted = Some(scene.now);
    if let Some(interface) = gateway.interface.clone() {
        interfaces::detach(scene, &interface);
    }
    scene.later(VISIBLE, be_forgotten, id);
}

fn be_forgotten(scene: &mut Scene<'_>, id: &str) {
    scene.here.ec2.nat_gateways.remove(id);
}
