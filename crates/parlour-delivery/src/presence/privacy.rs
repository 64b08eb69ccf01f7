//! Who may see when somebody was last seen.
//!
//! The time is in the bus's cell whoever may see it. Who may is stored with the user and read whenever it is shown, so a
//! choice holds at once on every node: for an answer by who answers, for a change by who settled it. Invariants:
//! - Where the choice cannot be read, nobody else is shown the time. One's own devices always are.
//! - A version is a time too: of who hides theirs, an answer carries a later one.

use std::sync::Arc;
use std::time::Duration;

use parlour_model::{Audience, Presence, PresenceStatus, Timestamp, UserId};
use parlour_store::LastKnown;

use crate::core::Core;

/// How long reading what may be shown may hold up an answer or a change.
const READ_WITHIN: Duration = Duration::from_secs(2);
/// How far the clocks of two nodes may be apart: a version made up now must not be above that of a later change.
const CLOCKS_APART: Duration = Duration::from_secs(5);

/// Who asked for presence, and when: before anything of the answer was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) viewer: UserId,
    pub(super) asked_at: Timestamp,
}

impl Core {
    /// What `viewer` sees of these users.
    pub(crate) async fn presence(
        self: &Arc<Self>,
        viewer: UserId,
        users: &[UserId],
    ) -> Vec<Presence> {
        let asked_at = self.clock.now();
        let mut presence = self.settled(users).await;
        let asked = Asked { viewer, asked_at };
        self.fill_last_seen(asked, &mut presence).await;
        presence
    }

    /// Says since when the offline are away, to whom may know.
    pub(super) async fn fill_last_seen(&self, asked: Asked, presence: &mut [Presence]) {
        let is_offline = |presence: &&mut Presence| presence.status == PresenceStatus::Offline;
        let offline: Vec<&mut Presence> = presence.iter_mut().filter(is_offline).collect();
        let users: Vec<UserId> = offline.iter().map(|presence| presence.user).collect();
        if users.is_empty() {
            return;
        }
        let hidden_version = asked.asked_at.minus(CLOCKS_APART).as_millis();
        let mut known = self.known(&users).await.into_iter();
        for presence in offline {
            let known = known.next();
            let shown = known.is_some_and(|k| k.privacy.last_seen == Audience::Everyone);
            if shown || presence.user == asked.viewer {
                let stored = known.and_then(|known| known.last_seen);
                presence.last_seen = presence.last_seen.or(stored);
            } else {
                presence.last_seen = None;
                presence.version = presence.version.max(hidden_version);
            }
        }
    }

    /// Who may see since when, if there is anything to see.
    pub(super) async fn audience_of(&self, presence: &Presence) -> Audience {
        if presence.last_seen.is_none() {
            return Audience::Everyone;
        }
        let known = self.known(&[presence.user]).await;
        let known = known.first();
        known.map_or(Audience::Nobody, |known| known.privacy.last_seen)
    }

    /// What others see of these users, with since when as the store knows it, and who may see that. The store is asked once.
    pub(super) async fn as_shown(&self, presence: Vec<Presence>) -> Vec<(Presence, Audience)> {
        let is_offline = |presence: &Presence| presence.status == PresenceStatus::Offline;
        let (offline, others): (Vec<_>, Vec<_>) = presence.into_iter().partition(is_offline);
        let users: Vec<UserId> = offline.iter().map(|presence| presence.user).collect();
        let mut known = self.known(&users).await.into_iter();
        let offline = offline.into_iter().map(|mut presence| {
            let Some(known) = known.next() else {
                return (presence, Audience::Nobody);
            };
            presence.last_seen = presence.last_seen.or(known.last_seen);
            (presence, known.privacy.last_seen)
        });
        let others = others
            .into_iter()
            .map(|presence| (presence, Audience::Everyone));
        offline.chain(others).collect()
    }

    /// What the store knows of these users; nothing if it does not say in time: offline is right, and since when is not worth
    /// an error.
    pub(super) async fn known(&self, users: &[UserId]) -> Vec<LastKnown> {
        if users.is_empty() {
            return Vec::new();
        }
        let read = tokio::time::timeout(READ_WITHIN, self.store.last_known(users)).await;
        read.map(Result::unwrap_or_default).unwrap_or_default()
    }
}
