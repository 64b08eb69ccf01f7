//! What this node has learnt and what never becomes untrue, so that it need not be asked again.
//!
//! Nothing here is ever taken back: how far a projection reaches only rises, how many members a chat had after one
//! change of membership is history, and names never change hands.

use moka::sync::Cache;
use parlour_model::{ChatId, Seq, UserId};

/// Chats and users remembered at most; the least used are forgotten first.
const REMEMBERED_MAX: u64 = 100_000;

/// Facts that stay true.
#[derive(Debug)]
pub(crate) struct Known {
    projected: Cache<ChatId, Seq>,
    member_counts: Cache<ChatId, (Seq, u64)>,
    named: Cache<UserId, ()>,
}

impl Known {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            projected: Cache::new(REMEMBERED_MAX),
            member_counts: Cache::new(REMEMBERED_MAX),
            named: Cache::new(REMEMBERED_MAX),
        }
    }

    /// A seq up to which all effects of the chat are known to be in the tables.
    pub(crate) fn projected(&self, chat: ChatId) -> Option<Seq> {
        self.projected.get(&chat)
    }

    /// All effects up to `seq` are in the tables.
    pub(crate) fn learn_projected(&self, chat: ChatId, seq: Seq) {
        let later = self.projected(chat).max(Some(seq)).unwrap_or(seq);
        self.projected.insert(chat, later);
    }

    /// How many members the chat has since the change of membership at `membership_seq`.
    pub(crate) fn member_count(&self, chat: ChatId, membership_seq: Seq) -> Option<u64> {
        let (known_for, count) = self.member_counts.get(&chat)?;
        (known_for == membership_seq).then_some(count)
    }

    /// The chat has `count` members since the change of membership at `membership_seq`.
    pub(crate) fn learn_member_count(&self, chat: ChatId, membership_seq: Seq, count: u64) {
        let known = (membership_seq, count);
        self.member_counts.insert(chat, known);
    }

    /// Whether the user's name is known to point back to them.
    pub(crate) fn is_named(&self, user: UserId) -> bool {
        self.named.contains_key(&user)
    }

    /// The user's name points back to them.
    pub(crate) fn learn_named(&self, user: UserId) {
        self.named.insert(user, ());
    }
}
