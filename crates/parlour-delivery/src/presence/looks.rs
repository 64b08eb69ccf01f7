//! Looking again at whom somebody here looks at.
//!
//! A change is told once, by the node that settled it, and that may fail without a trace: the cell was written and the answer
//! was lost, the node died before it told anybody, or the packet did not arrive. So every node reads the cells again: once a
//! minute, under a budget, and at once after a fault. Versions make that harmless; the store is asked only about news. What the
//! bus did not take of whom this node looks at is told again then, or every later change would have to be found.
//!
//! All of it happens in tasks of its own, because it can take long: nothing waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parlour_model::{Presence, PresenceStatus, UserId, limits};
use tokio::sync::Notify;

use crate::budget::Budget;
use crate::core::Core;

/// Between two looks at everybody while nothing is wrong.
const LOOK_PAUSE: Duration = Duration::from_secs(60);
/// Users whose cells and routes may be read in a second for that. Of more than a minute's worth, a look takes longer.
const LOOKS_PER_SECOND: u32 = 1_000;
/// Between two looks that are owed: as a rule, and while the bus does not take whom this node looks at.
const OWED_PAUSE: Duration = Duration::from_secs(1);
const REFUSED_PAUSE: Duration = Duration::from_secs(5);

/// Whether everybody shall be looked at as soon as the bus answers.
#[derive(Debug, Default)]
pub(crate) struct OwedLooks {
    due: Notify,
    /// The bus may have forgotten who looks.
    is_forgotten: AtomicBool,
}

impl Core {
    /// Owes those who look at somebody here what is so now.
    pub(crate) fn owe_looks(&self) {
        self.looks.due.notify_one();
    }

    /// As [`Core::owe_looks`]; before, this node is entered again as one that looks at these users.
    pub(crate) fn look_again(&self) {
        self.looks.is_forgotten.store(true, Ordering::SeqCst);
        self.owe_looks();
    }

    /// Shows what is owed to those who look, whenever the bus answers, for ever.
    pub(crate) async fn look_as_owed(self: Arc<Self>) {
        loop {
            self.looks.due.notified().await;
            self.bus_is_back().await;
            let is_forgotten = self.looks.is_forgotten.swap(false, Ordering::SeqCst);
            let is_told = if is_forgotten {
                self.renew_interest().await
            } else {
                self.complete_interest().await
            };
            self.show_what_is_looked_at().await;
            if is_told {
                tokio::time::sleep(OWED_PAUSE).await;
            } else {
                self.owe_looks();
                tokio::time::sleep(REFUSED_PAUSE).await;
            }
        }
    }

    /// Shows, about once a minute and for ever, what nobody told.
    pub(crate) async fn look_regularly(self: Arc<Self>) {
        let budget = Budget::new(LOOKS_PER_SECOND);
        loop {
            tokio::time::sleep(LOOK_PAUSE).await;
            // The only node tells itself, and when the bus is back everybody is looked at in any case.
            if self.bus.is_alone() || self.is_bus_away() {
                continue;
            }
            self.complete_interest().await;
            for part in self.watchers.users().chunks(limits::WATCH_USERS_MAX) {
                budget.take(part.len()).await;
                self.show_news_of(part).await;
            }
        }
    }

    /// Shows what is so now where that is news. What is not known yet is looked at again later.
    async fn show_what_is_looked_at(self: &Arc<Self>) {
        for part in self.watchers.users().chunks(limits::WATCH_USERS_MAX) {
            self.show_news_of(part).await;
        }
    }

    async fn show_news_of(self: &Arc<Self>, users: &[UserId]) {
        let (unknown, known): (Vec<Presence>, Vec<Presence>) = self
            .settled(users)
            .await
            .into_iter()
            .partition(|presence| presence.status == PresenceStatus::Unknown);
        if !unknown.is_empty() {
            self.owe_looks();
        }
        let is_news = |presence: &Presence| self.watchers.is_news(presence);
        self.show_news(known.into_iter().filter(is_news).collect())
            .await;
    }

    /// Shows what nobody told those who look.
    pub(super) async fn show_news(self: &Arc<Self>, news: Vec<Presence>) {
        metrics::counter!("parlour_presence_found_total").increment(news.len() as u64);
        for (presence, last_seen) in self.as_shown(news).await {
            self.show_presence(presence, last_seen);
        }
    }
}
