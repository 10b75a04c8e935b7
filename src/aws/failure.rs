//! What an error of the SDK means for the engine.
//!
//! AWS documents its codes per service; the table here holds those that Pando's calls can meet, gathered from the services' API references
//! and from how Terraform's provider has learned to treat them.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::error::operation::BuildError;

use super::pace::Unsent;
use super::patience;
use crate::engine::cloud_error::CloudError;

/// Any error of the SDK.
type Failed<E> = SdkError<E, Response>;

/// A failed call, told apart only by whether the credentials are the problem.
#[derive(Debug)]
pub(super) enum Problem {
    Denied(String),
    Other(String),
}

/// Codes that say: who asks is not known, not allowed, or no longer.
const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "NotAuthorized",
    "OptInRequired",
    // Not a thing that is missing: the caller may not make the role that ElastiCache needs.
    "ServiceLinkedRoleNotFoundFault",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// Codes that say: not executed, and nothing will be until the caller has new credentials. Roles and SSO sessions end in the middle of long
/// runs.
const EXPIRED: &[&str] = &["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"];

/// Codes that say: not executed, and the same request may pass later.
const NOT_YET: &[&str] = &[
    "AWS.SimpleQueueService.QueueDeletedRecently",
    "CacheSubnetGroupInUse",
    "ConcurrentModification",
    "ConcurrentModificationException",
    "DeleteConflict",
    "DependencyViolation",
    "EC2ThrottledException",
    "EntityTemporarilyUnmodifiable",
    "Gateway.NotAttached",
    "IncorrectState",
    "InstanceRefreshInProgress",
    "InvalidCacheClusterState",
    "InvalidCacheParameterGroupState",
    "InvalidDBInstanceState",
    "InvalidDBInstanceStateFault",
    "InvalidDBParameterGroupState",
    "InvalidDBSubnetGroupStateFault",
    "InvalidGlobalReplicationGroupState",
    "InvalidGroup.InUse",
    "InvalidIPAddress.InUse",
    "InvalidNetworkInterface.InUse",
    "InvalidReplicationGroupState",
    "OperationAborted",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "QueueDeletedRecently",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "ResourceContention",
    "ResourceInUse",
    "ResourceInUseFault",
    "ScalingActivityInProgress",
    "ServiceLinkedRoleFailure",
    "SlowDown",
    "Throttling",
    "ThrottledException",
    "ThrottlingException",
    "TooManyRequestsException",
    "TooManyUpdates",
    "UnmodifiableEntity",
];

/// Messages that say the same where the code does not. IAM needs a while to tell EC2 and Auto Scaling of a new instance profile; RDS makes its role
/// at its first use in an account; SQS does not know a queue yet that it has just made.
const NOT_YET_WORDS: &[(&str, &str)] = &[
    ("", "Invalid IAM Instance Profile"),
    ("", "nvalid instance profile"),
    ("InvalidParameterValue", "wait and try again later"),
    ("InvalidParameterValue", "Dead letter target does not exist"),
    ("InvalidAttributeValue", "Dead letter target does not exist"),
];

/// Codes that say: there is one already.
const EXISTS: &[&str] = &[
    "AlreadyExists",
    "AlreadyExistsFault",
    "CacheClusterAlreadyExists",
    "CacheParameterGroupAlreadyExists",
    "CacheSubnetGroupAlreadyExists",
    "DBInstanceAlreadyExists",
    "DBParameterGroupAlreadyExists",
    "DBSubnetGroupAlreadyExists",
    "DuplicateListener",
    "DuplicateLoadBalancerName",
    "DuplicateTargetGroupName",
    "EntityAlreadyExists",
    "IdempotentParameterMismatch",
    "InvalidGroup.Duplicate",
    "InvalidLaunchTemplateName.AlreadyExistsException",
    "InvalidPermission.Duplicate",
    "InvalidSubnet.Conflict",
    "ParameterAlreadyExists",
    "QueueAlreadyExists",
    "QueueNameExists",
    "ReplicationGroupAlreadyExists",
    "ResourceExistsException",
    "RouteAlreadyExists",
];

