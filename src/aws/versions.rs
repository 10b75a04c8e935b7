//! Versions of engines. AWS raises them and never takes them back: ElastiCache "engine versions cannot be downgraded", and RDS has no way
//! back but a snapshot (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/VersionManagement.HowTo.html>,
//! <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html>). So an older one is another resource.

use crate::engine::change::{Diff, Manner};

/// How a version that was asked for can be had, where another is there. Only the first `parts` numbers count.
pub(super) fn manner(wanted: &str, seen: &str, parts: usize) -> Manner {
    let numbers =
        |version: &str| -> Vec<u32> { version.split('.').take(parts).map(|part| part.parse().unwrap_or(0)).collect() };
    if numbers(wanted) < numbers(seen) { Manner::Replace } else { Manner::InPlace }
}

/// Compares the first `parts` numbers, with what was asked for last time where the cloud does not say; what follows them is AWS's to raise.
pub(super) fn compare(diff: &mut Diff<'_>, wanted: &String, seen: Option<&String>, parts: usize) {
    let recorded = diff.recorded("version").and_then(|version| version.as_str()).unwrap_or_default().to_owned();
    let there = seen.unwrap_or(&recorded);
    let first = |version: &str| version.split('.').take(parts).map(str::to_owned).collect::<Vec<_>>();
    if first(wanted) != first(there) {
        diff.reported("version", manner(wanted, there, parts), wanted, Some(there));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_version_is_another_resource() {
        assert_eq!(manner("6.2", "7.1", 1), Manner::Replace);
        assert_eq!(manner("8.0", "7.1", 1), Manner::InPlace);
        assert_eq!(manner("7.1", "7.2.6", 1), Manner::InPlace);
        assert_eq!(manner("1.5.16", "1.6.22", 2), Manner::Replace);
        assert_eq!(manner("8.4", "8.0.40", 2), Manner::InPlace);
        assert_eq!(manner("9", "10.3", 1), Manner::Replace);
    }
}
