//! Which chats are hot: other nodes are faster to commit in them than this one, again and again.
//!
//! Knows no clock: the caller says what time it is. What is forgotten here (too many chats at once) costs time only.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parlour_model::ChatId;
use tokio::time::Instant;

/// Two races lost within this time send a chat home.
const LOST_WITHIN: Duration = Duration::from_secs(10);
/// For how long.
const AT_HOME_FOR: Duration = Duration::from_secs(30);
/// Chats that are remembered of either kind.
const CHATS_MAX: usize = 4_096;

/// The races this node lost lately, and the chats that go home for it.
#[derive(Default)]
pub(super) struct Races {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lost_at: HashMap<ChatId, Instant>,
    at_home: HashMap<ChatId, AtHome>,
}

struct AtHome {
    until: Instant,
    /// When this node may next append itself although the home is silent.
    turn: Option<Instant>,
}

impl Races {
    /// Notes lost races; answers whether they are too many. They are counted anew then.
    pub(super) fn lost(&self, chat: ChatId, races: u32, now: Instant) -> bool {
        let mut state = self.state();
        if races == 0 || state.at_home.contains_key(&chat) {
            return false;
        }
        state.make_room(now);
        let is_again = |at: &Instant| now.duration_since(*at) <= LOST_WITHIN;
        let was_lost = state.lost_at.get(&chat).is_some_and(is_again);
        let is_hot = races > 1 || was_lost;
        if is_hot {
            state.lost_at.remove(&chat);
        } else if state.lost_at.len() < CHATS_MAX {
            state.lost_at.insert(chat, now);
        }
        is_hot
    }

    /// Sends a chat home: until when. Call [`Races::end`] then. `None` if it is there, or too many are.
    pub(super) fn go_home(&self, chat: ChatId, now: Instant) -> Option<Instant> {
        let mut state = self.state();
        if state.at_home.contains_key(&chat) || state.at_home.len() >= CHATS_MAX {
            return None;
        }
        let until = now + AT_HOME_FOR;
        state.at_home.insert(chat, AtHome { until, turn: None });
        state.show();
        Some(until)
    }

    /// Whether the chat goes home now.
    pub(super) fn is_at_home(&self, chat: ChatId, now: Instant) -> bool {
        let state = self.state();
        state.at_home.get(&chat).is_some_and(|at| now < at.until)
    }

    /// When this node may append to a chat whose home is silent. Takes that turn: the next one is `pause` later.
    pub(super) fn turn(&self, chat: ChatId, now: Instant, pause: Duration) -> Instant {
        let mut state = self.state();
        let Some(at_home) = state.at_home.get_mut(&chat) else {
            return now;
        };
        let turn = at_home.turn.map_or(now, |turn| turn.max(now));
        at_home.turn = Some(turn + pause);
        turn
    }

    /// The chat's time at home is over.
    pub(super) fn end(&self, chat: ChatId) {
        let mut state = self.state();
        state.at_home.remove(&chat);
        state.show();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets races that no longer count, if many are remembered.
    fn make_room(&mut self, now: Instant) {
        if self.lost_at.len() >= CHATS_MAX {
            self.lost_at
                .retain(|_, at| now.duration_since(*at) <= LOST_WITHIN);
        }
    }

    fn show(&self) {
        metrics::gauge!("parlour_homes_in_force").set(self.at_home.len() as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn chat(number: u64) -> ChatId {
        ChatId::new(number).unwrap()
    }

    #[test]
    fn two_races_lost_within_ten_seconds_make_a_chat_hot() {
        let (races, begun) = (Races::default(), Instant::now());
        assert!(!races.lost(chat(1), 1, begun));
        assert!(!races.lost(chat(2), 1, begun), "another chat");
        let late = begun + 11 * SECOND;
        assert!(!races.lost(chat(1), 1, late), "too long ago");
        assert!(races.lost(chat(1), 1, late + 10 * SECOND));
        assert!(!races.lost(chat(1), 1, late + 10 * SECOND), "counted anew");
    }

    #[test]
    fn two_races_lost_in_one_append_are_two() {
        let (races, now) = (Races::default(), Instant::now());
        assert!(races.lost(chat(1), 2, now));
        assert!(!races.lost(chat(2), 0, now));
    }

    #[test]
    fn a_chat_is_at_home_for_thirty_seconds() {
        let (races, now) = (Races::default(), Instant::now());
        let until = now + 30 * SECOND;
        assert_eq!(races.go_home(chat(1), now), Some(until));
        assert_eq!(races.go_home(chat(1), now + SECOND), None, "it is there");
        assert!(!races.lost(chat(1), 2, now), "it is there");
        assert!(races.is_at_home(chat(1), until - SECOND));
        assert!(!races.is_at_home(chat(1), until));
        assert!(!races.is_at_home(chat(2), now));
        races.end(chat(1));
        assert!(races.lost(chat(1), 2, until));
    }

    #[test]
    fn turns_keep_their_distance() {
        let (races, now) = (Races::default(), Instant::now());
        races.go_home(chat(1), now);
        assert_eq!(races.turn(chat(1), now, SECOND), now);
        assert_eq!(races.turn(chat(1), now, SECOND), now + SECOND);
        let later = now + 9 * SECOND;
        assert_eq!(races.turn(chat(1), later, SECOND), later);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (races, now) = (Races::default(), Instant::now());
        let many = CHATS_MAX as u64 + 100;
        for number in 1..=many {
            races.lost(chat(number), 1, now);
            races.go_home(chat(many + number), now);
        }
        let state = races.state();
        assert_eq!(
            (state.lost_at.len(), state.at_home.len()),
            (CHATS_MAX, CHATS_MAX)
        );
        drop(state);
        races.lost(chat(1), 1, now + 11 * SECOND);
        assert_eq!(races.state().lost_at.len(), 1, "old ones made room");
    }
}
