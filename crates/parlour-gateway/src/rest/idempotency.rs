//! The `Idempotency-Key` header: one wish, however often its request is sent.
//!
//! Written as a bare UUID, or in quotes as the header's specification has it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use parlour_model::EventKey;
use parlour_protocol::ErrorBody;
use uuid::Uuid;

use super::Failure;

const NAME: &str = "idempotency-key";

/// The key of a request, if it has one.
pub(super) struct IdempotencyKey(Option<Uuid>);

impl IdempotencyKey {
    /// Any UUID.
    pub(super) fn any(&self) -> Option<Uuid> {
        self.0
    }

    /// The key of an event, if there is one: a UUIDv7.
    pub(super) fn event_key(&self) -> Result<Option<EventKey>, Failure> {
        let key = self.0.map(EventKey::new).transpose();
        key.map_err(|wrong| ErrorBody::invalid(NAME, wrong).into())
    }

    /// The key of an event, which must be there.
    pub(super) fn required(&self) -> Result<EventKey, Failure> {
        self.event_key()?.ok_or_else(|| {
            let why = "must be a UUIDv7 made at the first attempt and kept for every retry";
            ErrorBody::invalid(NAME, why).into()
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let Some(value) = parts.headers.get(NAME) else {
            return Ok(Self(None));
        };
        let text = value.to_str().unwrap_or_default().trim();
        let bare = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
        let uuid = Uuid::try_parse(bare.unwrap_or(text));
        let uuid = uuid.map_err(|_| ErrorBody::invalid(NAME, "must be a UUID"))?;
        Ok(Self(Some(uuid)))
    }
}
