"""Auto Scaling: lifecycle hooks, scale-in protection, suspended processes, policies, schedules, metrics."""

from datetime import timedelta

from . import fleets, worlds
from .auto_scaling import request
from .expect import expect, expect_true, refused
from .registry import check


def empty_group(cloud):
    """A group without instances, by its name."""
    wanted = request(cloud)
    cloud.autoscaling.create_auto_scaling_group(**wanted)
    return wanted["AutoScalingGroupName"]


def policy(cloud, name, **parameters):
    """A policy, as PutScalingPolicy answers it."""
    return cloud.autoscaling.put_scaling_policy(AutoScalingGroupName=name, PolicyName="policy", **parameters)


def cpu(target):
    """Target tracking on the group's CPU."""
    metric = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}}
    return {"PolicyType": "TargetTrackingScaling", "TargetTrackingConfiguration": metric | {"TargetValue": target}}


# Without warm-up, because instances that are warming up are part of the answer to an alarm.
STEPS = {
    "PolicyType": "StepScaling",
    "AdjustmentType": "ChangeInCapacity",
    "EstimatedInstanceWarmup": 0,
    "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
}


@check("PutLifecycleHook: shows with AWS's defaults: an hour, ABANDON, at most 48 hours in all")
def _(cloud):
    name = empty_group(cloud)
    cloud.autoscaling.put_lifecycle_hook(
        LifecycleHookName="hook",
        AutoScalingGroupName=name,
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
    )
    shown = cloud.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"][0]
    expect((shown["HeartbeatTimeout"], shown["DefaultResult"]), (3600, "ABANDON"), "timeout and result")
    # API reference: "the maximum is 172800 seconds (48 hours) or 100 times HeartbeatTimeout, whichever is smaller".
    expect(shown["GlobalTimeout"], 172800, "GlobalTimeout")


@check("PutLifecycleHook: the same name overwrites; heartbeats under 30 s are refused with ValidationError")
def _(cloud):
    name = empty_group(cloud)
    settings = {
        "LifecycleHookName": "hook",
        "AutoScalingGroupName": name,
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
    }
    for timeout in (60, 90):
        cloud.autoscaling.put_lifecycle_hook(HeartbeatTimeout=timeout, **settings)
    shown = cloud.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]
    expect([hook["HeartbeatTimeout"] for hook in shown], [90], "timeouts of the hooks")
    refused("ValidationError", cloud.autoscaling.put_lifecycle_hook, HeartbeatTimeout=29, **settings)


@check("A launching hook holds the instance in Pending:Wait until CONTINUE lets it into service")
def _(cloud):
    name = fleets.group(cloud, size=0)
    hook = fleets.hook(cloud, name)
    fleets.resize(cloud, name, 1)
    instance = fleets.held(cloud, name, "Pending:Wait")
    expect(worlds.instance_state(cloud, instance), "running", "the state in EC2 meanwhile")
    cloud.autoscaling.complete_lifecycle_action(
        LifecycleHookName=hook, AutoScalingGroupName=name, InstanceId=instance, LifecycleActionResult="CONTINUE"
    )
    expect(set(fleets.settled(cloud, name, 1)), {instance}, "the instance in service")


@check("A launching hook that is ABANDONed terminates the instance, and the group launches another")
def _(cloud):
    name = fleets.group(cloud, size=0)
    hook = fleets.hook(cloud, name)
    fleets.resize(cloud, name, 1)
    instance = fleets.held(cloud, name, "Pending:Wait")
    cloud.autoscaling.complete_lifecycle_action(
        LifecycleHookName=hook, AutoScalingGroupName=name, InstanceId=instance, LifecycleActionResult="ABANDON"
    )
    cloud.until(lambda: worlds.instance_state(cloud, instance) == "terminated", 900, "it is terminated")
    cloud.until(lambda: set(fleets.members(cloud, name)) - {instance}, 900, "another one is launched")


