//! Blocking somebody.
//!
//! The row comes first; then, where the two have a direct chat, an event that shows nothing but raises the chat's rights
//! epoch. A message that was allowed before the row was written is then refused by its own commit. A caller who goes away does not
//! cut the two apart.

use std::sync::Arc;

use parlour_model::{ChatId, Content, Draft, EventKey, UserId};
use parlour_store::{ClaimSpace, Outcome};

use super::create_direct::pair_name;
use super::{Chats, Inner};
use crate::finish::finish;
use crate::{Actor, Missing, ServiceError};

/// How often the rights may change under us before we give up for now.
const ATTEMPTS: usize = 5;

impl Chats {
    /// Blocks (`on`) or unblocks a user for the actor. Doing it again is no error.
    ///
    /// # Errors
    /// [`Missing::User`]; [`ServiceError::Invalid`] for oneself; [`ServiceError::Unavailable`] and
    /// [`ServiceError::OutcomeUnknown`]: call again.
    pub async fn block(&self, actor: &Actor, user: UserId, on: bool) -> Result<(), ServiceError> {
        let inner = &self.inner;
        if user == actor.user {
            return Err(ServiceError::Invalid {
                field: "user",
                reason: "must be somebody else".to_owned(),
            });
        }
        if inner.store.read(|s| s.user(user)).await?.is_none() {
            return Err(ServiceError::NotFound(Missing::User));
        }
        let (inner, blocker) = (Arc::clone(inner), actor.user);
        let blocking = async move { inner.set_block(blocker, user, on).await };
        finish(&self.inner.tracker, blocking).await
    }

    /// Whether the actor has blocked a user. Of whether they have blocked the actor it says nothing.
    ///
    /// # Errors
    /// [`Missing::User`]; [`ServiceError::Unavailable`].
    pub async fn has_blocked(&self, actor: &Actor, user: UserId) -> Result<bool, ServiceError> {
        let store = &self.inner.store;
        if store.read(|s| s.user(user)).await?.is_none() {
            return Err(ServiceError::NotFound(Missing::User));
        }
        store.read(|s| s.is_blocked(actor.user, user)).await
    }
}

impl Inner {
    async fn set_block(&self, blocker: UserId, user: UserId, on: bool) -> Result<(), ServiceError> {
        self.store.write(|s| s.set_block(blocker, user, on)).await?;
        // The row stands, so from here on no failure says that nothing was stored.
        let raised = self.raise_epoch_of_pair(blocker, user).await;
        raised.map_err(ServiceError::after_commit)
    }

    async fn raise_epoch_of_pair(&self, author: UserId, other: UserId) -> Result<(), ServiceError> {
        match self.direct_chat(author, other).await? {
            Some(chat) => self.raise_epoch(chat, author).await,
            None => Ok(()),
        }
    }

    async fn direct_chat(&self, a: UserId, b: UserId) -> Result<Option<ChatId>, ServiceError> {
        let pair = pair_name(a, b);
        let owner = self
            .store
            .read(|s| s.owner(ClaimSpace::DirectPair, &pair))
            .await?;
        Ok(owner.and_then(|number| ChatId::new(number).ok()))
    }

    /// Appends an event that shows nothing to a chat, so that what was authorized before is authorized again.
    async fn raise_epoch(&self, chat: ChatId, author: UserId) -> Result<(), ServiceError> {
        let key = EventKey::generate(self.clock.now());
        let mut applied = None;
        for _ in 0..ATTEMPTS {
            let Some(authority) = self.store.read(|s| s.authority(chat, author)).await? else {
                // Only the name exists yet: nothing in the chat was allowed before this block.
                return Ok(());
            };
            // Where the first attempt may lie, and so where every later one looks for it.
            let applied = *applied.get_or_insert(authority.as_of);
            let draft = Draft::new(author, key, authority.epoch, Content::Hidden {});
            match self.store.append(chat, draft.applied(applied)).await {
                Outcome::Created(event) | Outcome::Existing(event) => {
                    self.gate.authorities().changed(&event).await;
                    self.delivery.announce(&event);
                    return Ok(());
                }
                Outcome::RightsChanged | Outcome::Unknown { .. } => {}
                Outcome::NotStored(reason) => {
                    return Err(ServiceError::Unavailable(reason.to_string()));
                }
                Outcome::KeyReused(_) | Outcome::Cancelled => break,
            }
        }
        Err(ServiceError::OutcomeUnknown { applied: None })
    }
}
