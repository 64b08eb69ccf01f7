//! The bearer token of a request.
//!
//! Looked at before anything else of the request is read, for every route that is not for anybody. A handler that wants to know
//! who asks takes [`SignedIn`], which only exists behind that check.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use parlour_protocol::{ErrorBody, ErrorCode};
use parlour_service::Actor;

use super::Failure;
use crate::node::Node;

/// Who asks.
pub(super) struct SignedIn(pub(super) Actor);

/// Lets a request through if its token is good.
pub(crate) async fn require_signed_in(
    State(node): State<Arc<Node>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let token = bearer(request.headers()).ok_or_else(no_token)?;
    let actor = node.service.accounts.authenticate(token).await?;
    request.extensions_mut().insert(actor);
    Ok(next.run(request).await)
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let actor = parts.extensions.get::<Actor>().copied();
        actor.map(Self).ok_or_else(|| no_token().into())
    }
}

/// The token of `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn no_token() -> ErrorBody {
    ErrorBody::new(
        ErrorCode::TokenInvalid,
        "send an access token: `Authorization: Bearer …`",
    )
}
