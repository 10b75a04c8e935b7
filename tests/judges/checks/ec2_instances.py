"""EC2: instances, instance types, images."""

from . import worlds
from .expect import attempt, expect, expect_true, refused, tags_of
from .registry import check
from .worlds import named, tagged

NOBODY = "i-0123456789abcdef0"


def one(cloud, **parameters):
    """The parameters of RunInstances for one small instance."""
    return {"ImageId": worlds.image(cloud), "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1} | parameters


def shown(cloud, instance):
    """An instance as Describe shows it."""
    return cloud.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]


def found(cloud, **parameters):
    """The ids of the instances that DescribeInstances finds."""
    answer = cloud.ec2.describe_instances(**parameters)
    return sorted(instance["InstanceId"] for held in answer["Reservations"] for instance in held["Instances"])


@check("RunInstances: starts pending, then runs in its subnet with its group, address, image and tags")
def _(cloud):
    net = worlds.network(cloud)
    group = worlds.security_group(cloud, net.vpc)
    request = one(
        cloud, SubnetId=net.subnets[0], SecurityGroupIds=[group], TagSpecifications=tagged("instance", Name="clone")
    )
    made = cloud.ec2.run_instances(**request)["Instances"][0]
    expect(made["State"], {"Code": 0, "Name": "pending"}, "the state in the answer")
    instance = made["InstanceId"]
    cloud.until(lambda: worlds.instance_state(cloud, instance) == "running", 300, "the instance runs")
    now = shown(cloud, instance)
    expect((now["SubnetId"], now["VpcId"], now["ImageId"]), (net.subnets[0], net.vpc, request["ImageId"]), "where")
    expect_true(now["PrivateIpAddress"].startswith("10.0.0."), f"{now['PrivateIpAddress']} is not in the subnet")
    expect(now["Placement"]["AvailabilityZone"], net.zones[0], "the zone")
    expect([held["GroupId"] for held in now["SecurityGroups"]], [group], "groups")
    expect(tags_of(now["Tags"]), {"Name": "clone"}, "tags")
    expect(now["InstanceType"], "t3.micro", "InstanceType")
    expect(now["NetworkInterfaces"][0]["Groups"][0]["GroupId"], group, "the group of the interface")


@check("RunInstances: without a group the VPC's default group holds")
def _(cloud):
    vpc = worlds.vpc(cloud)
    made = shown(cloud, worlds.instance(cloud, worlds.subnet(cloud, vpc)))
    expect([group["GroupName"] for group in made["SecurityGroups"]], ["default"], "groups")


@check("RunInstances: the same client token answers the same instance")
def _(cloud):
    request = one(cloud, SubnetId=worlds.subnet(cloud, worlds.vpc(cloud)), ClientToken=cloud.name("token"))
    first = cloud.ec2.run_instances(**request)["Instances"][0]["InstanceId"]
    expect(cloud.ec2.run_instances(**request)["Instances"][0]["InstanceId"], first, "the second answer's id")
    expect(found(cloud, Filters=named("client-token", request["ClientToken"])), [first], "instances with the token")


@check("RunInstances: the client token with another type is refused with IdempotentParameterMismatch")
def _(cloud):
    request = one(cloud, SubnetId=worlds.subnet(cloud, worlds.vpc(cloud)), ClientToken=cloud.name("token"))
    cloud.ec2.run_instances(**request)
    refused("IdempotentParameterMismatch", cloud.ec2.run_instances, **request | {"InstanceType": "t3.small"})


@check("RunInstances: DryRun answers DryRunOperation and starts nothing")
def _(cloud):
    subnet = worlds.subnet(cloud, worlds.vpc(cloud))
    refused("DryRunOperation", cloud.ec2.run_instances, **one(cloud, SubnetId=subnet, DryRun=True))
    expect(found(cloud, Filters=named("subnet-id", subnet)), [], "instances afterwards")


@check("RunInstances: an unknown image is refused with InvalidAMIID.NotFound, what is no id with Malformed")
def _(cloud):
    subnet = worlds.subnet(cloud, worlds.vpc(cloud))
    run = cloud.ec2.run_instances
    refused("InvalidAMIID.NotFound", run, **one(cloud, SubnetId=subnet, ImageId="ami-0123456789abcdef0"))
    refused("InvalidAMIID.Malformed", run, **one(cloud, SubnetId=subnet, ImageId="nonsense"))


@check("RunInstances: an unknown type is refused with InvalidParameterValue")
def _(cloud):
    subnet = worlds.subnet(cloud, worlds.vpc(cloud))
    refused("InvalidParameterValue", cloud.ec2.run_instances, **one(cloud, SubnetId=subnet, InstanceType="t9.tiny"))


