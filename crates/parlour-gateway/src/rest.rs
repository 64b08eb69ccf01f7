//! The HTTP endpoints under `/api/v1`, one file per resource.
//!
//! A handler reads its request into the service's words, asks once, and writes the answer in the wire's words. Whatever cannot
//! be read or done is a problem document that names the field; unknown fields are ignored.

mod auth;
mod chats;
mod me;
mod members;
mod messages;
mod presence;
mod reports;
mod sessions;
mod users;

mod body;
mod failure;
mod idempotency;
mod parameters;
mod signed_in;

use std::sync::Arc;

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::node::Node;

pub(crate) use failure::Failure;
pub(crate) use signed_in::require_signed_in;

use body::{Json, Patch};
use idempotency::IdempotencyKey;
use parameters::{PathParameters, QueryParameters};
use signed_in::SignedIn;

/// A route and what answers it.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) handler: MethodRouter<Arc<Node>>,
    /// Whether it may enter something into a log under the client's key.
    pub(crate) enters_log: bool,
}

impl Route {
    /// `method path`, answered by `handler`.
    pub(crate) fn new<H, T>(method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Node>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone());
        let filter = filter.expect("routes have ordinary methods");
        Self {
            method,
            path,
            handler: on(filter, handler),
            enters_log: false,
        }
    }

    /// The same, entering a log.
    fn entering_log(self) -> Self {
        Self {
            enters_log: true,
            ..self
        }
    }
}

/// All routes under `/api/v1`.
pub(crate) fn routes() -> Vec<Route> {
    [
        auth::routes(),
        sessions::routes(),
        users::routes(),
        me::routes(),
        presence::routes(),
        chats::routes(),
        members::routes(),
        messages::routes(),
        reports::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
