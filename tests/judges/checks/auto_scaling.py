"""Auto Scaling: groups, their instances in EC2 and in target groups, scaling out and in, deletion."""

from . import fleets, worlds
from .elastic_load_balancing_targets import health
from .expect import attempt, expect, expect_true, refused, tags_of
from .registry import check
from .worlds import named


def request(cloud, **parameters):
    """The parameters of CreateAutoScalingGroup for an empty group."""
    return {
        "AutoScalingGroupName": cloud.name("group"),
        "LaunchTemplate": {"LaunchTemplateId": worlds.launch_template(cloud), "Version": "1"},
        "VPCZoneIdentifier": ",".join(worlds.network(cloud).subnets),
        "MinSize": 0,
        "MaxSize": 4,
        "DesiredCapacity": 0,
    } | parameters


@check("CreateAutoScalingGroup: shows sizes, template, subnets, zones, tags and AWS's defaults")
def _(cloud):
    net = worlds.network(cloud)
    wanted = request(cloud, VPCZoneIdentifier=",".join(net.subnets))
    name = wanted["AutoScalingGroupName"]
    tag = {"Key": "Name", "Value": "clone", "PropagateAtLaunch": True}
    cloud.autoscaling.create_auto_scaling_group(Tags=[tag], **wanted)
    group = fleets.shown(cloud, name)
    expect((group["MinSize"], group["MaxSize"], group["DesiredCapacity"]), (0, 4, 0), "sizes")
    template = group["LaunchTemplate"]
    expect(template["LaunchTemplateId"], wanted["LaunchTemplate"]["LaunchTemplateId"], "LaunchTemplateId")
    expect(template["Version"], "1", "Version")
    expect(sorted(group["VPCZoneIdentifier"].split(",")), sorted(net.subnets), "VPCZoneIdentifier")
    expect(sorted(group["AvailabilityZones"]), net.zones, "AvailabilityZones")
    expect((group["DefaultCooldown"], group["HealthCheckType"]), (300, "EC2"), "cooldown and health check")
    expect((group["HealthCheckGracePeriod"], group["TerminationPolicies"]), (0, ["Default"]), "grace and policies")
    expect(group["NewInstancesProtectedFromScaleIn"], False, "NewInstancesProtectedFromScaleIn")
    shown_tag = {"ResourceId": name, "ResourceType": "auto-scaling-group", **tag}
    expect(group["Tags"], [shown_tag], "Tags")


@check("CreateAutoScalingGroup: without a desired capacity it is the minimum")
def _(cloud):
    wanted = request(cloud, MinSize=1)
    del wanted["DesiredCapacity"]
    cloud.autoscaling.create_auto_scaling_group(**wanted)
    expect(fleets.shown(cloud, wanted["AutoScalingGroupName"])["DesiredCapacity"], 1, "DesiredCapacity")


@check("CreateAutoScalingGroup: the same name is refused with AlreadyExists, with the same settings too")
def _(cloud):
    wanted = request(cloud)
    cloud.autoscaling.create_auto_scaling_group(**wanted)
    refused("AlreadyExists", cloud.autoscaling.create_auto_scaling_group, **wanted)


@check("CreateAutoScalingGroup: wrong sizes are refused with ValidationError")
def _(cloud):
    call = cloud.autoscaling.create_auto_scaling_group
    refused("ValidationError", call, **request(cloud, MinSize=3, MaxSize=2, DesiredCapacity=3))
    refused("ValidationError", call, **request(cloud, DesiredCapacity=9))


@check("CreateAutoScalingGroup: unknown templates, subnets and target groups are refused with ValidationError")
def _(cloud):
    call = cloud.autoscaling.create_auto_scaling_group
    nobody = {"LaunchTemplateId": "lt-0123456789abcdef0", "Version": "1"}
    refused("ValidationError", call, **request(cloud, LaunchTemplate=nobody))
    refused("ValidationError", call, **request(cloud, VPCZoneIdentifier="subnet-0123456789abcdef0"))
    arn = f"arn:aws:elasticloadbalancing:{cloud.region}:{cloud.account}:targetgroup/nobody/0123456789abcdef"
    refused("ValidationError", call, **request(cloud, TargetGroupARNs=[arn]))


@check("DescribeAutoScalingGroups: unknown names are an empty list, not a refusal")
def _(cloud):
    expect(fleets.shown(cloud, cloud.name("nobody")), None, "the group")


