//! What a client sends over its WebSocket.
//!
//! Every frame is an object with a `type` and, if the client wants to recognise the answer, a `ref`.
//! The doc comment of each frame says what it asks for and how it is answered.

mod validate;

use std::collections::BTreeMap;

use parlour_model::{
    Body, ChatId, ChosenStatus, Emoji, EventKey, PostableBody, Seq, UserId, limits,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::flags::is_false;
use crate::rest::rows;
use crate::{Reference, Secret};

/// A frame of a client. Read one with [`crate::decode_client`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the struct inside each says what it is")]
pub enum ClientFrame {
    Hello(HelloFrame),
    Sync(SyncFrame),
    Send(SendFrame),
    Edit(EditFrame),
    Delete(DeleteFrame),
    React(ReactFrame),
    Cancel(CancelFrame),
    Delivered(MarkFrame),
    Read(MarkFrame),
    Typing(TypingFrame),
    Watch(WatchFrame),
    SetStatus(SetStatusFrame),
    History(HistoryFrame),
    Refresh(RefreshFrame),
    Ping(PingFrame),
}

/// `hello`: the first frame of every connection, within ten seconds. Answered with `welcome`, `marks`,
/// the missing events of the chats in `cursors`, and `ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HelloFrame {
    /// The client's name for this frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The access token.
    pub token: Secret,
    /// What the user calls this device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::DEVICE_CHARS_MAX))]
    pub device: Option<String>,
    /// What the client can do beyond the first version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// By chat, the seq up to which the client has applied every event.
    #[serde(default)]
    #[schemars(extend("maxProperties" = limits::CURSORS_PER_FRAME_MAX))]
    pub cursors: BTreeMap<ChatId, Seq>,
    /// Whether a `sync` with further cursors follows; `ready` waits for the last.
    #[serde(default, skip_serializing_if = "is_false")]
    pub more: bool,
}

/// `sync`: asks for the events after the cursors. Answered with those events and `synced`, or `too_long` for
/// a chat in which too many are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyncFrame {
    /// The client's name for this frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// By chat, the seq up to which the client has applied every event.
    #[schemars(extend("maxProperties" = limits::CURSORS_PER_FRAME_MAX))]
    pub cursors: BTreeMap<ChatId, Seq>,
    /// Whether another `sync` follows that belongs to the same `hello`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub more: bool,
}

/// `send`: posts a message. Answered with `sent` once it is durable, or with `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SendFrame {
    /// The client's name for this frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Where.
    pub chat: ChatId,
    /// Made at the first attempt and kept for every retry.
    pub key: EventKey,
    /// The seq the client had applied at the first attempt; 0 without a cursor.
    #[serde(default)]
    pub applied: Seq,
    /// What.
    #[schemars(with = "PostableBody")]
    pub body: Body,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub reply_to: Option<Seq>,
}

/// `edit`: gives a message of one's own a new body. Answered with `sent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditFrame {
    /// The client's name for this frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Where.
    pub chat: ChatId,
    /// Made at the first attempt and kept for every retry.
    pub key: EventKey,
    /// The seq the client had applied at the first attempt; 0 without a cursor.
    #[serde(default)]
    pub applied: Seq,
    /// The message.
    #[schemars(range(min = 1))]
    pub target: Seq,
    /// Its new body.
    #[schemars(with = "PostableBody")]
    pub body: Body,
}

/// `delete`: deletes a message for everybody. Answered with `sent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeleteFrame {
    /// The client's name for this frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Where.
    pub chat: ChatId,
    /// Made at the first attempt and kept for every retry.
    pub key: EventKey,
    /// The seq the client had applied at the first attempt; 0 without a cursor.
    #[serde(default)]
    pub applied: Seq,
    /// The message.
    #[schemars(range(min = 1))]
    pub target: Seq,
}

