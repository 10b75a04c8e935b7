"""Auto Scaling: instance refreshes, their progress, cancellation and rollback."""

from . import fleets, worlds
from .expect import expect, expect_true, refused
from .registry import check

ACTIVE = ("Pending", "InProgress")


def two_versions(cloud, size=2, **parameters):
    """A group on version 1 of a template that has a version 2, the template and the members."""
    template = worlds.launch_template(cloud)
    cloud.ec2.create_launch_template_version(
        LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.small"}
    )
    name = fleets.group(cloud, template=template, size=size, **parameters)
    return name, template, set(fleets.members(cloud, name))


def start(cloud, name, template=None, version="2", **preferences):
    """Start a refresh, by default without warm-up; returns its id."""
    request = {"Preferences": {"InstanceWarmup": 0} | preferences}
    if template:
        request["DesiredConfiguration"] = {"LaunchTemplate": {"LaunchTemplateId": template, "Version": version}}
    return cloud.autoscaling.start_instance_refresh(AutoScalingGroupName=name, **request)["InstanceRefreshId"]


def refresh(cloud, name, identifier):
    """A refresh as Describe shows it."""
    answer = cloud.autoscaling.describe_instance_refreshes(
        AutoScalingGroupName=name, InstanceRefreshIds=[identifier]
    )
    return answer["InstanceRefreshes"][0]


def ends(cloud, name, identifier, status, seconds=7200):
    """Wait until the refresh has the status; returns it."""
    cloud.until(lambda: refresh(cloud, name, identifier)["Status"] == status, seconds, f"the refresh is {status}")
    return refresh(cloud, name, identifier)


def versions(cloud, name):
    """The template versions of a group's members."""
    return sorted(member["LaunchTemplate"]["Version"] for member in fleets.members(cloud, name).values())


def slowly(cloud):
    """A warm-up that outlasts any check."""
    return cloud.lasting(30, least=600, most=86400)


@check("StartInstanceRefresh: replaces every instance, ends Successful at 100 %, and the group has the new version")
def _(cloud):
    name, template, old = two_versions(cloud)
    identifier = start(cloud, name, template)
    done = ends(cloud, name, identifier, "Successful")
    expect((done["PercentageComplete"], done["InstancesToUpdate"]), (100, 0), "progress")
    expect_true(done.get("StartTime") and done.get("EndTime"), "StartTime or EndTime is missing")
    new = set(fleets.settled(cloud, name, 2))
    expect(new & old, set(), "old instances that are still members")
    expect(versions(cloud, name), ["2", "2"], "versions of the members")
    expect(fleets.shown(cloud, name)["LaunchTemplate"]["Version"], "2", "the version of the group")
    for instance in old:
        cloud.until(lambda left=instance: worlds.instance_state(cloud, left) == "terminated", 900, "old ones are gone")


@check("StartInstanceRefresh: is Pending or InProgress first, below 100 %, with instances to update")
def _(cloud):
    name, template, _old = two_versions(cloud)
    identifier = start(cloud, name, template, InstanceWarmup=slowly(cloud))
    first = refresh(cloud, name, identifier)
    expect_true(first["Status"] in ACTIVE, f"Status {first['Status']}")
    expect(first["AutoScalingGroupName"], name, "AutoScalingGroupName")
    expect_true(first.get("PercentageComplete", 0) < 100, "PercentageComplete is 100 at once")
    expect(fleets.shown(cloud, name)["LaunchTemplate"]["Version"], "1", "the version of the group meanwhile")


@check("StartInstanceRefresh: shows preferences as given, with AWS's defaults for the others")
def _(cloud):
    name, template, _old = two_versions(cloud)
    given = {"MinHealthyPercentage": 50, "InstanceWarmup": slowly(cloud), "SkipMatching": True}
    identifier = start(cloud, name, template, **given)
    shown = refresh(cloud, name, identifier)["Preferences"]
    expect({key: shown.get(key) for key in given}, given, "preferences as given")
    expect(shown.get("AutoRollback", False), False, "AutoRollback")
    # Whether defaults are spelled out is not documented, only what they are.
    expect(shown.get("ScaleInProtectedInstances", "Wait"), "Wait", "ScaleInProtectedInstances")
    expect(shown.get("StandbyInstances", "Wait"), "Wait", "StandbyInstances")


