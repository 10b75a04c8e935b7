"""Good exchanges in every protocol, as AWS would answer, for the shape judge's self-test."""

import json

FORM = {"host": "127.0.0.1", "content-type": "application/x-www-form-urlencoded; charset=utf-8"}
XML = {"content-type": "text/xml;charset=UTF-8"}
S3 = {"x-amz-request-id": "1", "x-amz-id-2": "2"}
NAMESPACES = {
    "ec2": ("2016-11-15", "http://ec2.amazonaws.com/doc/2016-11-15/"),
    "iam": ("2010-05-08", "https://iam.amazonaws.com/doc/2010-05-08/"),
    "rds": ("2014-10-31", "http://rds.amazonaws.com/doc/2014-10-31/"),
    "autoscaling": ("2011-01-01", "http://autoscaling.amazonaws.com/doc/2011-01-01/"),
}
S3_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def exchange(service, action, request, response):
    """One exchange, from (method, target, headers, body) and (status, headers, body)."""
    method, target, request_headers, request_body = request
    status, headers, body = response
    return {
        "service": service,
        "action": action,
        "request": {"method": method, "target": target, "headers": request_headers, "body": request_body.encode()},
        "response": {"status": status, "headers": headers, "body": body.encode()},
    }


def form(service, action, parameters):
    """A request in a form."""
    return "POST", "/", FORM, f"Action={action}&Version={NAMESPACES[service][0]}{parameters}"


def ec2(action, parameters, members):
    """An exchange with EC2."""
    body = f'<{action}Response xmlns="{NAMESPACES["ec2"][1]}"><requestId>1</requestId>{members}</{action}Response>'
    return exchange("ec2", action, form("ec2", action, parameters), (200, XML, body))


def query(service, action, parameters, members):
    """An exchange in AWS query; without members there is no result."""
    result = f"<{action}Result>{members}</{action}Result>" if members else ""
    body = (
        f'<{action}Response xmlns="{NAMESPACES[service][1]}">{result}'
        f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
    )
    return exchange(service, action, form(service, action, parameters), (200, XML, body))


def in_json(service, action, target, version, sent, answer, status=200, **headers):
    """An exchange in JSON."""
    content_type = {"content-type": f"application/x-amz-json-{version}"}
    request = "POST", "/", content_type | {"x-amz-target": f"{target}.{action}"}, json.dumps(sent)
    headers = {name.replace("_", "-"): text for name, text in headers.items()}
    return exchange(
        service, action, request, (status, content_type | {"x-amzn-requestid": "1"} | headers, json.dumps(answer))
    )


