"""Secrets Manager: secrets, their versions, and deletion that waits."""

import uuid

from .expect import expect, expect_true, refused, tags_of
from .registry import check


def secret(cloud, value="one", **parameters):
    """A secret, by its name."""
    name = cloud.name("secret")
    cloud.secretsmanager.create_secret(Name=name, SecretString=value, **parameters)
    return name


def value(cloud, name, **parameters):
    """The value of a secret."""
    return cloud.secretsmanager.get_secret_value(SecretId=name, **parameters)["SecretString"]


@check("CreateSecret: ARN ends with six random signs; the token becomes the version; tags show")
def _(cloud):
    name, token = cloud.name("secret"), str(uuid.uuid4())
    made = cloud.secretsmanager.create_secret(
        Name=name, SecretString="one", ClientRequestToken=token, Tags=[{"Key": "Name", "Value": "db"}]
    )
    prefix = f"arn:aws:secretsmanager:{cloud.region}:{cloud.account}:secret:{name}-"
    expect_true(made["ARN"].startswith(prefix) and len(made["ARN"]) == len(prefix) + 6, f"ARN {made['ARN']}")
    expect((made["Name"], made["VersionId"]), (name, token), "name and version")
    shown = cloud.secretsmanager.describe_secret(SecretId=name)
    expect(shown["VersionIdsToStages"], {token: ["AWSCURRENT"]}, "VersionIdsToStages")
    expect(tags_of(shown["Tags"]), {"Name": "db"}, "tags")
    expect((value(cloud, name), value(cloud, made["ARN"])), ("one", "one"), "value by name and by ARN")


@check("CreateSecret: the same token and value succeed, another value is refused with ResourceExistsException")
def _(cloud):
    # API reference, ClientRequestToken: same version and value, "the request is ignored"; otherwise it fails.
    request = {"Name": cloud.name("secret"), "SecretString": "one", "ClientRequestToken": str(uuid.uuid4())}
    first = cloud.secretsmanager.create_secret(**request)
    expect(cloud.secretsmanager.create_secret(**request)["ARN"], first["ARN"], "the second answer's ARN")
    refused("ResourceExistsException", cloud.secretsmanager.create_secret, **request | {"SecretString": "two"})


@check("CreateSecret: a name that is there is refused with ResourceExistsException")
def _(cloud):
    name = secret(cloud)
    refused("ResourceExistsException", cloud.secretsmanager.create_secret, Name=name, SecretString="two")


@check("CreateSecret: odd names are refused with ValidationException or InvalidParameterException")
def _(cloud):
    for name in ("a b", "a?b"):
        refused(
            ("ValidationException", "InvalidParameterException"),
            cloud.secretsmanager.create_secret,
            Name=name,
            SecretString="x",
        )


@check("GetSecretValue and DescribeSecret: unknown secrets are refused with ResourceNotFoundException")
def _(cloud):
    nobody = cloud.name("nobody")
    refused("ResourceNotFoundException", cloud.secretsmanager.get_secret_value, SecretId=nobody)
    refused("ResourceNotFoundException", cloud.secretsmanager.describe_secret, SecretId=nobody)
    refused("ResourceNotFoundException", cloud.secretsmanager.delete_secret, SecretId=nobody)


@check("GetSecretValue: a secret without a value is refused with ResourceNotFoundException")
def _(cloud):
    # AWS: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT".
    name = cloud.name("secret")
    cloud.secretsmanager.create_secret(Name=name)
    refused("ResourceNotFoundException", cloud.secretsmanager.get_secret_value, SecretId=name)


@check("PutSecretValue: the new version is current, the old one previous")
def _(cloud):
    name = secret(cloud)
    cloud.secretsmanager.put_secret_value(SecretId=name, SecretString="two")
    expect((value(cloud, name), value(cloud, name, VersionStage="AWSPREVIOUS")), ("two", "one"), "both values")
    stages = cloud.secretsmanager.describe_secret(SecretId=name)["VersionIdsToStages"].values()
    expect(sorted(map(tuple, stages)), [("AWSCURRENT",), ("AWSPREVIOUS",)], "stages")


