//! The two forms in which an [`ErrorBody`] travels: a frame on the socket, a problem document over HTTP.

use parlour_model::{EventId, Seq};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ErrorBody, ErrorCode, Outcome, Reference, Retry};

/// `error`: the answer to a frame that could not be done, or, without `ref`, why the connection is about to close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorFrame {
    /// The `ref` of the frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// What went wrong.
    pub code: ErrorCode,
    /// The same for people: what is wrong and what to do.
    pub message: String,
    /// When to try again.
    pub retry: Retry,
    /// How long to wait first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// For what enters a log: whether this attempt may be stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The wrong field, as a path: `body.text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Of a reused key: the seq of what it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// Of a reused key: the id of what it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EventId>,
    /// Of an unknown outcome: the `applied` to retry the key with, if it was raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Seq>,
}

impl ErrorFrame {
    /// `error` as the answer to the frame with this `ref`.
    #[must_use]
    pub fn new(reference: Option<Reference>, error: ErrorBody) -> Self {
        Self {
            reference,
            code: error.code,
            message: error.message,
            retry: error.retry,
            retry_after_ms: error.retry_after_ms,
            outcome: error.outcome,
            field: error.field,
            seq: error.seq,
            id: error.id,
            applied: error.applied,
        }
    }
}

/// The body of every failed HTTP request (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// A name of the problem as a URI: `urn:parlour:error:` and the code.
    #[serde(rename = "type")]
    pub problem_type: String,
    /// The code in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong.
    pub code: ErrorCode,
    /// What is wrong this time and what to do.
    pub detail: String,
    /// When to try again.
    pub retry: Retry,
    /// How long to wait first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// For what enters a log: whether this attempt may be stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The wrong field, as a path: `body.text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Of a reused key: the seq of what it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// Of a reused key: the id of what it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EventId>,
    /// Of an unknown outcome: the `applied` to retry the key with, if it was raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Seq>,
}

impl Problem {
    /// The media type of problems written as JSON.
    pub const MEDIA_TYPE: &'static str = "application/problem+json";
}

impl From<ErrorBody> for Problem {
    fn from(error: ErrorBody) -> Self {
        Self {
            problem_type: format!("urn:parlour:error:{}", error.code),
            title: error.code.as_str().replace('_', " "),
            status: error.code.http_status(),
            code: error.code,
            detail: error.message,
            retry: error.retry,
            retry_after_ms: error.retry_after_ms,
            outcome: error.outcome,
            field: error.field,
            seq: error.seq,
            id: error.id,
            applied: error.applied,
        }
    }
}

impl From<ErrorFrame> for ErrorBody {
    fn from(frame: ErrorFrame) -> Self {
        Self {
            code: frame.code,
            message: frame.message,
            retry: frame.retry,
            retry_after_ms: frame.retry_after_ms,
            outcome: frame.outcome,
            field: frame.field,
            seq: frame.seq,
            id: frame.id,
            applied: frame.applied,
        }
    }
}

impl From<Problem> for ErrorBody {
    fn from(problem: Problem) -> Self {
        Self {
            code: problem.code,
            message: problem.detail,
            retry: problem.retry,
            retry_after_ms: problem.retry_after_ms,
            outcome: problem.outcome,
            field: problem.field,
            seq: problem.seq,
            id: problem.id,
            applied: problem.applied,
        }
    }
}
