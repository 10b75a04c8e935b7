//! Internet gateways, each of which one VPC may have.

use serde::Serialize;

use super::interfaces;
use super::listing::{self, Kind, Thing, done, kept, need, tags};
use super::vpcs::Vpc;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// What can be done with internet gateways.
pub(super) const ACTIONS: &[Action] = &[
    action("CreateInternetGateway", create),
    action("DescribeInternetGateways", listing::describe::<InternetGateway>),
    action("AttachInternetGateway", attach),
    action("DetachInternetGateway", detach),
    action("DeleteInternetGateway", delete),
];

/// As many as a region may have (<https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>).
const LIMIT: usize = 5;

/// An internet gateway.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct InternetGateway {
    pub(super) vpc: Option<String>,
    tags: Tags,
}

impl Thing for InternetGateway {
    const KIND: Kind = Kind {
        prefix: "igw",
        resource: "internet-gateway",
        noun: "internetGateway ID",
        not_found: "InvalidInternetGatewayID.NotFound",
        malformed: "InvalidInternetGatewayId.Malformed",
    };
    const IDS: &'static str = "InternetGatewayId";
    const SET: &'static str = "internetGatewaySet";
    const FILTERS: &'static [&'static str] =
        &["attachment.state", "attachment.vpc-id", "internet-gateway-id", "owner-id"];

    kept!(internet_gateways);

    fn values(&self, scene: &Scene<'_>, id: &str, filter: &str) -> Vec<String> {
        match filter {
            "attachment.state" => self.vpc.iter().map(|_| "available".to_owned()).collect(),
            "attachment.vpc-id" => self.vpc.iter().cloned().collect(),
            "internet-gateway-id" => vec![id.to_owned()],
            _ => vec![scene.place.account.clone()],
        }
    }

    fn show(&self, scene: &Scene<'_>, id: &str) -> Tree {
        // The reference says `attached`; EC2 says `available`.
        let attachment = self.vpc.as_ref().map(|vpc| object! { "vpcId" => vpc, "state" => "available" });
        object! {
            "internetGatewayId" => id.to_owned(),
            "attachmentSet" => items(attachment),
            "ownerId" => &scene.place.account,
            "tagSet" => self.tags.ec2_list(),
        }
    }
}

/// The gateway of a VPC.
pub(super) fn of_vpc(scene: &Scene<'_>, vpc: &str) -> Option<String> {
    let mut all = scene.here.ec2.internet_gateways.iter();
    all.find(|(_, gateway)| gateway.vpc.as_deref() == Some(vpc)).map(|(id, _)| id.to_owned())
}

/// Attaches a gateway to a VPC, or detaches it.
pub(super) fn tie(scene: &mut Scene<'_>, id: &str, vpc: Option<&str>) {
    if let Some(gateway) = scene.here.ec2.internet_gateways.get_mut(id) {
        gateway.vpc = vpc.map(str::to_owned);
    }
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let tags = tags::<InternetGateway>(input)?;
    Scene::ensure(scene.here.ec2.internet_gateways.len() < LIMIT, || {
        let words = "The maximum number of internet gateways has been reached.";
        Refusal::new("InternetGatewayLimitExceeded", words)
    })?;
    let id = listing::put(scene, InternetGateway { vpc: None, tags });
    Ok(object! { "internetGateway" => listing::shown::<InternetGateway>(scene, &id) })
}

fn attach(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, vpc) = (input.need("InternetGatewayId")?, input.need("VpcId")?);
    let gateway = need::<InternetGateway>(scene, id)?;
    need::<Vpc>(scene, vpc)?;
    if let Some(other) = &gateway.vpc {
        let words = format!("resource {id} is already attached to network {other}");
        return Err(Refusal::new("Resource.AlreadyAssociated", words));
    }
    if of_vpc(scene, vpc).is_some() {
        let words = format!("Network {vpc} already has an internet gateway attached");
        return Err(Refusal::new("InvalidParameterValue", words));
    }
    tie(scene, id, Some(vpc));
    Ok(done())
}

fn detach(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, vpc) = (input.need("InternetGatewayId")?, input.need("VpcId")?);
    let gateway = need::<InternetGateway>(scene, id)?;
    need::<Vpc>(scene, vpc)?;
    Scene::ensure(gateway.vpc.as_deref() == Some(vpc), || {
        Refusal::new("Gateway.NotAttached", format!("resource {id} is not attached to network {vpc}"))
    })?;
    Scene::ensure(!interfaces::any_public(scene, vpc), || {
        let words = format!(
            "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
        );
        Refusal::new("DependencyViolation", words)
    })?;
    tie(scene, id, None);
    Ok(done())
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("InternetGatewayId")?;
    let gateway = need::<InternetGateway>(scene, id)?;
    Scene::ensure(gateway.vpc.is_none(), || InternetGateway::KIND.held(id))?;
    scene.here.ec2.internet_gateways.remove(id);
    Ok(done())
}
