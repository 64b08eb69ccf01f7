//! The socket, which has a document of its own, and the documents.

use axum::http::{Method, StatusCode};
use parlour_protocol::ErrorCode::{Busy, Draining, Forbidden, Invalid};
use serde_json::json;

use crate::contracts::openapi::operation::Operation;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/v1/ws", "connect", "Open the live connection")
            .about("A WebSocket, described in `/asyncapi.json`. Offer `parlour.v1.json` or `parlour.v1.msgpack` as `Sec-WebSocket-Protocol`; the token goes into the first frame. `forbidden`: pages of this origin may not connect.")
            .answers_as(StatusCode::SWITCHING_PROTOCOLS, "The connection is open.", None)
            .problems(&[Invalid, Forbidden, Busy, Draining]),
        document("/openapi.json", "getOpenapi", "This document", "application/json"),
        document("/asyncapi.json", "getAsyncapi", "The document of the socket", "application/json"),
        document("/docs", "getDocs", "Both documents as a page", "text/html"),
        document("/docs/style.css", "getDocsStyle", "The style of that page", "text/css"),
    ]
}

fn document(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    media_type: &'static str,
) -> Operation {
    Operation::new(Method::GET, path, id, summary)
        .about(
            "Changes only with the server's version; `ETag` and `If-None-Match` save the transfer.",
        )
        .answers_as(
            StatusCode::OK,
            "The document.",
            Some((media_type, |_| json!({}))),
        )
        .answers_as(StatusCode::NOT_MODIFIED, "As it was.", None)
}
