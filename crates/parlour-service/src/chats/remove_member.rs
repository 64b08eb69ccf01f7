//! Taking somebody out of a group.

use parlour_model::{ChatId, Content, UserId};

use super::{Chats, Inner};
use crate::{Actor, ServiceError};

impl Chats {
    /// Takes `user` out. From this event on they neither post nor read, whatever any cache believes. Naming
    /// oneself is leaving.
    ///
    /// # Errors
    /// Chat not found for strangers; [`ServiceError::Forbidden`] unless one's role is the higher one; user not
    /// found if they are no member; those of [`Chats::leave`].
    pub async fn remove_member(
        &self,
        actor: &Actor,
        chat: ChatId,
        user: UserId,
    ) -> Result<(), ServiceError> {
        let (inner, actor) = (self.inner.clone(), *actor);
        let removing = async move { inner.remove_in_turn(&actor, chat, user).await };
        self.inner.turns.run(chat, removing).await
    }
}

impl Inner {
    pub(super) async fn remove_in_turn(
        &self,
        actor: &Actor,
        chat: ChatId,
        user: UserId,
    ) -> Result<(), ServiceError> {
        let content = Content::MemberRemoved { user };
        let epoch = self.gate.authorize_now(chat, actor.user, &content).await?;
        self.enter(actor, chat, epoch, content).await?;
        Ok(())
    }
}
