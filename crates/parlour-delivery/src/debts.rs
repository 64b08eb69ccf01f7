//! What other nodes should have been told while the bus did not answer, told as soon as it does.
//!
//! Of events only the doorbell is owed: the store has the rest. All of it is bounded; when too many chats are owed a
//! doorbell, every node is asked to compare everything instead.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use parlour_model::{ChatId, Event, Seq, UserId};

use crate::core::Core;
use crate::packet::Packet;

/// Chats owed a doorbell.
const CHATS_MAX: usize = 10_000;
/// Users named beside one doorbell.
pub(crate) const NAMED_MAX: usize = 2_000;
/// Between two looks at what is owed.
const PAY_PAUSE: Duration = Duration::from_secs(1);
const CALLS_AT_ONCE: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Debts {
    owed: Mutex<Owed>,
}

#[derive(Debug, Default)]
struct Owed {
    doorbells: HashMap<ChatId, OwedDoorbell>,
    /// Too much to name: every node shall compare.
    comparison: bool,
    /// Doorbells or a comparison were taken out to be paid. Whoever pays may be stopped in the middle of it.
    is_being_paid: bool,
}

/// A chat's head, and the users to be told whom membership events up to it name: they may be members no more.
#[derive(Debug, Default)]
struct OwedDoorbell {
    head: Seq,
    named: BTreeSet<UserId>,
}

impl Debts {
    /// Owes the nodes of these users and of the chat's members a doorbell.
    pub(crate) fn owe_doorbell(&self, chat: ChatId, head: Seq, named: &[UserId]) {
        let mut owed = self.lock();
        if owed.doorbells.len() >= CHATS_MAX && !owed.doorbells.contains_key(&chat) {
            owed.doorbells.clear();
            owed.comparison = true;
        }
        if owed.comparison {
            return;
        }
        let doorbell = owed.doorbells.entry(chat).or_default();
        doorbell.head = doorbell.head.max(head);
        doorbell.named.extend(named);
        owed.comparison |= doorbell.named.len() > NAMED_MAX;
    }

    /// Something was not told that nobody can name any more: every node shall compare.
    pub(crate) fn owe_comparison(&self) {
        self.lock().comparison = true;
    }

    /// Whether other nodes know all that they should.
    pub(crate) fn is_empty(&self) -> bool {
        let owed = self.lock();
        !owed.concerns_others() && !owed.is_being_paid
    }

    fn take(&self) -> Owed {
        let mut owed = self.lock();
        let taken = std::mem::take(&mut *owed);
        owed.is_being_paid = taken.concerns_others();
        taken
    }

    /// What was taken has been paid, or is owed again.
    fn paid(&self) {
        self.lock().is_being_paid = false;
    }

    fn lock(&self) -> MutexGuard<'_, Owed> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Owed {
    /// Whether other nodes do not know all that they should.
    fn concerns_others(&self) -> bool {
        !self.doorbells.is_empty() || self.comparison
    }
}

impl Core {
    /// Pays what is owed whenever the bus answers.
    pub(crate) async fn pay_debts(self: Arc<Self>) {
        loop {
            self.bus_is_back().await;
            if !self.registrations.is_empty() {
                self.settle_registrations().await;
            }
            self.settle_enlisted().await;
            self.pay(self.debts.take()).await;
            self.pay_receipts().await;
            tokio::time::sleep(PAY_PAUSE).await;
        }
    }

    async fn pay(self: &Arc<Self>, owed: Owed) {
        if owed.comparison {
            let told = self.ask_bus(self.bus.broadcast(Packet::Compare.encode()));
            if told.await.is_err() {
                self.debts.lock().comparison = true;
            }
        }
        let doorbells = stream::iter(owed.doorbells);
        let rung = doorbells.for_each_concurrent(CALLS_AT_ONCE, |(chat, doorbell)| async move {
            let named: Vec<UserId> = doorbell.named.into_iter().collect();
            self.ring(chat, doorbell.head, &named).await;
        });
        rung.await;
        self.debts.paid();
    }

    /// Owes the other nodes a doorbell for events they were not told of.
    pub(crate) fn owe_events(&self, chat: ChatId, head: Seq, events: &[Event]) {
        let named = events.iter().flat_map(|event| event.content.named_users());
        let named: Vec<UserId> = named.collect();
        self.debts.owe_doorbell(chat, head, &named);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(number: usize) -> ChatId {
        ChatId::new(number as u64).unwrap()
    }

    #[test]
    fn a_doorbell_names_the_highest_head_and_everybody_concerned() {
        let debts = Debts::default();
        let users: Vec<UserId> = (1..=2).map(|user| UserId::new(user).unwrap()).collect();
        debts.owe_doorbell(chat(1), Seq::new(5), &users[..1]);
        debts.owe_doorbell(chat(1), Seq::new(4), &users[1..]);
        let owed = debts.take();
        assert_eq!(owed.doorbells[&chat(1)].head, Seq::new(5));
        assert_eq!(owed.doorbells[&chat(1)].named.len(), 2);
        assert!(!owed.comparison);
    }

    #[test]
    fn what_is_being_paid_is_owed_until_it_has_been() {
        let debts = Debts::default();
        assert!(debts.is_empty());
        debts.owe_doorbell(chat(1), Seq::FIRST, &[]);
        debts.take();
        assert!(!debts.is_empty(), "it may not arrive");
        debts.paid();
        assert!(debts.is_empty());
    }

    #[test]
    fn too_many_chats_become_one_comparison() {
        let debts = Debts::default();
        for number in 1..=CHATS_MAX + 1 {
            debts.owe_doorbell(chat(number), Seq::FIRST, &[]);
        }
        debts.owe_doorbell(chat(1), Seq::FIRST, &[]);
        let owed = debts.take();
        assert!(owed.comparison);
        assert!(owed.doorbells.is_empty());
    }
}
