//! Telling the other nodes of receipts, now or as soon as the bus takes them.
//!
//! Nobody finds a receipt by comparing chats with their heads, so what may not have arrived is owed: the newest of each
//! member in a chat, up to a bound. Beyond it a receipt is late until the member's next one. A bus that is back may not know yet
//! where everybody is, so receipts wait until it must, and those that come meanwhile are told twice.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt, stream};
use parlour_bus::NodeRef;
use parlour_model::{ChatId, UserId};

use crate::core::Core;
use crate::packet::{Packet, Receipt};

/// Receipts owed at once, one for each member of each chat.
const RECEIPTS_MAX: usize = 50_000;
/// Large chats whose counting is owed at once.
const COUNTS_MAX: usize = 10_000;
const CALLS_AT_ONCE: usize = 16;

/// Receipts that other nodes may not have been told of.
#[derive(Debug, Default)]
pub(crate) struct OwedReceipts(Mutex<Owed>);

#[derive(Debug, Default)]
struct Owed {
    receipts: HashMap<(ChatId, UserId), Receipt>,
    /// Chats too large for receipts to all, in which marks rose.
    counts: HashSet<ChatId>,
}

impl OwedReceipts {
    fn owe(&self, receipt: Receipt) {
        let mut owed = self.lock();
        let key = (receipt.chat, receipt.user);
        if let Some(known) = owed.receipts.get_mut(&key) {
            known.delivered = known.delivered.max(receipt.delivered);
            known.read = known.read.max(receipt.read);
            known.to_members |= receipt.to_members;
        } else if owed.receipts.len() < RECEIPTS_MAX {
            owed.receipts.insert(key, receipt);
        } else {
            metrics::counter!("parlour_receipts_lost_total").increment(1);
        }
    }

    fn owe_counts(&self, chat: ChatId) {
        let mut owed = self.lock();
        if owed.counts.len() < COUNTS_MAX {
            owed.counts.insert(chat);
        }
    }

    fn take(&self) -> Owed {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Owed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Tells the other nodes of a receipt.
    pub(super) fn tell_receipt_elsewhere(self: &Arc<Self>, receipt: Receipt) {
        if self.bus.is_alone() {
            return;
        }
        if self.is_bus_away() || self.doubt.lasts() {
            self.receipts.owe(receipt);
        }
        if !self.is_bus_away() {
            let core = Arc::clone(self);
            self.spawn(async move { core.send_receipt_elsewhere(receipt).await });
        }
    }

    /// Asks the other nodes to count the marks of a large chat.
    pub(super) fn tell_counts_elsewhere(self: &Arc<Self>, chat: ChatId) {
        if self.bus.is_alone() {
            return;
        }
        if self.is_bus_away() || self.doubt.lasts() {
            self.receipts.owe_counts(chat);
        }
        if !self.is_bus_away() {
            let core = Arc::clone(self);
            self.spawn(async move { core.send_counts_elsewhere(chat).await });
        }
    }

    /// Tells what is owed, once the bus knows where everybody is.
    pub(crate) async fn pay_receipts(self: &Arc<Self>) {
        if self.is_bus_away() || self.doubt.lasts() {
            return;
        }
        let owed = self.receipts.take();
        let receipts = stream::iter(owed.receipts.into_values());
        let told = receipts.for_each_concurrent(CALLS_AT_ONCE, |receipt| {
            self.send_receipt_elsewhere(receipt)
        });
        told.await;
        let counts = stream::iter(owed.counts);
        let told =
            counts.for_each_concurrent(CALLS_AT_ONCE, |chat| self.send_counts_elsewhere(chat));
        told.await;
    }

    async fn send_receipt_elsewhere(self: &Arc<Self>, receipt: Receipt) {
        let packet = Packet::Receipt(receipt);
        let is_told = if receipt.to_members {
            self.publish_to_members(receipt.chat, &packet).await
        } else {
            self.publish_to_user(receipt.user, &packet).await
        };
        if !is_told {
            self.receipts.owe(receipt);
        }
    }

    async fn send_counts_elsewhere(self: &Arc<Self>, chat: ChatId) {
        let packet = Packet::CountsDue { chat };
        if !self.publish_to_members(chat, &packet).await {
            self.receipts.owe_counts(chat);
        }
    }

    /// False if the bus did not say that it went to all of a user's other nodes.
    async fn publish_to_user(&self, user: UserId, packet: &Packet) -> bool {
        let nodes: Result<Vec<NodeRef>, _> = self.other_nodes(&[user]).await;
        match nodes {
            Ok(nodes) => !self.publish_to(&nodes, &packet.encode()).await.failed,
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use parlour_model::Seq;

    use super::*;

    fn receipt(user: u64, delivered: u64, read: u64) -> Receipt {
        Receipt {
            chat: ChatId::new(1).unwrap(),
            user: UserId::new(user).unwrap(),
            delivered: Seq::new(delivered),
            read: Seq::new(read),
            to_members: true,
        }
    }

    #[test]
    fn one_receipt_of_each_member_is_owed_with_the_highest_marks() {
        let owed = OwedReceipts::default();
        for receipt in [receipt(1, 5, 2), receipt(1, 4, 4), receipt(2, 1, 1)] {
            owed.owe(receipt);
        }
        let mut taken: Vec<Receipt> = owed.take().receipts.into_values().collect();
        taken.sort_by_key(|receipt| receipt.user);
        assert_eq!(taken, [receipt(1, 5, 4), receipt(2, 1, 1)]);
        assert!(owed.take().receipts.is_empty(), "they were taken");
    }

    #[test]
    fn what_is_owed_is_bounded_and_still_rises() {
        let owed = OwedReceipts::default();
        for user in 1..=RECEIPTS_MAX as u64 + 1 {
            owed.owe(receipt(user, 1, 0));
        }
        owed.owe(receipt(1, 2, 2));
        let taken = owed.take().receipts;
        assert_eq!(taken.len(), RECEIPTS_MAX);
        let first = (ChatId::new(1).unwrap(), UserId::new(1).unwrap());
        assert_eq!(taken[&first], receipt(1, 2, 2));
    }
}
