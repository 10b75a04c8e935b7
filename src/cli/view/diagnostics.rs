//! Mistakes in a blueprint, as rustc would show them.

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};

use super::escape::escape;
use crate::blueprint::diagnostic::{Diagnostic, Severity, Source, Span};

/// How many mistakes are shown. Whoever has more has one that is at the root of them, or not a blueprint.
const MOST: usize = 50;

/// The mistakes, with their place in the file. `styled` adds colours.
pub fn render(source: &Source, diagnostics: &[Diagnostic], styled: bool) -> String {
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    // What cannot be printed is replaced by something of the same length, so that places stay where they are.
    let text: String = source.text.chars().flat_map(printable).collect();
    let shown = diagnostics.iter().take(MOST).map(|diagnostic| one(&renderer, &source.name, &text, diagnostic));
    let mut shown: Vec<String> = shown.collect();
    if let Some(more) = diagnostics.len().checked_sub(MOST).filter(|more| *more > 0) {
        shown.push(format!("… and {more} more"));
    }
    shown.join("\n\n")
}

fn one(renderer: &Renderer, name: &str, text: &str, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let primary =
        AnnotationKind::Primary.span(range(diagnostic.span, text)).label(diagnostic.label.as_deref().map(escape));
    let mut snippet = Snippet::source(text).path(name).annotation(primary);
    if let Some((span, why)) = &diagnostic.related {
        snippet = snippet.annotation(AnnotationKind::Context.span(range(*span, text)).label(escape(why)));
    }
    let mut report: Vec<Group<'_>> = vec![level.primary_title(escape(&diagnostic.message)).element(snippet)];
    let hint = diagnostic.hint.as_deref().map(escape);
    match &diagnostic.replacement {
        Some(replacement) => {
            let patch =
                Snippet::source(text).path(name).patch(Patch::new(range(diagnostic.span, text), escape(replacement)));
            let title = hint.unwrap_or_else(|| "write this".to_owned());
            report.push(Level::HELP.secondary_title(title).element(patch));
        }
        None => report.extend(hint.map(|hint| Group::with_title(Level::HELP.secondary_title(hint)))),
    }
    renderer.render(&report)
}

fn range(span: Span, text: &str) -> std::ops::Range<usize> {
    let end = span.end.min(text.len());
    span.start.min(end)..end
}

fn printable(c: char) -> impl Iterator<Item = char> {
    let steers = (c.is_control() && c != '\n' && c != '\t') || escape(c.encode_utf8(&mut [0; 4])) != c.to_string();
    let blank = if steers && c != '\n' && c != '\t' { Some(c.len_utf8()) } else { None };
    let (kept, blanks) = match blank {
        Some(width) => (None, width),
        None => (Some(c), 0),
    };
    kept.into_iter().chain(std::iter::repeat_n('?', blanks))
}
