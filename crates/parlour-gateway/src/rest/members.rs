//! `/chats/{chat}/members`: who belongs to a chat, and in which role.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use parlour_model::{PresenceStatus, UserId};
use parlour_protocol::{AddMembers, MemberBody, MemberPatch, MembersPage};
use parlour_service::Actor;

use super::{Failure, Json, Patch, PathParameters, QueryParameters, Route, SignedIn};
use crate::node::Node;

const MEMBERS: &str = "/api/v1/chats/{chat}/members";
const MEMBER: &str = "/api/v1/chats/{chat}/members/{user}";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, MEMBERS, list),
        Route::new(Method::POST, MEMBERS, add),
        Route::new(Method::PATCH, MEMBER, set_role),
        Route::new(Method::DELETE, MEMBER, remove),
    ]
}

async fn list(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
    query: QueryParameters,
) -> Result<impl IntoResponse, Failure> {
    let (after, limit) = (query.get("cursor")?, query.limit()?);
    let online = query.get("online")?.unwrap_or(false);
    let listing = node
        .service
        .chats
        .members(&actor, path.get("chat")?, after, limit);
    let page = listing.await?;
    let mut members = page.members;
    if online {
        let users = members.iter().map(|(member, _)| member.user).collect();
        let present = present(&node, &actor, users).await?;
        members.retain(|(member, _)| present.contains(&member.user));
    }
    Ok(axum::Json(MembersPage {
        members: members
            .iter()
            .map(|(member, marks)| MemberBody::new(member, *marks))
            .collect(),
        next: page.next.map(|user| user.to_string()),
    }))
}

/// Those of `users` who are there, as far as others may see.
async fn present(
    node: &Node,
    actor: &Actor,
    users: Vec<UserId>,
) -> Result<HashSet<UserId>, Failure> {
    let presence = node.service.accounts.presence(actor, &users).await?;
    let there = presence.into_iter().filter(|one| match one.status {
        PresenceStatus::Online | PresenceStatus::Away | PresenceStatus::Busy => true,
        PresenceStatus::Offline | PresenceStatus::Unknown => false,
    });
    Ok(there.map(|one| one.user).collect())
}

async fn add(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
    Json(request): Json<AddMembers>,
) -> Result<StatusCode, Failure> {
    request.validate()?;
    let chats = &node.service.chats;
    chats
        .add_members(&actor, path.get("chat")?, request.users)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_role(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
    Patch(patch): Patch<MemberPatch>,
) -> Result<StatusCode, Failure> {
    let (chat, user) = (path.get("chat")?, path.get("user")?);
    let chats = &node.service.chats;
    chats.set_role(&actor, chat, user, patch.role).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
) -> Result<StatusCode, Failure> {
    let (chat, user) = (path.get("chat")?, path.get("user")?);
    let chats = &node.service.chats;
    chats.remove_member(&actor, chat, user).await?;
    Ok(StatusCode::NO_CONTENT)
}
