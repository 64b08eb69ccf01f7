//! `/chats/{chat}/messages`: saying something, what was said, and how far it got.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use parlour_model::{ChatId, EventKey, Mark, Seq, UserId};
use parlour_protocol::{
    ClientFrame, DeleteFrame, EditFrame, EditMessage, HistoryQuery, MarkRequest, MarkWord,
    Position, PostMessage, Posted, ReceiptBody, ReceiptsPage, SendFrame, WireMarks,
};
use parlour_service::{Actor, Anchor, SeqOrId};

use super::{Failure, IdempotencyKey, Json, PathParameters, QueryParameters, Route, SignedIn};
use crate::node::Node;
use crate::{messages, posts};

const MESSAGES: &str = "/api/v1/chats/{chat}/messages";
const MESSAGE: &str = "/api/v1/chats/{chat}/messages/{message}";
const STATUS: &str = "/api/v1/chats/{chat}/messages/{message}/status";
const RECEIPTS: &str = "/api/v1/chats/{chat}/messages/{message}/receipts";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, MESSAGES, history),
        Route::new(Method::POST, MESSAGES, send).entering_log(),
        Route::new(Method::GET, MESSAGE, get),
        Route::new(Method::PATCH, MESSAGE, edit).entering_log(),
        Route::new(Method::DELETE, MESSAGE, delete).entering_log(),
        Route::new(Method::PUT, STATUS, mark),
        Route::new(Method::GET, RECEIPTS, receipts),
    ]
}

async fn history(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
    query: QueryParameters,
) -> Result<impl IntoResponse, Failure> {
    let chat = path.get("chat")?;
    let asked = HistoryQuery {
        limit: query.get("limit")?,
        before: query.get("before")?,
        after: query.get("after")?,
        around: query.get("around")?,
    };
    asked.validate()?;
    let reader = Reader { node: &node, actor };
    let anchor = match (asked.before, asked.after, asked.around) {
        (Some(place), _, _) => Anchor::Before(reader.seq(chat, place).await?),
        (None, Some(place), _) => Anchor::After(reader.seq(chat, place).await?),
        (None, None, Some(place)) => Anchor::Around(reader.seq(chat, place).await?),
        (None, None, None) => Anchor::Latest,
    };
    let chats = &node.service.chats;
    let page = messages::page(chats, &actor, chat, anchor, asked.limit()).await?;
    Ok(axum::Json(page))
}

async fn send(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
    key: IdempotencyKey,
    Json(request): Json<PostMessage>,
) -> Result<impl IntoResponse, Failure> {
    let frame = ClientFrame::Send(SendFrame {
        reference: None,
        chat: path.get("chat")?,
        key: key.required()?,
        applied: request.applied,
        body: request.body,
        reply_to: request.reply_to,
    });
    let posted = enter(&node, &actor, frame).await?;
    let status = if posted.duplicate {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, axum::Json(posted)))
}

async fn get(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
) -> Result<impl IntoResponse, Failure> {
    let (chat, seq) = named(&node, actor, &path).await?;
    let chats = &node.service.chats;
    let message = messages::one(chats, &actor, chat, seq).await?;
    Ok(axum::Json(message))
}

async fn edit(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
    key: IdempotencyKey,
    Json(request): Json<EditMessage>,
) -> Result<impl IntoResponse, Failure> {
    let key = key_or_new(&node, &key)?;
    let (chat, target) = named(&node, actor, &path).await?;
    let frame = ClientFrame::Edit(EditFrame {
        reference: None,
        chat,
        key,
        applied: request.applied,
        target,
        body: request.body,
    });
    Ok(axum::Json(enter(&node, &actor, frame).await?))
}

async fn delete(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
    key: IdempotencyKey,
) -> Result<impl IntoResponse, Failure> {
    let key = key_or_new(&node, &key)?;
    let (chat, target) = named(&node, actor, &path).await?;
    let frame = ClientFrame::Delete(DeleteFrame {
        reference: None,
        chat,
        key,
        applied: Seq::ZERO,
        target,
    });
    Ok(axum::Json(enter(&node, &actor, frame).await?))
}

async fn mark(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
    Json(request): Json<MarkRequest>,
) -> Result<impl IntoResponse, Failure> {
    let (chat, seq) = named(&node, actor, &path).await?;
    let mark = match request.status {
        MarkWord::Delivered => Mark::Delivered(seq),
        MarkWord::Read => Mark::Read(seq),
    };
    let marks = node.service.chats.mark(&actor, chat, mark).await?;
    Ok(axum::Json(WireMarks::from(marks)))
}

async fn receipts(
    State(node): State<Arc<Node>>,
    SignedIn(actor): SignedIn,
    path: PathParameters,
    query: QueryParameters,
) -> Result<impl IntoResponse, Failure> {
    let (after, limit) = (query.get::<UserId>("cursor")?, query.limit()?);
    let (chat, seq) = named(&node, actor, &path).await?;
    let receipts = node.service.chats.receipts(&actor, chat, seq).await?;
    let mut rest = receipts
        .into_iter()
        .filter(|(user, _)| after.is_none_or(|after| *user > after))
        .map(|(user, marks)| {
            let status = messages::status(marks, seq);
            ReceiptBody { user, status }
        });
    let page: Vec<ReceiptBody> = rest.by_ref().take(limit).collect();
    let has_more = rest.next().is_some();
    let next = page.last().filter(|_| has_more);
    let next = next.map(|last| last.user.to_string());
    Ok(axum::Json(ReceiptsPage {
        receipts: page,
        next,
    }))
}

/// Posts what a frame says, within the limits of frames.
async fn enter(node: &Node, actor: &Actor, frame: ClientFrame) -> Result<Posted, Failure> {
    let checked = frame.validate().map_err(Failure::from);
    checked.map_err(Failure::of_append)?;
    let post = posts::of(frame).expect("only frames that enter a log are given");
    let posted = node.service.chats.post(actor, post).await;
    let posted = posted.map_err(|error| Failure::from(error).of_append())?;
    Ok(messages::posted(&posted.event, posted.duplicate))
}

/// The key of a change that may be repeated without harm: its own, or a new one.
fn key_or_new(node: &Node, key: &IdempotencyKey) -> Result<EventKey, Failure> {
    let new = || EventKey::generate(node.clock.now());
    Ok(key.event_key()?.unwrap_or_else(new))
}

/// The chat and the message in the path.
async fn named(node: &Node, actor: Actor, path: &PathParameters) -> Result<(ChatId, Seq), Failure> {
    let chat = path.get("chat")?;
    let reader = Reader { node, actor };
    Ok((chat, reader.seq(chat, path.get("message")?).await?))
}

/// Somebody who names messages.
struct Reader<'a> {
    node: &'a Node,
    actor: Actor,
}

impl Reader<'_> {
    /// The seq of a message that is named by seq or by id.
    async fn seq(&self, chat: ChatId, place: Position) -> Result<Seq, Failure> {
        match place {
            Position::Seq(seq) => Ok(seq),
            Position::Id(id) => {
                let chats = &self.node.service.chats;
                let id = SeqOrId::Id(id);
                Ok(chats.resolve(&self.actor, chat, id).await?)
            }
        }
    }
}
