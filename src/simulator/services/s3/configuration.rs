//! Configurations of buckets: what is put comes back, and what was never put has a default or an error of its own.

use super::super::super::protocol::read_xml;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::Reply;
use super::super::super::tags::Tags;
use super::bucket::{Bucket, Versioning, find};
use super::request::text_reply;
use super::{Asked, checksums, empty};

/// A configuration: the word in the query, its actions, and what is answered while it is not set: XML, or an error code.
pub(super) struct Configuration {
    pub(super) query: &'static str,
    pub(super) get: &'static str,
    pub(super) put: &'static str,
    pub(super) delete: &'static str,
    unset: Unset,
}

enum Unset {
    Document(&'static str),
    Error(&'static str, &'static str),
}

const fn kind(query: &'static str, [get, put, delete]: [&'static str; 3], unset: Unset) -> Configuration {
    Configuration { query, get, put, delete, unset }
}

use Unset::{Document, Error};

/// All that are modelled.
pub(super) const CONFIGURATIONS: &[Configuration] = &[
    kind(
        "accelerate",
        ["GetBucketAccelerateConfiguration", "PutBucketAccelerateConfiguration", ""],
        Document("AccelerateConfiguration"),
    ),
    kind("acl", ["GetBucketAcl", "PutBucketAcl", ""], Document("AccessControlPolicy")),
    kind(
        "cors",
        ["GetBucketCors", "PutBucketCors", "DeleteBucketCors"],
        Error("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
    ),
    kind(
        "encryption",
        ["GetBucketEncryption", "PutBucketEncryption", "DeleteBucketEncryption"],
        Error(
            "ServerSideEncryptionConfigurationNotFoundError",
            "The server side encryption configuration was not found",
        ),
    ),
    kind(
        "lifecycle",
        ["GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle"],
        Error("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
    ),
    kind("logging", ["GetBucketLogging", "PutBucketLogging", ""], Document("BucketLoggingStatus")),
    kind(
        "notification",
        ["GetBucketNotificationConfiguration", "PutBucketNotificationConfiguration", ""],
        Document("NotificationConfiguration"),
    ),
    kind(
        "object-lock",
        ["GetObjectLockConfiguration", "PutObjectLockConfiguration", ""],
        Error("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"),
    ),
    kind(
        "ownershipControls",
        ["GetBucketOwnershipControls", "PutBucketOwnershipControls", "DeleteBucketOwnershipControls"],
        Error("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
    ),
    kind(
        "policy",
        ["GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"],
        Error("NoSuchBucketPolicy", "The bucket policy does not exist"),
    ),
    kind(
        "publicAccessBlock",
        ["GetPublicAccessBlock", "PutPublicAccessBlock", "DeletePublicAccessBlock"],
        Error("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"),
    ),
    kind(
        "replication",
        ["GetBucketReplication", "PutBucketReplication", "DeleteBucketReplication"],
        Error("ReplicationConfigurationNotFoundError", "The replication configuration was not found"),
    ),
    kind(
        "requestPayment",
        ["GetBucketRequestPayment", "PutBucketRequestPayment", ""],
        Document("RequestPaymentConfiguration"),
    ),
    kind(
        "tagging",
        ["GetBucketTagging", "PutBucketTagging", "DeleteBucketTagging"],
        Error("NoSuchTagSet", "The TagSet does not exist"),
    ),
    kind("versioning", ["GetBucketVersioning", "PutBucketVersioning", ""], Document("VersioningConfiguration")),
    kind(
        "website",
        ["GetBucketWebsite", "PutBucketWebsite", "DeleteBucketWebsite"],
        Error("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
    ),
];

const NAMESPACE: &str = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

/// What every new bucket has since 2023: encryption, no public access, and no access lists
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html>).
pub(super) fn furnish(bucket: &mut Bucket, ownership: Option<&str>, tags: &Tags) {
    let ownership = ownership.unwrap_or("BucketOwnerEnforced");
    let mut put = |query: &str, root: &str, content: String| {
        bucket.configurations.insert(query.to_owned(), format!("<{root} {NAMESPACE}>{content}</{root}>"));
    };
    let encryption = "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
                      </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>";
    put("encryption", "ServerSideEncryptionConfiguration", encryption.to_owned());
    let block = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
    let block = block.map(|name| format!("<{name}>true</{name}>"));
    put("publicAccessBlock", "PublicAccessBlockConfiguration", block.concat());
    let rule = format!("<Rule><ObjectOwnership>{ownership}</ObjectOwnership></Rule>");
    put("ownershipControls", "OwnershipControls", rule);
    put("requestPayment", "RequestPaymentConfiguration", "<Payer>BucketOwner</Payer>".to_owned());
    let owner = format!("<ID>{}</ID>", bucket.account);
    let grantee = format!(
        "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\">{owner}</Grantee>"
    );
    let grant = format!("<Grant>{grantee}<Permission>FULL_CONTROL</Permission></Grant>");
    let list = format!("<Owner>{owner}</Owner><AccessControlList>{grant}</AccessControlList>");
    bucket
        .configurations
        .insert("acl".to_owned(), format!("<AccessControlPolicy {NAMESPACE}>{list}</AccessControlPolicy>"));
    if !tags.is_empty() {
        let mut text = String::new();
        super::super::super::protocol::write_xml(&mut text, "TagSet", &tags.list("Tag"));
        bucket.configurations.insert("tagging".to_owned(), format!("<Tagging {NAMESPACE}>{text}</Tagging>"));
    }
}

fn of(asked: &Asked<'_>) -> Result<&'static Configuration, Refusal> {
    let found = CONFIGURATIONS.iter().find(|kind| asked.has(kind.query));
    found.ok_or_else(|| Refusal::new("NotImplemented", "There is no such configuration").status(501))
}

/// `GetBucket…`
pub(super) fn get(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let kind = of(asked)?;
    let bucket = find(scene, asked)?;
    match (bucket.configurations.get(kind.query), &kind.unset) {
        (Some(text), _) => Ok(text_reply(text.clone())),
        (None, Document(root)) => Ok(text_reply(format!("<{root} {NAMESPACE}></{root}>"))),
        (None, Error(code, words)) => Err(Refusal::new(*code, *words).status(404)),
    }
}

/// `PutBucket…`
pub(super) fn put(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let kind = of(asked)?;
    checksums::check(asked)?;
    let text = String::from_utf8_lossy(&asked.body).into_owned();
    let bucket = find(scene, asked)?;
    match kind.query {
        "policy" => check_policy(bucket, &text)?,
        // Access lists may come in a header alone; what they allow is not modelled.
        "acl" if text.is_empty() => return Ok(empty(200)),
        "versioning" => {
            bucket.versioning = match read_xml(&asked.body)?.text("Status") {
                Some("Enabled") => Versioning::Enabled,
                Some("Suspended") => Versioning::Suspended,
                _ => {
                    let words = "The Versioning element must be specified";
                    return Err(Refusal::new("IllegalVersioningConfigurationException", words));
                }
            };
        }
        "tagging" => drop(read_xml(&asked.body)?.at("TagSet").map(|set| Tags::read(set, "Tag")).transpose()?),
        _ => drop(read_xml(&asked.body)?),
    }
    bucket.configurations.insert(kind.query.to_owned(), text);
    Ok(empty(if matches!(kind.query, "policy" | "tagging") { 204 } else { 200 }))
}

/// `DeleteBucket…`. Encryption goes back to its default.
pub(super) fn delete(scene: &mut Scene<'_>, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let kind = of(asked)?;
    let bucket = find(scene, asked)?;
    bucket.configurations.remove(kind.query);
    Ok(empty(204))
}

/// Refuses what is no policy, and a public one where those are blocked.
fn check_policy(bucket: &Bucket, text: &str) -> Result<(), Refusal> {
    let malformed = |words: &str| Refusal::new("MalformedPolicy", words.to_owned());
    let policy: serde_json::Value = serde_json::from_str(text)
        .map_err(|_| malformed("Policies must be valid JSON and the first byte must be '{'"))?;
    let statements = match policy.get("Statement") {
        Some(serde_json::Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => return Err(malformed("Missing required field Statement")),
    };
    let is_public = |statement: &serde_json::Value| {
        let everybody = statement["Principal"] == "*" || statement["Principal"]["AWS"] == "*";
        statement["Effect"] == "Allow" && everybody && statement.get("Condition").is_none()
    };
    let blocked = bucket.configurations.get("publicAccessBlock");
    let blocked =
        blocked.is_some_and(|text| text.replace(char::is_whitespace, "").contains("<BlockPublicPolicy>true<"));
    if blocked && statements.iter().any(is_public) {
        let words = "User is not authorized to perform: s3:PutBucketPolicy because public policies are prevented by the \
                     BlockPublicPolicy setting in S3 Block Public Access.";
        return Err(Refusal::new("AccessDenied", words).status(403));
    }
    Ok(())
}
