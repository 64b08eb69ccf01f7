//! Who types where. Never stored, dropped first, and over by itself after five seconds.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlour_model::{ChatId, UserId, limits};
use parlour_protocol::{Encoded, ServerFrame, TypingNotice};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::core::Core;

/// Typists shown by one node at once; more are not shown.
const TYPISTS_MAX: usize = 16_384;

/// Those who type, and when that ends.
#[derive(Debug, Default)]
pub(crate) struct Typists {
    state: Mutex<State>,
    /// The earliest end may have changed.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    ends: HashMap<(ChatId, UserId), Instant>,
    by_end: BTreeSet<(Instant, ChatId, UserId)>,
}

impl Typists {
    /// Notes that somebody types. False if there are too many already.
    fn start(&self, chat: ChatId, user: UserId) -> bool {
        let mut state = self.lock();
        if state.ends.len() >= TYPISTS_MAX && !state.ends.contains_key(&(chat, user)) {
            return false;
        }
        let end = Instant::now() + limits::TYPING_LASTS;
        state.forget(chat, user);
        state.ends.insert((chat, user), end);
        state.by_end.insert((end, chat, user));
        drop(state);
        self.changed.notify_one();
        true
    }

    /// Notes that somebody stopped. False if they did not type.
    fn stop(&self, chat: ChatId, user: UserId) -> bool {
        self.lock().forget(chat, user)
    }

    fn take_ended(&self, now: Instant) -> Vec<(ChatId, UserId)> {
        let mut state = self.lock();
        let mut ended = Vec::new();
        while let Some((end, chat, user)) = state.by_end.first().copied()
            && end <= now
        {
            state.forget(chat, user);
            ended.push((chat, user));
        }
        ended
    }

    fn next_end(&self) -> Option<Instant> {
        self.lock().by_end.first().map(|(end, ..)| *end)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn forget(&mut self, chat: ChatId, user: UserId) -> bool {
        let end = self.ends.remove(&(chat, user));
        if let Some(end) = end {
            self.by_end.remove(&(end, chat, user));
        }
        end.is_some()
    }
}

impl Core {
    /// Shows on this node that a member types, or stopped.
    pub(crate) fn show_typing(&self, chat: ChatId, user: UserId, on: bool) {
        // Nobody here looks at most chats.
        if !self.watchers.is_chat_watched(chat) {
            return;
        }
        let shown = if on {
            self.typists.start(chat, user)
        } else {
            self.typists.stop(chat, user)
        };
        if shown {
            self.push_typing(chat, user, on);
        }
    }

    fn push_typing(&self, chat: ChatId, user: UserId, on: bool) {
        let Some(entry) = self.hub.chat(chat) else {
            return;
        };
        let notice = TypingNotice { chat, user, on };
        let frame = Encoded::new(ServerFrame::Typing(notice));
        let members = Arc::clone(entry.lock().members());
        for link in self.watchers.of_chat(chat) {
            if link.user != user && members.binary_search(&link.user).is_ok() {
                link.outbox.push_soft(&frame);
            }
        }
    }

    /// Ends typing that nobody renewed. One timer for all.
    pub(crate) async fn end_typing(self: Arc<Self>) {
        loop {
            let next = self.typists.next_end();
            let sleep = async {
                match next {
                    Some(end) => tokio::time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                // What is over goes first, so that a stream of new typists cannot keep it.
                () = sleep => {
                    for (chat, user) in self.typists.take_ended(Instant::now()) {
                        self.push_typing(chat, user, false);
                    }
                }
                // Somebody started: the earliest end may be another.
                () = self.typists.changed.notified() => {}
            }
        }
    }
}
