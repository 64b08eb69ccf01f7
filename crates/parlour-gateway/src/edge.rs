//! What happens to every HTTP request, whatever its route.
//!
//! It gets an id, is counted and timed, is refused beyond its address's rate (but for files of the web client), and is answered in time: a problem, never
//! a page and never a torn connection. Headers, bodies and queries stay out of logs.

use std::any::Any;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parlour_protocol::{ErrorBody, ErrorCode};
use tokio::time::{Instant, timeout};
use tracing::Instrument;
use uuid::Uuid;

use crate::node::Node;
use crate::rest::Failure;
use crate::settings::REQUEST_WITHIN;
use crate::{errors, metrics};

/// The id by which a request is found in the log.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names, counts and times a request.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let id = Uuid::new_v4().to_string();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let (method, started) = (name_of(request.method()), Instant::now());
    let span = tracing::info_span!("request", id, method, route);
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), started.elapsed());
    metrics::http(method, route, status, took);
    span.in_scope(|| tracing::debug!(status, took_ms = took.as_millis(), "answered"));
    let headers = response.headers_mut();
    let id = HeaderValue::from_str(&id).expect("a UUID is a header value");
    headers.insert(REQUEST_ID, id);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses requests beyond their address's rate.
pub(crate) async fn pace(
    State(node): State<Arc<Node>>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let Peer(address) = Peer::of(request.extensions());
    node.addresses.take(address).map_err(|wait| {
        let message = "too many requests from this address; send more slowly";
        Failure::from(ErrorBody::new(ErrorCode::RateLimited, message).after(wait))
    })?;
    Ok(next.run(request).await)
}

/// Answers in time, with or without a result.
pub(crate) async fn in_time(
    State(enters_log): State<bool>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let changes = !request.method().is_safe();
    let answer = timeout(REQUEST_WITHIN, next.run(request)).await;
    answer.map_err(|_| {
        let failure = Failure::from(errors::timed_out(changes));
        if enters_log {
            failure.of_append()
        } else {
            failure
        }
    })
}

/// The answer to a request that our own fault stopped.
pub(crate) fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("serving a request failed");
    let failure = Failure::from(errors::failed(true));
    failure
        .with_status(StatusCode::INTERNAL_SERVER_ERROR)
        .into_response()
}

/// The address of whoever sent the request.
pub(crate) struct Peer(pub(crate) IpAddr);

impl Peer {
    fn of(extensions: &Extensions) -> Self {
        let info = extensions.get::<ConnectInfo<SocketAddr>>();
        let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self(info.map_or(unknown, |ConnectInfo(peer)| peer.ip()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

/// A fixed name: a method is whatever a client wrote there.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::middleware::{from_fn, from_fn_with_state};
    use axum::routing::{get, post};
    use parlour_protocol::{Outcome, Problem};
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    async fn problem(router: Router, method: Method) -> (StatusCode, Problem) {
        let request = Request::builder().method(method).uri("/");
        let request = request.body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let status = response.status();
        assert!(response.headers().contains_key(REQUEST_ID));
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_answered_as_an_unknown_outcome_and_tells_nothing() {
        async fn failing() -> StatusCode {
            panic!("the secret")
        }
        let router = Router::new()
            .route("/", get(failing))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn(observe));
        let (status, problem) = problem(router, Method::GET).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(problem.code, ErrorCode::OutcomeUnknown);
        assert!(!problem.detail.contains("secret"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_too_long_says_that_its_outcome_is_not_known_unless_it_only_reads() {
        let never = std::future::pending::<StatusCode>;
        let in_time = |enters_log| from_fn_with_state(enters_log, in_time);
        let handler = get(never).patch(never).route_layer(in_time(false));
        let handler = handler.merge(post(never).route_layer(in_time(true)));
        let router = Router::new().route("/", handler).layer(from_fn(observe));
        let unavailable = (
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::StoreUnavailable,
            None,
        );
        let unknown = |outcome| {
            let status = StatusCode::GATEWAY_TIMEOUT;
            (status, ErrorCode::OutcomeUnknown, outcome)
        };
        let expected = [
            (Method::GET, unavailable),
            (Method::PATCH, unknown(None)),
            (Method::POST, unknown(Some(Outcome::Unknown))),
        ];
        for (method, expected) in expected {
            let (status, problem) = problem(router.clone(), method.clone()).await;
            let answer = (status, problem.code, problem.outcome);
            assert_eq!(answer, expected, "{method}");
        }
    }

    #[test]
    fn what_a_client_enters_into_a_log_over_http_are_messages_and_their_changes() {
        let entering = crate::router::routes().into_iter();
        let entering = entering.filter(|route| route.enters_log);
        let entering: Vec<_> = entering.map(|route| (route.method, route.path)).collect();
        let message = "/api/v1/chats/{chat}/messages/{message}";
        assert_eq!(
            entering,
            [
                (Method::POST, "/api/v1/chats/{chat}/messages"),
                (Method::PATCH, message),
                (Method::DELETE, message),
            ]
        );
    }
}
