"""Proves the shape judge: good exchanges give no finding, and each spoiling of one gives the finding that it must."""

import copy

from shapes_examples import EXCHANGES

# Which exchange, which part, what is replaced by what, and a piece of the finding that must come of it. A body may also
# be given whole.
SPOILINGS = [
    # Requests in forms.
    ("vpc", "request.body", "CidrBlock=", "CidrBlok=", "CidrBlok: the model has no such parameter"),
    (
        "vpc",
        "request.body",
        "InstanceTenancy=default",
        "InstanceTenancy=big",
        "InstanceTenancy: not a value of the model's enum",
    ),
    ("vpc", "request.body", "DryRun=false", "DryRun=False", "DryRun: a boolean that is neither"),
    ("vpc", "request.body", "Version=2016-11-15", "Version=2010-01-01", "Version: not 2016-11-15"),
    ("vpc", "request.body", "Action=CreateVpc", "Action=CreateVpcs", "Action: not CreateVpc"),
    ("vpc", "request.body", ".Tag.1.", ".Tag.2.", "not numbered 1, 2, 3"),
    ("vpc", "request.body", ".Tag.1.Key", ".Tags.1.Key", "Tags: the model has no such parameter"),
    ("subnet", "request.body", "&VpcId=vpc-1", "", "VpcId: required, but missing"),
    ("subnet", "request.body", "&VpcId=vpc-1", "&VpcId=vpc-1&VpcId=vpc-2", "occurs more than once"),
    ("vpcs", "request.body", "MaxResults=5", "MaxResults=4", "MaxResults: its value is not within 5..1000"),
    ("vpcs", "request.body", "MaxResults=5", "MaxResults=five", "MaxResults: not a number"),
    ("role", "request.body", "RoleName=web", "RoleName=we%20b", "RoleName: does not match"),
    ("role", "request.body", "RoleName=web", "RoleName=" + "x" * 65, "RoleName: its length is not within 1..64"),
    ("role", "request.body", "Tags.member.1.", "Tags.1.", "where the model has .member."),
    # Requests in JSON.
    ("queue", "request.body", '"QueueName"', '"Queue"', "QueueName: required, but missing"),
    ("queue", "request.body", '{"a": "b"}', '{"a": 1}', "not a string"),
    ("queue", "request.headers.X-Amz-Target", "CreateQueue", "MakeQueue", "X-Amz-Target: not AmazonSQS.CreateQueue"),
    ("queue", "request.headers.Content-Type", "1.0", "1.1", "Content-Type: not application/x-amz-json-1.0"),
    ("queue", "request.body", "}}", "}", "body: not JSON"),
    # Requests in REST.
    ("object", "request.target", "/bucket/a/b", "/bucket", "path: not /{Bucket}/{Key+}"),
    ("object", "request.headers.x-amz-acl", "private", "secret", "ACL: not a value of the model's enum"),
    ("tagging", "request.target", "?tagging", "?tags", "query parameter is missing"),
    ("tagging", "request.body", "<Key>", "<Name>", "body: not XML"),
    ("tagging", "request.body", "<Key>a</Key>", "", "Key: required, but missing"),
    ("tagging", "request.body", "TagSet>", "Tags>", "<Tags>: the model has no such element"),
    ("listing", "request.target", "max-keys=2", "max-keys=two", "MaxKeys: not a number"),
    ("listing", "request.target", "max-keys=2", "most-keys=2", "?most-keys: the model has no such query parameter"),
    # Answers of EC2.
    ("vpc", "response.body", "<requestId>1</requestId>", "", "<requestId>: missing or empty"),
    ("vpc", "response.body", "doc/2016-11-15/", "doc/2014-01-01/", "not in the namespace"),
    ("vpc", "response.body", "CreateVpcResponse", "CreateVpcResult", "its root is not <CreateVpcResponse>"),
    ("vpc", "response.body", "cidrBlock>", "CidrBlock>", "<CidrBlock>: the model has no such element"),
    ("vpc", "response.body", "<isDefault>false<", "<isDefault>0<", "IsDefault: a boolean that is neither"),
    ("vpc", "response.body", "<state>pending<", "<state>creating<", "State: not a value of the model's enum"),
    ("vpc", "response.body", "item>", "member>", "<member> where the wrapper has only <item>"),
    (
        "vpc",
        "response.body",
        "<vpcId>vpc-1</vpcId>",
        "<vpcId>vpc-1</vpcId><vpcId>vpc-1</vpcId>",
        "occurs more than once",
    ),
    ("vpc", "response.body", "<tagSet>", "<tagSet>none", "text beside elements"),
    ("vpc", "response.body", "</vpcId>", "<id>1</id></vpcId>", "an element inside a string"),
    ("vpc", "response.headers.Content-Type", "text/xml", "text/html", "Content-Type: not text/xml"),
    ("vpc", "response.status", 200, 201, "status: not in [200]"),
    ("vpc", "response.body", "</vpc>", "", "body: not XML"),
    ("vpcs", "response.body", "<vpcSet/>", "", "Vpcs: a list that AWS sends even when it is empty"),
    ("nat", "response.body", "2026-11-25T22:00:00.000Z", "2026-11-25 22:00:00", "CreateTime: not a timestamp"),
    ("delete", "response.body", "<return>true</return>", "", "<return>: missing or empty"),
    ("delete", "response.body", "<return>true</return>", "<return>false</return>", "<return>: not true"),
    (
        "delete",
        "response.body",
        "<return>true</return>",
        "<return>true</return><vpcId/>",
        "the protocol has no such element",
    ),
    # Answers in AWS query.
    ("role", "response.body", "CreateRoleResult>", "CreateRole>", "<CreateRoleResult>: not exactly once"),
    ("role", "response.body", "<RequestId>1</RequestId>", "", "<RequestId>: missing or empty"),
    ("role", "response.body", "ResponseMetadata>", "Metadata>", "<ResponseMetadata>: not exactly once"),
    ("role", "response.body", "<Arn>arn:aws:iam::123456789012:role/web</Arn>", "", "Arn: required, but missing"),
    ("role", "response.body", "member>", "item>", "<item> where the wrapper has only <member>"),
    (
        "databases",
        "response.body",
        "<AllocatedStorage>20<",
        "<AllocatedStorage>20.0<",
        "AllocatedStorage: not a number",
    ),
    ("databases", "response.body", "DBInstance>", "member>", "<member> where the wrapper has only <DBInstance>"),
    ("databases", "response.body", "<DBInstances>", "<DBInstances><Marker/>", "<Marker> where the wrapper has only"),
    (
        "group",
        "response.body",
        "<ResponseMetadata>",
        "<CreateAutoScalingGroupResult/><ResponseMetadata>",
        "<CreateAutoScalingGroupResult>: the protocol has no such element",
    ),
    # Answers in JSON.
    ("queue", "response.body", "QueueUrl", "queueUrl", "queueUrl: the model has no such key"),
    ("queue", "response.headers.x-amzn-RequestId", "1", "", "x-amzn-RequestId: missing or empty"),
    ("queue", "response.headers.Content-Type", "1.0", "1.1", "Content-Type: not application/x-amz-json-1.0"),
    ("queue", "response.body", '"https://', '["https://', "body: not JSON"),
    ("parameter", "response.body", '"Version": 1', '"Version": "1"', "Version: not a number"),
    (
        "parameter",
        "response.body",
        "1790000000.5",
        '"2026-11-25T22:00:00Z"',
        "LastModifiedDate: a timestamp that is not seconds",
    ),
    ("parameter", "response.body", '"String"', '"Text"', "Type: not a value of the model's enum"),
    ("parameter", "response.body", '"text"', "null", "DataType: null, where AWS leaves the key out"),
    ("alarms", "response.body", "true", '"true"', "ActionsEnabled: a boolean"),
    # Answers in REST.
    ("object", "response.headers.x-amz-id-2", "2", "", "x-amz-id-2: missing or empty"),
    (
        "object",
        "response.headers.x-amz-version-id",
        None,
        "x-amz-version",
        "x-amz-version: the model has no such header",
    ),
    ("listing", "response.body", "ListBucketResult", "ListBucketV2Result", "its root is not <ListBucketResult>"),
    ("listing", "response.body", "<IsTruncated>false<", "<IsTruncated>no<", "IsTruncated: a boolean"),
    ("listing", "response.body", "2026-11-25T22:00:00.000Z", "Wed, 25 Nov 2026", "LastModified: not a timestamp"),
    ("listing", "response.body", "Contents>", "Object>", "<Object>: the model has no such element"),
    ("remove", "response.status", 204, 200, "status: not in [204]"),
    # Errors.
    ("no vpc", "response.body", "RequestID", "RequestId", "<RequestID>: missing or empty"),
    ("no vpc", "response.body", "Errors>", "Error>", "<Errors>.<Error>: not exactly once"),
    (
        "no vpc",
        "response.body",
        "<Response>",
        '<Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">',
        "not in the namespace",
    ),
    (
        "no database",
        "response.body",
        "DBInstanceNotFound<",
        "DBInstanceNotFoundFault<",
        "error.code: not DBInstanceNotFound",
    ),
    ("no database", "response.status", 404, 400, "error.status: not 404"),
    ("no database", "response.body", "Sender", "Receiver", "error.Error.Type: not Sender"),
    ("no database", "response.body", "<Message>none</Message>", "", "<Message>: missing or empty"),
    ("no database", "response.body", "ErrorResponse", "Response", "its root is not <ErrorResponse>"),
    (
        "no queue",
        "response.headers.x-amzn-query-error",
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
        "x-amzn-query-error: not AWS.SimpleQueueService.NonExistentQueue;Sender",
    ),
    ("no queue", "response.body", "__type", "type", "error.__type: missing or empty"),
    ("no queue", "response.body", '"message"', '"reason"', "error.reason: the model has no such key"),
    ("no object", "response.body", "<HostId>2</HostId>", "", "<HostId>: missing or empty"),
    ("no object", "response.body", "<Code>NoSuchKey</Code>", "", "<Code>: missing or empty"),
    ("vpc", "action", "CreateVpc", "CreateWorld", "no such action, but it is not refused"),
]


