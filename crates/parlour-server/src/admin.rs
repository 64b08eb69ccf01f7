//! The operators' port: `/healthz`, `/readyz`, `/metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use parlour_store::{ClaimSpace, SharedStore};

/// How long the store may take to answer the read behind `/readyz`.
const READ_WITHIN: Duration = Duration::from_secs(2);

/// Whether load balancers should send new connections here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Ready from now on, or not.
    pub(crate) fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::SeqCst);
    }

    /// Whether the node takes new connections.
    pub(crate) fn is_ready(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(Clone)]
struct Admin {
    readiness: Readiness,
    store: SharedStore,
    metrics: Option<PrometheusHandle>,
}

/// The routes of the operators' port. Without a recorder `/metrics` answers 404.
pub(crate) fn router(
    readiness: Readiness,
    store: SharedStore,
    metrics: Option<PrometheusHandle>,
) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
        .with_state(Admin {
            readiness,
            store,
            metrics,
        })
}

/// Ready means: not stopping, and the store answers a read now.
async fn readyz(State(admin): State<Admin>) -> Response {
    if !admin.readiness.is_ready() {
        return (StatusCode::SERVICE_UNAVAILABLE, "starting or stopping\n").into_response();
    }
    let read = admin.store.owner(ClaimSpace::UserName, "");
    match tokio::time::timeout(READ_WITHIN, read).await {
        Ok(Ok(_)) => "ready\n".into_response(),
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store does not answer\n",
        )
            .into_response(),
    }
}

async fn render(State(admin): State<Admin>) -> Response {
    match admin.metrics {
        Some(handle) => (
            [(CONTENT_TYPE, "text/plain; version=0.0.4")],
            handle.render(),
        )
            .into_response(),
        None => (
            StatusCode::NOT_FOUND,
            "metrics are not collected in this process\n",
        )
            .into_response(),
    }
}
