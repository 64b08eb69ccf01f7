//! One entry of a chat's log.

use crate::{ChatId, Content, Countable, EventId, EventKey, Seq, Timestamp, UserId};

/// A committed event. Immutable but for the body of a deleted message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The chat whose log holds it.
    pub chat: ChatId,
    /// Its position, which names it everywhere.
    pub seq: Seq,
    /// Its public id, rising with `seq`.
    pub id: EventId,
    /// Who caused it.
    pub author: UserId,
    /// The author's idempotency key.
    pub key: EventKey,
    /// What it says.
    pub content: Content,
    /// The commit's time, or the original time of an import.
    pub sent_at: Timestamp,
    /// How many events up to and including this one count as unread.
    pub countable: Countable,
    /// The last event before this one that had an effect on a table; zero if none.
    pub prev_effect: Seq,
    /// Whether a deletion has taken the body out of the log: `content` is then an empty message.
    pub erased: bool,
}