/// `react`: puts one's reaction on a message or takes it off. Answered with `sent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReactFrame {
    /// The client's name for this frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Where.
    pub chat: ChatId,
    /// Made at the first attempt and kept for every retry.
    pub key: EventKey,
    /// The seq the client had applied at the first attempt; 0 without a cursor.
    #[serde(default)]
    pub applied: Seq,
    /// The message.
    #[schemars(range(min = 1))]
    pub target: Seq,
    /// Which reaction.
    pub emoji: Emoji,
    /// On or off.
    pub on: bool,
}

/// `cancel`: gives up a pending send. Answered with `sent` if an attempt of the key is in the log after all, else
/// with `cancelled`: then none ever will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CancelFrame {
    /// The client's name for this frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Where.
    pub chat: ChatId,
    /// The key of the send.
    pub key: EventKey,
}

/// `delivered` and `read`: everything up to `seq` reached this device, or was read. Never lowers a mark.
/// Answered with `ok` once durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarkFrame {
    /// The client's name for this frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Where.
    pub chat: ChatId,
    /// Up to here.
    pub seq: Seq,
}

/// `typing`: the user types, or stopped. Not answered; ends by itself after five seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TypingFrame {
    /// The client's name for this frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Where.
    pub chat: ChatId,
    /// Types, or stopped.
    pub on: bool,
}

/// `watch`: whom and what the screen shows now, in place of the previous set. Answered with `ok` and the presence
/// of those users; the watched chats get typing notices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WatchFrame {
    /// The client's name for this frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Whose presence.
    #[serde(default)]
    #[schemars(length(max = limits::WATCH_USERS_MAX))]
    pub users: Vec<UserId>,
    /// Whose typing.
    #[serde(default)]
    #[schemars(length(max = limits::WATCH_CHATS_MAX))]
    pub chats: Vec<ChatId>,
}

/// `set_status`: the status the user chose for all their devices. Answered with `ok`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetStatusFrame {
    /// The client's name for this frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Which.
    pub status: ChosenStatus,
}

/// `history`: a page of messages in their current state. Answered with `page`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryFrame {
    /// The client's name for this frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Where.
    pub chat: ChatId,
    /// Messages below this seq, the newest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Seq>,
    /// Messages above this seq, the oldest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// Messages on both sides of this seq, which is included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Seq>,
    /// How many at most: 1 to 100, 50 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = limits::PAGE_MESSAGES_MAX))]
    pub limit: Option<u64>,
}

/// `refresh`: a new access token of the same user and session for this live connection. Answered with `ok`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefreshFrame {
    /// The client's name for this frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The new access token.
    pub token: Secret,
}

/// `ping`: the application's heartbeat. Answered with `pong`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PingFrame {
    /// The client's name for this frame.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

impl ClientFrame {
    /// The `ref`, which the answer carries too.
    #[must_use]
    pub fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Hello(frame) => frame.reference.as_ref(),
            Self::Sync(frame) => frame.reference.as_ref(),
            Self::Send(frame) => frame.reference.as_ref(),
            Self::Edit(frame) => frame.reference.as_ref(),
            Self::Delete(frame) => frame.reference.as_ref(),
            Self::React(frame) => frame.reference.as_ref(),
            Self::Cancel(frame) => frame.reference.as_ref(),
            Self::Delivered(frame) | Self::Read(frame) => frame.reference.as_ref(),
            Self::Typing(frame) => frame.reference.as_ref(),
            Self::Watch(frame) => frame.reference.as_ref(),
            Self::SetStatus(frame) => frame.reference.as_ref(),
            Self::History(frame) => frame.reference.as_ref(),
            Self::Refresh(frame) => frame.reference.as_ref(),
            Self::Ping(frame) => frame.reference.as_ref(),
        }
    }
}

impl HistoryFrame {
    /// How many messages, with the default filled in.
    #[must_use]
    pub fn limit(&self) -> usize {
        rows(self.limit)
    }
}