@check("RunInstances: unknown subnets and groups are refused with their NotFound")
def _(cloud):
    subnet = worlds.subnet(cloud, worlds.vpc(cloud))
    run = cloud.ec2.run_instances
    refused("InvalidSubnetID.NotFound", run, **one(cloud, SubnetId="subnet-0123456789abcdef0"))
    refused("InvalidGroup.NotFound", run, **one(cloud, SubnetId=subnet, SecurityGroupIds=["sg-0123456789abcdef0"]))


@check("RunInstances: a group of another VPC is refused")
def _(cloud):
    # AWS: "Security group sg-… and subnet subnet-… belong to different networks.", InvalidParameter.
    subnet = worlds.subnet(cloud, worlds.vpc(cloud))
    group = worlds.security_group(cloud, worlds.vpc(cloud, "10.5.0.0/16"))
    refused(
        ("InvalidParameter", "InvalidGroup.NotFound"),
        cloud.ec2.run_instances,
        **one(cloud, SubnetId=subnet, SecurityGroupIds=[group]),
    )


@check("RunInstances: from a launch template takes type, image and tags of its default version")
def _(cloud):
    subnet = worlds.subnet(cloud, worlds.vpc(cloud))
    template = worlds.launch_template(
        cloud, InstanceType="t3.small", TagSpecifications=tagged("instance", From="template")
    )
    made = cloud.ec2.run_instances(
        LaunchTemplate={"LaunchTemplateId": template}, SubnetId=subnet, MinCount=1, MaxCount=1
    )["Instances"][0]
    now = shown(cloud, made["InstanceId"])
    expect(now["InstanceType"], "t3.small", "InstanceType")
    expect(tags_of(now["Tags"]), {"From": "template"}, "tags of the template")
    # RunInstances marks what came from a template with tags that only AWS sets.
    marks = {tag["Key"]: tag["Value"] for tag in now["Tags"] if tag["Key"].startswith("aws:")}
    expect(marks.get("aws:ec2launchtemplate:id"), template, "the tag aws:ec2launchtemplate:id")


@check("RunInstances: takes one address of the subnet, which comes back after termination")
def _(cloud):
    subnet = worlds.subnet(cloud, worlds.vpc(cloud))

    def free():
        return cloud.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"]

    instance = worlds.instance(cloud, subnet)
    expect(free(), 250, "free addresses with one instance")
    worlds.terminated(cloud, instance)
    cloud.until(lambda: free() == 251, 300, "the address is free again")


@check("RunInstances: in a subnet that maps public addresses the instance has one")
def _(cloud):
    vpc = worlds.vpc(cloud)
    worlds.internet_gateway(cloud, vpc)
    subnet = worlds.subnet(cloud, vpc)
    cloud.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    expect_true(shown(cloud, worlds.instance(cloud, subnet)).get("PublicIpAddress"), "there is no PublicIpAddress")


@check("DescribeInstances: an unknown id is refused with InvalidInstanceID.NotFound, no id with Malformed")
def _(cloud):
    refused("InvalidInstanceID.NotFound", cloud.ec2.describe_instances, InstanceIds=[NOBODY])
    refused("InvalidInstanceID.Malformed", cloud.ec2.describe_instances, InstanceIds=["nonsense"])


@check("DescribeInstances: filters by tag, state, subnet, VPC and type")
def _(cloud):
    net = worlds.network(cloud)
    mine = worlds.instance(cloud, net.subnets[0], TagSpecifications=tagged("instance", Stack="one"))
    worlds.instance(cloud, net.subnets[1])
    own = named("vpc-id", net.vpc)
    for name, value in [("tag:Stack", "one"), ("subnet-id", net.subnets[0])]:
        expect(found(cloud, Filters=own + named(name, value)), [mine], name)
    expect(len(found(cloud, Filters=own + named("instance-state-name", "running"))), 2, "running instances")
    expect(found(cloud, Filters=own + named("instance-state-name", "stopped")), [], "stopped instances")
    expect(found(cloud, Filters=own + named("instance-type", "m5.large")), [], "instances of another type")


