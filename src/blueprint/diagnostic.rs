//! What is wrong with a blueprint, and where. All mistakes are collected; how they look is the view's business.

use serde::Serialize;

/// A piece of the file, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The blueprint cannot be used.
    Error,
    /// It can be used, and will hardly do what its author wants.
    Warning,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    /// Where.
    pub span: Span,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without full stop.
    pub message: String,
    /// A word or two right at the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Text that would be right in this place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<String>,
    /// Another place that has to do with it, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related: Option<(Span, String)>,
}

/// Collects mistakes.
#[derive(Debug, Default)]
pub struct Report(Vec<Diagnostic>);

/// A file: its name for messages, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name as the user gave it.
    pub name: String,
    /// Everything in it.
    pub text: String,
}

impl Span {
    /// From one byte to another.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

impl Diagnostic {
    /// A mistake that makes the blueprint unusable.
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            severity: Severity::Error,
            message: message.into(),
            label: None,
            hint: None,
            replacement: None,
            related: None,
        }
    }

    /// Something that is allowed and hardly meant.
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message) }
    }

    /// With a word or two right at the place.
    #[must_use]
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// With advice.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// With text that would be right in this place.
    #[must_use]
    pub fn replacement(self, text: impl Into<String>) -> Self {
        Self { replacement: Some(text.into()), ..self }
    }

    /// With another place that has to do with it.
    #[must_use]
    pub fn related(self, span: Span, why: impl Into<String>) -> Self {
        Self { related: Some((span, why.into())), ..self }
    }

    /// Whether the blueprint is unusable.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl Report {
    /// Adds a mistake.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// All of them, in the order of the file, each once.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}

impl Source {
    /// Line and column of a byte, both from 1; columns count characters.
    pub fn position(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

/// The candidate nearest to a misspelt word, if one is near enough to be meant.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let score = |candidate: &&str| strsim::damerau_levenshtein(&word.to_lowercase(), candidate);
    let best = candidates.into_iter().min_by_key(score)?;
    (score(&best) <= 1 + best.len() / 4).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let source = Source { name: "x".into(), text: "a: ü\nb: 1\n".into() };
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(5), (1, 5), "after a character of two bytes");
        assert_eq!(source.position(6), (2, 1));
        assert_eq!(source.position(999), (3, 1));
    }

    #[test]
    fn only_near_words_are_suggested() {
        let words = ["clones", "instance", "port"];
        assert_eq!(nearest("clnes", words), Some("clones"));
        assert_eq!(nearest("prot", words), Some("port"));
        assert_eq!(nearest("database", words), None);
    }
}