@check("StartInstanceRefresh: a second one is refused with InstanceRefreshInProgress")
def _(cloud):
    name, template, _old = two_versions(cloud)
    start(cloud, name, template, InstanceWarmup=slowly(cloud))
    refused("InstanceRefreshInProgress", cloud.autoscaling.start_instance_refresh, AutoScalingGroupName=name)


@check("StartInstanceRefresh: rollback needs a desired configuration with a numbered version")
def _(cloud):
    # StartInstanceRefresh, AutoRollback; user guide "Undo changes with a rollback": $Latest and $Default don't do.
    name, template, _old = two_versions(cloud)
    preferences = {"AutoRollback": True}
    call = cloud.autoscaling.start_instance_refresh
    refused("ValidationError", call, AutoScalingGroupName=name, Preferences=preferences)
    for version in ("$Latest", "$Default"):
        configuration = {"LaunchTemplate": {"LaunchTemplateId": template, "Version": version}}
        refused(
            "ValidationError",
            call,
            AutoScalingGroupName=name,
            Preferences=preferences,
            DesiredConfiguration=configuration,
        )


@check("StartInstanceRefresh: unknown groups, versions and wrong percentages are refused with ValidationError")
def _(cloud):
    name, template, _old = two_versions(cloud, size=1)
    call = cloud.autoscaling.start_instance_refresh
    refused("ValidationError", call, AutoScalingGroupName=cloud.name("nobody"))
    unknown = {"LaunchTemplate": {"LaunchTemplateId": template, "Version": "9"}}
    refused("ValidationError", call, AutoScalingGroupName=name, DesiredConfiguration=unknown)
    # RefreshPreferences: the difference between maximum and minimum cannot exceed 100.
    percentages = {"MinHealthyPercentage": 50, "MaxHealthyPercentage": 200}
    refused("ValidationError", call, AutoScalingGroupName=name, Preferences=percentages)


@check("StartInstanceRefresh: with skip matching instances that are right already stay")
def _(cloud):
    name, template, old = two_versions(cloud)
    identifier = start(cloud, name, template, version="1", SkipMatching=True)
    ends(cloud, name, identifier, "Successful")
    expect(set(fleets.settled(cloud, name, 2)), old, "members afterwards")


@check("StartInstanceRefresh: without skip matching instances are replaced even if they are right already")
def _(cloud):
    name, template, old = two_versions(cloud)
    ends(cloud, name, start(cloud, name, template, version="1"), "Successful")
    expect(set(fleets.settled(cloud, name, 2)) & old, set(), "old instances that are still members")


@check("StartInstanceRefresh: with 100 % minimum and 200 % maximum as many serve as before at every moment")
def _(cloud):
    name, template, _old = two_versions(cloud)
    identifier = start(cloud, name, template, MinHealthyPercentage=100, MaxHealthyPercentage=200)
    fewest = []

    def done():
        fewest.append(len(fleets.members(cloud, name, "InService")))
        return refresh(cloud, name, identifier)["Status"] == "Successful"

    cloud.until(done, 7200, "the refresh is Successful")
    expect_true(min(fewest) >= 2, f"only {min(fewest)} of 2 were in service at some moment")


@check("StartInstanceRefresh: stops at a checkpoint with the percentage that it names")
def _(cloud):
    name, template, old = two_versions(cloud)
    delay = cloud.lasting(20, least=600, most=172800)
    identifier = start(cloud, name, template, CheckpointPercentages=[50, 100], CheckpointDelay=delay)
    cloud.until(
        lambda: refresh(cloud, name, identifier).get("PercentageComplete") == 50, 3600, "half of it is replaced"
    )
    expect(refresh(cloud, name, identifier)["Status"], "InProgress", "Status at the checkpoint")
    # The replaced one may still be on its way out.
    staying = set(fleets.members(cloud, name, "InService"))
    expect(len(staying & old), 1, "old instances at the checkpoint")