@check("PutSecretValue: the same token with the same value changes nothing, with another one is refused")
def _(cloud):
    name, token = secret(cloud), str(uuid.uuid4())
    for _number in range(2):
        cloud.secretsmanager.put_secret_value(SecretId=name, SecretString="two", ClientRequestToken=token)
    expect(value(cloud, name, VersionStage="AWSPREVIOUS"), "one", "the previous value")
    refused(
        "ResourceExistsException",
        cloud.secretsmanager.put_secret_value,
        SecretId=name,
        SecretString="three",
        ClientRequestToken=token,
    )


@check("UpdateSecret: changes description and value")
def _(cloud):
    name = secret(cloud)
    cloud.secretsmanager.update_secret(SecretId=name, Description="other", SecretString="two")
    expect(cloud.secretsmanager.describe_secret(SecretId=name)["Description"], "other", "Description")
    expect(value(cloud, name), "two", "the value")


@check("DeleteSecret: waits; meanwhile reading and re-creating are refused; RestoreSecret brings it back")
def _(cloud):
    name = secret(cloud)
    answer = cloud.secretsmanager.delete_secret(SecretId=name)
    # Without a window it is 30 days (API reference, RecoveryWindowInDays).
    days = (answer["DeletionDate"] - cloud.now()).total_seconds() / 86400
    expect_true(28 < days <= 30.1, f"the deletion is in {days:.1f} days")
    expect_true(cloud.secretsmanager.describe_secret(SecretId=name).get("DeletedDate"), "DeletedDate is missing")
    refused("InvalidRequestException", cloud.secretsmanager.get_secret_value, SecretId=name)
    refused("InvalidRequestException", cloud.secretsmanager.create_secret, Name=name, SecretString="x")
    cloud.secretsmanager.restore_secret(SecretId=name)
    expect(value(cloud, name), "one", "the value after RestoreSecret")


@check("DeleteSecret: by force it is gone and the name is free")
def _(cloud):
    name = secret(cloud)
    cloud.secretsmanager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    cloud.until(lambda: not listed(cloud, name), 120, "the secret is gone")
    refused("ResourceNotFoundException", cloud.secretsmanager.get_secret_value, SecretId=name)
    cloud.secretsmanager.create_secret(Name=name, SecretString="two")


def listed(cloud, name):
    """The secrets that ListSecrets finds by name."""
    answer = cloud.secretsmanager.list_secrets(Filters=[{"Key": "name", "Values": [name]}])
    return [held["Name"] for held in answer["SecretList"]]


@check("DeleteSecret: windows outside 7 to 30 days, and force with a window, are refused")
def _(cloud):
    name = secret(cloud)
    for window in ({"RecoveryWindowInDays": 6}, {"RecoveryWindowInDays": 31}):
        refused("InvalidParameterException", cloud.secretsmanager.delete_secret, SecretId=name, **window)
    refused(
        "InvalidParameterException",
        cloud.secretsmanager.delete_secret,
        SecretId=name,
        RecoveryWindowInDays=7,
        ForceDeleteWithoutRecovery=True,
    )


@check("ListSecrets: finds by name and tag, leaves out what waits for deletion")
def _(cloud):
    stack = cloud.name("stack")
    name = secret(cloud, Tags=[{"Key": "Stack", "Value": stack}])

    def found():
        filters = [{"Key": "tag-value", "Values": [stack]}]
        return [held["Name"] for held in cloud.secretsmanager.list_secrets(Filters=filters)["SecretList"]]

    expect((listed(cloud, name), found()), ([name], [name]), "by name and by tag")
    cloud.secretsmanager.delete_secret(SecretId=name)
    expect(listed(cloud, name), [], "secrets after DeleteSecret")


@check("TagResource and UntagResource: show in DescribeSecret")
def _(cloud):
    name = secret(cloud)
    cloud.secretsmanager.tag_resource(SecretId=name, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    cloud.secretsmanager.untag_resource(SecretId=name, TagKeys=["a"])
    expect(tags_of(cloud.secretsmanager.describe_secret(SecretId=name)["Tags"]), {"b": "2"}, "tags")


@check("GetRandomPassword: 32 signs by default, as long and as plain as asked")
def _(cloud):
    first = cloud.secretsmanager.get_random_password()["RandomPassword"]
    expect(len(first), 32, "length")
    expect_true(first != cloud.secretsmanager.get_random_password()["RandomPassword"], "two passwords are the same")
    plain = cloud.secretsmanager.get_random_password(PasswordLength=40, ExcludePunctuation=True)["RandomPassword"]
    expect((len(plain), plain.isalnum()), (40, True), "length, and without punctuation")
