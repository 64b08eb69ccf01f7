//! Every error code: what it means, when to try again, what it says about the log, and what to do.
//!
//! The meaning is what the code's own documentation says, the rest what its table says.

use std::fmt::Write;

use parlour_protocol::{CloseCode, ErrorCode};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::parts::close_codes as close_code_table;

/// The table, for both documents.
pub(super) fn table() -> Value {
    let meanings = meanings();
    let rows = ErrorCode::ALL.iter().map(|code| {
        json!({
            "code": code,
            "meaning": meaning(&meanings, *code),
            "http_status": code.http_status(),
            "retry": code.retry(),
            "outcome": code.outcome(),
            "cure": code.cure(),
        })
    });
    rows.collect()
}

/// Every close code, for the document of the socket.
pub(super) fn close_codes() -> Value {
    let rows = CloseCode::ALL.iter().map(|code| {
        json!({
            "code": code.number(),
            "meaning": code.meaning(),
            "may_reconnect": code.may_reconnect(),
            "never_send_that_frame_again": code.blames_the_frame(),
        })
    });
    rows.collect()
}

/// The variants of the enum, as its schema describes them.
fn meanings() -> Value {
    ErrorCode::json_schema(&mut SchemaGenerator::default()).to_value()
}

fn meaning(meanings: &Value, code: ErrorCode) -> &str {
    let variants = meanings["oneOf"].as_array().into_iter().flatten();
    let mut own = variants.filter(|variant| variant["const"] == code.as_str());
    let own = own
        .next()
        .and_then(|variant| variant["description"].as_str());
    own.expect("every code is documented")
}

const OPENING: &str = "# Errors

Written by `cargo xtask contracts` from the code; what is wrong here is wrong in
[`error.rs`](../crates/parlour-protocol/src/error.rs) and mended there.

The same codes are used on the socket (`error` frames) and over REST (`application/problem+json`, with the HTTP status below). A client
acts on three fields, and on the code only where it wants to say something better to its user:

- `retry` says when the same may be tried again: `never` (it would fail again), `now`, `later` (after `retry_after_ms`, or with
  growing pauses), `sync` (after a `sync`), `refresh` (after refreshing the access token). An answer may carry another value than the usual one below.
- `outcome` stands in answers to whatever enters a log: `not_stored` means that this attempt is not there and never will be; `unknown`
  means that it may be, and the same key finds out.
- `field` names what is wrong in a request, as a path: `body.text`.

A code that a client does not know is treated by its `retry` and `outcome` alone.
";

/// `docs/errors.md`.
pub(super) fn page() -> String {
    let mut page = OPENING.to_owned();
    let meanings = meanings();
    page.push_str("\n| code | HTTP | retry | outcome |\n|---|---|---|---|\n");
    for code in ErrorCode::ALL {
        let (status, retry, outcome) =
            (code.http_status(), word(code.retry()), word(code.outcome()));
        writeln!(
            page,
            "| [`{code}`](#{code}) | {status} | {retry} | {outcome} |"
        )
        .expect("a text can be written to");
    }
    page.push_str("\n## Codes\n");
    for code in ErrorCode::ALL {
        let meaning = meaning(&meanings, code);
        let cure = code.cure();
        write!(page, "\n### `{code}`\n\n{meaning}\n\n{cure}\n").expect("a text can be written to");
    }
    page.push_str(CLOSING);
    page.push_str(&close_code_table());
    page.push('\n');
    page
}

const CLOSING: &str = "
## Close codes

Why the server closed a WebSocket. Whoever may come back does so with full jitter, 0.5 to 60 seconds. A number that is not listed here: below 4500 come
back, from 4500 on do not.

";

/// A code's `retry` or `outcome` as it is written on the wire.
pub(super) fn word(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
