"""A small world that holds at least seven of everything that is listed in pages, for the judge of waiters and
paginators."""

import json

MANY = 7
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
)
PASSWORD = "correct-horse-1"


def numbered(word):
    """Seven names."""
    return [f"{word}-{number}" for number in range(MANY)]


# What AWS allows of VPCs and of internet gateways in a region as long as nobody asks for more; the default VPC has one
# of each.
QUOTA = 5


class World:
    """What was made, by name or id. Each method makes one part; later parts lean on earlier ones."""

    def __init__(self, clients):
        self.clients = clients

    def parts(self):
        """The parts in the order in which they can be made."""
        return [
            self.networks,
            self.gateways,
            self.security,
            self.templates,
            self.machines,
            self.load_balancing,
            self.groups,
            self.databases,
            self.caches,
            self.queues,
            self.identities,
            self.parameters,
            self.alarms_and_metrics,
            self.storage,
        ]

    def networks(self):
        """VPCs and subnets."""
        ec2 = self.clients.ec2
        self.vpcs = [ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"] for number in range(QUOTA - 1)]
        self.vpc = self.vpcs[0]
        self.subnets = [
            ec2.create_subnet(
                VpcId=self.vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-west-1{'ab'[number % 2]}"
            )["Subnet"]["SubnetId"]
            for number in range(MANY)
        ]

    def gateways(self):
        """Internet gateways, a NAT gateway, route tables and endpoints."""
        ec2 = self.clients.ec2
        self.internet_gateways = [
            ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"] for _ in range(QUOTA - 1)
        ]
        self.internet_gateway = self.internet_gateways[0]
        ec2.attach_internet_gateway(VpcId=self.vpc, InternetGatewayId=self.internet_gateway)
        self.route_tables = [ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"] for _ in range(MANY)]
        ec2.create_route(
            RouteTableId=self.route_tables[0], DestinationCidrBlock="0.0.0.0/0", GatewayId=self.internet_gateway
        )
        for subnet in self.subnets[:2]:
            ec2.associate_route_table(RouteTableId=self.route_tables[0], SubnetId=subnet)
        # Private ones need no addresses, of which AWS allows five; and it allows five gateways in a zone.
        self.nat_gateways = [
            ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
            for subnet in self.subnets[: MANY - 1]
        ]
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        self.nat_gateway = ec2.create_nat_gateway(SubnetId=self.subnets[0], AllocationId=address)["NatGateway"][
            "NatGatewayId"
        ]
        self.nat_gateways.append(self.nat_gateway)
        self.endpoints = [
            ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.eu-west-1.{service}")["VpcEndpoint"][
                "VpcEndpointId"
            ]
            for vpc in self.vpcs
            for service in ("s3", "dynamodb")
        ]

    def security(self):
        """Security groups and their rules."""
        ec2 = self.clients.ec2
        self.security_groups = [
            ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]
            for name in numbered("group")
        ]
        self.security_group = self.security_groups[0]
        rules = ec2.authorize_security_group_ingress(
            GroupId=self.security_group,
            IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
                for port in range(8000, 8000 + MANY)
            ],
        )
        self.rules = [rule["SecurityGroupRuleId"] for rule in rules["SecurityGroupRules"]]

    def templates(self):
        """An image, launch templates and their versions."""
        ec2 = self.clients.ec2
        images = ec2.describe_images(
            Owners=["amazon"],
            Filters=[{"Name": "architecture", "Values": ["x86_64"]}, {"Name": "name", "Values": ["al2023-ami-2023*"]}],
        )["Images"]
        self.image = max(images, key=lambda image: image["CreationDate"])["ImageId"]
        data = {"ImageId": self.image, "InstanceType": "t3.micro", "SecurityGroupIds": [self.security_group]}
        self.launch_templates = [
            ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)["LaunchTemplate"][
                "LaunchTemplateId"
            ]
            for name in numbered("template")
        ]
        for _ in range(MANY - 1):
            ec2.create_launch_template_version(LaunchTemplateId=self.launch_templates[0], LaunchTemplateData=data)

    def machines(self):
        """Instances, each its own reservation."""
        self.instances = [
            self.clients.ec2.run_instances(
                ImageId=self.image,
                InstanceType="t3.micro",
                MinCount=1,
                MaxCount=1,
                SubnetId=self.subnets[0],
                SecurityGroupIds=[self.security_group],
            )["Instances"][0]["InstanceId"]
            for _ in range(MANY)
        ]

    def load_balancing(self):
        """Load balancers, target groups, listeners and rules."""
        elbv2 = self.clients.elbv2
        self.load_balancers = [
            elbv2.create_load_balancer(Name=name, Subnets=self.subnets[:2], SecurityGroups=[self.security_group])[
                "LoadBalancers"
            ][0]["LoadBalancerArn"]
            for name in numbered("balancer")
        ]
        self.load_balancer = self.load_balancers[0]
        self.target_groups = [
            elbv2.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=self.vpc)["TargetGroups"][0][
                "TargetGroupArn"
            ]
            for name in numbered("targets")
        ]
        action = [{"Type": "forward", "TargetGroupArn": self.target_groups[0]}]
        self.listeners = [
            elbv2.create_listener(
                LoadBalancerArn=self.load_balancer, Protocol="HTTP", Port=80 + number, DefaultActions=action
            )["Listeners"][0]["ListenerArn"]
            for number in range(MANY)
        ]
        for number in range(MANY):
            elbv2.create_rule(
                ListenerArn=self.listeners[0],
                Priority=number + 1,
                Actions=action,
                Conditions=[{"Field": "path-pattern", "Values": [f"/{number}"]}],
            )

    def groups(self):
        """Auto Scaling groups with everything that hangs on them."""
        autoscaling = self.clients.autoscaling
        self.auto_scaling_groups = numbered("fleet")
        for name in self.auto_scaling_groups:
            autoscaling.create_auto_scaling_group(
                AutoScalingGroupName=name,
                MinSize=0,
                MaxSize=MANY,
                DesiredCapacity=MANY if name == "fleet-0" else 0,
                VPCZoneIdentifier=",".join(self.subnets[:2]),
                LaunchTemplate={"LaunchTemplateId": self.launch_templates[0], "Version": "$Latest"},
                Tags=[{"Key": "Name", "Value": name, "PropagateAtLaunch": True}],
            )
        self.policies_of_groups, self.schedules = numbered("policy"), numbered("schedule")
        for number in range(MANY):
            autoscaling.put_scaling_policy(
                AutoScalingGroupName="fleet-0",
                PolicyName=self.policies_of_groups[number],
                PolicyType="SimpleScaling",
                AdjustmentType="ChangeInCapacity",
                ScalingAdjustment=1,
            )
            autoscaling.put_scheduled_update_group_action(
                AutoScalingGroupName="fleet-0",
                ScheduledActionName=self.schedules[number],
                Recurrence=f"{number} 0 * * *",
                MinSize=0,
            )

    def databases(self):
        """A database, parameter groups, subnet groups and snapshots."""
        rds = self.clients.rds
        # Pages of RDS hold at least twenty.
        self.subnet_groups = [f"subnets-{number:02}" for number in range(25)]
        self.parameter_groups = [f"parameters-{number:02}" for number in range(25)]
        for name in self.subnet_groups:
            rds.create_db_subnet_group(
                DBSubnetGroupName=name, DBSubnetGroupDescription=name, SubnetIds=self.subnets[:2]
            )
        for name in self.parameter_groups:
            rds.create_db_parameter_group(
                DBParameterGroupName=name, DBParameterGroupFamily="postgres16", Description=name
            )
        self.all_databases = [f"database-{number:02}" for number in range(25)]
        for name in self.all_databases:
            rds.create_db_instance(
                DBInstanceIdentifier=name,
                Engine="postgres",
                DBInstanceClass="db.t3.micro",
                AllocatedStorage=20,
                MasterUsername="master",
                MasterUserPassword=PASSWORD,
                DBSubnetGroupName=self.subnet_groups[0],
            )
        self.database = self.all_databases[0]

    def caches(self):
        """A replication group, a Memcached cluster and their groups."""
        elasticache = self.clients.elasticache
        self.cache_subnet_groups = [f"cache-subnets-{number:02}" for number in range(25)]
        self.cache_parameter_groups = [f"cache-parameters-{number:02}" for number in range(25)]
        for name in self.cache_subnet_groups:
            elasticache.create_cache_subnet_group(
                CacheSubnetGroupName=name, CacheSubnetGroupDescription=name, SubnetIds=self.subnets[:2]
            )
        for name in self.cache_parameter_groups:
            elasticache.create_cache_parameter_group(
                CacheParameterGroupName=name, CacheParameterGroupFamily="redis7", Description=name
            )
        self.replication_groups = [f"replicas-{number:02}" for number in range(25)]
        for name in self.replication_groups:
            elasticache.create_replication_group(
                ReplicationGroupId=name,
                ReplicationGroupDescription=name,
                Engine="redis",
                CacheNodeType="cache.t3.micro",
                NumCacheClusters=1,
                CacheSubnetGroupName=self.cache_subnet_groups[0],
            )
        self.replication_group, self.cache_cluster = self.replication_groups[0], "memory"
        elasticache.create_cache_cluster(
            CacheClusterId=self.cache_cluster,
            Engine="memcached",
            CacheNodeType="cache.t3.micro",
            NumCacheNodes=1,
            CacheSubnetGroupName=self.cache_subnet_groups[0],
        )

    def queues(self):
        """Queues, all with one dead-letter queue."""
        sqs = self.clients.sqs
        self.dead_letters = sqs.create_queue(QueueName="judged-dead")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=self.dead_letters, AttributeNames=["QueueArn"])["Attributes"]
        redrive = json.dumps({"deadLetterTargetArn": attributes["QueueArn"], "maxReceiveCount": 3})
        self.queue_urls = [
            sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": redrive})["QueueUrl"]
            for name in numbered("judged")
        ]

    def identities(self):
        """Roles, profiles and policies."""
        iam = self.clients.iam
        self.roles, self.instance_profiles, self.inline_policies = (
            numbered("role"),
            numbered("profile"),
            numbered("inline"),
        )
        self.policies = [
            iam.create_policy(PolicyName=name, PolicyDocument=POLICY)["Policy"]["Arn"] for name in numbered("managed")
        ]
        for role, profile in zip(self.roles, self.instance_profiles):
            iam.create_role(
                RoleName=role,
                AssumeRolePolicyDocument=TRUST,
                Path="/judged/",
                Tags=[{"Key": name, "Value": "x"} for name in numbered("tag")],
            )
            iam.create_instance_profile(InstanceProfileName=profile, Path="/judged/")
            iam.attach_role_policy(RoleName=role, PolicyArn=self.policies[0])
            iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role)
        for name, arn in zip(self.inline_policies, self.policies):
            iam.put_role_policy(RoleName=self.roles[0], PolicyName=name, PolicyDocument=POLICY)
            iam.attach_role_policy(RoleName=self.roles[0], PolicyArn=arn)

    def parameters(self):
        """Parameters and secrets."""
        self.parameter_names = [f"/judged/{name}" for name in numbered("parameter")]
        self.secrets = numbered("judged/secret")
        for name in self.parameter_names:
            self.clients.ssm.put_parameter(Name=name, Value="x", Type="String")
        for number in range(MANY - 1):
            self.clients.ssm.put_parameter(
                Name=self.parameter_names[0], Value=str(number), Type="String", Overwrite=True
            )
        for name in self.secrets:
            self.clients.secretsmanager.create_secret(Name=name, SecretString="x")

    def alarms_and_metrics(self):
        """Alarms, dashboards and metrics."""
        cloudwatch = self.clients.cloudwatch
        self.alarms = numbered("alarm")
        for name in self.alarms:
            cloudwatch.put_metric_alarm(
                AlarmName=name,
                Namespace="Judged",
                MetricName="Load",
                Statistic="Average",
                Period=60,
                EvaluationPeriods=1,
                Threshold=1.0,
                ComparisonOperator="GreaterThanThreshold",
            )

    def storage(self):
        """A bucket with objects and their versions."""
        s3 = self.clients.s3
        self.bucket, self.objects = "judged-bucket", numbered("objects/object")
        s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        for key in self.objects:
            s3.put_object(Bucket=self.bucket, Key=key, Body=b"x")
