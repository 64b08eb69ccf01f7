//! The face of this crate.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use parlour_delivery::Delivery;
use parlour_model::Clock;
use parlour_service::Service;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::node::{Node, Phase};
use crate::settings::{CLOSE_WITHIN, GatewayLimits, REQUEST_WITHIN};
use crate::{router, serve};

/// What a gateway is made of.
pub struct GatewayParts {
    /// What users may do.
    pub service: Service,
    /// Where connections attach.
    pub delivery: Delivery,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What one node accepts.
    pub limits: GatewayLimits,
    /// Origins of browser pages that may connect besides our own, like `https://chat.example.org`.
    pub origins: Vec<String>,
    /// Whether the web client is served at `/`.
    pub web: bool,
    /// Where tasks live.
    pub tracker: TaskTracker,
    /// When they end.
    pub token: CancellationToken,
}

/// Serves clients. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    node: Arc<Node>,
}

impl Gateway {
    /// A gateway on these parts.
    #[must_use]
    pub fn new(parts: GatewayParts) -> Self {
        Self {
            node: Arc::new(Node::new(parts)),
        }
    }

    /// The WebSocket at `/v1/ws`, the endpoints under `/api/v1`, and the web client at `/`.
    pub fn router(&self) -> Router {
        router::router(&self.node)
    }

    /// Accepts clients until the token is cancelled; then tells connections to finish. They live on the tracker.
    pub async fn serve(&self, listener: TcpListener) {
        serve::serve(&self.node, self.router(), listener).await;
        self.node.phase.send_replace(Phase::Stopping);
    }

    /// Hands the clients over: refuses upgrades, asks connections to move elsewhere spread over `window`, and closes those
    /// that are still there at its end, once their requests are answered. Returns when none is left.
    pub async fn drain(&self, window: Duration) {
        let node = &self.node;
        node.phase.send_replace(Phase::Draining { window });
        if timeout(window, node.all_gone()).await.is_ok() {
            return;
        }
        node.phase.send_replace(Phase::Stopping);
        let last_words = REQUEST_WITHIN + CLOSE_WITHIN * 2;
        if timeout(last_words, node.all_gone()).await.is_err() {
            tracing::warn!("connections are still open after draining");
        }
    }
}
