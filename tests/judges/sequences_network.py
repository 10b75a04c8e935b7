"""Sequences about EC2's network."""

ABSENT = "0123456789abcdef0"


def tags(kind, name="judged"):
    """Tags on create."""
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]}


def vpc_of(call, **settings):
    """A VPC's id."""
    return call.needed("ec2", "create_vpc", "Vpc.VpcId", CidrBlock="10.0.0.0/16", **settings)


def subnet_of(call, vpc, block="10.0.0.0/24", zone="eu-west-1a"):
    """A subnet's id."""
    return call.needed("ec2", "create_subnet", "Subnet.SubnetId", VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)


def group_of(call, vpc, name="web"):
    """A security group's id."""
    return call.needed("ec2", "create_security_group", "GroupId", GroupName=name, Description="judged", VpcId=vpc)


def gateway_of(call, vpc):
    """An attached internet gateway's id."""
    gateway = call.needed("ec2", "create_internet_gateway", "InternetGateway.InternetGatewayId")
    call("ec2", "attach_internet_gateway", InternetGatewayId=gateway, VpcId=vpc)
    return gateway


def vpc_life(call):
    vpc = vpc_of(call, **tags("vpc"))
    call("ec2", "describe_vpcs", VpcIds=[vpc])
    call("ec2", "delete_vpc", VpcId=vpc)
    call("ec2", "describe_vpcs", VpcIds=[vpc])
    call("ec2", "delete_vpc", VpcId=vpc)


def vpc_attributes(call):
    vpc = vpc_of(call)
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        call("ec2", "describe_vpc_attribute", VpcId=vpc, Attribute=attribute)
    call("ec2", "modify_vpc_attribute", VpcId=vpc, EnableDnsHostnames={"Value": True})
    call("ec2", "describe_vpc_attribute", VpcId=vpc, Attribute="enableDnsHostnames")


def vpc_refusals(call):
    call("ec2", "create_vpc", CidrBlock="10.0.0.0/8")
    call("ec2", "create_vpc", CidrBlock="10.0.0.0/29")
    call("ec2", "describe_vpcs", VpcIds=[f"vpc-{ABSENT}"])
    call("ec2", "describe_vpcs", Filters=[{"Name": "tag:Name", "Values": ["absent"]}])
    call("ec2", "create_vpc", CidrBlock="10.0.0.0/16", DryRun=True)


def vpc_filters(call):
    vpc = vpc_of(call, **tags("vpc"))
    for name, value in (
        ("tag:Name", "judged"),
        ("tag:Name", "jud*"),
        ("tag-key", "Name"),
        ("cidr", "10.0.0.0/16"),
        ("vpc-id", vpc),
    ):
        call("ec2", "describe_vpcs", Filters=[{"Name": name, "Values": [value]}])


def default_parts_of_a_vpc(call):
    vpc = vpc_of(call)
    mine = {"Filters": [{"Name": "vpc-id", "Values": [vpc]}]}
    call("ec2", "describe_security_groups", **mine)
    call("ec2", "describe_route_tables", **mine)
    call("ec2", "describe_network_acls", **mine)


