//! The requests of REST: what each takes and how it answers when all is well.

use serde_json::{Map, Value};

use super::objects::called;
use super::shape::{name, shapes};
use super::{code, table};

const BASE: &str = "/api/v1";
/// The methods in the order of the page.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Every request under `/api/v1`.
pub(super) fn requests(document: &Value) -> String {
    let definitions = definitions(document);
    let paths = document["paths"].as_object().into_iter().flatten();
    let rows = paths.flat_map(|(path, operations)| {
        let path = path.strip_prefix(BASE);
        let described = METHODS
            .into_iter()
            .filter_map(move |method| Some((method, path?, operations.get(method)?)));
        described.map(|(method, path, operation)| row(method, path, operation, definitions))
    });
    table(["request", "takes", "answers", ""], rows)
}

/// The definitions of a document.
pub(super) fn definitions(document: &Value) -> &Map<String, Value> {
    let definitions = document["components"]["schemas"].as_object();
    definitions.expect("a document defines what it refers to")
}

fn row(
    method: &str,
    path: &str,
    operation: &Value,
    definitions: &Map<String, Value>,
) -> [String; 4] {
    let request = format!("{} {path}", method.to_ascii_uppercase());
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let mut takes = parameters(operation);
    if !body.is_null() {
        takes.insert(0, object(body, definitions));
    }
    if operation["security"].as_array().is_some_and(Vec::is_empty) {
        takes.push("no token".to_owned());
    }
    let summary = operation["summary"].as_str().unwrap_or_default();
    [
        code(&request),
        takes.join("; "),
        answers(operation, definitions),
        summary.to_owned(),
    ]
}

/// The query and the header of a key, as far as there are any.
fn parameters(operation: &Value) -> Vec<String> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    let (mut query, mut headers) = (Vec::new(), Vec::new());
    for parameter in all {
        let name = parameter["name"].as_str().unwrap_or_default();
        let need = if parameter["required"] == true {
            ""
        } else {
            "?"
        };
        match parameter["in"].as_str() {
            Some("query") => query.push(format!("{name}{need}")),
            Some("header") => headers.push(code(&format!("{name}{need}"))),
            _ => {}
        }
    }
    if !query.is_empty() {
        headers.insert(0, format!("query {}", code(&query.join(", "))));
    }
    headers
}

fn answers(operation: &Value, definitions: &Map<String, Value>) -> String {
    let all = operation["responses"].as_object().into_iter().flatten();
    let good = all.filter(|(status, _)| status.starts_with('2'));
    let told = good.map(|(status, answer)| {
        let body = &answer["content"]["application/json"]["schema"];
        if body.is_null() {
            return status.clone();
        }
        format!("{status} {}", object(body, definitions))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// An object of the page by its name, any other with its fields.
fn object(schema: &Value, definitions: &Map<String, Value>) -> String {
    if let Some(called) = name(schema).and_then(called) {
        return called.to_owned();
    }
    let forms = shapes(schema, definitions).into_iter();
    let forms = forms.map(|shape| code(&format!("{{{}}}", shape.text())));
    forms.collect::<Vec<_>>().join(" or ")
}
