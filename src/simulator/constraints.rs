//! What AWS checks of a parameter before the service itself looks at it: that it is there, its length, its signs, its values.
//!
//! The words are the same for all services that are built this way (IAM, STS, SSM, Secrets Manager, Auto Scaling, CloudWatch), the code is not.

use super::input::Input;
use super::refusal::Refusal;

/// The checks of one service, which answers with this code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constraints(pub(crate) &'static str);

impl Constraints {
    /// A text that may not be missing.
    pub(crate) fn need<'a>(self, input: &'a Input, name: &str) -> Result<&'a str, Refusal> {
        input.text(name).ok_or_else(|| self.broken(name, None, "Member must not be null"))
    }

    /// A text that may not be missing and has a length in this range.
    pub(crate) fn sized<'a>(self, input: &'a Input, name: &str, range: (usize, usize)) -> Result<&'a str, Refusal> {
        let text = self.need(input, name)?;
        self.length(name, text, range)?;
        Ok(text)
    }

    /// The length of a text.
    pub(crate) fn length(self, name: &str, text: &str, (low, high): (usize, usize)) -> Result<(), Refusal> {
        match text.chars().count() {
            length if length < low => {
                let rule = format!("Member must have length greater than or equal to {low}");
                Err(self.broken(name, Some(text), &rule))
            }
            length if length > high => {
                let rule = format!("Member must have length less than or equal to {high}");
                Err(self.broken(name, Some(text), &rule))
            }
            _ => Ok(()),
        }
    }

    /// The signs of a text, and the pattern that AWS names when they do not fit.
    pub(crate) fn signs(
        self,
        name: &str,
        text: &str,
        pattern: &str,
        fits: impl Fn(char) -> bool,
    ) -> Result<(), Refusal> {
        let rule = || format!("Member must satisfy regular expression pattern: {pattern}");
        if text.chars().all(fits) { Ok(()) } else { Err(self.broken(name, Some(text), &rule())) }
    }

    /// One of these values, if it is given.
    pub(crate) fn one_of<'a>(self, input: &'a Input, name: &str, values: &[&str]) -> Result<Option<&'a str>, Refusal> {
        let Some(text) = input.text(name) else { return Ok(None) };
        if values.contains(&text) {
            return Ok(Some(text));
        }
        let rule = format!("Member must satisfy enum value set: [{}]", values.join(", "));
        Err(self.broken(name, Some(text), &rule))
    }

    /// A whole number in this range, if it is given.
    pub(crate) fn whole(self, input: &Input, name: &str, (low, high): (i64, i64)) -> Result<Option<i64>, Refusal> {
        let Some(number) = input.whole(name).map_err(|refusal| Refusal::new(self.0, refusal.message))? else {
            return Ok(None);
        };
        let text = number.to_string();
        if number < low {
            let rule = format!("Member must have value greater than or equal to {low}");
            return Err(self.broken(name, Some(&text), &rule));
        }
        if number > high {
            let rule = format!("Member must have value less than or equal to {high}");
            return Err(self.broken(name, Some(&text), &rule));
        }
        Ok(Some(number))
    }

    /// The number of a list's members.
    pub(crate) fn count(self, name: &str, texts: &[&str], range: (usize, usize)) -> Result<(), Refusal> {
        let (low, high) = range;
        let side = if texts.len() < low { ("greater", low) } else { ("less", high) };
        let rule = format!("Member must have length {} than or equal to {}", side.0, side.1);
        let all = format!("[{}]", texts.join(", "));
        if (low..=high).contains(&texts.len()) { Ok(()) } else { Err(self.broken(name, Some(&all), &rule)) }
    }

    /// What is said when a parameter breaks a rule.
    pub(crate) fn broken(self, name: &str, value: Option<&str>, rule: &str) -> Refusal {
        let value = value.map_or_else(|| "null".to_owned(), |value| format!("'{value}'"));
        let mut signs = name.chars();
        let name: String = signs.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(signs).collect();
        let words =
            format!("1 validation error detected: Value {value} at '{name}' failed to satisfy constraint: {rule}");
        Refusal::new(self.0, words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_rule_is_told_in_the_words_of_aws() {
        let input = Input::from(serde_json::json!({ "RoleName": "a b", "Size": 5 }));
        let checks = Constraints("ValidationError");
        let refusal = checks.signs("RoleName", "a b", r"[\w]+", char::is_alphanumeric).unwrap_err();
        let words = "Value 'a b' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w]+";
        assert!(refusal.message.ends_with(words), "{}", refusal.message);
        assert!(checks.sized(&input, "RoleName", (1, 2)).unwrap_err().message.contains("less than or equal to 2"));
        assert!(checks.need(&input, "Path").unwrap_err().message.contains("Value null at 'path'"));
        assert!(checks.whole(&input, "Size", (6, 9)).is_err() && checks.whole(&input, "Size", (5, 9)) == Ok(Some(5)));
    }
}
