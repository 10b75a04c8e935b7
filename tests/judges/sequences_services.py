"""Sequences about STS, IAM, SSM, Secrets Manager, CloudWatch and S3."""

import json

from worlds import POLICY, TRUST

ALARM = {
    "AlarmName": "judged",
    "Namespace": "Judged",
    "MetricName": "Load",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
BUCKET = {"Bucket": "judged-bucket"}
IRELAND = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}


def caller(call):
    call("sts", "get_caller_identity")


def role_life(call):
    call("iam", "create_role", RoleName="judged", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "b"}])
    call("iam", "get_role", RoleName="judged")
    call("iam", "create_role", RoleName="judged", AssumeRolePolicyDocument=TRUST)
    call("iam", "list_role_tags", RoleName="judged")
    call("iam", "delete_role", RoleName="judged")
    call("iam", "get_role", RoleName="judged")
    call("iam", "delete_role", RoleName="judged")


def role_policies(call):
    call("iam", "create_role", RoleName="judged", AssumeRolePolicyDocument=TRUST)
    call("iam", "put_role_policy", RoleName="judged", PolicyName="inline", PolicyDocument=POLICY)
    call("iam", "get_role_policy", RoleName="judged", PolicyName="inline")
    call("iam", "list_role_policies", RoleName="judged")
    call("iam", "delete_role", RoleName="judged")
    call("iam", "delete_role_policy", RoleName="judged", PolicyName="inline")
    call("iam", "get_role_policy", RoleName="judged", PolicyName="inline")


def managed_policies(call):
    arn = call.needed("iam", "create_policy", "Policy.Arn", PolicyName="judged", PolicyDocument=POLICY)
    call("iam", "create_policy", PolicyName="judged", PolicyDocument=POLICY)
    call("iam", "create_role", RoleName="judged", AssumeRolePolicyDocument=TRUST)
    call("iam", "attach_role_policy", RoleName="judged", PolicyArn=arn)
    call("iam", "list_attached_role_policies", RoleName="judged")
    call("iam", "get_policy", PolicyArn=arn)
    call("iam", "delete_policy", PolicyArn=arn)


def malformed_policies(call):
    call("iam", "create_role", RoleName="judged", AssumeRolePolicyDocument="{")
    call(
        "iam",
        "create_policy",
        PolicyName="judged",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Maybe"}]}),
    )


def instance_profile_life(call):
    call("iam", "create_role", RoleName="judged", AssumeRolePolicyDocument=TRUST)
    call("iam", "create_instance_profile", InstanceProfileName="judged")
    call("iam", "create_instance_profile", InstanceProfileName="judged")
    call("iam", "add_role_to_instance_profile", InstanceProfileName="judged", RoleName="judged")
    call("iam", "add_role_to_instance_profile", InstanceProfileName="judged", RoleName="judged")
    call("iam", "get_instance_profile", InstanceProfileName="judged")
    call("iam", "delete_instance_profile", InstanceProfileName="judged")
    call("iam", "delete_role", RoleName="judged")
    call("iam", "remove_role_from_instance_profile", InstanceProfileName="judged", RoleName="judged")
    call("iam", "delete_instance_profile", InstanceProfileName="judged")
    call("iam", "get_instance_profile", InstanceProfileName="judged")


def parameter_life(call):
    call("ssm", "put_parameter", Name="/judged/a", Value="x", Type="String", Tags=[{"Key": "a", "Value": "b"}])
    call("ssm", "put_parameter", Name="/judged/a", Value="y", Type="String")
    call("ssm", "put_parameter", Name="/judged/a", Value="y", Type="String", Overwrite=True)
    call("ssm", "get_parameter", Name="/judged/a")
    call("ssm", "get_parameters", Names=["/judged/a", "/judged/b"])
    call("ssm", "get_parameters_by_path", Path="/judged", Recursive=True)
    call("ssm", "describe_parameters")
    call("ssm", "list_tags_for_resource", ResourceType="Parameter", ResourceId="/judged/a")
    call("ssm", "delete_parameter", Name="/judged/a")
    call("ssm", "delete_parameter", Name="/judged/a")
    call("ssm", "get_parameter", Name="/judged/a")


def parameter_secret(call):
    call("ssm", "put_parameter", Name="/judged/a", Value="x", Type="SecureString")
    call("ssm", "get_parameter", Name="/judged/a", WithDecryption=True)
    call("ssm", "delete_parameters", Names=["/judged/a", "/judged/b"])


def secret_life(call):
    call("secretsmanager", "create_secret", Name="judged", SecretString="x", Tags=[{"Key": "a", "Value": "b"}])
    call("secretsmanager", "create_secret", Name="judged", SecretString="y")
    call("secretsmanager", "get_secret_value", SecretId="judged")
    call("secretsmanager", "put_secret_value", SecretId="judged", SecretString="z")
    call("secretsmanager", "describe_secret", SecretId="judged")
    call("secretsmanager", "delete_secret", SecretId="judged", RecoveryWindowInDays=7)
    call("secretsmanager", "get_secret_value", SecretId="judged")
    call("secretsmanager", "restore_secret", SecretId="judged")
    call("secretsmanager", "delete_secret", SecretId="judged", ForceDeleteWithoutRecovery=True)
    call("secretsmanager", "describe_secret", SecretId="judged")


