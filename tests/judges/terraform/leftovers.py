"""What is left of a stack, asked over plain HTTP: an SDK's reading of an answer could hide something."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request

REGION = "eu-west-1"

# Things that EC2 goes on describing for an hour after they are gone.
ALIVE = {"Filter.1.Name": "instance-state-name", "Filter.1.Value.1": "pending", "Filter.1.Value.2": "running"}
ALIVE |= {"Filter.1.Value.3": "shutting-down", "Filter.1.Value.4": "stopping", "Filter.1.Value.5": "stopped"}
GATEWAYS = {"Filter.1.Name": "state", "Filter.1.Value.1": "pending", "Filter.1.Value.2": "available"}
GATEWAYS |= {"Filter.1.Value.3": "deleting", "Filter.1.Value.4": "failed"}

# Services that take a form: how they are signed for, their version, and the operations that list all there is.
FORMS = {
    "ec2": ("2016-11-15", [
        ("DescribeVpcs", {}), ("DescribeSubnets", {}), ("DescribeInternetGateways", {}), ("DescribeAddresses", {}),
        ("DescribeNatGateways", GATEWAYS), ("DescribeRouteTables", {}), ("DescribeSecurityGroups", {}),
        ("DescribeSecurityGroupRules", {}), ("DescribeVpcEndpoints", {}), ("DescribeLaunchTemplates", {}),
        ("DescribeInstances", ALIVE), ("DescribeVolumes", {}), ("DescribeNetworkInterfaces", {}),
    ]),
    "elasticloadbalancing": ("2015-12-01", [("DescribeLoadBalancers", {}), ("DescribeTargetGroups", {})]),
    "autoscaling": ("2011-01-01", [("DescribeAutoScalingGroups", {}), ("DescribePolicies", {})]),
    "rds": ("2014-10-31", [
        ("DescribeDBInstances", {}), ("DescribeDBSubnetGroups", {}), ("DescribeDBParameterGroups", {}),
        ("DescribeDBSnapshots", {}),
    ]),
    "elasticache": ("2015-02-02", [
        ("DescribeReplicationGroups", {}), ("DescribeCacheClusters", {}), ("DescribeCacheSubnetGroups", {}),
        ("DescribeCacheParameterGroups", {}), ("DescribeSnapshots", {}),
    ]),
    "iam": ("2010-05-08", [("ListRoles", {}), ("ListInstanceProfiles", {})]),
    "monitoring": ("2010-08-01", [("DescribeAlarms", {})]),
}

# Services that take JSON: the version of it, and what their operations begin with.
DOCUMENTS = {
    "sqs": ("1.0", "AmazonSQS", [("ListQueues", {})]),
    "ssm": ("1.1", "AmazonSSM", [("DescribeParameters", {})]),
    "secretsmanager": ("1.1", "secretsmanager", [("ListSecrets", {"IncludePlannedDeletion": True})]),
}


class Endpoint:
    """An AWS that checks no signatures."""

    def __init__(self, url, account):
        self.url = url
        self.account = account

    def form(self, service, operation, parameters):
        """Calls an operation of a service that takes a form."""
        fields = {"Action": operation, "Version": FORMS[service][0]} | parameters
        body = urllib.parse.urlencode(fields).encode()
        return self.post(service, body, {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})

    def document(self, service, operation, parameters):
        """Calls an operation of a service that takes JSON."""
        version, prefix, _ = DOCUMENTS[service]
        headers = {"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": f"{prefix}.{operation}"}
        return self.post(service, json.dumps(parameters).encode(), headers)

    def post(self, service, body, headers):
        """Sends a request; the status and the answer."""
        scope = f"{self.account}/20260101/{REGION}/{service}/aws4_request"
        signature = f"SignedHeaders=host, Signature={'0' * 64}"
        headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, {signature}"
        headers["X-Amz-Date"] = "20260101T000000Z"
        request = urllib.request.Request(self.url, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()


def find_leftovers(url, account, stack):
    """Yields a line for each operation that still tells of the stack, or does not answer."""
    endpoint = Endpoint(url, account)
    yield from take_last_snapshot(endpoint, f"{stack}-primary-final")
    listings = [(service, form, endpoint.form) for service, (_, forms) in FORMS.items() for form in forms]
    listings += [(service, one, endpoint.document) for service, (_, _, all_) in DOCUMENTS.items() for one in all_]
    for service, (operation, parameters), call in listings:
        status, answer = call(service, operation, parameters)
        traces = sorted(set(re.findall(rf"[\w:/.-]*\b{stack}\b[\w:/.-]*", answer)))
        if status != 200:
            yield f"{service} {operation} answers {status}: {answer[:300]}"
        elif traces:
            yield f"{service} {operation} still tells of {', '.join(traces)}"


def take_last_snapshot(endpoint, name):
    """Deletes the one thing that destroying must leave: the database's last snapshot. Yields a line if it is not there."""
    status, answer = endpoint.form("rds", "DeleteDBSnapshot", {"DBSnapshotIdentifier": name})
    if status != 200:
        yield f"the database's last snapshot {name} should be there, and cannot be deleted: {answer[:300]}"