def subnet_life(call):
    vpc = vpc_of(call)
    subnet = subnet_of(call, vpc)
    call("ec2", "modify_subnet_attribute", SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    call("ec2", "describe_subnets", SubnetIds=[subnet])
    call("ec2", "delete_subnet", SubnetId=subnet)
    call("ec2", "describe_subnets", SubnetIds=[subnet])


def subnet_refusals(call):
    vpc = vpc_of(call)
    subnet_of(call, vpc)
    call("ec2", "create_subnet", VpcId=vpc, CidrBlock="10.0.0.0/25")
    call("ec2", "create_subnet", VpcId=vpc, CidrBlock="10.1.0.0/24")
    call("ec2", "create_subnet", VpcId=f"vpc-{ABSENT}", CidrBlock="10.0.1.0/24")
    call("ec2", "delete_subnet", SubnetId=f"subnet-{ABSENT}")
    call("ec2", "delete_vpc", VpcId=vpc)


def internet_gateway_life(call):
    vpc = vpc_of(call)
    gateway = call.needed(
        "ec2", "create_internet_gateway", "InternetGateway.InternetGatewayId", **tags("internet-gateway")
    )
    call("ec2", "describe_internet_gateways", InternetGatewayIds=[gateway])
    call("ec2", "attach_internet_gateway", InternetGatewayId=gateway, VpcId=vpc)
    call("ec2", "describe_internet_gateways", InternetGatewayIds=[gateway])
    call("ec2", "delete_internet_gateway", InternetGatewayId=gateway)
    call("ec2", "detach_internet_gateway", InternetGatewayId=gateway, VpcId=vpc)
    call("ec2", "detach_internet_gateway", InternetGatewayId=gateway, VpcId=vpc)


def internet_gateway_twice(call):
    vpc = vpc_of(call)
    gateway = gateway_of(call, vpc)
    call("ec2", "attach_internet_gateway", InternetGatewayId=gateway, VpcId=vpc)


def vpc_with_a_gateway(call):
    vpc = vpc_of(call)
    gateway_of(call, vpc)
    call("ec2", "delete_vpc", VpcId=vpc)


def route_table_life(call):
    vpc = vpc_of(call)
    subnet, gateway = subnet_of(call, vpc), gateway_of(call, vpc)
    table = call.needed("ec2", "create_route_table", "RouteTable.RouteTableId", VpcId=vpc, **tags("route-table"))
    call("ec2", "create_route", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    association = call.needed("ec2", "associate_route_table", "AssociationId", RouteTableId=table, SubnetId=subnet)
    call("ec2", "describe_route_tables", RouteTableIds=[table])
    call("ec2", "disassociate_route_table", AssociationId=association)
    call("ec2", "delete_route", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    call("ec2", "delete_route_table", RouteTableId=table)
    call("ec2", "describe_route_tables", RouteTableIds=[table])


def route_refusals(call):
    vpc = vpc_of(call)
    gateway = gateway_of(call, vpc)
    table = call.needed("ec2", "create_route_table", "RouteTable.RouteTableId", VpcId=vpc)
    route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway}
    call("ec2", "replace_route", **route)
    call("ec2", "delete_route", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    call("ec2", "create_route", **route)
    call("ec2", "create_route", **route)


def route_table_in_use(call):
    vpc = vpc_of(call)
    subnet = subnet_of(call, vpc)
    table = call.needed("ec2", "create_route_table", "RouteTable.RouteTableId", VpcId=vpc)
    call("ec2", "associate_route_table", RouteTableId=table, SubnetId=subnet)
    call("ec2", "delete_route_table", RouteTableId=table)


def address_life(call):
    address = call.needed("ec2", "allocate_address", "AllocationId", Domain="vpc", **tags("elastic-ip"))
    call("ec2", "describe_addresses", AllocationIds=[address])
    call("ec2", "release_address", AllocationId=address)
    call("ec2", "describe_addresses", AllocationIds=[address])
    call("ec2", "release_address", AllocationId=address)


def nat_gateway_life(call):
    vpc = vpc_of(call)
    subnet = subnet_of(call, vpc)
    gateway_of(call, vpc)
    address = call.needed("ec2", "allocate_address", "AllocationId", Domain="vpc")
    gateway = call.needed(
        "ec2",
        "create_nat_gateway",
        "NatGateway.NatGatewayId",
        SubnetId=subnet,
        AllocationId=address,
        ClientToken="judged",
        **tags("natgateway"),
    )
    call.settle("ec2", "nat_gateway_available", NatGatewayIds=[gateway])
    call("ec2", "describe_nat_gateways", NatGatewayIds=[gateway])
    call("ec2", "delete_nat_gateway", NatGatewayId=gateway)


def nat_gateway_refusals(call):
    subnet = subnet_of(call, vpc_of(call))
    call("ec2", "create_nat_gateway", SubnetId=subnet, AllocationId=f"eipalloc-{ABSENT}")
    call("ec2", "create_nat_gateway", SubnetId=f"subnet-{ABSENT}", AllocationId=f"eipalloc-{ABSENT}")
    call("ec2", "describe_nat_gateways", NatGatewayIds=[f"nat-{ABSENT}"])
    call("ec2", "delete_nat_gateway", NatGatewayId=f"nat-{ABSENT}")


def security_group_life(call):
    group = group_of(call, vpc_of(call))
    call("ec2", "describe_security_groups", GroupIds=[group])
    call("ec2", "delete_security_group", GroupId=group)
    call("ec2", "describe_security_groups", GroupIds=[group])


def security_group_rules(call):
    group = group_of(call, vpc_of(call))
    rule = [
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}
    ]
    call("ec2", "authorize_security_group_ingress", GroupId=group, IpPermissions=rule)
    call("ec2", "authorize_security_group_ingress", GroupId=group, IpPermissions=rule)


def security_group_rules_listed(call):
    group = group_of(call, vpc_of(call))
    rule = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    call("ec2", "authorize_security_group_ingress", GroupId=group, IpPermissions=rule)
    call("ec2", "describe_security_group_rules", Filters=[{"Name": "group-id", "Values": [group]}])
    call("ec2", "describe_security_groups", GroupIds=[group])
    call("ec2", "revoke_security_group_ingress", GroupId=group, IpPermissions=rule)
    call("ec2", "describe_security_groups", GroupIds=[group])


def security_group_of_a_group(call):
    vpc = vpc_of(call)
    web, data = group_of(call, vpc), group_of(call, vpc, "data")
    call(
        "ec2",
        "authorize_security_group_ingress",
        GroupId=data,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": web}]}],
    )
    call("ec2", "describe_security_groups", GroupIds=[data])
    call("ec2", "delete_security_group", GroupId=web)


def security_group_refusals(call):
    vpc = vpc_of(call)
    group_of(call, vpc)
    call("ec2", "create_security_group", GroupName="web", Description="judged", VpcId=vpc)
    call("ec2", "create_security_group", GroupName="sg-web", Description="judged", VpcId=vpc)
    call("ec2", "delete_security_group", GroupId=f"sg-{ABSENT}")
    call("ec2", "describe_security_groups", GroupIds=[f"sg-{ABSENT}"])


def endpoint_life(call):
    vpc = vpc_of(call)
    table = call.needed("ec2", "create_route_table", "RouteTable.RouteTableId", VpcId=vpc)
    endpoint = call.needed(
        "ec2",
        "create_vpc_endpoint",
        "VpcEndpoint.VpcEndpointId",
        VpcId=vpc,
        RouteTableIds=[table],
        ServiceName="com.amazonaws.eu-west-1.s3",
        **tags("vpc-endpoint"),
    )
    call("ec2", "describe_vpc_endpoints", VpcEndpointIds=[endpoint])
    call("ec2", "delete_vpc_endpoints", VpcEndpointIds=[endpoint, f"vpce-{ABSENT}"])


def tags_life(call):
    vpc = vpc_of(call)
    call("ec2", "create_tags", Resources=[vpc], Tags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}])
    call("ec2", "describe_tags", Filters=[{"Name": "resource-id", "Values": [vpc]}])
    call("ec2", "delete_tags", Resources=[vpc], Tags=[{"Key": "a"}])
    call("ec2", "describe_vpcs", VpcIds=[vpc])
    call("ec2", "create_tags", Resources=[f"vpc-{ABSENT}"], Tags=[{"Key": "a", "Value": "b"}])
    call("ec2", "create_tags", Resources=[vpc], Tags=[{"Key": "aws:a", "Value": "b"}])


SEQUENCES = {
    f"ec2 {function.__name__.replace('_', ' ')}": function
    for function in (
        vpc_life,
        vpc_attributes,
        vpc_refusals,
        vpc_filters,
        default_parts_of_a_vpc,
        subnet_life,
        subnet_refusals,
        internet_gateway_life,
        internet_gateway_twice,
        vpc_with_a_gateway,
        route_table_life,
        route_refusals,
        route_table_in_use,
        address_life,
        nat_gateway_life,
        nat_gateway_refusals,
        security_group_life,
        security_group_rules,
        security_group_rules_listed,
        security_group_of_a_group,
        security_group_refusals,
        endpoint_life,
        tags_life,
    )
}