@check("DescribeAutoScalingGroups: filters by tag")
def _(cloud):
    stack = cloud.name("stack")
    wanted = request(cloud, Tags=[{"Key": "Stack", "Value": stack, "PropagateAtLaunch": True}])
    cloud.autoscaling.create_auto_scaling_group(**wanted)

    def found(name, value):
        answer = cloud.autoscaling.describe_auto_scaling_groups(Filters=named(name, value))
        return [group["AutoScalingGroupName"] for group in answer["AutoScalingGroups"]]

    expect(found("tag:Stack", stack), [wanted["AutoScalingGroupName"]], "tag:Stack")
    expect(found("tag:Stack", cloud.name("stack")), [], "tag:Stack of nobody")


@check("DescribeAutoScalingGroups: MaxRecords cuts pages and the token leads through all of them")
def _(cloud):
    wanted = request(cloud)
    names = sorted(cloud.name("group") for _number in range(5))
    for name in names:
        cloud.autoscaling.create_auto_scaling_group(**wanted | {"AutoScalingGroupName": name})
    pages = cloud.pages(
        cloud.autoscaling.describe_auto_scaling_groups, "AutoScalingGroups", AutoScalingGroupNames=names, MaxRecords=2
    )
    expect([len(page) for page in pages], [2, 2, 1], "lengths of the pages")
    expect(sorted(group["AutoScalingGroupName"] for page in pages for group in page), names, "groups on all pages")


@check("Instances of a group: in service and healthy, spread over the zones, visible in EC2 with the group's tags")
def _(cloud):
    net = worlds.network(cloud)
    tags = [{"Key": "Name", "Value": "clone", "PropagateAtLaunch": True}]
    tags.append({"Key": "Secret", "Value": "x", "PropagateAtLaunch": False})
    name = fleets.group(cloud, net, size=4, Tags=tags)
    members = fleets.members(cloud, name)
    expect({member["HealthStatus"] for member in members.values()}, {"Healthy"}, "HealthStatus")
    zones = sorted(member["AvailabilityZone"] for member in members.values())
    expect(zones, sorted(net.zones * 2), "zones of four instances")
    answer = cloud.ec2.describe_instances(InstanceIds=list(members))
    instances = [instance for held in answer["Reservations"] for instance in held["Instances"]]
    expect({instance["State"]["Name"] for instance in instances}, {"running"}, "states in EC2")
    expect({instance["SubnetId"] for instance in instances}, set(net.subnets), "subnets in EC2")
    expect(tags_of(instances[0]["Tags"]), {"Name": "clone"}, "tags that propagate")
    marks = {tag["Key"]: tag["Value"] for tag in instances[0]["Tags"]}
    expect(marks.get("aws:autoscaling:groupName"), name, "the tag aws:autoscaling:groupName")


@check("DescribeAutoScalingInstances: shows group, zone, template and protection of each instance")
def _(cloud):
    name = fleets.group(cloud)
    instance = min(fleets.members(cloud, name))
    shown = cloud.autoscaling.describe_auto_scaling_instances(InstanceIds=[instance])["AutoScalingInstances"][0]
    expect((shown["AutoScalingGroupName"], shown["LifecycleState"]), (name, "InService"), "group and state")
    expect((shown["ProtectedFromScaleIn"], shown["LaunchTemplate"]["Version"]), (False, "1"), "protection, version")
    # Unlike in DescribeAutoScalingGroups, the reference's examples spell this one in capitals.
    expect(shown["HealthStatus"].upper(), "HEALTHY", "HealthStatus")
    unknown = cloud.autoscaling.describe_auto_scaling_instances(InstanceIds=["i-0123456789abcdef0"])
    expect(unknown["AutoScalingInstances"], [], "an instance that is in no group")


@check("DescribeScalingActivities: tells of each launch and termination")
def _(cloud):
    name = fleets.group(cloud)
    instance = min(fleets.members(cloud, name))
    launch = fleets.activities(cloud, name)[0]
    expect(launch["StatusCode"], "Successful", "StatusCode")
    expect((launch["Progress"], launch["AutoScalingGroupName"]), (100, name), "progress and group")
    expect(launch["Description"], f"Launching a new EC2 instance: {instance}", "Description")
    expect_true(launch["Cause"] and launch.get("EndTime"), "Cause or EndTime is missing")
    fleets.resize(cloud, name, 0)
    cloud.until(
        lambda: fleets.activities(cloud, name)[0]["Description"].startswith("Terminating EC2 instance: " + instance),
        900,
        "an activity tells of the termination",
    )


@check("SetDesiredCapacity: outside minimum and maximum is refused with ValidationError")
def _(cloud):
    name = fleets.group(cloud, size=1, MinSize=1, MaxSize=2)
    for size in (0, 3):
        refused(
            "ValidationError",
            cloud.autoscaling.set_desired_capacity,
            AutoScalingGroupName=name,
            DesiredCapacity=size,
        )


