//! Where this node believes the heads of chats are: a guess that saves a read, checked by every commit.

use moka::ops::compute::Op;
use moka::sync::Cache;
use parlour_model::{ChatId, Event, Seq};
use parlour_store::Head;

/// Chats whose heads are remembered.
const CHATS_MAX: u64 = 200_000;

/// The heads last seen. Only what the store answered is kept whole; what others tell moves a head on by one, or makes it
/// forgotten.
#[derive(Debug, Clone)]
pub(crate) struct HeadCache {
    heads: Cache<ChatId, Head>,
}

impl HeadCache {
    /// A cache that knows nothing.
    pub(crate) fn new() -> Self {
        Self {
            heads: Cache::new(CHATS_MAX),
        }
    }

    /// The head last seen.
    pub(crate) fn get(&self, chat: ChatId) -> Option<Head> {
        self.heads.get(&chat)
    }

    /// Keeps a head that the store answered, unless a later one is known.
    pub(crate) fn learn(&self, chat: ChatId, head: Head) {
        self.heads
            .entry(chat)
            .and_compute_with(|known| match known {
                Some(known) if known.value().seq > head.seq => Op::Nop,
                _ => Op::Put(head),
            });
    }

    /// Forgets a head that turned out to be wrong.
    pub(crate) fn forget(&self, chat: ChatId) {
        self.heads.invalidate(&chat);
    }

    /// Moves the head on by an event that another node committed. An event that takes a right or leaves a gap makes the
    /// head unknown: the epoch is learned from the store alone.
    pub(crate) fn observe(&self, event: &Event) {
        self.heads.entry(event.chat).and_compute_with(|known| {
            match known.map(moka::Entry::into_value) {
                Some(known) if event.seq > known.seq => match followed_by(known, event) {
                    Some(head) => Op::Put(head),
                    None => Op::Remove,
                },
                _ => Op::Nop,
            }
        });
    }
}

/// The head after `event`, if that can be told from the event alone.
fn followed_by(head: Head, event: &Event) -> Option<Head> {
    let content = &event.content;
    let is_next = event.seq == head.seq.next() && event.id > head.id;
    let fits = event.prev_effect == head.effect_seq
        && event.countable.get() == head.countable.get() + u64::from(content.is_countable());
    if !is_next || !fits || event.erased || content.raises_epoch() {
        return None;
    }
    let or = |changed: bool, before: Seq| if changed { event.seq } else { before };
    Some(Head {
        seq: event.seq,
        id: event.id,
        countable: event.countable,
        epoch: head.epoch,
        membership_seq: or(content.changes_membership(), head.membership_seq),
        effect_seq: or(content.has_effect(), head.effect_seq),
    })
}
