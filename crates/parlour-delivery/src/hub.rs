//! Who is connected to this node, and the chats they are members of.
//!
//! Two indexes: user → connections, and chat → [`ChatState`]. Each chat has a lock of its own, so chats do not wait
//! for each other, and none is held across an `.await`. A chat is in the index while a connection has a seat in it or
//! a task holds it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dashmap::DashMap;
use parlour_bus::ConnectionId;
use parlour_model::{ChatId, UserId};
use smallvec::SmallVec;
use tokio::sync::Notify;

use crate::chat::{ChatState, Stage};
use crate::link::Link;

#[derive(Debug, Default)]
pub(crate) struct Hub {
    users: DashMap<UserId, SmallVec<[Arc<Link>; 1]>>,
    chats: DashMap<ChatId, Arc<Entry>>,
}

/// A chat of the index.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: ChatId,
    state: Mutex<ChatState>,
    /// Something moved on: the chat was entered or given up, or a hole was filled.
    pub(crate) moved: Notify,
}

impl Entry {
    pub(crate) fn lock(&self) -> MutexGuard<'_, ChatState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hub {
    pub(crate) fn add_link(&self, link: &Arc<Link>) {
        self.users
            .entry(link.user)
            .or_default()
            .push(Arc::clone(link));
    }

    /// Takes a connection out; answers whether it was its user's last.
    pub(crate) fn remove_link(&self, user: UserId, id: ConnectionId) -> bool {
        if let Some(mut links) = self.users.get_mut(&user) {
            links.retain(|link| link.id != id);
        }
        self.users.remove_if(&user, |_, links| links.is_empty());
        !self.is_local(user)
    }

    pub(crate) fn is_local(&self, user: UserId) -> bool {
        self.users.contains_key(&user)
    }

    /// The connections of a user.
    pub(crate) fn links_of(&self, user: UserId) -> SmallVec<[Arc<Link>; 1]> {
        self.users
            .get(&user)
            .map(|links| links.clone())
            .unwrap_or_default()
    }

    /// All connections.
    pub(crate) fn links(&self) -> Vec<Arc<Link>> {
        let of_user = self.users.iter();
        of_user.flat_map(|links| links.value().clone()).collect()
    }

    /// Looks at each user with a connection.
    pub(crate) fn for_each_user(&self, mut look: impl FnMut(UserId)) {
        for links in &self.users {
            look(*links.key());
        }
    }

    pub(crate) fn user_count(&self) -> usize {
        self.users.len()
    }

    /// The chat, if it is in the index.
    pub(crate) fn chat(&self, chat: ChatId) -> Option<Arc<Entry>> {
        self.chats.get(&chat).map(|entry| Arc::clone(&entry))
    }

    /// All chats of the index.
    pub(crate) fn chats(&self) -> Vec<Arc<Entry>> {
        self.chats
            .iter()
            .map(|entry| Arc::clone(entry.value()))
            .collect()
    }

    pub(crate) fn chat_count(&self) -> usize {
        self.chats.len()
    }

    /// Keeps a chat in the index, putting it there if need be.
    pub(crate) fn hold(&self, chat: ChatId) -> Arc<Entry> {
        loop {
            let entry = Arc::clone(&self.chats.entry(chat).or_insert_with(|| {
                Arc::new(Entry {
                    id: chat,
                    state: Mutex::new(ChatState::new(chat)),
                    moved: Notify::new(),
                })
            }));
            let mut state = entry.lock();
            if state.stage() != Stage::Gone {
                state.holds += 1;
                drop(state);
                return entry;
            }
            drop(state);
            self.forget(&entry);
        }
    }

    /// Keeps a chat in the index once more. False if it has left it.
    pub(crate) fn hold_also(&self, entry: &Entry) -> bool {
        let mut state = entry.lock();
        let stays = state.stage() != Stage::Gone;
        state.holds += usize::from(stays);
        stays
    }

    /// Ends the last hold of a chat, which leaves the index with it. False if somebody else needs the chat.
    pub(crate) fn release_only_hold(&self, entry: &Arc<Entry>) -> bool {
        let mut state = entry.lock();
        if state.is_needed_beyond(1) {
            return false;
        }
        state.holds = 0;
        let gone = state.retire();
        drop(state);
        self.forget(entry);
        gone
    }

    /// Ends one hold.
    pub(crate) fn release(&self, entry: &Arc<Entry>) {
        let mut state = entry.lock();
        state.holds -= 1;
        let gone = state.retire();
        drop(state);
        if gone {
            self.forget(entry);
        }
    }

    /// Takes a connection's seat in a chat.
    pub(crate) fn unseat(&self, chat: ChatId, id: ConnectionId) {
        let Some(entry) = self.chat(chat) else { return };
        let mut state = entry.lock();
        state.unseat(id);
        let gone = state.retire();
        drop(state);
        if gone {
            self.forget(&entry);
        }
    }

    /// Takes a chat out of the index if nobody needs it any more.
    pub(crate) fn retire(&self, entry: &Arc<Entry>) {
        if entry.lock().retire() {
            self.forget(entry);
        }
    }

    fn forget(&self, entry: &Arc<Entry>) {
        self.chats
            .remove_if(&entry.id, |_, present| Arc::ptr_eq(present, entry));
    }
}
