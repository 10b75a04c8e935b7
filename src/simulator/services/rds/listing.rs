//! How lists of RDS are asked for and answered: filters, pages, identifiers.

use crate::simulator::filters::Filters;
use crate::simulator::input::{Input, invalid};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;

/// The filters of a call, which are matched letter by letter. RDS has none for tags.
pub(super) fn filters(input: &Input, known: &[&str]) -> Result<Filters, Refusal> {
    let list = input.list("Filters");
    for filter in list {
        let name = filter.need("Name")?;
        if !known.contains(&name) {
            return Err(invalid(format!("Unrecognized filter name: {name}")));
        }
        if filter.texts("Values").is_empty() {
            return Err(invalid(format!("The filter {name} has no values")));
        }
    }
    Filters::of(list, "Values", known)
}

/// A page of 20 to 100 things, as all lists of RDS have.
pub(super) fn page(input: &Input) -> Result<Page, Refusal> {
    Page::read(input, "MaxRecords", "Marker", (20, 100), "InvalidParameterValue")
}

/// The name in an identifier that may be an ARN, in the small letters that RDS keeps names in.
pub(super) fn name(identifier: &str) -> String {
    let name = if identifier.starts_with("arn:") { identifier.splitn(7, ':').nth(6) } else { None };
    name.unwrap_or(identifier).to_ascii_lowercase()
}

/// Checks an identifier's form, and makes its letters small
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html>).
pub(super) fn identifier(input: &Input, parameter: &str, longest: usize) -> Result<String, Refusal> {
    let text = input.need(parameter)?;
    let has_form = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '-')
        && !text.ends_with('-')
        && !text.contains("--");
    if !has_form {
        return Err(invalid(format!(
            "The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII \
             letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
        )));
    }
    if text.len() > longest {
        return Err(invalid(format!(
            "The parameter {parameter} is not a valid identifier because it is longer than {longest} characters."
        )));
    }
    Ok(text.to_ascii_lowercase())
}
