//! Whatever stands in a file: an answer, and mistakes with a place in it.

use pando::blueprint::Blueprint;
use pando::blueprint::diagnostic::{Diagnostic, Span};
use pando::cli::view::diagnostics::render;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::support::documents::{READY_MADE, source};

/// One slip of an editor.
#[derive(Clone, Debug)]
enum Slip {
    Delete,
    Double,
    Swap(Index),
    Write(&'static str),
}

fn slips() -> impl Strategy<Value = Vec<(bool, Index, Slip)>> {
    let pieces = [
        "\t",
        ":",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        "&a ",
        "*a",
        "!t ",
        "<<: ",
        "#",
        "|",
        ">",
        "? ",
        "%",
        "@",
        "\u{0}",
        "\u{feff}",
        "\u{2028}",
        "é",
        "🌳",
        "---\n",
        "...\n",
        "\r",
        "  ",
        "x: ",
        "99999999999",
        "null",
        "~",
    ];
    let slip = prop_oneof![
        Just(Slip::Delete),
        Just(Slip::Double),
        any::<Index>().prop_map(Slip::Swap),
        select(pieces.to_vec()).prop_map(Slip::Write),
    ];
    proptest::collection::vec((any::<bool>(), any::<Index>(), slip), 1..6)
}

/// The text after these slips, each of a whole line or of a character.
fn slipped(text: &str, slips: &[(bool, Index, Slip)]) -> String {
    let mut text = text.to_owned();
    for (of_line, index, slip) in slips {
        let parts: Vec<String> = if *of_line {
            text.split_inclusive('\n').map(str::to_owned).collect()
        } else {
            text.chars().map(String::from).collect()
        };
        if parts.is_empty() {
            continue;
        }
        let at = index.index(parts.len());
        let mut parts = parts;
        match slip {
            Slip::Delete => drop(parts.remove(at)),
            Slip::Double => parts.insert(at, parts[at].clone()),
            Slip::Swap(with) => {
                let with = with.index(parts.len());
                parts.swap(at, with);
            }
            Slip::Write(piece) => parts.insert(at, (*piece).to_owned()),
        }
        text = parts.concat();
    }
    text
}

fn lies_in(span: Span, text: &str) -> bool {
    text.get(span.start..span.end).is_some()
}

/// Reads a text in every way, and looks at what is said about it. How many mistakes there are.
pub(crate) fn check(text: &str) -> usize {
    let source = source(text);
    let environments = Blueprint::environments(&source);
    let mut count = 0;
    for environment in std::iter::once(None).chain(environments.iter().map(|name| Some(name.as_str()))) {
        let (is_sound, told) = match Blueprint::parse(&source, environment) {
            Ok((_, warnings)) => (true, warnings),
            Err(mistakes) => (false, mistakes),
        };
        assert_eq!(is_sound, !told.iter().any(Diagnostic::is_error), "{text:?}: {told:#?}");
        for mistake in &told {
            let related = mistake.related.iter().map(|(span, _)| *span);
            let misplaced = std::iter::once(mistake.span).chain(related).find(|span| !lies_in(*span, text));
            assert_eq!(misplaced, None, "{text:?}: {mistake:#?}");
        }
        let shown = render(&source, &told, false);
        assert_eq!(shown.is_empty(), told.is_empty());
        count += told.len();
    }
    count
}

#[test]
fn real_blueprints_with_slips_are_answered_with_mistakes_that_lie_in_the_file() {
    let config = Config { cases: 1500, rng_seed: RngSeed::Fixed(4), failure_persistence: None, ..Config::default() };
    let texts = select(READY_MADE.map(|(_, text)| text).to_vec());
    let mistaken = std::cell::Cell::new(0);
    let run = |(text, slips): (&str, Vec<_>)| {
        mistaken.set(mistaken.get() + usize::from(check(&slipped(text, &slips)) > 0));
        Ok(())
    };
    TestRunner::new(config).run(&(texts, slips()), run).unwrap();
    assert!(mistaken.get() > 500, "only {} texts had a mistake", mistaken.get());
}

#[test]
fn any_text_is_answered() {
    let config = Config { cases: 1000, rng_seed: RngSeed::Fixed(5), failure_persistence: None, ..Config::default() };
    let texts = prop_oneof![
        ".{0,80}",
        "[a-z:{}\\[\\],&*!|>'\"%@`#? \n\t-]{0,60}",
        proptest::collection::vec(any::<u8>(), 0..80).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    ];
    let run = |text: String| {
        check(&text);
        Ok(())
    };
    TestRunner::new(config).run(&texts, run).unwrap();
    // What begins the file with a mark of byte order is as good without.
    assert_eq!(check("\u{feff}pando: 1\nstack: shop\n"), 0);
}