EXCHANGES = {
    "vpc": ec2(
        "CreateVpc",
        "&CidrBlock=10.0.0.0%2F16&InstanceTenancy=default&DryRun=false"
        "&TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=a",
        "<vpc><vpcId>vpc-1</vpcId><state>pending</state><cidrBlock>10.0.0.0/16</cidrBlock><isDefault>false</isDefault>"
        "<tagSet><item><key>Name</key><value>a</value></item></tagSet></vpc>",
    ),
    "subnet": ec2(
        "CreateSubnet", "&CidrBlock=10.0.0.0%2F24&VpcId=vpc-1", "<subnet><subnetId>subnet-1</subnetId></subnet>"
    ),
    "vpcs": ec2("DescribeVpcs", "&MaxResults=5&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1", "<vpcSet/>"),
    "nat": ec2(
        "CreateNatGateway",
        "&SubnetId=subnet-1&ClientToken=a",
        "<clientToken>a</clientToken><natGateway><createTime>2026-11-25T22:00:00.000Z</createTime></natGateway>",
    ),
    "delete": ec2("DeleteVpc", "&VpcId=vpc-1", "<return>true</return>"),
    "security group": ec2(
        "CreateSecurityGroup",
        "&GroupName=a&GroupDescription=a&VpcId=vpc-1",
        "<return>true</return><groupId>sg-1</groupId>",
    ),
    "no vpc": exchange(
        "ec2",
        "DescribeVpcs",
        form("ec2", "DescribeVpcs", "&VpcId.1=vpc-2"),
        (
            400,
            XML,
            "<Response><Errors><Error><Code>InvalidVpcID.NotFound</Code><Message>none</Message></Error></Errors>"
            "<RequestID>1</RequestID></Response>",
        ),
    ),
    "role": query(
        "iam",
        "CreateRole",
        "&RoleName=web&AssumeRolePolicyDocument=%7B%7D&Tags.member.1.Key=%C3%A9&Tags.member.1.Value=b",
        "<Role><Path>/</Path><RoleName>web</RoleName><RoleId>AROAAAAAAAAAAAAAAAAAA</RoleId>"
        "<Arn>arn:aws:iam::123456789012:role/web</Arn><CreateDate>2026-11-25T22:00:00Z</CreateDate>"
        "<Tags><member><Key>a</Key><Value>b</Value></member></Tags></Role>",
    ),
    "databases": query(
        "rds",
        "DescribeDBInstances",
        "&MaxRecords=20",
        "<DBInstances><DBInstance><DBInstanceIdentifier>db</DBInstanceIdentifier>"
        "<AllocatedStorage>20</AllocatedStorage></DBInstance>"
        "</DBInstances>",
    ),
    "group": query("autoscaling", "CreateAutoScalingGroup", "&AutoScalingGroupName=web&MinSize=0&MaxSize=1", ""),
    "no database": exchange(
        "rds",
        "DescribeDBInstances",
        form("rds", "DescribeDBInstances", "&DBInstanceIdentifier=db"),
        (
            404,
            XML,
            f'<ErrorResponse xmlns="{NAMESPACES["rds"][1]}"><Error><Type>Sender</Type><Code>DBInstanceNotFound</Code>'
            "<Message>none</Message></Error><RequestId>1</RequestId></ErrorResponse>",
        ),
    ),
    "queue": in_json(
        "sqs",
        "CreateQueue",
        "AmazonSQS",
        "1.0",
        {"QueueName": "jobs", "tags": {"a": "b"}},
        {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"},
    ),
    "no queue": in_json(
        "sqs",
        "GetQueueUrl",
        "AmazonSQS",
        "1.0",
        {"QueueName": "jobs"},
        {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "none"},
        400,
        x_amzn_query_error="AWS.SimpleQueueService.NonExistentQueue;Sender",
    ),
    "parameter": in_json(
        "ssm",
        "GetParameter",
        "AmazonSSM",
        "1.1",
        {"Name": "/a", "WithDecryption": True},
        {
            "Parameter": {
                "Name": "/a",
                "Type": "String",
                "Value": "b",
                "Version": 1,
                "LastModifiedDate": 1790000000.5,
                "DataType": "text",
            }
        },
    ),
    "alarms": in_json(
        "monitoring",
        "DescribeAlarms",
        "GraniteServiceVersion20100801",
        "1.0",
        {"AlarmNames": ["a"]},
        {"MetricAlarms": [{"AlarmName": "a", "ActionsEnabled": True}], "CompositeAlarms": []},
    ),
    "object": exchange(
        "s3",
        "PutObject",
        ("PUT", "/bucket/a/b?x-id=PutObject", {"x-amz-acl": "private"}, "text"),
        (200, S3 | {"etag": '"1"', "x-amz-version-id": "v"}, ""),
    ),
    "tagging": exchange(
        "s3",
        "PutBucketTagging",
        (
            "PUT",
            "/bucket?tagging",
            {},
            f"<Tagging {S3_NAMESPACE}><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
        ),
        (204, S3, ""),
    ),
    "listing": exchange(
        "s3",
        "ListObjectsV2",
        ("GET", "/?list-type=2&max-keys=2&prefix=a", {"host": "bucket.s3.amazonaws.com"}, ""),
        (
            200,
            S3 | {"content-type": "application/xml"},
            f"<ListBucketResult {S3_NAMESPACE}><Name>bucket</Name><IsTruncated>false</IsTruncated>"
            "<Contents><Key>a</Key>"
            "<LastModified>2026-11-25T22:00:00.000Z</LastModified><Size>1</Size></Contents></ListBucketResult>",
        ),
    ),
    "remove": exchange("s3", "DeleteObject", ("DELETE", "/bucket/a", {}, ""), (204, S3, "")),
    "no object": exchange(
        "s3",
        "GetObject",
        ("GET", "/bucket/a", {}, ""),
        (
            404,
            S3 | {"content-type": "application/xml"},
            "<Error><Code>NoSuchKey</Code><Message>none</Message><Key>a</Key>"
            "<RequestId>1</RequestId><HostId>2</HostId></Error>",
        ),
    ),
}
