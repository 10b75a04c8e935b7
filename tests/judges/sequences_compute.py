"""Sequences about launch templates, instances, load balancers and Auto Scaling."""

from sequences_network import ABSENT, gateway_of, group_of, subnet_of, tags, vpc_of


def image_of(call):
    """An image that the emulator has, without comparing which."""
    answer = call.attempt(
        "ec2",
        "describe_images",
        {
            "Owners": ["amazon"],
            "Filters": [{"Name": "architecture", "Values": ["x86_64"]}, {"Name": "name", "Values": ["al2023-ami-2*"]}],
        },
    )
    return answer["Images"][0]["ImageId"]


def template_of(call):
    """A launch template's id."""
    data = {"ImageId": image_of(call), "InstanceType": "t3.micro"}
    return call.needed(
        "ec2",
        "create_launch_template",
        "LaunchTemplate.LaunchTemplateId",
        LaunchTemplateName="judged",
        LaunchTemplateData=data,
        **tags("launch-template"),
    )


def two_subnets(call):
    """A VPC with subnets in two zones."""
    vpc = vpc_of(call)
    return vpc, [subnet_of(call, vpc), subnet_of(call, vpc, "10.0.1.0/24", "eu-west-1b")]


def load_balancer_of(call):
    """A VPC and a load balancer's ARN."""
    vpc, subnets = two_subnets(call)
    gateway_of(call, vpc)
    return vpc, call.needed(
        "elbv2",
        "create_load_balancer",
        "LoadBalancers.0.LoadBalancerArn",
        Name="judged",
        Subnets=subnets,
        SecurityGroups=[group_of(call, vpc)],
    )


def targets_of(call, vpc):
    """A target group's ARN."""
    return call.needed(
        "elbv2",
        "create_target_group",
        "TargetGroups.0.TargetGroupArn",
        Name="judged",
        Protocol="HTTP",
        Port=80,
        VpcId=vpc,
    )


def group_settings(call, **more):
    """What an Auto Scaling group is made with."""
    _, subnets = two_subnets(call)
    template = {"LaunchTemplateId": template_of(call), "Version": "1"}
    return {
        "AutoScalingGroupName": "judged",
        "MinSize": 0,
        "MaxSize": 2,
        "DesiredCapacity": 0,
        "LaunchTemplate": template,
        "VPCZoneIdentifier": ",".join(subnets),
    } | more


def launch_template_life(call):
    template = template_of(call)
    call("ec2", "describe_launch_templates", LaunchTemplateIds=[template])
    call("ec2", "describe_launch_template_versions", LaunchTemplateId=template, Versions=["$Latest", "$Default"])
    call("ec2", "delete_launch_template", LaunchTemplateId=template)
    call("ec2", "describe_launch_templates", LaunchTemplateIds=[template])


def launch_template_versions(call):
    template = template_of(call)
    call(
        "ec2",
        "create_launch_template_version",
        LaunchTemplateId=template,
        SourceVersion="1",
        LaunchTemplateData={"InstanceType": "t3.small"},
    )
    call("ec2", "modify_launch_template", LaunchTemplateId=template, DefaultVersion="2")
    call("ec2", "describe_launch_template_versions", LaunchTemplateId=template)


def launch_template_refusals(call):
    template_of(call)
    call("ec2", "create_launch_template", LaunchTemplateName="judged", LaunchTemplateData={"InstanceType": "t3.micro"})
    call("ec2", "describe_launch_templates", LaunchTemplateNames=["absent"])
    call("ec2", "describe_launch_template_versions", LaunchTemplateName="judged", Versions=["9"])
    call("ec2", "delete_launch_template", LaunchTemplateId=f"lt-{ABSENT}")


