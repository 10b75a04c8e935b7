"""EC2: security groups and their rules."""

from . import worlds
from .expect import expect, expect_true, refused, tags_of
from .registry import check
from .worlds import named, tagged

NOBODY = "sg-0123456789abcdef0"


def port(number, **source):
    """A permission for one TCP port."""
    return {"IpProtocol": "tcp", "FromPort": number, "ToPort": number, **source}


def from_range(number, cidr, **more):
    """A permission for one TCP port from a range."""
    return port(number, IpRanges=[{"CidrIp": cidr, **more}])


def from_group(number, group):
    """A permission for one TCP port from the members of a group."""
    return port(number, UserIdGroupPairs=[{"GroupId": group}])


def rules(cloud, group, egress=False):
    """The rules of a group."""
    shown = cloud.ec2.describe_security_group_rules(Filters=named("group-id", group))["SecurityGroupRules"]
    return [rule for rule in shown if rule["IsEgress"] is egress]


@check("CreateSecurityGroup: shows name, description, VPC and tags, and may go anywhere")
def _(cloud):
    vpc = worlds.vpc(cloud)
    made = cloud.ec2.create_security_group(
        GroupName="web", Description="clones", VpcId=vpc, TagSpecifications=tagged("security-group", Name="web")
    )
    expect(tags_of(made.get("Tags")), {"Name": "web"}, "tags in the answer")
    group = cloud.ec2.describe_security_groups(GroupIds=[made["GroupId"]])["SecurityGroups"][0]
    expect((group["GroupName"], group["Description"], group["VpcId"]), ("web", "clones", vpc), "the group")
    expect(group["OwnerId"], cloud.account, "OwnerId")
    expect(group.get("IpPermissions", []), [], "what may come in")
    expect([rule["IpProtocol"] for rule in group["IpPermissionsEgress"]], ["-1"], "what may go out")
    expect(group["IpPermissionsEgress"][0]["IpRanges"], [{"CidrIp": "0.0.0.0/0"}], "where it may go")


@check("CreateSecurityGroup: the same name in the VPC is refused with InvalidGroup.Duplicate")
def _(cloud):
    vpc = worlds.vpc(cloud)
    worlds.security_group(cloud, vpc, "web")
    refused("InvalidGroup.Duplicate", cloud.ec2.create_security_group, GroupName="web", Description="x", VpcId=vpc)


@check("CreateSecurityGroup: the same name in another VPC is fine")
def _(cloud):
    first = worlds.security_group(cloud, worlds.vpc(cloud), "web")
    second = worlds.security_group(cloud, worlds.vpc(cloud, "10.5.0.0/16"), "web")
    expect_true(first != second, "both groups have one id")


@check("CreateSecurityGroup: a name that starts with sg- is refused with InvalidParameterValue")
def _(cloud):
    # API reference: "Cannot start with sg-".
    vpc = worlds.vpc(cloud)
    refused("InvalidParameterValue", cloud.ec2.create_security_group, GroupName="sg-web", Description="x", VpcId=vpc)


@check("CreateSecurityGroup: the name default is refused")
def _(cloud):
    vpc = worlds.vpc(cloud)
    refused(
        ("InvalidParameterValue", "InvalidGroup.Reserved", "InvalidGroup.Duplicate"),
        cloud.ec2.create_security_group,
        GroupName="default",
        Description="x",
        VpcId=vpc,
    )


@check("CreateSecurityGroup: in an unknown VPC is refused with InvalidVpcID.NotFound")
def _(cloud):
    refused(
        "InvalidVpcID.NotFound",
        cloud.ec2.create_security_group,
        GroupName="web",
        Description="x",
        VpcId="vpc-0123456789abcdef0",
    )


@check("DescribeSecurityGroups: an unknown id is refused with InvalidGroup.NotFound")
def _(cloud):
    refused("InvalidGroup.NotFound", cloud.ec2.describe_security_groups, GroupIds=[NOBODY])


