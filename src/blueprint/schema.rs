//! The JSON Schema of the language, for editors: draft 7, which is what yaml-language-server knows.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::Blueprint;

/// Where the schema is published.
pub const ID: &str = "https://pando.example/schema/1.json";

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
    let Some(root) = schema.as_object_mut() else { return schema };
    root.insert("$id".into(), json!(ID));
    let definitions = root.get("definitions").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut partial = Map::new();
    for (name, definition) in &definitions {
        if name != "Overlay" {
            partial.insert(format!("Partial{name}"), relax(definition.clone()));
        }
    }
    let mut overlay = relax(Value::Object(root.clone()));
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
    partial.insert("Overlay".into(), overlay);
    if let Some(definitions) = root.get_mut("definitions").and_then(Value::as_object_mut) {
        definitions.extend(partial);
        prune(root);
    }
    schema
}

/// The same with nothing required, pointing to definitions with nothing required. A choice among keys stays a choice: it is replaced as a
/// whole.
fn relax(mut schema: Value) -> Value {
    fn walk(value: &mut Value, in_choice: bool) {
        match value {
            Value::Object(members) => {
                if !in_choice {
                    members.remove("required");
                }
                if let Some(Value::String(reference)) = members.get_mut("$ref") {
                    *reference = reference.replace("#/definitions/", "#/definitions/Partial");
                }
                for (key, member) in members {
                    walk(member, key == "oneOf" || (in_choice && key != "properties"));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, in_choice)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    walk(&mut schema, false);
    schema
}

/// Leaves out definitions that nothing points to.
fn prune(root: &mut Map<String, Value>) {
    loop {
        let text = serde_json::to_string(root).unwrap_or_default();
        let Some(definitions) = root.get_mut("definitions").and_then(Value::as_object_mut) else { return };
        let before = definitions.len();
        definitions.retain(|name, _| text.contains(&format!("\"#/definitions/{name}\"")));
        if definitions.len() == before {
            return;
        }
    }
}
