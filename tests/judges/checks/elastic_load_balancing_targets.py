"""Elastic Load Balancing: target groups, targets and their health."""

from . import worlds
from .expect import expect, expect_true, refused, tags_of
from .registry import check

NOBODY = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/nobody/0123456789abcdef"
SETTINGS = {
    "Protocol": "HTTP",
    "Port": 8080,
    "TargetType": "instance",
    "HealthCheckPath": "/healthy",
    "HealthCheckIntervalSeconds": 10,
    "HealthCheckTimeoutSeconds": 3,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 3,
    "Matcher": {"HttpCode": "200-299"},
}


def health(cloud, target_group):
    """State and reason of every target by its id."""
    shown = cloud.elbv2.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
    return {held["Target"]["Id"]: (held["TargetHealth"]["State"], held["TargetHealth"].get("Reason")) for held in shown}


def serving(cloud):
    """A load balancer in front of a target group, the network, and an instance in it."""
    net = worlds.network(cloud)
    balancer = worlds.load_balancer(cloud, net, Scheme="internal")
    target_group = worlds.target_group(cloud, net.vpc)
    worlds.listener(cloud, balancer, target_group)
    return balancer, target_group, worlds.instance(cloud, net.subnets[0])


@check("CreateTargetGroup: shows its settings and tags")
def _(cloud):
    vpc = worlds.vpc(cloud)
    made = cloud.elbv2.create_target_group(
        Name=cloud.name("tg"), VpcId=vpc, Tags=[{"Key": "Name", "Value": "web"}], **SETTINGS
    )["TargetGroups"][0]
    arn = made["TargetGroupArn"]
    now = cloud.elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
    expect({key: now.get(key) for key in SETTINGS}, SETTINGS, "settings")
    expect((now["VpcId"], now["LoadBalancerArns"]), (vpc, []), "VPC and load balancers")
    tags = cloud.elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
    expect(tags_of(tags), {"Name": "web"}, "tags")


@check("CreateTargetGroup: AWS's defaults are / every 30 s, 5 s, 5 healthy, 2 unhealthy, 200")
def _(cloud):
    arn = worlds.target_group(cloud, worlds.vpc(cloud))
    now = cloud.elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
    expect((now["HealthCheckPath"], now["HealthCheckIntervalSeconds"]), ("/", 30), "path and interval")
    expect((now["HealthCheckTimeoutSeconds"], now["HealthCheckPort"]), (5, "traffic-port"), "timeout and port")
    expect((now["HealthyThresholdCount"], now["UnhealthyThresholdCount"]), (5, 2), "thresholds")
    expect(now["Matcher"], {"HttpCode": "200"}, "Matcher")
    expect(now["ProtocolVersion"], "HTTP1", "ProtocolVersion")


@check("CreateTargetGroup: the same name and settings answer the same group")
def _(cloud):
    request = {"Name": cloud.name("tg"), "VpcId": worlds.vpc(cloud)} | SETTINGS
    first = cloud.elbv2.create_target_group(**request)["TargetGroups"][0]["TargetGroupArn"]
    second = cloud.elbv2.create_target_group(**request)["TargetGroups"][0]["TargetGroupArn"]
    expect(second, first, "the second answer's ARN")


@check("CreateTargetGroup: the same name with another port is refused with DuplicateTargetGroupName")
def _(cloud):
    request = {"Name": cloud.name("tg"), "VpcId": worlds.vpc(cloud)} | SETTINGS
    cloud.elbv2.create_target_group(**request)
    refused("DuplicateTargetGroupName", cloud.elbv2.create_target_group, **request | {"Port": 81})


@check("CreateTargetGroup: names longer than 32 or with odd signs are refused with ValidationError")
def _(cloud):
    vpc = worlds.vpc(cloud)
    for name in ["x" * 33, "under_score", "-web", "web-"]:
        refused("ValidationError", cloud.elbv2.create_target_group, Name=name, VpcId=vpc, **SETTINGS)


