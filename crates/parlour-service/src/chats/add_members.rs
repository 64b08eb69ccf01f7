//! Making users members of a group: all of them in one event.

use std::collections::BTreeSet;

use parlour_model::{ChatId, Content, NewMember, Role, UserId, limits};

use super::create_group::too_many_members;
use super::policy::Operation;
use super::{Chats, Inner};
use crate::{Actor, ServiceError};

impl Chats {
    /// Makes `users` members. Who is one already is passed over, so doing it again is no error.
    ///
    /// # Errors
    /// Chat not found for strangers; [`ServiceError::Forbidden`]; user not found;
    /// [`crate::Refusal::LimitReached`] if the group would become too large: then nobody was added.
    pub async fn add_members(
        &self,
        actor: &Actor,
        chat: ChatId,
        users: Vec<UserId>,
    ) -> Result<(), ServiceError> {
        let (inner, actor) = (self.inner.clone(), *actor);
        let adding = async move { inner.add_in_turn(&actor, chat, users).await };
        self.inner.turns.run(chat, adding).await
    }
}

impl Inner {
    async fn add_in_turn(
        &self,
        actor: &Actor,
        chat: ChatId,
        users: Vec<UserId>,
    ) -> Result<(), ServiceError> {
        let operation = Operation::AddMembers;
        let standing = self.gate.allow_now(chat, actor.user, operation).await?;
        let max = limits::GROUP_MEMBERS_MAX;
        let present = self.store.read(|s| s.members(chat, None, max)).await?;
        let present: BTreeSet<UserId> = present.into_iter().map(|member| member.user).collect();
        let asked: BTreeSet<UserId> = users.into_iter().collect();
        let new: Vec<UserId> = asked.difference(&present).copied().collect();
        if new.is_empty() {
            return Ok(());
        }
        if present.len() + new.len() > max {
            return Err(ServiceError::Refused(too_many_members()));
        }
        self.check_users_exist(&new).await?;
        let role = Role::Member;
        let users = new
            .into_iter()
            .map(|user| NewMember { user, role })
            .collect();
        let content = Content::MembersAdded { users };
        self.enter(actor, chat, standing.epoch(), content).await?;
        Ok(())
    }
}
