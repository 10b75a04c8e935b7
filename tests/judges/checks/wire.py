"""What every answer carries over HTTP, whatever the service."""

import json

from . import fleets
from .expect import attempt, expect, expect_true, refused
from .iam import role
from .registry import check

READS = [
    ("ec2", "describe_vpcs"),
    ("elbv2", "describe_load_balancers"),
    ("autoscaling", "describe_auto_scaling_groups"),
    ("rds", "describe_db_instances"),
    ("elasticache", "describe_replication_groups"),
    ("sqs", "list_queues"),
    ("iam", "list_roles"),
    ("sts", "get_caller_identity"),
    ("ssm", "describe_parameters"),
    ("secretsmanager", "list_secrets"),
    ("cloudwatch", "describe_alarms"),
    ("s3", "list_buckets"),
]


# A fresh account has a default VPC, and may have roles that services made for themselves.
NEVER_EMPTY = ("ec2", "iam", "sts")


def metadata(cloud, service, call):
    """What surrounds the answer of a read."""
    return getattr(cloud.client(service), call)()["ResponseMetadata"]


def has_request_id(cloud, service, call):
    """Each answer has a request id of its own, in its header too."""
    first, second = metadata(cloud, service, call), metadata(cloud, service, call)
    expect_true(first.get("RequestId"), "there is no request id")
    expect_true(first["RequestId"] != second.get("RequestId"), "two answers have one request id")
    header = "x-amz-request-id" if service == "s3" else "x-amzn-requestid"
    expect(first["HTTPHeaders"].get(header), first["RequestId"], f"the header {header}")


def has_content_type(cloud, service, call):
    """Each answer has the content type of its protocol, and a date."""
    headers = metadata(cloud, service, call)["HTTPHeaders"]
    protocol = cloud.client(service).meta.service_model.resolved_protocol
    wanted = "json" if protocol == "json" else "xml"
    expect_true(wanted in headers.get("content-type", ""), f"the content type {headers.get('content-type')!r}")
    expect_true(headers.get("date"), "there is no date")


def lists_nothing(cloud, service, call):
    """A listing of a fresh account is empty."""
    answer = getattr(cloud.client(service), call)()
    expect({key: value for key, value in answer.items() if isinstance(value, list) and value}, {}, call)


def on_the_wire(cloud, service, call, **parameters):
    """The body of an answer, or of a refusal, as it came."""
    client, bodies = cloud.client(service), []

    def keep(response_dict, **_):
        bodies.append(response_dict["body"].decode())

    client.meta.events.register("before-parse", keep)
    attempt(getattr(client, call), **parameters)
    client.meta.events.unregister("before-parse", keep)
    return bodies[0]


def of_every_service(title, function, but=()):
    """Register one check for each service."""
    for service, call in READS:
        if service not in but:
            check(f"{title}: {service}")(lambda cloud, of=(service, call): function(cloud, *of))


of_every_service("Answers carry a request id of their own, in a header too", has_request_id)
of_every_service("Answers carry the content type of the protocol and a date", has_content_type)
of_every_service("The listing of a fresh account is empty", lists_nothing, but=NEVER_EMPTY)


@check("AWS query: an action without output answers no result, one with an empty output an empty one")
def _(cloud):
    # botocore's models: SuspendProcesses and TagRole have no output, PutLifecycleHook and UpdateRole an empty one.
    group, name = fleets.group(cloud, size=0), role(cloud)
    named, processes = {"AutoScalingGroupName": group}, ["AlarmNotification"]
    hook = {"LifecycleHookName": "hook", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"}
    tag = {"RoleName": name, "Tags": [{"Key": "a", "Value": "b"}]}
    for service, call, parameters, result in (
        ("autoscaling", "suspend_processes", named | {"ScalingProcesses": processes}, None),
        ("autoscaling", "put_lifecycle_hook", named | hook, "PutLifecycleHookResult"),
        ("iam", "tag_role", tag, None),
        ("iam", "update_role", {"RoleName": name}, "UpdateRoleResult"),
    ):
        body = on_the_wire(cloud, service, call, **parameters)
        expect_true("ResponseMetadata>" in body, f"{call} was not answered: {body}")
        expect_true(f"<{result}" in body if result else "Result" not in body, f"{call} answers {body}")


@check("JSON: errors of services that had the query protocol name their namespace, and the older code in a header")
def _(cloud):
    # SQS developer guide, JSON error response structure; CloudWatch's model has awsQueryCompatible, too.
    body = json.loads(on_the_wire(cloud, "sqs", "get_queue_url", QueueName=cloud.name("nobody")))
    expect(body["__type"], "com.amazonaws.sqs#QueueDoesNotExist", "__type of SQS")
    unknown = {"AlarmName": cloud.name("nobody"), "StateValue": "ODD", "StateReason": "x"}
    error = refused("ValidationError", cloud.unchecked("cloudwatch").set_alarm_state, **unknown)
    header = error.response["ResponseMetadata"]["HTTPHeaders"].get("x-amzn-query-error")
    expect(header, "ValidationError;Sender", "x-amzn-query-error of CloudWatch")
    body = json.loads(on_the_wire(cloud.elsewhere(), "cloudwatch", "set_alarm_state", **unknown | {"StateValue": "OK"}))
    expect(body["__type"].rpartition("#")[2], "ResourceNotFound", "__type of CloudWatch")
