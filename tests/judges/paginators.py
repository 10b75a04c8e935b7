"""Every paginator of botocore's models that lists what the judge's world holds."""

from worlds import MANY


def entries(world):
    """Service, paginator, page size, what is asked, where the things stand in the answer, what names one, and which
    must be found.

    The page size is the smallest that AWS takes. Where only some of what is listed is ours (None), what counts is that
    pages of AWS's own size and small ones hold the same."""
    in_vpc = [{"Name": "vpc-id", "Values": [world.vpc]}]
    group = {"AutoScalingGroupName": "fleet-0"}
    role = {"RoleName": world.roles[0]}
    version = {"LaunchTemplateId": world.launch_templates[0]}
    return [
        ("ec2", "describe_vpcs", 5, {}, "Vpcs", "VpcId", None),
        ("ec2", "describe_subnets", 5, {"Filters": in_vpc}, "Subnets", "SubnetId", world.subnets),
        ("ec2", "describe_internet_gateways", 5, {}, "InternetGateways", "InternetGatewayId", None),
        ("ec2", "describe_nat_gateways", 5, {"Filter": in_vpc}, "NatGateways", "NatGatewayId", world.nat_gateways),
        ("ec2", "describe_route_tables", 5, {"Filters": in_vpc}, "RouteTables", "RouteTableId", None),
        ("ec2", "describe_security_groups", 5, {"Filters": in_vpc}, "SecurityGroups", "GroupId", None),
        (
            "ec2",
            "describe_security_group_rules",
            5,
            {"Filters": [{"Name": "group-id", "Values": [world.security_group]}]},
            "SecurityGroupRules",
            "SecurityGroupRuleId",
            None,
        ),
        ("ec2", "describe_vpc_endpoints", 5, {}, "VpcEndpoints", "VpcEndpointId", world.endpoints),
        ("ec2", "describe_network_interfaces", 5, {"Filters": in_vpc}, "NetworkInterfaces", "NetworkInterfaceId", None),
        ("ec2", "describe_launch_templates", 5, {}, "LaunchTemplates", "LaunchTemplateId", world.launch_templates),
        (
            "ec2",
            "describe_launch_template_versions",
            5,
            version,
            "LaunchTemplateVersions",
            "VersionNumber",
            list(range(1, MANY + 1)),
        ),
        (
            "ec2",
            "describe_instances",
            5,
            {"Filters": [{"Name": "subnet-id", "Values": world.subnets}]},
            "Reservations",
            "ReservationId",
            None,
        ),
        ("ec2", "describe_instance_status", 5, {"IncludeAllInstances": True}, "InstanceStatuses", "InstanceId", None),
        ("ec2", "describe_volumes", 5, {}, "Volumes", "VolumeId", None),
        ("ec2", "describe_instance_types", 5, {}, "InstanceTypes", "InstanceType", None),
        ("ec2", "describe_tags", 5, {}, "Tags", "ResourceId", None),
        ("elbv2", "describe_load_balancers", 2, {}, "LoadBalancers", "LoadBalancerArn", world.load_balancers),
        ("elbv2", "describe_target_groups", 2, {}, "TargetGroups", "TargetGroupArn", world.target_groups),
        (
            "elbv2",
            "describe_listeners",
            2,
            {"LoadBalancerArn": world.load_balancer},
            "Listeners",
            "ListenerArn",
            world.listeners,
        ),
        ("elbv2", "describe_rules", 2, {"ListenerArn": world.listeners[0]}, "Rules", "RuleArn", None),
        (
            "autoscaling",
            "describe_auto_scaling_groups",
            2,
            {},
            "AutoScalingGroups",
            "AutoScalingGroupName",
            world.auto_scaling_groups,
        ),
        ("autoscaling", "describe_auto_scaling_instances", 2, {}, "AutoScalingInstances", "InstanceId", None),
        ("autoscaling", "describe_policies", 2, group, "ScalingPolicies", "PolicyName", world.policies_of_groups),
        (
            "autoscaling",
            "describe_scheduled_actions",
            2,
            group,
            "ScheduledUpdateGroupActions",
            "ScheduledActionName",
            world.schedules,
        ),
        ("autoscaling", "describe_scaling_activities", 2, group, "Activities", "ActivityId", None),
        ("autoscaling", "describe_tags", 2, {}, "Tags", "ResourceId", world.auto_scaling_groups),
        ("rds", "describe_db_instances", 20, {}, "DBInstances", "DBInstanceIdentifier", world.all_databases),
        ("rds", "describe_db_subnet_groups", 20, {}, "DBSubnetGroups", "DBSubnetGroupName", world.subnet_groups),
        ("rds", "describe_db_parameter_groups", 20, {}, "DBParameterGroups", "DBParameterGroupName", None),
        (
            "rds",
            "describe_db_parameters",
            20,
            {"DBParameterGroupName": world.parameter_groups[0]},
            "Parameters",
            "ParameterName",
            None,
        ),
        ("rds", "describe_db_engine_versions", 20, {}, "DBEngineVersions", "DBEngineVersionDescription", None),
        (
            "elasticache",
            "describe_replication_groups",
            20,
            {},
            "ReplicationGroups",
            "ReplicationGroupId",
            world.replication_groups,
        ),
        ("elasticache", "describe_cache_clusters", 20, {}, "CacheClusters", "CacheClusterId", None),
        (
            "elasticache",
            "describe_cache_subnet_groups",
            20,
            {},
            "CacheSubnetGroups",
            "CacheSubnetGroupName",
            world.cache_subnet_groups,
        ),
        (
            "elasticache",
            "describe_cache_parameter_groups",
            20,
            {},
            "CacheParameterGroups",
            "CacheParameterGroupName",
            None,
        ),
        (
            "elasticache",
            "describe_cache_parameters",
            20,
            {"CacheParameterGroupName": world.cache_parameter_groups[0]},
            "Parameters",
            "ParameterName",
            None,
        ),
        (
            "sqs",
            "list_queues",
            2,
            {"QueueNamePrefix": "judged"},
            "QueueUrls",
            None,
            world.queue_urls + [world.dead_letters],
        ),
        (
            "sqs",
            "list_dead_letter_source_queues",
            2,
            {"QueueUrl": world.dead_letters},
            "queueUrls",
            None,
            world.queue_urls,
        ),
        ("iam", "list_roles", 2, {"PathPrefix": "/judged/"}, "Roles", "RoleName", world.roles),
        (
            "iam",
            "list_instance_profiles",
            2,
            {"PathPrefix": "/judged/"},
            "InstanceProfiles",
            "InstanceProfileName",
            world.instance_profiles,
        ),
        ("iam", "list_policies", 2, {"Scope": "Local"}, "Policies", "Arn", world.policies),
        ("iam", "list_role_policies", 2, role, "PolicyNames", None, world.inline_policies),
        ("iam", "list_attached_role_policies", 2, role, "AttachedPolicies", "PolicyArn", world.policies),
        ("iam", "list_role_tags", 2, role, "Tags", "Key", [f"tag-{number}" for number in range(MANY)]),
        (
            "iam",
            "list_entities_for_policy",
            2,
            {"PolicyArn": world.policies[0]},
            "PolicyRoles",
            "RoleName",
            world.roles,
        ),
        (
            "ssm",
            "describe_parameters",
            2,
            {"ParameterFilters": [{"Key": "Name", "Option": "BeginsWith", "Values": ["/judged/"]}]},
            "Parameters",
            "Name",
            world.parameter_names,
        ),
        ("ssm", "get_parameters_by_path", 2, {"Path": "/judged"}, "Parameters", "Name", world.parameter_names),
        (
            "ssm",
            "get_parameter_history",
            2,
            {"Name": world.parameter_names[0]},
            "Parameters",
            "Version",
            list(range(1, MANY + 1)),
        ),
        ("secretsmanager", "list_secrets", 2, {}, "SecretList", "Name", world.secrets),
        ("cloudwatch", "describe_alarms", 2, {}, "MetricAlarms", "AlarmName", None),
        (
            "cloudwatch",
            "describe_alarm_history",
            2,
            {"AlarmName": world.alarms[0]},
            "AlarmHistoryItems",
            "HistorySummary",
            None,
        ),
        ("s3", "list_objects_v2", 2, {"Bucket": world.bucket}, "Contents", "Key", world.objects),
        ("s3", "list_objects", 2, {"Bucket": world.bucket}, "Contents", "Key", world.objects),
        ("s3", "list_object_versions", 2, {"Bucket": world.bucket}, "Versions", "Key", world.objects),
    ]


