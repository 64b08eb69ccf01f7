//! The frames of the socket.

use maud::{Markup, html};
use serde_json::Value;

use super::text::{markdown, plain};
use super::{codes, example, fields, items, schema};

/// Who sends frames, and how the page calls theirs.
pub(super) const SENDERS: [(&str, &str); 2] = [
    ("client", "What clients send"),
    ("server", "What the server sends"),
];

/// The messages of one sender, by name.
pub(super) fn messages<'a>(
    document: &'a Value,
    sender: &'a str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let all = fields(&document["components"]["messages"]).iter();
    all.filter(move |(name, _)| name.split('.').next() == Some(sender))
}

/// The `type` of a message.
pub(super) fn word(message: &str) -> &str {
    message.rsplit('.').next().unwrap_or_default()
}

/// Whether a type is a frame, which the page shows as one.
pub(super) fn is_frame(schema: &str) -> bool {
    let from = SENDERS
        .iter()
        .any(|(sender, _)| schema.to_ascii_lowercase().starts_with(sender));
    from && schema.ends_with("Frame")
}

pub(super) fn section(document: &Value) -> Markup {
    html! {
        section id="socket" {
            h2 { "WebSocket" }
            (markdown(&document["info"]["description"]))
            @for (sender, title) in SENDERS {
                h3 { (title) }
                @for (name, message) in messages(document, sender) { (frame(document, name, message)) }
            }
            (close_codes(&document["channels"]["socket"]["x-close-codes"]))
        }
    }
}

fn frame(document: &Value, name: &str, message: &Value) -> Markup {
    let path = plain(&message["payload"]["$ref"]);
    let schema = path.rsplit('/').next().unwrap_or_default();
    let operation = &document["operations"][name];
    html! {
        article id=(name) {
            h4 { code { (word(name)) } }
            (schema::whole(&document["components"]["schemas"][schema]))
            @for one in items(&message["examples"]) {
                (markdown(&one["summary"]))
                (example(&one["payload"]))
            }
            @if operation["reply"].is_object() {
                p { "Answered with " (links(&operation["reply"]["messages"])) "." }
                p { "Codes of " code { "error" } ": " (codes(items(&operation["x-error-codes"]).iter().map(plain))) "." }
            }
        }
    }
}

fn links(messages: &Value) -> Markup {
    let names = items(messages).iter().map(|one| plain(&one["$ref"]));
    let names = names.filter_map(|path| path.rsplit('/').next());
    html! {
        @for (place, name) in names.enumerate() {
            @if place > 0 { ", " }
            a href={ "#" (name) } { code { (word(name)) } }
        }
    }
}

fn close_codes(codes: &Value) -> Markup {
    html! {
        h3 { "Close codes" }
        div.wide { table {
            thead { tr { th { "Code" } th { "Meaning" } th { "Come back" } th { "Send the last frame again" } } }
            tbody { @for row in items(codes) {
                tr {
                    td { (row["code"].to_string()) }
                    td { (plain(&row["meaning"])) }
                    td { @if row["may_reconnect"] == true { "yes" } @else { "no" } }
                    td { @if row["never_send_that_frame_again"] == true { "never" } }
                }
            } }
        } }
    }
}
