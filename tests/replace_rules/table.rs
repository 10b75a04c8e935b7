//! For each property of each kind, which property of AWS's own resource types it stands for.

use Does::{Replace, Update};
use Stands::{For, Outside, Unlike};

/// What a change of a property does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Does {
    /// It is made in place.
    Update,
    /// It makes another resource.
    Replace,
}

/// What a property stands for. Paths are a type, without `AWS::`, and one of its properties.
pub(super) enum Stands {
    /// For these, and does what AWS's schema says of them.
    For(&'static [&'static str]),
    /// For these, and does otherwise, for a reason.
    Unlike(&'static [&'static str], Does, &'static str),
    /// For nothing in a schema. What it does, and why.
    Outside(Does, &'static str),
}

/// A kind.
pub(super) struct Row {
    /// Its name.
    pub(super) kind: &'static str,
    /// Its properties, all of them.
    pub(super) properties: &'static [(&'static str, Stands)],
}

const ONE_VERSION: &str = "Pando makes one version of each template, so that a rollout can go back to the old one";
const OF_A_DELETE: &str = "an argument of the call that deletes it: only the record changes";
const NO_TAGS: &str = "the schema leaves its tags out; they are changed by calls of their own, as everywhere";
const ALWAYS_BESIDE: &str = "only orders it behind the gateway of its VPC; another gateway means another VPC";

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: "alarm",
        properties: &[
            ("description", For(&["CloudWatch::Alarm AlarmDescription"])),
            ("condition", For(&["CloudWatch::Alarm Metrics", "CloudWatch::Alarm Threshold"])),
            ("tags", For(&["CloudWatch::Alarm Tags"])),
        ],
    },
    Row {
        kind: "autoscaling_group",
        properties: &[
            ("launch_template", For(&["AutoScaling::AutoScalingGroup LaunchTemplate"])),
            ("subnets", For(&["AutoScaling::AutoScalingGroup VPCZoneIdentifier"])),
            ("target_groups", For(&["AutoScaling::AutoScalingGroup TargetGroupARNs"])),
            ("listeners", Outside(Update, "only orders the group behind them; nothing of the group itself differs")),
            ("min", For(&["AutoScaling::AutoScalingGroup MinSize"])),
            ("max", For(&["AutoScaling::AutoScalingGroup MaxSize"])),
            ("health_check", For(&["AutoScaling::AutoScalingGroup HealthCheckType"])),
            ("grace_seconds", For(&["AutoScaling::AutoScalingGroup HealthCheckGracePeriod"])),
            ("warmup_seconds", For(&["AutoScaling::AutoScalingGroup DefaultInstanceWarmup"])),
            ("tags", For(&["AutoScaling::AutoScalingGroup Tags"])),
        ],
    },
    Row {
        kind: "cache_cluster",
        properties: &[
            ("version", For(&["ElastiCache::CacheCluster EngineVersion"])),
            (
                "node",
                Unlike(
                    &["ElastiCache::CacheCluster CacheNodeType"],
                    Replace,
                    "ModifyCacheCluster scales Redis up; Memcached has to be made anew (AmazonElastiCache user guide)",
                ),
            ),
            ("nodes", For(&["ElastiCache::CacheCluster NumCacheNodes"])),
            ("subnet_group", For(&["ElastiCache::CacheCluster CacheSubnetGroupName"])),
            ("parameter_group", For(&["ElastiCache::CacheCluster CacheParameterGroupName"])),
            ("security_groups", For(&["ElastiCache::CacheCluster VpcSecurityGroupIds"])),
            ("tags", For(&["ElastiCache::CacheCluster Tags"])),
        ],
    },
    Row {
        kind: "cache_parameter_group",
        properties: &[
            (
                "description",
                Unlike(
                    &["ElastiCache::ParameterGroup Description"],
                    Replace,
                    "ModifyCacheParameterGroup has no argument for it; the schema only omits to say so",
                ),
            ),
            ("family", For(&["ElastiCache::ParameterGroup CacheParameterGroupFamily"])),
            ("parameters", For(&["ElastiCache::ParameterGroup Properties"])),
            ("tags", For(&["ElastiCache::ParameterGroup Tags"])),
        ],
    },
    Row {
        kind: "cache_subnet_group",
        properties: &[
            ("description", For(&["ElastiCache::SubnetGroup Description"])),
            ("subnets", For(&["ElastiCache::SubnetGroup SubnetIds"])),
            ("tags", For(&["ElastiCache::SubnetGroup Tags"])),
        ],
    },
    Row {
        kind: "db_instance",
        properties: &[
            ("engine", For(&["RDS::DBInstance Engine"])),
            ("version", For(&["RDS::DBInstance EngineVersion"])),
            ("class", For(&["RDS::DBInstance DBInstanceClass"])),
            ("storage", For(&["RDS::DBInstance AllocatedStorage"])),
            ("storage_max", For(&["RDS::DBInstance MaxAllocatedStorage"])),
            ("subnet_group", For(&["RDS::DBInstance DBSubnetGroupName"])),
            ("parameter_group", For(&["RDS::DBInstance DBParameterGroupName"])),
            ("security_groups", For(&["RDS::DBInstance VPCSecurityGroups"])),
            ("password", For(&["RDS::DBInstance MasterUserPassword"])),
            ("username", For(&["RDS::DBInstance MasterUsername"])),
            ("database", For(&["RDS::DBInstance DBName"])),
            ("port", For(&["RDS::DBInstance Port"])),
            ("multi_az", For(&["RDS::DBInstance MultiAZ"])),
            ("backup_days", For(&["RDS::DBInstance BackupRetentionPeriod"])),
            ("logs", For(&["RDS::DBInstance EnableCloudwatchLogsExports"])),
            ("deletion_protection", For(&["RDS::DBInstance DeletionProtection"])),
            ("final_snapshot", Outside(Update, OF_A_DELETE)),
            ("tags", For(&["RDS::DBInstance Tags"])),
        ],
    },
    Row {
        kind: "db_parameter_group",
        properties: &[
            ("description", For(&["RDS::DBParameterGroup Description"])),
            ("family", For(&["RDS::DBParameterGroup Family"])),
            ("parameters", For(&["RDS::DBParameterGroup Parameters"])),
            ("tags", For(&["RDS::DBParameterGroup Tags"])),
        ],
    },
    Row {
        kind: "db_replica",
        properties: &[
            ("source", For(&["RDS::DBInstance SourceDBInstanceIdentifier"])),
            ("class", For(&["RDS::DBInstance DBInstanceClass"])),
            ("parameter_group", For(&["RDS::DBInstance DBParameterGroupName"])),
            ("security_groups", For(&["RDS::DBInstance VPCSecurityGroups"])),
            ("storage_max", For(&["RDS::DBInstance MaxAllocatedStorage"])),
            ("logs", For(&["RDS::DBInstance EnableCloudwatchLogsExports"])),
            ("tags", For(&["RDS::DBInstance Tags"])),
        ],
    },
    Row {
        kind: "db_subnet_group",
        properties: &[
            ("description", For(&["RDS::DBSubnetGroup DBSubnetGroupDescription"])),
            ("subnets", For(&["RDS::DBSubnetGroup SubnetIds"])),
            ("tags", For(&["RDS::DBSubnetGroup Tags"])),
        ],
    },
    Row {
        kind: "default_security_group",
        properties: &[("vpc", Outside(Replace, "CloudFormation has no type for it; EC2 makes one with each VPC"))],
    },
    Row {
        kind: "elastic_ip",
        properties: &[
            ("subnet", Outside(Replace, "a gateway made anew beside the old one needs an address of its own")),
            ("tags", For(&["EC2::EIP Tags"])),
        ],
    },
    Row {
        kind: "instance_profile",
        properties: &[("role", For(&["IAM::InstanceProfile Roles"])), ("tags", Outside(Update, NO_TAGS))],
    },
    Row {
        kind: "internet_gateway",
        properties: &[
            ("vpc", For(&["EC2::VPCGatewayAttachment VpcId"])),
            ("tags", For(&["EC2::InternetGateway Tags"])),
        ],
    },
    Row {
        kind: "launch_template",
        properties: &[
            ("image", Unlike(&["EC2::LaunchTemplate LaunchTemplateData"], Replace, ONE_VERSION)),
            ("instance_type", Unlike(&["EC2::LaunchTemplate LaunchTemplateData"], Replace, ONE_VERSION)),
            ("profile", Unlike(&["EC2::LaunchTemplate LaunchTemplateData"], Replace, ONE_VERSION)),
            ("security_groups", Unlike(&["EC2::LaunchTemplate LaunchTemplateData"], Replace, ONE_VERSION)),
            ("root_device", Unlike(&["EC2::LaunchTemplate LaunchTemplateData"], Replace, ONE_VERSION)),
            ("volume_size", Unlike(&["EC2::LaunchTemplate LaunchTemplateData"], Replace, ONE_VERSION)),
            ("detailed_monitoring", Unlike(&["EC2::LaunchTemplate LaunchTemplateData"], Replace, ONE_VERSION)),
            ("user_data", Unlike(&["EC2::LaunchTemplate LaunchTemplateData"], Replace, ONE_VERSION)),
            ("tags", For(&["EC2::LaunchTemplate TagSpecifications"])),
        ],
    },
    Row {
        kind: "listener",
        properties: &[
            ("load_balancer", For(&["ElasticLoadBalancingV2::Listener LoadBalancerArn"])),
            ("port", For(&["ElasticLoadBalancingV2::Listener Port"])),
            ("certificate", For(&["ElasticLoadBalancingV2::Listener Certificates"])),
            ("action", For(&["ElasticLoadBalancingV2::Listener DefaultActions"])),
            ("tags", For(&["ElasticLoadBalancingV2::Listener Tags"])),
        ],
    },
    Row {
        kind: "load_balancer",
        properties: &[
            ("subnets", For(&["ElasticLoadBalancingV2::LoadBalancer Subnets"])),
            ("security_groups", For(&["ElasticLoadBalancingV2::LoadBalancer SecurityGroups"])),
            ("internet_gateway", Outside(Replace, ALWAYS_BESIDE)),
            ("deletion_protection", For(&["ElasticLoadBalancingV2::LoadBalancer LoadBalancerAttributes"])),
            ("drop_invalid_headers", For(&["ElasticLoadBalancingV2::LoadBalancer LoadBalancerAttributes"])),
            ("tags", For(&["ElasticLoadBalancingV2::LoadBalancer Tags"])),
        ],
    },
    Row {
        kind: "nat_gateway",
        properties: &[
            ("subnet", For(&["EC2::NatGateway SubnetId"])),
            ("address", For(&["EC2::NatGateway AllocationId"])),
            ("internet_gateway", Outside(Replace, ALWAYS_BESIDE)),
            ("tags", For(&["EC2::NatGateway Tags"])),
        ],
    },
    Row {
        kind: "parameter",
        properties: &[
            ("name", For(&["SSM::Parameter Name"])),
            ("value", For(&["SSM::Parameter Value"])),
            ("tags", For(&["SSM::Parameter Tags"])),
        ],
    },
    Row {
        kind: "queue",
        properties: &[
            ("dead_letters", For(&["SQS::Queue RedrivePolicy"])),
            ("visibility_seconds", For(&["SQS::Queue VisibilityTimeout"])),
            ("retention_seconds", For(&["SQS::Queue MessageRetentionPeriod"])),
            ("tags", For(&["SQS::Queue Tags"])),
        ],
    },
    Row {
        kind: "replication_group",
        properties: &[
            ("description", For(&["ElastiCache::ReplicationGroup ReplicationGroupDescription"])),
            ("engine", For(&["ElastiCache::ReplicationGroup Engine"])),
            ("version", For(&["ElastiCache::ReplicationGroup EngineVersion"])),
            ("node", For(&["ElastiCache::ReplicationGroup CacheNodeType"])),
            ("replicas", For(&["ElastiCache::ReplicationGroup ReplicasPerNodeGroup"])),
            ("multi_az", For(&["ElastiCache::ReplicationGroup MultiAZEnabled"])),
            ("subnet_group", For(&["ElastiCache::ReplicationGroup CacheSubnetGroupName"])),
            ("parameter_group", For(&["ElastiCache::ReplicationGroup CacheParameterGroupName"])),
            ("security_groups", For(&["ElastiCache::ReplicationGroup SecurityGroupIds"])),
            ("password", For(&["ElastiCache::ReplicationGroup AuthToken"])),
            ("snapshot_days", For(&["ElastiCache::ReplicationGroup SnapshotRetentionLimit"])),
            ("final_snapshot", Outside(Update, OF_A_DELETE)),
            ("tags", For(&["ElastiCache::ReplicationGroup Tags"])),
        ],
    },
    Row {
        kind: "role",
        properties: &[
            ("service", For(&["IAM::Role AssumeRolePolicyDocument"])),
            ("statements", For(&["IAM::Role Policies"])),
            ("tags", For(&["IAM::Role Tags"])),
        ],
    },
    Row {
        kind: "route_table",
        properties: &[
            ("vpc", For(&["EC2::RouteTable VpcId"])),
            ("default_route", For(&["EC2::Route GatewayId", "EC2::Route NatGatewayId"])),
            (
                "subnets",
                Unlike(
                    &["EC2::SubnetRouteTableAssociation SubnetId"],
                    Update,
                    "an association is a resource of its own there, and an entry of the table here",
                ),
            ),
            ("tags", For(&["EC2::RouteTable Tags"])),
        ],
    },
    Row {
        kind: "scaling_policy",
        properties: &[
            ("group", For(&["AutoScaling::ScalingPolicy AutoScalingGroupName"])),
            (
                "name",
                Unlike(
                    &["AutoScaling::ScalingPolicy PolicyName"],
                    Replace,
                    "CloudFormation gives the name itself (read-only there); to Auto Scaling it is the identity",
                ),
            ),
            (
                "rule",
                For(&[
                    "AutoScaling::ScalingPolicy TargetTrackingConfiguration",
                    "AutoScaling::ScalingPolicy StepAdjustments",
                    "AutoScaling::ScalingPolicy PolicyType",
                ]),
            ),
        ],
    },
    Row {
        kind: "secret",
        properties: &[
            ("description", For(&["SecretsManager::Secret Description"])),
            (
                "username",
                Unlike(
                    &["SecretsManager::Secret SecretString"],
                    Replace,
                    "a value is never written twice: another one is another secret, made first and then taken into use",
                ),
            ),
            ("recovery_days", Outside(Update, OF_A_DELETE)),
            ("tags", For(&["SecretsManager::Secret Tags"])),
        ],
    },
    Row {
        kind: "security_group",
        properties: &[
            ("vpc", For(&["EC2::SecurityGroup VpcId"])),
            ("description", For(&["EC2::SecurityGroup GroupDescription"])),
            ("tags", For(&["EC2::SecurityGroup Tags"])),
        ],
    },
    Row {
        kind: "security_rule",
        properties: &[
            ("group", For(&["EC2::SecurityGroupIngress GroupId", "EC2::SecurityGroupEgress GroupId"])),
            ("direction", Outside(Replace, "ingress and egress are two types there, so it cannot change")),
            (
                "peer",
                For(&[
                    "EC2::SecurityGroupIngress SourceSecurityGroupId",
                    "EC2::SecurityGroupIngress CidrIp",
                    "EC2::SecurityGroupEgress DestinationSecurityGroupId",
                    "EC2::SecurityGroupEgress CidrIp",
                ]),
            ),
            ("port", For(&["EC2::SecurityGroupIngress FromPort", "EC2::SecurityGroupEgress ToPort"])),
            ("description", For(&["EC2::SecurityGroupIngress Description", "EC2::SecurityGroupEgress Description"])),
            ("tags", Outside(Update, NO_TAGS)),
        ],
    },
    Row {
        kind: "subnet",
        properties: &[
            ("vpc", For(&["EC2::Subnet VpcId"])),
            ("cidr", For(&["EC2::Subnet CidrBlock"])),
            ("zone", For(&["EC2::Subnet AvailabilityZone"])),
            ("public_addresses", For(&["EC2::Subnet MapPublicIpOnLaunch"])),
            ("tags", For(&["EC2::Subnet Tags"])),
        ],
    },
    Row {
        kind: "target_group",
        properties: &[
            ("vpc", For(&["ElasticLoadBalancingV2::TargetGroup VpcId"])),
            ("port", For(&["ElasticLoadBalancingV2::TargetGroup Port"])),
            ("health_path", For(&["ElasticLoadBalancingV2::TargetGroup HealthCheckPath"])),
            ("drain_seconds", For(&["ElasticLoadBalancingV2::TargetGroup TargetGroupAttributes"])),
            ("tags", For(&["ElasticLoadBalancingV2::TargetGroup Tags"])),
        ],
    },
    Row {
        kind: "vpc",
        properties: &[
            ("cidr", For(&["EC2::VPC CidrBlock"])),
            ("dns_hostnames", For(&["EC2::VPC EnableDnsHostnames"])),
            ("tags", For(&["EC2::VPC Tags"])),
        ],
    },
    Row {
        kind: "vpc_endpoint",
        properties: &[
            ("vpc", For(&["EC2::VPCEndpoint VpcId"])),
            ("service", For(&["EC2::VPCEndpoint ServiceName"])),
            ("route_tables", For(&["EC2::VPCEndpoint RouteTableIds"])),
            ("tags", For(&["EC2::VPCEndpoint Tags"])),
        ],
    },
];
