//! Discarding a message of which it is not known whether it was stored.

use parlour_model::{ChatId, EventKey, Seq};
use parlour_store::{Cancellation, Lookup};

use super::{Chats, Inner};
use crate::patience::failure;
use crate::{Actor, Missing, Refusal, ServiceError};

impl Chats {
    /// Makes sure that no attempt of a key is or ever will be stored, unless one already is.
    ///
    /// Former members may do this too: a message may have become pending just before they were removed.
    ///
    /// # Errors
    /// Chat not found for strangers; [`Refusal::KeyTime`] for a key outside the window of which nothing is stored: no
    /// node accepts it any more. [`ServiceError::Unavailable`], [`ServiceError::OutcomeUnknown`]: call again.
    pub async fn cancel(
        &self,
        actor: &Actor,
        chat: ChatId,
        key: EventKey,
    ) -> Result<Cancellation, ServiceError> {
        let inner = &self.inner;
        let standing = inner.gate.authorities().fresh(chat, actor.user).await?;
        if !standing.was_member() {
            return Err(ServiceError::NotFound(Missing::Chat));
        }
        let cancellation = match key.check_time(inner.clock.now()) {
            Ok(()) => inner.commit_cancellation(actor, chat, key).await,
            Err(outside) => {
                inner
                    .found(actor, chat, key, Refusal::KeyTime(outside))
                    .await
            }
        }?;
        if let Cancellation::Found(event) = &cancellation {
            inner.delivery.announce(event);
        }
        Ok(cancellation)
    }
}

impl Inner {
    async fn commit_cancellation(
        &self,
        actor: &Actor,
        chat: ChatId,
        key: EventKey,
    ) -> Result<Cancellation, ServiceError> {
        let cancelled = self.store.settle(|s| s.cancel(chat, actor.user, key)).await;
        cancelled.map_err(failure)
    }

    async fn found(
        &self,
        actor: &Actor,
        chat: ChatId,
        key: EventKey,
        otherwise: Refusal,
    ) -> Result<Cancellation, ServiceError> {
        let found = self
            .store
            .read(|s| s.find(chat, actor.user, key, Seq::ZERO));
        match found.await? {
            Lookup::Found(event) => Ok(Cancellation::Found(event)),
            Lookup::Cancelled => Ok(Cancellation::Cancelled),
            Lookup::Absent => Err(ServiceError::Refused(otherwise)),
        }
    }
}
