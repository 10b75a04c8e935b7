"""EC2: VPCs, subnets, internet gateways, addresses, NAT gateways."""

from . import worlds
from .expect import expect, expect_true, refused, tags_of
from .registry import check
from .worlds import named, tagged


@check("CreateVpc: the answer and DescribeVpcs show CIDR, tags and no default")
def _(cloud):
    answer = cloud.ec2.create_vpc(CidrBlock="10.1.0.0/16", TagSpecifications=tagged("vpc", Name="one"))["Vpc"]
    expect(answer["State"], "pending", "the state in the answer of CreateVpc")
    expect(tags_of(answer.get("Tags")), {"Name": "one"}, "tags in the answer")
    expect(answer["OwnerId"], cloud.account, "OwnerId")
    vpc = cloud.ec2.describe_vpcs(VpcIds=[answer["VpcId"]])["Vpcs"][0]
    expect(vpc["CidrBlock"], "10.1.0.0/16", "CidrBlock")
    expect(vpc["IsDefault"], False, "IsDefault")
    expect(vpc["InstanceTenancy"], "default", "InstanceTenancy")
    expect(vpc["CidrBlockAssociationSet"][0]["CidrBlockState"]["State"], "associated", "the state of the range")
    expect(tags_of(vpc.get("Tags")), {"Name": "one"}, "tags in DescribeVpcs")


@check("CreateVpc: becomes available")
def _(cloud):
    vpc = cloud.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    cloud.until(
        lambda: cloud.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["State"] == "available", 60, "the VPC is available"
    )


@check("CreateVpc: a range wider than /16 is refused with InvalidVpc.Range")
def _(cloud):
    refused("InvalidVpc.Range", cloud.ec2.create_vpc, CidrBlock="10.0.0.0/8")


@check("CreateVpc: a range narrower than /28 is refused with InvalidVpc.Range")
def _(cloud):
    refused("InvalidVpc.Range", cloud.ec2.create_vpc, CidrBlock="10.0.0.0/29")


@check("CreateVpc: what is no range is refused with InvalidParameterValue")
def _(cloud):
    refused("InvalidParameterValue", cloud.ec2.create_vpc, CidrBlock="ten")


@check("CreateVpc: has no client token, so twice the same makes two")
def _(cloud):
    first = cloud.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    second = cloud.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    expect_true(first != second, f"both calls answered {first}")


@check("CreateVpc: DryRun answers DryRunOperation and makes nothing")
def _(cloud):
    before = len(cloud.ec2.describe_vpcs()["Vpcs"])
    refused("DryRunOperation", cloud.ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True)
    expect(len(cloud.ec2.describe_vpcs()["Vpcs"]), before, "VPCs after the dry run")


@check("CreateVpc: a tag that starts with aws: is refused")
def _(cloud):
    # Tag restrictions, EC2 user guide: the prefix is reserved; the answer is InvalidParameterValue.
    refused(
        "InvalidParameterValue",
        cloud.ec2.create_vpc,
        CidrBlock="10.0.0.0/16",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "aws:mine", "Value": "x"}]}],
    )


@check("CreateVpc: tags for another kind are refused")
def _(cloud):
    refused(
        "InvalidParameterValue",
        cloud.ec2.create_vpc,
        CidrBlock="10.0.0.0/16",
        TagSpecifications=tagged("subnet", Name="one"),
    )


@check("CreateVpc: the VPC has a main route table, a default security group and a default network ACL")
def _(cloud):
    vpc = worlds.vpc(cloud)
    tables = cloud.ec2.describe_route_tables(Filters=named("vpc-id", vpc))["RouteTables"]
    expect(len(tables), 1, "route tables of a fresh VPC")
    expect(tables[0]["Associations"][0]["Main"], True, "the table is the main one")
    expect(tables[0]["Routes"][0]["GatewayId"], "local", "the local route")
    expect(tables[0]["Routes"][0]["DestinationCidrBlock"], "10.0.0.0/16", "the local route's destination")
    groups = cloud.ec2.describe_security_groups(Filters=named("vpc-id", vpc))["SecurityGroups"]
    expect([group["GroupName"] for group in groups], ["default"], "security groups of a fresh VPC")
    acls = cloud.ec2.describe_network_acls(Filters=named("vpc-id", vpc))["NetworkAcls"]
    expect([acl["IsDefault"] for acl in acls], [True], "network ACLs of a fresh VPC")


