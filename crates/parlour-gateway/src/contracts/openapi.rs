//! The REST interface as an OpenAPI 3.1 document.
//!
//! What an operation says of itself stands in [`operations`]; what follows from the table of rights, from a body, a path or
//! a key is added here, the same for all.

mod answers;
mod operation;
mod operations;
mod parameters;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use self::operation::Operation;
use self::operations::{Subject, subjects};
use super::schemas::Schemas;
use super::{errors, title};
use crate::access::{self, Who};

const ABOUT: &str = "What a client does besides its live connection, which `/asyncapi.json` describes. Both carry the same types.\n\n\
    - Ids are decimal **strings**: they exceed what JavaScript's numbers hold. Seqs, times, versions and counts are integers below 2^53; times are milliseconds since 1970 in UTC.\n\
    - Absent and null are the same in requests, but in `PATCH`, where null unsets what can be unset. Unknown fields are ignored, by the server and by clients.\n\
    - Lists are paged by `limit` and `cursor`, the `next` of the page before.\n\
    - Every failure is a problem (RFC 9457) whose `code`, `retry` and `outcome` say what to do; `x-errors` explains each code. A fault of the server itself is 500 with `outcome_unknown`, and what is not answered within 30 seconds 504 with `outcome_unknown` (`GET`: 503 `store_unavailable`): then nobody knows whether it was done or still will be.\n\
    - Every answer carries `X-Request-ID`, by which operators find the request in their log.\n\
    - A length in a schema counts characters; where `x-max-bytes` stands beside it, the limit is one of bytes of UTF-8.";

/// The document.
pub(super) fn document() -> Value {
    let mut schemas = Schemas::new(&SchemaSettings::draft2020_12());
    let subjects = subjects();
    let mut paths = Map::new();
    let mut refusals = Map::new();
    for subject in &subjects {
        for operation in &subject.operations {
            let path = paths.entry(operation.path).or_insert_with(|| json!({}));
            let method = operation.method.as_str().to_ascii_lowercase();
            path[method] = describe(subject, operation, &mut schemas);
            refusals.extend(answers::refusals(operation, who(operation), &mut schemas));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": title("Parlour: REST", ABOUT),
        "servers": [{"url": "/", "description": "The node that serves this document."}],
        "tags": tags(&subjects),
        "paths": paths,
        "components": {
            "schemas": schemas.into_definitions(),
            "securitySchemes": {"access_token": {
                "type": "http",
                "scheme": "bearer",
                "description": "The `access_token` of signing in. It lives for minutes; `POST /api/v1/auth/refresh` gives the next.",
            }},
            "headers": answers::headers(),
            "responses": refusals,
        },
        "x-errors": errors::table(),
    })
}

/// The described operations, for comparing them with the routes.
#[cfg(test)]
pub(super) fn described() -> Vec<(axum::http::Method, &'static str)> {
    let operations = subjects()
        .into_iter()
        .flat_map(|subject| subject.operations);
    operations.map(|one| (one.method, one.path)).collect()
}

fn tags(subjects: &[Subject]) -> Value {
    let tags = subjects.iter();
    tags.map(|subject| json!({"name": subject.name, "description": subject.description}))
        .collect()
}

fn describe(subject: &Subject, operation: &Operation, schemas: &mut Schemas) -> Value {
    let who = who(operation);
    let mut described = json!({
        "operationId": operation.id,
        "tags": [subject.name],
        "summary": operation.summary,
        "description": format!("{}{}", operation.description, rights(who)).trim(),
        "parameters": parameters::of(operation, schemas),
        "responses": answers::of(operation, who, schemas),
        "security": match who {
            Who::Anybody => json!([]),
            _ => json!([{"access_token": []}]),
        },
    });
    if let Some(rank) = rank(who) {
        described["x-for"] = json!(rank);
    }
    if let Some(body) = operation.body {
        let content = json!({"schema": body(schemas), "example": operation.example});
        described["requestBody"] = json!({
            "required": true,
            "content": {"application/json": content},
        });
    }
    described
}

fn who(operation: &Operation) -> Who {
    let row = access::find(&operation.method, operation.path);
    row.expect("every operation is a route, and every route has a row: tests compare them")
        .who
}

/// Who of a chat may use it, for tools; `None` outside of chats.
fn rank(who: Who) -> Option<&'static str> {
    match who {
        Who::Anybody | Who::SignedIn => None,
        Who::Member => Some("member"),
        Who::Author => Some("author"),
        Who::Admin => Some("admin"),
        Who::Owner => Some("owner"),
    }
}

fn rights(who: Who) -> &'static str {
    match who {
        Who::Anybody | Who::SignedIn => "",
        Who::Member => " For members of the chat; to others it does not exist.",
        Who::Author => {
            " For the author of the message; to others than members of its chat, that does not exist."
        }
        Who::Admin => {
            " For admins and owners of the chat; to others than its members it does not exist."
        }
        Who::Owner => " For the owner of the chat; to others than its members it does not exist.",
    }
}
