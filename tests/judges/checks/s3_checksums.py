"""S3: checksums that are said, checked, kept and given back; ids of answers; pages of versions."""

import base64
import hashlib
import zlib

from .expect import expect, expect_true, refused
from .registry import check
from .s3 import bucket, put
from .s3_conditions import versioned

# The check value of CRC-64/NVME in the catalogue of parametrised CRC algorithms, for these nine bytes.
NINE = b"123456789"
NVME = base64.b64encode(bytes.fromhex("ae8b14860a799888")).decode()


def crc32(content):
    """A CRC-32 as S3 writes it."""
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def sha256(content):
    """A SHA-256 as S3 writes it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def checksums(answer):
    """All that an answer says of checksums."""
    return {name: value for name, value in answer.items() if name.startswith("Checksum")}


def plain(cloud):
    """A client that adds no checksum by itself and asks for none."""
    settings = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}
    return cloud.client("s3", **settings)


def headers(answer):
    """The headers of an answer."""
    return answer["ResponseMetadata"]["HTTPHeaders"]


@check("PutObject: the checksum that is said comes back, and with ChecksumMode from GetObject and HeadObject")
def _(cloud):
    # Reference, PutObject, GetObject, HeadObject: response syntax; "the checksum mode must be enabled".
    name, client = bucket(cloud), plain(cloud)
    for member, value in (
        ("ChecksumCRC32", crc32(NINE)),
        ("ChecksumCRC64NVME", NVME),
        ("ChecksumSHA256", sha256(NINE)),
    ):
        wanted = {member: value, "ChecksumType": "FULL_OBJECT"}
        expect(checksums(client.put_object(Bucket=name, Key="key", Body=NINE, **{member: value})), wanted, "PutObject")
        for call in (client.get_object, client.head_object):
            expect(checksums(call(Bucket=name, Key="key", ChecksumMode="ENABLED")), wanted, call.__name__)
            expect(checksums(call(Bucket=name, Key="key")), {}, f"{call.__name__} without ChecksumMode")


@check("PutObject: without a checksum S3 reckons CRC64NVME")
def _(cloud):
    # User guide, checking object integrity: "If you don't specify a checksum algorithm, … CRC64NVME".
    name, client = bucket(cloud), plain(cloud)
    wanted = {"ChecksumCRC64NVME": NVME, "ChecksumType": "FULL_OBJECT"}
    expect(checksums(client.put_object(Bucket=name, Key="key", Body=NINE)), wanted, "PutObject")
    expect(checksums(client.head_object(Bucket=name, Key="key", ChecksumMode="ENABLED")), wanted, "HeadObject")


@check("PutObject: a wrong checksum is refused with BadDigest, two of them and odd ones with InvalidRequest")
def _(cloud):
    name, client = bucket(cloud), plain(cloud)
    wrong = {
        "ChecksumCRC32": crc32(b"other"),
        "ChecksumCRC64NVME": base64.b64encode(bytes(8)).decode(),
        "ChecksumSHA256": sha256(b"other"),
    }
    for member, value in wrong.items():
        refused("BadDigest", client.put_object, Bucket=name, Key="key", Body=NINE, **{member: value})
    refused("InvalidRequest", client.put_object, Bucket=name, Key="key", Body=NINE, ChecksumCRC32="AAA=")
    both = {"ChecksumCRC32": crc32(NINE), "ChecksumSHA256": sha256(NINE)}
    refused("InvalidRequest", client.put_object, Bucket=name, Key="key", Body=NINE, **both)
    refused("404", client.head_object, Bucket=name, Key="key")


@check("CopyObject and listings: say the checksum's algorithm and type")
def _(cloud):
    name = bucket(cloud)
    put(cloud, name, ChecksumAlgorithm="SHA256")
    copied = cloud.s3.copy_object(Bucket=name, Key="twin", CopySource={"Bucket": name, "Key": "key"})
    expect(
        checksums(copied["CopyObjectResult"]), {"ChecksumSHA256": sha256(b"one"), "ChecksumType": "FULL_OBJECT"}, "copy"
    )
    wanted = {"ChecksumAlgorithm": ["SHA256"], "ChecksumType": "FULL_OBJECT"}
    for listed in (
        cloud.s3.list_objects_v2(Bucket=name)["Contents"],
        cloud.s3.list_object_versions(Bucket=name)["Versions"],
    ):
        expect([checksums(held) for held in listed], [wanted, wanted], "entries of the list")


@check("Multipart upload: a composite checksum is that of the parts' checksums, which must be said at the end")
def _(cloud):
    # User guide, checking object integrity: "checksum of checksums", with a dash and the number of parts.
    name, client = bucket(cloud), plain(cloud)
    made = client.create_multipart_upload(Bucket=name, Key="big", ChecksumAlgorithm="CRC32")
    expect((made["ChecksumAlgorithm"], made["ChecksumType"]), ("CRC32", "COMPOSITE"), "algorithm and type")
    where = {"Bucket": name, "Key": "big", "UploadId": made["UploadId"]}
    contents = [b"x" * 5 * 1024 * 1024, b"end"]
    parts = []
    for number, content in enumerate(contents, start=1):
        part = client.upload_part(**where, PartNumber=number, Body=content, ChecksumCRC32=crc32(content))
        expect(part.get("ChecksumCRC32"), crc32(content), "ChecksumCRC32 of the part")
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]})
    bare = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in parts]
    refused("InvalidRequest", client.complete_multipart_upload, **where, MultipartUpload={"Parts": bare})
    wrong = [part | {"ChecksumCRC32": crc32(b"other")} for part in parts]
    refused("InvalidPart", client.complete_multipart_upload, **where, MultipartUpload={"Parts": wrong})
    done = client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    whole = crc32(b"".join(zlib.crc32(content).to_bytes(4, "big") for content in contents)) + "-2"
    expect(checksums(done), {"ChecksumCRC32": whole, "ChecksumType": "COMPOSITE"}, "checksum of the upload")


@check("Multipart upload: a checksum of the whole object is checked at the end")
def _(cloud):
    name, client = bucket(cloud), plain(cloud)
    made = client.create_multipart_upload(
        Bucket=name, Key="big", ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT"
    )
    where = {"Bucket": name, "Key": "big", "UploadId": made["UploadId"]}
    part = client.upload_part(**where, PartNumber=1, Body=NINE, ChecksumCRC64NVME=NVME)
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    wrong = {"ChecksumCRC64NVME": base64.b64encode(bytes(8)).decode(), "ChecksumType": "FULL_OBJECT"}
    refused("BadDigest", client.complete_multipart_upload, **where, MultipartUpload={"Parts": parts}, **wrong)
    done = client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts}, ChecksumCRC64NVME=NVME)
    expect(checksums(done), {"ChecksumCRC64NVME": NVME, "ChecksumType": "FULL_OBJECT"}, "checksum of the upload")
    refused(
        "InvalidRequest",
        client.create_multipart_upload,
        Bucket=name,
        Key="big",
        ChecksumAlgorithm="SHA256",
        ChecksumType="FULL_OBJECT",
    )


@check("Answers of S3 carry x-amz-id-2, and errors say the same as HostId")
def _(cloud):
    name = bucket(cloud)
    expect_true(headers(cloud.s3.head_bucket(Bucket=name)).get("x-amz-id-2"), "HeadBucket lacks x-amz-id-2")
    expect_true(headers(cloud.s3.list_objects_v2(Bucket=name)).get("x-amz-id-2"), "ListObjectsV2 lacks x-amz-id-2")
    error = refused("NoSuchKey", cloud.s3.get_object, Bucket=name, Key="nobody")
    expect_true(headers(error.response).get("x-amz-id-2"), "the refusal lacks x-amz-id-2")
    expect(error.response["ResponseMetadata"]["HostId"], headers(error.response)["x-amz-id-2"], "HostId")


@check("ListObjectVersions: pages end between versions, and both markers lead on")
def _(cloud):
    name = versioned(cloud)
    for key in "aabb":
        put(cloud, name, key)
    cloud.s3.delete_object(Bucket=name, Key="a")
    everything = cloud.s3.list_object_versions(Bucket=name)
    held = everything["Versions"] + everything["DeleteMarkers"]
    found, markers = [], {}
    for _number in range(len(held)):
        page = cloud.s3.list_object_versions(Bucket=name, MaxKeys=2, **markers)
        entries = page.get("Versions", []) + page.get("DeleteMarkers", [])
        expect_true(len(entries) <= 2, f"{len(entries)} entries on a page of two")
        found += entries
        if not page["IsTruncated"]:
            break
        markers = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
    expect(
        sorted((one["Key"], one["VersionId"]) for one in found),
        sorted((one["Key"], one["VersionId"]) for one in held),
        "versions of all pages",
    )
    after = cloud.s3.list_object_versions(Bucket=name, KeyMarker="a")
    expect([one["Key"] for one in after["Versions"]], ["b", "b"], "keys after a key marker alone")
    refused("InvalidArgument", cloud.s3.list_object_versions, Bucket=name, VersionIdMarker=held[0]["VersionId"])
