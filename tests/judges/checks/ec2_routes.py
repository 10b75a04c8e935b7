"""EC2: route tables, routes, tags."""

from . import worlds
from .expect import expect, expect_true, refused, tags_of
from .registry import check
from .worlds import named, tagged

NOWHERE = "rtb-0123456789abcdef0"


def table(cloud, vpc, **parameters):
    """A route table, by its id."""
    return cloud.ec2.create_route_table(VpcId=vpc, **parameters)["RouteTable"]["RouteTableId"]


def routes(cloud, route_table):
    """The routes of a table by destination."""
    shown = cloud.ec2.describe_route_tables(RouteTableIds=[route_table])["RouteTables"][0]
    return {route.get("DestinationCidrBlock"): route for route in shown["Routes"]}


def vpc_with_gateway(cloud):
    """A VPC and its internet gateway."""
    vpc = worlds.vpc(cloud)
    return vpc, worlds.internet_gateway(cloud, vpc)


@check("CreateRouteTable: has the local route, its tags and no association")
def _(cloud):
    vpc = worlds.vpc(cloud)
    made = table(cloud, vpc, TagSpecifications=tagged("route-table", Name="table"))
    shown = cloud.ec2.describe_route_tables(RouteTableIds=[made])["RouteTables"][0]
    expect(shown.get("Associations", []), [], "Associations")
    expect(tags_of(shown["Tags"]), {"Name": "table"}, "tags")
    expect(len(shown["Routes"]), 1, "routes")
    local = shown["Routes"][0]
    expect((local["GatewayId"], local["State"], local["Origin"]), ("local", "active", "CreateRouteTable"), "the route")


@check("CreateRouteTable: the same client token answers the same table")
def _(cloud):
    vpc, token = worlds.vpc(cloud), cloud.name("token")
    expect(table(cloud, vpc, ClientToken=token), table(cloud, vpc, ClientToken=token), "the id")


@check("CreateRouteTable: the client token with another VPC is refused with IdempotentParameterMismatch")
def _(cloud):
    token = cloud.name("token")
    table(cloud, worlds.vpc(cloud), ClientToken=token)
    other = worlds.vpc(cloud, "10.5.0.0/16")
    refused("IdempotentParameterMismatch", cloud.ec2.create_route_table, VpcId=other, ClientToken=token)


@check("DescribeRouteTables: an unknown id is refused with InvalidRouteTableID.NotFound")
def _(cloud):
    refused("InvalidRouteTableID.NotFound", cloud.ec2.describe_route_tables, RouteTableIds=[NOWHERE])


@check("DescribeRouteTables: filters by tag, VPC, subnet and main association")
def _(cloud):
    vpc = worlds.vpc(cloud)
    subnet = worlds.subnet(cloud, vpc)
    mine = table(cloud, vpc, TagSpecifications=tagged("route-table", Stack="one"))
    cloud.ec2.associate_route_table(RouteTableId=mine, SubnetId=subnet)

    def found(name, value):
        filters = named("vpc-id", vpc) + named(name, value)
        return [shown["RouteTableId"] for shown in cloud.ec2.describe_route_tables(Filters=filters)["RouteTables"]]

    expect(found("tag:Stack", "one"), [mine], "tag:Stack")
    expect(found("tag:Stack", "two"), [], "tag:Stack of nobody")
    expect(found("association.subnet-id", subnet), [mine], "association.subnet-id")
    main = found("association.main", "true")
    expect_true(len(main) == 1 and main != [mine], f"association.main found {main}")


