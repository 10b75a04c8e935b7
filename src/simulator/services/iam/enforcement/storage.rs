//! What calls of S3 need, whose permissions have other names than the calls
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>).

use super::needs::Need;

/// Calls and the permissions that they need. The others need one of their own name.
const OTHERWISE: &[(&str, &str)] = &[
    ("AbortMultipartUpload", "AbortMultipartUpload"),
    ("CompleteMultipartUpload", "PutObject"),
    ("CopyObject", "PutObject"),
    ("CreateMultipartUpload", "PutObject"),
    ("DeleteBucketCors", "PutBucketCORS"),
    ("DeleteBucketEncryption", "PutEncryptionConfiguration"),
    ("DeleteBucketLifecycle", "PutLifecycleConfiguration"),
    ("DeleteBucketOwnershipControls", "PutBucketOwnershipControls"),
    ("DeleteBucketTagging", "PutBucketTagging"),
    ("DeleteObjects", "DeleteObject"),
    ("DeletePublicAccessBlock", "PutBucketPublicAccessBlock"),
    ("GetBucketCors", "GetBucketCORS"),
    ("GetBucketEncryption", "GetEncryptionConfiguration"),
    ("GetBucketLifecycleConfiguration", "GetLifecycleConfiguration"),
    ("GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"),
    ("GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
    ("HeadBucket", "ListBucket"),
    ("HeadObject", "GetObject"),
    ("ListBuckets", "ListAllMyBuckets"),
    ("ListMultipartUploads", "ListBucketMultipartUploads"),
    ("ListObjectVersions", "ListBucketVersions"),
    ("ListObjects", "ListBucket"),
    ("ListObjectsV2", "ListBucket"),
    ("ListParts", "ListMultipartUploadParts"),
    ("PutBucketCors", "PutBucketCORS"),
    ("PutBucketEncryption", "PutEncryptionConfiguration"),
    ("PutBucketLifecycleConfiguration", "PutLifecycleConfiguration"),
    ("PutObjectLockConfiguration", "PutBucketObjectLockConfiguration"),
    ("PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
    ("UploadPart", "PutObject"),
];

/// What a call on a path, `/bucket/key`, needs. The keys in the body of `DeleteObjects` are all keys of the bucket.
pub(super) fn needs(name: &str, path: &str) -> Vec<Need> {
    let action = OTHERWISE.iter().find(|(call, _)| *call == name).map_or(name, |(_, action)| action);
    let path = path.trim_start_matches('/').trim_end_matches('/');
    let resource = match (name, path) {
        (_, "") => "*".to_owned(),
        ("DeleteObjects", bucket) => format!("arn:aws:s3:::{bucket}/*"),
        (_, path) => format!("arn:aws:s3:::{path}"),
    };
    vec![Need::new(format!("s3:{action}"), resource)]
}
