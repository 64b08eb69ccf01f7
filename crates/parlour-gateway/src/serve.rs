//! Accepting clients, with limits on what an HTTP connection may be before it has said anything sensible.
//!
//! The header has a time and a size, an idle connection has a time, and the number of connections that are not (yet)
//! WebSockets has a bound: beyond it new ones wait in the listener's backlog. Each address has its share of that bound, and what
//! it opens beyond is closed at once, so that nobody else waits for it. A connection that is upgraded leaves here.

use std::net::{IpAddr, SocketAddr};
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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower::util::Oneshot;

use crate::addresses::network;
use crate::node::Node;
use crate::proxies::TrustedProxies;
use crate::settings::{
    HEADER_BYTES_MAX, HEADER_WITHIN, HTTP_CONNECTIONS_MAX, HTTP_CONNECTIONS_PER_ADDRESS_MAX,
    REQUEST_AND_ANSWER_WITHIN, REQUEST_WITHIN, WRITE_WITHIN,
};
use crate::shares::{Share, Shares};

/// How long to wait after a failure to accept: the usual reason is a want of file descriptors.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Most header fields of a request.
const HEADER_FIELDS_MAX: usize = 64;

/// Accepts connections until the node's token is cancelled.
pub(crate) async fn serve(node: &Arc<Node>, router: Router, listener: TcpListener) {
    // queue: HTTP connections per node
    let room = Arc::new(Semaphore::new(HTTP_CONNECTIONS_MAX));
    let addresses = Shares::new(HTTP_CONNECTIONS_PER_ADDRESS_MAX);
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
                let is_proxy = node.limits.trusted_proxies.contains(peer.ip());
                let share = (!is_proxy).then(|| addresses.take(network(peer.ip())));
                if let Some(None) = share {
                    tracing::debug!(%peer, "an address has as many HTTP connections as it may");
                    continue;
                }
                // What is written is meant to leave at once; a socket that cannot be told so is gone already.
                let _ = stream.set_nodelay(true);
                let proxies = node.limits.trusted_proxies.clone();
                let router = Forwarding {
                    router: router.clone(),
                    proxies,
                };
                let connection = serve_connection(node.token.clone(), router, stream, peer);
                node.tracker
                    .spawn(held((permit, share.flatten()), connection));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
}

/// What one HTTP connection takes up: of the node's room, and of its address's share. A trusted proxy has no share: its
/// connections are those of many.
type Place = (OwnedSemaphorePermit, Option<Share<IpAddr>>);

async fn held(place: Place, connection: impl Future<Output = ()>) {
    connection.await;
    drop(place);
}

/// The routes, told who sent each request.
struct Forwarding {
    router: Router,
    proxies: TrustedProxies,
}

impl Forwarding {
    /// Answers a request that came over a connection from `peer`.
    fn answer(
        &self,
        mut request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Oneshot<Router, Request<Body>> {
        let client = self.proxies.client(peer.ip(), request.headers());
        let client = SocketAddr::new(client, peer.port());
        request.extensions_mut().insert(ConnectInfo(client));
        self.router.clone().oneshot(request.map(Body::new))
    }
}

/// Serves HTTP until the connection ends or is upgraded, or its client does not read.
async fn serve_connection(
    token: CancellationToken,
    routes: Forwarding,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
) {
    let asked = Arc::new(Notify::new());
    let asking = Arc::clone(&asked);
    let service = service_fn(move |request: Request<Incoming>| {
        asking.notify_one();
        routes.answer(request, peer)
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
        // An answer that is not read holds up everything else that would end the connection.
        () = silence(&asked) => {
            tracing::debug!(%peer, "an HTTP connection was given up: its answer is not read");
            return;
        }
        // Stopping: the request under way is answered, and no other is read.
        () = token.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match timeout(REQUEST_WITHIN + WRITE_WITHIN, connection).await {
                Ok(ended) => ended,
                // Whoever does not read does not hold up the node either.
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "an HTTP connection ended badly");
    }
}

/// Waits until no request has come for as long as one may take in all.
async fn silence(asked: &Notify) {
    while timeout(REQUEST_AND_ANSWER_WITHIN, asked.notified())
        .await
        .is_ok()
    {}
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    const LARGE: usize = 1024 * 1024;

    fn peer() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 1))
    }

    /// A router whose only answer is large.
    fn large() -> Forwarding {
        Forwarding {
            router: Router::new().route("/", get(|| async { "x".repeat(LARGE) })),
            proxies: TrustedProxies::default(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_its_answer_is_given_up() {
        let (mut client, server) = duplex(64);
        let serving = serve_connection(CancellationToken::new(), large(), server, peer());
        client.write_all(REQUEST).await.unwrap();
        let given_up = timeout(REQUEST_AND_ANSWER_WITHIN * 2, serving);
        given_up.await.expect("it is given up");
        let mut read = Vec::new();
        client.read_to_end(&mut read).await.unwrap();
        assert!(!read.is_empty() && read.len() < LARGE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stopping_node_waits_a_shorter_time_for_such_a_client() {
        let token = CancellationToken::new();
        let (mut client, server) = duplex(64);
        let serving = serve_connection(token.clone(), large(), server, peer());
        let stopping = async {
            client.write_all(REQUEST).await.unwrap();
            assert_eq!(client.read_u8().await.unwrap(), b'H');
            token.cancel();
        };
        let both = async { tokio::join!(serving, stopping) };
        let given_up = timeout(REQUEST_AND_ANSWER_WITHIN / 2, both);
        given_up.await.expect("it is given up");
    }
}
