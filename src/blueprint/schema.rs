//! The JSON Schema of the language, for editors: draft 7, which is what yaml-language-server knows.

use std::borrow::Cow;
use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::Blueprint;

/// Where the schema is published.
pub const ID: &str = "https://pando.example/schema/1.json";

const DEFINITIONS: &str = "#/definitions/";

/// What an environment may say: what a blueprint may, with nothing required.
pub struct Overlay;

impl JsonSchema for Overlay {
    fn schema_name() -> Cow<'static, str> {
        "Overlay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Filled in by `schema`, when the whole is known.
        json_schema!({ "type": "object" })
    }
}

/// The schema.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<Blueprint>().to_value();
    walk(&mut schema, &mut |members| {
        refuse_nothing(members);
        describe_choices(members);
    });
    let Some(root) = schema.as_object_mut() else { return schema };
    root.insert("$id".into(), json!(ID));
    let definitions = root.get("definitions").and_then(Value::as_object).cloned().unwrap_or_default();
    let partial = partial_definitions(&definitions);
    let overlay = overlay(root, &partial);
    if let Some(definitions) = root.get_mut("definitions").and_then(Value::as_object_mut) {
        for name in &partial {
            if let Some(definition) = definitions.get(name) {
                let relaxed = relax(definition.clone(), &partial);
                definitions.insert(format!("Partial{name}"), relaxed);
            }
        }
        definitions.insert("Overlay".into(), overlay);
        prune(root);
    }
    schema
}

/// What an environment may say.
fn overlay(root: &Map<String, Value>, partial: &BTreeSet<String>) -> Value {
    let mut overlay = relax(Value::Object(root.clone()), partial);
    if let Some(overlay) = overlay.as_object_mut() {
        for key in ["$id", "$schema", "title", "definitions"] {
            overlay.remove(key);
        }
        overlay.insert("description".into(), json!("What differs in this environment."));
        if let Some(properties) = overlay.get_mut("properties").and_then(Value::as_object_mut) {
            for fixed in ["pando", "stack", "environments"] {
                properties.remove(fixed);
            }
        }
    }
    overlay
}

/// Calls a function for every object, the inner ones first.
fn walk(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(|member| walk(member, change));
            change(members);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A field may be left out, but not left empty: `web:` with nothing behind it may mean a web tier with all defaults, or none.
fn refuse_nothing(members: &mut Map<String, Value>) {
    let is_null = |value: &Value| *value == json!({ "type": "null" });
    if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
        choices.retain(|choice| !is_null(choice));
        if choices.len() == 1 {
            // Not the reference alone: in draft 7 it would hide the description beside it.
            let only = members.remove("anyOf").unwrap_or_default();
            members.insert("allOf".into(), only);
        }
    }
    if let Some(Value::Array(types)) = members.get_mut("type") {
        types.retain(|name| name != "null");
        if types.len() == 1 {
            let only = types.remove(0);
            members.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(words)) = members.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
}

/// The description of a choice belongs to its key, where editors show it.
fn describe_choices(members: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = members.get_mut("oneOf") else { return };
    for choice in choices {
        let description = choice.get("description").cloned();
        let property = choice.get_mut("properties").and_then(Value::as_object_mut).and_then(|properties| {
            let is_alone = properties.len() == 1;
            properties.values_mut().next().filter(|_| is_alone)
        });
        if let (Some(property), Some(description)) = (property, description) {
            *property = json!({ "allOf": [property.take()], "description": description });
        }
    }
}

/// The definitions that are others with nothing required: those that require something themselves, and those that refer to such.
fn partial_definitions(definitions: &Map<String, Value>) -> BTreeSet<String> {
    let mut partial = BTreeSet::new();
    loop {
        let differs = |(_, definition): &(&String, &Value)| relax((*definition).clone(), &partial) != **definition;
        let next: BTreeSet<String> = definitions.iter().filter(differs).map(|(name, _)| name.clone()).collect();
        if next == partial {
            return partial;
        }
        partial = next;
    }
}

/// The same with nothing required, pointing to definitions with nothing required. A choice among keys stays as it is: environments replace
/// it as a whole.
fn relax(mut schema: Value, partial: &BTreeSet<String>) -> Value {
    fn relax(value: &mut Value, partial: &BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                members.remove("required");
                if let Some(Value::String(reference)) = members.get_mut("$ref")
                    && let Some(name) = reference.strip_prefix(DEFINITIONS).filter(|name| partial.contains(*name))
                {
                    *reference = format!("{DEFINITIONS}Partial{name}");
                }
                let others = members.iter_mut().filter(|(key, _)| *key != "oneOf" && *key != "definitions");
                others.for_each(|(_, member)| relax(member, partial));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| relax(item, partial)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    relax(&mut schema, partial);
    schema
}

/// Leaves out definitions that nothing points to.
fn prune(root: &mut Map<String, Value>) {
    loop {
        let text = serde_json::to_string(root).unwrap_or_default();
        let Some(definitions) = root.get_mut("definitions").and_then(Value::as_object_mut) else { return };
        let before = definitions.len();
        definitions.retain(|name, _| text.contains(&format!("\"{DEFINITIONS}{name}\"")));
        if definitions.len() == before {
            return;
        }
    }
}
