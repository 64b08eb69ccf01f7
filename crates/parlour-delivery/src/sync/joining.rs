//! Chats that a connection shall be told of as new.
//!
//! Whoever finds such a chat says so, as often as they find it: comparisons do every few seconds. It becomes one task per
//! chat all the same, and none before the first sync of the connection is over, which may take as long as the client
//! likes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use parlour_model::{ChatId, Seq};

/// The chats that one connection shall be told of.
#[derive(Debug, Default)]
pub(crate) struct Joining {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether the first sync is over: before it the client may have a cursor in each of these.
    is_greeted: bool,
    /// With the event that made its user a member, as far as known; `None` while a task sees to it and nobody has asked again.
    chats: BTreeMap<ChatId, Option<Seq>>,
}

impl Joining {
    /// Notes a chat. Answers whether somebody has to begin to see to it.
    pub(super) fn add(&self, chat: ChatId, joined_at: Seq) -> bool {
        let mut state = self.state();
        let is_new = !state.chats.contains_key(&chat);
        let wish = state.chats.entry(chat).or_default();
        *wish = Some(joined_at).max(*wish);
        is_new && state.is_greeted
    }

    /// What is asked of whoever sees to this chat. `None` if that has been done; then it is over.
    pub(super) fn next(&self, chat: ChatId) -> Option<Seq> {
        let mut state = self.state();
        let asked = state.chats.get_mut(&chat).and_then(Option::take);
        if asked.is_none() {
            state.chats.remove(&chat);
        }
        asked
    }

    /// The first sync is over. Answers the chats that somebody has to begin to see to.
    pub(super) fn greeted(&self) -> Vec<ChatId> {
        let mut state = self.state();
        state.is_greeted = true;
        state.chats.keys().copied().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(number: u64) -> ChatId {
        ChatId::new(number).unwrap()
    }

    #[test]
    fn nobody_begins_before_the_greeting_and_one_for_each_chat_after_it() {
        let joining = Joining::default();
        assert!(!joining.add(chat(1), Seq::ZERO));
        assert!(!joining.add(chat(1), Seq::new(5)));
        assert_eq!(joining.greeted(), [chat(1)]);
        assert_eq!(joining.next(chat(1)), Some(Seq::new(5)));
        assert!(joining.add(chat(2), Seq::ZERO));
        assert!(!joining.add(chat(2), Seq::ZERO));
    }

    #[test]
    fn who_asks_again_while_a_chat_is_seen_to_is_heard() {
        let joining = Joining::default();
        joining.greeted();
        assert!(joining.add(chat(1), Seq::ZERO));
        assert!(joining.next(chat(1)).is_some());
        assert!(!joining.add(chat(1), Seq::new(7)));
        assert_eq!(joining.next(chat(1)), Some(Seq::new(7)));
        assert_eq!(joining.next(chat(1)), None);
        assert!(joining.add(chat(1), Seq::ZERO), "it was over");
    }
}
