//! Amazon's own managed policies, those that people use most.
//!
//! The documents say what Amazon's say about the services that are simulated, shortened where a service is not
//! (<https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>).

/// A managed policy of Amazon's.
#[derive(Debug)]
pub(super) struct Owned {
    /// Its path and name: `service-role/AmazonRDSEnhancedMonitoringRole`.
    pub(super) name: &'static str,
    /// What it allows, and to what.
    statements: &'static [(&'static str, &'static str)],
}

const PREFIX: &str = "arn:aws:iam::aws:policy/";

impl Owned {
    /// The one with this ARN.
    pub(super) fn find(arn: &str) -> Option<&'static Self> {
        let name = arn.strip_prefix(PREFIX)?;
        ALL.iter().find(|policy| policy.name == name)
    }

    /// Its ARN.
    pub(super) fn arn(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }

    /// Its document.
    pub(super) fn document(&self) -> String {
        let statements: Vec<String> = self
            .statements
            .iter()
            .map(|(actions, resource)| {
                let actions: Vec<String> = actions.split(' ').map(|action| format!("\"{action}\"")).collect();
                format!(r#"{{"Effect":"Allow","Action":[{}],"Resource":"{resource}"}}"#, actions.join(","))
            })
            .collect();
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
    }
}

const fn owned(name: &'static str, statements: &'static [(&'static str, &'static str)]) -> Owned {
    Owned { name, statements }
}

