"""EC2: subnets and internet gateways."""

from . import worlds
from .expect import expect, refused, tags_of
from .registry import check
from .worlds import named, tagged


@check("CreateSubnet: the answer shows zone, CIDR, free addresses and tags")
def _(cloud):
    vpc = worlds.vpc(cloud)
    zone = cloud.region + "b"
    subnet = cloud.ec2.create_subnet(
        VpcId=vpc, CidrBlock="10.0.3.0/24", AvailabilityZone=zone, TagSpecifications=tagged("subnet", Name="three")
    )["Subnet"]
    subnet = cloud.ec2.describe_subnets(SubnetIds=[subnet["SubnetId"]])["Subnets"][0]
    expect(subnet["AvailabilityZone"], zone, "AvailabilityZone")
    expect(subnet["CidrBlock"], "10.0.3.0/24", "CidrBlock")
    # The first four addresses and the last one are AWS's own (VPC user guide, "Subnet sizing").
    expect(subnet["AvailableIpAddressCount"], 251, "AvailableIpAddressCount of a /24")
    expect(subnet["MapPublicIpOnLaunch"], False, "MapPublicIpOnLaunch")
    expect(subnet["DefaultForAz"], False, "DefaultForAz")
    expect(tags_of(subnet["Tags"]), {"Name": "three"}, "tags")
    expect(subnet["SubnetArn"].split(":")[4], cloud.account, "the account in SubnetArn")


