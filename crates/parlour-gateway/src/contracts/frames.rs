//! How each frame of a client is answered. What a frame holds stands in its type.

use parlour_protocol::ErrorCode;
use parlour_protocol::ErrorCode::{
    Blocked, Busy, ChatNotFound, Draining, Forbidden, Invalid, KeyReused, KeyTime, LimitReached,
    MessageNotFound, OutcomeUnknown, PredecessorPending, RateLimited, StoreUnavailable,
    TokenExpired, TokenInvalid, TooLarge,
};

/// The answers to one frame.
pub(super) struct Answers {
    /// The `type` of the frame.
    pub(super) frame: &'static str,
    /// The `type`s that may answer it when all is well, in the order in which they come.
    pub(super) with: &'static [&'static str],
    /// The codes of an `error` that may answer it instead, besides those that may answer any frame.
    pub(super) codes: &'static [ErrorCode],
}

/// What any frame may be answered with.
pub(super) const ANY: &[ErrorCode] = &[Invalid, RateLimited, Busy, StoreUnavailable, Draining];

/// What may be wrong with whatever enters a log.
const ENTERING: &[ErrorCode] = &[
    ChatNotFound,
    Forbidden,
    Blocked,
    MessageNotFound,
    KeyTime,
    KeyReused,
    PredecessorPending,
    TooLarge,
    OutcomeUnknown,
];

/// The same of a reaction, of which nobody may have any number.
const REACTING: &[ErrorCode] = &[
    ChatNotFound,
    Forbidden,
    Blocked,
    MessageNotFound,
    KeyTime,
    KeyReused,
    LimitReached,
    PredecessorPending,
    OutcomeUnknown,
];

const fn row(
    frame: &'static str,
    with: &'static [&'static str],
    codes: &'static [ErrorCode],
) -> Answers {
    Answers { frame, with, codes }
}

/// A row for every frame of a client.
pub(super) const ANSWERS: [Answers; 15] = [
    row(
        "hello",
        &["welcome", "marks", "event", "too_long", "chat", "ready"],
        &[TokenInvalid, TokenExpired, LimitReached],
    ),
    row(
        "sync",
        &["event", "too_long", "chat", "synced", "ready"],
        &[LimitReached],
    ),
    row("send", &["sent"], ENTERING),
    row("edit", &["sent"], ENTERING),
    row("delete", &["sent"], ENTERING),
    row("react", &["sent"], REACTING),
    row(
        "cancel",
        &["cancelled", "sent"],
        &[ChatNotFound, KeyTime, OutcomeUnknown],
    ),
    row("delivered", &["ok"], &[ChatNotFound, OutcomeUnknown]),
    row("read", &["ok"], &[ChatNotFound, OutcomeUnknown]),
    row("typing", &[], &[ChatNotFound, Forbidden, Blocked]),
    row("watch", &["ok"], &[]),
    row("set_status", &["ok"], &[OutcomeUnknown]),
    row("history", &["page"], &[ChatNotFound]),
    row("refresh", &["ok"], &[TokenInvalid, TokenExpired]),
    row("ping", &["pong"], &[]),
];