/// All of them, by name.
pub(super) const ALL: &[Owned] = &[
    owned("AdministratorAccess", &[("*", "*")]),
    owned(
        "AmazonEC2ContainerRegistryReadOnly",
        &[(
            "ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer ecr:GetRepositoryPolicy \
         ecr:DescribeRepositories ecr:ListImages ecr:DescribeImages ecr:BatchGetImage ecr:ListTagsForResource",
            "*",
        )],
    ),
    owned(
        "AmazonEC2FullAccess",
        &[("ec2:* elasticloadbalancing:* cloudwatch:* autoscaling:* iam:CreateServiceLinkedRole", "*")],
    ),
    owned(
        "AmazonEC2ReadOnlyAccess",
        &[(
            "ec2:Describe* ec2:GetSecurityGroupsForVpc elasticloadbalancing:Describe* cloudwatch:ListMetrics \
         cloudwatch:GetMetricStatistics cloudwatch:Describe* autoscaling:Describe*",
            "*",
        )],
    ),
    owned(
        "AmazonElastiCacheFullAccess",
        &[("elasticache:* iam:CreateServiceLinkedRole ec2:Describe* cloudwatch:Get*", "*")],
    ),
    owned("AmazonElastiCacheReadOnlyAccess", &[("elasticache:Describe* elasticache:ListTagsForResource", "*")]),
    owned("AmazonRDSFullAccess", &[("rds:* ec2:Describe* cloudwatch:* iam:CreateServiceLinkedRole", "*")]),
    owned(
        "AmazonRDSReadOnlyAccess",
        &[(
            "rds:Describe* rds:ListTagsForResource ec2:Describe* cloudwatch:GetMetricStatistics cloudwatch:GetMetricData",
            "*",
        )],
    ),
    owned("AmazonS3FullAccess", &[("s3:* s3-object-lambda:*", "*")]),
    owned(
        "AmazonS3ReadOnlyAccess",
        &[("s3:Get* s3:List* s3:Describe* s3-object-lambda:Get* s3-object-lambda:List*", "*")],
    ),
    owned("AmazonSQSFullAccess", &[("sqs:*", "*")]),
    owned(
        "AmazonSQSReadOnlyAccess",
        &[(
            "sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListDeadLetterSourceQueues sqs:ListQueues sqs:ListMessageMoveTasks \
         sqs:ListQueueTags",
            "*",
        )],
    ),
    owned("AmazonSSMFullAccess", &[("cloudwatch:PutMetricData ec2:DescribeInstanceStatus ssm:* ec2messages:*", "*")]),
    owned(
        "AmazonSSMManagedInstanceCore",
        &[(
            "ssm:DescribeAssociation ssm:GetDeployablePatchSnapshotForInstance ssm:GetDocument ssm:DescribeDocument \
         ssm:GetManifest ssm:GetParameter ssm:GetParameters ssm:ListAssociations ssm:ListInstanceAssociations \
         ssm:PutInventory ssm:PutComplianceItems ssm:PutConfigurePackageResult ssm:UpdateAssociationStatus \
         ssm:UpdateInstanceAssociationStatus ssm:UpdateInstanceInformation ssmmessages:CreateControlChannel \
         ssmmessages:CreateDataChannel ssmmessages:OpenControlChannel ssmmessages:OpenDataChannel \
         ec2messages:AcknowledgeMessage ec2messages:DeleteMessage ec2messages:FailMessage ec2messages:GetEndpoint \
         ec2messages:GetMessages ec2messages:SendReply",
            "*",
        )],
    ),
    owned("AmazonSSMReadOnlyAccess", &[("ssm:Describe* ssm:Get* ssm:List*", "*")]),
    owned(
        "AmazonVPCFullAccess",
        &[(
            "ec2:*Vpc* ec2:*Subnet* ec2:*Route* ec2:*Gateway* ec2:*SecurityGroup* ec2:*Address* \
         ec2:*NetworkAcl* ec2:*NetworkInterface* ec2:Describe* ec2:CreateTags ec2:DeleteTags",
            "*",
        )],
    ),
    owned(
        "AutoScalingFullAccess",
        &[(
            "autoscaling:* cloudwatch:PutMetricAlarm ec2:Describe* elasticloadbalancing:Describe* iam:CreateServiceLinkedRole",
            "*",
        )],
    ),
    owned(
        "CloudWatchAgentServerPolicy",
        &[
            (
                "cloudwatch:PutMetricData ec2:DescribeVolumes ec2:DescribeTags logs:PutLogEvents logs:PutRetentionPolicy \
             logs:DescribeLogStreams logs:DescribeLogGroups logs:CreateLogStream logs:CreateLogGroup xray:PutTraceSegments \
             xray:PutTelemetryRecords xray:GetSamplingRules xray:GetSamplingTargets xray:GetSamplingStatisticSummaries",
                "*",
            ),
            ("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*"),
        ],
    ),
    owned("CloudWatchFullAccess", &[("autoscaling:Describe* cloudwatch:* logs:* sns:*", "*")]),
    owned("CloudWatchLogsFullAccess", &[("logs:* cloudwatch:GenerateQuery", "*")]),
    owned(
        "CloudWatchReadOnlyAccess",
        &[(
            "autoscaling:Describe* cloudwatch:Describe* cloudwatch:Get* cloudwatch:List* logs:Get* logs:List* logs:Describe*",
            "*",
        )],
    ),
    owned(
        "ElasticLoadBalancingFullAccess",
        &[("elasticloadbalancing:* ec2:Describe* iam:CreateServiceLinkedRole", "*")],
    ),
    owned("IAMFullAccess", &[("iam:*", "*")]),
    owned("IAMReadOnlyAccess", &[("iam:GenerateCredentialReport iam:Get* iam:List* iam:Simulate*", "*")]),
    owned(
        "PowerUserAccess",
        &[(
            "autoscaling:* cloudwatch:* ec2:* elasticache:* elasticloadbalancing:* rds:* s3:* secretsmanager:* sqs:* ssm:* \
         iam:CreateServiceLinkedRole iam:DeleteServiceLinkedRole iam:ListRoles",
            "*",
        )],
    ),
    owned(
        "ReadOnlyAccess",
        &[(
            "autoscaling:Describe* cloudwatch:Describe* cloudwatch:Get* cloudwatch:List* ec2:Describe* ec2:Get* \
         elasticache:Describe* elasticache:List* elasticloadbalancing:Describe* iam:Get* iam:List* iam:Simulate* \
         rds:Describe* rds:List* s3:Get* s3:List* secretsmanager:Describe* secretsmanager:GetResourcePolicy \
         secretsmanager:List* sqs:Get* sqs:List* sqs:Receive* ssm:Describe* ssm:Get* ssm:List* sts:GetAccessKeyInfo \
         sts:GetCallerIdentity sts:GetSessionToken",
            "*",
        )],
    ),
    owned("SecretsManagerReadWrite", &[("secretsmanager:* kms:DescribeKey kms:ListAliases kms:ListKeys", "*")]),
    owned(
        "SecurityAudit",
        &[(
            "autoscaling:Describe* ec2:Describe* elasticloadbalancing:Describe* iam:Get* iam:List* rds:Describe* s3:GetBucket* \
         sqs:GetQueueAttributes sqs:ListQueues",
            "*",
        )],
    ),
    owned(
        "ViewOnlyAccess",
        &[(
            "autoscaling:Describe* ec2:Describe* elasticache:Describe* elasticloadbalancing:Describe* iam:List* rds:Describe* \
         s3:ListAllMyBuckets s3:ListBucket sqs:ListQueues ssm:Describe* ssm:List* secretsmanager:List*",
            "*",
        )],
    ),
    owned(
        "service-role/AmazonEC2RoleforSSM",
        &[(
            "ssm:DescribeAssociation ssm:GetDocument ssm:GetParameters ssm:ListAssociations ssm:UpdateInstanceInformation \
         ssmmessages:* ec2messages:* cloudwatch:PutMetricData ec2:DescribeInstanceStatus logs:* s3:GetBucketLocation",
            "*",
        )],
    ),
    owned(
        "service-role/AmazonRDSEnhancedMonitoringRole",
        &[(
            "logs:CreateLogGroup logs:PutRetentionPolicy logs:CreateLogStream logs:PutLogEvents logs:DescribeLogStreams \
         logs:GetLogEvents",
            "arn:aws:logs:*:*:log-group:RDS*",
        )],
    ),
    owned("service-role/AutoScalingNotificationAccessRole", &[("sqs:SendMessage sqs:GetQueueUrl sns:Publish", "*")]),
];

#[cfg(test)]
mod tests {
    use super::super::documents::{Purpose, check};
    use super::*;

    #[test]
    fn all_documents_are_such_that_iam_would_take_them() {
        for policy in ALL {
            assert_eq!(check(&policy.document(), Purpose::Identity), Ok(()), "{}", policy.name);
        }
        assert!(Owned::find("arn:aws:iam::aws:policy/ReadOnlyAccess").is_some());
        assert!(Owned::find("arn:aws:iam::aws:policy/NoSuchPolicy").is_none());
    }
}
