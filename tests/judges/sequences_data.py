"""Sequences about RDS, ElastiCache and SQS."""

import json

from sequences_compute import two_subnets
from sequences_network import ABSENT

DATABASE = {
    "DBInstanceIdentifier": "judged",
    "Engine": "postgres",
    "DBInstanceClass": "db.t3.micro",
    "AllocatedStorage": 20,
    "MasterUsername": "master",
    "MasterUserPassword": "correct-horse-1",
}
CACHE = {
    "ReplicationGroupId": "judged",
    "ReplicationGroupDescription": "judged",
    "Engine": "redis",
    "CacheNodeType": "cache.t3.micro",
    "NumCacheClusters": 1,
}


def database_life(call):
    call("rds", "create_db_instance", **DATABASE, Tags=[{"Key": "a", "Value": "b"}])
    call.settle("rds", "db_instance_available", DBInstanceIdentifier="judged")
    call("rds", "describe_db_instances", DBInstanceIdentifier="judged")
    call("rds", "modify_db_instance", DBInstanceIdentifier="judged", BackupRetentionPeriod=7, ApplyImmediately=True)
    call.settle("rds", "db_instance_available", DBInstanceIdentifier="judged")
    call("rds", "delete_db_instance", DBInstanceIdentifier="judged", SkipFinalSnapshot=True)


def database_refusals(call):
    call("rds", "describe_db_instances", DBInstanceIdentifier="absent")
    call("rds", "delete_db_instance", DBInstanceIdentifier="absent", SkipFinalSnapshot=True)
    call("rds", "create_db_instance", **DATABASE | {"Engine": "dbase"})
    call("rds", "create_db_instance", **DATABASE | {"DBSubnetGroupName": "absent"})


def database_twice(call):
    call("rds", "create_db_instance", **DATABASE)
    call("rds", "create_db_instance", **DATABASE)


def database_protected(call):
    call("rds", "create_db_instance", **DATABASE, DeletionProtection=True)
    call.settle("rds", "db_instance_available", DBInstanceIdentifier="judged")
    call("rds", "delete_db_instance", DBInstanceIdentifier="judged", SkipFinalSnapshot=True)


def database_subnet_groups(call):
    _, subnets = two_subnets(call)
    group = {"DBSubnetGroupName": "judged", "DBSubnetGroupDescription": "judged"}
    call("rds", "create_db_subnet_group", **group, SubnetIds=subnets)
    call("rds", "create_db_subnet_group", **group, SubnetIds=subnets)
    call("rds", "describe_db_subnet_groups", DBSubnetGroupName="judged")
    call("rds", "delete_db_subnet_group", DBSubnetGroupName="judged")
    call("rds", "delete_db_subnet_group", DBSubnetGroupName="judged")
    call("rds", "create_db_subnet_group", **group, SubnetIds=subnets[:1])
    call("rds", "create_db_subnet_group", **group, SubnetIds=[f"subnet-{ABSENT}"])


def database_parameter_groups(call):
    group = {"DBParameterGroupName": "judged", "DBParameterGroupFamily": "postgres16", "Description": "judged"}
    call("rds", "create_db_parameter_group", **group)
    call("rds", "create_db_parameter_group", **group)
    call("rds", "describe_db_parameter_groups", DBParameterGroupName="judged")
    call(
        "rds",
        "modify_db_parameter_group",
        DBParameterGroupName="judged",
        Parameters=[
            {"ParameterName": "log_min_duration_statement", "ParameterValue": "500", "ApplyMethod": "immediate"}
        ],
    )
    call("rds", "delete_db_parameter_group", DBParameterGroupName="judged")
    call("rds", "describe_db_parameter_groups", DBParameterGroupName="judged")


def database_snapshots(call):
    call("rds", "create_db_instance", **DATABASE)
    call.settle("rds", "db_instance_available", DBInstanceIdentifier="judged")
    call("rds", "create_db_snapshot", DBInstanceIdentifier="judged", DBSnapshotIdentifier="copy")
    call.settle("rds", "db_snapshot_available", DBSnapshotIdentifier="copy")
    call("rds", "describe_db_snapshots", DBSnapshotIdentifier="copy")
    call("rds", "delete_db_snapshot", DBSnapshotIdentifier="copy")
    call("rds", "describe_db_snapshots", DBSnapshotIdentifier="copy")


def database_tags(call):
    arn = call.needed("rds", "create_db_instance", "DBInstance.DBInstanceArn", **DATABASE)
    call("rds", "add_tags_to_resource", ResourceName=arn, Tags=[{"Key": "a", "Value": "b"}])
    call("rds", "list_tags_for_resource", ResourceName=arn)
    call("rds", "remove_tags_from_resource", ResourceName=arn, TagKeys=["a"])
    call("rds", "list_tags_for_resource", ResourceName=arn)


def replication_group_life(call):
    call("elasticache", "create_replication_group", **CACHE)
    call.settle("elasticache", "replication_group_available", ReplicationGroupId="judged")
    call("elasticache", "describe_replication_groups", ReplicationGroupId="judged")
    call("elasticache", "delete_replication_group", ReplicationGroupId="judged")


