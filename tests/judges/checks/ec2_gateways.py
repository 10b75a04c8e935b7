"""EC2: elastic addresses, NAT gateways and VPC endpoints."""

from . import worlds
from .expect import attempt, expect, expect_true, refused, tags_of
from .registry import check
from .worlds import named, tagged

NOWHERE = "subnet-0123456789abcdef0"


def public_subnet(cloud):
    """A subnet in a VPC with an internet gateway, and the VPC."""
    vpc = worlds.vpc(cloud)
    worlds.internet_gateway(cloud, vpc)
    return worlds.subnet(cloud, vpc), vpc


def shown(cloud, nat):
    """A NAT gateway as Describe shows it."""
    return cloud.ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]


def fails(cloud, codes, subnet, allocation):
    """A NAT gateway must be refused with one of the codes, or be made and then fail with it.

    The reference of NatGateway, FailureCode, lists the codes that may come either way.
    """
    answer, code = attempt(cloud.ec2.create_nat_gateway, SubnetId=subnet, AllocationId=allocation)
    if answer:
        nat = answer["NatGateway"]["NatGatewayId"]
        cloud.until(lambda: worlds.nat_state(cloud, nat) == "failed", 600, "the NAT gateway is failed")
        code = shown(cloud, nat)["FailureCode"]
    expect_true(code in codes, f"expected {codes}, came {code}")


def deleted(cloud, nat):
    """Delete a NAT gateway and wait until it is."""
    cloud.ec2.delete_nat_gateway(NatGatewayId=nat)
    cloud.until(lambda: worlds.nat_state(cloud, nat) == "deleted", 600, f"{nat} is deleted")


def main_table(cloud, vpc):
    """The main route table of a VPC."""
    return cloud.ec2.describe_route_tables(Filters=named("vpc-id", vpc))["RouteTables"][0]["RouteTableId"]


@check("AllocateAddress: shows in DescribeAddresses with domain, tags and no association")
def _(cloud):
    made = cloud.ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip", Name="outside"))
    address = cloud.ec2.describe_addresses(AllocationIds=[made["AllocationId"]])["Addresses"][0]
    expect(address["PublicIp"], made["PublicIp"], "PublicIp")
    expect(address["Domain"], "vpc", "Domain")
    expect(tags_of(address["Tags"]), {"Name": "outside"}, "tags")
    expect(address.get("AssociationId"), None, "AssociationId")


@check("DescribeAddresses: filters by tag")
def _(cloud):
    stack, nobody = cloud.name("stack"), cloud.name("stack")
    made = cloud.ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip", Stack=stack))
    cloud.ec2.allocate_address(Domain="vpc")
    found = cloud.ec2.describe_addresses(Filters=named("tag:Stack", stack))["Addresses"]
    expect([address["AllocationId"] for address in found], [made["AllocationId"]], "addresses with the tag")
    expect(cloud.ec2.describe_addresses(Filters=named("tag:Stack", nobody))["Addresses"], [], "addresses of nobody")


@check("AllocateAddress: the sixth is refused with AddressLimitExceeded")
def _(cloud):
    # The default quota is five per region (VPC user guide, "Amazon VPC quotas").
    for _number in range(5):
        cloud.ec2.allocate_address(Domain="vpc")
    refused("AddressLimitExceeded", cloud.ec2.allocate_address, Domain="vpc")


@check("DescribeAddresses: an unknown allocation is refused with InvalidAllocationID.NotFound")
def _(cloud):
    refused(
        "InvalidAllocationID.NotFound", cloud.ec2.describe_addresses, AllocationIds=["eipalloc-0123456789abcdef0"]
    )


@check("ReleaseAddress: twice is refused with InvalidAllocationID.NotFound")
def _(cloud):
    allocation = cloud.ec2.allocate_address(Domain="vpc")["AllocationId"]
    cloud.ec2.release_address(AllocationId=allocation)
    refused("InvalidAllocationID.NotFound", cloud.ec2.release_address, AllocationId=allocation)


