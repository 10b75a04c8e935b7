"""Elastic Load Balancing: load balancers."""

from . import worlds
from .expect import expect, expect_true, refused, tags_of
from .registry import check
from .worlds import named

NOBODY = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/nobody/0123456789abcdef"


def create(cloud, net, name=None, **parameters):
    """A load balancer as CreateLoadBalancer answers it."""
    return cloud.elbv2.create_load_balancer(Name=name or cloud.name("lb"), Subnets=net.subnets, **parameters)[
        "LoadBalancers"
    ][0]


def attributes(cloud, balancer):
    """The attributes of a load balancer by key."""
    shown = cloud.elbv2.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    return {attribute["Key"]: attribute["Value"] for attribute in shown}


def protect(cloud, balancer, on):
    """Switch deletion protection."""
    cloud.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=balancer, Attributes=[{"Key": "deletion_protection.enabled", "Value": on}]
    )


@check("CreateLoadBalancer: provisioning, then active; shows VPC, zones, scheme, type, groups and DNS name")
def _(cloud):
    net = worlds.network(cloud)
    group = worlds.security_group(cloud, net.vpc)
    made = create(cloud, net, SecurityGroups=[group], Scheme="internal")
    expect(made["State"]["Code"], "provisioning", "the state in the answer")
    arn = made["LoadBalancerArn"]
    cloud.until(lambda: worlds.balancer_state(cloud, arn) == "active", 600, "the load balancer is active")
    now = cloud.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    expect((now["VpcId"], now["Scheme"], now["Type"]), (net.vpc, "internal", "application"), "VPC, scheme, type")
    zones = sorted((zone["ZoneName"], zone["SubnetId"]) for zone in now["AvailabilityZones"])
    expect(zones, sorted(zip(net.zones, net.subnets)), "AvailabilityZones")
    expect(now["SecurityGroups"], [group], "SecurityGroups")
    expect(now["IpAddressType"], "ipv4", "IpAddressType")
    expect_true(now["DNSName"] and now["CanonicalHostedZoneId"], "there is no DNSName or CanonicalHostedZoneId")
    expect(arn.split(":")[4], cloud.account, "the account in the ARN")


@check("CreateLoadBalancer: without groups the VPC's default group holds")
def _(cloud):
    net = worlds.network(cloud)
    group = cloud.ec2.describe_security_groups(Filters=named("vpc-id", net.vpc))["SecurityGroups"][0]["GroupId"]
    expect(create(cloud, net, Scheme="internal")["SecurityGroups"], [group], "SecurityGroups")


@check("CreateLoadBalancer: the same name and settings answer the same load balancer")
def _(cloud):
    net, name = worlds.network(cloud), cloud.name("lb")
    first = create(cloud, net, name, Scheme="internal")["LoadBalancerArn"]
    expect(create(cloud, net, name, Scheme="internal")["LoadBalancerArn"], first, "the second answer's ARN")


@check("CreateLoadBalancer: the same name with other settings is refused with DuplicateLoadBalancerName")
def _(cloud):
    net, name = worlds.network(cloud), cloud.name("lb")
    create(cloud, net, name, Scheme="internal", IpAddressType="ipv4")
    group = worlds.security_group(cloud, net.vpc)
    refused(
        "DuplicateLoadBalancerName",
        cloud.elbv2.create_load_balancer,
        Name=name,
        Subnets=net.subnets,
        Scheme="internal",
        SecurityGroups=[group],
    )


@check("CreateLoadBalancer: one subnet is refused")
def _(cloud):
    # API reference: an application load balancer needs subnets from at least two zones; AWS answers ValidationError
    # ("At least two subnets in two different Availability Zones must be specified").
    net = worlds.network(cloud)
    refused(
        ("ValidationError", "InvalidSubnet"),
        cloud.elbv2.create_load_balancer,
        Name=cloud.name("lb"),
        Subnets=net.subnets[:1],
        Scheme="internal",
    )


@check("CreateLoadBalancer: two subnets of one zone are refused")
def _(cloud):
    # AWS: "A load balancer cannot be attached to multiple subnets in the same Availability Zone".
    net = worlds.network(cloud, "aa")
    refused(
        ("InvalidConfigurationRequest", "ValidationError"),
        cloud.elbv2.create_load_balancer,
        Name=cloud.name("lb"),
        Subnets=net.subnets,
        Scheme="internal",
    )


