//! What a chat's log holds: the kinds of events, and the bodies of messages.

use parlour_model::{Content, PostableBody};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::shape::shapes;
use super::{about, code, table};

/// Every kind of event with the fields it has beside those of all.
pub(super) fn kinds() -> String {
    variants::<Content>("kind", SchemaSettings::for_serialize)
}

/// Every type of body that can be posted.
pub(super) fn bodies() -> String {
    variants::<PostableBody>("type", SchemaSettings::for_deserialize)
}

/// The variants of an enum whose tag is this field, as they are written or as they are read.
fn variants<T: JsonSchema>(tag: &str, side: fn(SchemaSettings) -> SchemaSettings) -> String {
    let settings = side(SchemaSettings::draft07());
    let schema = T::json_schema(&mut settings.into_generator()).to_value();
    let variants = schema["oneOf"].as_array().into_iter().flatten();
    let rows = variants.map(|variant| {
        let word = variant["properties"][tag]["const"].as_str();
        [
            code(word.unwrap_or_default()),
            code(&fields(variant, tag)),
            about(variant),
        ]
    });
    table([&format!("`{tag}`"), "fields", ""], rows)
}

fn fields(variant: &Value, tag: &str) -> String {
    let shapes = shapes(variant, &Map::new()).into_iter();
    let texts = shapes.map(|shape| shape.without(tag).text());
    texts.collect()
}
