//! What can go wrong, the same on the socket and over HTTP.
//!
//! One [`ErrorBody`] is made where the error is known; the edge turns it into an `error` frame or a problem document.

mod cures;

use std::fmt;
use std::time::Duration;

use parlour_model::{EventId, Seq};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A field is wrong; `field` names it.
    Invalid,
    /// A frame of a type this server does not know.
    UnknownType,
    /// Larger than allowed.
    TooLarge,
    /// The key's own time is too old or too far ahead.
    KeyTime,
    /// The key already stands for something else; `seq` and `id` name it.
    KeyReused,
    /// A limit is reached: members of a group, for example.
    LimitReached,
    /// Somebody has this user name.
    UsernameTaken,
    /// The token, name or password is no good.
    TokenInvalid,
    /// The access token has expired.
    TokenExpired,
    /// The user may not do this.
    Forbidden,
    /// One of the two has blocked the other.
    Blocked,
    /// No such chat, as far as this user may know.
    ChatNotFound,
    /// No such user.
    UserNotFound,
    /// No such message.
    MessageNotFound,
    /// No such attachment. Reserved for attachments, which this version has none of: it is never sent.
    MediaNotFound,
    /// An earlier frame for this chat is not settled yet.
    PredecessorPending,
    /// Too many requests.
    RateLimited,
    /// Too much to do right now.
    Busy,
    /// The node is going away.
    Draining,
    /// The store does not answer.
    StoreUnavailable,
    /// The upload did not arrive whole. Reserved for attachments, which this version has none of: it is never sent.
    UploadFailed,
    /// It may be stored or not: the same key tells.
    OutcomeUnknown,
    /// A code of a newer server; `retry` and `outcome` still say what to do. Never sent.
    #[serde(other)]
    #[schemars(skip)]
    Unrecognized,
}

/// When the same thing may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Never: it would fail again.
    Never,
    /// At once.
    Now,
    /// After `retry_after_ms`, or with growing pauses.
    Later,
    /// After a `sync`.
    Sync,
    /// After refreshing the access token.
    Refresh,
}

/// What is known about a failed attempt to put something into a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// This attempt is not in the log and never will be.
    NotStored,
    /// It may be, or may still come to be.
    Unknown,
}

impl ErrorCode {
    /// Every code of the contract, those that are reserved among them.
    pub const ALL: [Self; 22] = [
        Self::Invalid,
        Self::UnknownType,
        Self::TooLarge,
        Self::KeyTime,
        Self::KeyReused,
        Self::LimitReached,
        Self::UsernameTaken,
        Self::TokenInvalid,
        Self::TokenExpired,
        Self::Forbidden,
        Self::Blocked,
        Self::ChatNotFound,
        Self::UserNotFound,
        Self::MessageNotFound,
        Self::MediaNotFound,
        Self::PredecessorPending,
        Self::RateLimited,
        Self::Busy,
        Self::Draining,
        Self::StoreUnavailable,
        Self::UploadFailed,
        Self::OutcomeUnknown,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::UnknownType => "unknown_type",
            Self::TooLarge => "too_large",
            Self::KeyTime => "key_time",
            Self::KeyReused => "key_reused",
            Self::LimitReached => "limit_reached",
            Self::UsernameTaken => "username_taken",
            Self::TokenInvalid => "token_invalid",
            Self::TokenExpired => "token_expired",
            Self::Forbidden => "forbidden",
            Self::Blocked => "blocked",
            Self::ChatNotFound => "chat_not_found",
            Self::UserNotFound => "user_not_found",
            Self::MessageNotFound => "message_not_found",
            Self::MediaNotFound => "media_not_found",
            Self::PredecessorPending => "predecessor_pending",
            Self::RateLimited => "rate_limited",
            Self::Busy => "busy",
            Self::Draining => "draining",
            Self::StoreUnavailable => "store_unavailable",
            Self::UploadFailed => "upload_failed",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Unrecognized => "unrecognized",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Invalid | Self::UnknownType | Self::KeyTime => 400,
            Self::TokenInvalid | Self::TokenExpired => 401,
            Self::Forbidden | Self::Blocked => 403,
            Self::ChatNotFound
            | Self::UserNotFound
            | Self::MessageNotFound
            | Self::MediaNotFound => 404,
            Self::KeyReused
            | Self::LimitReached
            | Self::UsernameTaken
            | Self::PredecessorPending => 409,
            Self::TooLarge => 413,
            Self::RateLimited => 429,
            Self::Unrecognized => 500,
            Self::Busy | Self::Draining | Self::StoreUnavailable | Self::UploadFailed => 503,
            Self::OutcomeUnknown => 504,
        }
    }

    /// When to try again, unless whoever made the error knows better.
    #[must_use]
    pub const fn retry(self) -> Retry {
        match self {
            Self::TokenExpired => Retry::Refresh,
            Self::Draining | Self::UploadFailed | Self::OutcomeUnknown => Retry::Now,
            Self::PredecessorPending | Self::RateLimited | Self::Busy | Self::StoreUnavailable => {
                Retry::Later
            }
            _ => Retry::Never,
        }
    }

    /// What it says about an attempt to put something into a log.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::OutcomeUnknown | Self::Unrecognized => Outcome::Unknown,
            _ => Outcome::NotStored,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error with everything a client can act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorBody {
    /// What went wrong.
    pub code: ErrorCode,
    /// The same for people: what is wrong and what to do.
    pub message: String,
    /// When to try again.
    pub retry: Retry,
    /// How long to wait first.
    pub retry_after_ms: Option<u64>,
    /// For what enters a log: whether this attempt may be stored.
    pub outcome: Option<Outcome>,
    /// The wrong field, as a path: `body.text`.
    pub field: Option<String>,
    /// Of a reused key: the seq of what it stands for.
    pub seq: Option<Seq>,
    /// Of a reused key: the id of what it stands for.
    pub id: Option<EventId>,
    /// Of an unknown outcome: the `applied` to retry the key with, if it was raised.
    pub applied: Option<Seq>,
}

impl ErrorBody {
    /// An error with the usual `retry` of its code and no outcome.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry: code.retry(),
            retry_after_ms: None,
            outcome: None,
            field: None,
            seq: None,
            id: None,
            applied: None,
        }
    }

    /// `field` is not what it must be.
    #[must_use]
    pub fn invalid(field: impl Into<String>, reason: impl fmt::Display) -> Self {
        let field = field.into();
        Self {
            message: format!("{field}: {reason}"),
            field: Some(field),
            ..Self::new(ErrorCode::Invalid, "")
        }
    }

    /// The same, answering something that would have entered a log: with the outcome of the code.
    #[must_use]
    pub fn of_append(self) -> Self {
        let outcome = self.outcome.unwrap_or(self.code.outcome());
        Self {
            outcome: Some(outcome),
            ..self
        }
    }

    /// The same with a wait before the next try.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self {
            retry_after_ms: Some(wait),
            ..self
        }
    }

    /// The same with the event a reused key stands for.
    #[must_use]
    pub fn stored(self, seq: Seq, id: EventId) -> Self {
        Self {
            seq: Some(seq),
            id: Some(id),
            ..self
        }
    }

    /// The same with the `applied` the client keeps for the retries of its key.
    #[must_use]
    pub fn retry_with(self, applied: Seq) -> Self {
        Self {
            applied: Some(applied),
            ..self
        }
    }
}
