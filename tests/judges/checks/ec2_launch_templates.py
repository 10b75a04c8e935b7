"""EC2: launch templates and their versions."""

from . import worlds
from .expect import attempt, expect, expect_true, refused, tags_of
from .registry import check
from .worlds import named, tagged

NOBODY = "lt-0123456789abcdef0"
SMALL = {"InstanceType": "t3.small"}


def create(cloud, name=None, data=None, **parameters):
    """A launch template as CreateLaunchTemplate answers it."""
    return cloud.ec2.create_launch_template(
        LaunchTemplateName=name or cloud.name("template"), LaunchTemplateData=data or SMALL, **parameters
    )["LaunchTemplate"]


def versions(cloud, template, **parameters):
    """The versions of a template as Describe shows them."""
    answer = cloud.ec2.describe_launch_template_versions(LaunchTemplateId=template, **parameters)
    return answer["LaunchTemplateVersions"]


@check("CreateLaunchTemplate: version 1 is default and latest; Describe shows it with its tags")
def _(cloud):
    name = cloud.name("template")
    made = create(cloud, name, TagSpecifications=tagged("launch-template", Name="web"))
    expect((made["DefaultVersionNumber"], made["LatestVersionNumber"]), (1, 1), "versions")
    shown = cloud.ec2.describe_launch_templates(LaunchTemplateNames=[name])["LaunchTemplates"][0]
    expect(shown["LaunchTemplateId"], made["LaunchTemplateId"], "LaunchTemplateId")
    expect(tags_of(shown["Tags"]), {"Name": "web"}, "tags")


@check("CreateLaunchTemplate: the same name is refused with InvalidLaunchTemplateName.AlreadyExistsException")
def _(cloud):
    name = cloud.name("template")
    create(cloud, name)
    refused(
        "InvalidLaunchTemplateName.AlreadyExistsException",
        cloud.ec2.create_launch_template,
        LaunchTemplateName=name,
        LaunchTemplateData=SMALL,
    )


@check("CreateLaunchTemplate: the same client token answers the same template")
def _(cloud):
    name, token = cloud.name("template"), cloud.name("token")
    first = create(cloud, name, ClientToken=token)["LaunchTemplateId"]
    expect(create(cloud, name, ClientToken=token)["LaunchTemplateId"], first, "the second answer's id")


@check("CreateLaunchTemplate: the client token with other data is refused with IdempotentParameterMismatch")
def _(cloud):
    name, token = cloud.name("template"), cloud.name("token")
    create(cloud, name, ClientToken=token)
    refused(
        "IdempotentParameterMismatch",
        cloud.ec2.create_launch_template,
        LaunchTemplateName=name,
        LaunchTemplateData={"InstanceType": "t3.large"},
        ClientToken=token,
    )


@check("CreateLaunchTemplate: what it was given comes back, options nested in it included")
def _(cloud):
    data = {
        "ImageId": worlds.image(cloud),
        "InstanceType": "t3.small",
        "UserData": "IyEvYmluL3NoCg==",
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled"},
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "VolumeType": "gp3", "Encrypted": True}}
        ],
        "Monitoring": {"Enabled": True},
        "TagSpecifications": tagged("instance", Name="clone"),
    }
    template = create(cloud, data=data)["LaunchTemplateId"]
    shown = versions(cloud, template, Versions=["1"])[0]["LaunchTemplateData"]
    expect({key: value for key, value in shown.items() if key in data}, data, "LaunchTemplateData")


@check("CreateLaunchTemplateVersion: numbers go up, the default stays, VersionDescription shows")
def _(cloud):
    template = create(cloud)["LaunchTemplateId"]
    made = cloud.ec2.create_launch_template_version(
        LaunchTemplateId=template, LaunchTemplateData={"InstanceType": "t3.large"}, VersionDescription="two"
    )["LaunchTemplateVersion"]
    expect((made["VersionNumber"], made["DefaultVersion"], made["VersionDescription"]), (2, False, "two"), "version")
    shown = cloud.ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"][0]
    expect((shown["DefaultVersionNumber"], shown["LatestVersionNumber"]), (1, 2), "default and latest")


@check("CreateLaunchTemplateVersion: with a source version inherits what it doesn't say")
def _(cloud):
    image = worlds.image(cloud)
    template = create(cloud, data={"ImageId": image, "InstanceType": "t3.small"})["LaunchTemplateId"]
    cloud.ec2.create_launch_template_version(
        LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.large"}
    )
    data = versions(cloud, template, Versions=["2"])[0]["LaunchTemplateData"]
    expect((data.get("ImageId"), data["InstanceType"]), (image, "t3.large"), "image and type of version 2")


@check("CreateLaunchTemplateVersion: without a source version inherits nothing")
def _(cloud):
    template = create(cloud, data={"ImageId": worlds.image(cloud), "InstanceType": "t3.small"})["LaunchTemplateId"]
    cloud.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData={"InstanceType": "t3.nano"})
    data = versions(cloud, template, Versions=["2"])[0]["LaunchTemplateData"]
    expect(data.get("ImageId"), None, "the image of version 2")


