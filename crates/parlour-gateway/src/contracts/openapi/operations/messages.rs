//! `/chats/{chat}/messages`.

use axum::http::{Method, StatusCode};
use parlour_protocol::ErrorCode::{Blocked, Forbidden, KeyReused, KeyTime, MessageNotFound};
use parlour_protocol::{
    EditMessage, HistoryQuery, ListQuery, MarkRequest, MessageBody, MessagesPage, PostMessage,
    Posted, ReceiptsPage, WireMarks,
};
use serde_json::json;

use crate::contracts::openapi::operation::{Key, Operation};

const MESSAGES: &str = "/api/v1/chats/{chat}/messages";
const MESSAGE: &str = "/api/v1/chats/{chat}/messages/{message}";

pub(super) fn operations() -> Vec<Operation> {
    [reading(), posting(), changing(), marks()]
        .into_iter()
        .flatten()
        .collect()
}

fn reading() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, MESSAGES, "listMessages", "Read the history")
            .about("At most one of `before`, `after` and `around`; none of them: the latest.")
            .query::<HistoryQuery>()
            .answers::<MessagesPage>(
                StatusCode::OK,
                "Lines of the conversation in their current state, ascending by seq.",
            )
            .problems(&[MessageNotFound]),
        Operation::new(Method::GET, MESSAGE, "getMessage", "Read a message")
            .answers::<MessageBody>(StatusCode::OK, "In its current state.")
            .problems(&[MessageNotFound]),
    ]
}

fn posting() -> Vec<Operation> {
    vec![
        Operation::new(Method::POST, MESSAGES, "postMessage", "Post a message")
            .about(
                "Whatever goes wrong in between, the same request with the same key posts it once.",
            )
            .key(Key::EventRequired)
            .body::<PostMessage>(json!({"body": {"type": "text", "text": "Hello!"}}))
            .answers::<Posted>(
                StatusCode::CREATED,
                "It is durable and has this place in the log.",
            )
            .answers::<Posted>(
                StatusCode::OK,
                "An earlier attempt of the key had stored it.",
            )
            .problems(&[Blocked, Forbidden, MessageNotFound, KeyTime, KeyReused]),
    ]
}

fn changing() -> Vec<Operation> {
    vec![
        Operation::new(Method::PATCH, MESSAGE, "editMessage", "Edit one's message")
            .key(Key::Event)
            .body::<EditMessage>(json!({"body": {"type": "text", "text": "Hello, all!"}}))
            .answers::<Posted>(StatusCode::OK, "Where the edit stands in the log.")
            .problems(&[Blocked, Forbidden, MessageNotFound, KeyTime, KeyReused]),
        Operation::new(
            Method::DELETE,
            MESSAGE,
            "deleteMessage",
            "Delete a message for everybody",
        )
        .about(
            "One's own, and as an admin or owner also those of others. Its body is gone for good.",
        )
        .key(Key::Event)
        .answers::<Posted>(StatusCode::OK, "Where the deletion stands in the log.")
        .problems(&[Blocked, Forbidden, MessageNotFound, KeyTime, KeyReused]),
    ]
}

fn marks() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::PUT,
            "/api/v1/chats/{chat}/messages/{message}/status",
            "mark",
            "Say what arrived or was read",
        )
        .about("Everything up to the message. A mark never falls; `read` raises both.")
        .body::<MarkRequest>(json!({"status": "read"}))
        .answers::<WireMarks>(StatusCode::OK, "The user's marks from now on.")
        .problems(&[MessageNotFound]),
        Operation::new(
            Method::GET,
            "/api/v1/chats/{chat}/messages/{message}/receipts",
            "listReceipts",
            "See who has received and read a message",
        )
        .query::<ListQuery>()
        .answers::<ReceiptsPage>(
            StatusCode::OK,
            "A page of the members who were there already, without the author.",
        )
        .problems(&[MessageNotFound]),
    ]
}
