//! Why AWS says "not yet", in words that tell a user what is being waited for.

/// A code, words that its message must have, and what it means.
type Meaning = (&'static str, &'static str, &'static str);

/// What the waits that people meet are about. The times are AWS's own where it names them: SQS "wait 60 seconds after deleting a queue"
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html>); IAM's eventual consistency
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>).
const MEANINGS: &[Meaning] = &[
    ("AWS.SimpleQueueService.QueueDeletedRecently", "", "SQS frees the name of a deleted queue after 60 seconds"),
    ("QueueDeletedRecently", "", "SQS frees the name of a deleted queue after 60 seconds"),
    ("", "nstance profile", "IAM is still telling the other services of the new instance profile"),
    ("", "nstance Profile", "IAM is still telling the other services of the new instance profile"),
    (
        "DependencyViolation",
        "",
        "something still stands in it; network interfaces of load balancers and databases go some minutes after them",
    ),
    ("DeleteConflict", "", "something is still attached to it"),
    ("ResourceInUse", "", "it is still in use; what used it is on its way out"),
    ("ResourceInUseFault", "", "it is still in use; what used it is on its way out"),
    ("InvalidGroup.InUse", "", "something is still in this security group; it is on its way out"),
    ("InvalidIPAddress.InUse", "", "the address is still attached; what had it is on its way out"),
    ("ScalingActivityInProgress", "", "Auto Scaling is still starting or ending instances"),
    ("InstanceRefreshInProgress", "", "Auto Scaling is still replacing instances"),
    ("InvalidDBInstanceState", "", "the database is busy with another change"),
    ("InvalidDBInstanceStateFault", "", "the database is busy with another change"),
    ("InvalidReplicationGroupState", "", "the cache is busy with another change"),
    ("InvalidCacheClusterState", "", "the cache is busy with another change"),
    ("ConcurrentModification", "", "another change is under way"),
    ("ConcurrentModificationException", "", "another change is under way"),
];

/// The text of an answer, with what it means before it.
pub(super) fn explain(code: &str, message: &str, text: String) -> String {
    let fits = |(of, words, _): &&Meaning| (of.is_empty() || *of == code) && message.contains(words);
    let slow = ["Throttl", "LimitExceeded", "SlowDown", "TooManyRequests"];
    match MEANINGS.iter().find(fits) {
        Some((_, _, meaning)) => format!("{meaning} ({text})"),
        None if slow.iter().any(|word| code.contains(word)) => format!("AWS asks to slow down ({text})"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_shown_as_what_it_is() {
        let said = |code: &str, message: &str| explain(code, message, format!("{code}: {message}"));
        assert_eq!(
            said("QueueDeletedRecently", "wait"),
            "SQS frees the name of a deleted queue after 60 seconds (QueueDeletedRecently: wait)"
        );
        assert!(
            said("ValidationError", "Invalid IAM Instance Profile name - shop").starts_with("IAM is still telling")
        );
        assert!(said("RequestLimitExceeded", "").starts_with("AWS asks to slow down"));
        assert_eq!(said("IncorrectState", "pending"), "IncorrectState: pending");
    }
}