def secret_refusals(call):
    call("secretsmanager", "get_secret_value", SecretId="absent")
    call("secretsmanager", "delete_secret", SecretId="absent")
    call("secretsmanager", "create_secret", Name="judged")
    call("secretsmanager", "get_secret_value", SecretId="judged")


def alarm_life(call):
    call("cloudwatch", "put_metric_alarm", **ALARM)
    call("cloudwatch", "describe_alarms", AlarmNames=["judged"])
    call("cloudwatch", "put_metric_alarm", **ALARM | {"Threshold": 2.0})
    call("cloudwatch", "describe_alarms", AlarmNames=["judged"])
    call("cloudwatch", "delete_alarms", AlarmNames=["judged"])
    call("cloudwatch", "describe_alarms", AlarmNames=["judged"])


def metrics(call):
    call(
        "cloudwatch",
        "put_metric_data",
        Namespace="Judged",
        MetricData=[{"MetricName": "Load", "Value": 2.0, "Unit": "Count"}],
    )
    call("cloudwatch", "list_metrics", Namespace="Absent")
    call(
        "cloudwatch",
        "put_metric_data",
        Namespace="Judged",
        MetricData=[
            {
                "MetricName": "Load",
                "Value": 2.0,
                "StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1},
            }
        ],
    )


def bucket_life(call):
    call("s3", "create_bucket", **BUCKET, **IRELAND)
    call("s3", "create_bucket", **BUCKET, **IRELAND)
    call("s3", "get_bucket_location", **BUCKET)
    call("s3", "list_buckets")
    call("s3", "head_bucket", **BUCKET)
    call("s3", "delete_bucket", **BUCKET)
    call("s3", "head_bucket", **BUCKET)
    call("s3", "delete_bucket", **BUCKET)


def bucket_settings(call):
    call("s3", "create_bucket", **BUCKET, **IRELAND)
    call("s3", "get_bucket_tagging", **BUCKET)
    call("s3", "put_bucket_tagging", **BUCKET, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    call("s3", "get_bucket_tagging", **BUCKET)
    call("s3", "get_bucket_encryption", **BUCKET)
    call("s3", "get_bucket_policy", **BUCKET)
    call("s3", "get_bucket_lifecycle_configuration", **BUCKET)
    call("s3", "get_public_access_block", **BUCKET)


def object_life(call):
    call("s3", "create_bucket", **BUCKET, **IRELAND)
    call("s3", "put_object", **BUCKET, Key="a/b", Body=b"text", ContentType="text/plain", Metadata={"x": "y"})
    call("s3", "get_object", **BUCKET, Key="a/b")
    call("s3", "head_object", **BUCKET, Key="a/b")
    call("s3", "list_objects_v2", **BUCKET, Delimiter="/")
    call("s3", "delete_bucket", **BUCKET)
    call("s3", "delete_object", **BUCKET, Key="a/b")
    call("s3", "delete_object", **BUCKET, Key="a/b")
    call("s3", "get_object", **BUCKET, Key="a/b")
    call("s3", "head_object", **BUCKET, Key="a/b")


def conditional_writes(call):
    call("s3", "create_bucket", **BUCKET, **IRELAND)
    call("s3", "put_object", **BUCKET, Key="lock", Body=b"a", IfNoneMatch="*")
    call("s3", "put_object", **BUCKET, Key="lock", Body=b"b", IfNoneMatch="*")
    call("s3", "put_object", **BUCKET, Key="lock", Body=b"b", IfMatch='"00000000000000000000000000000000"')
    call("s3", "put_object", **BUCKET, Key="absent", Body=b"b", IfMatch='"00000000000000000000000000000000"')
    call("s3", "get_object", **BUCKET, Key="lock", IfNoneMatch='"0cc175b9c0f1b6a831c399e269772661"')


def versions(call):
    call("s3", "create_bucket", **BUCKET, **IRELAND)
    call("s3", "get_bucket_versioning", **BUCKET)
    call("s3", "put_bucket_versioning", **BUCKET, VersioningConfiguration={"Status": "Enabled"})
    call("s3", "get_bucket_versioning", **BUCKET)
    for body in (b"a", b"b"):
        call("s3", "put_object", **BUCKET, Key="a", Body=body)
    call("s3", "delete_object", **BUCKET, Key="a")
    call("s3", "list_object_versions", **BUCKET)


SEQUENCES = {
    f"services {function.__name__.replace('_', ' ')}": function
    for function in (
        caller,
        role_life,
        role_policies,
        managed_policies,
        malformed_policies,
        instance_profile_life,
        parameter_life,
        parameter_secret,
        secret_life,
        secret_refusals,
        alarm_life,
        metrics,
        bucket_life,
        bucket_settings,
        object_life,
        conditional_writes,
        versions,
    )
}
