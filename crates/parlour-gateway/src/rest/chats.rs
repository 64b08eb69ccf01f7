//! `/chats`: creating, listing, changing and leaving them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use parlour_protocol::{ChatPatch, ChatsPage, CreateChat};
use parlour_service::{ChatChange, NewGroup};

use super::{
    Failure, IdempotencyKey, Json, Patch, PathParameters, QueryParameters, Route, SignedIn,
};
use crate::messages::chat_body;
use crate::node::Node;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::POST, "/api/v1/chats", create),
        Route::new(Method::GET, "/api/v1/chats", list),
        Route::new(Method::GET, "/api/v1/chats/{chat}", get),
        Route::new(Method::PATCH, "/api/v1/chats/{chat}", update),
        Route::new(Method::POST, "/api/v1/chats/{chat}/leave", leave),
    ]
}

async fn create(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    key: IdempotencyKey,
    Json(request): Json<CreateChat>,
) -> Result<impl IntoResponse, Failure> {
    request.validate()?;
    let chats = &node.service.chats;
    let (summary, existed) = match request {
        CreateChat::Direct(direct) => chats.create_direct(&actor, direct.user).await?,
        CreateChat::Group(group) => {
            let new = NewGroup {
                title: group.title,
                users: group.users,
                history: group.history.unwrap_or_default(),
                data: group.data,
                idempotency_key: key.event_key()?,
            };
            chats.create_group(&actor, new).await?
        }
    };
    let status = if existed {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, axum::Json(chat_body(summary))))
}

async fn list(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    query: QueryParameters,
) -> Result<impl IntoResponse, Failure> {
    let (after, limit) = (query.text("cursor")?, query.limit()?);
    let page = node.service.chats.list(&actor, after, limit).await?;
    Ok(axum::Json(ChatsPage {
        chats: page.chats.into_iter().map(chat_body).collect(),
        next: page.next,
    }))
}

async fn get(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
) -> Result<impl IntoResponse, Failure> {
    let chat = node.service.chats.get(&actor, path.get("chat")?).await?;
    Ok(axum::Json(chat_body(chat)))
}

async fn update(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
    Patch(patch): Patch<ChatPatch>,
) -> Result<impl IntoResponse, Failure> {
    patch.validate()?;
    let change = ChatChange {
        title: patch.title,
        history: patch.history,
        data: patch.data.map(Option::unwrap_or_default),
    };
    let chats = &node.service.chats;
    let chat = chats.update(&actor, path.get("chat")?, change).await?;
    Ok(axum::Json(chat_body(chat)))
}

async fn leave(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
) -> Result<StatusCode, Failure> {
    node.service.chats.leave(&actor, path.get("chat")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
