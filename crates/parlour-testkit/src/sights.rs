//! What a device shows of others.

use std::collections::{BTreeMap, BTreeSet};

use parlour_client::{ClientEvent, StopReason};
use parlour_model::{ChatId, Presence, Seq, UserId};

/// What a device shows of others, as its application was told.
#[derive(Debug, Clone, Default)]
pub struct Sights {
    /// Who types where.
    pub typing: BTreeSet<(ChatId, UserId)>,
    /// Who is there.
    pub presence: BTreeMap<UserId, Presence>,
    /// Delivered and read marks.
    pub marks: BTreeMap<(ChatId, UserId), (Seq, Seq)>,
    /// How many members have (delivered, read) a message of a large chat.
    pub counts: BTreeMap<(ChatId, Seq), (u64, u64)>,
    /// Why the client has stopped for good.
    pub stopped: Option<StopReason>,
}

impl Sights {
    /// Takes in what the application was told.
    pub(crate) fn take(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::Typing(notice) if notice.on => {
                self.typing.insert((notice.chat, notice.user));
            }
            ClientEvent::Typing(notice) => {
                self.typing.remove(&(notice.chat, notice.user));
            }
            ClientEvent::Receipt(frame) => {
                self.marks
                    .insert((frame.chat, frame.user), (frame.delivered, frame.read));
            }
            ClientEvent::ReceiptCounts(frame) => {
                self.counts.insert(
                    (frame.chat, frame.seq),
                    (frame.delivered_count, frame.read_count),
                );
            }
            ClientEvent::Stopped(reason) => self.stopped = Some(reason),
            _ => {}
        }
    }
}
