//! Fields and values that are not what they should be.

use insta::assert_snapshot;
use pando::blueprint::Blueprint;

use super::{bodies, gallery, seen};
use crate::support::documents::source;

#[test]
fn all_mistakes_of_a_file_are_shown_in_one_run() {
    let text = "\
pando: 1
stack: Shop
region: Ireland
network: { cidr: 10.0.0.0/8, zones: 1 }
web:
  clnes: { min: 2, max: 12 }
  port: \"8080\"
  scale: { cpu: 50 }
database:
  engine: mysql
  replicas: two
  storage: 100 GB
";
    assert_snapshot!(seen(text, None));
}

#[test]
fn unknown_fields_are_refused_with_the_nearest_name() {
    assert_snapshot!(bodies(&[
        ("nearly right", "web: { instnace: t4g.small }"),
        ("at the top", "wokers: {}"),
        ("nothing like it", "cache: { engine: valkey 8, colour: red }"),
    ]));
}

#[test]
fn missing_fields_are_named() {
    assert_snapshot!(gallery(&[
        ("the stack", "pando: 1\nweb: {}\n"),
        ("an engine", "pando: 1\nstack: shop\ndatabase: { replicas: 1 }\n"),
        ("half of the clones", "pando: 1\nstack: shop\nimage: { id: ami-12345678 }\nweb: { clones: { min: 1 } }\n"),
    ]));
}

#[test]
fn a_value_of_another_shape_is_refused() {
    assert_snapshot!(bodies(&[
        ("a number in quotes", "web: { port: \"8080\" }"),
        ("words for a truth value", "database: { engine: mysql 8.4, multi_az: no, final_snapshot: yes }"),
        ("a section without content", "web:"),
        ("a list for a mapping", "web: [port, 80]"),
        ("a word for a list", "protect: database"),
        ("a mapping for a word", "region: { name: eu-west-1 }"),
        ("a fraction", "network: { zones: 2.5 }"),
        ("a leading zero", "web: { port: 080 }"),
        ("too large a number", "web: { clones: { min: 1, max: 99999999999 } }"),
        ("out of bounds", "network: { zones: 5, egress: [0, 80, 70000] }"),
    ]));
}

#[test]
fn a_value_of_another_pattern_is_refused_with_an_example() {
    assert_snapshot!(bodies(&[
        ("durations and shares", "web: { warmup: 5 minutes, scale: { cpu: 0.5 } }"),
        ("paths and types", "web: { health: healthz, instance: small, certificate: shop.example.com }"),
        ("engines", "database: { engine: oracle 19 }\ncache: { engine: valkey }"),
        ("sizes and classes", "database: { engine: mysql 8.4, storage: 1.5 TiB, class: t4g.micro, user: Shop }"),
        ("images", "image: { newest: { owner: me, name: \"a,b\" } }"),
        ("ranges", "network: { cidr: 10.0.0.0/8, nat: per_zone }"),
        ("names", "workers: { Mail_2: {} }\ntags: { \"a,b\": \"c;d\" }\nstate: ../elsewhere"),
        ("words", "profile: production\nprotect: [databse, everything]"),
    ]));
}

#[test]
fn a_choice_is_one_thing() {
    assert_snapshot!(bodies(&[
        ("both", "image: { id: ami-12345678, ssm: /golden }"),
        ("none", "web: { scale: {} }"),
        ("another", "image: { name: web }"),
        ("no mapping", "image: ami-12345678"),
    ]));
}

#[test]
fn what_yaml_does_not_take_for_text_needs_quotes() {
    assert_snapshot!(bodies(&[
        ("an account", "image: { newest: { owner: 123456789012, name: web } }"),
        ("a truth value", "database: { engine: mysql 8.4, name: true }"),
        ("nothing", "tags: { team: }"),
    ]));
}

/// YAML 1.1 made numbers and truth values of these, and readers of YAML 1.2 still drop zeros.
#[test]
fn tags_stay_as_they_were_written() {
    let values = ["012345678901", "no", "off", "1.20", "0o17", "1e3", "2026-11-25", "12:30:45", "+1", "true", "0x1F"];
    let tags = values.iter().enumerate().map(|(number, value)| format!("  tag-{number}: {value}\n"));
    let tags = tags.collect::<Vec<_>>().concat();
    let text = format!("pando: 1\nstack: shop\ntags:\n{tags}  empty: \"\"\n");
    let (blueprint, warnings) = Blueprint::parse(&source(&text), None).expect("a sound blueprint");
    assert_eq!(warnings, []);
    let read = blueprint.tags.unwrap();
    for (number, value) in values.iter().enumerate() {
        let tag =
            read.iter().find(|(key, _)| key.value.0 == format!("tag-{number}")).map(|(_, value)| value.0.as_str());
        assert_eq!(tag, Some(*value));
    }
}

#[test]
fn other_versions_of_the_language_are_refused() {
    assert_snapshot!(gallery(&[
        ("a later one", "pando: 2\nstack: shop\n"),
        ("a word", "pando: one\nstack: shop\n"),
        ("none", "stack: shop\n"),
    ]));
}
