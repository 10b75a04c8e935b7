//! Conditions on reads, writes and deletes
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html>).

use super::super::super::refusal::Refusal;
use super::bucket::Version;
use super::object::{is_gone, no_such_key};
use super::request::Asked;

fn failed(condition: &str) -> Refusal {
    let words = format!("At least one of the pre-conditions you specified did not hold: {condition}");
    Refusal::new("PreconditionFailed", words).status(412)
}

/// Whether a condition's list of entity tags names this one.
fn names(list: &str, version: &Version) -> bool {
    list == "*" || list.split(',').any(|tag| tag.trim().trim_start_matches("W/").trim_matches('"') == version.etag)
}

/// Before a write: `If-None-Match: *` wants nothing there, `If-Match` wants this very version to be the current one. A delete marker counts as
/// nothing.
pub(super) fn before_write(asked: &Asked<'_>, current: Option<&Version>) -> Result<(), Refusal> {
    let current = current.filter(|version| !is_gone(version));
    match asked.header("if-none-match") {
        Some("*") if current.is_some() => return Err(failed("If-None-Match")),
        Some("*") | None => {}
        Some(_) => {
            let words = "A header you provided implies functionality that is not implemented";
            return Err(Refusal::new("NotImplemented", words).status(501));
        }
    }
    match (asked.header("if-match"), current) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(no_such_key(&asked.key)),
        (Some(list), Some(version)) if names(list, version) => Ok(()),
        (Some(_), Some(_)) => Err(failed("If-Match")),
    }
}

/// Before a delete: `If-Match` wants this very version to be the current one, or just any with `*`.
pub(super) fn before_delete(condition: Option<&str>, key: &str, current: Option<&Version>) -> Result<(), Refusal> {
    match (condition, current.filter(|version| !is_gone(version))) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(no_such_key(key)),
        (Some(list), Some(version)) if names(list, version) => Ok(()),
        (Some(_), Some(_)) => Err(failed("If-Match")),
    }
}

/// Before a read. `304 Not Modified` is a refusal, too.
pub(super) fn before_read(asked: &Asked<'_>, version: &Version) -> Result<(), Refusal> {
    if asked.header("if-match").is_some_and(|list| !names(list, version)) {
        return Err(failed("If-Match"));
    }
    if asked.header("if-none-match").is_some_and(|list| names(list, version)) {
        return Err(Refusal::new("NotModified", "Not Modified").status(304));
    }
    Ok(())
}
