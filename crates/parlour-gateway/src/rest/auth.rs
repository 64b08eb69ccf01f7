//! `/auth`: registering, signing in and out, new tokens, a new password.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use parlour_protocol::{
    LoginRequest, PasswordChange, RefreshRequest, RegisterRequest, Secret, SignedIn as SignedInBody,
};
use parlour_service::{Credentials, Origin, Registration, ServiceError, SignedIn as Tokens};
use secrecy::{ExposeSecret, SecretString};

use super::sessions::session_body;
use super::{Failure, IdempotencyKey, Json, Route, SignedIn};
use crate::addresses::network;
use crate::edge::Peer;
use crate::node::Node;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::POST, "/api/v1/auth/register", register),
        Route::new(Method::POST, "/api/v1/auth/login", login),
        Route::new(Method::POST, "/api/v1/auth/refresh", refresh),
        Route::new(Method::POST, "/api/v1/auth/logout", logout),
        Route::new(Method::POST, "/api/v1/auth/password", change_password),
    ]
}

async fn register(
    State(node): State<Arc<Node>>,
    Peer(peer): Peer,
    key: IdempotencyKey,
    Json(request): Json<RegisterRequest>,
) -> Result<impl IntoResponse, Failure> {
    request.validate()?;
    let accounts = &node.service.accounts;
    let registering = accounts.register(Registration {
        username: request.username,
        password: hidden(&request.password),
        display_name: request.display_name,
        device: request.device.unwrap_or_default(),
        idempotency_key: key.any(),
        origin: Origin::new(network(peer).to_string()),
    });
    let body = signed_in(registering.await.map_err(refused)?);
    Ok((StatusCode::CREATED, axum::Json(body)))
}

async fn login(
    State(node): State<Arc<Node>>,
    Peer(peer): Peer,
    Json(request): Json<LoginRequest>,
) -> Result<impl IntoResponse, Failure> {
    request.validate()?;
    let signing_in = node.service.accounts.login(Credentials {
        username: request.username,
        password: hidden(&request.password),
        device: request.device.unwrap_or_default(),
        origin: Origin::new(network(peer).to_string()),
    });
    Ok(axum::Json(signed_in(signing_in.await.map_err(refused)?)))
}

async fn refresh(
    State(node): State<Arc<Node>>,
    Json(request): Json<RefreshRequest>,
) -> Result<impl IntoResponse, Failure> {
    let token = request.refresh_token.expose();
    let tokens = node.service.accounts.refresh(token).await?;
    Ok(axum::Json(signed_in(tokens)))
}

async fn logout(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
) -> Result<StatusCode, Failure> {
    node.service.accounts.logout(&actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn change_password(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    Json(request): Json<PasswordChange>,
) -> Result<StatusCode, Failure> {
    request.validate()?;
    let current = hidden(&request.current_password);
    let new = hidden(&request.new_password);
    let accounts = &node.service.accounts;
    let changed = accounts.change_password(&actor, current, new).await;
    changed.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// A full pool of password hashing is 429: the node can serve everything else, and a balancer must not take it for broken.
fn refused(error: ServiceError) -> Failure {
    let is_load = matches!(error, ServiceError::Busy { .. });
    let failure = Failure::from(error);
    if is_load {
        failure.with_status(StatusCode::TOO_MANY_REQUESTS)
    } else {
        failure
    }
}

fn hidden(secret: &Secret) -> SecretString {
    secret.expose().into()
}

fn signed_in(tokens: Tokens) -> SignedInBody {
    let current = tokens.session.id;
    SignedInBody {
        user: tokens.user.into(),
        session: session_body(tokens.session, current),
        access_token: Secret::new(tokens.access_token.expose_secret()),
        expires_in: tokens.expires_in.as_secs(),
        refresh_token: Secret::new(tokens.refresh_token.expose_secret()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn too_much_hashing_is_429_whoever_caused_it_and_an_outage_is_not() {
        let busy = |own_rate| ServiceError::Busy {
            retry_after: Duration::from_secs(1),
            own_rate,
        };
        let status = |error| refused(error).into_response().status();
        assert_eq!(status(busy(false)), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(status(busy(true)), StatusCode::TOO_MANY_REQUESTS);
        let outage = ServiceError::Unavailable("down".to_owned());
        assert_eq!(status(outage), StatusCode::SERVICE_UNAVAILABLE);
    }
}
