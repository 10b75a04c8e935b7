"""The judge of waiters and paginators: boto3's own, over HTTP, for everything that Pando and Terraform make.

    python waiters.py --endpoint http://127.0.0.1:PORT --speed 100

A waiter must come to its end within its own budget (delay and attempts of botocore's model, divided by the speed), also
where it waits for something to vanish. A paginator must, with pages smaller than the number of things, take several
pages and find each thing exactly once."""

import sys

from judging import Clients, Verdicts, command_line
from paginators import judge_paginators
from worlds import World

# Below this, the machine and not the clock decides.
SHORTEST_DELAY = 0.1


class Waiters:
    """Runs waiters as fast as the endpoint's clock."""

    def __init__(self, clients, verdicts, speed):
        self.clients = clients
        self.verdicts = verdicts
        self.speed = speed

    def wait(self, service, name, **parameters):
        """One waiter."""
        waiter = getattr(self.clients, service).get_waiter(name)
        pace = {
            "Delay": max(waiter.config.delay / self.speed, SHORTEST_DELAY),
            "MaxAttempts": waiter.config.max_attempts,
        }
        self.verdicts.judge(f"{service} waiter {name}", lambda: waiter.wait(WaiterConfig=pace, **parameters))


def wait_for_network(waiters, world):
    """EC2's network."""
    waiters.wait("ec2", "vpc_exists", VpcIds=[world.vpc])
    waiters.wait("ec2", "vpc_available", VpcIds=[world.vpc])
    waiters.wait("ec2", "subnet_available", SubnetIds=world.subnets)
    waiters.wait("ec2", "internet_gateway_exists", InternetGatewayIds=[world.internet_gateway])
    waiters.wait("ec2", "security_group_exists", GroupIds=[world.security_group])
    waiters.wait("ec2", "nat_gateway_available", NatGatewayIds=[world.nat_gateway])


def wait_for_machines(waiters, world):
    """Images, instances, volumes and network interfaces."""
    instances = {"InstanceIds": [world.instances[0]]}
    waiters.wait("ec2", "image_exists", ImageIds=[world.image])
    waiters.wait("ec2", "image_available", ImageIds=[world.image])
    for name in ("instance_exists", "instance_running", "instance_status_ok", "system_status_ok"):
        waiters.wait("ec2", name, **instances)
    copy = waiters.clients.ec2.create_image(InstanceId=world.instances[0], Name="judged", NoReboot=True)["ImageId"]
    waiters.wait("ec2", "image_available", ImageIds=[copy])
    waiters.clients.ec2.stop_instances(**instances)
    waiters.wait("ec2", "instance_stopped", **instances)
    waiters.clients.ec2.start_instances(**instances)
    waiters.wait("ec2", "instance_running", **instances)


def wait_for_load_balancing(waiters, world):
    """Load balancers and targets. A target in no zone of the load balancer, or unhealthy, would never come into
    service."""
    waiters.wait("elbv2", "load_balancer_exists", LoadBalancerArns=[world.load_balancer])
    waiters.wait("elbv2", "load_balancer_available", LoadBalancerArns=[world.load_balancer])
    target = {"TargetGroupArn": world.target_groups[0], "Targets": [{"Id": world.instances[0]}]}
    waiters.clients.elbv2.register_targets(**target)
    waiters.wait("elbv2", "target_in_service", **target)
    waiters.clients.elbv2.deregister_targets(**target)
    waiters.wait("elbv2", "target_deregistered", **target)


def wait_for_databases(waiters, world):
    """RDS and ElastiCache."""
    waiters.wait("rds", "db_instance_available", DBInstanceIdentifier=world.database)
    waiters.clients.rds.create_db_snapshot(DBInstanceIdentifier=world.database, DBSnapshotIdentifier="judged")
    for name in ("db_snapshot_available", "db_snapshot_completed"):
        waiters.wait("rds", name, DBSnapshotIdentifier="judged")
    waiters.clients.rds.delete_db_snapshot(DBSnapshotIdentifier="judged")
    waiters.wait("rds", "db_snapshot_deleted", DBSnapshotIdentifier="judged")
    waiters.wait("elasticache", "replication_group_available", ReplicationGroupId=world.replication_group)
    waiters.wait("elasticache", "cache_cluster_available", CacheClusterId=world.cache_cluster)
    waiters.wait("elasticache", "cache_cluster_available", CacheClusterId=f"{world.replication_group}-001")


def wait_for_the_rest(waiters, world):
    """IAM, CloudWatch and S3."""
    waiters.wait("iam", "role_exists", RoleName=world.roles[0])
    waiters.wait("iam", "instance_profile_exists", InstanceProfileName=world.instance_profiles[0])
    waiters.wait("iam", "policy_exists", PolicyArn=world.policies[0])
    waiters.wait("cloudwatch", "alarm_exists", AlarmNames=[world.alarms[0]])
    waiters.wait("s3", "bucket_exists", Bucket=world.bucket)
    waiters.wait("s3", "object_exists", Bucket=world.bucket, Key=world.objects[0])
    waiters.wait("s3", "object_not_exists", Bucket=world.bucket, Key="absent")
    waiters.wait("s3", "bucket_not_exists", Bucket="judged-absent")


def wait_for_ends(waiters, world):
    """What a delete leaves nothing of. Everything is asked to go first and waited for afterwards, as all would do."""
    clients = waiters.clients
    clients.rds.delete_db_instance(DBInstanceIdentifier=world.database, SkipFinalSnapshot=True)
    clients.elasticache.delete_replication_group(ReplicationGroupId=world.replication_group)
    clients.elasticache.delete_cache_cluster(CacheClusterId=world.cache_cluster)
    clients.elbv2.delete_load_balancer(LoadBalancerArn=world.load_balancer)
    clients.ec2.delete_nat_gateway(NatGatewayId=world.nat_gateway)
    clients.ec2.terminate_instances(InstanceIds=world.instances)
    waiters.wait("ec2", "nat_gateway_deleted", NatGatewayIds=[world.nat_gateway])
    waiters.wait("ec2", "instance_terminated", InstanceIds=world.instances)
    waiters.wait("elbv2", "load_balancers_deleted", LoadBalancerArns=[world.load_balancer])
    waiters.wait("rds", "db_instance_deleted", DBInstanceIdentifier=world.database)
    waiters.wait("elasticache", "replication_group_deleted", ReplicationGroupId=world.replication_group)
    waiters.wait("elasticache", "cache_cluster_deleted", CacheClusterId=world.cache_cluster)


def main():
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster than ours the endpoint's clock runs")
    options = parser.parse_args()
    clients, verdicts = Clients(options.endpoint, options.record), Verdicts()
    world, waiters = World(clients), Waiters(clients, verdicts, options.speed)
    for part in world.parts():
        verdicts.judge(f"making {part.__name__}", part)
    verdicts.judge("all paginators", judge_paginators, clients, world, verdicts)
    for part in (
        wait_for_network,
        wait_for_machines,
        wait_for_load_balancing,
        wait_for_databases,
        wait_for_the_rest,
        wait_for_ends,
    ):
        verdicts.judge(part.__name__, part, waiters, world)
    return verdicts.exit_code()


if __name__ == "__main__":
    sys.exit(main())
