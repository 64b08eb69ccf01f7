//! All routes of a node, each with its row in the table of who may use it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::MatchedPath;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use parlour_protocol::ErrorBody;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::access::{self, Who};
use crate::node::Node;
use crate::rest::{self, Failure, Route};
use crate::{connection, contracts, edge, web};

/// How long a browser may remember what it may ask.
const CORS_REMEMBERED: Duration = Duration::from_secs(3600);

/// Every route there is.
pub(crate) fn routes() -> Vec<Route> {
    let socket = Route::new(Method::GET, "/v1/ws", connection::upgrade);
    std::iter::once(socket)
        .chain(rest::routes())
        .chain(contracts::routes())
        .collect()
}

/// The routes as a service.
pub(crate) fn router(node: &Arc<Node>) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let row = access::find(&route.method, route.path);
        let handler = match row
            .expect("every route has a row: a test compares them")
            .who
        {
            Who::Anybody => route.handler,
            Who::SignedIn | Who::Member | Who::Author | Who::Admin | Who::Owner => {
                let signed_in = from_fn_with_state(Arc::clone(node), rest::require_signed_in);
                route.handler.route_layer(signed_in)
            }
        };
        let in_time = from_fn_with_state(route.enters_log, edge::in_time);
        router = router.route(route.path, handler.route_layer(in_time));
    }
    // The last layer is the outermost one. Files of the web client stand outside of the pace: they lie in memory, and a whole
    // office behind one address opens its pages at nine.
    router
        .fallback(no_such_route)
        .layer(from_fn_with_state(Arc::clone(node), edge::pace))
        .merge(web::routes(node.web))
        .method_not_allowed_fallback(no_such_method)
        .with_state(Arc::clone(node))
        .layer(cors(node))
        .layer(CatchPanicLayer::custom(edge::panicked))
        .layer(from_fn(edge::observe))
}

/// The answer at a path where nothing is.
pub(crate) async fn no_such_route() -> Failure {
    let error = ErrorBody::invalid("path", "there is nothing at this path");
    Failure::from(error).with_status(StatusCode::NOT_FOUND)
}

async fn no_such_method(method: Method, path: Option<MatchedPath>) -> Failure {
    let path = path.as_ref().map_or("", MatchedPath::as_str);
    let why = if method == Method::DELETE && path == "/api/v1/chats/{chat}" {
        // What everybody wrote stays everybody's: see `docs/adr/0002-a-chat-is-left.md`.
        "a chat is left, not deleted: POST …/leave takes it off your list; the owner of a group may remove the others first"
    } else {
        "this path is not for this method"
    };
    let error = ErrorBody::invalid("method", why);
    Failure::from(error).with_status(StatusCode::METHOD_NOT_ALLOWED)
}

/// Lets the pages that may open a connection use the endpoints too, and no others.
fn cors(node: &Arc<Node>) -> CorsLayer {
    let allowing = Arc::clone(node);
    let allowed = move |origin: &HeaderValue, request: &Parts| {
        let host = request.headers.get(HOST);
        allowing.origins.allow_origin(origin, host)
    };
    let methods = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let idempotency_key = HeaderName::from_static("idempotency-key");
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(allowed))
        .allow_methods(methods)
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, idempotency_key])
        .expose_headers([edge::REQUEST_ID, RETRY_AFTER])
        .max_age(CORS_REMEMBERED)
}