@check("A launching hook that times out with CONTINUE lets the instance into service")
def _(cloud):
    name = fleets.group(cloud, size=0)
    fleets.hook(cloud, name, HeartbeatTimeout=30, DefaultResult="CONTINUE")
    fleets.resize(cloud, name, 1)
    fleets.settled(cloud, name, 1)


@check("A launching hook that times out with ABANDON terminates the instance")
def _(cloud):
    name = fleets.group(cloud, size=0)
    fleets.hook(cloud, name, HeartbeatTimeout=cloud.lasting(1, least=30, most=7200), DefaultResult="ABANDON")
    fleets.resize(cloud, name, 1)
    instance = fleets.held(cloud, name, "Pending:Wait")
    cloud.until(lambda: worlds.instance_state(cloud, instance) == "terminated", 9000, "it is terminated")


@check("A terminating hook holds the instance in Terminating:Wait while EC2 still runs it")
def _(cloud):
    name = fleets.group(cloud, size=1)
    hook = fleets.hook(cloud, name, "TERMINATING")
    fleets.resize(cloud, name, 0)
    instance = fleets.held(cloud, name, "Terminating:Wait")
    expect(worlds.instance_state(cloud, instance), "running", "the state in EC2 meanwhile")
    cloud.autoscaling.record_lifecycle_action_heartbeat(
        LifecycleHookName=hook, AutoScalingGroupName=name, InstanceId=instance
    )
    cloud.autoscaling.complete_lifecycle_action(
        LifecycleHookName=hook, AutoScalingGroupName=name, InstanceId=instance, LifecycleActionResult="CONTINUE"
    )
    cloud.until(lambda: worlds.instance_state(cloud, instance) == "terminated", 900, "it is terminated")
    cloud.until(lambda: not fleets.members(cloud, name), 300, "the group has no member")


@check("CompleteLifecycleAction: without an action under way is refused with ValidationError")
def _(cloud):
    name = fleets.group(cloud, size=1)
    hook = fleets.hook(cloud, name)
    refused(
        "ValidationError",
        cloud.autoscaling.complete_lifecycle_action,
        LifecycleHookName=hook,
        AutoScalingGroupName=name,
        InstanceId=min(fleets.members(cloud, name)),
        LifecycleActionResult="CONTINUE",
    )