@check("StartInstanceRefresh: instances that are protected from scale-in hold it up; Ignore leaves them")
def _(cloud):
    name, template, old = two_versions(cloud)
    protected = min(old)
    cloud.autoscaling.set_instance_protection(
        AutoScalingGroupName=name, InstanceIds=[protected], ProtectedFromScaleIn=True
    )
    identifier = start(cloud, name, template, ScaleInProtectedInstances="Ignore")
    ends(cloud, name, identifier, "Successful")
    members = set(fleets.settled(cloud, name, 2))
    expect(members & old, {protected}, "old instances that are still members")


@check("CancelInstanceRefresh: goes by way of Cancelling to Cancelled and leaves a mixed group")
def _(cloud):
    name, template, _old = two_versions(cloud)
    identifier = start(cloud, name, template, InstanceWarmup=slowly(cloud))
    answer = cloud.autoscaling.cancel_instance_refresh(AutoScalingGroupName=name)
    expect(answer["InstanceRefreshId"], identifier, "InstanceRefreshId")
    expect_true(refresh(cloud, name, identifier)["Status"] in ("Cancelling", "Cancelled"), "the refresh goes on")
    ends(cloud, name, identifier, "Cancelled")
    expect(fleets.shown(cloud, name)["LaunchTemplate"]["Version"], "1", "the version of the group")


@check("CancelInstanceRefresh and Rollback: without one under way are refused with ActiveInstanceRefreshNotFound")
def _(cloud):
    name = fleets.group(cloud, size=0)
    for call in (cloud.autoscaling.cancel_instance_refresh, cloud.autoscaling.rollback_instance_refresh):
        refused("ActiveInstanceRefreshNotFound", call, AutoScalingGroupName=name)


@check("RollbackInstanceRefresh: ends RollbackSuccessful, all instances and the group on the old version")
def _(cloud):
    name, template, _old = two_versions(cloud)
    checkpoint = {"CheckpointPercentages": [50, 100], "CheckpointDelay": cloud.lasting(30, least=600, most=172800)}
    identifier = start(cloud, name, template, **checkpoint)
    cloud.until(lambda: "2" in versions(cloud, name), 3600, "an instance is replaced")
    answer = cloud.autoscaling.rollback_instance_refresh(AutoScalingGroupName=name)
    expect(answer["InstanceRefreshId"], identifier, "InstanceRefreshId")
    expect_true(refresh(cloud, name, identifier)["Status"].startswith("Rollback"), "the refresh is not rolled back")
    ends(cloud, name, identifier, "RollbackSuccessful")
    fleets.settled(cloud, name, 2)
    expect(versions(cloud, name), ["1", "1"], "versions of the members")
    expect(fleets.shown(cloud, name)["LaunchTemplate"]["Version"], "1", "the version of the group")


@check("RollbackInstanceRefresh: without a desired configuration is refused with IrreversibleInstanceRefresh")
def _(cloud):
    name, _template, _old = two_versions(cloud)
    start(cloud, name, InstanceWarmup=slowly(cloud))
    refused("IrreversibleInstanceRefresh", cloud.autoscaling.rollback_instance_refresh, AutoScalingGroupName=name)


@check("DescribeInstanceRefreshes: shows the newest first; a finished refresh stays")
def _(cloud):
    name, template, _old = two_versions(cloud, size=1)
    identifiers = []
    for version in ("2", "1"):
        identifiers.append(start(cloud, name, template, version=version))
        ends(cloud, name, identifiers[-1], "Successful")
    shown = cloud.autoscaling.describe_instance_refreshes(AutoScalingGroupName=name)["InstanceRefreshes"]
    expect([held["InstanceRefreshId"] for held in shown], identifiers[::-1], "refreshes")