@check("CreateTargetGroup: a health check that takes longer than its interval is refused")
def _(cloud):
    refused(
        ("ValidationError", "InvalidConfigurationRequest"),
        cloud.elbv2.create_target_group,
        Name=cloud.name("tg"),
        VpcId=worlds.vpc(cloud),
        **SETTINGS | {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 10},
    )


@check("DescribeTargetGroups: unknown names and ARNs are refused with TargetGroupNotFound")
def _(cloud):
    refused("TargetGroupNotFound", cloud.elbv2.describe_target_groups, Names=[cloud.name("nobody")])
    refused(("TargetGroupNotFound", "ValidationError"), cloud.elbv2.describe_target_groups, TargetGroupArns=[NOBODY])


@check("DescribeTargetGroups: PageSize cuts pages and the marker leads through all of them")
def _(cloud):
    vpc = worlds.vpc(cloud)
    made = {worlds.target_group(cloud, vpc) for _number in range(3)}
    pages = cloud.pages(
        cloud.elbv2.describe_target_groups, "TargetGroups", token="NextMarker", send="Marker", PageSize=2
    )
    expect_true(max(len(page) for page in pages) <= 2, f"pages of {[len(page) for page in pages]}")
    expect_true(made <= {shown["TargetGroupArn"] for page in pages for shown in page}, "a target group is missing")


@check("ModifyTargetGroup: changes the health check and nothing else")
def _(cloud):
    arn = worlds.target_group(cloud, worlds.vpc(cloud), **SETTINGS)
    cloud.elbv2.modify_target_group(TargetGroupArn=arn, HealthCheckPath="/ready", HealthyThresholdCount=4)
    now = cloud.elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
    wanted = SETTINGS | {"HealthCheckPath": "/ready", "HealthyThresholdCount": 4}
    expect({key: now.get(key) for key in SETTINGS}, wanted, "settings")


@check("ModifyTargetGroupAttributes: shows; AWS's default is to drain for 300 s, without stickiness")
def _(cloud):
    arn = worlds.target_group(cloud, worlds.vpc(cloud))

    def attributes():
        shown = cloud.elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        return {attribute["Key"]: attribute["Value"] for attribute in shown}

    expect(attributes().get("deregistration_delay.timeout_seconds"), "300", "the delay")
    expect(attributes().get("stickiness.enabled"), "false", "stickiness.enabled")
    cloud.elbv2.modify_target_group_attributes(
        TargetGroupArn=arn, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "20"}]
    )
    expect(attributes()["deregistration_delay.timeout_seconds"], "20", "the delay afterwards")


@check("RegisterTargets: in a group that no load balancer uses the target is unused")
def _(cloud):
    vpc = worlds.vpc(cloud)
    instance = worlds.instance(cloud, worlds.subnet(cloud, vpc))
    target_group = worlds.target_group(cloud, vpc)
    cloud.elbv2.register_targets(TargetGroupArn=target_group, Targets=[{"Id": instance}])
    expect(health(cloud, target_group), {instance: ("unused", "Target.NotInUse")}, "health")


@check("RegisterTargets: behind a load balancer the target goes from initial to healthy", alone=True)
def _(cloud):
    def prepare():
        _balancer, target_group, instance = serving(cloud)
        # With the longest interval the first check is as late as can be.
        cloud.elbv2.modify_target_group(TargetGroupArn=target_group, HealthCheckIntervalSeconds=300)
        return target_group, instance

    def trial(prepared):
        target_group, instance = prepared
        cloud.elbv2.register_targets(TargetGroupArn=target_group, Targets=[{"Id": instance}])
        return *prepared, health(cloud, target_group)[instance]

    target_group, instance, first = cloud.within(60, prepare, trial)
    expect(first, ("initial", "Elb.RegistrationInProgress"), "health right after RegisterTargets")
    cloud.elbv2.modify_target_group(TargetGroupArn=target_group, HealthCheckIntervalSeconds=10)
    cloud.until(lambda: health(cloud, target_group)[instance][0] == "healthy", 3600, "the target is healthy")


