//! Who has received and read one message.

use parlour_model::{ChatId, Marks, Member, Seq, UserId};

use super::Chats;
use crate::{Actor, ServiceError};

impl Chats {
    /// The marks of everybody whom the message at `seq` was for: all present members who were there already, but its
    /// author.
    ///
    /// # Errors
    /// As [`Chats::message`].
    pub async fn receipts(
        &self,
        actor: &Actor,
        chat: ChatId,
        seq: Seq,
    ) -> Result<Vec<(UserId, Marks)>, ServiceError> {
        let message = self.message(actor, chat, seq).await?;
        let members = self.inner.all_members(actor, chat).await?.into_iter();
        let others =
            members.filter(|(member, _)| member.user != message.author && member.joined_seq <= seq);
        Ok(others.map(|(member, marks)| (member.user, marks)).collect())
    }

    /// All present members with their marks: how far each of many messages got.
    ///
    /// # Errors
    /// As [`Chats::members`].
    pub async fn all_marks(
        &self,
        actor: &Actor,
        chat: ChatId,
    ) -> Result<Vec<(Member, Marks)>, ServiceError> {
        self.inner.all_members(actor, chat).await
    }
}
