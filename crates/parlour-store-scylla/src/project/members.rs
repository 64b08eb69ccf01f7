//! The cells of a chat's row and of its members, each membership once by chat and once by user.

use parlour_model::{AppData, Change, Content, Event, Role, Title, UserId};
use parlour_store::StoreError;
use scylla::value::MaybeUnset;

use crate::ScyllaStore;
use crate::codes;
use crate::columns::int;
use crate::cql::Statement;

static CHAT: Statement = Statement::new(
    "chats_write",
    "UPDATE chats SET chat_type = ?, created_at = ?, title = ?,
    history = ?, data = ?, updated_at = ? WHERE chat_id = ?",
);

static JOINED_BY_CHAT: Statement = Statement::new(
    "members_joined",
    "UPDATE members SET role = ?, joined_seq = ?,
    joined_countable = ?, joined_at = ? WHERE chat_id = ? AND user_id = ?",
);
static JOINED_BY_USER: Statement = Statement::new(
    "chats_by_user_joined",
    "UPDATE chats_by_user SET role = ?, joined_seq = ?,
    joined_countable = ?, joined_at = ? WHERE chat_id = ? AND user_id = ?",
);

static LEFT_BY_CHAT: Statement = Statement::new(
    "members_left",
    "UPDATE members SET left_seq = ? WHERE chat_id = ? AND user_id = ?",
);
static LEFT_BY_USER: Statement = Statement::new(
    "chats_by_user_left",
    "UPDATE chats_by_user SET left_seq = ? WHERE chat_id = ? AND user_id = ?",
);

static ROLE_BY_CHAT: Statement = Statement::new(
    "members_role",
    "UPDATE members SET role = ? WHERE chat_id = ? AND user_id = ?",
);
static ROLE_BY_USER: Statement = Statement::new(
    "chats_by_user_role",
    "UPDATE chats_by_user SET role = ? WHERE chat_id = ? AND user_id = ?",
);

impl ScyllaStore {
    pub(super) async fn write_chat(&self, event: &Event, change: Change) -> Result<(), StoreError> {
        let Change::Chat {
            title,
            history,
            data,
            at,
        } = change
        else {
            return Ok(());
        };
        let created = match &event.content {
            Content::ChatCreated { chat_type, .. } => Some(codes::chat_type_code(*chat_type)),
            _ => None,
        };
        let values = (
            MaybeUnset::from_option(created),
            MaybeUnset::from_option(created.map(|_| int(event.sent_at.as_millis()))),
            MaybeUnset::from_option(title.as_ref().map(Title::as_str)),
            MaybeUnset::from_option(history.map(codes::history_code)),
            MaybeUnset::from_option(data.as_ref().map(AppData::canonical)),
            int(at.as_millis()),
            int(event.chat.get()),
        );
        Ok(self
            .cql
            .write_at(&CHAT, values, int(event.seq.get()))
            .await?)
    }

    pub(super) async fn write_joined(
        &self,
        event: &Event,
        change: &Change,
    ) -> Result<(), StoreError> {
        let Change::Joined {
            user,
            role,
            countable,
            at,
        } = change
        else {
            return Ok(());
        };
        let seq = int(event.seq.get());
        let values = (
            codes::role_code(*role),
            seq,
            int(countable.get()),
            int(at.as_millis()),
            int(event.chat.get()),
            int(user.get()),
        );
        self.cql.write_at(&JOINED_BY_CHAT, values, seq).await?;
        Ok(self.cql.write_at(&JOINED_BY_USER, values, seq).await?)
    }

    pub(super) async fn write_left(&self, event: &Event, user: UserId) -> Result<(), StoreError> {
        let seq = int(event.seq.get());
        let values = (seq, int(event.chat.get()), int(user.get()));
        self.cql.write_at(&LEFT_BY_CHAT, values, seq).await?;
        Ok(self.cql.write_at(&LEFT_BY_USER, values, seq).await?)
    }

    pub(super) async fn write_role(
        &self,
        event: &Event,
        user: UserId,
        role: Role,
    ) -> Result<(), StoreError> {
        let seq = int(event.seq.get());
        let values = (
            codes::role_code(role),
            int(event.chat.get()),
            int(user.get()),
        );
        self.cql.write_at(&ROLE_BY_CHAT, values, seq).await?;
        Ok(self.cql.write_at(&ROLE_BY_USER, values, seq).await?)
    }
}