def instance_life(call):
    subnet = subnet_of(call, vpc_of(call))
    instance = call.needed(
        "ec2",
        "run_instances",
        "Instances.0.InstanceId",
        ImageId=image_of(call),
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        **tags("instance"),
    )
    call.settle("ec2", "instance_running", InstanceIds=[instance])
    call("ec2", "describe_instances", InstanceIds=[instance])
    call("ec2", "terminate_instances", InstanceIds=[instance])
    call.settle("ec2", "instance_terminated", InstanceIds=[instance])
    call("ec2", "describe_instances", InstanceIds=[instance])


def instance_refusals(call):
    call("ec2", "describe_instances", InstanceIds=[f"i-{ABSENT}"])
    call("ec2", "terminate_instances", InstanceIds=[f"i-{ABSENT}"])
    call("ec2", "run_instances", ImageId=f"ami-{ABSENT}", MinCount=1, MaxCount=1, InstanceType="t3.micro")


def instance_in_its_subnet(call):
    subnet = subnet_of(call, vpc_of(call))
    call(
        "ec2", "run_instances", ImageId=image_of(call), InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnet
    )
    call("ec2", "delete_subnet", SubnetId=subnet)


def load_balancer_life(call):
    _, balancer = load_balancer_of(call)
    call.settle("elbv2", "load_balancer_available", LoadBalancerArns=[balancer])
    call("elbv2", "describe_load_balancers", LoadBalancerArns=[balancer])
    call("elbv2", "describe_load_balancer_attributes", LoadBalancerArn=balancer)
    call("elbv2", "delete_load_balancer", LoadBalancerArn=balancer)
    call("elbv2", "describe_load_balancers", LoadBalancerArns=[balancer])
    call("elbv2", "delete_load_balancer", LoadBalancerArn=balancer)


def load_balancer_refusals(call):
    vpc, subnets = two_subnets(call)
    gateway_of(call, vpc)
    call("elbv2", "describe_load_balancers", Names=["absent"])
    call("elbv2", "create_load_balancer", Name="judged", Subnets=subnets[:1])
    call("elbv2", "create_load_balancer", Name="judged", Subnets=[f"subnet-{ABSENT}", subnets[0]])


def load_balancer_without_a_gateway(call):
    _, subnets = two_subnets(call)
    call("elbv2", "create_load_balancer", Name="judged", Subnets=subnets)


def load_balancer_twice(call):
    vpc, subnets = two_subnets(call)
    gateway_of(call, vpc)
    for _ in range(2):
        call("elbv2", "create_load_balancer", Name="judged", Subnets=subnets)
    call("elbv2", "create_load_balancer", Name="judged", Subnets=subnets, Scheme="internal")


def target_group_life(call):
    targets = targets_of(call, vpc_of(call))
    call("elbv2", "describe_target_group_attributes", TargetGroupArn=targets)
    call("elbv2", "modify_target_group", TargetGroupArn=targets, HealthCheckPath="/health")
    call("elbv2", "describe_target_groups", Names=["judged"])
    call("elbv2", "describe_target_health", TargetGroupArn=targets)
    call("elbv2", "delete_target_group", TargetGroupArn=targets)
    call("elbv2", "describe_target_groups", Names=["judged"])


def target_group_twice(call):
    vpc = vpc_of(call)
    targets_of(call, vpc)
    targets_of(call, vpc)


def listener_life(call):
    vpc, balancer = load_balancer_of(call)
    targets = targets_of(call, vpc)
    action = [{"Type": "forward", "TargetGroupArn": targets}]
    listener = call.needed(
        "elbv2",
        "create_listener",
        "Listeners.0.ListenerArn",
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=action,
    )
    call("elbv2", "describe_listeners", LoadBalancerArn=balancer)
    call(
        "elbv2",
        "create_rule",
        ListenerArn=listener,
        Priority=5,
        Actions=action,
        Conditions=[{"Field": "path-pattern", "Values": ["/a/*"]}],
    )
    call("elbv2", "describe_rules", ListenerArn=listener)
    call("elbv2", "delete_target_group", TargetGroupArn=targets)


