//! What is asked of instances to come, read from a call and a template, and checked before anything changes.

use serde_json::{Map, Value, json};

use super::Metadata;
use super::devices::devices;
use crate::simulator::input::{Input, invalid};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::images::{self, Device};
use crate::simulator::services::ec2::instance_types::{self, InstanceType};
use crate::simulator::services::ec2::launch_templates::data;
use crate::simulator::services::ec2::{security_groups, subnets};
use crate::simulator::services::iam;
use crate::simulator::tags::Tags;

/// All that is known of instances to come.
pub(super) struct Order {
    pub(super) image: String,
    pub(super) kind: InstanceType,
    pub(super) subnet: String,
    pub(super) vpc: String,
    pub(super) groups: Vec<String>,
    pub(super) devices: Vec<Device>,
    pub(super) profile: Option<String>,
    pub(super) is_public: Option<bool>,
    pub(super) tags: Tags,
    pub(super) volume_tags: Tags,
    pub(super) interface_tags: Tags,
    pub(super) token: Option<String>,
    /// The parameters that only the instance itself knows what to do with.
    pub(super) rest: Input,
}

impl Order {
    /// Reads and checks all there is to know, without changing anything.
    pub(super) fn read(scene: &Scene<'_>, all: Map<String, Value>) -> Result<Self, Refusal> {
        let rest = Input::from(Value::Object(all));
        let kind = instance_types::need(rest.text("InstanceType").unwrap_or("m1.small"))?;
        let image = image_id(scene, rest.need("ImageId")?)?;
        let interface = rest.list("NetworkInterface").first();
        let subnet = interface.and_then(|one| one.text("SubnetId")).or_else(|| rest.text("SubnetId"));
        let subnet = match subnet {
            Some(subnet) => subnet.to_owned(),
            None => default_subnet(scene, rest.at("Placement").and_then(|place| place.text("AvailabilityZone")))?,
        };
        let vpc = subnets::vpc_of_subnet(scene, &subnet);
        let vpc = vpc.ok_or_else(|| {
            Refusal::new("InvalidSubnetID.NotFound", format!("The subnet ID '{subnet}' does not exist"))
        })?;
        let groups = groups(scene, &rest, interface, &subnet, &vpc)?;
        let profile = profile(scene, &rest)?;
        if let Some(key) = rest.text("KeyName") {
            let words = format!("The key pair '{key}' does not exist");
            return Err(Refusal::new("InvalidKeyPair.NotFound", words));
        }
        data::check_user_data(rest.text("UserData").unwrap_or_default())?;
        let devices = devices(&rest, fitting(scene, &image, kind)?)?;
        let order = Self {
            kind,
            vpc,
            groups,
            devices,
            profile,
            is_public: interface.and_then(|one| one.flag("AssociatePublicIpAddress")),
            tags: Tags::specified(&rest, "instance")?,
            volume_tags: Tags::specified(&rest, "volume")?,
            interface_tags: Tags::specified(&rest, "network-interface")?,
            token: rest.text("ClientToken").map(str::to_owned),
            image,
            subnet,
            rest,
        };
        order.check_room(scene)?;
        Ok(order)
    }

    /// AWS may have no room: HTTP status 500, as its own
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>).
    fn check_room(&self, scene: &Scene<'_>) -> Result<(), Refusal> {
        if !scene.here.ec2.instances.is_full {
            return Ok(());
        }
        let (kind, zone) = (self.kind.name(), subnets::zone_of_subnet(scene, &self.subnet).unwrap_or_default());
        let words = format!(
            "We currently do not have sufficient {kind} capacity in the Availability Zone you requested ({zone}). Our \
             system will be working on provisioning additional capacity."
        );
        Err(Refusal::new("InsufficientInstanceCapacity", words).status(500))
    }

    pub(super) fn credits(&self) -> Option<String> {
        let otherwise = if self.kind.is_unlimited() { "unlimited" } else { "standard" };
        let given =
            self.rest.at("CreditSpecification").map_or(otherwise.to_owned(), |of| of.text_or("CpuCredits", otherwise));
        self.kind.is_burstable().then_some(given)
    }

    pub(super) fn market(&self) -> Option<&'static str> {
        let market = self.rest.at("InstanceMarketOptions")?.text("MarketType")?;
        (market == "spot").then_some("spot")
    }

    /// Images that say so have instances that want session tokens, which may make one hop more
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html>).
    pub(super) fn metadata(&self, scene: &Scene<'_>) -> Metadata {
        let image = images::find(scene, &self.image);
        let strict = image.is_some_and(|image| image.needs_session_tokens);
        let none = Input::from(json!({}));
        let given = self.rest.at("MetadataOptions").unwrap_or(&none);
        let hops = given.whole("HttpPutResponseHopLimit").ok().flatten().map(i64::unsigned_abs);
        Metadata {
            tokens: given.text_or("HttpTokens", if strict { "required" } else { "optional" }),
            hops: hops.unwrap_or(if strict { 2 } else { 1 }),
            endpoint: given.text_or("HttpEndpoint", "enabled"),
            ipv6: given.text_or("HttpProtocolIpv6", "disabled"),
            tags: given.text_or("InstanceMetadataTags", "disabled"),
        }
    }
}

