"""EC2: VPCs, their attributes, filters and pages."""

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
    stack = cloud.name("stack")
    mine, value = worlds.vpc(cloud, Stack=f"{stack}-one"), f"{stack}-one"
    worlds.vpc(cloud, "10.2.0.0/16", Other=f"{stack}-two")

    def found(name, *values):
        answer = cloud.ec2.describe_vpcs(Filters=[{"Name": name, "Values": list(values)}])
        return [vpc["VpcId"] for vpc in answer["Vpcs"]]

    expect(found("tag:Stack", value), [mine], "tag:Stack")
    expect(found("tag:Stack", "nobody"), [], "tag:Stack of nobody")
    expect_true(mine in found("tag-key", "Stack"), "tag-key doesn't find it")
    expect(found("tag:Stack", f"{stack}-*"), [mine], "a wildcard")
    expect(found("tag:Stack", f"{stack}-on?"), [mine], "a question mark")
    expect(found("tag:Stack", "nobody", value), [mine], "one of two values")


@check("DescribeVpcs: all filters must match")
def _(cloud):
    stack = cloud.name("stack")
    vpc = worlds.vpc(cloud, Stack=stack)
    both = named("tag:Stack", stack) + named("cidr", "10.9.0.0/16")
    expect(cloud.ec2.describe_vpcs(Filters=both)["Vpcs"], [], "tag matches, CIDR does not")
    both = named("tag:Stack", stack) + named("cidr", "10.0.0.0/16")
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
