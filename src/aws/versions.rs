//! Versions of engines. AWS raises them and never takes them back: ElastiCache "engine versions cannot be downgraded", and RDS has no way
//! back but a snapshot (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/VersionManagement.HowTo.html>,
//! <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html>). So an older one is another resource,
//! but for one that [`compare_cache`] knows.

use crate::engine::change::{Diff, Manner};

/// Whether a version is what the author named, or what AWS has made of it since: with two `majors`, `8.4` covers `8.4.3`, and `8.4.3` covers
/// `8.4.5`. AWS raises by itself what follows the first `majors` numbers, and never goes back.
pub(super) fn covers(wanted: &str, seen: &str, majors: usize) -> bool {
    let (wanted, seen) = (numbers(wanted), numbers(seen));
    wanted.iter().take(majors).eq(seen.iter().take(majors)) && seen >= wanted
}

/// Compares with what is there.
pub(super) fn compare(diff: &mut Diff<'_>, wanted: &String, seen: &String, majors: usize) {
    if !covers(wanted, seen, majors) {
        diff.reported("version", manner(wanted, seen, majors), wanted, Some(seen));
    }
}

/// Compares engine and version of a cache, with what was asked for last time where the cloud does not say. Valkey takes over from Redis, and
/// the one way back is from Valkey 7.2 to Redis 7.1
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/VersionManagement.HowTo.html>).
pub(super) fn compare_cache(diff: &mut Diff<'_>, wanted: (&String, &String), seen: Option<(&String, &String)>) {
    let recorded = (recorded(diff, "engine"), recorded(diff, "version"));
    let (engine, version) = seen.unwrap_or((&recorded.0, &recorded.1));
    let is_back = engine == "valkey" && wanted.0 == "redis";
    let is_open = covers("7.2", version, 2) && wanted.1 == "7.1";
    let manner = if is_back && !is_open { Manner::Replace } else { Manner::InPlace };
    diff.reported("engine", manner, wanted.0, Some(engine));
    compare(diff, wanted.1, version, 1);
}

fn recorded(diff: &Diff<'_>, field: &str) -> String {
    diff.recorded(field).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
}

/// How a version that was asked for can be had, where another is there.
fn manner(wanted: &str, seen: &str, majors: usize) -> Manner {
    let major = |version: &str| numbers(version).into_iter().take(majors).collect::<Vec<_>>();
    if major(wanted) < major(seen) { Manner::Replace } else { Manner::InPlace }
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
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
