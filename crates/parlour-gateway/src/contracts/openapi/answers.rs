//! How an operation answers: its own answers, and the problems that follow from what it is.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use parlour_protocol::{ErrorCode, Problem};
use serde_json::{Map, Value, json};

use super::operation::{Answer, Key, Operation, usual};
use super::parameters;
use crate::access::Who;
use crate::contracts::schemas::Schemas;

/// The headers of answers, by the names under which operations refer to them.
pub(super) fn headers() -> Value {
    let text = json!({"type": "string"});
    json!({
        "request_id": {"description": "Names the request in the server's log.", "schema": {"type": "string", "format": "uuid"}},
        "retry_after": {"description": "How long to wait, in seconds; `retry_after_ms` says it exactly.", "schema": {"type": "integer", "minimum": 0}},
        "authenticate": {"description": "How to authenticate.", "schema": {"const": "Bearer"}},
        "etag": {"description": "Names this version of the document.", "schema": text},
    })
}

/// All of them, by status.
pub(super) fn of(operation: &Operation, who: Who, schemas: &mut Schemas) -> Value {
    let mut responses = Map::new();
    for answer in &operation.answers {
        responses.insert(answer.status.as_str().to_owned(), good(answer, schemas));
    }
    for (status, codes) in problems(operation, who) {
        let shared = format!("#/components/responses/{}", name(status, &codes));
        responses.insert(status.as_str().to_owned(), json!({"$ref": shared}));
    }
    Value::Object(responses)
}

/// The problems an operation refers to, by name: the same ones are shared by many.
pub(super) fn refusals(
    operation: &Operation,
    who: Who,
    schemas: &mut Schemas,
) -> Map<String, Value> {
    let problems = problems(operation, who).into_iter();
    let named =
        problems.map(|(status, codes)| (name(status, &codes), bad(status, &codes, schemas)));
    named.collect()
}

fn name(status: StatusCode, codes: &Codes) -> String {
    let codes: Vec<&str> = codes.iter().copied().collect();
    format!("{}.{}", status.as_u16(), codes.join("."))
}

fn good(answer: &Answer, schemas: &mut Schemas) -> Value {
    let mut headers = json!({"X-Request-ID": {"$ref": "#/components/headers/request_id"}});
    let mut response = json!({"description": answer.description});
    if let Some((media_type, describe)) = answer.content {
        response["content"] = json!({media_type: {"schema": describe(schemas)}});
    }
    let is_document = answer.status == StatusCode::NOT_MODIFIED
        || answer
            .content
            .is_some_and(|(_, describe)| describe(schemas) == json!({}));
    if is_document {
        headers["ETag"] = json!({"$ref": "#/components/headers/etag"});
    }
    response["headers"] = headers;
    response
}

fn bad(status: StatusCode, codes: &Codes, schemas: &mut Schemas) -> Value {
    let names: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
    let schema = json!({"allOf": [
        schemas.answer::<Problem>(),
        {"properties": {"code": {"enum": codes}, "status": {"const": status.as_u16()}}},
    ]});
    let mut headers = json!({"X-Request-ID": {"$ref": "#/components/headers/request_id"}});
    match status {
        StatusCode::UNAUTHORIZED => {
            headers["WWW-Authenticate"] = json!({"$ref": "#/components/headers/authenticate"});
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            headers["Retry-After"] = json!({"$ref": "#/components/headers/retry_after"});
        }
        _ => {}
    }
    json!({
        "description": names.join(", "),
        "headers": headers,
        "content": {Problem::MEDIA_TYPE: {"schema": schema}},
    })
}

type Codes = BTreeSet<&'static str>;
type Problems = BTreeMap<StatusCode, Codes>;

/// What the operation says of itself, and what follows from its rights, its body, its path and its key.
fn problems(operation: &Operation, who: Who) -> Problems {
    let mut codes = vec![ErrorCode::RateLimited];
    if operation.path.starts_with("/api/") {
        codes.push(ErrorCode::StoreUnavailable);
        codes.push(ErrorCode::Busy);
    }
    if who != Who::Anybody {
        codes.extend([ErrorCode::TokenInvalid, ErrorCode::TokenExpired]);
    }
    if parameters::names(operation.path).any(|name| name == "chat") {
        codes.push(ErrorCode::ChatNotFound);
    }
    if may_be_wrong(operation) {
        codes.push(ErrorCode::Invalid);
    }
    if operation.body.is_some() {
        codes.push(ErrorCode::TooLarge);
    }
    if operation.method != Method::GET {
        codes.push(ErrorCode::OutcomeUnknown);
    }
    let mut problems = Problems::new();
    let usual = codes.into_iter().map(|code| (usual(code), code));
    for (status, code) in usual.chain(operation.problems.iter().copied()) {
        problems.entry(status).or_default().insert(code.as_str());
    }
    problems
}

/// Whether a request has anything that could be wrong.
fn may_be_wrong(operation: &Operation) -> bool {
    operation.body.is_some()
        || operation.query.is_some()
        || operation.key != Key::None
        || parameters::names(operation.path).next().is_some()
}