@check("ReleaseAddress: while a NAT gateway holds it is refused with InvalidIPAddress.InUse")
def _(cloud):
    _nat, allocation = worlds.nat_gateway(cloud, public_subnet(cloud)[0])
    # API reference of ReleaseAddress: "you must disassociate … otherwise … an error (InvalidIPAddress.InUse)".
    refused("InvalidIPAddress.InUse", cloud.ec2.release_address, AllocationId=allocation)


@check("CreateNatGateway: starts pending, becomes available, shows its addresses and tags")
def _(cloud):
    subnet, vpc = public_subnet(cloud)
    address = cloud.ec2.allocate_address(Domain="vpc")
    made = cloud.ec2.create_nat_gateway(
        SubnetId=subnet, AllocationId=address["AllocationId"], TagSpecifications=tagged("natgateway", Name="nat")
    )["NatGateway"]
    expect(made["State"], "pending", "the state in the answer")
    expect(made["VpcId"], vpc, "VpcId")
    nat = made["NatGatewayId"]
    cloud.until(lambda: worlds.nat_state(cloud, nat) == "available", 600, "the NAT gateway is available")
    now = shown(cloud, nat)
    inside = now["NatGatewayAddresses"][0]
    expect(inside["AllocationId"], address["AllocationId"], "AllocationId")
    expect(inside["PublicIp"], address["PublicIp"], "PublicIp")
    expect_true(inside["PrivateIp"].startswith("10.0.0."), f"PrivateIp {inside['PrivateIp']} is not in the subnet")
    expect(now["ConnectivityType"], "public", "ConnectivityType")
    expect(tags_of(now["Tags"]), {"Name": "nat"}, "tags")


@check("CreateNatGateway: the same client token answers the same gateway")
def _(cloud):
    subnet, _vpc = public_subnet(cloud)
    request = {
        "SubnetId": subnet,
        "AllocationId": cloud.ec2.allocate_address(Domain="vpc")["AllocationId"],
        "ClientToken": cloud.name("token"),
    }
    first = cloud.ec2.create_nat_gateway(**request)["NatGateway"]["NatGatewayId"]
    expect(cloud.ec2.create_nat_gateway(**request)["NatGateway"]["NatGatewayId"], first, "the second answer's id")


@check("CreateNatGateway: the client token with other parameters is refused with IdempotentParameterMismatch")
def _(cloud):
    subnet, vpc = public_subnet(cloud)
    other = worlds.subnet(cloud, vpc, "10.0.1.0/24")
    allocation = cloud.ec2.allocate_address(Domain="vpc")["AllocationId"]
    token = cloud.name("token")
    cloud.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation, ClientToken=token)
    refused(
        "IdempotentParameterMismatch",
        cloud.ec2.create_nat_gateway,
        SubnetId=other,
        AllocationId=allocation,
        ClientToken=token,
    )


@check("CreateNatGateway: an address that is in use fails with Resource.AlreadyAssociated")
def _(cloud):
    subnet, _vpc = public_subnet(cloud)
    _nat, allocation = worlds.nat_gateway(cloud, subnet)
    fails(cloud, ["Resource.AlreadyAssociated"], subnet, allocation)


@check("CreateNatGateway: in a VPC without an internet gateway fails with Gateway.NotAttached")
def _(cloud):
    subnet = worlds.subnet(cloud, worlds.vpc(cloud))
    fails(cloud, ["Gateway.NotAttached"], subnet, cloud.ec2.allocate_address(Domain="vpc")["AllocationId"])


@check("CreateNatGateway: unknown subnets and addresses fail with their NotFound")
def _(cloud):
    subnet, _vpc = public_subnet(cloud)
    allocation = cloud.ec2.allocate_address(Domain="vpc")["AllocationId"]
    fails(cloud, ["InvalidSubnetID.NotFound", "InvalidSubnet"], NOWHERE, allocation)
    fails(cloud, ["InvalidElasticIpID.NotFound"], subnet, "eipalloc-0123456789abcdef0")


