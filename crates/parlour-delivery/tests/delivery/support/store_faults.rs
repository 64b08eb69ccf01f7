//! How the store in memory is made to fail and to wait.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parlour_model::{ChatId, Seq, UserId};
use tokio::sync::Semaphore;

use super::store::MemoryStore;

impl MemoryStore {
    /// From now on reads of this kind wait for [`MemoryStore::open`]. With `.after`, they wait with what they read.
    pub(crate) fn shut(&self, kind: &'static str) {
        self.gates
            .lock()
            .unwrap()
            .insert(kind, Arc::new(Semaphore::new(0)));
    }

    /// Lets all waiting and later reads pass.
    pub(crate) fn open(&self, kind: &'static str) {
        if let Some(gate) = self.gates.lock().unwrap().remove(kind) {
            gate.close();
        }
    }

    /// The next reads of this kind fail.
    pub(crate) fn fail(&self, kind: &'static str, times: usize) {
        self.failures.lock().unwrap().insert(kind, times);
    }

    /// The next read of this kind panics.
    pub(crate) fn panic_at(&self, kind: &'static str) {
        *self.panics.lock().unwrap() = Some(kind);
    }

    /// Whether this chat's head and members cannot be read for now.
    pub(crate) fn set_away(&self, chat: ChatId, is_away: bool) {
        let mut state = self.lock();
        if is_away {
            state.away.insert(chat);
        } else {
            state.away.remove(&chat);
        }
    }

    /// Whether this chat's events and rights cannot be read for now.
    pub(crate) fn set_mute(&self, chat: ChatId, is_mute: bool) {
        let mut state = self.lock();
        if is_mute {
            state.mute.insert(chat);
        } else {
            state.mute.remove(&chat);
        }
    }

    /// From now on the head and the members of this chat contradict themselves.
    pub(crate) fn damage(&self, chat: ChatId) {
        self.lock().damaged.insert(chat);
    }

    /// From now on the events of this chat up to this one contradict themselves.
    pub(crate) fn spoil(&self, chat: ChatId, end: Seq) {
        self.lock().spoilt.insert(chat, end);
    }

    /// From now on the memberships of this user contradict themselves.
    pub(crate) fn damage_list(&self, user: UserId) {
        self.lock().unlisted.insert(user, true);
    }

    /// From now on the memberships of this user cannot be read.
    pub(crate) fn hide_list(&self, user: UserId) {
        self.lock().unlisted.insert(user, false);
    }

    /// From now on every read takes its time, each another.
    pub(crate) fn slow_down(&self, millis_max: u64) {
        self.slowness_ms.store(millis_max, Ordering::SeqCst);
    }
}
