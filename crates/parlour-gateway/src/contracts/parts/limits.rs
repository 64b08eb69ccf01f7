//! The limits that clients meet: those that `welcome` tells, those beside them, and how long things last.

use std::time::Duration;

use parlour_model::limits as all;
use parlour_protocol::WireLimits;
use schemars::{JsonSchema, SchemaGenerator};

use super::{about, code, table};
use crate::settings;

/// The fields of `limits` in `welcome`, with the values of this server.
pub(super) fn told() -> String {
    let schema = WireLimits::json_schema(&mut SchemaGenerator::default()).to_value();
    let values = serde_json::to_value(WireLimits::default()).unwrap_or_default();
    let fields = schema["properties"].as_object().into_iter().flatten();
    let rows = fields.map(|(field, of)| [code(field), values[field].to_string(), about(of)]);
    table(["field of `limits`", "value", ""], rows)
}

/// Limits that are the same everywhere, so `welcome` does not tell them.
pub(super) fn others() -> String {
    let search = format!(
        "{} to {}",
        all::SEARCH_CHARS.start(),
        all::SEARCH_CHARS.end()
    );
    let rows = OTHERS.map(|(what, value)| [what.to_owned(), value.to_string()]);
    let search = ["characters of a search".to_owned(), search];
    table(["", "at most"], rows.into_iter().chain([search]))
}

const OTHERS: [(&str, u64); 21] = [
    ("an integer", all::INTEGER_MAX),
    ("bytes of a REST request", all::REQUEST_BYTES_MAX as u64),
    ("bytes of a `ref`", all::REF_BYTES_MAX as u64),
    (
        "characters of a device's name",
        all::DEVICE_CHARS_MAX as u64,
    ),
    (
        "`sync`s that belong to one `hello`",
        settings::HELLO_SYNCS_MAX as u64,
    ),
    (
        "events of one chat before `too_long`",
        all::SYNC_EVENTS_PER_CHAT_MAX as u64,
    ),
    (
        "events of one `sync` before `too_long`",
        all::SYNC_EVENTS_MAX as u64,
    ),
    (
        "requests of one connection that are served at once",
        all::REQUESTS_IN_FLIGHT_MAX as u64,
    ),
    (
        "connections of one user to one node",
        all::CONNECTIONS_PER_USER_MAX as u64,
    ),
    (
        "sessions of one user; a new one ends the one that was idle for longest",
        all::SESSIONS_PER_USER_MAX as u64,
    ),
    ("users mentioned in one text", all::MENTIONS_MAX as u64),
    (
        "bytes of a custom body's name",
        all::CUSTOM_NAME_BYTES_MAX as u64,
    ),
    ("bytes of a reaction", all::EMOJI_BYTES_MAX as u64),
    (
        "reactions of one user on one message",
        all::REACTIONS_PER_USER_MAX as u64,
    ),
    (
        "members of a chat whose receipts name them",
        all::NAMED_RECEIPTS_MEMBERS_MAX as u64,
    ),
    ("bytes of `data`, as JSON", all::DATA_BYTES_MAX as u64),
    (
        "levels of `data`, its outer object included",
        all::DATA_NESTING_MAX as u64,
    ),
    ("bytes of an `avatar_url`", all::AVATAR_URL_BYTES_MAX as u64),
    (
        "bytes of a report's `note`",
        all::REPORT_NOTE_BYTES_MAX as u64,
    ),
    (
        "rows of a list without `limit`",
        all::LIST_ROWS_DEFAULT as u64,
    ),
    ("rows of a list", all::LIST_ROWS_MAX as u64),
];

/// How long things last.
pub(super) fn times() -> String {
    let rows = [
        ("the first frame comes within", all::HELLO_WITHIN),
        ("a key is at most so old, by its own time", all::KEY_AGE_MAX),
        (
            "a key is at most so far ahead of the server's clock",
            all::KEY_AHEAD_MAX,
        ),
        ("`typing` ends by itself after", all::TYPING_LASTS),
        (
            "a user stays online after their last connection closed cleanly for",
            all::PRESENCE_GRACE,
        ),
        (
            "a session ends that was not used for",
            all::SESSION_UNUSED_MAX,
        ),
    ];
    let rows = rows.map(|(what, lasts)| [what.to_owned(), spoken(lasts)]);
    table(["", "time"], rows)
}

/// A duration in the largest unit that it is a whole number of.
fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "days"), (60, "minutes"), (1, "seconds")];
    let mut units = units.into_iter();
    let (length, unit) = units
        .find(|(length, _)| seconds.is_multiple_of(*length))
        .unwrap_or((1, "seconds"));
    format!("{} {unit}", seconds / length)
}
