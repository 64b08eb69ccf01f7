//! What somebody wants in a log, before the store has decided.

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use crate::{Content, Epoch, EventKey, Seq, Timestamp, UserId};

/// SHA-256 of what a key stands for: two attempts with one key must carry the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyHash(pub [u8; 32]);

impl BodyHash {
    /// The hash of a content: over its canonical JSON, unknown body fields included, and nothing of
    /// the attempt (`key`, `applied`).
    #[must_use]
    pub fn of(content: &Content) -> Self {
        let canonical = serde_json::to_value(content)
            .expect("content is always writable")
            .to_string();
        let hash = digest::digest(&digest::SHA256, canonical.as_bytes());
        Self(hash.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }
}

/// One event that shall be appended to a chat.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Who wants it.
    pub author: UserId,
    /// The idempotency key.
    pub key: EventKey,
    /// The rights epoch at which the author was allowed this.
    pub epoch: Epoch,
    /// The seq the client had applied when it first tried: no event of the key lies at or below it.
    pub applied: Seq,
    /// What shall be said.
    pub content: Content,
    /// The original time of an import; `None` for the time of the commit.
    pub sent_at: Option<Timestamp>,
    /// The hash of `content`.
    pub hash: BodyHash,
}

impl Draft {
    /// A draft of `content`, hashed, checked at `epoch`.
    #[must_use]
    pub fn new(author: UserId, key: EventKey, epoch: Epoch, content: Content) -> Self {
        let hash = BodyHash::of(&content);
        Self {
            author,
            key,
            epoch,
            applied: Seq::ZERO,
            content,
            sent_at: None,
            hash,
        }
    }

    /// The same draft of a client that had applied everything up to `applied`.
    #[must_use]
    pub fn applied(self, applied: Seq) -> Self {
        Self { applied, ..self }
    }
}
