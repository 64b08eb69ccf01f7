//! What may be wrong between a node and the log, and the wrapper that lets it be wrong.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use async_trait::async_trait;
use parlour_model::{
    ChatId, Draft, Event, EventId, EventKey, Member, Membership, Message, Seq, UserId, Visible,
};
use parlour_store::{
    Anchor, Appended, Authority, Cancellation, ChatLog, Creation, Head, Lookup, NewChat, Page,
    SharedStore, StoreError, Views,
};

/// A bug in how a node uses its log. Every method does the right thing unless a bug says otherwise.
#[async_trait]
pub trait StoreBug: Send + Sync {
    /// Appends.
    async fn append(&self, store: &SharedStore, chat: ChatId, drafts: Vec<Draft>) -> Appended {
        store.append(chat, drafts).await
    }

    /// Reads heads.
    async fn heads(
        &self,
        store: &SharedStore,
        chats: &[(ChatId, Seq)],
    ) -> Vec<Result<Option<Head>, StoreError>> {
        store.heads(chats).await
    }

    /// Reads events.
    ///
    /// # Errors
    /// As [`ChatLog::events`].
    async fn events(
        &self,
        store: &SharedStore,
        chat: ChatId,
        range: (Seq, Seq),
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        store.events(chat, range.0, range.1, limit).await
    }

    /// Reads a standing.
    ///
    /// # Errors
    /// As [`Views::authority`].
    async fn authority(
        &self,
        store: &SharedStore,
        chat: ChatId,
        user: UserId,
    ) -> Result<Option<Authority>, StoreError> {
        store.authority(chat, user).await
    }
}

/// A store as one node sees it, bug included.
pub struct StoreUnderTest {
    pub(super) inner: SharedStore,
    bug: Arc<dyn StoreBug>,
}

impl StoreUnderTest {
    /// `inner`, seen through `bug`.
    #[must_use]
    pub fn new(inner: SharedStore, bug: Arc<dyn StoreBug>) -> Self {
        Self { inner, bug }
    }
}

/// Makes a call during which paused time stands still: the store works in threads that tokio knows nothing of.
pub(super) async fn held<T>(call: impl Future<Output = T>) -> T {
    let (release, until_released) = sync_channel::<()>(1);
    // A blocking task keeps paused time from being moved on. It ends when the sender is dropped, with this call.
    let holding = tokio::task::spawn_blocking(move || until_released.recv().is_ok());
    let answer = call.await;
    drop(release);
    drop(holding);
    answer
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ChatLog for StoreUnderTest {
    async fn create(&self, new: NewChat) -> Result<Creation, StoreError> {
        held(self.inner.create(new)).await
    }

    async fn append(&self, chat: ChatId, drafts: Vec<Draft>) -> Appended {
        held(self.bug.append(&self.inner, chat, drafts)).await
    }

    async fn find(
        &self,
        chat: ChatId,
        author: UserId,
        key: EventKey,
        applied: Seq,
    ) -> Result<Lookup, StoreError> {
        held(self.inner.find(chat, author, key, applied)).await
    }

    async fn cancel(
        &self,
        chat: ChatId,
        author: UserId,
        key: EventKey,
    ) -> Result<Cancellation, StoreError> {
        held(self.inner.cancel(chat, author, key)).await
    }

    async fn heads(&self, chats: &[(ChatId, Seq)]) -> Vec<Result<Option<Head>, StoreError>> {
        held(self.bug.heads(&self.inner, chats)).await
    }

    async fn head(&self, chat: ChatId, near: Seq) -> Result<Option<Head>, StoreError> {
        let mut heads = self.heads(&[(chat, near)]).await;
        heads.pop().unwrap_or(Ok(None))
    }

    async fn events(
        &self,
        chat: ChatId,
        after: Seq,
        through: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let range = (after, through);
        held(self.bug.events(&self.inner, chat, range, limit)).await
    }

    async fn seq_of(&self, chat: ChatId, id: EventId) -> Result<Option<Seq>, StoreError> {
        held(self.inner.seq_of(chat, id)).await
    }

    fn observe(&self, event: &Event) {
        self.inner.observe(event);
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Views for StoreUnderTest {
    async fn authority(&self, chat: ChatId, user: UserId) -> Result<Option<Authority>, StoreError> {
        held(self.bug.authority(&self.inner, chat, user)).await
    }

    async fn page(
        &self,
        chat: ChatId,
        anchor: Anchor,
        limit: usize,
        visible: Visible,
    ) -> Result<Page, StoreError> {
        held(self.inner.page(chat, anchor, limit, visible)).await
    }

    async fn message(
        &self,
        chat: ChatId,
        seq: Seq,
        visible: Visible,
    ) -> Result<Option<Message>, StoreError> {
        held(self.inner.message(chat, seq, visible)).await
    }

    async fn members(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<Member>, StoreError> {
        held(self.inner.members(chat, after, limit)).await
    }

    async fn memberships(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        held(self.inner.memberships(user)).await
    }

    async fn finish(&self, chat: ChatId, effect_seq: Seq) -> Result<bool, StoreError> {
        held(self.inner.finish(chat, effect_seq)).await
    }
}
