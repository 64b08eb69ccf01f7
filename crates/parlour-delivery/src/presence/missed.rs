//! Changes of presence for which a connection's outbox had no room.
//!
//! They are dropped so that a slow reader costs nobody else anything. But what was dropped last may be what is so now, and no
//! look finds it: it was shown to whoever had room. So the connection remembers whom it concerns, and is shown what is so by
//! then as soon as there is room. At most one task does that for a connection.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parlour_model::UserId;

use crate::core::Core;
use crate::link::Link;

/// Between two tries where there is some room, and too little.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The users a connection looks at and was not shown a change of.
#[derive(Debug, Default)]
pub(crate) struct Missed(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    users: BTreeSet<UserId>,
    /// Somebody shows them as soon as there is room.
    is_under_way: bool,
}

impl Missed {
    /// Notes a user. Answers whether nobody shows this connection anything yet, so that the caller has to see to it.
    fn add(&self, user: UserId) -> bool {
        let mut state = self.lock();
        state.users.insert(user);
        !std::mem::replace(&mut state.is_under_way, true)
    }

    /// Takes a user out; with `None` whoever shows them ends.
    fn next(&self) -> Option<UserId> {
        let mut state = self.lock();
        let user = state.users.pop_first();
        state.is_under_way = user.is_some();
        user
    }

    /// The connection is about to be answered what is so.
    pub(super) fn forget(&self) {
        self.lock().users.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Shows these connections later what they could not be shown of a user now.
    pub(super) fn owe_missed(self: &Arc<Self>, links: Vec<Arc<Link>>, user: UserId) {
        for link in links {
            if link.missed.add(user) {
                let core = Arc::clone(self);
                self.spawn(async move { core.show_missed(&link).await });
            }
        }
    }

    async fn show_missed(&self, link: &Arc<Link>) {
        // Ends with the connection, too.
        while link.outbox.wait_for_room().await {
            let Some(user) = link.missed.next() else {
                return;
            };
            if !self.watchers.show_to(link, user) {
                link.missed.add(user);
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_shows_what_was_missed_until_nothing_is_left() {
        let missed = Missed::default();
        let users = [1, 2].map(|number| UserId::new(number).unwrap());
        assert!(missed.add(users[0]), "nobody does yet");
        assert!(!missed.add(users[1]));
        assert_eq!(missed.next(), Some(users[0]));
        assert!(!missed.add(users[0]), "somebody still does");
        assert_eq!(missed.next(), Some(users[0]));
        missed.forget();
        assert_eq!(missed.next(), None);
        assert!(missed.add(users[0]), "whoever did has ended");
    }
}
