//! `/sessions`: the devices a user is signed in on.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use parlour_model::SessionId;
use parlour_protocol::{SessionBody, SessionsBody};
use parlour_service::Session;

use super::{Failure, PathParameters, Route, SignedIn};
use crate::node::Node;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/api/v1/sessions", list),
        Route::new(Method::DELETE, "/api/v1/sessions", revoke_others),
        Route::new(Method::DELETE, "/api/v1/sessions/{session}", revoke),
    ]
}

async fn list(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
) -> Result<impl IntoResponse, Failure> {
    let sessions = node.service.accounts.sessions(&actor).await?;
    let bodies = sessions.into_iter();
    let sessions = bodies.map(|session| session_body(session, actor.session));
    Ok(axum::Json(SessionsBody {
        sessions: sessions.collect(),
    }))
}

async fn revoke(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
) -> Result<StatusCode, Failure> {
    let session = path.get("session")?;
    node.service.accounts.revoke(&actor, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn revoke_others(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
) -> Result<StatusCode, Failure> {
    node.service.accounts.revoke_all(&actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A session as it travels, to somebody who is signed in by `current`.
pub(super) fn session_body(session: Session, current: SessionId) -> SessionBody {
    SessionBody {
        id: session.id,
        device: session.device,
        created_at: session.created_at,
        last_active_at: session.last_active_at,
        current: session.id == current,
    }
}
