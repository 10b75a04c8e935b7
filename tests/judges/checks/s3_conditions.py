"""S3: conditional writes and deletes, and versions."""

from concurrent.futures import ThreadPoolExecutor

from .expect import attempt, expect, refused
from .registry import check
from .s3 import body, bucket, put


def versioned(cloud):
    """A bucket that keeps versions, by its name."""
    name = bucket(cloud)
    cloud.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def write(cloud, name, **conditions):
    """The parameters of a conditional PutObject."""
    return {"Bucket": name, "Key": "lock", "Body": b"two"} | conditions


@check("PutObject: If-None-Match * writes once; then it is refused with PreconditionFailed (412)")
def _(cloud):
    name = bucket(cloud)
    cloud.s3.put_object(**write(cloud, name, IfNoneMatch="*"))
    error = refused("PreconditionFailed", cloud.s3.put_object, **write(cloud, name, IfNoneMatch="*"))
    expect(error.response["ResponseMetadata"]["HTTPStatusCode"], 412, "the status")
    cloud.s3.delete_object(Bucket=name, Key="lock")
    cloud.s3.put_object(**write(cloud, name, IfNoneMatch="*"))


@check("PutObject: of many at once with If-None-Match * exactly one succeeds")
def _(cloud):
    name = bucket(cloud)
    client = cloud.s3

    def race(number):
        answer, code = attempt(client.put_object, Bucket=name, Key="lock", Body=str(number).encode(), IfNoneMatch="*")
        return code if answer is None else "won"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(race, range(8)))
    expect(outcomes.count("won"), 1, f"winners among {outcomes}")
    # A conflict in the middle of another write is 409 ConditionalRequestConflict (S3 user guide).
    others = set(outcomes) - {"won", "PreconditionFailed", "ConditionalRequestConflict"}
    expect(others, set(), "other outcomes")
    expect(body(cloud, name, "lock"), str(outcomes.index("won")).encode(), "the winner's body")


@check("PutObject: If-Match with the ETag writes, with another one is 412, without an object is NoSuchKey")
def _(cloud):
    name = bucket(cloud)
    etag = put(cloud, name, "lock")
    refused("PreconditionFailed", cloud.s3.put_object, **write(cloud, name, IfMatch='"' + "0" * 32 + '"'))
    newer = cloud.s3.put_object(**write(cloud, name, IfMatch=etag))["ETag"]
    refused("PreconditionFailed", cloud.s3.put_object, **write(cloud, name, IfMatch=etag))
    cloud.s3.delete_object(Bucket=name, Key="lock")
    refused("NoSuchKey", cloud.s3.put_object, **write(cloud, name, IfMatch=newer))


@check("DeleteObject: If-Match with the ETag deletes, with another one is 412")
def _(cloud):
    name = bucket(cloud)
    etag = put(cloud, name, "lock")
    refused(
        "PreconditionFailed", cloud.s3.delete_object, Bucket=name, Key="lock", IfMatch='"' + "0" * 32 + '"'
    )
    cloud.s3.delete_object(Bucket=name, Key="lock", IfMatch=etag)
    refused("404", cloud.s3.head_object, Bucket=name, Key="lock")


@check("Versioning: off until it is enabled; then each write has a version that can be read")
def _(cloud):
    name = bucket(cloud)
    expect(cloud.s3.get_bucket_versioning(Bucket=name).get("Status"), None, "Status of a fresh bucket")
    cloud.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    expect(cloud.s3.get_bucket_versioning(Bucket=name)["Status"], "Enabled", "Status")
    first = cloud.s3.put_object(Bucket=name, Key="key", Body=b"one")["VersionId"]
    cloud.s3.put_object(Bucket=name, Key="key", Body=b"two")
    expect((body(cloud, name), body(cloud, name, VersionId=first)), (b"two", b"one"), "newest and first version")
    versions = cloud.s3.list_object_versions(Bucket=name)["Versions"]
    expect([held["IsLatest"] for held in versions], [True, False], "IsLatest, newest first")


@check("Versioning: a delete leaves a marker, and deleting the marker brings the object back")
def _(cloud):
    name = versioned(cloud)
    put(cloud, name)
    marker = cloud.s3.delete_object(Bucket=name, Key="key")
    expect(marker.get("DeleteMarker"), True, "DeleteMarker")
    refused("NoSuchKey", cloud.s3.get_object, Bucket=name, Key="key")
    markers = cloud.s3.list_object_versions(Bucket=name)["DeleteMarkers"]
    expect([held["VersionId"] for held in markers], [marker["VersionId"]], "DeleteMarkers")
    cloud.s3.delete_object(Bucket=name, Key="key", VersionId=marker["VersionId"])
    expect(body(cloud, name), b"one", "the body")


@check("Versioning: a delete marker counts as absent for If-None-Match *")
def _(cloud):
    name = versioned(cloud)
    put(cloud, name, "lock")
    cloud.s3.delete_object(Bucket=name, Key="lock")
    cloud.s3.put_object(**write(cloud, name, IfNoneMatch="*"))
    expect(body(cloud, name, "lock"), b"two", "the body")


@check("Versioning: a bucket with versions or markers left is refused with BucketNotEmpty")
def _(cloud):
    name = versioned(cloud)
    put(cloud, name)
    cloud.s3.delete_object(Bucket=name, Key="key")
    refused("BucketNotEmpty", cloud.s3.delete_bucket, Bucket=name)
    listing = cloud.s3.list_object_versions(Bucket=name)
    left = listing["Versions"] + listing["DeleteMarkers"]
    objects = [{"Key": held["Key"], "VersionId": held["VersionId"]} for held in left]
    cloud.s3.delete_objects(Bucket=name, Delete={"Objects": objects})
    cloud.s3.delete_bucket(Bucket=name)


@check("Versioning: an unknown version is refused with NoSuchVersion")
def _(cloud):
    name = versioned(cloud)
    first = cloud.s3.put_object(Bucket=name, Key="key", Body=b"one")["VersionId"]
    cloud.s3.delete_object(Bucket=name, Key="key", VersionId=first)
    cloud.s3.put_object(Bucket=name, Key="key", Body=b"two")
    refused("NoSuchVersion", cloud.s3.get_object, Bucket=name, Key="key", VersionId=first)
