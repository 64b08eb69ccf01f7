//! `/reports`: telling the operators about a user, a chat or a message.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use parlour_protocol::{ReportAccepted, ReportRequest, ReportSubject};
use parlour_service::{NewReport, ReportAbout};

use super::{Failure, IdempotencyKey, Json, Route, SignedIn};
use crate::node::Node;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::new(Method::POST, "/api/v1/reports", report)]
}

async fn report(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    key: IdempotencyKey,
    Json(request): Json<ReportRequest>,
) -> Result<impl IntoResponse, Failure> {
    let about = match request.subject()? {
        ReportSubject::User(user) => ReportAbout::User(user),
        ReportSubject::Chat(chat) => ReportAbout::Chat(chat),
        ReportSubject::Message(chat, seq) => ReportAbout::Message(chat, seq),
    };
    let new = NewReport {
        about,
        reason: request.reason,
        note: request.note,
        idempotency_key: key.any(),
    };
    let id = node.service.chats.report(&actor, new).await?;
    Ok((StatusCode::CREATED, axum::Json(ReportAccepted { id })))
}