@check("DescribeInstances: MaxResults cuts pages, and together with ids is refused")
def _(cloud):
    subnet = worlds.subnet(cloud, worlds.vpc(cloud))
    for _number in range(7):
        cloud.ec2.run_instances(**one(cloud, SubnetId=subnet))
    pages = cloud.pages(
        cloud.ec2.describe_instances, "Reservations", Filters=named("subnet-id", subnet), MaxResults=5
    )
    expect([len(page) for page in pages], [5, 2], "lengths of the pages")
    made = pages[0][0]["Instances"][0]["InstanceId"]
    # API reference: "You cannot specify this parameter and the instance IDs parameter in the same call."
    refused("InvalidParameterCombination", cloud.ec2.describe_instances, InstanceIds=[made], MaxResults=5)


@check("DescribeInstanceStatus: shows running instances only, unless all are asked for")
def _(cloud):
    subnet = worlds.subnet(cloud, worlds.vpc(cloud))
    instance = worlds.instance(cloud, subnet)

    def seen(**parameters):
        return len(cloud.ec2.describe_instance_status(InstanceIds=[instance], **parameters)["InstanceStatuses"])

    expect(seen(), 1, "statuses of a running instance")
    cloud.ec2.stop_instances(InstanceIds=[instance])
    cloud.until(lambda: worlds.instance_state(cloud, instance) == "stopped", 300, "the instance is stopped")
    expect(seen(), 0, "statuses of a stopped instance")
    expect(seen(IncludeAllInstances=True), 1, "statuses of all instances")


@check("StopInstances and StartInstances: change the state by way of stopping and pending")
def _(cloud):
    instance = worlds.instance(cloud, worlds.subnet(cloud, worlds.vpc(cloud)))
    address = shown(cloud, instance)["PrivateIpAddress"]
    change = cloud.ec2.stop_instances(InstanceIds=[instance])["StoppingInstances"][0]
    expect((change["PreviousState"]["Name"], change["CurrentState"]["Name"]), ("running", "stopping"), "the change")
    cloud.until(lambda: worlds.instance_state(cloud, instance) == "stopped", 300, "the instance is stopped")
    change = cloud.ec2.start_instances(InstanceIds=[instance])["StartingInstances"][0]
    expect((change["PreviousState"]["Name"], change["CurrentState"]["Name"]), ("stopped", "pending"), "the change")
    cloud.until(lambda: worlds.instance_state(cloud, instance) == "running", 300, "the instance runs again")
    expect(shown(cloud, instance)["PrivateIpAddress"], address, "the address after stop and start")


@check("TerminateInstances: shuts down, stays visible as terminated, again is no error")
def _(cloud):
    instance = worlds.instance(cloud, worlds.subnet(cloud, worlds.vpc(cloud)))
    change = cloud.ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"][0]
    expect((change["PreviousState"]["Name"], change["CurrentState"]["Name"]), ("running", "shutting-down"), "change")
    # A terminated instance stays visible for about an hour, and terminating it again succeeds.
    cloud.until(lambda: shown(cloud, instance)["State"]["Name"] == "terminated", 300, "it shows as terminated")
    change = cloud.ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"][0]
    expect(change["CurrentState"]["Name"], "terminated", "the state after the second call")


@check("TerminateInstances: an unknown id is refused and nothing is terminated")
def _(cloud):
    instance = worlds.instance(cloud, worlds.subnet(cloud, worlds.vpc(cloud)))
    refused("InvalidInstanceID.NotFound", cloud.ec2.terminate_instances, InstanceIds=[instance, NOBODY])
    expect(worlds.instance_state(cloud, instance), "running", "the other instance")


@check("TerminateInstances: with termination protection is refused with OperationNotPermitted")
def _(cloud):
    subnet = worlds.subnet(cloud, worlds.vpc(cloud))
    instance = worlds.instance(cloud, subnet, DisableApiTermination=True)
    refused("OperationNotPermitted", cloud.ec2.terminate_instances, InstanceIds=[instance])
    cloud.ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": False})
    worlds.terminated(cloud, instance)


@check("StartInstances: of a terminated instance is refused with IncorrectInstanceState")
def _(cloud):
    instance = worlds.instance(cloud, worlds.subnet(cloud, worlds.vpc(cloud)))
    worlds.terminated(cloud, instance)
    refused(
        ("IncorrectInstanceState", "InvalidInstanceID.NotFound"), cloud.ec2.start_instances, InstanceIds=[instance]
    )


@check("ModifyInstanceAttribute: the type of a running instance is refused with IncorrectInstanceState")
def _(cloud):
    instance = worlds.instance(cloud, worlds.subnet(cloud, worlds.vpc(cloud)))
    refused(
        "IncorrectInstanceState",
        cloud.ec2.modify_instance_attribute,
        InstanceId=instance,
        InstanceType={"Value": "t3.small"},
    )