def replication_group_refusals(call):
    call("elasticache", "describe_replication_groups", ReplicationGroupId="absent")
    call("elasticache", "delete_replication_group", ReplicationGroupId="absent")
    call("elasticache", "create_replication_group", **CACHE | {"AutomaticFailoverEnabled": True})


def replication_group_twice(call):
    call("elasticache", "create_replication_group", **CACHE)
    call("elasticache", "create_replication_group", **CACHE)


def cache_subnet_groups(call):
    _, subnets = two_subnets(call)
    group = {"CacheSubnetGroupName": "judged", "CacheSubnetGroupDescription": "judged"}
    call("elasticache", "create_cache_subnet_group", **group, SubnetIds=subnets)
    call("elasticache", "create_cache_subnet_group", **group, SubnetIds=subnets)
    call("elasticache", "describe_cache_subnet_groups", CacheSubnetGroupName="judged")
    call("elasticache", "describe_cache_subnet_groups", CacheSubnetGroupName="absent")


def cache_cluster_life(call):
    call(
        "elasticache",
        "create_cache_cluster",
        CacheClusterId="judged",
        Engine="memcached",
        CacheNodeType="cache.t3.micro",
        NumCacheNodes=1,
    )
    call.settle("elasticache", "cache_cluster_available", CacheClusterId="judged")
    call("elasticache", "describe_cache_clusters", CacheClusterId="judged")
    call("elasticache", "describe_cache_clusters", CacheClusterId="absent")


def queue_life(call):
    queue = call.needed(
        "sqs", "create_queue", "QueueUrl", QueueName="judged", Attributes={"VisibilityTimeout": "45"}, tags={"a": "b"}
    )
    call("sqs", "get_queue_url", QueueName="judged")
    call("sqs", "get_queue_attributes", QueueUrl=queue, AttributeNames=["All"])
    call("sqs", "list_queue_tags", QueueUrl=queue)
    call("sqs", "list_queues")
    call("sqs", "delete_queue", QueueUrl=queue)
    call("sqs", "list_queues")


def queue_twice(call):
    for seconds in ("45", "45", "50"):
        call("sqs", "create_queue", QueueName="judged", Attributes={"VisibilityTimeout": seconds})


def queue_refusals(call):
    call("sqs", "get_queue_url", QueueName="absent")
    call("sqs", "create_queue", QueueName="not allowed")
    call("sqs", "create_queue", QueueName="judged", Attributes={"VisibilityTimeout": "43201"})
    call("sqs", "create_queue", QueueName="judged", Attributes={"FifoQueue": "true"})


def messages(call):
    queue = call.needed("sqs", "create_queue", "QueueUrl", QueueName="judged")
    call("sqs", "send_message", QueueUrl=queue, MessageBody="text")
    handle = call.needed(
        "sqs", "receive_message", "Messages.0.ReceiptHandle", QueueUrl=queue, AttributeNames=["ApproximateReceiveCount"]
    )
    call("sqs", "receive_message", QueueUrl=queue)
    call("sqs", "change_message_visibility", QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    handle = call.needed(
        "sqs", "receive_message", "Messages.0.ReceiptHandle", QueueUrl=queue, AttributeNames=["ApproximateReceiveCount"]
    )
    call("sqs", "delete_message", QueueUrl=queue, ReceiptHandle=handle)
    call("sqs", "receive_message", QueueUrl=queue)


def fifo_messages(call):
    queue = call.needed(
        "sqs",
        "create_queue",
        "QueueUrl",
        QueueName="judged.fifo",
        Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"},
    )
    for _ in range(2):
        call("sqs", "send_message", QueueUrl=queue, MessageBody="text", MessageGroupId="a")
    call("sqs", "receive_message", QueueUrl=queue, MaxNumberOfMessages=10)
    call("sqs", "send_message", QueueUrl=queue, MessageBody="text")


def dead_letters(call):
    dead = call.needed("sqs", "create_queue", "QueueUrl", QueueName="dead")
    arn = call.needed("sqs", "get_queue_attributes", "Attributes.QueueArn", QueueUrl=dead, AttributeNames=["QueueArn"])
    queue = call.needed(
        "sqs",
        "create_queue",
        "QueueUrl",
        QueueName="judged",
        Attributes={
            "VisibilityTimeout": "0",
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}),
        },
    )
    call("sqs", "send_message", QueueUrl=queue, MessageBody="text")
    call("sqs", "receive_message", QueueUrl=queue)
    call("sqs", "receive_message", QueueUrl=queue)
    call("sqs", "receive_message", QueueUrl=dead)


SEQUENCES = {
    f"data {function.__name__.replace('_', ' ')}": function
    for function in (
        database_life,
        database_refusals,
        database_twice,
        database_protected,
        database_subnet_groups,
        database_parameter_groups,
        database_snapshots,
        database_tags,
        replication_group_life,
        replication_group_refusals,
        replication_group_twice,
        cache_subnet_groups,
        cache_cluster_life,
        queue_life,
        queue_twice,
        queue_refusals,
        messages,
        fifo_messages,
        dead_letters,
    )
}