/// Codes that say "not there" without the word that [`is_missing`] looks for.
const MISSING: &[&str] = &[
    "AWS.SimpleQueueService.NonExistentQueue",
    "DBInstanceNotFound",
    "InvalidAllocationID.NotFound",
    "InvalidResourceId",
    "NatGatewayNotFound",
    "NoSuchEntity",
    "QueueDoesNotExist",
];

/// What a failed call means, if it named nothing but the thing itself.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(crate) fn classify<E>(error: Failed<E>) -> CloudError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match &error {
        SdkError::ServiceError(service) => {
            let (code, message) = (service.err().code(), service.err().message());
            by_code(code.unwrap_or_default(), message.unwrap_or_default(), service.raw().status().as_u16())
        }
        SdkError::ConstructionFailure(_) => CloudError::Refused(chain(&error)),
        SdkError::DispatchFailure(_) if is_credentials(&error) => CloudError::Denied(chain(&error)),
        SdkError::DispatchFailure(_) if is_connection_refused(&error) || is_unsent(&error) => {
            CloudError::NotYet(chain(&error))
        }
        _ => CloudError::Unknown(chain(&error)),
    }
}

/// How services that have no "not found" for it call a subnet or a security group that they do not know: code, and words of the message.
const UNKNOWN_REFERENCES: [(&str, &str); 4] = [
    // RDS, ElastiCache
    ("InvalidSubnet:", ""),
    ("InvalidParameterValue:", "ecurity group"),
    // Elastic Load Balancing
    ("InvalidSecurityGroup:", "is not valid"),
    // Auto Scaling
    ("ValidationError:", "The subnet ID"),
];

/// The same for a call that names other things, just made: a "not found" then means that they are not visible everywhere yet. EC2 documents
/// this as eventual consistency; the engine asks again, up to the kind's limit. What the blueprint's author named is not one of them: a
/// certificate that is not there will not turn up.
pub(super) fn with_references<E>(error: Failed<E>) -> CloudError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match classify(error) {
        CloudError::Missing(text) if ["Certificate", "SSLPolicy"].iter().any(|named| text.starts_with(named)) => {
            CloudError::Refused(text)
        }
        CloudError::Missing(text) => CloudError::NotYet(text),
        CloudError::Refused(text)
            if UNKNOWN_REFERENCES.iter().any(|(code, words)| text.starts_with(code) && text.contains(words)) =>
        {
            CloudError::NotYet(text)
        }
        other => other,
    }
}

/// The same for a group of subnets that loses some of them. RDS and ElastiCache move nothing from one zone to another.
pub(super) fn with_residents<E>(error: Failed<E>) -> CloudError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match with_references(error) {
        CloudError::Refused(text)
            if ["SubnetAlreadyInUse", "SubnetInUse"].iter().any(|code| text.starts_with(code)) =>
        {
            CloudError::Refused(format!(
                "{text}; AWS moves no database and no cache to another zone: write as many `zones` as there were"
            ))
        }
        other => other,
    }
}

/// Whether a call failed because the thing is not there.
pub(super) fn is_absent<E>(error: &Failed<E>) -> bool
where
    E: ProvideErrorMetadata,
{
    matches!(error, SdkError::ServiceError(e) if is_missing(e.err().code().unwrap_or_default()))
}

/// The code of the service's answer, if it answered.
pub(super) fn code<E: ProvideErrorMetadata>(error: &Failed<E>) -> &str {
    match error {
        SdkError::ServiceError(e) => e.err().code().unwrap_or_default(),
        _ => "",
    }
}

/// A request that the SDK itself finds incomplete. A fault in the kind.
pub(super) fn unbuildable(error: &BuildError) -> CloudError {
    CloudError::Refused(error.to_string())
}

/// For the first call of all.
pub(super) fn explain<E>(error: Failed<E>) -> Problem
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match classify(error) {
        CloudError::Denied(why) | CloudError::Expired(why) => Problem::Denied(why),
        CloudError::Refused(why)
        | CloudError::NotYet(why)
        | CloudError::Missing(why)
        | CloudError::Exists(why)
        | CloudError::Foreign(why)
        | CloudError::Unknown(why) => Problem::Other(why),
    }
}