@check("CreateLoadBalancer: an unknown subnet is refused with SubnetNotFound or InvalidSubnet")
def _(cloud):
    net = worlds.network(cloud)
    refused(
        ("SubnetNotFound", "InvalidSubnet"),
        cloud.elbv2.create_load_balancer,
        Name=cloud.name("lb"),
        Subnets=[net.subnets[0], "subnet-0123456789abcdef0"],
        Scheme="internal",
    )


@check("CreateLoadBalancer: an unknown security group is refused with InvalidSecurityGroup")
def _(cloud):
    refused(
        ("InvalidSecurityGroup", "InvalidConfigurationRequest"),
        cloud.elbv2.create_load_balancer,
        Name=cloud.name("lb"),
        Subnets=worlds.network(cloud).subnets,
        Scheme="internal",
        SecurityGroups=["sg-0123456789abcdef0"],
    )


@check("CreateLoadBalancer: facing the internet without an internet gateway is refused with InvalidSubnet")
def _(cloud):
    # AWS: "VPC vpc-… has no internet gateway", InvalidSubnet.
    refused(
        "InvalidSubnet",
        cloud.elbv2.create_load_balancer,
        Name=cloud.name("lb"),
        Subnets=worlds.network(cloud).subnets,
        Scheme="internet-facing",
    )


@check("CreateLoadBalancer: names longer than 32, with odd signs or starting with internal- are refused")
def _(cloud):
    net = worlds.network(cloud)
    for name in ["x" * 33, "under_score", "internal-web", "-web", "web-"]:
        refused(
            "ValidationError", cloud.elbv2.create_load_balancer, Name=name, Subnets=net.subnets, Scheme="internal"
        )


@check("DescribeLoadBalancers: finds by name; unknown names and ARNs are refused with LoadBalancerNotFound")
def _(cloud):
    made = create(cloud, worlds.network(cloud), Scheme="internal")
    call = cloud.elbv2.describe_load_balancers
    found = call(Names=[made["LoadBalancerName"]])["LoadBalancers"]
    expect([shown["LoadBalancerArn"] for shown in found], [made["LoadBalancerArn"]], "load balancers of the name")
    refused("LoadBalancerNotFound", call, Names=[cloud.name("nobody")])
    refused(("LoadBalancerNotFound", "ValidationError"), call, LoadBalancerArns=[NOBODY])


@check("DescribeLoadBalancers: PageSize cuts pages and the marker leads through all of them")
def _(cloud):
    net = worlds.network(cloud)
    made = {create(cloud, net, Scheme="internal")["LoadBalancerArn"] for _number in range(3)}
    pages = cloud.pages(
        cloud.elbv2.describe_load_balancers, "LoadBalancers", token="NextMarker", send="Marker", PageSize=2
    )
    expect_true(max(len(page) for page in pages) <= 2, f"pages of {[len(page) for page in pages]}")
    expect_true(made <= {shown["LoadBalancerArn"] for page in pages for shown in page}, "a load balancer is missing")


@check("AddTags and RemoveTags: DescribeTags shows what is left; an unknown ARN is refused")
def _(cloud):
    arn = create(cloud, worlds.network(cloud), Scheme="internal", Tags=[{"Key": "Name", "Value": "one"}])[
        "LoadBalancerArn"
    ]

    def left():
        return tags_of(cloud.elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])

    expect(left(), {"Name": "one"}, "tags at creation")
    cloud.elbv2.add_tags(ResourceArns=[arn], Tags=[{"Key": "More", "Value": "x"}, {"Key": "Name", "Value": "two"}])
    expect(left(), {"Name": "two", "More": "x"}, "tags after AddTags")
    cloud.elbv2.remove_tags(ResourceArns=[arn], TagKeys=["Name", "Absent"])
    expect(left(), {"More": "x"}, "tags after RemoveTags")
    refused(("LoadBalancerNotFound", "ValidationError"), cloud.elbv2.describe_tags, ResourceArns=[NOBODY])


@check("ModifyLoadBalancerAttributes: shows; AWS's defaults are 60 s idle, protection off, HTTP/2 on")
def _(cloud):
    arn = create(cloud, worlds.network(cloud), Scheme="internal")["LoadBalancerArn"]
    before = attributes(cloud, arn)
    expect(before.get("idle_timeout.timeout_seconds"), "60", "idle_timeout.timeout_seconds")
    expect(before.get("deletion_protection.enabled"), "false", "deletion_protection.enabled")
    expect(before.get("routing.http2.enabled"), "true", "routing.http2.enabled")
    cloud.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "120"}]
    )
    expect(attributes(cloud, arn)["idle_timeout.timeout_seconds"], "120", "the timeout afterwards")


