//! Bodies of requests: JSON, bounded, whatever the content type says.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use parlour_model::limits;
use parlour_protocol::{DecodeError, Encoding, ErrorBody, ErrorCode, decode_body, decode_patch};
use serde::de::DeserializeOwned;

use super::Failure;

/// A body in which null means absent.
pub(super) struct Json<T>(pub(super) T);

/// A body in which null unsets a field.
pub(super) struct Patch<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Failure> {
        let body = decode_body(Encoding::Json, &read(request).await?);
        body.map(Self).map_err(|error| unreadable(&error))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Patch<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Failure> {
        let body = decode_patch(Encoding::Json, &read(request).await?);
        body.map(Self).map_err(|error| unreadable(&error))
    }
}

/// A body that is not one readable object is wrong as a whole; anything else is wrong in a field.
fn unreadable(error: &DecodeError) -> Failure {
    let body = match error {
        DecodeError::Unreadable { reason } => ErrorBody::invalid("body", reason),
        other => other.to_body(),
    };
    body.into()
}

async fn read(request: Request) -> Result<Bytes, Failure> {
    let bytes = to_bytes(request.into_body(), limits::REQUEST_BYTES_MAX).await;
    // The other reason for a failure is a client that went away, and it will not read this.
    bytes.map_err(|_| {
        let max = limits::REQUEST_BYTES_MAX;
        let message = format!("a request body has at most {max} bytes");
        ErrorBody::new(ErrorCode::TooLarge, message).into()
    })
}
