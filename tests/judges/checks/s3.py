"""S3: buckets and their settings, objects and listings."""

import json

from .expect import expect, expect_true, refused
from .registry import check


def bucket(cloud, **parameters):
    """A bucket, by its name."""
    name = cloud.name("bucket")
    cloud.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": cloud.region}, **parameters)
    return name


def put(cloud, name, key="key", body=b"one", **parameters):
    """An object, by its ETag."""
    return cloud.s3.put_object(Bucket=name, Key=key, Body=body, **parameters)["ETag"]


def body(cloud, name, key="key", **parameters):
    """The contents of an object."""
    return cloud.s3.get_object(Bucket=name, Key=key, **parameters)["Body"].read()


def public_policy(name):
    """A bucket policy that lets the world read."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def own_policy(cloud, name):
    """A bucket policy for the account itself."""
    statement = {
        "Sid": "own",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{cloud.account}:root"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@check("CreateBucket: is found by HeadBucket and ListBuckets, and has its region")
def _(cloud):
    name = bucket(cloud)
    answer = cloud.s3.head_bucket(Bucket=name)
    expect(answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region"), cloud.region, "x-amz-bucket-region")
    expect(cloud.s3.get_bucket_location(Bucket=name)["LocationConstraint"], cloud.region, "LocationConstraint")
    expect_true(name in [held["Name"] for held in cloud.s3.list_buckets()["Buckets"]], "ListBuckets lacks it")


@check("CreateBucket: Location is the global URL, in us-east-1 a slash and the name")
def _(cloud):
    # Reference, CreateBucket, Location: "For … other Amazon Web Services Regions, the Location field is the global
    # endpoint URL."
    name, east = cloud.name("bucket"), cloud.elsewhere(region="us-east-1")
    place = {"LocationConstraint": cloud.region}
    made = cloud.s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)
    expect(made["Location"], f"http://{name}.s3.amazonaws.com/", "Location")
    name = cloud.name("bucket")
    expect(east.s3.create_bucket(Bucket=name)["Location"], f"/{name}", "Location in us-east-1")


@check("CreateBucket: again by its owner is refused with BucketAlreadyOwnedByYou")
def _(cloud):
    name = bucket(cloud)
    place = {"LocationConstraint": cloud.region}
    refused("BucketAlreadyOwnedByYou", cloud.s3.create_bucket, Bucket=name, CreateBucketConfiguration=place)


@check("CreateBucket: again by its owner in us-east-1 succeeds")
def _(cloud):
    # API reference: in us-east-1 Amazon S3 returns 200 OK for legacy compatibility.
    east = cloud.elsewhere(region="us-east-1")
    name = cloud.name("bucket")
    for _number in range(2):
        east.s3.create_bucket(Bucket=name)
    expect(east.s3.get_bucket_location(Bucket=name)["LocationConstraint"], None, "LocationConstraint")


@check("CreateBucket: a name of another account is refused with BucketAlreadyExists")
def _(cloud):
    name = bucket(cloud)
    other = cloud.elsewhere(account=str(int(cloud.account) + 500_000_000_000))
    place = {"LocationConstraint": cloud.region}
    refused("BucketAlreadyExists", other.s3.create_bucket, Bucket=name, CreateBucketConfiguration=place)


@check("CreateBucket: without its region is refused with IllegalLocationConstraintException")
def _(cloud):
    refused("IllegalLocationConstraintException", cloud.s3.create_bucket, Bucket=cloud.name("bucket"))


@check("CreateBucket: names that are none are refused with InvalidBucketName")
def _(cloud):
    place = {"LocationConstraint": cloud.region}
    for name in ("Upper-Case", "ab", "under_score", "two..dots", "192.168.5.4"):
        refused("InvalidBucketName", cloud.s3.create_bucket, Bucket=name, CreateBucketConfiguration=place)


@check("HeadBucket: an unknown bucket is 404, other calls are refused with NoSuchBucket")
def _(cloud):
    nobody = cloud.name("nobody")
    refused("404", cloud.s3.head_bucket, Bucket=nobody)
    refused("NoSuchBucket", cloud.s3.list_objects_v2, Bucket=nobody)
    refused("NoSuchBucket", cloud.s3.put_object, Bucket=nobody, Key="key", Body=b"")
    refused("NoSuchBucket", cloud.s3.delete_bucket, Bucket=nobody)


@check("DeleteBucket: with an object is refused with BucketNotEmpty, then it goes")
def _(cloud):
    name = bucket(cloud)
    put(cloud, name)
    refused("BucketNotEmpty", cloud.s3.delete_bucket, Bucket=name)
    cloud.s3.delete_object(Bucket=name, Key="key")
    cloud.s3.delete_bucket(Bucket=name)
    refused("404", cloud.s3.head_bucket, Bucket=name)


@check("PutObject and GetObject: body, ETag, type, metadata and length")
def _(cloud):
    name = bucket(cloud)
    etag = put(cloud, name, body=b"hello", ContentType="text/plain", Metadata={"kind": "test"})
    expect(etag, '"5d41402abc4b2a76b9719d911017c592"', "ETag is the MD5 of the body")
    answer = cloud.s3.get_object(Bucket=name, Key="key")
    expect(answer["Body"].read(), b"hello", "Body")
    expect((answer["ETag"], answer["ContentType"], answer["ContentLength"]), (etag, "text/plain", 5), "headers")
    expect(answer["Metadata"], {"kind": "test"}, "Metadata")
    expect(answer["ServerSideEncryption"], "AES256", "ServerSideEncryption, on by default since 2023")


@check("GetObject: an unknown key is refused with NoSuchKey, HeadObject is 404")
def _(cloud):
    name = bucket(cloud)
    refused("NoSuchKey", cloud.s3.get_object, Bucket=name, Key="nobody")
    refused("404", cloud.s3.head_object, Bucket=name, Key="nobody")


@check("GetObject: a range answers that part; outside the object it is refused with InvalidRange")
def _(cloud):
    name = bucket(cloud)
    put(cloud, name, body=b"0123456789")
    answer = cloud.s3.get_object(Bucket=name, Key="key", Range="bytes=2-4")
    expect((answer["Body"].read(), answer["ContentRange"]), (b"234", "bytes 2-4/10"), "the part")
    refused("InvalidRange", cloud.s3.get_object, Bucket=name, Key="key", Range="bytes=20-30")


@check("GetObject: with the ETag as If-None-Match is 304, with another one as If-Match is 412")
def _(cloud):
    name = bucket(cloud)
    etag = put(cloud, name)
    refused("304", cloud.s3.get_object, Bucket=name, Key="key", IfNoneMatch=etag)
    refused("PreconditionFailed", cloud.s3.get_object, Bucket=name, Key="key", IfMatch='"other"')
    expect(body(cloud, name, IfMatch=etag), b"one", "the body with the right If-Match")


@check("DeleteObject: of a key that is not there succeeds")
def _(cloud):
    cloud.s3.delete_object(Bucket=bucket(cloud), Key="nobody")


@check("DeleteObjects: deletes all keys and tells which")
def _(cloud):
    name = bucket(cloud)
    for key in "ab":
        put(cloud, name, key)
    answer = cloud.s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": key} for key in "abc"]})
    expect(sorted(held["Key"] for held in answer["Deleted"]), ["a", "b", "c"], "Deleted")
    expect(cloud.s3.list_objects_v2(Bucket=name)["KeyCount"], 0, "KeyCount")


@check("CopyObject: copies body and metadata within and between buckets")
def _(cloud):
    name, other = bucket(cloud), bucket(cloud)
    put(cloud, name, body=b"copied", Metadata={"kind": "test"})
    cloud.s3.copy_object(Bucket=other, Key="copy", CopySource={"Bucket": name, "Key": "key"})
    answer = cloud.s3.get_object(Bucket=other, Key="copy")
    expect((answer["Body"].read(), answer["Metadata"]), (b"copied", {"kind": "test"}), "body and metadata")


@check("ListObjectsV2: in order of keys, in pages, by prefix, and folded at a delimiter")
def _(cloud):
    name = bucket(cloud)
    for key in ("b", "a/2", "a/1", "c"):
        put(cloud, name, key)
    pages = cloud.pages(
        cloud.s3.list_objects_v2,
        "Contents",
        token="NextContinuationToken",
        send="ContinuationToken",
        Bucket=name,
        MaxKeys=3,
    )
    expect([[held["Key"] for held in page] for page in pages], [["a/1", "a/2", "b"], ["c"]], "pages")
    found = cloud.s3.list_objects_v2(Bucket=name, Prefix="a/")
    expect([held["Key"] for held in found["Contents"]], ["a/1", "a/2"], "keys by prefix")
    folded = cloud.s3.list_objects_v2(Bucket=name, Delimiter="/")
    expect([held["Prefix"] for held in folded["CommonPrefixes"]], ["a/"], "CommonPrefixes")
    expect([held["Key"] for held in folded["Contents"]], ["b", "c"], "keys beside them")
    expect(folded["KeyCount"], 3, "KeyCount counts both")


@check("Tags, encryption and lifecycle of a bucket: absent ones have their own codes, and come back as set")
def _(cloud):
    name = bucket(cloud)
    refused("NoSuchTagSet", cloud.s3.get_bucket_tagging, Bucket=name)
    refused("NoSuchLifecycleConfiguration", cloud.s3.get_bucket_lifecycle_configuration, Bucket=name)
    rules = cloud.s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    expect(rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256", "encryption by default")
    tags = [{"Key": "Name", "Value": "state"}]
    cloud.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    expect(cloud.s3.get_bucket_tagging(Bucket=name)["TagSet"], tags, "TagSet")
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}}
    rule["NoncurrentVersionExpiration"] = {"NoncurrentDays": 90}
    cloud.s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    shown = cloud.s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]
    expect((shown["ID"], shown["NoncurrentVersionExpiration"]), ("old", {"NoncurrentDays": 90}), "the rule")


@check("Public access: is blocked in a new bucket, and then a public policy is refused with AccessDenied")
def _(cloud):
    # Since April 2023 all four settings are on for new buckets.
    name = bucket(cloud)
    blocked = cloud.s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    expect(set(blocked.values()), {True}, "PublicAccessBlockConfiguration")
    refused("AccessDenied", cloud.s3.put_bucket_policy, Bucket=name, Policy=public_policy(name))
    cloud.s3.delete_public_access_block(Bucket=name)
    refused("NoSuchPublicAccessBlockConfiguration", cloud.s3.get_public_access_block, Bucket=name)
    cloud.s3.put_bucket_policy(Bucket=name, Policy=public_policy(name))


@check("Bucket policy: comes back, goes, and is refused with MalformedPolicy or NoSuchBucketPolicy")
def _(cloud):
    name = bucket(cloud)
    refused("NoSuchBucketPolicy", cloud.s3.get_bucket_policy, Bucket=name)
    refused("MalformedPolicy", cloud.s3.put_bucket_policy, Bucket=name, Policy="nonsense")
    cloud.s3.put_bucket_policy(Bucket=name, Policy=own_policy(cloud, name))
    shown = json.loads(cloud.s3.get_bucket_policy(Bucket=name)["Policy"])
    expect(shown["Statement"][0]["Sid"], "own", "Sid")
    cloud.s3.delete_bucket_policy(Bucket=name)
    refused("NoSuchBucketPolicy", cloud.s3.get_bucket_policy, Bucket=name)


@check("Multipart upload: is invisible until it is complete, and its ETag counts the parts")
def _(cloud):
    name = bucket(cloud)
    upload = cloud.s3.create_multipart_upload(Bucket=name, Key="big")["UploadId"]
    parts = []
    for number, contents in enumerate((b"x" * 5 * 1024 * 1024, b"end"), start=1):
        etag = cloud.s3.upload_part(Bucket=name, Key="big", UploadId=upload, PartNumber=number, Body=contents)["ETag"]
        parts.append({"PartNumber": number, "ETag": etag})
    refused("404", cloud.s3.head_object, Bucket=name, Key="big")
    done = cloud.s3.complete_multipart_upload(
        Bucket=name, Key="big", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    expect_true(done["ETag"].endswith('-2"'), f"ETag {done['ETag']}")
    expect(len(body(cloud, name, "big")), 5 * 1024 * 1024 + 3, "length of the object")
    refused("NoSuchUpload", cloud.s3.abort_multipart_upload, Bucket=name, Key="big", UploadId=upload)
