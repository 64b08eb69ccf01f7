//! `/me`: one's own profile and status.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use parlour_protocol::{ProfilePatch, StatusRequest, UserBody};
use parlour_service::ProfileChange;

use super::{Failure, Json, Patch, Route, SignedIn};
use crate::node::Node;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::PATCH, "/api/v1/me", update),
        Route::new(Method::PUT, "/api/v1/me/status", set_status),
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
