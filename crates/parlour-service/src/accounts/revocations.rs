//! Which sessions were revoked lately: what makes a stateless token die within seconds.
//!
//! A node remembers a revoked session for as long as any access token of it could still be good. It learns of
//! them by revoking itself and by asking the store every few seconds. Where its memory cannot answer (the last
//! answer of the store is too old, or more were revoked than it holds), it says so and the store is asked about
//! that one session: a revoked session is never taken for a live one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use parlour_model::{SessionId, Timestamp};

use super::access_tokens::LEEWAY;

/// How long a revoked session may still be served.
const DEAD_WITHIN: Duration = Duration::from_secs(5);
/// A poll asks again for this much of the past: writes that were under way, clocks that differ.
const OVERLAP: Duration = Duration::from_secs(60);
/// Most revoked sessions remembered.
const REMEMBERED_MAX: usize = 100_000;

/// The memory.
pub(super) struct Revocations {
    /// How long to remember: the life of an access token, and then some.
    keep: Duration,
    capacity: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// When each was learnt of.
    sessions: HashMap<SessionId, Timestamp>,
    /// Everything revoked before this is in `sessions`.
    complete_through: Timestamp,
    /// Some had no room; until then the memory is not the whole truth.
    overflowed_until: Timestamp,
}

/// What the memory says of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not revoked.
    Live,
    /// Revoked.
    Revoked,
    /// Ask the store.
    Unknown,
}

impl Revocations {
    /// An empty memory for tokens of this lifetime.
    pub(super) fn new(token_lifetime: Duration) -> Self {
        Self {
            keep: token_lifetime + LEEWAY + OVERLAP,
            capacity: REMEMBERED_MAX,
            known: Mutex::default(),
        }
    }

    /// What is known of `session` at `now`.
    pub(super) fn standing(&self, session: SessionId, now: Timestamp) -> Standing {
        let known = self.known();
        if known.sessions.contains_key(&session) {
            Standing::Revoked
        } else if now > known.complete_through.plus(DEAD_WITHIN) || now < known.overflowed_until {
            Standing::Unknown
        } else {
            Standing::Live
        }
    }

    /// From when on the store is to be asked.
    pub(super) fn ask_since(&self, now: Timestamp) -> Timestamp {
        let oldest_needed = now.minus(self.keep);
        self.known()
            .complete_through
            .minus(OVERLAP)
            .max(oldest_needed)
    }

    /// Takes over what the store answered to a question asked at `asked_at`; gives back what was new.
    pub(super) fn learn_all(&self, revoked: Vec<SessionId>, asked_at: Timestamp) -> Vec<SessionId> {
        let mut known = self.known();
        known
            .sessions
            .retain(|_, learnt_at| learnt_at.plus(self.keep) > asked_at);
        known.complete_through = known.complete_through.max(asked_at);
        let new = |id: &SessionId| self.remember(&mut known, *id, asked_at);
        revoked.into_iter().filter(new).collect()
    }

    /// Takes over sessions this node revoked itself.
    pub(super) fn learn(&self, revoked: &[SessionId], now: Timestamp) {
        let mut known = self.known();
        for id in revoked {
            self.remember(&mut known, *id, now);
        }
    }

    /// Whether it was new.
    fn remember(&self, known: &mut Known, id: SessionId, now: Timestamp) -> bool {
        if known.sessions.contains_key(&id) {
            return false;
        }
        if known.sessions.len() >= self.capacity {
            known.overflowed_until = now.plus(self.keep);
        } else {
            known.sessions.insert(id, now);
        }
        true
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn session(number: u64) -> SessionId {
        SessionId::new(number).unwrap()
    }

    fn memory() -> Revocations {
        let memory = Revocations::new(Duration::from_secs(600));
        memory.learn_all(Vec::new(), START);
        memory
    }

    #[test]
    fn a_memory_older_than_five_seconds_does_not_call_a_session_live() {
        let memory = memory();
        let at = |seconds| START.plus(Duration::from_secs(seconds));
        assert_eq!(memory.standing(session(1), at(5)), Standing::Live);
        assert_eq!(memory.standing(session(1), at(6)), Standing::Unknown);
        memory.learn(&[session(1)], at(6));
        assert_eq!(memory.standing(session(1), at(60)), Standing::Revoked);
        let fresh = Revocations::new(Duration::from_secs(600));
        assert_eq!(fresh.standing(session(1), START), Standing::Unknown);
    }

    #[test]
    fn the_first_question_reaches_back_a_token_lifetime_and_later_ones_overlap() {
        let fresh = Revocations::new(Duration::from_secs(600));
        assert!(START.since(fresh.ask_since(START)) > Duration::from_secs(600));
        fresh.learn_all(Vec::new(), START);
        let later = START.plus(Duration::from_secs(2));
        assert_eq!(fresh.ask_since(later), START.minus(OVERLAP));
    }

    #[test]
    fn what_the_overlap_brings_again_is_not_new_and_is_forgotten_only_after_its_tokens_died() {
        let memory = memory();
        assert_eq!(memory.learn_all(vec![session(1)], START), [session(1)]);
        assert!(memory.learn_all(vec![session(1)], START).is_empty());
        let tokens_dead = START.plus(Duration::from_secs(600) + LEEWAY);
        memory.learn_all(Vec::new(), tokens_dead);
        assert_eq!(memory.standing(session(1), tokens_dead), Standing::Revoked);
        let much_later = tokens_dead.plus(OVERLAP);
        memory.learn_all(Vec::new(), much_later);
        assert_eq!(memory.standing(session(1), much_later), Standing::Live);
    }

    #[test]
    fn a_full_memory_asks_the_store_rather_than_forget() {
        let memory = Revocations {
            capacity: 1,
            ..memory()
        };
        let new = memory.learn_all(vec![session(1), session(2)], START);
        assert_eq!(new, [session(1), session(2)]);
        assert_eq!(memory.standing(session(1), START), Standing::Revoked);
        assert_eq!(memory.standing(session(2), START), Standing::Unknown);
    }
}
