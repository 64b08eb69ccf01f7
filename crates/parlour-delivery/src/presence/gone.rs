//! Those who were on a node that is gone.
//!
//! They must look offline soon, and they may be many thousands. So routes are read in parts, only who is shown and has no route
//! any more is settled, several at once, and nobody waits for the store: it is asked who may see since when in parts too, and
//! told since when they are gone after those who look. What it does not take is owed.

use std::sync::Arc;
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
            let (gone, unanswered) = self.gone_among(asked).await;
            self.settle_gone(gone).await;
            if unanswered.is_empty() {
                return;
            }
            asked = unanswered;
            tokio::time::sleep(AGAIN_AFTER).await;
            self.bus_is(Health::Up).await;
        }
    }

    /// Those of these users who are gone, and those of whom the bus does not tell.
    async fn gone_among(&self, users: Vec<UserId>) -> (Vec<UserId>, Vec<UserId>) {
        let parts = users.chunks(limits::WATCH_USERS_MAX).map(<[_]>::to_vec);
        let read = stream::iter(parts).map(|part| async move {
            let found = self.contradictions(&part).await;
            found.map(|found| found.gone).ok_or(part)
        });
        let (mut gone, mut unanswered) = (Vec::new(), Vec::new());
        for read in read
            .buffer_unordered(CELL_READS_AT_ONCE)
            .collect::<Vec<_>>()
            .await
        {
            match read {
                Ok(found) => gone.extend(found),
                Err(part) => unanswered.extend(part),
            }
        }
        (gone, unanswered)
    }

    /// `None` if the bus does not say.
    async fn contradictions(&self, users: &[UserId]) -> Option<Contradictions> {
        let (presence, routes) = tokio::join!(
            self.ask_bus(self.bus.presence(users)),
            self.ask_bus(self.bus.routes(users))
        );
        Some(Contradictions::between(&presence.ok()?, &routes.ok()?))
    }

    async fn settle_gone(self: &Arc<Self>, gone: Vec<UserId>) {
        let now = self.clock.now();
        let parts = gone.chunks(limits::WATCH_USERS_MAX).map(<[_]>::to_vec);
        let with_audience = stream::iter(parts)
            .map(|part| self.with_audience(part))
            .buffer_unordered(STORE_READS_AT_ONCE);
        let told: Vec<Option<(UserId, Timestamp)>> = with_audience
            .flat_map(stream::iter)
            .map(|(user, last_seen)| self.settle_and_tell(user, last_seen, now))
            .buffer_unordered(CALLS_AT_ONCE)
            .collect()
            .await;
        let core = Arc::clone(self);
        self.spawn(async move {
            let told = stream::iter(told.into_iter().flatten());
            let stored = told
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
