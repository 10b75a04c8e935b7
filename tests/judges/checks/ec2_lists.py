"""EC2: what holds for every listing and for every call with DryRun."""

from . import worlds
from .expect import attempt, expect, expect_true
from .registry import check
from .worlds import named

# Call, member with the things, the id of each, its kind as tags name it, the filters' parameter.
LISTINGS = [
    ("describe_vpcs", "Vpcs", "VpcId", "vpc", "Filters"),
    ("describe_subnets", "Subnets", "SubnetId", "subnet", "Filters"),
    ("describe_internet_gateways", "InternetGateways", "InternetGatewayId", "internet-gateway", "Filters"),
    ("describe_nat_gateways", "NatGateways", "NatGatewayId", "natgateway", "Filter"),
    ("describe_route_tables", "RouteTables", "RouteTableId", "route-table", "Filters"),
    ("describe_security_groups", "SecurityGroups", "GroupId", "security-group", "Filters"),
    ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", "vpc-endpoint", "Filters"),
    ("describe_addresses", "Addresses", "AllocationId", "elastic-ip", "Filters"),
    ("describe_launch_templates", "LaunchTemplates", "LaunchTemplateId", "launch-template", "Filters"),
    ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId", "network-interface", "Filters"),
]


def one_of_each(cloud):
    """A thing of every kind that is listed above, by the kind's name."""
    vpc = worlds.vpc(cloud)
    gateway = worlds.internet_gateway(cloud, vpc)
    subnet = worlds.subnet(cloud, vpc)
    nat, allocation = worlds.nat_gateway(cloud, subnet)
    service = f"com.amazonaws.{cloud.region}.s3"
    interfaces = cloud.ec2.describe_network_interfaces(Filters=named("subnet-id", subnet))["NetworkInterfaces"]
    return {
        "vpc": vpc,
        "subnet": subnet,
        "internet-gateway": gateway,
        "natgateway": nat,
        "route-table": cloud.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"],
        "security-group": worlds.security_group(cloud, vpc),
        "vpc-endpoint": cloud.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service)["VpcEndpoint"]["VpcEndpointId"],
        "elastic-ip": allocation,
        "launch-template": worlds.launch_template(cloud),
        "network-interface": interfaces[0]["NetworkInterfaceId"],
    }


@check("Describe…: every listing filters by tag, tag-key and wildcard, and shows the tag")
def _(cloud):
    things, stack, wrong = one_of_each(cloud), cloud.name("stack"), []
    cloud.ec2.create_tags(Resources=list(things.values()), Tags=[{"Key": stack, "Value": stack}])
    for call, member, identifier, kind, filters in LISTINGS:
        for name, value, wanted in [
            (f"tag:{stack}", stack, [things[kind]]),
            (f"tag:{stack}", f"{stack[:-3]}*", [things[kind]]),
            ("tag-key", stack, [things[kind]]),
            (f"tag:{stack}", "nobody", []),
        ]:
            shown = getattr(cloud.ec2, call)(**{filters: named(name, value)})[member]
            if [thing[identifier] for thing in shown] != wanted:
                wrong.append(f"{call} by {name}={value}: {[thing[identifier] for thing in shown]}")
            # Interfaces alone name their tags TagSet.
            elif wanted and {"Key": stack, "Value": stack} not in shown[0].get("Tags", shown[0].get("TagSet", [])):
                wrong.append(f"{call} shows no tag")
    expect(wrong, [], "listings that don't")


@check("DescribeTags: finds every tag by key, kind and value")
def _(cloud):
    things, stack = one_of_each(cloud), cloud.name("stack")
    cloud.ec2.create_tags(Resources=list(things.values()), Tags=[{"Key": stack, "Value": "x"}])
    found = cloud.ec2.describe_tags(Filters=named("key", stack))["Tags"]
    expect({tag["ResourceType"]: tag["ResourceId"] for tag in found}, things, "tags by key")
    found = cloud.ec2.describe_tags(Filters=named("key", stack) + named("resource-type", "subnet"))["Tags"]
    expect([tag["ResourceId"] for tag in found], [things["subnet"]], "tags by key and kind")
    expect(cloud.ec2.describe_tags(Filters=named("key", stack) + named("value", "y"))["Tags"], [], "by another value")


