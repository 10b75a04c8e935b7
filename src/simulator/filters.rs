//! The filters of `Describe…` calls: any of the values of each filter, all of the filters.

use regex_lite::Regex;

use super::input::{Input, invalid};
use super::refusal::Refusal;
use super::tags::Tags;

/// What a caller wants to see.
#[derive(Debug, Default)]
pub(crate) struct Filters(Vec<(String, Vec<Pattern>)>);

#[derive(Debug)]
enum Pattern {
    Exactly(String),
    Like(Regex),
}

/// As many values as one filter takes
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>).
const VALUES: usize = 200;

impl Filters {
    /// EC2's `Filter.N.Name` and `Filter.N.Value.M`. Names beside these and `tag:…`, `tag-key` are refused, as EC2 does.
    pub(crate) fn read(input: &Input, known: &[&str]) -> Result<Self, Refusal> {
        Self::of(input.list("Filter"), "Value", known)
    }

    /// The same in another spelling of lists and values, as Auto Scaling and RDS have it.
    pub(crate) fn of(list: &[Input], values: &str, known: &[&str]) -> Result<Self, Refusal> {
        let mut filters = Vec::new();
        for filter in list {
            let name = filter.need("Name")?;
            if !known.contains(&name) && !name.starts_with("tag:") && name != "tag-key" && name != "tag-value" {
                return Err(invalid(format!("The filter '{name}' is invalid")));
            }
            let values = filter.texts(values);
            if values.len() > VALUES {
                let words = format!("The maximum number of filter values specified on a single call is {VALUES}");
                return Err(Refusal::new("FilterLimitExceeded", words));
            }
            filters.push((name.to_owned(), values.into_iter().map(Pattern::new).collect()));
        }
        Ok(Self(filters))
    }

    /// Whether a thing passes, given its tags and its values for a filter's name.
    pub(crate) fn pass(&self, tags: &Tags, mut values: impl FnMut(&str) -> Vec<String>) -> bool {
        self.0.iter().all(|(name, patterns)| {
            let any = |value: &str| patterns.iter().any(|pattern| pattern.fits(value));
            match name.strip_prefix("tag:") {
                Some(key) => tags.get(key).is_some_and(any),
                None if name == "tag-key" => tags.iter().any(|(key, _)| any(key)),
                None if name == "tag-value" => tags.iter().any(|(_, value)| any(value)),
                None => values(name).iter().any(|value| any(value)),
            }
        })
    }
}

impl Pattern {
    fn new(text: &str) -> Self {
        if !text.contains(['*', '?', '\\']) {
            return Self::Exactly(text.to_owned());
        }
        let mut pattern = String::from("^");
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '*' => pattern.push_str(".*"),
                '?' => pattern.push('.'),
                '\\' => pattern.push_str(&regex_lite::escape(&characters.next().unwrap_or('\\').to_string())),
                other => pattern.push_str(&regex_lite::escape(&other.to_string())),
            }
        }
        pattern.push('$');
        Regex::new(&pattern).map_or_else(|_| Self::Exactly(text.to_owned()), Self::Like)
    }

    fn fits(&self, value: &str) -> bool {
        match self {
            Self::Exactly(text) => text == value,
            Self::Like(pattern) => pattern.is_match(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_any_text_and_any_character() {
        assert!(Pattern::new("al2023-ami-2*-arm64").fits("al2023-ami-2026.1-arm64"));
        assert!(Pattern::new("a?c").fits("abc") && !Pattern::new("a?c").fits("ac"));
        assert!(Pattern::new("a\\*c").fits("a*c") && !Pattern::new("a\\*c").fits("abc"));
        assert!(!Pattern::new("a.c").fits("abc"));
    }
}