@check("DescribeSecurityGroups: filters by VPC with name, and by tag")
def _(cloud):
    vpc = worlds.vpc(cloud)
    made = worlds.security_group(cloud, vpc, "web")
    stack = cloud.name("stack")
    cloud.ec2.create_tags(Resources=[made], Tags=[{"Key": "Stack", "Value": stack}])

    def found(filters):
        return [group["GroupId"] for group in cloud.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]]

    expect(found(named("vpc-id", vpc) + named("group-name", "web")), [made], "vpc-id and group-name")
    expect(found(named("tag:Stack", stack)), [made], "tag:Stack")
    expect(found(named("tag:Stack", cloud.name("stack"))), [], "tag:Stack of nobody")


@check("AuthorizeSecurityGroupIngress: answers rules with ids and tags, which DescribeSecurityGroupRules shows")
def _(cloud):
    group = worlds.security_group(cloud, worlds.vpc(cloud))
    answer = cloud.ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[from_range(443, "192.0.2.0/24", Description="office")],
        TagSpecifications=tagged("security-group-rule", Name="https"),
    )
    expect(answer["Return"], True, "Return")
    rule = answer["SecurityGroupRules"][0]
    expect_true(rule["SecurityGroupRuleId"].startswith("sgr-"), f"id {rule['SecurityGroupRuleId']}")
    shown = rules(cloud, group)
    expect([found["SecurityGroupRuleId"] for found in shown], [rule["SecurityGroupRuleId"]], "rules by group-id")
    expect((shown[0]["FromPort"], shown[0]["ToPort"], shown[0]["CidrIpv4"]), (443, 443, "192.0.2.0/24"), "the rule")
    expect(shown[0]["Description"], "office", "Description")
    expect(tags_of(shown[0]["Tags"]), {"Name": "https"}, "tags")


@check("AuthorizeSecurityGroupIngress: from a group shows that group and its owner")
def _(cloud):
    vpc = worlds.vpc(cloud)
    web, database = worlds.security_group(cloud, vpc), worlds.security_group(cloud, vpc)
    cloud.ec2.authorize_security_group_ingress(GroupId=database, IpPermissions=[from_group(3306, web)])
    expect(rules(cloud, database)[0]["ReferencedGroupInfo"]["GroupId"], web, "ReferencedGroupInfo")
    shown = cloud.ec2.describe_security_groups(GroupIds=[database])["SecurityGroups"][0]
    pair = shown["IpPermissions"][0]["UserIdGroupPairs"][0]
    expect((pair["GroupId"], pair["UserId"]), (web, cloud.account), "UserIdGroupPairs")


@check("AuthorizeSecurityGroupIngress: the same rule again is refused with InvalidPermission.Duplicate")
def _(cloud):
    group = worlds.security_group(cloud, worlds.vpc(cloud))
    request = {"GroupId": group, "IpPermissions": [from_range(443, "0.0.0.0/0")]}
    cloud.ec2.authorize_security_group_ingress(**request)
    refused("InvalidPermission.Duplicate", cloud.ec2.authorize_security_group_ingress, **request)


@check("AuthorizeSecurityGroupIngress: one duplicate fails the whole call and adds nothing")
def _(cloud):
    group = worlds.security_group(cloud, worlds.vpc(cloud))
    old, new = from_range(443, "0.0.0.0/0"), from_range(80, "0.0.0.0/0")
    cloud.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[old])
    refused(
        "InvalidPermission.Duplicate",
        cloud.ec2.authorize_security_group_ingress,
        GroupId=group,
        IpPermissions=[new, old],
    )
    expect(len(rules(cloud, group)), 1, "rules afterwards")


@check("AuthorizeSecurityGroupIngress: from an unknown group, or for an unknown one, is refused with NotFound")
def _(cloud):
    group = worlds.security_group(cloud, worlds.vpc(cloud))
    call = cloud.ec2.authorize_security_group_ingress
    refused("InvalidGroup.NotFound", call, GroupId=group, IpPermissions=[from_group(80, NOBODY)])
    refused("InvalidGroup.NotFound", call, GroupId=NOBODY, IpPermissions=[from_range(80, "0.0.0.0/0")])