fn by_code(code: &str, message: &str, status: u16) -> CloudError {
    let text = if message.is_empty() { code.to_owned() } else { format!("{code}: {message}") };
    let waits = |(of, words): &(&str, &str)| (of.is_empty() || *of == code) && message.contains(words);
    // Auto Scaling has one code for everything that it does not like.
    let is_absent_group = code == "ValidationError" && message.contains("not found");
    if EXPIRED.contains(&code) {
        CloudError::Expired(text)
    } else if DENIED.contains(&code) {
        CloudError::Denied(text)
    } else if NOT_YET.contains(&code) || NOT_YET_WORDS.iter().any(waits) {
        CloudError::NotYet(patience::explain(code, message, text))
    } else if EXISTS.contains(&code) {
        CloudError::Exists(text)
    } else if is_missing(code) || is_absent_group {
        CloudError::Missing(text)
    } else if status >= 500 || code.is_empty() {
        CloudError::Unknown(if text.is_empty() { format!("status {status}") } else { text })
    } else {
        CloudError::Refused(text)
    }
}

fn is_missing(code: &str) -> bool {
    MISSING.contains(&code) || code.contains("NotFound")
}

fn is_credentials(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<CredentialsError>())
}

/// Nobody listens: certainly nothing was executed.
fn is_connection_refused(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>();
        io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused)
    })
}

/// It waited for its turn, and was given up before it was sent.
fn is_unsent(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<Unsent>())
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// An error and its causes in one line, without repetitions.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        if parts.last().is_none_or(|last| !last.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::*;

    #[test]
    fn codes_mean_what_the_engine_may_do_next() {
        let cases = [
            ("UnauthorizedOperation", "", 403, "not allowed"),
            ("ExpiredToken", "", 403, "the credentials have expired"),
            ("RequestExpired", "", 400, "the credentials have expired"),
            ("DependencyViolation", "in use", 400, "not yet"),
            ("InvalidSubnet.Conflict", "", 400, "already there"),
            ("InvalidVpcID.NotFound", "", 400, "not there"),
            ("ValidationError", "AutoScalingGroup name not found - no such group: shop", 400, "not there"),
            ("ValidationError", "Max bound is below min bound", 400, "refused"),
            ("NoSuchEntity", "", 404, "not there"),
            ("InvalidParameterValue", "bad class", 400, "refused"),
            ("ValidationError", "Invalid IAM Instance Profile name - shop", 400, "not yet"),
            ("ValidationError", "AutoScalingGroup name not found - shop-web", 400, "not there"),
            ("ValidationError", "1 validation error detected", 400, "refused"),
            (
                "InvalidParameterValue",
                "Unable to create the resource. Otherwise wait and try again later",
                400,
                "not yet",
            ),
            ("ServiceLinkedRoleNotFoundFault", "", 400, "not allowed"),
            // Nobody knows whether a request that ends like this was executed.
            ("ServiceUnavailable", "", 503, "no answer"),
            ("InternalError", "", 500, "no answer"),
            ("", "", 502, "no answer"),
        ];
        for (code, message, status, meaning) in cases {
            let text = by_code(code, message, status).to_string();
            assert!(text.starts_with(meaning), "{code}: {text}");
        }
    }

    #[test]
    fn a_call_that_timed_out_may_have_been_executed_and_one_that_was_not_sent_was_not() {
        let fate = |why: ConnectorError| {
            let error: Failed<GetCallerIdentityError> = SdkError::dispatch_failure(why);
            classify(error)
        };
        let lost = fate(ConnectorError::timeout("no answer within 30 seconds".into()));
        assert_eq!(lost, CloudError::Unknown("dispatch failure: timeout: no answer within 30 seconds".into()));
        let unsent = Unsent { action: "CreateVpcEndpoint".into() };
        let unsent = fate(ConnectorError::other(unsent.into(), None)).to_string();
        assert!(unsent.starts_with("not yet"), "{unsent}");
    }

    #[test]
    fn no_code_means_two_things() {
        let all = [DENIED, EXPIRED, NOT_YET, EXISTS, MISSING].concat();
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
