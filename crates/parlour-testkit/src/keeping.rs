//! A device's local store that records what is applied: an event counts when it and its cursor are kept.
//!
//! A cursor that jumps where the server never told it to is not excused: the next event then breaks O4.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use parlour_client::{Batch, LocalStore, MemoryStore, Outgoing, Saved, StoreError};
use parlour_model::{ChatId, Seq};
use parlour_protocol::WireEvent;
use tokio::sync::watch;

use crate::history::{Digest, Seen, What};
use crate::notebook::Notebook;

/// Events of a chat kept for choosing what to edit, react to and read.
const EVENTS_KEPT: usize = 64;

/// The memory of one device. It outlives the runs of its client.
#[derive(Debug)]
pub(crate) struct RecordingStore {
    inner: MemoryStore,
    notebook: Arc<Notebook>,
    state: watch::Sender<Kept>,
}

/// What a device has kept.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// Its cursors.
    pub cursors: BTreeMap<ChatId, Seq>,
    /// How many sends are not settled.
    pub unsettled: usize,
    outbox: BTreeMap<u64, Outgoing>,
}

impl RecordingStore {
    /// An empty store that writes into `notebook`.
    pub(crate) fn new(notebook: Arc<Notebook>) -> Self {
        Self {
            inner: MemoryStore::new(EVENTS_KEPT),
            notebook,
            state: watch::Sender::default(),
        }
    }

    /// What is kept now and later.
    pub(crate) fn watch(&self) -> watch::Receiver<Kept> {
        self.state.subscribe()
    }

    fn note(&self, batch: &Batch) {
        if let Some(session) = &batch.session {
            self.notebook.belongs_to(session.user);
        }
        self.state.send_modify(|kept| {
            if batch.wipe {
                *kept = Kept::default();
            }
            for event in &batch.events {
                self.applied(kept, event);
            }
            for (chat, progress) in &batch.chats {
                match progress {
                    Some(progress) => self.moved(kept, *chat, progress.applied),
                    None => self.left(kept, *chat),
                }
            }
            for (order, outgoing) in &batch.outbox {
                match outgoing {
                    Some(outgoing) => drop(kept.outbox.insert(*order, outgoing.clone())),
                    None => drop(kept.outbox.remove(order)),
                }
            }
            kept.unsettled = kept.outbox.len();
        });
    }

    fn applied(&self, kept: &mut Kept, event: &WireEvent) {
        self.moved_before(kept, event);
        let digest = event.content().map_or_else(
            || Digest(event.kind.clone()),
            |content| Digest::of(&content),
        );
        self.notebook.record(What::Applied(Seen {
            chat: event.chat,
            seq: event.seq,
            id: event.id,
            author: event.author,
            key: event.key,
            digest,
        }));
        if Some(event.author) != self.notebook.user() {
            let traffic = &self.notebook.traffic;
            traffic.count(|counts| counts.received += 1);
        }
        self.stands_at(kept, event.chat, event.seq);
    }

    /// An event that does not follow the cursor may follow a head that the server told.
    fn moved_before(&self, kept: &mut Kept, event: &WireEvent) {
        let before = event.seq.previous();
        if kept.cursors.get(&event.chat) != Some(&before) {
            self.moved(kept, event.chat, before);
        }
    }

    fn moved(&self, kept: &mut Kept, chat: ChatId, seq: Seq) {
        let from = kept.cursors.get(&chat).copied();
        if from != Some(seq) && self.notebook.may_jump(chat, from, seq) {
            self.notebook.record(What::CursorSet { chat, seq });
            self.stands_at(kept, chat, seq);
        }
    }

    fn stands_at(&self, kept: &mut Kept, chat: ChatId, seq: Seq) {
        if kept.cursors.insert(chat, seq).is_none() {
            self.notebook.traffic.count(|counts| counts.joined += 1);
        }
    }

    fn left(&self, kept: &mut Kept, chat: ChatId) {
        if kept.cursors.remove(&chat).is_some() {
            self.notebook.traffic.count(|counts| counts.removed += 1);
        }
    }
}

#[async_trait]
impl LocalStore for RecordingStore {
    async fn load(&self) -> Result<Saved, StoreError> {
        self.inner.load().await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.note(&batch);
        self.inner.commit(batch).await
    }

    async fn events(
        &self,
        chat: ChatId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Arc<WireEvent>>, StoreError> {
        self.inner.events(chat, before, limit).await
    }
}
