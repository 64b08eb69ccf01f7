//! What creating any chat has in common: the first event, and the creator's view of it.
//!
//! The effects of a first event grow with the members that it names, so a creation may take a store longer than any other
//! call. One that is stopped half way leaves them to whoever reads the chat, in reads that are stopped as well: so it goes
//! on to its end, and is not begun again beside itself.

use std::sync::Arc;
use std::time::Duration;

use parlour_model::{ChatId, Event};
use parlour_store::{ChatSummary, Creation, NewChat};

use super::{Chats, Inner};
use crate::finish::finish;
use crate::patience::failure;
use crate::{Actor, ServiceError};

/// How long a creation is waited for: a thousand members take a small store of three nodes some four seconds.
const CREATED_WITHIN: Duration = Duration::from_secs(12);

impl Chats {
    /// Creates `new` unless the chat exists, and answers its first event and whether it existed.
    ///
    /// Creating is idempotent, and the first event is announced either way: whoever wrote it may have died
    /// before telling anybody. A caller who goes away, or is told that nothing is known yet, does not keep it from being
    /// announced.
    pub(super) async fn create(&self, new: NewChat) -> Result<(Event, bool), ServiceError> {
        let inner = Arc::clone(&self.inner);
        let creating = async move { inner.create_and_announce(new).await };
        let created = finish(&self.inner.tracker, creating);
        let unknown = ServiceError::OutcomeUnknown { applied: None };
        tokio::time::timeout(CREATED_WITHIN, created)
            .await
            .unwrap_or(Err(unknown))
    }
}

impl Inner {
    async fn create_and_announce(&self, new: NewChat) -> Result<(Event, bool), ServiceError> {
        let creation = self.store.settle_to_the_end(|s| s.create(new.clone()));
        let (event, existed) = match creation.await.map_err(failure)? {
            Creation::Created(event) => (event, false),
            Creation::Existing(event) => (event, true),
        };
        self.delivery.announce(&event);
        Ok((event, existed))
    }

    /// An id for a new chat.
    pub(super) fn new_chat_id(&self) -> Result<ChatId, ServiceError> {
        Ok(ChatId::new(self.ids.next_id()?).expect("ids are positive and below 2^63"))
    }
}

/// A chat as its creator sees it, and whether it existed before.
pub(super) type Created = (ChatSummary, bool);

impl Chats {
    /// The answer to a creation. The chat exists, so its errors do not say that nothing was stored.
    pub(super) async fn created(
        &self,
        actor: &Actor,
        chat: ChatId,
        existed: bool,
    ) -> Result<Created, ServiceError> {
        let summary = self.get(actor, chat).await;
        Ok((summary.map_err(ServiceError::after_commit)?, existed))
    }
}
