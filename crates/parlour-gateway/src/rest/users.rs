//! `/users`: finding people, and blocking them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use parlour_model::{UserId, UserName};
use parlour_protocol::{BlockBody, ErrorBody, UserBody, UsersPage};
use parlour_service::{Accounts, Actor, Missing, ServiceError};

use super::{Failure, PathParameters, QueryParameters, Route, SignedIn};
use crate::node::Node;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/api/v1/users", find),
        Route::new(Method::GET, "/api/v1/users/{user}", get),
        Route::new(Method::GET, "/api/v1/users/{user}/block", has_blocked),
        Route::new(Method::POST, "/api/v1/users/{user}/block", block),
        Route::new(Method::DELETE, "/api/v1/users/{user}/block", unblock),
    ]
}

async fn find(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    query: QueryParameters,
) -> Result<impl IntoResponse, Failure> {
    let accounts = &node.service.accounts;
    let page = match (query.text("username")?, query.text("query")?) {
        (Some(name), None) => by_name(accounts, &actor, name).await?,
        (None, Some(prefix)) => {
            let (after, limit) = (query.text("cursor")?, query.limit()?);
            let page = accounts.search(&actor, prefix, after, limit).await?;
            UsersPage {
                users: page.users.into_iter().map(UserBody::from).collect(),
                next: page.next,
            }
        }
        (Some(_), Some(_)) | (None, None) => {
            let why = "ask for either `query` (a prefix) or `username` (the whole name)";
            return Err(ErrorBody::invalid("query", why).into());
        }
    };
    Ok(axum::Json(page))
}

/// The one user of a name, or nobody: also when no name could be like this.
async fn by_name(accounts: &Accounts, actor: &Actor, name: &str) -> Result<UsersPage, Failure> {
    let found = match UserName::new(name) {
        Ok(name) => accounts.user_by_name(actor, &name).await,
        Err(_) => Err(ServiceError::NotFound(Missing::User)),
    };
    let users = match found {
        Ok(user) => vec![user.into()],
        Err(ServiceError::NotFound(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(UsersPage { users, next: None })
}

async fn get(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
) -> Result<impl IntoResponse, Failure> {
    let user = node.service.accounts.user(&actor, path.get("user")?);
    Ok(axum::Json(UserBody::from(user.await?)))
}

async fn has_blocked(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
) -> Result<impl IntoResponse, Failure> {
    let asked = node.service.chats.has_blocked(&actor, path.get("user")?);
    let blocked = asked.await?;
    Ok(axum::Json(BlockBody { blocked }))
}

async fn block(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
) -> Result<StatusCode, Failure> {
    set_block(&node, &actor, path.get("user")?, true).await
}

async fn unblock(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
) -> Result<StatusCode, Failure> {
    set_block(&node, &actor, path.get("user")?, false).await
}

async fn set_block(
    node: &Node,
    actor: &Actor,
    user: UserId,
    on: bool,
) -> Result<StatusCode, Failure> {
    node.service.chats.block(actor, user, on).await?;
    Ok(StatusCode::NO_CONTENT)
}
