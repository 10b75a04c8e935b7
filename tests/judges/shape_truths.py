"""Where AWS's own answers differ from its models, so that the shape judge accepts what AWS really sends. Each with
where that is documented."""

# Values beyond the model's enums, by shape.
ENUM_VALUES = {
    # DescribeInternetGateways, example response: <state>available</state>.
    "AttachmentStatus": {"available"},
    # CreateVpcEndpoint, example response: <state>available</state>; the model writes Available, and SDKs compare
    # without case.
    "State": {
        "pendingAcceptance",
        "pending",
        "available",
        "deleting",
        "deleted",
        "rejected",
        "failed",
        "expired",
        "partial",
    },
    # DescribeInstances, Instance.platform: "The value is `Windows` for Windows instances" in the text, `windows` on the
    # wire.
    "PlatformValues": {"windows"},
    # DescribeNetworkInterfaces, interfaceType: the network interface of a NAT gateway says nat_gateway.
    "NetworkInterfaceType": {"nat_gateway"},
}

# Statuses beside the one that botocore's models say: PutBucketTagging and PutBucketPolicy, example responses: HTTP/1.1
# 204 No Content; GetObject and HeadObject with a range: 206 Partial Content.
STATUSES = {
    "GetObject": {200, 206},
    "HeadObject": {200, 206},
    "PutBucketPolicy": {200, 204},
    "PutBucketTagging": {200, 204},
}

# EC2 answers <return> also where the model has no such member: CreateSecurityGroup, response elements.
EC2_ENVELOPE = ("requestId", "return")

# The codes that SQS sent before it spoke JSON, which x-amzn-query-error still carries (Smithy's awsQueryError; botocore
# leaves it out).
QUERY_ERROR_CODES = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
} | {
    name: f"AWS.SimpleQueueService.{name}"
    for name in (
        "BatchEntryIdsNotDistinct",
        "BatchRequestTooLong",
        "EmptyBatchRequest",
        "InvalidBatchEntryId",
        "MessageNotInflight",
        "PurgeQueueInProgress",
        "QueueDeletedRecently",
        "TooManyEntriesInBatchRequest",
        "UnsupportedOperation",
    )
}
