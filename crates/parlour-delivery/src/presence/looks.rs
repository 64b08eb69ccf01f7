//! Looking again at whom somebody here looks at.
//!
//! A change is told once, by the node that settled it, and that may fail without a trace: the cell was written and the answer
//! was lost, the node died before it told anybody, or the packet did not arrive. So every node reads the cells again: once a
//! minute, under a budget, and at once after a fault. Versions make that harmless; the store is asked only about news. What the
//! bus did not take of whom this node looks at is told again then, or every later change would have to be found.

use std::sync::Arc;
use std::time::Duration;

use parlour_model::{PresenceStatus, UserId, limits};

use crate::budget::Budget;
use crate::core::Core;

/// Between two looks at everybody while nothing is wrong.
const LOOK_PAUSE: Duration = Duration::from_secs(60);
/// Users whose cells and routes may be read in a second for that. Of more than a minute's worth, a look takes longer.
const LOOKS_PER_SECOND: u32 = 1_000;

impl Core {
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

    /// Enters this node again as one that looks at these users, and shows what is so now.
    pub(crate) async fn look_again(self: &Arc<Self>) {
        self.renew_interest().await;
        self.show_what_is_looked_at().await;
    }

    /// Shows what is so now where that is news. What is not known yet is looked at again later.
    pub(crate) async fn show_what_is_looked_at(self: &Arc<Self>) {
        for part in self.watchers.users().chunks(limits::WATCH_USERS_MAX) {
            self.show_news_of(part).await;
        }
    }

    async fn show_news_of(self: &Arc<Self>, users: &[UserId]) {
        for presence in self.settled(users).await {
            if presence.status == PresenceStatus::Unknown {
                self.debts.owe_looks();
            } else if self.watchers.is_news(&presence) {
                metrics::counter!("parlour_presence_found_total").increment(1);
                let (presence, last_seen) = self.as_shown(presence).await;
                self.show_presence(presence, last_seen);
            }
        }
    }
}