@check("DescribeNatGateways: filters by tag, state, VPC and subnet")
def _(cloud):
    subnet, vpc = public_subnet(cloud)
    nat, _allocation = worlds.nat_gateway(cloud, subnet)
    cloud.ec2.create_tags(Resources=[nat], Tags=[{"Key": "Stack", "Value": "one"}])

    def found(filters):
        return [gateway["NatGatewayId"] for gateway in cloud.ec2.describe_nat_gateways(Filter=filters)["NatGateways"]]

    for name, value in [("tag:Stack", "one"), ("state", "available"), ("vpc-id", vpc), ("subnet-id", subnet)]:
        expect(found(named("vpc-id", vpc) + named(name, value)), [nat], name)
    for name in ("tag:Stack", "state"):
        expect(found(named("vpc-id", vpc) + named(name, "deleted")), [], f"{name} of no gateway")


@check("DescribeNatGateways: an unknown id is refused with NatGatewayNotFound")
def _(cloud):
    refused("NatGatewayNotFound", cloud.ec2.describe_nat_gateways, NatGatewayIds=["nat-0123456789abcdef0"])


@check("DeleteNatGateway: is deleting, then deleted and still shown, and its address is free")
def _(cloud):
    nat, allocation = worlds.nat_gateway(cloud, public_subnet(cloud)[0])
    expect(cloud.ec2.delete_nat_gateway(NatGatewayId=nat)["NatGatewayId"], nat, "the answer of DeleteNatGateway")
    expect_true(worlds.nat_state(cloud, nat) in ("deleting", "deleted"), "the state right after DeleteNatGateway")
    cloud.until(lambda: worlds.nat_state(cloud, nat) == "deleted", 600, "the NAT gateway is deleted")
    expect_true(shown(cloud, nat).get("DeleteTime"), "a deleted gateway has no DeleteTime")
    cloud.ec2.release_address(AllocationId=allocation)


@check("DeleteNatGateway: an unknown id is refused with NatGatewayNotFound")
def _(cloud):
    refused("NatGatewayNotFound", cloud.ec2.delete_nat_gateway, NatGatewayId="nat-0123456789abcdef0")


@check("DeleteNatGateway: a route through a deleted gateway becomes a blackhole")
def _(cloud):
    # VPC user guide: routes to a deleted NAT gateway stay, with the status blackhole.
    subnet, vpc = public_subnet(cloud)
    nat, _allocation = worlds.nat_gateway(cloud, subnet)
    table = cloud.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    cloud.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    deleted(cloud, nat)
    routes = cloud.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    expect([route["State"] for route in routes if route.get("NatGatewayId") == nat], ["blackhole"], "the route")


@check("CreateVpcEndpoint: a gateway endpoint shows its table, and the table a route to its prefix list")
def _(cloud):
    vpc = worlds.vpc(cloud)
    table, service = main_table(cloud, vpc), f"com.amazonaws.{cloud.region}.s3"
    made = cloud.ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=service, RouteTableIds=[table], TagSpecifications=tagged("vpc-endpoint", Name="s3")
    )["VpcEndpoint"]["VpcEndpointId"]
    endpoint = cloud.ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"][0]
    expect(endpoint["VpcEndpointType"], "Gateway", "the type, Gateway by default")
    expect(endpoint["RouteTableIds"], [table], "RouteTableIds")
    expect(endpoint["State"].lower(), "available", "State of a gateway endpoint")
    expect(tags_of(endpoint["Tags"]), {"Name": "s3"}, "tags")
    routes = cloud.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    lists = [route.get("DestinationPrefixListId", "") for route in routes if route.get("GatewayId") == made]
    expect([entry.startswith("pl-") for entry in lists], [True], f"routes to the endpoint {lists}")