@check("SetDesiredCapacity: scales out and in, balanced over the zones, and terminates in EC2")
def _(cloud):
    net = worlds.network(cloud)
    name = fleets.group(cloud, net, size=2)
    fleets.resize(cloud, name, 4)
    four = fleets.settled(cloud, name, 4)
    fleets.resize(cloud, name, 2)
    two = fleets.settled(cloud, name, 2)
    expect(sorted(member["AvailabilityZone"] for member in two.values()), net.zones, "zones of the two that stay")
    for instance in set(four) - set(two):
        cloud.until(
            lambda left=instance: worlds.instance_state(cloud, left) == "terminated", 600, f"{instance} is terminated"
        )


@check("UpdateAutoScalingGroup: a higher minimum launches, a lower maximum terminates")
def _(cloud):
    name = fleets.group(cloud, size=1)
    cloud.autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=2)
    expect(fleets.shown(cloud, name)["DesiredCapacity"], 2, "DesiredCapacity after a higher minimum")
    fleets.settled(cloud, name, 2)
    cloud.autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=0, MaxSize=1)
    expect(fleets.shown(cloud, name)["DesiredCapacity"], 1, "DesiredCapacity after a lower maximum")
    fleets.settled(cloud, name, 1)


@check("UpdateAutoScalingGroup: minimum above maximum, and unknown groups, are refused with ValidationError")
def _(cloud):
    wanted = request(cloud)
    cloud.autoscaling.create_auto_scaling_group(**wanted)
    call = cloud.autoscaling.update_auto_scaling_group
    refused("ValidationError", call, AutoScalingGroupName=wanted["AutoScalingGroupName"], MinSize=5, MaxSize=4)
    refused("ValidationError", call, AutoScalingGroupName=cloud.name("nobody"), MinSize=0)


@check("UpdateAutoScalingGroup: a new template version holds for new instances and leaves the old ones")
def _(cloud):
    template = worlds.launch_template(cloud)
    cloud.ec2.create_launch_template_version(
        LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.small"}
    )
    name = fleets.group(cloud, template=template, size=1)
    old = min(fleets.members(cloud, name))
    cloud.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=name, LaunchTemplate={"LaunchTemplateId": template, "Version": "2"}
    )
    fleets.resize(cloud, name, 2)
    members = fleets.settled(cloud, name, 2)
    versions = {instance: member["LaunchTemplate"]["Version"] for instance, member in members.items()}
    expect(versions.pop(old), "1", "the version of the old instance")
    expect(list(versions.values()), ["2"], "the version of the new instance")


@check("Target group of a group: instances are registered, drain on scale-in, and only then are terminated")
def _(cloud):
    net = worlds.network(cloud)
    target_group = worlds.target_group(cloud, net.vpc)
    worlds.listener(cloud, worlds.load_balancer(cloud, net, Scheme="internal"), target_group)
    name = fleets.group(cloud, net, size=2, TargetGroupARNs=[target_group])
    members = fleets.members(cloud, name)
    expect(fleets.shown(cloud, name)["TargetGroupARNs"], [target_group], "TargetGroupARNs")
    cloud.until(
        lambda: {i: s for i, (s, _) in health(cloud, target_group).items()} == dict.fromkeys(members, "healthy"),
        900,
        "both instances are healthy targets",
    )
    delay = str(cloud.lasting(3, least=10, most=3600))
    cloud.elbv2.modify_target_group_attributes(
        TargetGroupArn=target_group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": delay}]
    )
    fleets.resize(cloud, name, 1)
    leaving = cloud.until(
        lambda: [i for i, (state, _) in health(cloud, target_group).items() if state == "draining"], 300, "one drains"
    )
    expect(len(leaving), 1, "draining targets")
    expect(worlds.instance_state(cloud, leaving[0]), "running", "the state in EC2 while it drains")
    cloud.until(lambda: len(health(cloud, target_group)) == 1, 3700, "the target is gone")
    fleets.settled(cloud, name, 1)


@check("AttachLoadBalancerTargetGroups and Detach: register and deregister the instances")
def _(cloud):
    net = worlds.network(cloud)
    target_group = worlds.target_group(cloud, net.vpc)
    name = fleets.group(cloud, net, size=1)
    cloud.autoscaling.attach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=[target_group])
    cloud.until(
        lambda: set(health(cloud, target_group)) == set(fleets.members(cloud, name)), 300, "the instance is a target"
    )
    cloud.autoscaling.detach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=[target_group])
    cloud.until(lambda: not health(cloud, target_group), 900, "the instance is no target any more")