def spoilt(exchange, part, old, new):
    """A copy of the exchange with one part changed; without an old text, a header is renamed."""
    answer = copy.deepcopy(exchange)
    *way, last = part.split(".")
    holder = answer
    for step in way:
        holder = holder[step]
    last = last.lower() if way[-1:] == ["headers"] else last
    if old is None:
        holder[new] = holder.pop(last)
    elif isinstance(holder[last], bytes):
        assert old.encode() in holder[last], f"{part} has no {old}"
        holder[last] = holder[last].replace(old.encode(), new.encode())
    elif isinstance(old, int):
        assert holder[last] == old, f"{part} is not {old}"
        holder[last] = new
    else:
        assert old in holder[last], f"{part} has no {old}"
        holder[last] = holder[last].replace(old, new)
    return answer


def self_test(judge_class):
    """Runs all; answers the exit code."""
    judge, wrong = judge_class(), 0

    def findings(exchange):
        judge.findings.kinds.clear()
        judge.judge(exchange)
        return list(judge.findings.lines())

    for name, exchange in EXCHANGES.items():
        for line in findings(exchange):
            print(f"WRONG a finding in the good exchange {name}: {line}")
            wrong += 1
    for name, part, old, new, expected in SPOILINGS:
        lines = findings(spoilt(EXCHANGES[name], part, old, new))
        if not any(expected in line for line in lines):
            print(f"WRONG not caught in {name}: {part} {old!r} -> {new!r} gives {lines}, not {expected!r}")
            wrong += 1
    print(f"{len(EXCHANGES)} good and {len(SPOILINGS)} spoilt exchanges, {wrong} wrong")
    return 1 if wrong else 0
