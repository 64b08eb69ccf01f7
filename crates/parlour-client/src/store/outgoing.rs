//! One entry of the outbox: something that shall enter a chat's log.

use parlour_model::{Body, ChatId, Emoji, EventKey, Seq};
use parlour_protocol::{ClientFrame, DeleteFrame, EditFrame, ReactFrame, Reference, SendFrame};
use serde::{Deserialize, Serialize};

/// What shall enter the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Operation {
    /// A message.
    Send {
        /// What.
        body: Body,
        /// The message it answers.
        reply_to: Option<Seq>,
    },
    /// A new body of a message.
    Edit {
        /// The message.
        target: Seq,
        /// The body.
        body: Body,
    },
    /// A message goes.
    Delete {
        /// The message.
        target: Seq,
    },
    /// A reaction on or off.
    React {
        /// The message.
        target: Seq,
        /// Which.
        emoji: Emoji,
        /// On or off.
        on: bool,
    },
}

/// A send that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its place among all sends of this store; its name inside the client.
    pub order: u64,
    /// Where.
    pub chat: ChatId,
    /// The idempotency key of its attempts.
    pub key: EventKey,
    /// The key the application was told. Differs from `key` once the key had to be replaced.
    pub first_key: EventKey,
    /// What.
    pub operation: Operation,
    /// The seq applied at the first attempt; `None` before it.
    pub applied: Option<Seq>,
    /// Whether some attempt may be stored: it was sent and not answered `not_stored`.
    pub uncertain: bool,
    /// Whether the application has given it up.
    pub cancelled: bool,
    /// Whether a connection was closed because of its frame, which is therefore never sent again.
    pub held_back: bool,
}

impl Outgoing {
    /// The frame of an attempt, which must have its `applied` by now.
    #[must_use]
    pub fn frame(&self, reference: Reference) -> ClientFrame {
        let reference = Some(reference);
        let (chat, key) = (self.chat, self.key);
        let applied = self.applied.unwrap_or_default();
        match self.operation.clone() {
            Operation::Send { body, reply_to } => ClientFrame::Send(SendFrame {
                reference,
                chat,
                key,
                applied,
                body,
                reply_to,
            }),
            Operation::Edit { target, body } => ClientFrame::Edit(EditFrame {
                reference,
                chat,
                key,
                applied,
                target,
                body,
            }),
            Operation::Delete { target } => ClientFrame::Delete(DeleteFrame {
                reference,
                chat,
                key,
                applied,
                target,
            }),
            Operation::React { target, emoji, on } => ClientFrame::React(ReactFrame {
                reference,
                chat,
                key,
                applied,
                target,
                emoji,
                on,
            }),
        }
    }
}
