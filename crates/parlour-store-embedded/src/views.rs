//! [`Views`] over the projection. Effects are part of the commit, so there is never an open walk to finish.

use async_trait::async_trait;
use parlour_model::{Chat, ChatId, Member, Membership, Message, Seq, Title, UserId, Visible};
use parlour_store::{Anchor, Authority, Page, StoreError, Views};
use rusqlite::{Connection, Row, params};

use crate::failure::Failure;
use crate::rows::{self, EVENT, MEMBER, count, int};
use crate::writing::read_head;
use crate::{EmbeddedStore, overlay, page, sql};

#[async_trait]
impl Views for EmbeddedStore {
    async fn authority(&self, chat: ChatId, user: UserId) -> Result<Option<Authority>, StoreError> {
        self.read(move |conn| authority(conn, chat, user)).await
    }

    async fn page(
        &self,
        chat: ChatId,
        anchor: Anchor,
        limit: usize,
        visible: Visible,
    ) -> Result<Page, StoreError> {
        self.read(move |conn| page::read(conn, chat, anchor, limit, visible))
            .await
    }

    async fn message(
        &self,
        chat: ChatId,
        seq: Seq,
        visible: Visible,
    ) -> Result<Option<Message>, StoreError> {
        if !visible.contains(seq) {
            return Ok(None);
        }
        self.read(move |conn| message(conn, chat, seq, visible.through))
            .await
    }

    async fn members(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<Member>, StoreError> {
        self.read(move |conn| members(conn, chat, after, limit))
            .await
    }

    async fn memberships(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        self.read(move |conn| memberships(conn, user)).await
    }
}

fn authority(conn: &Connection, chat: ChatId, user: UserId) -> Result<Option<Authority>, Failure> {
    let Some(head) = read_head(conn, chat)? else {
        return Ok(None);
    };
    let row = sql::one(
        conn,
        "SELECT chat_type, created_at, title, history, updated_at, data FROM chats WHERE chat = ?1",
        [int(chat.get())],
        |row| read_chat(chat, row),
    )?;
    let missing = || Failure::corrupt(format!("chat {chat} has a log and no row"));
    Ok(Some(Authority {
        chat: row.ok_or_else(missing)?,
        member: member(conn, chat, user)?,
        member_count: member_count(conn, chat)?,
        epoch: head.epoch,
        as_of: head.seq,
    }))
}

fn read_chat(id: ChatId, row: &Row<'_>) -> Result<Chat, Failure> {
    let title: Option<String> = row.get(2)?;
    let title = title.map(|title| Title::new(&title)).transpose();
    Ok(Chat {
        id,
        chat_type: rows::chat_type(rows::number(row, 0)?)?,
        title: title.map_err(Failure::corrupt)?,
        history: rows::history(rows::number(row, 3)?)?,
        created_at: rows::time(row, 1)?,
        updated_at: rows::time(row, 4)?,
        data: rows::app_data(row, 5)?,
    })
}

fn member(conn: &Connection, chat: ChatId, user: UserId) -> Result<Option<Member>, Failure> {
    let query =
        format!("SELECT {MEMBER} FROM members WHERE chat = ?1 AND user = ?2 AND joined_seq > 0");
    let at = params![int(chat.get()), int(user.get())];
    sql::one(conn, &query, at, |row| rows::member(row, 0))
}

fn member_count(conn: &Connection, chat: ChatId) -> Result<u64, Failure> {
    let query = "SELECT count(*) FROM members INDEXED BY members_joined
                 WHERE chat = ?1 AND joined = 1";
    let members = sql::one(conn, query, [int(chat.get())], |row| rows::number(row, 0))?;
    Ok(members.unwrap_or(0))
}

fn members(
    conn: &Connection,
    chat: ChatId,
    after: Option<UserId>,
    limit: usize,
) -> Result<Vec<Member>, Failure> {
    let query = format!(
        "SELECT {MEMBER} FROM members INDEXED BY members_joined
         WHERE chat = ?1 AND joined = 1 AND user > ?2 ORDER BY user LIMIT ?3"
    );
    let after = after.map_or(0, |user| int(user.get()));
    let range = params![int(chat.get()), after, count(limit)];
    sql::all(conn, &query, range, |row| rows::member(row, 0))
}

fn memberships(conn: &Connection, user: UserId) -> Result<Vec<Membership>, Failure> {
    let query = format!(
        "SELECT chat, {MEMBER} FROM members INDEXED BY members_by_user
         WHERE user = ?1 AND joined_seq > 0 ORDER BY chat"
    );
    sql::all(conn, &query, [int(user.get())], |row| {
        Ok(Membership {
            chat: ChatId::new(rows::number(row, 0)?)?,
            member: rows::member(row, 1)?,
        })
    })
}

fn message(
    conn: &Connection,
    chat: ChatId,
    seq: Seq,
    through: Seq,
) -> Result<Option<Message>, Failure> {
    let query = format!("SELECT {EVENT} FROM lines WHERE chat = ?1 AND seq = ?2");
    let at = params![int(chat.get()), int(seq.get())];
    let event = sql::one(conn, &query, at, |row| rows::event(chat, row))?;
    let messages = overlay::lay_over(conn, chat, event.into_iter().collect(), through)?;
    Ok(messages.into_iter().next())
}