@check("Describe…: every listing refuses a filter that it doesn't know with InvalidParameterValue")
def _(cloud):
    wrong = []
    for call, _member, _identifier, _kind, filters in LISTINGS:
        _answer, code = attempt(getattr(cloud.ec2, call), **{filters: named("colour", "blue")})
        if code != "InvalidParameterValue":
            wrong.append((call, code or "accepted"))
    expect(wrong, [], "listings that don't")


@check("Describe…: every listing answers DryRunOperation to DryRun")
def _(cloud):
    wrong = []
    for call, *_others in LISTINGS:
        _answer, code = attempt(getattr(cloud.ec2, call), DryRun=True)
        if code != "DryRunOperation":
            wrong.append((call, code or "accepted"))
    expect(wrong, [], "listings that don't")


@check("Create… and Delete…: with DryRun answer DryRunOperation and change nothing")
def _(cloud):
    things = one_of_each(cloud)
    vpc = things["vpc"]
    template = {"LaunchTemplateName": cloud.name("dry"), "LaunchTemplateData": {"InstanceType": "t3.micro"}}
    route = {"RouteTableId": things["route-table"], "DestinationCidrBlock": "0.0.0.0/0"}
    group = {"GroupName": "dry", "Description": "dry", "VpcId": vpc}
    wrong = []
    for call, parameters in [
        ("create_subnet", {"VpcId": vpc, "CidrBlock": "10.0.9.0/24"}),
        ("create_internet_gateway", {}),
        ("create_route_table", {"VpcId": vpc}),
        ("create_route", route | {"GatewayId": things["internet-gateway"]}),
        ("create_security_group", group),
        ("create_launch_template", template),
        ("allocate_address", {"Domain": "vpc"}),
        ("delete_route_table", {"RouteTableId": things["route-table"]}),
        ("delete_security_group", {"GroupId": things["security-group"]}),
        ("delete_nat_gateway", {"NatGatewayId": things["natgateway"]}),
        ("delete_launch_template", {"LaunchTemplateId": things["launch-template"]}),
        ("create_tags", {"Resources": [vpc], "Tags": [{"Key": "Dry", "Value": "run"}]}),
    ]:
        _answer, code = attempt(getattr(cloud.ec2, call), DryRun=True, **parameters)
        if code != "DryRunOperation":
            wrong.append((call, code or "accepted"))
    expect(wrong, [], "calls that don't")
    own = named("vpc-id", vpc)
    expect(len(cloud.ec2.describe_subnets(Filters=own)["Subnets"]), 1, "subnets afterwards")
    expect(len(cloud.ec2.describe_route_tables(Filters=own)["RouteTables"]), 2, "route tables afterwards")
    expect(len(cloud.ec2.describe_security_groups(Filters=own)["SecurityGroups"]), 2, "security groups afterwards")
    expect(worlds.nat_state(cloud, things["natgateway"]), "available", "the NAT gateway afterwards")
    expect(cloud.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0].get("Tags", []), [], "tags afterwards")


@check("Describe…: pages of five lead through seven things, and each comes once")
def _(cloud):
    vpc, wrong = worlds.vpc(cloud), []
    stack = cloud.name("stack")
    made = {
        "describe_route_tables": [
            cloud.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _number in range(7)
        ],
        "describe_security_groups": [worlds.security_group(cloud, vpc) for _number in range(7)],
        "describe_launch_templates": [worlds.launch_template(cloud) for _number in range(7)],
    }
    for call, member, identifier, _kind, _filters in LISTINGS:
        if call not in made:
            continue
        cloud.ec2.create_tags(Resources=made[call], Tags=[{"Key": "Stack", "Value": stack}])
        pages = cloud.pages(
            getattr(cloud.ec2, call), member, Filters=named("tag:Stack", stack), MaxResults=5
        )
        found = [thing[identifier] for page in pages for thing in page]
        if sorted(found) != sorted(made[call]) or len(pages) != 2:
            wrong.append((call, [len(page) for page in pages]))
    expect_true(not wrong, f"listings that don't: {wrong}")


@check("An action that is not there is refused with InvalidAction")
def _(cloud):
    # The simplest call with another action's name; only the name on the wire is changed.
    client = cloud.ec2

    def rename(params, **_others):
        params["body"]["Action"] = "DescribeNothing"

    client.meta.events.register("before-call.ec2.DescribeVpcs", rename)
    _answer, code = attempt(client.describe_vpcs)
    expect(code, "InvalidAction", "the refusal")
