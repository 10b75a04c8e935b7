//! Files that are hardly YAML, or too much of it.

use std::fmt::Write as _;

use insta::assert_snapshot;
use pando::blueprint::Blueprint;
use tokio::time::{Duration, Instant};

use super::{bodies, gallery};
use crate::support::documents::source;

#[test]
fn what_is_not_yaml_is_shown_where_it_stops_to_be() {
    assert_snapshot!(gallery(&[
        ("a bracket too few", "pando: 1\nstack: shop\nweb: { clones: { min: 1, max: 2 }\n"),
        ("a tab", "pando: 1\nstack: shop\nweb:\n\tport: 80\n"),
        ("a wrong indentation", "pando: 1\nstack: shop\nweb:\n    port: 80\n  health: /\n"),
        ("a quote that never ends", "pando: 1\nstack: \"shop\n"),
        ("an unknown alias", "pando: 1\nstack: *name\n"),
        ("an alias inside of what it names", "pando: 1\nstack: shop\ntags: &all { all: *all }\n"),
    ]));
}

#[test]
fn a_file_that_is_no_mapping_or_more_than_one_is_refused() {
    assert_snapshot!(gallery(&[
        ("empty", ""),
        ("only a comment", "# later\n"),
        ("a list", "- pando: 1\n- stack: shop\n"),
        ("a word", "shop\n"),
        ("two documents", "pando: 1\nstack: shop\n---\npando: 1\nstack: site\n"),
    ]));
}

#[test]
fn parts_of_yaml_that_hide_what_is_meant_are_refused() {
    assert_snapshot!(bodies(&[
        ("a merge key", "web: { <<: { port: 80 } }"),
        ("tags of YAML", "web: !secret { port: !!int \"80\" }\nprotect: !!set [web]"),
        ("a mapping as a key", "tags: { { a: b }: c }"),
        ("a key twice", "web:\n  port: 80\n  health: /\n  port: 81"),
    ]));
}

#[test]
fn an_alias_stands_for_what_it_names() {
    assert_snapshot!(bodies(&[(
        "an alias",
        "image: { id: ami-12345678 }\nweb: { clones: &few { min: 1, max: 2 } }\nworkers: { mail: { clones: *few } }"
    )]));
}

#[test]
fn nesting_ends_at_64_levels() {
    let nested = |levels: usize| format!("pando: 1\nstack: shop\ntags: {}{}\n", "[".repeat(levels), "]".repeat(levels));
    // The document itself is a level.
    let (most, more) = (nested(63), nested(64));
    assert!(!gallery(&[("", &most)]).contains("64 levels"));
    assert_snapshot!(gallery(&[("65 levels", &more)]));
}

#[test]
fn a_file_has_at_most_one_megabyte() {
    let head = "pando: 1\nstack: shop\n# ";
    let fill = |bytes: usize| format!("{head}{}", "x".repeat(bytes - head.len()));
    assert!(Blueprint::parse(&source(&fill(1024 * 1024)), None).is_ok());
    let mistakes = Blueprint::parse(&source(&fill(1024 * 1024 + 1)), None).unwrap_err();
    assert_snapshot!(mistakes[0].message, @"the file has 1048577 bytes, and a blueprint has at most 1048576");
}

/// Each line names ten times the line before: written out, a billion values.
fn many_laughs() -> String {
    let mut text = String::from("pando: 1\nstack: shop\ntags:\n  a0: &a0 [laugh]\n");
    for line in 1..10 {
        let aliases = vec![format!("*a{}", line - 1); 10].join(", ");
        writeln!(text, "  a{line}: &a{line} [{aliases}]").unwrap();
    }
    text
}

/// One text of half a megabyte, named a hundred thousand times: few values, and fifty gigabytes.
fn one_long_laugh() -> String {
    let aliases = vec!["*a"; 100_000].join(",");
    format!("pando: 1\nstack: shop\ntags: {{ a: &a {}, b: [{aliases}] }}\n", "ha".repeat(250_000))
}

/// So many fields of one mapping that comparing each with each would take minutes.
fn many_fields() -> String {
    (0..80_000).fold(String::from("pando: 1\nstack: shop\nnetwork:\n"), |mut text, number| {
        writeln!(text, "  f{number}:").unwrap();
        text
    })
}

#[test]
fn a_file_that_grows_without_bounds_is_refused_at_once() {
    for (text, expected) in
        [(many_laughs(), "too much"), (one_long_laugh(), "too much"), (many_fields(), "unknown field")]
    {
        let begun = Instant::now();
        let mistakes = Blueprint::parse(&source(&text), None).unwrap_err();
        let took = begun.elapsed();
        assert!(mistakes.iter().any(|mistake| mistake.message.contains(expected)), "{:?}", mistakes.first());
        assert!(took < Duration::from_secs(10), "{expected} after {took:?}");
    }
}

#[test]
fn of_very_many_mistakes_the_first_fifty_are_shown() {
    let fields = (0..60).map(|number| format!("x{number}: 1\n")).collect::<Vec<_>>().concat();
    let shown = gallery(&[("", &format!("pando: 1\nstack: shop\n{fields}"))]);
    assert_eq!(shown.matches("error: unknown field").count(), 50);
    assert!(shown.trim_end().ends_with("… and 10 more"), "{shown}");
}

#[test]
fn nothing_in_a_file_steers_the_terminal() {
    assert_snapshot!(bodies(&[("an escape", "\"we\\u001Bb\": {}\nstate: \"a\u{202e}b\"")]));
}