/// The image that is meant, which may be named by a parameter of the Systems Manager.
fn image_id(scene: &Scene<'_>, given: &str) -> Result<String, Refusal> {
    let Some(parameter) = given.strip_prefix("resolve:ssm:") else { return Ok(given.to_owned()) };
    let found = images::published(scene, parameter);
    found.ok_or_else(|| invalid(format!("Invalid value '{given}' for ImageId. The parameter does not exist.")))
}

/// The device that an image starts from.
pub(super) fn root_of(scene: &Scene<'_>, image: &str) -> String {
    images::find(scene, image).map(|image| image.root.clone()).unwrap_or_default()
}

fn default_subnet(scene: &Scene<'_>, zone: Option<&str>) -> Result<String, Refusal> {
    subnets::default_subnet(scene, zone).ok_or_else(|| {
        let words = "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.";
        Refusal::new("VPCIdNotSpecified", words)
    })
}

/// The volumes of an image that fits the type.
fn fitting(scene: &Scene<'_>, id: &str, kind: InstanceType) -> Result<Vec<Device>, Refusal> {
    let image = images::need(scene, id)?;
    if !image.is_available {
        return Err(Refusal::new("InvalidAMIID.Unavailable", format!("The image ID '{id}' is not available")));
    }
    if image.architecture != kind.architecture() {
        return Err(invalid(format!(
            "The architecture '{}' of the specified instance type does not match the architecture '{}' of the \
             specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. You \
             can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type \
             or AMI.",
            kind.architecture(),
            image.architecture,
        )));
    }
    Ok(image.devices.clone())
}

fn groups(
    scene: &Scene<'_>,
    rest: &Input,
    interface: Option<&Input>,
    subnet: &str,
    vpc: &str,
) -> Result<Vec<String>, Refusal> {
    let outer = rest.texts("SecurityGroupId");
    if interface.is_some() && !outer.is_empty() {
        let words = "Network interfaces and an instance-level security groups may not be specified on the same request";
        return Err(Refusal::new("InvalidParameterCombination", words));
    }
    let given = interface.map(|one| one.texts("SecurityGroupId")).unwrap_or(outer);
    for group in &given {
        match security_groups::group_vpc(scene, group) {
            None => {
                let words = format!("The security group '{group}' does not exist");
                return Err(Refusal::new("InvalidGroup.NotFound", words));
            }
            Some(other) if other != vpc => {
                let words = format!("Security group {group} and subnet {subnet} belong to different networks.");
                return Err(Refusal::new("InvalidParameter", words));
            }
            Some(_) => {}
        }
    }
    if given.is_empty() {
        return Ok(security_groups::default_group(scene, vpc).into_iter().collect());
    }
    Ok(given.into_iter().map(str::to_owned).collect())
}

/// The ARN of the profile, which EC2 learns of only a while after it was made.
fn profile(scene: &Scene<'_>, rest: &Input) -> Result<Option<String>, Refusal> {
    let Some(given) = rest.at("IamInstanceProfile") else { return Ok(None) };
    let (field, value) = match (given.text("Arn"), given.text("Name")) {
        (Some(arn), _) => ("arn", arn),
        (None, Some(name)) => ("name", name),
        (None, None) => return Ok(None),
    };
    if !iam::instance_profile(scene, value) {
        let what = if field == "arn" { "ARN" } else { "name" };
        let words = format!(
            "Value ({value}) for parameter iamInstanceProfile.{field} is invalid. Invalid IAM Instance Profile {what}"
        );
        return Err(invalid(words));
    }
    let account = &scene.place.account;
    let arn =
        if field == "arn" { value.to_owned() } else { format!("arn:aws:iam::{account}:instance-profile/{value}") };
    Ok(Some(arn))
}
