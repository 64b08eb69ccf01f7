//! Who types where. Never stored, dropped first, and over by itself after five seconds.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parlour_model::{ChatId, UserId, limits};
use parlour_protocol::{Encoded, ServerFrame, TypingNotice};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::core::Core;
use crate::packet::Packet;

/// Typists shown by one node at once; more are not shown.
const TYPISTS_MAX: usize = 16_384;
/// Who goes on typing is shown again at most this often, however often they say so.
const SHOWN_PAUSE: Duration = Duration::from_secs(2);

/// Those who type, and when that ends.
#[derive(Debug, Default)]
pub(crate) struct Typists {
    state: Mutex<State>,
    told: Mutex<HashMap<(ChatId, UserId), Instant>>,
    /// The earliest end may have changed.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    typists: HashMap<(ChatId, UserId), Typist>,
    by_end: BTreeSet<(Instant, ChatId, UserId)>,
}

#[derive(Debug, Clone, Copy)]
struct Typist {
    end: Instant,
    shown_at: Instant,
}

impl Typists {
    /// Notes that somebody types. False if that need not be shown: it was a moment ago, or there are too many already.
    fn start(&self, chat: ChatId, user: UserId) -> bool {
        let mut state = self.lock();
        let before = state.forget(chat, user);
        if state.typists.len() >= TYPISTS_MAX {
            return false;
        }
        let now = Instant::now();
        let end = now + limits::TYPING_LASTS;
        let shown_at = before
            .map(|typist| typist.shown_at)
            .filter(|shown_at| now.duration_since(*shown_at) < SHOWN_PAUSE);
        let typist = Typist {
            end,
            shown_at: shown_at.unwrap_or(now),
        };
        state.typists.insert((chat, user), typist);
        state.by_end.insert((end, chat, user));
        drop(state);
        self.changed.notify_one();
        shown_at.is_none()
    }

    /// Notes that somebody stopped. False if they did not type.
    fn stop(&self, chat: ChatId, user: UserId) -> bool {
        self.lock().forget(chat, user).is_some()
    }

    /// Whether other nodes are to be told that somebody types, or stopped: of who goes on typing not more often than
    /// it is shown, and of an end only if they were told of the beginning.
    fn is_to_be_told(&self, chat: ChatId, user: UserId, on: bool) -> bool {
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= TYPISTS_MAX {
            told.retain(|_, told_at| now.duration_since(*told_at) < limits::TYPING_LASTS);
        }
        if !on {
            return told.remove(&(chat, user)).is_some();
        }
        let recently = told
            .get(&(chat, user))
            .is_some_and(|told_at| now.duration_since(*told_at) < SHOWN_PAUSE);
        if recently || told.len() >= TYPISTS_MAX {
            return false;
        }
        told.insert((chat, user), now);
        true
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
    fn forget(&mut self, chat: ChatId, user: UserId) -> Option<Typist> {
        let typist = self.typists.remove(&(chat, user))?;
        self.by_end.remove(&(typist.end, chat, user));
        Some(typist)
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

    /// Tells other nodes that a member types, or stopped.
    pub(crate) fn tell_typing(self: &Arc<Self>, chat: ChatId, user: UserId, on: bool) {
        if !self.bus.is_alone() && self.typists.is_to_be_told(chat, user, on) {
            self.tell_members_nodes(chat, Packet::Typing { chat, user, on });
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
