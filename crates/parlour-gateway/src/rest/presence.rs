//! Who is there: of one user, or of several at once.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Method;
use axum::response::IntoResponse;
use parlour_protocol::{PresenceBody, PresenceQuery};
use parlour_service::{Missing, ServiceError};

use super::{Failure, Json, PathParameters, Route, SignedIn};
use crate::node::Node;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::POST, "/api/v1/presence", of_several),
        Route::new(Method::GET, "/api/v1/users/{user}/status", of_one),
    ]
}

async fn of_several(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    Json(query): Json<PresenceQuery>,
) -> Result<impl IntoResponse, Failure> {
    query.validate()?;
    let accounts = &node.service.accounts;
    let presence = accounts.presence(&actor, &query.users).await?;
    Ok(axum::Json(PresenceBody { presence }))
}

async fn of_one(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
) -> Result<impl IntoResponse, Failure> {
    let accounts = &node.service.accounts;
    let user = accounts.user(&actor, path.get("user")?).await?;
    let presence = accounts.presence(&actor, &[user.id]).await?;
    let presence = presence.into_iter().next();
    let presence = presence.ok_or(ServiceError::NotFound(Missing::User))?;
    Ok(axum::Json(presence))
}
