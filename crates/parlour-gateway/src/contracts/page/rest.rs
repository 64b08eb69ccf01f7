//! The operations of REST.

use maud::{Markup, html};
use serde_json::Value;

use super::text::{markdown, plain};
use super::{codes, example, fields, items, schema};

/// An operation where it stands.
pub(super) struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    described: &'a Value,
}

impl<'a> Operation<'a> {
    pub(super) fn id(&self) -> &'a str {
        plain(&self.described["operationId"])
    }

    pub(super) fn summary(&self) -> &'a str {
        plain(&self.described["summary"])
    }
}

/// The operations with this tag.
pub(super) fn operations<'a>(document: &'a Value, tag: &'a Value) -> Vec<Operation<'a>> {
    let paths = fields(&document["paths"]).iter();
    let all = paths.flat_map(|(path, methods)| {
        fields(methods).iter().map(|(method, described)| Operation {
            path,
            method,
            described,
        })
    });
    all.filter(|one| items(&one.described["tags"]).contains(tag))
        .collect()
}

pub(super) fn section(document: &Value) -> Markup {
    html! {
        section id="rest" {
            h2 { "REST" }
            (markdown(&document["info"]["description"]))
            @for tag in items(&document["tags"]) {
                h3 { (plain(&tag["name"])) }
                (markdown(&tag["description"]))
                @for one in operations(document, &tag["name"]) { (operation(document, &one)) }
            }
        }
    }
}

fn operation(document: &Value, one: &Operation<'_>) -> Markup {
    let described = one.described;
    let is_open = items(&described["security"]).is_empty();
    html! {
        article id=(one.id()) {
            h4 { (one.summary()) }
            p.route { span.method { (one.method.to_ascii_uppercase()) } " " code { (one.path) } }
            (markdown(&described["description"]))
            @if !is_open { p.note { "Wants an access token." } }
            (parameters(&described["parameters"]))
            (body(&described["requestBody"]["content"]["application/json"]))
            (answers(document, &described["responses"]))
        }
    }
}

fn parameters(parameters: &Value) -> Markup {
    let parameters = items(parameters);
    html! {
        @if !parameters.is_empty() {
            div.wide { table {
                thead { tr { th { "Parameter" } th { "In" } th { "Type" } th { "" } } }
                tbody { @for one in parameters {
                    tr {
                        td { code { (plain(&one["name"])) } @if one["required"] == true { " " strong { "required" } } }
                        td { (plain(&one["in"])) }
                        td { (schema::short(&one["schema"])) }
                        td { (markdown(&one["description"])) }
                    }
                } }
            } }
        }
    }
}

fn body(content: &Value) -> Markup {
    html! {
        @if !content.is_null() {
            p { "Body: " (schema::short(&content["schema"])) ", for example" }
            (example(&content["example"]))
        }
    }
}

fn answers(document: &Value, responses: &Value) -> Markup {
    html! {
        div.wide { table {
            thead { tr { th { "Status" } th { "Answer" } th { "" } } }
            tbody { @for (status, response) in fields(responses) {
                tr {
                    td { (status) }
                    @match plain(&response["$ref"]).rsplit('/').next().filter(|name| !name.is_empty()) {
                        Some(shared) => (refusal(&document["components"]["responses"][shared])),
                        None => (answer(response)),
                    }
                }
            } }
        } }
    }
}

fn answer(response: &Value) -> Markup {
    html! {
        td { @for (media_type, content) in fields(&response["content"]) {
            @if content["schema"]["$ref"].is_string() { (schema::short(&content["schema"])) } @else { (media_type) }
        } }
        td { (markdown(&response["description"])) }
    }
}

fn refusal(response: &Value) -> Markup {
    let schema = &response["content"]["application/problem+json"]["schema"]["allOf"];
    html! {
        td { (schema::short(&schema[0])) }
        td { (codes(items(&schema[1]["properties"]["code"]["enum"]).iter().map(plain))) }
    }
}