def load_balancer_tags(call):
    targets = targets_of(call, vpc_of(call))
    call("elbv2", "add_tags", ResourceArns=[targets], Tags=[{"Key": "a", "Value": "b"}])
    call("elbv2", "describe_tags", ResourceArns=[targets])
    call("elbv2", "remove_tags", ResourceArns=[targets], TagKeys=["a"])
    call("elbv2", "describe_tags", ResourceArns=[targets])


def auto_scaling_group_life(call):
    call(
        "autoscaling",
        "create_auto_scaling_group",
        **group_settings(call, Tags=[{"Key": "Name", "Value": "judged", "PropagateAtLaunch": True}]),
    )
    call("autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=["judged"])
    call("autoscaling", "update_auto_scaling_group", AutoScalingGroupName="judged", MaxSize=3)
    call("autoscaling", "delete_auto_scaling_group", AutoScalingGroupName="judged", ForceDelete=True)


def auto_scaling_group_refusals(call):
    settings = group_settings(call)
    call("autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=["absent"])
    call("autoscaling", "delete_auto_scaling_group", AutoScalingGroupName="absent")
    call("autoscaling", "create_auto_scaling_group", **settings | {"MinSize": 3})


def auto_scaling_group_twice(call):
    settings = group_settings(call)
    call("autoscaling", "create_auto_scaling_group", **settings)
    call("autoscaling", "create_auto_scaling_group", **settings)


def scaling_policies(call):
    call("autoscaling", "create_auto_scaling_group", **group_settings(call))
    tracking = {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
        "TargetValue": 50.0,
    }
    call(
        "autoscaling",
        "put_scaling_policy",
        AutoScalingGroupName="judged",
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration=tracking,
    )
    call("autoscaling", "describe_policies", AutoScalingGroupName="judged")
    call("autoscaling", "delete_policy", AutoScalingGroupName="judged", PolicyName="cpu")
    call("autoscaling", "delete_policy", AutoScalingGroupName="judged", PolicyName="cpu")


def lifecycle_hooks(call):
    call("autoscaling", "create_auto_scaling_group", **group_settings(call))
    call(
        "autoscaling",
        "put_lifecycle_hook",
        AutoScalingGroupName="judged",
        LifecycleHookName="wait",
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
    )
    call("autoscaling", "describe_lifecycle_hooks", AutoScalingGroupName="judged")
    call("autoscaling", "delete_lifecycle_hook", AutoScalingGroupName="judged", LifecycleHookName="wait")


def scheduled_actions(call):
    call("autoscaling", "create_auto_scaling_group", **group_settings(call))
    call(
        "autoscaling",
        "put_scheduled_update_group_action",
        AutoScalingGroupName="judged",
        ScheduledActionName="night",
        Recurrence="0 22 * * *",
        MinSize=0,
    )
    call("autoscaling", "describe_scheduled_actions", AutoScalingGroupName="judged")
    call("autoscaling", "delete_scheduled_action", AutoScalingGroupName="judged", ScheduledActionName="night")


def instance_refresh(call):
    call("autoscaling", "create_auto_scaling_group", **group_settings(call))
    call("autoscaling", "describe_instance_refreshes", AutoScalingGroupName="judged")
    call("autoscaling", "cancel_instance_refresh", AutoScalingGroupName="judged")


SEQUENCES = {
    f"compute {function.__name__.replace('_', ' ')}": function
    for function in (
        launch_template_life,
        launch_template_versions,
        launch_template_refusals,
        instance_life,
        instance_refusals,
        instance_in_its_subnet,
        load_balancer_life,
        load_balancer_refusals,
        load_balancer_without_a_gateway,
        load_balancer_twice,
        target_group_life,
        target_group_twice,
        listener_life,
        load_balancer_tags,
        auto_scaling_group_life,
        auto_scaling_group_refusals,
        auto_scaling_group_twice,
        scaling_policies,
        lifecycle_hooks,
        scheduled_actions,
        instance_refresh,
    )
}
