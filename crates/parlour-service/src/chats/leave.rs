//! Leaving a group.
//!
//! An owner hands the group over first. Only when nobody else is left may an owner leave, and the group stays
//! behind without members.

use parlour_model::ChatId;

use super::Chats;
use crate::{Actor, ServiceError};

impl Chats {
    /// Ends the actor's own membership.
    ///
    /// # Errors
    /// Chat not found for strangers; [`ServiceError::Forbidden`] in a direct chat; [`ServiceError::Invalid`] for
    /// an owner who would leave others behind.
    pub async fn leave(&self, actor: &Actor, chat: ChatId) -> Result<(), ServiceError> {
        self.remove_member(actor, chat, actor.user).await
    }
}
