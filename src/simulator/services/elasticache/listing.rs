//! How lists of ElastiCache are asked for and answered, and what identifiers look like.

use crate::simulator::input::{Input, invalid};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;

/// A page of 20 to 100 things, as almost all lists of ElastiCache have.
pub(super) fn page(input: &Input) -> Result<Page, Refusal> {
    page_of(input, 100)
}

/// A page of 20 to so many things.
pub(super) fn page_of(input: &Input, most: i64) -> Result<Page, Refusal> {
    Page::read(input, "MaxRecords", "Marker", (20, most), "InvalidParameterValue")
}

/// A name in the small letters that ElastiCache keeps names in.
pub(super) fn name(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// Checks an identifier's form, and makes its letters small
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html>).
pub(super) fn identifier(input: &Input, parameter: &str, longest: usize) -> Result<String, Refusal> {
    let text = input.need(parameter)?;
    let has_form = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '-')
        && !text.ends_with('-')
        && !text.contains("--");
    if !has_form {
        return Err(invalid(format!(
            "The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, \
             digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
        )));
    }
    if text.len() > longest {
        return Err(invalid(format!("The parameter {parameter} must be between 1 and {longest} characters long.")));
    }
    Ok(text.to_ascii_lowercase())
}