@check("CreateVpc: in the default security group members reach each other and everything outside")
def _(cloud):
    vpc = worlds.vpc(cloud)
    group = cloud.ec2.describe_security_groups(Filters=named("vpc-id", vpc))["SecurityGroups"][0]
    expect(group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"], group["GroupId"], "what may come in")
    expect(group["IpPermissionsEgress"][0]["IpRanges"][0]["CidrIp"], "0.0.0.0/0", "where it may go")


@check("ModifyVpcAttribute: host names are off until they are switched on, resolution is on")
def _(cloud):
    vpc = worlds.vpc(cloud)

    def attribute(name):
        answer = cloud.ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)
        return answer[name[0].upper() + name[1:]]["Value"]

    expect(attribute("enableDnsHostnames"), False, "enableDnsHostnames of a fresh VPC")
    expect(attribute("enableDnsSupport"), True, "enableDnsSupport of a fresh VPC")
    cloud.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    expect(attribute("enableDnsHostnames"), True, "enableDnsHostnames after the change")


@check("ModifyVpcAttribute: two attributes in one call are refused with InvalidParameterCombination")
def _(cloud):
    # API reference: "You cannot modify the DNS resolution and DNS hostnames attributes in the same request."
    vpc = worlds.vpc(cloud)
    refused(
        "InvalidParameterCombination",
        cloud.ec2.modify_vpc_attribute,
        VpcId=vpc,
        EnableDnsHostnames={"Value": True},
        EnableDnsSupport={"Value": True},
    )


@check("DescribeVpcs: an unknown id is refused with InvalidVpcID.NotFound")
def _(cloud):
    refused("InvalidVpcID.NotFound", cloud.ec2.describe_vpcs, VpcIds=["vpc-0123456789abcdef0"])


@check("DescribeVpcs: one unknown id among known ones fails the call")
def _(cloud):
    vpc = worlds.vpc(cloud)
    refused("InvalidVpcID.NotFound", cloud.ec2.describe_vpcs, VpcIds=[vpc, "vpc-0123456789abcdef0"])


@check("DescribeVpcs: what is no id is refused with InvalidVpcID.Malformed")
def _(cloud):
    refused(("InvalidVpcID.Malformed", "InvalidVpcId.Malformed"), cloud.ec2.describe_vpcs, VpcIds=["nonsense"])


@check("DescribeVpcs: filters by tag, tag-key and wildcard")
def _(cloud):
    mine, value = worlds.vpc(cloud, Stack="shop-one"), "shop-one"
    worlds.vpc(cloud, "10.2.0.0/16", Other="shop-two")

    def found(name, *values):
        answer = cloud.ec2.describe_vpcs(Filters=[{"Name": name, "Values": list(values)}])
        return [vpc["VpcId"] for vpc in answer["Vpcs"]]

    expect(found("tag:Stack", value), [mine], "tag:Stack")
    expect(found("tag:Stack", "nobody"), [], "tag:Stack of nobody")
    expect(found("tag-key", "Stack"), [mine], "tag-key")
    expect(found("tag:Stack", "shop-*"), [mine], "a wildcard")
    expect(found("tag:Stack", "shop-on?"), [mine], "a question mark")
    expect(found("tag:Stack", "nobody", value), [mine], "one of two values")


@check("DescribeVpcs: all filters must match")
def _(cloud):
    vpc = worlds.vpc(cloud, Stack="one")
    both = named("tag:Stack", "one") + named("cidr", "10.9.0.0/16")
    expect(cloud.ec2.describe_vpcs(Filters=both)["Vpcs"], [], "tag matches, CIDR does not")
    both = named("tag:Stack", "one") + named("cidr", "10.0.0.0/16")
    expect([found["VpcId"] for found in cloud.ec2.describe_vpcs(Filters=both)["Vpcs"]], [vpc], "both match")


@check("DescribeVpcs: an unknown filter is refused with InvalidParameterValue")
def _(cloud):
    refused("InvalidParameterValue", cloud.ec2.describe_vpcs, Filters=named("colour", "blue"))