def collected(pages, member, name):
    """What names the things on pages, one list a page."""
    return [[thing if name is None else thing[name] for thing in page.get(member, [])] for page in pages]


def judge_paginator(clients, service, operation, size, parameters, member, name, expected):
    """One paginator; answers what is wrong."""
    paginator = getattr(clients, service).get_paginator(operation)
    pages = collected(paginator.paginate(PaginationConfig={"PageSize": size}, **parameters), member, name)
    found = [thing for page in pages for thing in page]
    whole = [thing for page in collected(paginator.paginate(**parameters), member, name) for thing in page]
    oversized = [len(page) for page in pages if len(page) > size]
    if oversized:
        return f"a page of {oversized[0]} where {size} were asked for"
    if sorted(found) != sorted(whole):
        return f"{len(found)} things over {len(pages)} pages, {len(whole)} over pages of its own size"
    if expected is not None and sorted(found) != sorted(expected):
        return f"found {sorted(found)}, expected {sorted(expected)}"
    if len(found) > size and len(pages) < 2:
        return f"{len(found)} things on one page of {size}"
    if len(found) <= size and expected is not None:
        return f"only {len(found)} things, which prove nothing with pages of {size}"
    return None


def judge_paginators(clients, world, verdicts):
    """All of them."""
    for service, operation, *rest in entries(world):
        verdicts.judge(f"{service} paginator {operation}", judge_paginator, clients, service, operation, *rest)
