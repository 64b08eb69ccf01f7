//! Accepting clients, with limits on what an HTTP connection may be before it has said anything sensible.
//!
//! The header has a time and a size, an idle connection has a time, and the number of connections that are not (yet)
//! WebSockets has a bound: beyond it new ones wait in the listener's backlog. A connection that is upgraded leaves here.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tower::ServiceExt;

use crate::node::Node;
use crate::settings::{HEADER_BYTES_MAX, HEADER_WITHIN, HTTP_CONNECTIONS_MAX};

/// How long to wait after a failure to accept: the usual reason is a want of file descriptors.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Most header fields of a request.
const HEADER_FIELDS_MAX: usize = 64;

/// Accepts connections until the node's token is cancelled.
pub(crate) async fn serve(node: &Arc<Node>, router: Router, listener: TcpListener) {
    // queue: connections per node
    let room = Arc::new(Semaphore::new(HTTP_CONNECTIONS_MAX));
    loop {
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            biased;
            // Stopping comes before accepting: a full backlog must not hold it up.
            () = node.token.cancelled() => return,
            next = next => next,
        };
        let permit = permit.expect("the semaphore is never closed");
        match accepted {
            Ok((stream, peer)) => {
                let connection = serve_connection(Arc::clone(node), router.clone(), stream, peer);
                node.tracker.spawn(held(permit, connection));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
}

async fn held(permit: OwnedSemaphorePermit, connection: impl Future<Output = ()>) {
    connection.await;
    drop(permit);
}

/// Serves HTTP until the connection ends or is upgraded.
async fn serve_connection(node: Arc<Node>, router: Router, stream: TcpStream, peer: SocketAddr) {
    // What is written is meant to leave at once; a socket that cannot be told so is gone already.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_WITHIN)
        .max_buf_size(HEADER_BYTES_MAX)
        .max_headers(HEADER_FIELDS_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        biased;
        // As long as the node runs.
        ended = connection.as_mut() => ended,
        // Stopping: the request under way is answered, and no other is read.
        () = node.token.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "an HTTP connection ended badly");
    }
}
