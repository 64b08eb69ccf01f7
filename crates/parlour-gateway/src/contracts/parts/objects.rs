//! What stands in answers again and again: objects with their fields, and words of which there are a few.

use std::collections::BTreeMap;

use serde_json::Value;

use super::shape::shapes;
use super::{about, code, table};

/// The objects of the interface: what the page calls them, and their definition.
const OBJECTS: [(&str, &str); 11] = [
    ("user", "UserBody"),
    ("session", "SessionBody"),
    ("chat", "ChatBody"),
    ("member", "MemberBody"),
    ("new member", "NewMember"),
    ("message", "MessageBody"),
    ("reaction", "ReactionBody"),
    ("receipt", "ReceiptBody"),
    ("marks", "WireMarks"),
    ("presence", "Presence"),
    ("problem", "Problem"),
];

/// What the page calls the object of this definition, if it is one of those above.
pub(super) fn called(definition: &str) -> Option<&'static str> {
    let mut objects = OBJECTS.iter();
    let found = objects.find(|(_, own)| *own == definition);
    found.map(|(name, _)| *name)
}

/// Every object with its fields.
pub(super) fn objects(document: &Value) -> String {
    let definitions = super::rest::definitions(document);
    let rows = OBJECTS.map(|(name, definition)| {
        let schema = definitions.get(definition);
        let schema = schema.unwrap_or_else(|| panic!("nothing is called {definition}"));
        let forms = shapes(schema, definitions).into_iter();
        let forms: Vec<String> = forms.map(|shape| code(&shape.text())).collect();
        [name.to_owned(), forms.join(" or "), about(schema)]
    });
    table(["object", "fields", ""], rows)
}

/// Every definition that is one of a few words, with what they mean. Error codes have a table of their own.
pub(super) fn words(documents: [&Value; 2]) -> String {
    let definitions = documents.into_iter().flat_map(super::rest::definitions);
    let mut definitions: BTreeMap<&String, &Value> = definitions.collect();
    definitions.retain(|name, _| *name != "ErrorCode");
    let rows = definitions.into_values().filter_map(|schema| {
        let words: Vec<String> = choices(schema)?.iter().map(told).collect();
        Some([about(schema), words.join("; ")])
    });
    table(["", "words"], rows)
}

/// The choices of a schema that is nothing but a choice of words.
fn choices(schema: &Value) -> Option<Vec<Value>> {
    if let Some(words) = schema["enum"].as_array() {
        let words = words.iter();
        return Some(
            words
                .map(|word| serde_json::json!({"const": word}))
                .collect(),
        );
    }
    let choices = schema["oneOf"].as_array()?;
    let are_words = choices.iter().all(|one| one["const"].is_string());
    are_words.then(|| choices.clone())
}

fn told(choice: &Value) -> String {
    let word = code(choice["const"].as_str().unwrap_or_default());
    let meaning = about(choice);
    if meaning.is_empty() {
        return word;
    }
    format!("{word}: {}", meaning.trim_end_matches('.'))
}
