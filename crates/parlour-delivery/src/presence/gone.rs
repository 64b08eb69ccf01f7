//! Those who were on a node that is gone.
//!
//! They must look offline soon, and they may be many thousands. So routes are read in parts, only who is shown and has no route
//! any more is settled, several at once, and nobody waits for the store: it is asked who may see since when in parts too, and
//! told since when they are gone after those who look. What it does not take is owed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use parlour_bus::{Chosen, Health};
use parlour_model::{Audience, Timestamp, UserId, limits};

use crate::core::Core;
use crate::presence::healing::Contradictions;

const CALLS_AT_ONCE: usize = 16;
/// Parts read at once, from the bus and from the store.
const CELL_READS_AT_ONCE: usize = 4;
const STORE_READS_AT_ONCE: usize = 16;
/// After which time those of whom the bus did not tell are asked about again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Core {
    /// Settles those whom somebody here looks at and who are shown without a route.
    pub(crate) async fn settle_those_gone(self: &Arc<Self>) {
        let mut asked = self.watchers.users();
        loop {
            asked = self.settle_gone_among(asked).await;
            if asked.is_empty() {
                return;
            }
            tokio::time::sleep(AGAIN_AFTER).await;
            self.bus_is(Health::Up).await;
        }
    }

    /// Answers of whom the bus did not tell. The first are told before the last have been asked about.
    async fn settle_gone_among(self: &Arc<Self>, users: Vec<UserId>) -> Vec<UserId> {
        let now = self.clock.now();
        let unanswered = Mutex::new(Vec::new());
        let parts = users.chunks(limits::WATCH_USERS_MAX).map(<[_]>::to_vec);
        let found = stream::iter(parts)
            .map(|part| async move { (self.contradictions(&part).await, part) })
            .buffer_unordered(CELL_READS_AT_ONCE);
        let gone = found.map(|(found, part)| match found {
            Some(found) => found.gone,
            None => {
                let mut unanswered = unanswered.lock().unwrap_or_else(PoisonError::into_inner);
                unanswered.extend(part);
                Vec::new()
            }
        });
        let told: Vec<Option<(UserId, Timestamp)>> = gone
            .map(|gone| self.with_audience(gone))
            .buffer_unordered(STORE_READS_AT_ONCE)
            .flat_map(stream::iter)
            .map(|(user, last_seen)| self.settle_and_tell(user, last_seen, now))
            .buffer_unordered(CALLS_AT_ONCE)
            .collect()
            .await;
        self.store_later(told.into_iter().flatten().collect());
        unanswered
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` if the bus does not say.
    async fn contradictions(&self, users: &[UserId]) -> Option<Contradictions> {
        let (presence, routes) = tokio::join!(
            self.ask_bus(self.bus.presence(users)),
            self.ask_bus(self.bus.routes(users))
        );
        Some(Contradictions::between(&presence.ok()?, &routes.ok()?))
    }

    /// Lets the store know since when they are gone.
    fn store_later(self: &Arc<Self>, gone: Vec<(UserId, Timestamp)>) {
        let core = Arc::clone(self);
        self.spawn(async move {
            let stored = stream::iter(gone)
                .for_each_concurrent(CALLS_AT_ONCE, |(user, at)| core.store_last_seen(user, at));
            stored.await;
        });
    }

    /// Who may see since when each is gone: nobody where the store does not say in time.
    async fn with_audience(&self, users: Vec<UserId>) -> Vec<(UserId, Audience)> {
        let mut known = self.known(&users).await.into_iter();
        let mut audience = || {
            let known = known.next();
            known.map_or(Audience::Nobody, |known| known.privacy.last_seen)
        };
        users.into_iter().map(|user| (user, audience())).collect()
    }

    /// Answers who is gone since when, if that was a change.
    async fn settle_and_tell(
        self: &Arc<Self>,
        user: UserId,
        last_seen: Audience,
        at: Timestamp,
    ) -> Option<(UserId, Timestamp)> {
        let edge = self.settle_cell(user, Chosen::Unknown, at).await.ok()??;
        self.tell_edge(&edge, last_seen).await;
        let since = edge.presence.last_seen?;
        Some((user, since))
    }
}
