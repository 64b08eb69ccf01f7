//! What each kind of event needs, said in the schema of its flat form.
//!
//! The fields of the kinds are optional in the flat form, so that a reader can carry a kind it does not know. What a known
//! kind has is taken from [`Content`], where it is a type.

use parlour_model::Content;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

/// Names the kinds, and adds a condition for each that needs any of the optional fields.
pub(crate) fn require_fields(schema: &mut Schema) {
    let mut kinds = Vec::new();
    let mut conditions = Vec::new();
    for variant in variants() {
        let kind = &variant["properties"]["kind"]["const"];
        kinds.push(kind.clone());
        let required = variant["required"].as_array().into_iter().flatten();
        let required: Vec<&Value> = required.filter(|field| *field != "kind").collect();
        if !required.is_empty() {
            conditions.push(json!({
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"required": required},
            }));
        }
    }
    schema.insert("allOf".to_owned(), Value::Array(conditions));
    if let Some(kind) = schema.pointer_mut("/properties/kind") {
        kind["examples"] = Value::Array(kinds);
    }
}

fn variants() -> Vec<Value> {
    let settings = SchemaSettings::draft07().for_serialize();
    let content = Content::json_schema(&mut settings.into_generator()).to_value();
    let variants = content["oneOf"].as_array().cloned();
    variants.expect("an enum with a tag is one of its variants")
}