@check("ModifyLoadBalancerAttributes: an unknown attribute is refused")
def _(cloud):
    arn = create(cloud, worlds.network(cloud), Scheme="internal")["LoadBalancerArn"]
    refused(
        ("InvalidConfigurationRequest", "ValidationError"),
        cloud.elbv2.modify_load_balancer_attributes,
        LoadBalancerArn=arn,
        Attributes=[{"Key": "colour", "Value": "blue"}],
    )


@check("SetSecurityGroups and SetSubnets: show in DescribeLoadBalancers")
def _(cloud):
    net = worlds.network(cloud, "abc")
    two = worlds.Network(net.vpc, net.subnets[:2], net.zones[:2])
    arn = create(cloud, two, Scheme="internal")["LoadBalancerArn"]
    group = worlds.security_group(cloud, net.vpc)
    cloud.elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[group])
    cloud.elbv2.set_subnets(LoadBalancerArn=arn, Subnets=net.subnets)
    now = cloud.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    expect(now["SecurityGroups"], [group], "SecurityGroups")
    expect(sorted(zone["SubnetId"] for zone in now["AvailabilityZones"]), sorted(net.subnets), "subnets")


@check("DeleteLoadBalancer: with deletion protection is refused with OperationNotPermitted, without it goes")
def _(cloud):
    arn = worlds.load_balancer(cloud, worlds.network(cloud), Scheme="internal")
    protect(cloud, arn, "true")
    refused("OperationNotPermitted", cloud.elbv2.delete_load_balancer, LoadBalancerArn=arn)
    protect(cloud, arn, "false")
    cloud.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    refused("LoadBalancerNotFound", cloud.elbv2.describe_load_balancers, LoadBalancerArns=[arn])


@check("DeleteLoadBalancer: of one that is not there succeeds")
def _(cloud):
    # API reference: "If the load balancer does not exist or has already been deleted, the call succeeds."
    arn = worlds.load_balancer(cloud, worlds.network(cloud), Scheme="internal")
    cloud.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    cloud.elbv2.delete_load_balancer(LoadBalancerArn=arn)


@check("DeleteLoadBalancer: takes its listeners along, leaves the target group, and frees the name")
def _(cloud):
    net = worlds.network(cloud)
    made = create(cloud, net, Scheme="internal")
    target_group = worlds.target_group(cloud, net.vpc)
    listener = worlds.listener(cloud, made["LoadBalancerArn"], target_group)
    cloud.elbv2.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
    refused("ListenerNotFound", cloud.elbv2.describe_listeners, ListenerArns=[listener])
    left = cloud.elbv2.describe_target_groups(TargetGroupArns=[target_group])["TargetGroups"][0]
    expect(left["LoadBalancerArns"], [], "LoadBalancerArns of the target group")
    again = create(cloud, net, made["LoadBalancerName"], Scheme="internal")["LoadBalancerArn"]
    expect_true(again != made["LoadBalancerArn"], "the new load balancer has the old ARN")


@check("DeleteSecurityGroup and DeleteSubnet: of a load balancer are refused with DependencyViolation")
def _(cloud):
    net = worlds.network(cloud)
    group = worlds.security_group(cloud, net.vpc)
    worlds.load_balancer(cloud, net, SecurityGroups=[group], Scheme="internal")
    refused("DependencyViolation", cloud.ec2.delete_security_group, GroupId=group)
    refused("DependencyViolation", cloud.ec2.delete_subnet, SubnetId=net.subnets[0])


@check("DescribeNetworkInterfaces: a load balancer holds one in each subnet, which linger after it and then go")
def _(cloud):
    net = worlds.network(cloud)
    group = worlds.security_group(cloud, net.vpc)
    arn = worlds.load_balancer(cloud, net, SecurityGroups=[group], Scheme="internal")

    def interfaces():
        return cloud.ec2.describe_network_interfaces(Filters=named("group-id", group))["NetworkInterfaces"]

    shown = interfaces()
    expect(sorted(interface["SubnetId"] for interface in shown), sorted(net.subnets), "subnets of the interfaces")
    wanted = "ELB " + arn.split(":loadbalancer/")[1]
    expect({interface["Description"] for interface in shown}, {wanted}, "descriptions of the interfaces")
    expect({interface["RequesterManaged"] for interface in shown}, {True}, "RequesterManaged")
    cloud.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    cloud.until(lambda: not interfaces(), 900, "the interfaces are gone")
    cloud.ec2.delete_security_group(GroupId=group)
    cloud.ec2.delete_subnet(SubnetId=net.subnets[0])
