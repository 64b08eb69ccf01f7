//! A store that lives as long as the process: for tests, load generators and bots that may forget.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use parlour_model::{ChatId, Seq};
use parlour_protocol::WireEvent;

use super::{Batch, LocalStore, Saved, StoreError};

/// Keeps everything in memory, of each chat's events the newest only.
#[derive(Debug)]
pub struct MemoryStore {
    events_per_chat_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    saved: Saved,
    // not a queue: the newest events of each chat; nobody waits for them
    events: BTreeMap<ChatId, VecDeque<Arc<WireEvent>>>,
}

impl MemoryStore {
    /// Events kept per chat by [`MemoryStore::default`].
    pub const EVENTS_PER_CHAT_DEFAULT: usize = 1_000;

    /// An empty store that keeps at most this many events of each chat; zero keeps none.
    #[must_use]
    pub fn new(events_per_chat_max: usize) -> Self {
        Self {
            events_per_chat_max,
            kept: Mutex::default(),
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        // A panic elsewhere cannot leave `Kept` half changed in a way that matters more than going on.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(Self::EVENTS_PER_CHAT_DEFAULT)
    }
}

impl Kept {
    fn apply(&mut self, batch: Batch, events_per_chat_max: usize) {
        if batch.wipe {
            *self = Self::default();
        }
        if batch.session.is_some() {
            self.saved.session = batch.session;
        }
        for chat in batch.dropped {
            self.events.remove(&chat);
        }
        for event in batch.events {
            let events = self.events.entry(event.chat).or_default();
            events.push_back(event);
            if events.len() > events_per_chat_max {
                events.pop_front();
            }
        }
        for (chat, progress) in batch.chats {
            match progress {
                Some(progress) => drop(self.saved.chats.insert(chat, progress)),
                None => drop(self.saved.chats.remove(&chat)),
            }
        }
        for (order, outgoing) in batch.outbox {
            self.saved.outbox.retain(|kept| kept.order != order);
            self.saved.outbox.extend(outgoing);
        }
        self.saved.outbox.sort_by_key(|outgoing| outgoing.order);
    }
}

#[async_trait]
impl LocalStore for MemoryStore {
    async fn load(&self) -> Result<Saved, StoreError> {
        Ok(self.kept().saved.clone())
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.kept().apply(batch, self.events_per_chat_max);
        Ok(())
    }

    async fn events(
        &self,
        chat: ChatId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Arc<WireEvent>>, StoreError> {
        let kept = self.kept();
        let Some(events) = kept.events.get(&chat) else {
            return Ok(Vec::new());
        };
        let below = |event: &&Arc<WireEvent>| before.is_none_or(|before| event.seq < before);
        let mut page: Vec<_> = events
            .iter()
            .rev()
            .filter(below)
            .take(limit)
            .cloned()
            .collect();
        page.reverse();
        Ok(page)
    }
}
