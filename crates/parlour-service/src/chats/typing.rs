//! Showing that somebody types.

use parlour_model::ChatId;

use super::Chats;
use super::policy::Operation;
use crate::{Actor, ServiceError};

impl Chats {
    /// Tells those who look at the chat that the actor types, or no longer does. Nothing is stored.
    ///
    /// # Errors
    /// Chat not found for who is no member; [`ServiceError::Blocked`]; [`ServiceError::Unavailable`].
    pub async fn typing(&self, actor: &Actor, chat: ChatId, on: bool) -> Result<(), ServiceError> {
        let gate = &self.inner.gate;
        gate.allow(chat, actor.user, Operation::Typing).await?;
        self.inner.delivery.typing(chat, actor.user, on);
        Ok(())
    }
}
