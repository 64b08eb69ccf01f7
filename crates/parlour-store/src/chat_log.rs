//! The log of a chat: the heart.

use async_trait::async_trait;
use parlour_model::{
    ChatId, Content, Countable, Draft, Epoch, Event, EventId, EventKey, KeyError, Seq, UserId,
};

use crate::StoreError;

/// The logs of all chats.
///
/// # What `append` guarantees
/// 1. Seqs of a chat are exactly 1, 2, 3 …; ids rise with them, whatever the clocks say.
/// 2. An event is durable before the call returns and before any reader sees it.
/// 3. One (chat, author, key) is one event, for 14 days, over restarts and any number of gateways. A key
///    whose own time is over 13 days old or over 10 minutes ahead is refused.
/// 4. The draft's `epoch` is the chat's rights epoch at the moment of the commit, or the draft is refused
///    with [`Outcome::RightsChanged`]: nobody posts after their right was taken.
/// 5. Drafts of one call keep their order among those that are created; one bad draft fails alone. The same
///    (author, key) twice in one call is one event with two answers.
///
/// # Order of checks of one draft
/// Key time, then key seen before, then chat exists, then epoch, then size.
#[async_trait]
pub trait ChatLog: Send + Sync {
    /// Writes seq 1 of a chat unless the chat exists. Idempotent: whoever comes later gets `Existing`.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    async fn create(&self, new: NewChat) -> Result<Creation, StoreError>;

    /// Appends drafts to a chat; one outcome for each, in their order.
    async fn append(&self, chat: ChatId, drafts: Vec<Draft>) -> Appended;

    /// What became of a key, as far as any attempt of it has been committed.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] says nothing about the key.
    async fn find(
        &self,
        chat: ChatId,
        author: UserId,
        key: EventKey,
        applied: Seq,
    ) -> Result<Lookup, StoreError>;

    /// Makes sure that no attempt of a key is or ever will be an event, unless one already is.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] call again.
    async fn cancel(
        &self,
        chat: ChatId,
        author: UserId,
        key: EventKey,
    ) -> Result<Cancellation, StoreError>;

    /// The heads of several chats, one answer for each, in their order; `None` for a chat that does not exist.
    /// `near` is a seq the caller knows of (or zero), from which a store guesses where the head lies. A chat
    /// that cannot be read has its own error and keeps no other from being answered.
    async fn heads(&self, chats: &[(ChatId, Seq)]) -> Vec<Result<Option<Head>, StoreError>>;

    /// The head of one chat.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::Corrupt`] for a chat that contradicts itself.
    async fn head(&self, chat: ChatId, near: Seq) -> Result<Option<Head>, StoreError> {
        let mut heads = self.heads(&[(chat, near)]).await;
        heads.pop().unwrap_or(Ok(None))
    }

    /// Events after `after` up to and including `through`, ascending and without a hole, at most `limit`.
    /// Fewer than asked for means that the head (or `through`) was reached.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] rather than a hole.
    async fn events(
        &self,
        chat: ChatId,
        after: Seq,
        through: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError>;

    /// The seq of a public id.
    ///
    /// # Errors
    /// None that say anything about the id.
    async fn seq_of(&self, chat: ChatId, id: EventId) -> Result<Option<Seq>, StoreError>;

    /// Tells the store of an event seen elsewhere: a hint for its head cache, never for the epoch.
    fn observe(&self, event: &Event);
}

/// A chat that shall exist.
#[derive(Debug, Clone)]
pub struct NewChat {
    /// Its id.
    pub id: ChatId,
    /// Author of seq 1.
    pub creator: UserId,
    /// The creator's key.
    pub key: EventKey,
    /// A [`Content::ChatCreated`].
    pub content: Content,
}

/// What `create` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// The chat is new; its seq 1.
    Created(Event),
    /// The chat existed; its seq 1.
    Existing(Event),
}

/// The answer of one `append`.
#[derive(Debug)]
pub struct Appended {
    /// One for each draft, in their order.
    pub outcomes: Vec<Outcome>,
    /// The head after the call, as far as known.
    pub head: Option<Head>,
    /// How often another node was faster.
    pub lost_races: u32,
}

/// What became of one draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Durable, and new.
    Created(Event),
    /// Durable since an earlier attempt of the same key with the same content.
    Existing(Event),
    /// The key names another event, with other content. Never stored.
    KeyReused(Event),
    /// The key was cancelled. Never stored.
    Cancelled,
    /// The rights epoch is not the draft's: authorize again, then append again. Not stored.
    RightsChanged,
    /// This attempt is certainly not in the log and never will be.
    NotStored(NotStored),
    /// The attempt may be in the log or may still enter it. Retry with the same key; start looking for it
    /// after `applied` if one is given.
    Unknown {
        /// Everything up to here was searched and does not hold the key.
        applied: Option<Seq>,
    },
}

/// Why a draft was not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotStored {
    /// The key's own time is outside the window.
    #[error(transparent)]
    KeyTime(#[from] KeyError),
    /// There is no such chat.
    #[error("the chat does not exist")]
    ChatNotFound,
    /// The content is larger than [`parlour_model::limits::BATCH_BYTES_MAX`] as JSON.
    #[error("the event is too large")]
    TooLarge,
    /// The store cannot write until an operator makes room.
    #[error("the store is read-only: {0}")]
    ReadOnly(String),
    /// The store could not be reached or is overloaded; try again.
    #[error("the store cannot be reached or is overloaded: {0}")]
    Unavailable(String),
}

/// What became of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It is this event.
    Found(Event),
    /// It was cancelled.
    Cancelled,
    /// No attempt has been committed; one under way may still be.
    Absent,
}

/// What `cancel` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancellation {
    /// No attempt of the key is or will be stored.
    Cancelled,
    /// Too late: it is this event.
    Found(Event),
}

/// Where a chat's log ends, and what its statics say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last event.
    pub seq: Seq,
    /// Its id.
    pub id: EventId,
    /// How many events count as unread.
    pub countable: Countable,
    /// The rights epoch.
    pub epoch: Epoch,
    /// The last event that changed membership.
    pub membership_seq: Seq,
    /// The last event that had an effect.
    pub effect_seq: Seq,
}
