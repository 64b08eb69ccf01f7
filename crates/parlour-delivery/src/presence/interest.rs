//! Telling the bus which users anybody here looks at.
//!
//! Coming and going of lookers interleave, so one lock is held while the bus is told, and what it is told is looked up inside:
//! the last word is always the present truth. What was asked and not answered, or not to the end, may have happened or not:
//! until there is an answer the bus counts as told neither the one nor the other, and is told again. It is told in parts, so
//! that whoever begins to look does not wait until everybody has been named.

use std::collections::HashMap;

use parlour_model::UserId;
use tokio::sync::Mutex;

use crate::core::Core;
use crate::presence::Watchers;

/// Users named in one call.
const USERS_PER_CALL: usize = 1_000;

/// Users whom the bus may take this node to look at.
#[derive(Debug, Default)]
pub(super) struct Interest(Mutex<HashMap<UserId, Told>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// That this node looks at them.
    Looks,
    /// Something that it did not answer.
    Unanswered,
}

/// What the bus is to be told.
struct News {
    looked_at: Vec<UserId>,
    left: Vec<UserId>,
}

impl News {
    /// What it does not know of these users.
    fn of(touched: &[UserId], told: &HashMap<UserId, Told>, watchers: &Watchers) -> Self {
        let (mut looked_at, mut left): (Vec<UserId>, Vec<UserId>) =
            touched.iter().partition(|user| watchers.is_watched(**user));
        looked_at.retain(|user| told.get(user) != Some(&Told::Looks));
        left.retain(|user| told.contains_key(user));
        Self { looked_at, left }
    }

    fn is_empty(&self) -> bool {
        self.looked_at.is_empty() && self.left.is_empty()
    }
}

impl Core {
    /// Tells the bus of users somebody here began or ceased to look at. Answers whether it knows.
    pub(crate) async fn settle_interest(&self, touched: &[UserId]) -> bool {
        let mut knows = true;
        for part in touched.chunks(USERS_PER_CALL) {
            knows &= self.tell_interest(part).await;
        }
        knows
    }

    async fn tell_interest(&self, touched: &[UserId]) -> bool {
        let mut told = self.watchers.interest.0.lock().await;
        let news = News::of(touched, &told, &self.watchers);
        if news.is_empty() {
            return true;
        }
        if self.is_bus_away() {
            return false; // When it is back it is told everything.
        }
        // Before it is asked: this future may be dropped half way.
        let both = news.looked_at.iter().chain(&news.left);
        told.extend(both.map(|user| (*user, Told::Unanswered)));
        let looks = news.looked_at.is_empty()
            || self.ask_bus(self.bus.watch(&news.looked_at)).await.is_ok();
        if looks {
            let looked_at = news.looked_at.iter();
            told.extend(looked_at.map(|user| (*user, Told::Looks)));
        }
        let left = news.left.is_empty() || self.ask_bus(self.bus.unwatch(&news.left)).await.is_ok();
        if left {
            for user in &news.left {
                told.remove(user);
            }
        }
        looks && left
    }

    /// Tells the bus everything again, after it may have forgotten. Answers whether it knows.
    pub(super) async fn renew_interest(&self) -> bool {
        for told in self.watchers.interest.0.lock().await.values_mut() {
            *told = Told::Unanswered;
        }
        self.complete_interest().await
    }

    /// Tells the bus what it has not taken. Answers whether it knows.
    pub(super) async fn complete_interest(&self) -> bool {
        let told: Vec<UserId> = {
            let told = self.watchers.interest.0.lock().await;
            told.keys().copied().collect()
        };
        self.settle_interest(&told).await & self.settle_interest(&self.watchers.users()).await
    }
}
