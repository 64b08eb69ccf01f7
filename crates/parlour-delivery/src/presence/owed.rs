//! Whose presence is to be settled as soon as the bus answers and knows who is there.
//!
//! Owed is that somebody is settled, never as what: while it waits more may happen, here or on another node. So what they chose is
//! read from the store when it is paid, and what is late never undoes what came after it. Whoever is owed twice is settled
//! once, for the stronger reason, which includes the weaker ones.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use parlour_bus::Chosen;
use parlour_model::{Timestamp, UserId, limits};

use crate::core::Core;

/// Users owed a settlement because they are gone. Whoever looks finds the others.
const GONE_MAX: usize = 20_000;
/// Users owed a settlement for whatever reason.
const OWED_MAX: usize = 65_536;
/// Between two looks at what is owed.
const PAY_PAUSE: Duration = Duration::from_secs(1);
const CALLS_AT_ONCE: usize = 16;
/// Choices of so many times [`limits::WATCH_USERS_MAX`] users are read at once.
const READS_AT_ONCE: usize = 4;

/// Why somebody is settled; the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// They may be gone.
    Gone,
    /// They came.
    Came,
    /// They chose a status.
    Chose,
}

/// Somebody who is to be settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Owed {
    reason: Reason,
    /// When they were last there, should they be gone.
    at: Timestamp,
}

/// Users whose presence is to be settled.
#[derive(Debug, Default)]
pub(crate) struct OwedPresences(Mutex<HashMap<UserId, Owed>>);

impl OwedPresences {
    /// Owes a settlement of a user, who was last there at `at` if they are gone.
    pub(super) fn owe(&self, user: UserId, reason: Reason, at: Timestamp) {
        let mut all = self.lock();
        if let Some(owed) = all.get_mut(&user) {
            owed.reason = owed.reason.max(reason);
            owed.at = owed.at.max(at);
            return;
        }
        let most = match reason {
            Reason::Gone => GONE_MAX,
            Reason::Came | Reason::Chose => OWED_MAX,
        };
        if all.len() < most {
            all.insert(user, Owed { reason, at });
        }
    }

    /// Everybody, the strongest reasons first.
    fn take(&self) -> Vec<(UserId, Owed)> {
        let mut all: Vec<_> = std::mem::take(&mut *self.lock()).into_iter().collect();
        all.sort_unstable_by_key(|(_, owed)| Reverse(owed.reason));
        all
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Owed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Chosen> for Reason {
    fn from(chosen: Chosen) -> Self {
        match chosen {
            Chosen::Unknown => Self::Gone,
            Chosen::AsStored(_) => Self::Came,
            Chosen::Now(_) => Self::Chose,
        }
    }
}

impl Core {
    /// Settles whoever is owed it whenever the bus answers and knows who is there, for ever.
    pub(crate) async fn pay_presences(self: Arc<Self>) {
        loop {
            self.bus_is_back().await;
            if !self.doubt.lasts() {
                self.settle_owed(self.presences.take()).await;
            }
            tokio::time::sleep(PAY_PAUSE).await;
        }
    }

    async fn settle_owed(self: &Arc<Self>, owed: Vec<(UserId, Owed)>) {
        let parts = owed.chunks(limits::WATCH_USERS_MAX).map(<[_]>::to_vec);
        let choices = stream::iter(parts)
            .map(|part| self.choices(part))
            .buffer_unordered(READS_AT_ONCE);
        let settled = choices.flat_map(stream::iter).for_each_concurrent(
            CALLS_AT_ONCE,
            |(user, chosen, at)| async move {
                self.settle_again(user, chosen, at).await;
            },
        );
        settled.await;
    }

    /// As what they are settled now. Whose choice the store does not say stays owed.
    async fn choices(&self, owed: Vec<(UserId, Owed)>) -> Vec<(UserId, Chosen, Timestamp)> {
        let (gone, others): (Vec<_>, Vec<_>) = owed
            .into_iter()
            .partition(|(_, owed)| owed.reason == Reason::Gone);
        let users: Vec<UserId> = others.iter().map(|(user, _)| *user).collect();
        let mut known = self.known(&users).await.into_iter();
        let mut choices: Vec<_> = gone
            .into_iter()
            .map(|(user, owed)| (user, Chosen::Unknown, owed.at))
            .collect();
        for (user, owed) in others {
            match (known.next(), owed.reason) {
                (None, reason) => self.presences.owe(user, reason, owed.at),
                (Some(known), Reason::Chose) => {
                    choices.push((user, Chosen::Now(known.status), owed.at));
                }
                (Some(known), _) => choices.push((user, Chosen::AsStored(known.status), owed.at)),
            }
        }
        choices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> UserId {
        UserId::new(number as u64).unwrap()
    }

    #[test]
    fn whoever_is_owed_twice_is_settled_once_for_the_stronger_reason() {
        let presences = OwedPresences::default();
        let times = [3, 1, 2].map(Timestamp::from_millis);
        for (reason, at) in [Reason::Came, Reason::Chose, Reason::Gone]
            .into_iter()
            .zip(times)
        {
            presences.owe(user(1), reason, at);
        }
        let owed = Owed {
            reason: Reason::Chose,
            at: Timestamp::from_millis(3),
        };
        assert_eq!(presences.take(), [(user(1), owed)]);
        assert!(presences.take().is_empty(), "they were taken");
    }

    #[test]
    fn many_who_are_gone_leave_room_for_who_came() {
        let presences = OwedPresences::default();
        let at = Timestamp::from_millis(1);
        for number in 1..=GONE_MAX + 1 {
            presences.owe(user(number), Reason::Gone, at);
        }
        presences.owe(user(OWED_MAX), Reason::Came, at);
        let owed = presences.take();
        assert_eq!(owed.len(), GONE_MAX + 1);
        assert!(owed.iter().any(|(owed, _)| *owed == user(OWED_MAX)));
    }
}