@check("TerminateInstances: a member that is terminated behind the group's back is replaced")
def _(cloud):
    name = fleets.group(cloud)
    lost = min(fleets.members(cloud, name))
    cloud.ec2.terminate_instances(InstanceIds=[lost])
    cloud.until(
        lambda: set(fleets.members(cloud, name, "InService")) - {lost}, 1200, "another instance is in service"
    )


@check("SetInstanceHealth: an unhealthy member is terminated and replaced")
def _(cloud):
    name = fleets.group(cloud)
    sick = min(fleets.members(cloud, name))
    cloud.autoscaling.set_instance_health(
        InstanceId=sick, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False
    )
    cloud.until(lambda: set(fleets.members(cloud, name, "InService")) - {sick}, 1200, "another is in service")
    cloud.until(lambda: worlds.instance_state(cloud, sick) == "terminated", 900, "the sick one is terminated")


@check("TerminateInstanceInAutoScalingGroup: with decrement shrinks, without replaces; strangers are refused")
def _(cloud):
    name = fleets.group(cloud, size=2)
    call = cloud.autoscaling.terminate_instance_in_auto_scaling_group
    activity = call(InstanceId=min(fleets.members(cloud, name)), ShouldDecrementDesiredCapacity=True)["Activity"]
    expect(activity["AutoScalingGroupName"], name, "the group of the activity")
    expect(fleets.shown(cloud, name)["DesiredCapacity"], 1, "DesiredCapacity after the first")
    last = min(fleets.settled(cloud, name, 1))
    call(InstanceId=last, ShouldDecrementDesiredCapacity=False)
    cloud.until(lambda: set(fleets.members(cloud, name, "InService")) - {last}, 900, "another is in service")
    refused("ValidationError", call, InstanceId="i-0123456789abcdef0", ShouldDecrementDesiredCapacity=False)


@check("DeleteAutoScalingGroup: with instances is refused with ResourceInUse unless it is forced")
def _(cloud):
    name = fleets.group(cloud)
    refused("ResourceInUse", cloud.autoscaling.delete_auto_scaling_group, AutoScalingGroupName=name)
    instance = min(fleets.members(cloud, name))
    cloud.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    cloud.until(lambda: fleets.shown(cloud, name) is None, 900, "the group is gone")
    cloud.until(lambda: worlds.instance_state(cloud, instance) == "terminated", 600, "its instance is terminated")


@check("DeleteAutoScalingGroup: while it is being deleted it says so, and its name is not free", alone=True)
def _(cloud):
    # API reference of AutoScalingGroup: Status is "the current state of the group when DeleteAutoScalingGroup is in
    # progress"; aws-facts 2.2: AlreadyExists also while pending delete.
    again = request(cloud)

    def status(name):
        cloud.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
        return (fleets.shown(cloud, name) or {}).get("Status")

    def refusal(name):
        cloud.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
        return attempt(cloud.autoscaling.create_auto_scaling_group, **again | {"AutoScalingGroupName": name})[1]

    net, template = worlds.network(cloud), worlds.launch_template(cloud)
    for trial, wanted in ((status, "Delete in progress"), (refusal, "AlreadyExists")):
        expect(cloud.within(30, lambda: fleets.group(cloud, net, template), trial), wanted, f"the {trial.__name__}")


@check("DeleteAutoScalingGroup: an unknown group is refused with ValidationError")
def _(cloud):
    refused(
        "ValidationError", cloud.autoscaling.delete_auto_scaling_group, AutoScalingGroupName=cloud.name("nobody")
    )


@check("CreateOrUpdateTags and DeleteTags: DescribeTags shows what is left")
def _(cloud):
    wanted = request(cloud)
    cloud.autoscaling.create_auto_scaling_group(**wanted)
    name = wanted["AutoScalingGroupName"]
    tag = {"ResourceId": name, "ResourceType": "auto-scaling-group", "Key": "Stack"}

    def left():
        tags = cloud.autoscaling.describe_tags(Filters=named("auto-scaling-group", name))["Tags"]
        return [(shown["Value"], shown["PropagateAtLaunch"]) for shown in tags]

    for value, propagate in [("one", True), ("two", False)]:
        cloud.autoscaling.create_or_update_tags(Tags=[{**tag, "Value": value, "PropagateAtLaunch": propagate}])
        expect(left(), [(value, propagate)], "tags")
    cloud.autoscaling.delete_tags(Tags=[tag])
    expect(left(), [], "tags after DeleteTags")
