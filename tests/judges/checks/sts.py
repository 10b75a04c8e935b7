"""STS: who is calling, and roles."""

import json

import botocore.session

from .expect import expect, expect_true, refused
from .registry import check


def role(cloud, trusted):
    """A role that the account may assume, by its ARN."""
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{trusted}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return cloud.iam.create_role(RoleName=cloud.name("role"), AssumeRolePolicyDocument=document)["Role"]["Arn"]


def assumed(cloud, arn, **parameters):
    """The answer of AssumeRole, once the fresh role is known everywhere."""

    def attempt():
        try:
            return cloud.sts.assume_role(RoleArn=arn, RoleSessionName="session", **parameters)
        except cloud.sts.exceptions.ClientError as error:
            expect(error.response["Error"]["Code"], "AccessDenied", "the refusal of a fresh role")
            return None

    return cloud.until(attempt, 120, "the role can be assumed")


@check("GetCallerIdentity: the account is the one of the access key")
def _(cloud):
    answer = cloud.sts.get_caller_identity()
    expect(answer["Account"], cloud.account, "Account")
    expect(answer["Arn"].split(":")[4], cloud.account, "the account in Arn")
    expect_true(answer["UserId"], "UserId is empty")


@check("AssumeRole: gives keys that expire in an hour, and the session's ARN")
def _(cloud):
    arn = role(cloud, cloud.account)
    answer = assumed(cloud, arn)
    name = arn.rsplit("/", 1)[-1]
    wanted = f"arn:aws:sts::{cloud.account}:assumed-role/{name}/session"
    expect(answer["AssumedRoleUser"]["Arn"], wanted, "the session's ARN")
    keys = answer["Credentials"]
    expect_true(keys["AccessKeyId"].startswith("ASIA"), f"AccessKeyId {keys['AccessKeyId']} is no temporary one")
    expect_true(keys["SecretAccessKey"] and keys["SessionToken"], "the secret or the token is missing")
    lasts = (keys["Expiration"] - cloud.now()).total_seconds()
    expect_true(3600 - 60 * cloud.speed < lasts <= 3610, f"the keys last {lasts:.0f} s")


@check("AssumeRole: calls with its keys are made by the session, in the role's account")
def _(cloud):
    other = cloud.elsewhere(account=str(int(cloud.account) + 500_000_000_000))
    arn = role(other, cloud.account)
    keys = assumed(cloud, arn)["Credentials"]
    client = botocore.session.Session().create_client(
        "sts",
        region_name=cloud.region,
        endpoint_url=cloud.endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    answer = client.get_caller_identity()
    expect(answer["Account"], other.account, "Account")
    expect_true(":assumed-role/" in answer["Arn"] and answer["Arn"].endswith("/session"), f"Arn {answer['Arn']}")


@check("AssumeRole: a role that is not there is refused with AccessDenied")
def _(cloud):
    refused(
        "AccessDenied",
        cloud.sts.assume_role,
        RoleArn=f"arn:aws:iam::{cloud.account}:role/{cloud.name('nobody')}",
        RoleSessionName="session",
    )


@check("AssumeRole: durations under 15 minutes or over the role's maximum are refused with ValidationError")
def _(cloud):
    arn = role(cloud, cloud.account)
    assumed(cloud, arn)
    call = cloud.unchecked("sts").assume_role
    for seconds in (899, 3601):
        refused("ValidationError", call, RoleArn=arn, RoleSessionName="session", DurationSeconds=seconds)