@check("RegisterTargets: an instance that is not there is refused with InvalidTarget")
def _(cloud):
    target_group = worlds.target_group(cloud, worlds.vpc(cloud))
    refused(
        "InvalidTarget",
        cloud.elbv2.register_targets,
        TargetGroupArn=target_group,
        Targets=[{"Id": "i-0123456789abcdef0"}],
    )


@check("RegisterTargets: an instance of another VPC is refused with InvalidTarget")
def _(cloud):
    target_group = worlds.target_group(cloud, worlds.vpc(cloud))
    instance = worlds.instance(cloud, worlds.subnet(cloud, worlds.vpc(cloud, "10.5.0.0/16"), "10.5.0.0/24"))
    refused(
        "InvalidTarget", cloud.elbv2.register_targets, TargetGroupArn=target_group, Targets=[{"Id": instance}]
    )


@check("RegisterTargets: for an unknown group is refused with TargetGroupNotFound")
def _(cloud):
    instance = worlds.instance(cloud, worlds.subnet(cloud, worlds.vpc(cloud)))
    refused(
        ("TargetGroupNotFound", "ValidationError"),
        cloud.elbv2.register_targets,
        TargetGroupArn=NOBODY,
        Targets=[{"Id": instance}],
    )


@check("DescribeTargetHealth: a target that stopped is unused with Target.InvalidState")
def _(cloud):
    _balancer, target_group, instance = serving(cloud)
    cloud.elbv2.register_targets(TargetGroupArn=target_group, Targets=[{"Id": instance}])
    cloud.ec2.stop_instances(InstanceIds=[instance])
    cloud.until(
        lambda: health(cloud, target_group)[instance] == ("unused", "Target.InvalidState"), 600, "the target is unused"
    )


@check("DescribeTargetHealth: a target that was never registered is unused with Target.NotRegistered")
def _(cloud):
    _balancer, target_group, instance = serving(cloud)
    shown = cloud.elbv2.describe_target_health(TargetGroupArn=target_group, Targets=[{"Id": instance, "Port": 80}])
    found = shown["TargetHealthDescriptions"][0]["TargetHealth"]
    expect((found["State"], found["Reason"]), ("unused", "Target.NotRegistered"), "health")


@check("DeregisterTargets: drains for the delay, then the target is gone")
def _(cloud):
    _balancer, target_group, instance = serving(cloud)
    delay = str(cloud.lasting(2, least=5, most=3600))
    cloud.elbv2.modify_target_group_attributes(
        TargetGroupArn=target_group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": delay}]
    )
    cloud.elbv2.register_targets(TargetGroupArn=target_group, Targets=[{"Id": instance}])
    cloud.until(lambda: health(cloud, target_group)[instance][0] == "healthy", 900, "the target is healthy")
    cloud.elbv2.deregister_targets(TargetGroupArn=target_group, Targets=[{"Id": instance}])
    wanted = {instance: ("draining", "Target.DeregistrationInProgress")}
    expect(health(cloud, target_group), wanted, "health right after DeregisterTargets")
    cloud.until(lambda: not health(cloud, target_group), 3700, "the target is gone")


@check("DeleteTargetGroup: behind a listener is refused with ResourceInUse, then goes; twice is refused")
def _(cloud):
    net = worlds.network(cloud)
    balancer = worlds.load_balancer(cloud, net, Scheme="internal")
    target_group = worlds.target_group(cloud, net.vpc)
    listener = worlds.listener(cloud, balancer, target_group)
    shown = cloud.elbv2.describe_target_groups(TargetGroupArns=[target_group])["TargetGroups"][0]
    expect(shown["LoadBalancerArns"], [balancer], "LoadBalancerArns")
    refused("ResourceInUse", cloud.elbv2.delete_target_group, TargetGroupArn=target_group)
    cloud.elbv2.delete_listener(ListenerArn=listener)
    cloud.elbv2.delete_target_group(TargetGroupArn=target_group)
    refused("TargetGroupNotFound", cloud.elbv2.describe_target_groups, TargetGroupArns=[target_group])