@check("CreateLaunchTemplateVersion: the same client token answers the same version")
def _(cloud):
    template = create(cloud)["LaunchTemplateId"]
    request = {
        "LaunchTemplateId": template,
        "LaunchTemplateData": {"InstanceType": "t3.large"},
        "ClientToken": cloud.name("token"),
    }
    for _number in range(2):
        answer = cloud.ec2.create_launch_template_version(**request)["LaunchTemplateVersion"]
        expect(answer["VersionNumber"], 2, "VersionNumber")
    expect(len(versions(cloud, template)), 2, "versions afterwards")


@check("CreateLaunchTemplateVersion: of an unknown template is refused with InvalidLaunchTemplateId.NotFound")
def _(cloud):
    refused(
        ("InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.NotFoundException"),
        cloud.ec2.create_launch_template_version,
        LaunchTemplateId=NOBODY,
        LaunchTemplateData=SMALL,
    )


@check("DescribeLaunchTemplates: unknown ids and names are refused with their NotFound")
def _(cloud):
    call = cloud.ec2.describe_launch_templates
    refused("InvalidLaunchTemplateId.NotFound", call, LaunchTemplateIds=[NOBODY])
    refused("InvalidLaunchTemplateName.NotFoundException", call, LaunchTemplateNames=[cloud.name("nobody")])


@check("DescribeLaunchTemplates: filters by tag and name")
def _(cloud):
    stack = cloud.name("stack")
    made = create(cloud, TagSpecifications=tagged("launch-template", Stack=stack))
    create(cloud)

    def found(name, value):
        answer = cloud.ec2.describe_launch_templates(Filters=named(name, value))
        return [template["LaunchTemplateId"] for template in answer["LaunchTemplates"]]

    expect(found("tag:Stack", stack), [made["LaunchTemplateId"]], "tag:Stack")
    expect(found("tag:Stack", cloud.name("stack")), [], "tag:Stack of nobody")
    expect(found("launch-template-name", made["LaunchTemplateName"]), [made["LaunchTemplateId"]], "the name")


@check("DescribeLaunchTemplateVersions: $Default and $Latest name versions, an unknown number is refused")
def _(cloud):
    template = create(cloud)["LaunchTemplateId"]
    cloud.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData={"InstanceType": "t3.nano"})
    expect([version["VersionNumber"] for version in versions(cloud, template, Versions=["$Default"])], [1], "$Default")
    expect([version["VersionNumber"] for version in versions(cloud, template, Versions=["$Latest"])], [2], "$Latest")
    refused(
        "InvalidLaunchTemplateId.VersionNotFound",
        cloud.ec2.describe_launch_template_versions,
        LaunchTemplateId=template,
        Versions=["7"],
    )


@check("ModifyLaunchTemplate: sets the default version")
def _(cloud):
    template = create(cloud)["LaunchTemplateId"]
    cloud.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData={"InstanceType": "t3.nano"})
    answer = cloud.ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
    expect(answer["LaunchTemplate"]["DefaultVersionNumber"], 2, "DefaultVersionNumber in the answer")
    expect([version["VersionNumber"] for version in versions(cloud, template, Versions=["$Default"])], [2], "$Default")


@check("DeleteLaunchTemplateVersions: removes a version whose number does not come again; never the default one")
def _(cloud):
    template = create(cloud)["LaunchTemplateId"]
    more = {"LaunchTemplateId": template, "LaunchTemplateData": {"InstanceType": "t3.nano"}}
    cloud.ec2.create_launch_template_version(**more)
    answer = cloud.ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["2"])
    gone = [version["VersionNumber"] for version in answer["SuccessfullyDeletedLaunchTemplateVersions"]]
    expect(gone, [2], "SuccessfullyDeletedLaunchTemplateVersions")
    made = cloud.ec2.create_launch_template_version(**more)["LaunchTemplateVersion"]["VersionNumber"]
    expect(made, 3, "the next version's number")
    answer, code = attempt(
        cloud.ec2.delete_launch_template_versions, LaunchTemplateId=template, Versions=["1"]
    )
    expect_true(
        code or answer.get("UnsuccessfullyDeletedLaunchTemplateVersions"), "the default version could be deleted"
    )
    expect([version["VersionNumber"] for version in versions(cloud, template, Versions=["$Default"])], [1], "$Default")


@check("DeleteLaunchTemplate: is gone, its name is free, twice is refused")
def _(cloud):
    made = create(cloud)
    template = made["LaunchTemplateId"]
    cloud.ec2.delete_launch_template(LaunchTemplateId=template)
    refused("InvalidLaunchTemplateId.NotFound", cloud.ec2.delete_launch_template, LaunchTemplateId=template)
    create(cloud, made["LaunchTemplateName"])
