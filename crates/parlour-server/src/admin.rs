//! The operators' port: `/healthz`, `/readyz`, `/metrics`, `/reports`.
//!
//! It answers before anything else of the node does, so that a node that waits for its store can say so.

use std::net::SocketAddr;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::reports;
use crate::status::Status;

#[derive(Clone)]
struct Admin {
    status: Status,
    metrics: Option<PrometheusHandle>,
}

/// Answers operators until the token ends it. Without a recorder `/metrics` answers 404.
pub(crate) async fn serve(
    listener: TcpListener,
    status: Status,
    metrics: Option<PrometheusHandle>,
    token: CancellationToken,
) {
    let served = axum::serve(listener, router(status, metrics))
        .with_graceful_shutdown(token.cancelled_owned());
    if let Err(error) = served.await {
        tracing::error!(%error, "operators are not answered any more");
    }
}

fn router(status: Status, metrics: Option<PrometheusHandle>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
        .route("/reports", get(reports::page).with_state(status.clone()))
        .with_state(Admin { status, metrics })
}

/// 200 if load balancers should send new connections here, else 503; the reasons stand in the body.
async fn readyz(State(admin): State<Admin>) -> Response {
    let report = admin.status.report().await;
    let code = if report.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (code, Json(report)).into_response()
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

/// Where this process asks an admin port that listens on `listen`: an address that stands for all of the machine's
/// cannot be dialled, its loopback can.
pub(crate) fn dialled(listen: SocketAddr) -> SocketAddr {
    match listen {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => ([127, 0, 0, 1], v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
            ([0, 0, 0, 0, 0, 0, 0, 1], v6.port()).into()
        }
        listen => listen,
    }
}
