//! `/me`: one's own profile, status and privacy.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use parlour_model::Privacy;
use parlour_protocol::{PrivacyBody, PrivacyPatch, ProfilePatch, StatusRequest, UserBody};
use parlour_service::ProfileChange;

use super::{Failure, Json, Patch, Route, SignedIn};
use crate::node::Node;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::PATCH, "/api/v1/me", update),
        Route::new(Method::PUT, "/api/v1/me/status", set_status),
        Route::new(Method::GET, "/api/v1/me/privacy", privacy),
        Route::new(Method::PATCH, "/api/v1/me/privacy", set_privacy),
    ]
}

async fn update(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    Patch(patch): Patch<ProfilePatch>,
) -> Result<impl IntoResponse, Failure> {
    patch.validate()?;
    let change = ProfileChange {
        display_name: patch.display_name,
        avatar_url: patch.avatar_url,
        data: patch.data.map(Option::unwrap_or_default),
    };
    let user = node.service.accounts.update_profile(&actor, change).await?;
    Ok(axum::Json(UserBody::from(user)))
}

async fn set_status(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    Json(request): Json<StatusRequest>,
) -> Result<StatusCode, Failure> {
    let accounts = &node.service.accounts;
    accounts.set_status(&actor, request.status).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn privacy(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
) -> Result<impl IntoResponse, Failure> {
    let Privacy { last_seen } = node.service.accounts.privacy(&actor).await?;
    Ok(axum::Json(PrivacyBody { last_seen }))
}

async fn set_privacy(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    Patch(patch): Patch<PrivacyPatch>,
) -> Result<impl IntoResponse, Failure> {
    let accounts = &node.service.accounts;
    let Some(last_seen) = patch.last_seen else {
        let Privacy { last_seen } = accounts.privacy(&actor).await?;
        return Ok(axum::Json(PrivacyBody { last_seen }));
    };
    accounts.set_privacy(&actor, Privacy { last_seen }).await?;
    Ok(axum::Json(PrivacyBody { last_seen }))
}