@check("DescribeVpcs: more than 200 values in a filter are refused with FilterLimitExceeded")
def _(cloud):
    # EC2 user guide, "Filter resources": up to 200 values per filter; error code from the list of client errors.
    values = [f"v{number}" for number in range(201)]
    refused("FilterLimitExceeded", cloud.ec2.describe_vpcs, Filters=named("tag:Stack", values))


@check("DescribeVpcs: MaxResults below 5 is refused with InvalidParameterValue")
def _(cloud):
    refused("InvalidParameterValue", cloud.unchecked("ec2").describe_vpcs, MaxResults=2)


@check("DescribeVpcs: a page token that nobody gave is refused")
def _(cloud):
    refused(("InvalidNextToken", "InvalidParameterValue"), cloud.ec2.describe_vpcs, MaxResults=5, NextToken="nonsense")


@check("DescribeSubnets: MaxResults cuts pages and the token leads through all of them")
def _(cloud):
    vpc = worlds.vpc(cloud)
    made = {worlds.subnet(cloud, vpc, f"10.0.{number}.0/24") for number in range(7)}
    pages = cloud.pages(cloud.ec2.describe_subnets, "Subnets", Filters=named("vpc-id", vpc), MaxResults=5)
    expect([len(page) for page in pages], [5, 2], "lengths of the pages")
    expect({subnet["SubnetId"] for page in pages for subnet in page}, made, "subnets on all pages")


@check("DeleteVpc: with a subnet is refused with DependencyViolation")
def _(cloud):
    vpc = worlds.vpc(cloud)
    worlds.subnet(cloud, vpc)
    refused("DependencyViolation", cloud.ec2.delete_vpc, VpcId=vpc)


@check("DeleteVpc: with an attached internet gateway is refused with DependencyViolation")
def _(cloud):
    vpc = worlds.vpc(cloud)
    worlds.internet_gateway(cloud, vpc)
    refused("DependencyViolation", cloud.ec2.delete_vpc, VpcId=vpc)


@check("DeleteVpc: with another security group than the default one is refused with DependencyViolation")
def _(cloud):
    vpc = worlds.vpc(cloud)
    worlds.security_group(cloud, vpc)
    refused("DependencyViolation", cloud.ec2.delete_vpc, VpcId=vpc)


@check("DeleteVpc: with another route table than the main one is refused with DependencyViolation")
def _(cloud):
    vpc = worlds.vpc(cloud)
    cloud.ec2.create_route_table(VpcId=vpc)
    refused("DependencyViolation", cloud.ec2.delete_vpc, VpcId=vpc)


@check("DeleteVpc: takes main route table, default group and default ACL along")
def _(cloud):
    vpc = worlds.vpc(cloud)
    cloud.ec2.delete_vpc(VpcId=vpc)
    refused("InvalidVpcID.NotFound", cloud.ec2.describe_vpcs, VpcIds=[vpc])
    own = named("vpc-id", vpc)
    expect(cloud.ec2.describe_route_tables(Filters=own)["RouteTables"], [], "route tables afterwards")
    expect(cloud.ec2.describe_security_groups(Filters=own)["SecurityGroups"], [], "security groups afterwards")
    expect(cloud.ec2.describe_network_acls(Filters=own)["NetworkAcls"], [], "network ACLs afterwards")


@check("DeleteVpc: twice is refused with InvalidVpcID.NotFound")
def _(cloud):
    vpc = worlds.vpc(cloud)
    cloud.ec2.delete_vpc(VpcId=vpc)
    refused("InvalidVpcID.NotFound", cloud.ec2.delete_vpc, VpcId=vpc)


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
    cloud.ec2.create_tags(Resources=[net.subnets[1]], Tags=[{"Key": "Tier", "Value": "web"}])

    def found(filters):
        return [subnet["SubnetId"] for subnet in cloud.ec2.describe_subnets(Filters=filters)["Subnets"]]

    own = named("vpc-id", net.vpc)
    expect(sorted(found(own)), sorted(net.subnets), "vpc-id")
    expect(found(own + named("availability-zone", net.zones[0])), net.subnets[:1], "availability-zone")
    expect(found(own + named("cidr-block", "10.0.1.0/24")), net.subnets[1:], "cidr-block")
    expect(found(named("tag:Tier", "web")), net.subnets[1:], "tag:Tier")
    expect(found(named("tag:Tier", "none")), [], "tag:Tier of none")


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
