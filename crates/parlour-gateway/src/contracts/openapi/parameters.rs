//! The parameters of an operation: in its path, its query and its headers.

use parlour_model::{ChatId, EventKey, SessionId, UserId};
use parlour_protocol::Position;
use serde_json::{Value, json};

use super::operation::{Key, Operation};
use crate::contracts::schemas::Schemas;

/// All of them, in this order.
pub(super) fn of(operation: &Operation, schemas: &mut Schemas) -> Vec<Value> {
    let mut parameters: Vec<Value> = names(operation.path)
        .map(|name| in_path(name, schemas))
        .collect();
    if let Some(query) = operation.query {
        parameters.extend(in_query(&query(schemas), schemas));
    }
    parameters.extend(key(operation.key, schemas));
    parameters
}

/// The names in braces.
pub(super) fn names(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('/');
    parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn in_path(name: &str, schemas: &mut Schemas) -> Value {
    let (schema, description) = match name {
        "chat" => (schemas.request::<ChatId>(), "The chat."),
        "user" => (schemas.request::<UserId>(), "The user."),
        "session" => (schemas.request::<SessionId>(), "The session."),
        "message" => (
            schemas.request::<Position>(),
            "The message, by its seq or its id.",
        ),
        other => panic!("nobody knows what {other} in a path is"),
    };
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": description,
        "schema": schema,
    })
}

/// The fields of the query's struct. An absent one is left out, never null.
fn in_query(reference: &Value, schemas: &mut Schemas) -> Vec<Value> {
    let query = schemas.taken(reference);
    let fields = query["properties"].as_object().cloned();
    let fields = fields.expect("a query is a struct").into_iter();
    let described = fields.map(|(name, mut schema)| {
        let description = schema
            .as_object_mut()
            .and_then(|one| one.remove("description"));
        json!({
            "name": name,
            "in": "query",
            "required": false,
            "description": description,
            "schema": schema,
        })
    });
    described.collect()
}

fn key(key: Key, schemas: &mut Schemas) -> Option<Value> {
    let uuid = json!({"type": "string", "format": "uuid"});
    let (schema, description) = match key {
        Key::None => return None,
        Key::Any => (
            uuid,
            "Any UUID, made at the first attempt and kept for every retry.",
        ),
        Key::Event | Key::EventRequired => (
            schemas.request::<EventKey>(),
            "A UUIDv7, made at the first attempt and kept for every retry: for 13 days the same key enters the log once.",
        ),
    };
    Some(json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": key == Key::EventRequired,
        "description": description,
        "schema": schema,
    }))
}