@check("CreateVpcEndpoint: the same client token answers the same endpoint")
def _(cloud):
    vpc = worlds.vpc(cloud)
    request = {
        "VpcId": vpc,
        "ServiceName": f"com.amazonaws.{cloud.region}.s3",
        "RouteTableIds": [main_table(cloud, vpc)],
        "ClientToken": cloud.name("token"),
    }
    first = cloud.ec2.create_vpc_endpoint(**request)["VpcEndpoint"]["VpcEndpointId"]
    expect(cloud.ec2.create_vpc_endpoint(**request)["VpcEndpoint"]["VpcEndpointId"], first, "the second answer's id")


@check("CreateVpcEndpoint: a second gateway endpoint on a table is refused with RouteAlreadyExists")
def _(cloud):
    # AWS: "route table rtb-… already has a route with destination-prefix-list-id pl-…".
    vpc = worlds.vpc(cloud)
    request = {
        "VpcId": vpc,
        "ServiceName": f"com.amazonaws.{cloud.region}.s3",
        "RouteTableIds": [main_table(cloud, vpc)],
    }
    cloud.ec2.create_vpc_endpoint(**request)
    refused("RouteAlreadyExists", cloud.ec2.create_vpc_endpoint, **request)


@check("CreateVpcEndpoint: a service that is not there is refused with InvalidServiceName")
def _(cloud):
    refused(
        "InvalidServiceName",
        cloud.ec2.create_vpc_endpoint,
        VpcId=worlds.vpc(cloud),
        ServiceName=f"com.amazonaws.{cloud.region}.nothing",
    )


@check("DescribeVpcEndpoints: filters by tag and service, and an unknown id is refused")
def _(cloud):
    vpc = worlds.vpc(cloud)
    service = f"com.amazonaws.{cloud.region}.s3"
    made = cloud.ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=service, TagSpecifications=tagged("vpc-endpoint", Stack="one")
    )["VpcEndpoint"]["VpcEndpointId"]

    def found(name, value):
        answer = cloud.ec2.describe_vpc_endpoints(Filters=named("vpc-id", vpc) + named(name, value))
        return [endpoint["VpcEndpointId"] for endpoint in answer["VpcEndpoints"]]

    expect(found("tag:Stack", "one"), [made], "tag:Stack")
    expect(found("service-name", service), [made], "service-name")
    expect(found("tag:Stack", "two"), [], "tag:Stack of nobody")
    refused(
        "InvalidVpcEndpointId.NotFound", cloud.ec2.describe_vpc_endpoints, VpcEndpointIds=["vpce-0123456789abcdef0"]
    )


@check("DeleteVpcEndpoints: takes its routes along; unknown ids come back as unsuccessful, not as a refusal")
def _(cloud):
    vpc = worlds.vpc(cloud)
    table = main_table(cloud, vpc)
    made = cloud.ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{cloud.region}.s3", RouteTableIds=[table]
    )["VpcEndpoint"]["VpcEndpointId"]
    expect(cloud.ec2.delete_vpc_endpoints(VpcEndpointIds=[made]).get("Unsuccessful", []), [], "Unsuccessful")

    def left():
        found = cloud.ec2.describe_vpc_endpoints(Filters=named("vpc-id", vpc))["VpcEndpoints"]
        return [endpoint for endpoint in found if endpoint["State"].lower() != "deleted"]

    cloud.until(lambda: not left(), 300, "the endpoint is gone")
    routes = cloud.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    expect([route for route in routes if route.get("GatewayId") == made], [], "routes afterwards")
    answer = cloud.ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-0123456789abcdef0"])
    codes = [failure["Error"]["Code"] for failure in answer.get("Unsuccessful", [])]
    unknown = (["InvalidVpcEndpoint.NotFound"], ["InvalidVpcEndpointId.NotFound"])
    expect_true(codes in unknown, f"Unsuccessful for an unknown id holds the codes {codes}")