@check("CreateRoute: to the internet gateway is active")
def _(cloud):
    vpc, gateway = vpc_with_gateway(cloud)
    made = table(cloud, vpc)
    answer = cloud.ec2.create_route(RouteTableId=made, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    expect(answer["Return"], True, "Return")
    route = routes(cloud, made)["0.0.0.0/0"]
    expect((route["GatewayId"], route["State"], route["Origin"]), (gateway, "active", "CreateRoute"), "the route")


@check("CreateRoute: a second route for a destination is refused with RouteAlreadyExists")
def _(cloud):
    vpc, gateway = vpc_with_gateway(cloud)
    nat, _allocation = worlds.nat_gateway(cloud, worlds.subnet(cloud, vpc))
    made = table(cloud, vpc)
    cloud.ec2.create_route(RouteTableId=made, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    refused(
        "RouteAlreadyExists",
        cloud.ec2.create_route,
        RouteTableId=made,
        DestinationCidrBlock="0.0.0.0/0",
        NatGatewayId=nat,
    )


@check("CreateRoute: to a gateway of another VPC is refused")
def _(cloud):
    # AWS: "route table rtb-… and network gateway igw-… belong to different networks", InvalidParameterValue.
    _vpc, gateway = vpc_with_gateway(cloud)
    made = table(cloud, worlds.vpc(cloud, "10.5.0.0/16"))
    refused(
        ("InvalidParameterValue", "InvalidGatewayID.NotFound"),
        cloud.ec2.create_route,
        RouteTableId=made,
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId=gateway,
    )


@check("CreateRoute: to unknown gateways is refused with InvalidGatewayID.NotFound and NatGatewayNotFound")
def _(cloud):
    made = table(cloud, worlds.vpc(cloud))
    request = {"RouteTableId": made, "DestinationCidrBlock": "0.0.0.0/0"}
    refused(
        ("InvalidGatewayID.NotFound", "InvalidInternetGatewayID.NotFound"),
        cloud.ec2.create_route,
        GatewayId="igw-0123456789abcdef0",
        **request,
    )
    refused(
        ("NatGatewayNotFound", "InvalidNatGatewayID.NotFound"),
        cloud.ec2.create_route,
        NatGatewayId="nat-0123456789abcdef0",
        **request,
    )


@check("CreateRoute: in an unknown table is refused with InvalidRouteTableID.NotFound")
def _(cloud):
    _vpc, gateway = vpc_with_gateway(cloud)
    refused(
        "InvalidRouteTableID.NotFound",
        cloud.ec2.create_route,
        RouteTableId=NOWHERE,
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId=gateway,
    )


@check("ReplaceRoute: takes another target; where there is no route it is refused")
def _(cloud):
    vpc, gateway = vpc_with_gateway(cloud)
    nat, _allocation = worlds.nat_gateway(cloud, worlds.subnet(cloud, vpc))
    made = table(cloud, vpc)
    replacement = {"RouteTableId": made, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": nat}
    # AWS: "There is no route defined for '0.0.0.0/0' in the route table. Use CreateRoute instead."
    refused(("InvalidParameterValue", "InvalidRoute.NotFound"), cloud.ec2.replace_route, **replacement)
    cloud.ec2.create_route(RouteTableId=made, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    cloud.ec2.replace_route(**replacement)
    route = routes(cloud, made)["0.0.0.0/0"]
    expect((route.get("GatewayId"), route.get("NatGatewayId")), (None, nat), "the targets of the route")


@check("DeleteRoute: removes the route, twice is refused with InvalidRoute.NotFound")
def _(cloud):
    vpc, gateway = vpc_with_gateway(cloud)
    made = table(cloud, vpc)
    cloud.ec2.create_route(RouteTableId=made, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    cloud.ec2.delete_route(RouteTableId=made, DestinationCidrBlock="0.0.0.0/0")
    expect(sorted(routes(cloud, made)), ["10.0.0.0/16"], "routes afterwards")
    refused("InvalidRoute.NotFound", cloud.ec2.delete_route, RouteTableId=made, DestinationCidrBlock="0.0.0.0/0")


@check("DeleteRoute: of the local route is refused with InvalidParameterValue")
def _(cloud):
    made = table(cloud, worlds.vpc(cloud))
    refused("InvalidParameterValue", cloud.ec2.delete_route, RouteTableId=made, DestinationCidrBlock="10.0.0.0/16")


@check("AssociateRouteTable: shows the subnet as associated")
def _(cloud):
    vpc = worlds.vpc(cloud)
    subnet, made = worlds.subnet(cloud, vpc), table(cloud, vpc)
    answer = cloud.ec2.associate_route_table(RouteTableId=made, SubnetId=subnet)
    shown = cloud.ec2.describe_route_tables(RouteTableIds=[made])["RouteTables"][0]["Associations"][0]
    expect(shown["RouteTableAssociationId"], answer["AssociationId"], "the association's id")
    expect((shown["SubnetId"], shown["Main"]), (subnet, False), "the association")
    expect(shown["AssociationState"]["State"], "associated", "the association's state")


@check("AssociateRouteTable: a subnet with another table is refused with Resource.AlreadyAssociated")
def _(cloud):
    vpc = worlds.vpc(cloud)
    subnet = worlds.subnet(cloud, vpc)
    cloud.ec2.associate_route_table(RouteTableId=table(cloud, vpc), SubnetId=subnet)
    refused(
        "Resource.AlreadyAssociated", cloud.ec2.associate_route_table, RouteTableId=table(cloud, vpc), SubnetId=subnet
    )


@check("ReplaceRouteTableAssociation: gives a new id and moves the subnet")
def _(cloud):
    vpc = worlds.vpc(cloud)
    subnet, first, second = worlds.subnet(cloud, vpc), table(cloud, vpc), table(cloud, vpc)
    before = cloud.ec2.associate_route_table(RouteTableId=first, SubnetId=subnet)["AssociationId"]
    after = cloud.ec2.replace_route_table_association(AssociationId=before, RouteTableId=second)["NewAssociationId"]
    expect_true(before != after, "the association kept its id")
    found = cloud.ec2.describe_route_tables(Filters=named("association.subnet-id", subnet))["RouteTables"]
    expect([shown["RouteTableId"] for shown in found], [second], "the subnet's table")


@check("DisassociateRouteTable: an unknown association is refused with InvalidAssociationID.NotFound")
def _(cloud):
    refused(
        "InvalidAssociationID.NotFound", cloud.ec2.disassociate_route_table, AssociationId="rtbassoc-0123456789abcdef0"
    )


@check("DeleteRouteTable: with a subnet is refused with DependencyViolation, without it goes")
def _(cloud):
    vpc = worlds.vpc(cloud)
    subnet, made = worlds.subnet(cloud, vpc), table(cloud, vpc)
    association = cloud.ec2.associate_route_table(RouteTableId=made, SubnetId=subnet)["AssociationId"]
    refused("DependencyViolation", cloud.ec2.delete_route_table, RouteTableId=made)
    cloud.ec2.disassociate_route_table(AssociationId=association)
    cloud.ec2.delete_route_table(RouteTableId=made)
    refused("InvalidRouteTableID.NotFound", cloud.ec2.delete_route_table, RouteTableId=made)


@check("DeleteRouteTable: the main table is refused with DependencyViolation")
def _(cloud):
    vpc = worlds.vpc(cloud)
    main = cloud.ec2.describe_route_tables(Filters=named("vpc-id", vpc))["RouteTables"][0]["RouteTableId"]
    refused("DependencyViolation", cloud.ec2.delete_route_table, RouteTableId=main)


@check("CreateTags: adds and overwrites, DescribeTags shows kind and resource")
def _(cloud):
    vpc = worlds.vpc(cloud, Name="before")
    cloud.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "after"}, {"Key": "More", "Value": ""}])
    tags = cloud.ec2.describe_tags(Filters=named("resource-id", vpc))["Tags"]
    expect(tags_of(tags), {"Name": "after", "More": ""}, "tags")
    expect({(tag["ResourceId"], tag["ResourceType"]) for tag in tags}, {(vpc, "vpc")}, "resources of the tags")


@check("CreateTags: on what is not there is refused with the kind's NotFound")
def _(cloud):
    tags = [{"Key": "Name", "Value": "x"}]
    for code, resource in [
        ("InvalidVpcID.NotFound", "vpc-0123456789abcdef0"),
        ("InvalidSubnetID.NotFound", "subnet-0123456789abcdef0"),
        ("InvalidInstanceID.NotFound", "i-0123456789abcdef0"),
        (("InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound"), "sg-0123456789abcdef0"),
    ]:
        refused(code, cloud.ec2.create_tags, Resources=[resource], Tags=tags)


@check("CreateTags: the reserved prefix aws: is refused with InvalidParameterValue")
def _(cloud):
    vpc = worlds.vpc(cloud)
    refused("InvalidParameterValue", cloud.ec2.create_tags, Resources=[vpc], Tags=[{"Key": "aws:x", "Value": "y"}])


@check("CreateTags: more than 50 tags are refused with TagLimitExceeded")
def _(cloud):
    vpc = worlds.vpc(cloud)
    tags = [{"Key": f"key-{number}", "Value": ""} for number in range(51)]
    cloud.ec2.create_tags(Resources=[vpc], Tags=tags[:50])
    refused("TagLimitExceeded", cloud.ec2.create_tags, Resources=[vpc], Tags=tags[50:])


@check("DeleteTags: with another value keeps the tag, without a value removes it, and absent keys are no error")
def _(cloud):
    vpc = worlds.vpc(cloud, Name="mine", Other="yes")

    def left():
        return tags_of(cloud.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0].get("Tags"))

    cloud.ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "other"}])
    expect(left(), {"Name": "mine", "Other": "yes"}, "tags after a delete with another value")
    cloud.ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "Name"}, {"Key": "Absent"}])
    expect(left(), {"Other": "yes"}, "tags after the delete")
