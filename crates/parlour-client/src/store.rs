//! What a client keeps on its own device, and the one way to change it.
//!
//! - A [`Batch`] is one transaction: cursors are stored together with the events that moved them.
//! - The client acts (sends, acknowledges, tells the application) only after `commit` has returned, so
//!   nothing it said is forgotten by a crash.
//! - A rotated refresh token is committed before its access token is used.

mod memory;
mod outgoing;
mod sqlite;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use parlour_model::{ChatId, Seq, SessionId, Timestamp, UserId};
use parlour_protocol::{Secret, WireEvent};

pub use memory::MemoryStore;
pub use outgoing::{Operation, Outgoing};
pub use sqlite::SqliteStore;

/// Where a client keeps its session, cursors, events and outbox. One client per store.
#[async_trait]
pub trait LocalStore: Send + Sync + std::fmt::Debug {
    /// Everything but the events, as the last commit left it.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    async fn load(&self) -> Result<Saved, StoreError>;

    /// Makes every change of `batch` durable, or none of them.
    ///
    /// # Errors
    /// [`StoreError`] if nothing, or not all, is known to be kept.
    async fn commit(&self, batch: Batch) -> Result<(), StoreError>;

    /// The newest cached events of a chat below `before` (or all), at most `limit`, ascending and without a hole.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    async fn events(
        &self,
        chat: ChatId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Arc<WireEvent>>, StoreError>;
}

/// The local store failed.
#[derive(Debug, thiserror::Error)]
#[error("the local store failed: {message}")]
pub struct StoreError {
    message: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// A failure with its cause.
    pub fn new(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self {
            message: source.to_string(),
            source: Some(Box::new(source)),
        }
    }

    /// A failure in words.
    #[must_use]
    pub fn message(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }
}

/// What [`LocalStore::load`] finds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved {
    /// Who is signed in on this device.
    pub session: Option<SavedSession>,
    /// By chat, how far the device is.
    pub chats: BTreeMap<ChatId, Progress>,
    /// Unsettled sends, in the order they were made.
    pub outbox: Vec<Outgoing>,
}

/// A device's sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSession {
    /// Who.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The access token.
    pub access_token: Secret,
    /// When the access token ends, by this device's clock.
    pub expires_at: Timestamp,
    /// The refresh token that follows.
    pub refresh_token: Secret,
}

/// How far a device is in one chat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// The cursor: every event up to here is applied.
    pub applied: Seq,
    /// The last applied message of somebody else; zero if none.
    pub others: Seq,
    /// Up to here may be messages this device never received (it joined late, or a `too_long` skipped them).
    pub unseen: Seq,
    /// The user has read up to here.
    pub read: Seq,
}

/// Changes that are made together or not at all, in the order of the fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Whether everything kept so far goes first: another user signs in, or the user signed out.
    pub wipe: bool,
    /// The session as it is now.
    pub session: Option<SavedSession>,
    /// Chats whose cached events go.
    pub dropped: Vec<ChatId>,
    /// Events newly applied.
    pub events: Vec<Arc<WireEvent>>,
    /// Chats that moved; `None`: no longer the user's.
    pub chats: BTreeMap<ChatId, Option<Progress>>,
    /// Sends that are new, changed, or (`None`) settled, by their `order`.
    pub outbox: BTreeMap<u64, Option<Outgoing>>,
}

impl Batch {
    /// Whether there is nothing to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.wipe
            && self.session.is_none()
            && self.dropped.is_empty()
            && self.events.is_empty()
            && self.chats.is_empty()
            && self.outbox.is_empty()
    }

    /// Drops a chat's cached events, those of this batch included.
    pub fn drop_events(&mut self, chat: ChatId) {
        self.events.retain(|event| event.chat != chat);
        if !self.dropped.contains(&chat) {
            self.dropped.push(chat);
        }
    }
}