@check("CreateSubnet: overlapping CIDR is refused with InvalidSubnet.Conflict")
def _(cloud):
    vpc = worlds.vpc(cloud)
    worlds.subnet(cloud, vpc, "10.0.0.0/24")
    refused("InvalidSubnet.Conflict", cloud.ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.0.128/25")


@check("CreateSubnet: the same CIDR again is refused with InvalidSubnet.Conflict")
def _(cloud):
    vpc = worlds.vpc(cloud)
    worlds.subnet(cloud, vpc, "10.0.0.0/24")
    refused("InvalidSubnet.Conflict", cloud.ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.0.0/24")


@check("CreateSubnet: a CIDR outside the VPC is refused with InvalidSubnet.Range")
def _(cloud):
    vpc = worlds.vpc(cloud)
    refused("InvalidSubnet.Range", cloud.ec2.create_subnet, VpcId=vpc, CidrBlock="10.7.0.0/24")


@check("CreateSubnet: in a VPC that is not there is refused with InvalidVpcID.NotFound")
def _(cloud):
    refused("InvalidVpcID.NotFound", cloud.ec2.create_subnet, VpcId="vpc-0123456789abcdef0", CidrBlock="10.0.0.0/24")


@check("CreateSubnet: in a zone that is not there is refused with InvalidParameterValue")
def _(cloud):
    vpc = worlds.vpc(cloud)
    refused(
        "InvalidParameterValue",
        cloud.ec2.create_subnet,
        VpcId=vpc,
        CidrBlock="10.0.0.0/24",
        AvailabilityZone=cloud.region + "q",
    )


@check("ModifySubnetAttribute: MapPublicIpOnLaunch shows in DescribeSubnets")
def _(cloud):
    subnet = worlds.subnet(cloud, worlds.vpc(cloud))
    cloud.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    shown = cloud.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
    expect(shown["MapPublicIpOnLaunch"], True, "MapPublicIpOnLaunch")


@check("DescribeSubnets: an unknown id is refused with InvalidSubnetID.NotFound")
def _(cloud):
    refused("InvalidSubnetID.NotFound", cloud.ec2.describe_subnets, SubnetIds=["subnet-0123456789abcdef0"])


@check("DescribeSubnets: filters by VPC, zone, CIDR and tag")
def _(cloud):
    net = worlds.network(cloud)
    tier = cloud.name("tier")
    cloud.ec2.create_tags(Resources=[net.subnets[1]], Tags=[{"Key": "Tier", "Value": tier}])

    def found(filters):
        return [subnet["SubnetId"] for subnet in cloud.ec2.describe_subnets(Filters=filters)["Subnets"]]

    own = named("vpc-id", net.vpc)
    expect(sorted(found(own)), sorted(net.subnets), "vpc-id")
    expect(found(own + named("availability-zone", net.zones[0])), net.subnets[:1], "availability-zone")
    expect(found(own + named("cidr-block", "10.0.1.0/24")), net.subnets[1:], "cidr-block")
    expect(found(named("tag:Tier", tier)), net.subnets[1:], "tag:Tier")
    expect(found(named("tag:Tier", cloud.name("tier"))), [], "tag:Tier of none")


@check("DeleteSubnet: with an instance is refused with DependencyViolation")
def _(cloud):
    subnet = worlds.subnet(cloud, worlds.vpc(cloud))
    worlds.instance(cloud, subnet)
    refused("DependencyViolation", cloud.ec2.delete_subnet, SubnetId=subnet)


@check("DeleteSubnet: with a NAT gateway is refused with DependencyViolation")
def _(cloud):
    vpc = worlds.vpc(cloud)
    worlds.internet_gateway(cloud, vpc)
    subnet = worlds.subnet(cloud, vpc)
    worlds.nat_gateway(cloud, subnet)
    refused("DependencyViolation", cloud.ec2.delete_subnet, SubnetId=subnet)


@check("DeleteSubnet: once its instance is terminated it goes, and twice is refused with InvalidSubnetID.NotFound")
def _(cloud):
    subnet = worlds.subnet(cloud, worlds.vpc(cloud))
    worlds.terminated(cloud, worlds.instance(cloud, subnet))
    cloud.ec2.delete_subnet(SubnetId=subnet)
    refused("InvalidSubnetID.NotFound", cloud.ec2.delete_subnet, SubnetId=subnet)


@check("CreateInternetGateway: tags show, attachment is empty, then available")
def _(cloud):
    vpc = worlds.vpc(cloud)
    made = cloud.ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway", Name="way"))
    gateway = made["InternetGateway"]["InternetGatewayId"]
    expect(made["InternetGateway"].get("Attachments", []), [], "attachments of a fresh gateway")
    cloud.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    shown = cloud.ec2.describe_internet_gateways(Filters=named("attachment.vpc-id", vpc))["InternetGateways"]
    expect([found["InternetGatewayId"] for found in shown], [gateway], "gateways by attachment.vpc-id")
    # DescribeInternetGateways says "available" where VPN gateways say "attached".
    expect(shown[0]["Attachments"], [{"State": "available", "VpcId": vpc}], "the attachment")
    expect(tags_of(shown[0]["Tags"]), {"Name": "way"}, "tags")


@check("AttachInternetGateway: the same gateway again is refused with Resource.AlreadyAssociated")
def _(cloud):
    vpc = worlds.vpc(cloud)
    gateway = worlds.internet_gateway(cloud, vpc)
    refused(
        "Resource.AlreadyAssociated", cloud.ec2.attach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc
    )


@check("AttachInternetGateway: a second gateway for a VPC is refused")
def _(cloud):
    # AWS: "Network vpc-… already has an internet gateway attached", InvalidParameterValue.
    vpc = worlds.vpc(cloud)
    worlds.internet_gateway(cloud, vpc)
    second = cloud.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    refused(
        ("InvalidParameterValue", "Resource.AlreadyAssociated"),
        cloud.ec2.attach_internet_gateway,
        InternetGatewayId=second,
        VpcId=vpc,
    )


@check("DetachInternetGateway: what is not attached is refused with Gateway.NotAttached")
def _(cloud):
    vpc = worlds.vpc(cloud)
    gateway = cloud.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    refused("Gateway.NotAttached", cloud.ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)


@check("DetachInternetGateway: under a NAT gateway's public address is refused with DependencyViolation")
def _(cloud):
    vpc = worlds.vpc(cloud)
    gateway = worlds.internet_gateway(cloud, vpc)
    worlds.nat_gateway(cloud, worlds.subnet(cloud, vpc))
    refused("DependencyViolation", cloud.ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)


@check("DeleteInternetGateway: while attached is refused with DependencyViolation, afterwards it is gone")
def _(cloud):
    vpc = worlds.vpc(cloud)
    gateway = worlds.internet_gateway(cloud, vpc)
    refused("DependencyViolation", cloud.ec2.delete_internet_gateway, InternetGatewayId=gateway)
    cloud.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    cloud.ec2.delete_internet_gateway(InternetGatewayId=gateway)
    missing = "InvalidInternetGatewayID.NotFound"
    refused(missing, cloud.ec2.delete_internet_gateway, InternetGatewayId=gateway)
    refused(missing, cloud.ec2.describe_internet_gateways, InternetGatewayIds=[gateway])
