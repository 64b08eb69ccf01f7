//! Who has received and read one message.

use parlour_model::{ChatId, Marks, Seq, UserId};

use super::Chats;
use crate::{Actor, ServiceError};

impl Chats {
    /// The marks of everybody whom the message at `seq` was for: all present members but its author.
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
        let others = members.filter(|(member, _)| member.user != message.author);
        Ok(others.map(|(member, marks)| (member.user, marks)).collect())
    }
}
