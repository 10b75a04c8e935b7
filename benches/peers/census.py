"""What there is, asked of the emulator over plain HTTP: neither of the tools is taken at its word."""

import json
import time
import xml.etree.ElementTree as ElementTree

from leftovers import ALIVE, GATEWAYS

OURS = {"ParameterFilters": [{"Key": "Name", "Option": "BeginsWith", "Values": ["/pando"]}]}
# What is counted: its name, the service, the operation with its parameters, the list in the answer, and how many a copy has. What each further
# group of workers adds stands below.
COUNTED = [
    ("VPCs", "ec2", "DescribeVpcs", {}, "vpcSet", 1),
    ("subnets", "ec2", "DescribeSubnets", {}, "subnetSet", 9),
    ("internet gateways", "ec2", "DescribeInternetGateways", {}, "internetGatewaySet", 1),
    ("addresses", "ec2", "DescribeAddresses", {}, "addressesSet", 1),
    ("NAT gateways", "ec2", "DescribeNatGateways", GATEWAYS, "natGatewaySet", 1),
    # The one that a VPC is born with, five for private and data subnets and for the public ones.
    ("route tables", "ec2", "DescribeRouteTables", {}, "routeTableSet", 6),
    ("VPC endpoints", "ec2", "DescribeVpcEndpoints", {}, "vpcEndpointSet", 1),
    # The one that a VPC is born with, and five tiers.
    ("security groups", "ec2", "DescribeSecurityGroups", {}, "securityGroupInfo", 6),
    ("security group rules", "ec2", "DescribeSecurityGroupRules", {}, "securityGroupRuleSet", 15),
    ("launch templates", "ec2", "DescribeLaunchTemplates", {}, "launchTemplates", 2),
    ("load balancers", "elasticloadbalancing", "DescribeLoadBalancers", {}, "LoadBalancers", 1),
    ("target groups", "elasticloadbalancing", "DescribeTargetGroups", {}, "TargetGroups", 1),
    ("groups", "autoscaling", "DescribeAutoScalingGroups", {}, "AutoScalingGroups", 2),
    ("scaling policies", "autoscaling", "DescribePolicies", {}, "ScalingPolicies", 3),
    ("alarms", "monitoring", "DescribeAlarms", {"AlarmNamePrefix": "shop"}, "MetricAlarms", None),
    # Replicas come on top.
    ("databases", "rds", "DescribeDBInstances", {}, "DBInstances", 1),
    ("caches", "elasticache", "DescribeReplicationGroups", {}, "ReplicationGroups", 1),
    ("roles", "iam", "ListRoles", {"PathPrefix": "/pando/"}, "Roles", 2),
    ("instance profiles", "iam", "ListInstanceProfiles", {"PathPrefix": "/pando/"}, "InstanceProfiles", 2),
    ("queues", "sqs", "ListQueues", {}, "QueueUrls", 2),
    ("secrets", "secretsmanager", "ListSecrets", {}, "SecretList", 2),
    # How many of them there are is a matter of taste, and what is listed is the first page.
    ("parameters", "ssm", "DescribeParameters", OURS, "Parameters", None),
    ("instances", "ec2", "DescribeInstances", ALIVE, "reservationSet", None),
]
EACH_GROUP = {"launch templates": 1, "groups": 1, "scaling policies": 2, "queues": 2}
DOCUMENTS = ("sqs", "ssm", "secretsmanager")
# The most clones that the groups of a copy may have, before and after the change; and how long the emulator has to come to rest.
MOST_WEB, MORE_WEB, MOST_WORKERS = 12, 14, 20
PATIENCE = 20


class Wrong(Exception):
    """The emulator tells of something else than what the tool was to make."""


def verify_made(world, copies, groups, most_web):
    """That there is what so many copies are made of, each with so many groups of workers, and with so many web clones at most."""
    more = {name: each * (groups - 1) for name, each in EACH_GROUP.items()}
    wanted = {name: (each + more.get(name, 0)) * copies for name, _, _, _, _, each in COUNTED if each is not None}
    wanted["databases"] += world.replicas * copies
    wanted["maxima"] = sorted([most_web, *[MOST_WORKERS] * groups] * copies)
    hold(lambda: {name: value for name, value in look(world.endpoint).items() if name in wanted}, wanted)


def verify_gone(endpoint, copies):
    """That nothing is left but the last snapshots of the databases; those of automated backups go by themselves."""
    wanted = {name: 0 for name, *_ in COUNTED} | {"maxima": [], "snapshots": copies}
    last = ("rds", "DescribeDBSnapshots", {"SnapshotType": "manual"}, "DBSnapshots")
    hold(lambda: look(endpoint) | {"snapshots": count(endpoint, *last)}, wanted)


def hold(see, wanted):
    """Looks until there is what is wanted, or too long."""
    end = time.monotonic() + PATIENCE
    while (seen := see()) != wanted:
        if time.monotonic() > end:
            wrong = {name: f"{seen.get(name)} instead of {value}" for name, value in wanted.items() if seen.get(name) != value}
            raise Wrong(f"the emulator has {wrong}")
        time.sleep(0.2)


def look(endpoint):
    """How many there are of everything, and the groups' maxima."""
    seen = {name: count(endpoint, *question) for name, *question, _ in COUNTED}
    groups = ask(endpoint, "autoscaling", "DescribeAutoScalingGroups", {})
    return seen | {"maxima": sorted(int(one.text) for one in groups.iter() if local(one) == "MaxSize")}


def count(endpoint, service, operation, parameters, container):
    """How long the list is in an answer."""
    if service in DOCUMENTS:
        status, answer = endpoint.document(service, operation, parameters)
        if status != 200:
            raise Wrong(f"{service} {operation} answers {status}: {answer[:300]}")
        return len(json.loads(answer).get(container) or [])
    lists = [one for one in ask(endpoint, service, operation, parameters).iter() if local(one) == container]
    return sum(1 for thing in lists[0] if not is_gone(thing)) if lists else 0


def is_gone(thing):
    """Whether it is only told of because it was there: EC2 does so for a while."""
    return any(local(one) == "state" and one.text == "deleted" for one in thing)


def ask(endpoint, service, operation, parameters):
    """The answer of a service that speaks XML."""
    status, answer = endpoint.form(service, operation, parameters)
    if status != 200:
        raise Wrong(f"{service} {operation} answers {status}: {answer[:300]}")
    return ElementTree.fromstring(answer)


def local(element):
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def empty(endpoint):
    """Removes the network that every account begins with. It would be counted, and AWS allows five: one for each copy."""
    for gateway in texts(endpoint, "DescribeInternetGateways", "internetGatewayId"):
        for vpc in texts(endpoint, "DescribeVpcs", "vpcId"):
            endpoint.form("ec2", "DetachInternetGateway", {"InternetGatewayId": gateway, "VpcId": vpc})
        ask(endpoint, "ec2", "DeleteInternetGateway", {"InternetGatewayId": gateway})
    for subnet in texts(endpoint, "DescribeSubnets", "subnetId"):
        ask(endpoint, "ec2", "DeleteSubnet", {"SubnetId": subnet})
    for vpc in texts(endpoint, "DescribeVpcs", "vpcId"):
        ask(endpoint, "ec2", "DeleteVpc", {"VpcId": vpc})


def texts(endpoint, operation, name):
    """What stands in all elements of a name."""
    return [one.text for one in ask(endpoint, "ec2", operation, {}).iter() if local(one) == name]
