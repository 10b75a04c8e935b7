"""What checks need before they can begin: networks, images, templates, groups, databases."""

import json
from dataclasses import dataclass

from .expect import attempt

EC2_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


@dataclass(frozen=True)
class Network:
    """A VPC with a subnet in each of two zones."""

    vpc: str
    subnets: list
    zones: list


def tagged(kind, **tags):
    """TagSpecifications for one kind of EC2 resource."""
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def named(name, values):
    """One filter."""
    return [{"Name": name, "Values": values if isinstance(values, list) else [values]}]


def vpc(cloud, cidr="10.0.0.0/16", **tags):
    """A VPC, by its id."""
    extra = {"TagSpecifications": tagged("vpc", **tags)} if tags else {}
    made = cloud.ec2.create_vpc(CidrBlock=cidr, **extra)["Vpc"]["VpcId"]
    cloud.ec2.get_waiter("vpc_available").wait(VpcIds=[made], WaiterConfig={"Delay": 0, "MaxAttempts": 100})
    return made


def subnet(cloud, vpc_id, cidr="10.0.0.0/24", zone="a"):
    """A subnet, by its id."""
    answer = cloud.ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr, AvailabilityZone=cloud.region + zone)
    return answer["Subnet"]["SubnetId"]


def network(cloud, zones="ab"):
    """A network over the zones."""
    made = vpc(cloud)
    subnets = [subnet(cloud, made, f"10.0.{number}.0/24", zone) for number, zone in enumerate(zones)]
    return Network(made, subnets, [cloud.region + zone for zone in zones])


def internet_gateway(cloud, vpc_id):
    """An internet gateway attached to the VPC, by its id."""
    made = cloud.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    cloud.ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=vpc_id)
    return made


def security_group(cloud, vpc_id, name=None):
    """A security group, by its id."""
    return cloud.ec2.create_security_group(
        GroupName=name or cloud.name("group"), Description="made by a check", VpcId=vpc_id
    )["GroupId"]


def image(cloud):
    """The id of Amazon Linux's newest image."""
    filters = named("name", "al2023-ami-2*") + named("architecture", "x86_64")
    images = cloud.ec2.describe_images(Owners=["amazon"], Filters=filters)["Images"]
    return max(images, key=lambda found: found["CreationDate"])["ImageId"]


def instance(cloud, subnet_id, **parameters):
    """A running instance, by its id."""
    answer = cloud.ec2.run_instances(
        ImageId=image(cloud), InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnet_id, **parameters
    )
    made = answer["Instances"][0]["InstanceId"]
    cloud.until(lambda: instance_state(cloud, made) == "running", 300, f"{made} is running")
    return made


def instance_state(cloud, instance_id):
    """The state of an instance; terminated also when EC2 no longer knows it."""
    answer, code = attempt(cloud.ec2.describe_instances, InstanceIds=[instance_id])
    if code == "InvalidInstanceID.NotFound":
        return "terminated"
    return answer["Reservations"][0]["Instances"][0]["State"]["Name"]


def terminated(cloud, instance_id):
    """Terminate an instance and wait until it is."""
    cloud.ec2.terminate_instances(InstanceIds=[instance_id])
    cloud.until(lambda: instance_state(cloud, instance_id) == "terminated", 600, f"{instance_id} is terminated")


def nat_gateway(cloud, subnet_id):
    """An available NAT gateway and the allocation of its address."""
    allocation = cloud.ec2.allocate_address(Domain="vpc")["AllocationId"]
    answer = cloud.ec2.create_nat_gateway(SubnetId=subnet_id, AllocationId=allocation)
    made = answer["NatGateway"]["NatGatewayId"]
    cloud.until(lambda: nat_state(cloud, made) == "available", 600, f"{made} is available")
    return made, allocation


def nat_state(cloud, nat):
    """The state of a NAT gateway."""
    return cloud.ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["State"]


def launch_template(cloud, **data):
    """A launch template with an image and a type, by its id."""
    contents = {"ImageId": image(cloud), "InstanceType": "t3.micro"} | data
    answer = cloud.ec2.create_launch_template(LaunchTemplateName=cloud.name("template"), LaunchTemplateData=contents)
    return answer["LaunchTemplate"]["LaunchTemplateId"]


def load_balancer(cloud, net, **parameters):
    """A load balancer that is active, by its ARN."""
    answer = cloud.elbv2.create_load_balancer(Name=cloud.name("lb"), Subnets=net.subnets, **parameters)
    arn = answer["LoadBalancers"][0]["LoadBalancerArn"]
    cloud.until(lambda: balancer_state(cloud, arn) == "active", 600, "the load balancer is active")
    return arn


def balancer_state(cloud, arn):
    """The state of a load balancer."""
    return cloud.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["State"]["Code"]


def target_group(cloud, vpc_id, **parameters):
    """A target group of instances, by its ARN."""
    settings = {"Protocol": "HTTP", "Port": 80, "TargetType": "instance"} | parameters
    answer = cloud.elbv2.create_target_group(Name=cloud.name("tg"), VpcId=vpc_id, **settings)
    return answer["TargetGroups"][0]["TargetGroupArn"]


def forward(target_group_arn):
    """The action that forwards to one target group."""
    return [{"Type": "forward", "TargetGroupArn": target_group_arn}]


def listener(cloud, balancer, target_group_arn, port=80):
    """A listener that forwards, by its ARN."""
    answer = cloud.elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=port, DefaultActions=forward(target_group_arn)
    )
    return answer["Listeners"][0]["ListenerArn"]
