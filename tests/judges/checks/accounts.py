"""Accounts and regions are apart: what one has, another neither sees nor may touch."""

from . import worlds
from .expect import expect, refused
from .iam import role
from .queues import MISSING
from .registry import check
from .s3 import bucket, put


def strangers(cloud):
    """The same endpoint from another account, and from another region of the same account."""
    return [cloud.elsewhere(account=str(int(cloud.account) + 500_000_000_000)), cloud.elsewhere(region="us-west-2")]


@check("EC2: a VPC is in one account and region")
def _(cloud):
    vpc = worlds.vpc(cloud)
    for other in strangers(cloud):
        refused("InvalidVpcID.NotFound", other.ec2.describe_vpcs, VpcIds=[vpc])
        refused("InvalidVpcID.NotFound", other.ec2.delete_vpc, VpcId=vpc)
    expect(len(cloud.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]), 1, "VPCs afterwards")


@check("EC2: two accounts may have the same names")
def _(cloud):
    for somebody in [cloud, *strangers(cloud)]:
        somebody.ec2.create_launch_template(
            LaunchTemplateName=f"web-{cloud.account}", LaunchTemplateData={"InstanceType": "t3.micro"}
        )


@check("Elastic Load Balancing: a target group is in one account and region")
def _(cloud):
    name = cloud.name("tg")
    settings = {"Name": name, "Protocol": "HTTP", "Port": 80}
    cloud.elbv2.create_target_group(VpcId=worlds.vpc(cloud), **settings)
    for other in strangers(cloud):
        refused("TargetGroupNotFound", other.elbv2.describe_target_groups, Names=[name])
        other.elbv2.create_target_group(VpcId=worlds.vpc(other), **settings)


@check("Auto Scaling: a group is in one account and region")
def _(cloud):
    name = cloud.name("group")
    for somebody in [cloud, *strangers(cloud)]:
        found = somebody.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        expect(found, [], "groups before")
        somebody.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchTemplate={"LaunchTemplateId": worlds.launch_template(somebody), "Version": "1"},
            VPCZoneIdentifier=worlds.network(somebody).subnets[0],
            MinSize=0,
            MaxSize=0,
        )


@check("RDS: a parameter group is in one account and region")
def _(cloud):
    name = cloud.name("parameters")
    for somebody in [cloud, *strangers(cloud)]:
        refused("DBParameterGroupNotFound", somebody.rds.describe_db_parameter_groups, DBParameterGroupName=name)
        somebody.rds.create_db_parameter_group(
            DBParameterGroupName=name, DBParameterGroupFamily="mysql8.0", Description="made by a check"
        )


@check("ElastiCache: a parameter group is in one account and region")
def _(cloud):
    name = cloud.name("parameters")
    for somebody in [cloud, *strangers(cloud)]:
        somebody.elasticache.create_cache_parameter_group(
            CacheParameterGroupName=name, CacheParameterGroupFamily="redis7", Description="made by a check"
        )


@check("SQS: a queue is in one account and region")
def _(cloud):
    name = cloud.name("queue")
    urls = set()
    for somebody in [cloud, *strangers(cloud)]:
        refused(MISSING, somebody.sqs.get_queue_url, QueueName=name)
        urls.add(somebody.sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": str(len(urls))})["QueueUrl"])
    for somebody, delay in zip([cloud, *strangers(cloud)], "012"):
        url = somebody.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        shown = somebody.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]
        expect(shown, {"DelaySeconds": delay}, "attributes of each one's queue")


@check("IAM: a role is in one account, and in all of its regions")
def _(cloud):
    name = role(cloud)
    other, west = strangers(cloud)
    refused("NoSuchEntity", other.iam.get_role, RoleName=name)
    expect(west.iam.get_role(RoleName=name)["Role"]["RoleName"], name, "the role seen from another region")


@check("SSM: a parameter is in one account and region")
def _(cloud):
    name = f"/{cloud.name('check')}"
    for number, somebody in enumerate([cloud, *strangers(cloud)]):
        refused("ParameterNotFound", somebody.ssm.get_parameter, Name=name)
        somebody.ssm.put_parameter(Name=name, Value=str(number), Type="String")
    expect(cloud.ssm.get_parameter(Name=name)["Parameter"]["Value"], "0", "the first one's value")


@check("Secrets Manager: a secret is in one account and region")
def _(cloud):
    name = cloud.name("secret")
    for number, somebody in enumerate([cloud, *strangers(cloud)]):
        refused("ResourceNotFoundException", somebody.secretsmanager.get_secret_value, SecretId=name)
        somebody.secretsmanager.create_secret(Name=name, SecretString=str(number))
    expect(cloud.secretsmanager.get_secret_value(SecretId=name)["SecretString"], "0", "the first one's value")


@check("CloudWatch: an alarm is in one account and region")
def _(cloud):
    name = cloud.name("alarm")
    for somebody in [cloud, *strangers(cloud)]:
        expect(somebody.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"], [], "alarms before")
        somebody.cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="check",
            MetricName="Load",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold",
        )


@check("S3: buckets are listed for their own account, and another account's calls are refused with AccessDenied")
def _(cloud):
    name = bucket(cloud)
    put(cloud, name)
    other, west = strangers(cloud)
    expect([held["Name"] for held in other.s3.list_buckets()["Buckets"]], [], "buckets of the other account")
    expect([held["Name"] for held in west.s3.list_buckets()["Buckets"]], [name], "buckets seen from another region")
    refused("AccessDenied", other.s3.get_object, Bucket=name, Key="key")
    refused("AccessDenied", other.s3.list_objects_v2, Bucket=name)
    refused("403", other.s3.head_bucket, Bucket=name)
