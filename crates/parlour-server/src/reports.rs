//! `GET /reports` on the operators' port: what users reported, oldest first.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use parlour_model::{ReportId, limits};
use parlour_protocol::{ReportBody, ReportsPage};
use parlour_store::{SharedStore, StoreError};
use serde::Deserialize;

use crate::status::Status;

/// How long the store may take.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// Which reports.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    /// Only later ones.
    after: Option<ReportId>,
    /// At most so many.
    limit: Option<usize>,
}

/// Answers a page of reports; 400 names what is wrong with the query, 503 says why the store does not answer.
pub(crate) async fn page(
    State(status): State<Status>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Query(asked) = match asked {
        Ok(asked) => asked,
        Err(wrong) => return (StatusCode::BAD_REQUEST, format!("{wrong}\n")).into_response(),
    };
    let limit = asked.limit.unwrap_or(limits::LIST_ROWS_DEFAULT);
    if !(1..=limits::LIST_ROWS_MAX).contains(&limit) {
        let wrong = format!("limit: must be 1 to {}\n", limits::LIST_ROWS_MAX);
        return (StatusCode::BAD_REQUEST, wrong).into_response();
    }
    let Some(store) = status.store() else {
        return unavailable("the node is starting");
    };
    let read = tokio::time::timeout(READ_WITHIN, read(&store, asked.after, limit)).await;
    match read {
        Ok(Ok(page)) => Json(page).into_response(),
        Ok(Err(error)) => unavailable(&error.to_string()),
        Err(_) => unavailable("the store does not answer"),
    }
}

async fn read(
    store: &SharedStore,
    after: Option<ReportId>,
    limit: usize,
) -> Result<ReportsPage, StoreError> {
    let found = store.reports(after, limit).await?;
    let next = found.last().map(|last| last.id);
    Ok(ReportsPage {
        next: next.filter(|_| found.len() == limit),
        reports: found.into_iter().map(ReportBody::from).collect(),
    })
}

fn unavailable(reason: &str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response()
}
