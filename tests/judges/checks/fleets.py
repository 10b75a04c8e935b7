"""What checks of Auto Scaling need: groups whose instances are in service, and looks into them."""

from . import worlds


def group(cloud, net=None, template=None, size=1, **parameters):
    """A group over the subnets of a network whose instances are all in service, by its name."""
    net = net or worlds.network(cloud)
    name = cloud.name("group")
    settings = {"MinSize": 0, "MaxSize": 10, "DesiredCapacity": size} | parameters
    cloud.autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateId": template or worlds.launch_template(cloud), "Version": "1"},
        VPCZoneIdentifier=",".join(net.subnets),
        **settings,
    )
    settled(cloud, name, size)
    return name


def shown(cloud, name):
    """A group as Describe shows it, or None."""
    found = cloud.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return found[0] if found else None


def members(cloud, name, state=None):
    """The members of a group by id, all of them or those in one state."""
    held = shown(cloud, name)["Instances"]
    return {member["InstanceId"]: member for member in held if state in (None, member["LifecycleState"])}


def settled(cloud, name, size, seconds=900):
    """Wait until exactly so many members are there and all of them are in service; returns them."""

    def ready():
        everyone = members(cloud, name)
        serving = [member for member in everyone.values() if member["LifecycleState"] == "InService"]
        return len(everyone) == len(serving) == size

    cloud.until(ready, seconds, f"{size} instances are in service and no other is there")
    return members(cloud, name)


def held(cloud, name, state, seconds=600):
    """Wait until one member is in the state; returns its id."""
    return min(cloud.until(lambda: members(cloud, name, state), seconds, f"an instance is {state}"))


def activities(cloud, name):
    """The scaling activities of a group, newest first."""
    return cloud.autoscaling.describe_scaling_activities(AutoScalingGroupName=name)["Activities"]


def hook(cloud, name, transition="LAUNCHING", **parameters):
    """A lifecycle hook that holds for two hours, by its name."""
    settings = {"HeartbeatTimeout": 7200, "DefaultResult": "CONTINUE"} | parameters
    made = cloud.name("hook")
    cloud.autoscaling.put_lifecycle_hook(
        LifecycleHookName=made,
        AutoScalingGroupName=name,
        LifecycleTransition=f"autoscaling:EC2_INSTANCE_{transition}",
        **settings,
    )
    return made


def resize(cloud, name, size):
    """Ask for another number of instances."""
    cloud.autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=size)
