//! Posting and editing messages, pages of them, and marks.

use parlour_model::{Body, ChatId, EventId, PostableBody, Seq, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MessageBody, MessageStatus};
use crate::checks::{InvalidField, seq_fits, target_fits};
use crate::{PageFrame, Reference, SentFrame};

/// `POST /chats/{id}/messages`; the `Idempotency-Key` header is the event key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PostMessage {
    /// What.
    #[schemars(with = "PostableBody")]
    pub body: Body,
    /// The seq the client had applied at the first attempt; 0 without a cursor.
    #[serde(default)]
    pub applied: Seq,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub reply_to: Option<Seq>,
}

impl PostMessage {
    /// Whether `applied` and `reply_to` may be seqs. What the body says is judged by [`Body::check_postable`].
    ///
    /// # Errors
    /// [`InvalidField`] names the field.
    pub fn validate(&self) -> Result<(), InvalidField> {
        seq_fits("applied", self.applied)?;
        self.reply_to
            .map_or(Ok(()), |target| target_fits("reply_to", target))
    }
}

/// `PATCH /chats/{id}/messages/{seq}`; the `Idempotency-Key` header is the event key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditMessage {
    /// The new body.
    #[schemars(with = "PostableBody")]
    pub body: Body,
    /// The seq the client had applied at the first attempt; 0 without a cursor.
    #[serde(default)]
    pub applied: Seq,
}

impl EditMessage {
    /// Whether `applied` may be a seq.
    ///
    /// # Errors
    /// [`InvalidField`] names the field.
    pub fn validate(&self) -> Result<(), InvalidField> {
        seq_fits("applied", self.applied)
    }
}

/// The answer to whatever entered a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Posted {
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

impl Posted {
    /// The same as the answer on a socket.
    #[must_use]
    pub fn answering(self, reference: Option<Reference>) -> SentFrame {
        SentFrame {
            reference,
            chat: self.chat,
            seq: self.seq,
            id: self.id,
            sent_at: self.sent_at,
            duplicate: self.duplicate,
        }
    }
}

/// `GET /chats/{id}/messages`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessagesPage {
    /// In their current state, ascending by seq.
    pub messages: Vec<MessageBody>,
    /// Whether there are messages below.
    pub has_before: bool,
    /// Whether there are messages above.
    pub has_after: bool,
    /// The state includes every event up to this seq: only later ones change it.
    pub at: Seq,
}

impl MessagesPage {
    /// The same as the answer on a socket.
    #[must_use]
    pub fn answering(self, reference: Option<Reference>) -> PageFrame {
        PageFrame {
            reference,
            messages: self.messages,
            has_before: self.has_before,
            has_after: self.has_after,
            at: self.at,
        }
    }
}

/// Which mark to raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarkWord {
    /// Received up to the message.
    Delivered,
    /// Read up to the message.
    Read,
}

/// `PUT /chats/{id}/messages/{seq}/status`. Answered with [`crate::WireMarks`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarkRequest {
    /// Which mark.
    pub status: MarkWord,
}

/// How far a message got with one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptBody {
    /// Who.
    pub user: UserId,
    /// How far.
    pub status: MessageStatus,
}

/// `GET /chats/{id}/messages/{seq}/receipts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptsPage {
    /// By rising user id, without the author.
    pub receipts: Vec<ReceiptBody>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
