//! What the server sends over a WebSocket.
//!
//! An answer carries the `ref` of the frame it answers; everything else comes without one. A client ignores
//! frames of a type it does not know.

use std::collections::BTreeMap;

use parlour_model::{ChatId, EventId, Marks, Presence, Seq, SessionId, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ChatBody, ErrorFrame, MessageBody, Reference, UserBody, WireEvent, WireLimits};

/// A frame of the server. Read one with [`crate::decode_server`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the struct inside each says what it is")]
pub enum ServerFrame {
    Welcome(Box<WelcomeFrame>),
    Marks(MarksFrame),
    Event(Box<WireEvent>),
    Receipt(ReceiptFrame),
    ReceiptCounts(ReceiptCountsFrame),
    Ready(ReadyFrame),
    Synced(SyncedFrame),
    Sent(SentFrame),
    Cancelled(CancelledFrame),
    Ok(OkFrame),
    Page(PageFrame),
    Pong(PongFrame),
    Typing(TypingNotice),
    /// Who is there: the truth about a user unless a greater version is known.
    Presence(Presence),
    Chat(Box<ChatNotice>),
    Resync(ResyncFrame),
    TooLong(TooLongFrame),
    Reconnect(ReconnectFrame),
    Error(Box<ErrorFrame>),
}

/// `welcome`: the answer to `hello` when the token is good. Other frames may be sent from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WelcomeFrame {
    /// The `ref` of the `hello`.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The user's own profile.
    pub me: UserBody,
    /// The session the token belongs to.
    pub session: SessionId,
    /// The server's clock, by which the client corrects the time in its keys.
    pub server_time: Timestamp,
    /// Silence for twice this long means: reconnect.
    pub heartbeat_ms: u64,
    /// When the access token ends.
    pub token_expires_at: Timestamp,
    /// What the client must keep within.
    pub limits: WireLimits,
    /// What the server can do beyond the first version.
    #[serde(default)]
    pub features: Vec<String>,
}

/// `marks`: the user's own watermarks by chat, before `ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarksFrame {
    /// By chat.
    pub chats: BTreeMap<ChatId, WireMarks>,
}

/// How far somebody has received and read a chat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WireMarks {
    /// Received up to here.
    pub delivered: Seq,
    /// Read up to here.
    pub read: Seq,
}

impl From<Marks> for WireMarks {
    fn from(marks: Marks) -> Self {
        Self {
            delivered: marks.delivered,
            read: marks.read,
        }
    }
}

/// `receipt`: a member's watermarks rose. One's own devices always get one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptFrame {
    /// Where.
    pub chat: ChatId,
    /// Whose.
    pub user: UserId,
    /// Received up to here.
    pub delivered: Seq,
    /// Read up to here.
    pub read: Seq,
}

/// `receipt_counts`: how many members of a large chat have received and read a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptCountsFrame {
    /// Where.
    pub chat: ChatId,
    /// Which message.
    pub seq: Seq,
    /// How many members received it.
    pub delivered_count: u64,
    /// How many members read it.
    pub read_count: u64,
}

/// `ready`: every chat of the `hello` and its following `sync`s is caught up; from here on all is live.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadyFrame {
    /// The `ref` of the `hello`.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

/// `synced`: the answer to `sync`, after the missing events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyncedFrame {
    /// The `ref` of the `sync`.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

/// `sent`: the event is durable and has this place in the log. It does not move the client's cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SentFrame {
    /// The `ref` of the frame that is in the log now.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Where.
    pub chat: ChatId,
    /// Its position.
    pub seq: Seq,
    /// Its public id.
    pub id: EventId,
    /// Its time.
    pub sent_at: Timestamp,
    /// Whether an earlier attempt of the key had stored it.
    #[serde(default)]
    pub duplicate: bool,
}

/// `cancelled`: no attempt of the key is in the log or will ever be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CancelledFrame {
    /// The `ref` of the `cancel`.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

/// `ok`: done, and durable where that matters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OkFrame {
    /// The `ref` of the frame that is done.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Answering `watch`: the presence of the watched users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<Vec<Presence>>,
    /// Answering `refresh`: when the new access token ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_expires_at: Option<Timestamp>,
}

/// `page`: the answer to `history`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PageFrame {
    /// The `ref` of the `history`.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// In their current state, ascending by seq.
    pub messages: Vec<MessageBody>,
    /// Whether there are messages below.
    pub has_before: bool,
    /// Whether there are messages above.
    pub has_after: bool,
    /// The state includes every event up to this seq: only later ones change it.
    pub at: Seq,
}

/// `pong`: the answer to `ping`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PongFrame {
    /// The `ref` of the `ping`.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// `typing`: a member types, or stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TypingNotice {
    /// Where.
    pub chat: ChatId,
    /// Who.
    pub user: UserId,
    /// Types, or stopped.
    pub on: bool,
}

/// `chat`: what happened to a chat, as the user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "change", content = "chat", rename_all = "snake_case")]
pub enum ChatNotice {
    /// The user is a member now, or the client had no cursor: its cursor becomes the chat's `head`.
    Joined(ChatBody),
    /// Something in the summary is different.
    Changed(ChatBody),
    /// The user is no longer a member. Nothing of the chat's present is told.
    Left(LeftChat),
}

/// A chat that is no longer the user's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftChat {
    /// Which.
    pub id: ChatId,
}

/// `resync`: events may have been missed, in one chat or in any. The client answers with `sync`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResyncFrame {
    /// Where; absent: anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatId>,
    /// Why, for people who read logs.
    pub reason: String,
}

/// Why a chat's events are not streamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TooLongReason {
    /// Too many are missing.
    Behind,
    /// The user was not a member for a while.
    Rejoined,
    /// The client's cursor lies above the head.
    Ahead,
    /// They are older than the server keeps.
    Retention,
    /// A word of a newer server; the remedy is the same.
    #[serde(other)]
    #[schemars(skip)]
    Other,
}

/// `too_long`: instead of the missing events. The only thing that may lower a cursor: it becomes `head`, the chat's
/// cache is dropped, and history is loaded from there downwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TooLongFrame {
    /// Where.
    pub chat: ChatId,
    /// The new cursor.
    pub head: Seq,
    /// The first seq the user may read.
    pub oldest: Seq,
    /// Why.
    pub reason: TooLongReason,
}

/// `reconnect`: the node is going away. The client opens a new connection after this time and closes the old one
/// after the new `welcome`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReconnectFrame {
    /// When, already spread over all clients.
    pub after_ms: u64,
}

impl ServerFrame {
    /// The `ref` of the frame this answers; `None` if it answers none.
    #[must_use]
    pub fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Welcome(frame) => frame.reference.as_ref(),
            Self::Ready(frame) => frame.reference.as_ref(),
            Self::Synced(frame) => frame.reference.as_ref(),
            Self::Sent(frame) => frame.reference.as_ref(),
            Self::Cancelled(frame) => frame.reference.as_ref(),
            Self::Ok(frame) => frame.reference.as_ref(),
            Self::Page(frame) => frame.reference.as_ref(),
            Self::Pong(frame) => frame.reference.as_ref(),
            Self::Error(frame) => frame.reference.as_ref(),
            Self::Marks(_)
            | Self::Event(_)
            | Self::Receipt(_)
            | Self::ReceiptCounts(_)
            | Self::Typing(_)
            | Self::Presence(_)
            | Self::Chat(_)
            | Self::Resync(_)
            | Self::TooLong(_)
            | Self::Reconnect(_) => None,
        }
    }
}