@check("AuthorizeSecurityGroupIngress: a range that is none is refused with InvalidParameterValue")
def _(cloud):
    group = worlds.security_group(cloud, worlds.vpc(cloud))
    refused(
        "InvalidParameterValue",
        cloud.ec2.authorize_security_group_ingress,
        GroupId=group,
        IpPermissions=[from_range(80, "anywhere")],
    )


@check("RevokeSecurityGroupIngress: by permission and by rule id removes the rule")
def _(cloud):
    group = worlds.security_group(cloud, worlds.vpc(cloud))
    both = [from_range(80, "0.0.0.0/0"), from_range(443, "0.0.0.0/0")]
    cloud.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=both)
    cloud.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=both[:1])
    left = rules(cloud, group)
    expect([rule["FromPort"] for rule in left], [443], "rules after the first revoke")
    cloud.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[left[0]["SecurityGroupRuleId"]])
    expect(rules(cloud, group), [], "rules after the second revoke")


@check("RevokeSecurityGroupIngress: of a rule that is not there is refused with InvalidPermission.NotFound")
def _(cloud):
    group = worlds.security_group(cloud, worlds.vpc(cloud))
    refused(
        "InvalidPermission.NotFound",
        cloud.ec2.revoke_security_group_ingress,
        GroupId=group,
        IpPermissions=[from_range(80, "0.0.0.0/0")],
    )


@check("RevokeSecurityGroupEgress: takes the rule away that every group is born with")
def _(cloud):
    group = worlds.security_group(cloud, worlds.vpc(cloud))
    born = rules(cloud, group, egress=True)
    expect([rule["CidrIpv4"] for rule in born], ["0.0.0.0/0"], "the rule it is born with")
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    cloud.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything])
    expect(rules(cloud, group, egress=True), [], "egress rules afterwards")


@check("DeleteSecurityGroup: named in another group's rule is refused with DependencyViolation, then goes")
def _(cloud):
    vpc = worlds.vpc(cloud)
    web, database = worlds.security_group(cloud, vpc), worlds.security_group(cloud, vpc)
    permissions = [from_group(3306, web)]
    cloud.ec2.authorize_security_group_ingress(GroupId=database, IpPermissions=permissions)
    refused("DependencyViolation", cloud.ec2.delete_security_group, GroupId=web)
    cloud.ec2.revoke_security_group_ingress(GroupId=database, IpPermissions=permissions)
    cloud.ec2.delete_security_group(GroupId=web)
    refused("InvalidGroup.NotFound", cloud.ec2.delete_security_group, GroupId=web)


@check("DeleteSecurityGroup: named only in its own rule goes")
def _(cloud):
    group = worlds.security_group(cloud, worlds.vpc(cloud))
    cloud.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[from_group(80, group)])
    cloud.ec2.delete_security_group(GroupId=group)
    refused("InvalidGroup.NotFound", cloud.ec2.describe_security_groups, GroupIds=[group])


@check("DeleteSecurityGroup: of an instance is refused with DependencyViolation until it is terminated")
def _(cloud):
    vpc = worlds.vpc(cloud)
    group = worlds.security_group(cloud, vpc)
    instance = worlds.instance(cloud, worlds.subnet(cloud, vpc), SecurityGroupIds=[group])
    refused("DependencyViolation", cloud.ec2.delete_security_group, GroupId=group)
    worlds.terminated(cloud, instance)
    cloud.ec2.delete_security_group(GroupId=group)


@check("DeleteSecurityGroup: the default group is refused with CannotDelete")
def _(cloud):
    vpc = worlds.vpc(cloud)
    group = cloud.ec2.describe_security_groups(Filters=named("vpc-id", vpc))["SecurityGroups"][0]["GroupId"]
    refused("CannotDelete", cloud.ec2.delete_security_group, GroupId=group)
