//! A schema as people read it: its type in a few words, and its fields in a table.

use maud::{Markup, html};
use parlour_model::limits;
use serde_json::Value;

use super::text::{markdown, plain};
use super::{fields, items};

/// The limits a schema may state, and how they are read.
const LIMITS: [(&str, &str); 12] = [
    ("minLength", "characters at least"),
    ("maxLength", "characters at most"),
    ("x-max-bytes", "bytes at most"),
    ("minimum", "at least"),
    ("maximum", "at most"),
    ("minItems", "items at least"),
    ("maxItems", "items at most"),
    ("maxProperties", "entries at most"),
    ("x-max-nesting", "levels of nesting at most"),
    ("pattern", "pattern"),
    ("format", "format"),
    ("default", "default"),
];

/// Everything a schema says, but what its parts say elsewhere.
pub(super) fn whole(schema: &Value) -> Markup {
    let variants = items(&schema["oneOf"]);
    html! {
        (markdown(&schema["description"]))
        (table(schema))
        @if schema["properties"].is_null() && variants.is_empty() { p { (short(schema)) } }
        @if !variants.is_empty() {
            p { "One of:" }
            ul { @for variant in variants { li { (one_of(variant)) } } }
        }
        @for condition in items(&schema["allOf"]) { (needs(condition)) }
    }
}

/// A type in a few words, with a link where it has a name, and its limits.
pub(super) fn short(schema: &Value) -> Markup {
    html! { (name(schema)) (limits(schema)) }
}

fn one_of(variant: &Value) -> Markup {
    html! {
        @if variant["properties"].is_object() || variant["$ref"].is_string() {
            @if variant["$ref"].is_string() { (name(variant)) ", with" }
            (markdown(&variant["description"]))
            (table(variant))
        } @else {
            code { (variant["const"].to_string()) }
            " " (markdown(&variant["description"]))
        }
    }
}

/// What a kind needs.
fn needs(condition: &Value) -> Markup {
    let kind = &condition["if"]["properties"]["kind"]["const"];
    html! {
        @if kind.is_string() {
            p.note { code { (plain(kind)) } " has: " (words(&condition["then"]["required"])) }
        }
    }
}

fn words(words: &Value) -> Markup {
    html! { @for (place, word) in items(words).iter().enumerate() {
        @if place > 0 { ", " }
        code { (plain(word)) }
    } }
}

fn table(schema: &Value) -> Markup {
    let required = items(&schema["required"]);
    html! {
        @if schema["properties"].is_object() {
            div.wide { table {
                thead { tr { th { "Field" } th { "Type" } th { "" } } }
                tbody { @for (field, of) in fields(&schema["properties"]) {
                    tr {
                        td { code { (field) } @if required.iter().any(|one| one == field) { " " strong { "required" } } }
                        td { (short(of)) }
                        td { (markdown(&of["description"])) }
                    }
                } }
            } }
        }
    }
}

fn name(schema: &Value) -> Markup {
    let any = items(&schema["anyOf"]);
    let all = items(&schema["allOf"]);
    html! {
        @if let Some(name) = plain(&schema["$ref"]).strip_prefix("#/components/schemas/") {
            a href={ "#type-" (name) } { (name) }
        } @else if !schema["const"].is_null() {
            code { (schema["const"].to_string()) }
        } @else if !any.is_empty() {
            @for (place, one) in any.iter().enumerate() {
                @if place > 0 { " or " }
                (name(one))
            }
        } @else if let [one] = all {
            (name(one))
        } @else if is_list(&schema["type"]) {
            "list of " (name(&schema["items"]))
        } @else if let Some((_, value)) = fields(&schema["patternProperties"]).iter().next() {
            "object, each " (name(value))
        } @else {
            (types(&schema["type"]))
        }
    }
}

/// Whether it is one; a request may also leave it out by null.
fn is_list(types: &Value) -> bool {
    types == "array" || items(types).iter().any(|one| one == "array")
}

fn types(types: &Value) -> String {
    match types {
        Value::String(one) => one.clone(),
        Value::Array(several) => several.iter().map(plain).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    }
}

fn limits(schema: &Value) -> Markup {
    let stated = LIMITS
        .iter()
        .filter_map(|(key, words)| Some((schema.get(*key)?, words)));
    html! { @for (value, words) in stated.filter(|(value, words)| !goes_without_saying(value, words)) {
        span.limit {
            (words) " "
            code { (value.as_str().map_or_else(|| value.to_string(), str::to_owned)) }
        }
    } }
}

/// No number is negative, and every one is below 2^53: the page says so at its beginning.
fn goes_without_saying(value: &Value, words: &str) -> bool {
    words == "at least" && *value == 0 || words == "at most" && *value == limits::INTEGER_MAX
}
