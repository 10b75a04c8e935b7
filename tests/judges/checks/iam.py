"""IAM: roles, inline and managed policies, instance profiles."""

import json

from . import worlds
from .expect import expect, expect_true, refused, tags_of
from .registry import check

READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
MANAGED_INSTANCE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


def document(action="s3:GetObject"):
    """A policy that allows one action everywhere."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role(cloud, **parameters):
    """A role that instances may take, by its name."""
    name = cloud.name("role")
    cloud.iam.create_role(RoleName=name, AssumeRolePolicyDocument=worlds.EC2_TRUST, **parameters)
    return name


def profile(cloud):
    """An instance profile, by its name."""
    name = cloud.name("profile")
    cloud.iam.create_instance_profile(InstanceProfileName=name)
    return name


def policy(cloud):
    """A managed policy of the account, by its ARN."""
    return cloud.iam.create_policy(PolicyName=cloud.name("policy"), PolicyDocument=document())["Policy"]["Arn"]


@check("CreateRole: shows ARN with path, trust, session length and tags; ListRoles shows no tags")
def _(cloud):
    name = cloud.name("role")
    made = cloud.iam.create_role(
        RoleName=name,
        Path="/web/",
        AssumeRolePolicyDocument=worlds.EC2_TRUST,
        Description="clones",
        Tags=[{"Key": "Name", "Value": "web"}],
    )["Role"]
    expect(made["Arn"], f"arn:aws:iam::{cloud.account}:role/web/{name}", "Arn")
    shown = cloud.iam.get_role(RoleName=name)["Role"]
    expect(shown["AssumeRolePolicyDocument"], json.loads(worlds.EC2_TRUST), "AssumeRolePolicyDocument")
    expect((shown["MaxSessionDuration"], shown["Description"]), (3600, "clones"), "session length, description")
    expect(tags_of(shown["Tags"]), {"Name": "web"}, "tags")
    expect_true(shown["RoleId"].startswith("AROA"), f"RoleId {shown['RoleId']}")
    # API reference of ListRoles: it "does not return … Tags".
    listed = cloud.iam.list_roles(PathPrefix="/web/")["Roles"]
    expect([held.get("Tags") for held in listed if held["RoleName"] == name], [None], "tags in ListRoles")


@check("CreateRole: the same name is refused with EntityAlreadyExists, in other letters too")
def _(cloud):
    name = role(cloud)
    for again in (name, name.upper()):
        refused(
            "EntityAlreadyExists",
            cloud.iam.create_role,
            RoleName=again,
            AssumeRolePolicyDocument=worlds.EC2_TRUST,
        )


@check("CreateRole: a trust policy that is none is refused with MalformedPolicyDocument")
def _(cloud):
    no_principal = document("sts:AssumeRole")
    for wrong in ("nonsense", "{}", no_principal):
        refused(
            "MalformedPolicyDocument",
            cloud.iam.create_role,
            RoleName=cloud.name("role"),
            AssumeRolePolicyDocument=wrong,
        )


@check("CreateRole: names longer than 64 and with odd signs are refused with ValidationError")
def _(cloud):
    for name in ("x" * 65, "a b"):
        refused(
            "ValidationError",
            cloud.iam.create_role,
            RoleName=name,
            AssumeRolePolicyDocument=worlds.EC2_TRUST,
        )


@check("GetRole and DeleteRole: an unknown role is refused with NoSuchEntity")
def _(cloud):
    nobody = cloud.name("nobody")
    refused("NoSuchEntity", cloud.iam.get_role, RoleName=nobody)
    refused("NoSuchEntity", cloud.iam.delete_role, RoleName=nobody)


@check("UpdateAssumeRolePolicy and UpdateRole: show in GetRole")
def _(cloud):
    name = role(cloud)
    trust = worlds.EC2_TRUST.replace("ec2.", "ecs-tasks.")
    cloud.iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    cloud.iam.update_role(RoleName=name, Description="other", MaxSessionDuration=7200)
    shown = cloud.iam.get_role(RoleName=name)["Role"]
    expect(shown["AssumeRolePolicyDocument"], json.loads(trust), "AssumeRolePolicyDocument")
    expect((shown["Description"], shown["MaxSessionDuration"]), ("other", 7200), "description, session length")
    refused("MalformedPolicyDocument", cloud.iam.update_assume_role_policy, RoleName=name, PolicyDocument="nonsense")


@check("TagRole and UntagRole: show in ListRoleTags")
def _(cloud):
    name = role(cloud, Tags=[{"Key": "a", "Value": "1"}])
    cloud.iam.tag_role(RoleName=name, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    cloud.iam.untag_role(RoleName=name, TagKeys=["b"])
    expect(tags_of(cloud.iam.list_role_tags(RoleName=name)["Tags"]), {"a": "2"}, "tags")


@check("PutRolePolicy: shows, overwrites, lists; a policy that is none is refused with MalformedPolicyDocument")
def _(cloud):
    name = role(cloud)
    for action in ("s3:GetObject", "s3:PutObject"):
        cloud.iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(action))
    shown = cloud.iam.get_role_policy(RoleName=name, PolicyName="inline")["PolicyDocument"]
    expect(shown, json.loads(document("s3:PutObject")), "PolicyDocument")
    expect(cloud.iam.list_role_policies(RoleName=name)["PolicyNames"], ["inline"], "PolicyNames")
    for wrong in ("nonsense", '{"Version": "2012-10-17"}'):
        refused(
            "MalformedPolicyDocument", cloud.iam.put_role_policy, RoleName=name, PolicyName="w", PolicyDocument=wrong
        )


@check("GetRolePolicy and DeleteRolePolicy: an unknown policy is refused with NoSuchEntity")
def _(cloud):
    name = role(cloud)
    refused("NoSuchEntity", cloud.iam.get_role_policy, RoleName=name, PolicyName="nobody")
    refused("NoSuchEntity", cloud.iam.delete_role_policy, RoleName=name, PolicyName="nobody")


@check("AttachRolePolicy: Amazon's policies can be attached, twice is no error, and detached once")
def _(cloud):
    name = role(cloud)
    for _number in range(2):
        cloud.iam.attach_role_policy(RoleName=name, PolicyArn=MANAGED_INSTANCE)
    attached = cloud.iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    expect([held["PolicyArn"] for held in attached], [MANAGED_INSTANCE], "AttachedPolicies")
    cloud.iam.detach_role_policy(RoleName=name, PolicyArn=MANAGED_INSTANCE)
    refused("NoSuchEntity", cloud.iam.detach_role_policy, RoleName=name, PolicyArn=MANAGED_INSTANCE)


@check("AttachRolePolicy: a policy that is not there is refused with NoSuchEntity")
def _(cloud):
    name = role(cloud)
    for arn in ("arn:aws:iam::aws:policy/NoSuchPolicy", f"arn:aws:iam::{cloud.account}:policy/nobody"):
        refused("NoSuchEntity", cloud.iam.attach_role_policy, RoleName=name, PolicyArn=arn)


@check("DeleteRole: with an attached or inline policy is refused with DeleteConflict")
def _(cloud):
    name = role(cloud)
    cloud.iam.attach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
    refused("DeleteConflict", cloud.iam.delete_role, RoleName=name)
    cloud.iam.detach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
    cloud.iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document())
    refused("DeleteConflict", cloud.iam.delete_role, RoleName=name)
    cloud.iam.delete_role_policy(RoleName=name, PolicyName="inline")
    cloud.iam.delete_role(RoleName=name)
    refused("NoSuchEntity", cloud.iam.get_role, RoleName=name)


@check("CreateInstanceProfile: shows its role; a second role is refused with LimitExceeded")
def _(cloud):
    name, first, second = profile(cloud), role(cloud), role(cloud)
    cloud.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=first)
    shown = cloud.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    expect([held["RoleName"] for held in shown["Roles"]], [first], "Roles")
    expect(shown["Arn"], f"arn:aws:iam::{cloud.account}:instance-profile/{name}", "Arn")
    refused("LimitExceeded", cloud.iam.add_role_to_instance_profile, InstanceProfileName=name, RoleName=second)
    found = cloud.iam.list_instance_profiles_for_role(RoleName=first)["InstanceProfiles"]
    expect([held["InstanceProfileName"] for held in found], [name], "profiles of the role")


@check("CreateInstanceProfile: the same name is refused with EntityAlreadyExists")
def _(cloud):
    refused("EntityAlreadyExists", cloud.iam.create_instance_profile, InstanceProfileName=profile(cloud))


@check("AddRoleToInstanceProfile: unknown roles and profiles are refused with NoSuchEntity")
def _(cloud):
    call, nobody = cloud.iam.add_role_to_instance_profile, cloud.name("nobody")
    refused("NoSuchEntity", call, InstanceProfileName=profile(cloud), RoleName=nobody)
    refused("NoSuchEntity", call, InstanceProfileName=nobody, RoleName=role(cloud))


@check("DeleteRole and DeleteInstanceProfile: while together are refused with DeleteConflict")
def _(cloud):
    together = {"InstanceProfileName": profile(cloud), "RoleName": role(cloud)}
    cloud.iam.add_role_to_instance_profile(**together)
    refused("DeleteConflict", cloud.iam.delete_role, RoleName=together["RoleName"])
    refused(
        "DeleteConflict", cloud.iam.delete_instance_profile, InstanceProfileName=together["InstanceProfileName"]
    )
    cloud.iam.remove_role_from_instance_profile(**together)
    cloud.iam.delete_instance_profile(InstanceProfileName=together["InstanceProfileName"])
    cloud.iam.delete_role(RoleName=together["RoleName"])
    missing = {"InstanceProfileName": together["InstanceProfileName"]}
    refused("NoSuchEntity", cloud.iam.get_instance_profile, **missing)


@check("CreatePolicy: version v1 is the default; the same name is refused; an attached one cannot be deleted")
def _(cloud):
    arn = policy(cloud)
    shown = cloud.iam.get_policy(PolicyArn=arn)["Policy"]
    expect((shown["DefaultVersionId"], shown["AttachmentCount"]), ("v1", 0), "version and attachments")
    version = cloud.iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    expect(version["Document"], json.loads(document()), "Document")
    name = arn.rsplit("/", 1)[-1]
    refused("EntityAlreadyExists", cloud.iam.create_policy, PolicyName=name, PolicyDocument=document())
    held_by = role(cloud)
    cloud.iam.attach_role_policy(RoleName=held_by, PolicyArn=arn)
    expect(cloud.iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"], 1, "AttachmentCount")
    refused("DeleteConflict", cloud.iam.delete_policy, PolicyArn=arn)
    cloud.iam.detach_role_policy(RoleName=held_by, PolicyArn=arn)
    cloud.iam.delete_policy(PolicyArn=arn)
    refused("NoSuchEntity", cloud.iam.get_policy, PolicyArn=arn)


@check("CreatePolicyVersion: a sixth is refused with LimitExceeded, the default one cannot be deleted")
def _(cloud):
    arn = policy(cloud)
    for _number in range(4):
        cloud.iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("s3:PutObject"), SetAsDefault=True)
    refused("LimitExceeded", cloud.iam.create_policy_version, PolicyArn=arn, PolicyDocument=document())
    expect(cloud.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"], "v5", "DefaultVersionId")
    refused("DeleteConflict", cloud.iam.delete_policy_version, PolicyArn=arn, VersionId="v5")


@check("ListRoles: MaxItems cuts pages and the marker leads through all of them")
def _(cloud):
    path = f"/{cloud.name('path')}/"
    names = sorted(role(cloud, Path=path) for _number in range(3))
    pages = cloud.pages(cloud.iam.list_roles, "Roles", token="Marker", PathPrefix=path, MaxItems=2)
    expect([len(page) for page in pages], [2, 1], "lengths of the pages")
    expect(sorted(held["RoleName"] for page in pages for held in page), names, "roles on all pages")


@check("ListEntitiesForPolicy: finds roles and users by path and kind, in pages")
def _(cloud):
    arn, path = policy(cloud), f"/{cloud.name('path')}/"
    names = sorted(role(cloud, Path=path) for _number in range(2))
    user = cloud.name("user")
    cloud.iam.create_user(UserName=user)
    for name in names:
        cloud.iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    cloud.iam.attach_user_policy(UserName=user, PolicyArn=arn)
    call = cloud.iam.list_entities_for_policy
    found = {"PolicyRoles": [], "PolicyUsers": []}
    marker = {}
    for number in range(1, 4):
        page = call(PolicyArn=arn, MaxItems=1, **marker)
        expect(len(page["PolicyRoles"] + page["PolicyUsers"]), 1, "entities on a page")
        expect(page["IsTruncated"], number < 3, f"IsTruncated of page {number}")
        found = {kind: held + page[kind] for kind, held in found.items()}
        marker = {"Marker": page.get("Marker")}
    expect(sorted(held["RoleName"] for held in found["PolicyRoles"]), names, "roles on all pages")
    expect([held["UserName"] for held in found["PolicyUsers"]], [user], "users on all pages")
    below = call(PolicyArn=arn, PathPrefix=path)
    expect((len(below["PolicyRoles"]), below["PolicyUsers"]), (2, []), "entities below the path")
    expect(call(PolicyArn=arn, EntityFilter="User")["PolicyRoles"], [], "roles when users are asked for")


@check("RoleLastUsed is in GetRole's answer only")
def _(cloud):
    # Reference, Role: RoleLastUsed is "returned" by GetRole, and by GetAccountAuthorizationDetails.
    made = cloud.iam.create_role(RoleName=cloud.name("role"), AssumeRolePolicyDocument=worlds.EC2_TRUST)["Role"]
    expect_true("RoleLastUsed" not in made, "CreateRole says RoleLastUsed")
    expect(cloud.iam.get_role(RoleName=made["RoleName"])["Role"].get("RoleLastUsed"), {}, "RoleLastUsed in GetRole")


@check("Tags of users, policies and instance profiles: are added, changed, listed and removed")
def _(cloud):
    user, arn, name = cloud.name("user"), policy(cloud), profile(cloud)
    cloud.iam.create_user(UserName=user)
    for kind, named in (
        ("user", {"UserName": user}),
        ("policy", {"PolicyArn": arn}),
        ("instance_profile", {"InstanceProfileName": name}),
    ):
        tag, untag = getattr(cloud.iam, f"tag_{kind}"), getattr(cloud.iam, f"untag_{kind}")
        tag(**named, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}])
        tag(**named, Tags=[{"Key": "a", "Value": "2"}])
        untag(**named, TagKeys=["b"])
        expect(tags_of(getattr(cloud.iam, f"list_{kind}_tags")(**named)["Tags"]), {"a": "2"}, f"tags of the {kind}")


@check("CreateServiceLinkedRole: has a name of its own; twice is refused with InvalidInput")
def _(cloud):
    # API reference: an existing one is "InvalidInput: Service role name … has been taken in this account".
    made = cloud.iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="check")
    expect(made["Role"]["RoleName"], "AWSServiceRoleForAutoScaling_check", "RoleName")
    expect(made["Role"]["Path"], "/aws-service-role/autoscaling.amazonaws.com/", "Path")
    refused(
        "InvalidInput",
        cloud.iam.create_service_linked_role,
        AWSServiceName="autoscaling.amazonaws.com",
        CustomSuffix="check",
    )


@check("RunInstances: an instance profile that is not there is refused with InvalidParameterValue")
def _(cloud):
    # AWS: "Value (…) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name".
    refused(
        "InvalidParameterValue",
        cloud.ec2.run_instances,
        ImageId=worlds.image(cloud),
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=worlds.subnet(cloud, worlds.vpc(cloud)),
        IamInstanceProfile={"Name": cloud.name("nobody")},
    )
