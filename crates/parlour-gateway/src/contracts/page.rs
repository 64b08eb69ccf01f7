//! Both documents as one page for people, which needs no script and asks nobody else for anything.
//!
//! It is made from the documents alone, so it shows what they say and no more.

mod rest;
mod schema;
mod socket;
mod text;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Map, Value};

use self::text::{markdown, plain};

/// What the page looks like, in light and dark.
pub(super) const STYLE: &str = include_str!("page/style.css");

/// The page.
pub(super) fn page(rest: &Value, socket: &Value) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { "Parlour: interfaces" }
                link rel="stylesheet" href="docs/style.css";
            }
            body {
                nav aria-label="Contents" { (contents(rest, socket)) }
                main { (introduction(rest)) (rest::section(rest)) (socket::section(socket)) (errors(rest)) (schemas(rest, socket)) }
            }
        }
    };
    page.into_string()
}

fn introduction(rest: &Value) -> Markup {
    html! {
        h1 { "Parlour: interfaces" }
        p {
            "Version " (plain(&rest["info"]["version"])) ". For tools: "
            a href="openapi.json" { "openapi.json" } " (REST) and "
            a href="asyncapi.json" { "asyncapi.json" } " (WebSocket)."
        }
    }
}

fn contents(rest: &Value, socket: &Value) -> Markup {
    html! {
        p { a href="#rest" { "REST" } }
        @for tag in items(&rest["tags"]) {
            details open {
                summary { (plain(&tag["name"])) }
                ul { @for operation in rest::operations(rest, &tag["name"]) {
                    li { a href={ "#" (operation.id()) } { (operation.summary()) } }
                } }
            }
        }
        p { a href="#socket" { "WebSocket" } }
        @for (sender, title) in socket::SENDERS {
            details open {
                summary { (title) }
                ul { @for (name, _) in socket::messages(socket, sender) {
                    li { a href={ "#" (name) } { (socket::word(name)) } }
                } }
            }
        }
        p { a href="#errors" { "Errors" } }
        p { a href="#schemas" { "Types" } }
    }
}

fn errors(rest: &Value) -> Markup {
    html! {
        section id="errors" {
            h2 { "Errors" }
            p { "The same codes over REST and on the socket. " code { "outcome" } " is about whatever enters a log." }
            div.wide { table {
                thead { tr { th { "Code" } th { "HTTP" } th { "Retry" } th { "Outcome" } th { "Meaning, and what to do" } } }
                tbody { @for row in items(&rest["x-errors"]) { (error(row)) } }
            } }
        }
    }
}

fn error(row: &Value) -> Markup {
    let code = plain(&row["code"]);
    html! {
        tr id={ "error-" (code) } {
            td { code { (code) } }
            td { (row["http_status"].to_string()) }
            td { (plain(&row["retry"])) }
            td { (plain(&row["outcome"])) }
            td { (markdown(&row["meaning"])) (markdown(&row["cure"])) }
        }
    }
}

/// The types of both documents; those with one name are one type.
fn schemas(rest: &Value, socket: &Value) -> Markup {
    let mut all: Map<String, Value> = fields(&socket["components"]["schemas"]).clone();
    all.retain(|name, _| !socket::is_frame(name));
    all.extend(fields(&rest["components"]["schemas"]).clone());
    html! {
        section id="schemas" {
            h2 { "Types" }
            @for (name, schema) in &all {
                article id={ "type-" (name) } {
                    h3 { (name) }
                    (schema::whole(schema))
                }
            }
        }
    }
}

/// The codes as links into the table of errors.
fn codes<'a>(codes: impl Iterator<Item = &'a str>) -> Markup {
    html! {
        @for (place, code) in codes.enumerate() {
            @if place > 0 { ", " }
            a href={ "#error-" (code) } { code { (code) } }
        }
    }
}

/// A value as indented JSON.
fn example(value: &Value) -> Markup {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    html! { pre { code { (text) } } }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn fields(value: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NONE)
}

/// Markup that is ready already.
fn ready(html: String) -> Markup {
    PreEscaped(html)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::contracts::{asyncapi, openapi};

    /// What stands between the quotes of this attribute, everywhere in the page.
    fn values<'a>(page: &'a str, attribute: &str) -> BTreeSet<&'a str> {
        let marks = page.split(attribute).skip(1);
        marks.filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn every_link_inside_the_page_leads_somewhere_and_none_leads_to_somebody_else() {
        let page = page(&openapi::document(), &asyncapi::document());
        let places = values(&page, " id=\"");
        let links = values(&page, " href=\"");
        for link in &links {
            match link.strip_prefix('#') {
                Some(place) => assert!(places.contains(place), "{link} leads nowhere"),
                None => assert!(!link.contains("//"), "{link} leads to somebody else"),
            }
        }
        assert!(links.iter().any(|link| link.starts_with("#type-")));
        assert!(!page.contains("<script") && !page.contains(" src=") && !page.contains(" style="));
    }

    #[test]
    fn every_operation_and_every_frame_is_on_the_page() {
        let (rest, socket) = (openapi::document(), asyncapi::document());
        let page = page(&rest, &socket);
        let places = values(&page, " id=\"");
        let operations = fields(&rest["paths"])
            .values()
            .flat_map(|path| fields(path).values());
        let operations: Vec<&str> = operations.map(|one| plain(&one["operationId"])).collect();
        assert!(!operations.is_empty());
        for name in operations
            .into_iter()
            .chain(fields(&socket["operations"]).keys().map(String::as_str))
        {
            assert!(places.contains(name), "{name} is not on the page");
        }
    }
}
