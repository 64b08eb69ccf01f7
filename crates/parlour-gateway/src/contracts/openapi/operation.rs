//! One operation of the REST interface, as it is described.

use axum::http::{Method, StatusCode};
use parlour_protocol::ErrorCode;
use schemars::JsonSchema;
use serde_json::Value;

use crate::contracts::schemas::{Describe, Schemas};

/// What the `Idempotency-Key` header is to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// It is not looked at.
    None,
    /// Any UUID; without one a repetition is a new request.
    Any,
    /// The key of an event, a UUIDv7; without one a repetition is a new request.
    Event,
    /// The key of an event, which must be there.
    EventRequired,
}

/// An operation: what it is called, what it takes, and how it answers when all is well. Answers that follow from the
/// table of rights, from a body or from the path are added where the document is written.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// Its unique name for tools.
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) query: Option<Describe>,
    pub(super) key: Key,
    pub(super) body: Option<Describe>,
    /// An example of its body.
    pub(super) example: Option<Value>,
    pub(super) answers: Vec<Answer>,
    /// What can go wrong beyond what may always go wrong, with its status.
    pub(super) problems: Vec<(StatusCode, ErrorCode)>,
}

/// An answer when all is well.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) description: &'static str,
    pub(super) content: Option<(&'static str, Describe)>,
}

impl Operation {
    /// An operation with no more than a name.
    pub(super) fn new(
        method: Method,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            id,
            summary,
            description: "",
            query: None,
            key: Key::None,
            body: None,
            example: None,
            answers: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The same with more to say than its summary.
    pub(super) fn about(self, description: &'static str) -> Self {
        Self {
            description,
            ..self
        }
    }

    /// The same with the fields of `T` in its query.
    pub(super) fn query<T: JsonSchema>(self) -> Self {
        Self {
            query: Some(Schemas::request::<T>),
            ..self
        }
    }

    /// The same with this use of the `Idempotency-Key`.
    pub(super) fn key(self, key: Key) -> Self {
        Self { key, ..self }
    }

    /// The same with `T` as its body, and an example of it.
    pub(super) fn body<T: JsonSchema>(self, example: Value) -> Self {
        Self {
            body: Some(Schemas::request::<T>),
            example: Some(example),
            ..self
        }
    }

    /// The same, answering with `T`.
    pub(super) fn answers<T: JsonSchema>(self, status: StatusCode, why: &'static str) -> Self {
        self.answers_as(
            status,
            why,
            Some(("application/json", Schemas::answer::<T>)),
        )
    }

    /// The same, answering without a body.
    pub(super) fn done(self, why: &'static str) -> Self {
        self.answers_as(StatusCode::NO_CONTENT, why, None)
    }

    /// The same with an answer of any kind.
    pub(super) fn answers_as(
        mut self,
        status: StatusCode,
        description: &'static str,
        content: Option<(&'static str, Describe)>,
    ) -> Self {
        self.answers.push(Answer {
            status,
            description,
            content,
        });
        self
    }

    /// The same, refused with one of these where that is so.
    pub(super) fn problems(mut self, codes: &[ErrorCode]) -> Self {
        self.problems
            .extend(codes.iter().map(|code| (usual(*code), *code)));
        self
    }

    /// The same, refused with this code under another status than its usual one.
    pub(super) fn problem_at(mut self, status: StatusCode, code: ErrorCode) -> Self {
        self.problems.push((status, code));
        self
    }
}

/// The usual status of a code.
pub(super) fn usual(code: ErrorCode) -> StatusCode {
    StatusCode::from_u16(code.http_status()).expect("codes have ordinary statuses")
}
