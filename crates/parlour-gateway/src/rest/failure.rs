//! Failed requests as problem documents (RFC 9457).

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use parlour_protocol::{Encoding, ErrorBody, InvalidField, Outcome, Problem, encode_body};
use parlour_service::{Missing, ServiceError};

use crate::{errors, metrics};

/// Why a request failed: the error, and its status if that is not the usual one of its code.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Box<ErrorBody>,
    status: Option<StatusCode>,
}

impl Failure {
    /// The same with another status than its code's.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self {
            status: Some(status),
            ..self
        }
    }

    /// The same, answering something that would have entered a log.
    pub(crate) fn of_append(self) -> Self {
        let error = Box::new(self.error.of_append());
        Self { error, ..self }
    }
}

impl From<ErrorBody> for Failure {
    fn from(error: ErrorBody) -> Self {
        let error = Box::new(error);
        Self {
            error,
            status: None,
        }
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let failure = Self::from(errors::of_service(&error));
        match error {
            ServiceError::NotFound(Missing::Session) => failure.with_status(StatusCode::NOT_FOUND),
            _ => failure,
        }
    }
}

impl From<InvalidField> for Failure {
    fn from(wrong: InvalidField) -> Self {
        ErrorBody::invalid(wrong.field, &wrong.reason).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        metrics::error("http", self.error.code);
        let mut problem = Problem::from(*self.error);
        if let Some(status) = self.status {
            problem.status = status.as_u16();
        }
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
        let retry_after_ms = problem.retry_after_ms;
        let unknown = problem.outcome == Some(Outcome::Unknown);
        let mut response = (status, encode_body(&problem, Encoding::Json)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(Problem::MEDIA_TYPE));
        if let Some(wait_ms) = retry_after_ms.filter(|_| !unknown) {
            headers.insert(RETRY_AFTER, wait_ms.div_ceil(1_000).into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
