//! A user's standing in a chat: chat, member and count as of one seq.

use parlour_model::{Chat, ChatId, Seq, Title, UserId};
use parlour_store::{Authority, Head, StoreError};

use crate::ScyllaStore;
use crate::codes;
use crate::columns::{corrupt, int};
use crate::cql::Statement;

/// Heads read at most for one authority. Each one but the last met a change of members or settings that was newer
/// than the head before, and those are rare.
const HEADS_MAX: usize = 16;

static CHAT: Statement = Statement::new(
    "chats_read",
    "SELECT chat_type, created_at, title, history, data, updated_at, WRITETIME(updated_at)
     FROM chats WHERE chat_id = ?",
);

type ChatRow = (
    Option<i8>,
    Option<i64>,
    Option<String>,
    Option<i8>,
    Option<String>,
    Option<i64>,
    Option<i64>,
);

/// Something read, with the seq of the newest event in it.
pub(super) struct Versioned<T> {
    pub(super) value: T,
    pub(super) version: Seq,
}

impl ScyllaStore {
    pub(super) async fn read_authority(
        &self,
        chat: ChatId,
        user: UserId,
    ) -> Result<Option<Authority>, StoreError> {
        for _ in 0..HEADS_MAX {
            let Some(head) = self.projected_head(chat).await? else {
                return Ok(None);
            };
            if let Some(authority) = self.authority_at(chat, user, &head).await? {
                return Ok(Some(authority));
            }
        }
        let reason = format!("the members of chat {chat} change faster than they can be read");
        Err(StoreError::Unavailable(reason))
    }

    /// The authority as of `head`, whose effects are all written; `None` if something newer was met.
    async fn authority_at(
        &self,
        chat: ChatId,
        user: UserId,
        head: &Head,
    ) -> Result<Option<Authority>, StoreError> {
        let (row, member, count) = tokio::try_join!(
            Box::pin(self.read_chat(chat)),
            Box::pin(self.member_row(chat, user)),
            Box::pin(self.member_count(chat, head.membership_seq)),
        )?;
        let newest = row.version.max(member.version).max(count.version);
        Ok((newest <= head.seq).then_some(Authority {
            chat: row.value,
            member: member.value,
            member_count: count.value,
            epoch: head.epoch,
            as_of: head.seq,
        }))
    }

    async fn read_chat(&self, chat: ChatId) -> Result<Versioned<Chat>, StoreError> {
        let row: Option<ChatRow> = self.cql.one(&CHAT, (int(chat.get()),)).await?;
        let missing = || corrupt(format!("chat {chat} has a log and no row"));
        let (chat_type, created_at, title, history, data, updated_at, at) =
            row.ok_or_else(missing)?;
        let (Some(chat_type), Some(created_at), Some(history), Some(updated_at)) =
            (chat_type, created_at, history, updated_at)
        else {
            return Err(missing());
        };
        let title = title.map(|title| Title::new(&title)).transpose();
        Ok(Versioned {
            value: Chat {
                id: chat,
                chat_type: codes::chat_type(chat_type)?,
                title: title.map_err(corrupt)?,
                history: codes::history(history)?,
                data: codes::app_data(data.as_deref())?,
                created_at: codes::time(created_at)?,
                updated_at: codes::time(updated_at)?,
            },
            version: codes::seq(at)?,
        })
    }

    /// How many members the chat has since `membership_seq`: remembered, because only a change of membership
    /// changes it.
    async fn member_count(
        &self,
        chat: ChatId,
        membership_seq: Seq,
    ) -> Result<Versioned<u64>, StoreError> {
        if let Some(count) = self.known.member_count(chat, membership_seq) {
            return Ok(Versioned {
                value: count,
                version: membership_seq,
            });
        }
        let count = self.count_members(chat).await?;
        if count.version <= membership_seq {
            self.known
                .learn_member_count(chat, membership_seq, count.value);
        }
        Ok(count)
    }
}
