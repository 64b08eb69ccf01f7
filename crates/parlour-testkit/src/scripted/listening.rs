//! Where clients arrive: every upgrade and every HTTP call waits here for the player's decision.

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use parlour_protocol::Encoding;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// The largest body of a call.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Arrivals that wait for the player; more wait in their connections.
const ARRIVALS_MAX: usize = 64;

/// Somebody wants something.
pub(super) enum Arrival {
    /// A WebSocket.
    Upgrade(Upgrade),
    /// An answer.
    Call(Arrived),
}

/// A client that wants a WebSocket.
pub(super) struct Upgrade {
    decision: oneshot::Sender<Decision>,
}

enum Decision {
    Accept(oneshot::Sender<WebSocket>),
    Refuse(StatusCode),
}

impl Upgrade {
    /// The WebSocket; `None` if the client has gone.
    pub(super) async fn accept(self) -> Option<WebSocket> {
        let (opened, socket) = oneshot::channel();
        self.decision.send(Decision::Accept(opened)).ok()?;
        socket.await.ok()
    }

    /// Answers with a status instead; tells whether the client still waited.
    pub(super) fn refuse(self, status: StatusCode) -> bool {
        self.decision.send(Decision::Refuse(status)).is_ok()
    }
}

/// An HTTP call that waits for its answer.
pub(super) struct Arrived {
    /// Method and path.
    pub(super) line: String,
    /// Its body; null without one.
    pub(super) body: Value,
    answer: oneshot::Sender<(StatusCode, Value)>,
}

impl Arrived {
    /// Answers; a client that has gone does not get it.
    pub(super) fn answer(self, status: StatusCode, body: Value) {
        let _ = self.answer.send((status, body));
    }
}

/// Serves until the task set is dropped.
pub(super) fn listen(listener: TcpListener, tasks: &mut JoinSet<()>) -> mpsc::Receiver<Arrival> {
    let (arrivals, receiver) = mpsc::channel(ARRIVALS_MAX);
    let router = Router::new().fallback(arrive).with_state(arrivals);
    tasks.spawn(async move {
        // It ends with the task set.
        let _ = axum::serve(listener, router).await;
    });
    receiver
}

async fn arrive(State(arrivals): State<mpsc::Sender<Arrival>>, request: Request) -> Response {
    if request.uri().path() == "/v1/ws" {
        upgrade(&arrivals, request).await
    } else {
        call(&arrivals, request).await
    }
}

async fn upgrade(arrivals: &mpsc::Sender<Arrival>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade.protocols(Encoding::ALL.map(Encoding::subprotocol)),
        Err(rejection) => return rejection.into_response(),
    };
    let (decision, decided) = oneshot::channel();
    let arrived = Arrival::Upgrade(Upgrade { decision });
    let _ = arrivals.send(arrived).await;
    match decided.await {
        Ok(Decision::Accept(opened)) => upgrade.on_upgrade(async move |socket| {
            let _ = opened.send(socket);
        }),
        Ok(Decision::Refuse(status)) => (status, [(header::RETRY_AFTER, "1")]).into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn call(arrivals: &mpsc::Sender<Arrival>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    let bytes = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await;
    let body = serde_json::from_slice(&bytes.unwrap_or_default()).unwrap_or_default();
    let (answer, answered) = oneshot::channel();
    let arrived = Arrival::Call(Arrived { line, body, answer });
    let _ = arrivals.send(arrived).await;
    match answered.await {
        Ok((status, Value::Null)) => status.into_response(),
        Ok((status, body)) => {
            let kind = [(header::CONTENT_TYPE, "application/json")];
            (status, kind, Bytes::from(body.to_string())).into_response()
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
