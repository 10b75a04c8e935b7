//! The JSON Schema and the decoder: two readers of one language.

use std::cell::Cell;
use std::collections::BTreeSet;

use jsonschema::{Validator, draft7};
use pando::blueprint::Blueprint;
use pando::blueprint::diagnostic::{Diagnostic, Report, Source};
use pando::blueprint::schema::{ID, schema};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::Value;

use crate::support::documents::{READY_MADE, json, sound, source, spoilt, written};

fn validator() -> Validator {
    draft7::new(&schema()).expect("a schema")
}

/// What the decoder finds wrong, before anyone asks whether the blueprint makes sense.
fn mistakes(source: &Source, environment: Option<&str>) -> Vec<Diagnostic> {
    let mut report = Report::default();
    let read = Blueprint::read(source, environment, &mut report);
    let mistakes = report.finish();
    assert!(read.is_some() || mistakes.iter().any(Diagnostic::is_error), "refused without a word: {}", source.text);
    mistakes
}

#[test]
fn it_is_a_schema_of_draft_7_and_knows_its_address() {
    let schema = schema();
    assert!(draft7::meta::is_valid(&schema));
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(schema["$id"], ID);
}

#[test]
fn every_field_says_what_it_is_for() {
    let (mut silent, mut count) = (BTreeSet::new(), 0);
    look_for_silent_fields("#", &schema(), &mut silent, &mut count);
    assert_eq!(silent, BTreeSet::new());
    assert!(count > 60, "only {count} fields were found");
}

fn look_for_silent_fields(place: &str, value: &Value, silent: &mut BTreeSet<String>, count: &mut usize) {
    match value {
        Value::Object(members) => {
            for (name, property) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
                *count += 1;
                let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
                // In draft 7, what stands beside a reference is not looked at.
                if description.is_empty() || property.get("$ref").is_some() {
                    silent.insert(format!("{place}/{name}"));
                }
            }
            members
                .iter()
                .for_each(|(key, value)| look_for_silent_fields(&format!("{place}/{key}"), value, silent, count));
        }
        Value::Array(items) => items.iter().for_each(|item| look_for_silent_fields(place, item, silent, count)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_published_file_is_what_the_command_prints() {
    let printed = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    let published = include_str!("../blueprints/schema.json");
    assert!(printed == published, "to write it anew: cargo run -- schema > blueprints/schema.json");
}

#[test]
fn the_ready_made_blueprints_are_taken_by_both_in_every_environment() {
    let validator = validator();
    for (name, text) in READY_MADE {
        let source = source(text);
        let errors: Vec<String> = validator.iter_errors(&json(&source)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        assert_eq!(Blueprint::environments(&source), ["dev"], "{name}");
        for environment in [None, Some("dev")] {
            assert_eq!(mistakes(&source, environment), [], "{name} {environment:?}");
            let (_, warnings) = Blueprint::parse(&source, environment).expect(name);
            assert_eq!(warnings, [], "{name} {environment:?}");
        }
    }
}

#[test]
fn what_is_written_as_yaml_is_what_was_meant() {
    let config = Config { cases: 200, rng_seed: RngSeed::Fixed(3), failure_persistence: None, ..Config::default() };
    let check = |(document, changes): (Value, Vec<_>)| {
        let document = spoilt::spoil(&document, &changes);
        assert_eq!(json(&written(&document)), document);
        Ok(())
    };
    TestRunner::new(config).run(&(sound::with_environments(), spoilt::changes()), check).unwrap();
}

/// An environment may leave out what the rest says, so of it the schema can only be asked for less: it takes whatever the decoder takes, and
/// what it takes lacks at most a field.
#[test]
fn a_document_is_taken_by_both_or_by_neither() {
    let validator = validator();
    let (taken, refused) = (Cell::new(0), Cell::new(0));
    let config = Config { cases: 4000, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..Config::default() };
    let check = |(document, changes): (Value, Vec<_>)| {
        let document = spoilt::spoil(&document, &changes);
        let source = written(&document);
        let base = mistakes(&source, None);
        let environments = Blueprint::environments(&source);
        let overlaid: Vec<Diagnostic> =
            environments.iter().flat_map(|environment| mistakes(&source, Some(environment.as_str()))).collect();
        let lacks = |mistake: &Diagnostic| mistake.message.contains("lacks the field");
        let errors: Vec<String> =
            validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
        let told = format!("{}\nschema: {errors:#?}\ndecoder: {base:#?}\n{overlaid:#?}", source.text);
        if errors.is_empty() {
            taken.set(taken.get() + 1);
            assert!(base.is_empty() && overlaid.iter().all(lacks), "only the schema takes\n{told}");
        } else {
            refused.set(refused.get() + 1);
            assert!(!base.is_empty() || !overlaid.is_empty(), "only the decoder takes\n{told}");
        }
        Ok(())
    };
    TestRunner::new(config).run(&(sound::with_environments(), spoilt::changes()), check).unwrap();
    assert!(taken.get() > 500 && refused.get() > 500, "{} taken, {} refused", taken.get(), refused.get());
}
