//! Promoting, demoting, handing over.
//!
//! Handing over is one event: it makes the named member the owner and, by the same commit, the author an admin.
//! So no crash and no race leaves two owners or none: of two at the same time the second is refused by the
//! epoch, judged again, and then comes from somebody who is no owner any more.

use parlour_model::{ChatId, Content, Member, Role, UserId};

use super::policy::Operation;
use super::{Chats, Inner};
use crate::{Actor, ServiceError};

impl Chats {
    /// Gives a member another role; [`Role::Owner`] hands the group over. A role they have already is no error.
    ///
    /// # Errors
    /// Chat not found for strangers; [`ServiceError::Forbidden`] for who is not the owner, and for the owner's
    /// own role; user not found if they are no member.
    pub async fn set_role(
        &self,
        actor: &Actor,
        chat: ChatId,
        user: UserId,
        role: Role,
    ) -> Result<(), ServiceError> {
        let (inner, actor) = (self.inner.clone(), *actor);
        let content = Content::RoleChanged { user, role };
        let changing = async move { inner.set_role_in_turn(&actor, chat, content).await };
        self.inner.turns.run(chat, changing).await
    }
}

impl Inner {
    async fn set_role_in_turn(
        &self,
        actor: &Actor,
        chat: ChatId,
        content: Content,
    ) -> Result<(), ServiceError> {
        let Content::RoleChanged { user, role } = content else {
            return Err(ServiceError::Forbidden);
        };
        self.gate
            .allow_now(chat, actor.user, Operation::SetRole)
            .await?;
        let present = self.gate.authorities().fresh(chat, user).await?;
        if present.member().map(|member: &Member| member.role) == Some(role) {
            return Ok(());
        }
        let epoch = self.gate.authorize_now(chat, actor.user, &content).await?;
        self.enter(actor, chat, epoch, content).await?;
        Ok(())
    }
}
