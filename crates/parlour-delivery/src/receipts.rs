//! Receipts: telling members how far others have received and read.
//!
//! A user's own devices are always told their own. In chats of up to 64 members everybody is told; in larger ones that
//! would be a flood, so authors are told counts for their newest message, at most every two seconds per chat.

mod elsewhere;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dashmap::{DashMap, Entry as Place};
use parlour_model::{ChatId, Marks, Seq, UserId, limits};
use parlour_protocol::{Encoded, ReceiptCountsFrame, ReceiptFrame, ServerFrame};
use parlour_store::StoreError;

use crate::core::{Core, note_failure};
use crate::hub::Entry;
use crate::packet::Receipt;

pub(crate) use elsewhere::OwedReceipts;

/// How often the marks of a large chat are counted.
const COUNTS_PACE: Duration = Duration::from_secs(2);
const MARKS_PER_READ: usize = 500;

/// Large chats that will be counted when their pace allows, and whether other nodes shall do the same then.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    due: DashMap<ChatId, bool>,
}

impl Counts {
    /// Answers whether the chat was not due, so that somebody has to begin.
    fn add(&self, chat: ChatId, tell: bool) -> bool {
        match self.due.entry(chat) {
            Place::Vacant(place) => {
                place.insert(tell);
                true
            }
            Place::Occupied(mut known) => {
                *known.get_mut() |= tell;
                false
            }
        }
    }

    /// Answers whether other nodes shall be told. What comes from here on is counted at the next pace.
    fn take(&self, chat: ChatId) -> bool {
        self.due.remove(&chat).is_some_and(|(_, tell)| tell)
    }
}

impl Core {
    /// A member's watermarks rose, through this node.
    pub(crate) fn tell_receipt(self: &Arc<Self>, chat: ChatId, user: UserId, marks: Marks) {
        let receipt = Receipt {
            chat,
            user,
            delivered: marks.delivered,
            read: marks.read,
            to_members: true,
        };
        if let Some(audience) = self.members_here(chat) {
            return self.send_receipt(receipt, audience.members.len());
        }
        // No local member follows the chat: at most a device of the user that is still catching up.
        self.show_receipt(Receipt {
            to_members: false,
            ..receipt
        });
        if !self.bus.is_alone() {
            let core = Arc::clone(self);
            self.spawn(async move {
                if let Some(members) = core.member_count(chat).await {
                    core.send_receipt(receipt, members);
                }
            });
        }
    }

    fn send_receipt(self: &Arc<Self>, receipt: Receipt, members: usize) {
        let to_members = members <= limits::NAMED_RECEIPTS_MEMBERS_MAX;
        let receipt = Receipt {
            to_members,
            ..receipt
        };
        self.show_receipt(receipt);
        self.tell_receipt_elsewhere(receipt);
        if !to_members {
            self.count_soon(receipt.chat, true);
        }
    }

    /// Shows a receipt on this node.
    pub(crate) fn show_receipt(&self, receipt: Receipt) {
        let frame = Encoded::new(ServerFrame::Receipt(ReceiptFrame {
            chat: receipt.chat,
            user: receipt.user,
            delivered: receipt.delivered,
            read: receipt.read,
        }));
        for link in self.hub.links_of(receipt.user) {
            if link.is_listening.load(Ordering::SeqCst) {
                link.outbox.push(&frame);
            }
        }
        let Some(entry) = self.hub.chat(receipt.chat).filter(|_| receipt.to_members) else {
            return;
        };
        for link in entry.lock().seated() {
            if link.user != receipt.user {
                link.outbox.push(&frame);
            }
        }
    }

    /// Counts the marks of a large chat once its pace allows; with `tell`, other nodes are asked to do the same.
    pub(crate) fn count_soon(self: &Arc<Self>, chat: ChatId, tell: bool) {
        if !self.counts.add(chat, tell) {
            return;
        }
        let core = Arc::clone(self);
        self.spawn(async move {
            loop {
                tokio::time::sleep(COUNTS_PACE).await;
                if core.counts.take(chat) {
                    core.tell_counts_elsewhere(chat);
                }
                let Some(entry) = core.hub.chat(chat) else {
                    return;
                };
                let shown = core.show_counts(&entry).await;
                // Perhaps no further mark asks for counts.
                if shown || !core.counts.add(chat, false) {
                    return;
                }
            }
        });
    }

    /// False if the store did not answer; what is damaged is not asked for again.
    async fn show_counts(&self, entry: &Arc<Entry>) -> bool {
        let (authors, members) = {
            let state = entry.lock();
            (state.authors().to_vec(), Arc::clone(state.members()))
        };
        if authors.is_empty() {
            return true;
        }
        let mut marks = match self.all_marks(entry.id).await {
            Ok(marks) => marks,
            Err(error) => return !note_failure(&error),
        };
        marks.retain(|(user, _)| members.binary_search(user).is_ok());
        for (author, seq) in authors {
            let frame = counts_frame(entry.id, (author, seq), &marks);
            for link in self.hub.links_of(author) {
                if link.has_seat(entry.id) {
                    link.outbox.push(&frame);
                }
            }
        }
        true
    }

    async fn all_marks(&self, chat: ChatId) -> Result<Vec<(UserId, Marks)>, StoreError> {
        let mut all: Vec<(UserId, Marks)> = Vec::new();
        loop {
            let after = all.last().map(|(user, _)| *user);
            let page = self
                .store
                .marks_of_chat(chat, after, MARKS_PER_READ)
                .await?;
            let is_last = page.len() < MARKS_PER_READ;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }
}

/// How many members but the author have received and read a message.
fn counts_frame(chat: ChatId, message: (UserId, Seq), marks: &[(UserId, Marks)]) -> Encoded {
    let (author, seq) = message;
    let count = |reached: fn(&Marks) -> Seq| {
        let others = marks.iter().filter(|(user, _)| *user != author);
        others.filter(|(_, marks)| reached(marks) >= seq).count() as u64
    };
    Encoded::new(ServerFrame::ReceiptCounts(ReceiptCountsFrame {
        chat,
        seq,
        delivered_count: count(|marks| marks.delivered),
        read_count: count(|marks| marks.read),
    }))
}