@check("DeleteLifecycleHook: the hook is gone; an unknown one is refused with ValidationError")
def _(cloud):
    name = empty_group(cloud)
    hook = fleets.hook(cloud, name)
    cloud.autoscaling.delete_lifecycle_hook(LifecycleHookName=hook, AutoScalingGroupName=name)
    expect(cloud.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"], [], "hooks")
    refused(
        "ValidationError", cloud.autoscaling.delete_lifecycle_hook, LifecycleHookName=hook, AutoScalingGroupName=name
    )


@check("SetInstanceProtection: the protected instance survives scale-in")
def _(cloud):
    name = fleets.group(cloud, size=3)
    protected = max(fleets.members(cloud, name))
    cloud.autoscaling.set_instance_protection(
        AutoScalingGroupName=name, InstanceIds=[protected], ProtectedFromScaleIn=True
    )
    expect(fleets.members(cloud, name)[protected]["ProtectedFromScaleIn"], True, "ProtectedFromScaleIn")
    fleets.resize(cloud, name, 1)
    expect(set(fleets.settled(cloud, name, 1)), {protected}, "the instance that stays")


@check("NewInstancesProtectedFromScaleIn: instances are born protected, and scale-in to nothing waits for them")
def _(cloud):
    name = fleets.group(cloud, size=1, NewInstancesProtectedFromScaleIn=True)
    instance = min(fleets.members(cloud, name))
    expect(fleets.members(cloud, name)[instance]["ProtectedFromScaleIn"], True, "ProtectedFromScaleIn")
    fleets.resize(cloud, name, 0)
    expect(set(fleets.members(cloud, name, "InService")), {instance}, "instances right after scale-in")
    cloud.autoscaling.set_instance_protection(
        AutoScalingGroupName=name, InstanceIds=[instance], ProtectedFromScaleIn=False
    )
    cloud.until(lambda: not fleets.members(cloud, name), 1200, "without protection it goes")


@check("SuspendProcesses: without Launch nothing is launched until ResumeProcesses")
def _(cloud):
    name = fleets.group(cloud, size=1)
    cloud.autoscaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
    suspended = [held["ProcessName"] for held in fleets.shown(cloud, name)["SuspendedProcesses"]]
    expect(suspended, ["Launch"], "SuspendedProcesses")
    fleets.resize(cloud, name, 2)
    # What comes into service after this cannot have been launched by the suspended group.
    other = fleets.group(cloud, size=1)
    expect(len(fleets.members(cloud, name)), 1, f"instances once the group {other} had launched one")
    cloud.autoscaling.resume_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
    fleets.settled(cloud, name, 2)


@check("EnableMetricsCollection: shows all metrics at one minute, DisableMetricsCollection none")
def _(cloud):
    name = empty_group(cloud)
    cloud.autoscaling.enable_metrics_collection(AutoScalingGroupName=name, Granularity="1Minute")
    shown = {held["Metric"]: held["Granularity"] for held in fleets.shown(cloud, name)["EnabledMetrics"]}
    expect_true({"GroupInServiceInstances", "GroupDesiredCapacity"} <= set(shown), f"EnabledMetrics {sorted(shown)}")
    expect(set(shown.values()), {"1Minute"}, "Granularity")
    cloud.autoscaling.disable_metrics_collection(AutoScalingGroupName=name)
    expect(fleets.shown(cloud, name).get("EnabledMetrics", []), [], "EnabledMetrics afterwards")


@check("PutScalingPolicy: target tracking makes two alarms in CloudWatch, which go with the policy")
def _(cloud):
    name = empty_group(cloud)
    made = policy(cloud, name, **cpu(50.0))
    names = sorted(alarm["AlarmName"] for alarm in made["Alarms"])
    expect([alarm.split("-")[0] for alarm in names], ["TargetTracking"] * 2, "alarms of the policy")
    alarms = cloud.cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
    expect(sorted(alarm["AlarmName"] for alarm in alarms), names, "alarms in CloudWatch")
    expect({alarm["AlarmActions"][0] for alarm in alarms}, {made["PolicyARN"]}, "what the alarms do")
    cloud.autoscaling.delete_policy(AutoScalingGroupName=name, PolicyName="policy")
    expect(cloud.cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"], [], "alarms after DeletePolicy")


@check("PutScalingPolicy: the same name overwrites and keeps its ARN")
def _(cloud):
    name = empty_group(cloud)
    first = policy(cloud, name, **cpu(50.0))["PolicyARN"]
    expect(policy(cloud, name, **cpu(70.0))["PolicyARN"], first, "PolicyARN")
    shown = cloud.autoscaling.describe_policies(AutoScalingGroupName=name)["ScalingPolicies"]
    targets = [held["TargetTrackingConfiguration"]["TargetValue"] for held in shown]
    expect(targets, [70.0], "targets of the policies")


@check("PutScalingPolicy: metric math comes back as it was given")
def _(cloud):
    name = empty_group(cloud)
    queue = {"Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible"}
    metrics = [
        {
            "Id": "m1",
            "MetricStat": {"Metric": {**queue, "Dimensions": [{"Name": "QueueName", "Value": "q"}]}, "Stat": "Sum"},
            "ReturnData": False,
        },
        {"Id": "e1", "Expression": "m1 / 10", "ReturnData": True},
    ]
    tracking = {"CustomizedMetricSpecification": {"Metrics": metrics}, "TargetValue": 100.0}
    policy(cloud, name, PolicyType="TargetTrackingScaling", TargetTrackingConfiguration=tracking)
    shown = cloud.autoscaling.describe_policies(AutoScalingGroupName=name)["ScalingPolicies"][0]
    expect(shown["TargetTrackingConfiguration"]["CustomizedMetricSpecification"]["Metrics"], metrics, "Metrics")


@check("DescribePolicies: finds by name and by type; deleting an unknown policy is refused with ValidationError")
def _(cloud):
    name = empty_group(cloud)
    policy(cloud, name, **cpu(50.0))
    cloud.autoscaling.put_scaling_policy(AutoScalingGroupName=name, PolicyName="steps", **STEPS)

    def found(**parameters):
        shown = cloud.autoscaling.describe_policies(AutoScalingGroupName=name, **parameters)["ScalingPolicies"]
        return sorted(held["PolicyName"] for held in shown)

    expect(found(), ["policy", "steps"], "all policies")
    expect(found(PolicyNames=["steps"]), ["steps"], "PolicyNames")
    expect(found(PolicyTypes=["TargetTrackingScaling"]), ["policy"], "PolicyTypes")
    refused("ValidationError", cloud.autoscaling.delete_policy, AutoScalingGroupName=name, PolicyName="nobody")


@check("ExecutePolicy: a step policy changes the desired capacity")
def _(cloud):
    name = fleets.group(cloud, size=1)
    cloud.autoscaling.put_scaling_policy(AutoScalingGroupName=name, PolicyName="steps", **STEPS)
    cloud.autoscaling.execute_policy(
        AutoScalingGroupName=name, PolicyName="steps", MetricValue=10.0, BreachThreshold=5.0
    )
    cloud.until(lambda: fleets.shown(cloud, name)["DesiredCapacity"] == 2, 60, "DesiredCapacity is 2")
    fleets.settled(cloud, name, 2)


@check("PutScheduledUpdateGroupAction: shows, the same name overwrites, and deletion leaves nothing")
def _(cloud):
    name = empty_group(cloud)
    settings = {"AutoScalingGroupName": name, "ScheduledActionName": "nightly", "Recurrence": "0 22 * * *"}
    for size in (1, 2):
        cloud.autoscaling.put_scheduled_update_group_action(DesiredCapacity=size, **settings)
    shown = cloud.autoscaling.describe_scheduled_actions(AutoScalingGroupName=name)["ScheduledUpdateGroupActions"]
    expect([(held["DesiredCapacity"], held["Recurrence"]) for held in shown], [(2, "0 22 * * *")], "actions")
    expect_true(shown[0].get("StartTime"), "a recurring action shows no StartTime of its next run")
    cloud.autoscaling.delete_scheduled_action(AutoScalingGroupName=name, ScheduledActionName="nightly")
    shown = cloud.autoscaling.describe_scheduled_actions(AutoScalingGroupName=name)["ScheduledUpdateGroupActions"]
    expect(shown, [], "actions afterwards")


@check("PutScheduledUpdateGroupAction: changes the group at its time and is then forgotten")
def _(cloud):
    name = fleets.group(cloud, size=1)
    delay = cloud.lasting(3, least=60, most=86400)
    start = cloud.now() + timedelta(seconds=delay)
    cloud.autoscaling.put_scheduled_update_group_action(
        AutoScalingGroupName=name, ScheduledActionName="once", StartTime=start, DesiredCapacity=2
    )
    expect(fleets.shown(cloud, name)["DesiredCapacity"], 1, "DesiredCapacity before the time has come")
    cloud.until(lambda: fleets.shown(cloud, name)["DesiredCapacity"] == 2, delay + 600, "DesiredCapacity is 2")
    cloud.until(
        lambda: not cloud.autoscaling.describe_scheduled_actions(AutoScalingGroupName=name)[
            "ScheduledUpdateGroupActions"
        ],
        120,
        "the action is forgotten",
    )