@check("DescribeNetworkInterfaces: an instance's interface is found by group and goes with the instance")
def _(cloud):
    vpc = worlds.vpc(cloud)
    group = worlds.security_group(cloud, vpc)
    instance = worlds.instance(cloud, worlds.subnet(cloud, vpc), SecurityGroupIds=[group])

    def interfaces():
        return cloud.ec2.describe_network_interfaces(Filters=named("group-id", group))["NetworkInterfaces"]

    attached = [interface["Attachment"]["InstanceId"] for interface in interfaces()]
    expect((attached, interfaces()[0]["Status"]), ([instance], "in-use"), "interfaces of the group")
    worlds.terminated(cloud, instance)
    cloud.until(lambda: not interfaces(), 300, "the interface is gone")


@check("DescribeInstanceTypes: shows architecture and cores; an unknown type is refused with InvalidInstanceType")
def _(cloud):
    shown_type = cloud.ec2.describe_instance_types(InstanceTypes=["t3.micro"])["InstanceTypes"][0]
    expect(shown_type["VCpuInfo"]["DefaultVCpus"], 2, "DefaultVCpus of t3.micro")
    expect(shown_type["MemoryInfo"]["SizeInMiB"], 1024, "SizeInMiB of t3.micro")
    expect_true("x86_64" in shown_type["ProcessorInfo"]["SupportedArchitectures"], "t3.micro is not x86_64")
    # C5 has other sizes than its neighbours: 9xlarge and 18xlarge.
    for name in ("t9.tiny", "c5.8xlarge", "c5.16xlarge"):
        refused("InvalidInstanceType", cloud.ec2.describe_instance_types, InstanceTypes=[name])
    cloud.ec2.describe_instance_types(InstanceTypes=["c5.9xlarge", "c5.18xlarge"])


@check("DescribeImages: Amazon's image is found by owner and name, and shows architecture and root device")
def _(cloud):
    image = worlds.image(cloud)
    shown_image = cloud.ec2.describe_images(ImageIds=[image])["Images"][0]
    expect((shown_image["State"], shown_image["Architecture"]), ("available", "x86_64"), "state and architecture")
    expect(shown_image["RootDeviceType"], "ebs", "RootDeviceType")
    newest = cloud.ec2.describe_images(Owners=["amazon"], Filters=named("name", "al2023-ami-*"))["Images"]
    expect_true(image in [found_image["ImageId"] for found_image in newest], f"{image} is not among Amazon's")
    expect(cloud.ec2.describe_images(Owners=["self"])["Images"], [], "images of an account that made none")


@check("DescribeImages: an unknown id is refused with InvalidAMIID.NotFound")
def _(cloud):
    refused("InvalidAMIID.NotFound", cloud.ec2.describe_images, ImageIds=["ami-0123456789abcdef0"])


@check("CreateImage: becomes available, is the account's own, has tags; its name only once")
def _(cloud):
    instance = worlds.instance(cloud, worlds.subnet(cloud, worlds.vpc(cloud)))
    name = cloud.name("image")
    request = {"InstanceId": instance, "Name": name}
    image = cloud.ec2.create_image(TagSpecifications=tagged("image", Name="golden"), **request)["ImageId"]
    cloud.until(
        lambda: cloud.ec2.describe_images(ImageIds=[image])["Images"][0]["State"] == "available", 1200, "available"
    )
    own = cloud.ec2.describe_images(Owners=["self"], Filters=named("tag:Name", "golden"))["Images"]
    expect([(found_image["ImageId"], found_image["Name"]) for found_image in own], [(image, name)], "own images")
    refused("InvalidAMIName.Duplicate", cloud.ec2.create_image, **request)


@check("EnableImageDeprecation and DeregisterImage: show the date, then nothing")
def _(cloud):
    instance = worlds.instance(cloud, worlds.subnet(cloud, worlds.vpc(cloud)))
    image = cloud.ec2.create_image(InstanceId=instance, Name=cloud.name("image"))["ImageId"]
    cloud.ec2.enable_image_deprecation(ImageId=image, DeprecateAt="2033-01-01T00:00:00Z")
    shown_image = cloud.ec2.describe_images(ImageIds=[image])["Images"][0]
    expect(shown_image["DeprecationTime"][:10], "2033-01-01", "DeprecationTime")
    cloud.ec2.deregister_image(ImageId=image)
    answer, code = attempt(cloud.ec2.describe_images, ImageIds=[image])
    expect_true(
        code in ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable") or (answer and not answer["Images"]),
        f"a deregistered image answers {code or answer['Images']}",
    )
