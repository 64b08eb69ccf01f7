//! Error codes and close codes, each with what to do.

use parlour_protocol::{CloseCode, ErrorCode};

use super::table;
use crate::contracts::errors::word;

/// Every error code. What it means in more words stands in `docs/errors.md`.
pub(super) fn errors() -> String {
    let rows = ErrorCode::ALL.map(|one| {
        [
            format!("[`{one}`](errors.md#{one})"),
            one.http_status().to_string(),
            word(one.retry()),
            word(one.outcome()),
            one.cure().to_owned(),
        ]
    });
    table(["code", "HTTP", "retry", "outcome", "what to do"], rows)
}

/// Every close code.
pub(in crate::contracts) fn close_codes() -> String {
    let rows = CloseCode::ALL.map(|one| {
        let back = if one.may_reconnect() { "yes" } else { "no" };
        let resend = if one.blames_the_frame() { "never" } else { "" };
        [
            one.number().to_string(),
            one.meaning().to_owned(),
            back.to_owned(),
            resend.to_owned(),
        ]
    });
    table(
        ["code", "meaning", "come back", "send the last frame again"],
        rows,
    )
}
