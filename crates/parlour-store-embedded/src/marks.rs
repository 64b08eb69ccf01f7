//! [`Watermarks`]: one row per (user, chat), raised and never lowered, checked against the head in the same
//! transaction.

use async_trait::async_trait;
use parlour_model::{ChatId, Countable, Mark, Marks, Seq, UserId};
use parlour_store::{StoreError, Watermarks};
use rusqlite::{Connection, Row, params};

use crate::failure::Failure;
use crate::rows::{self, count, int};
use crate::writing::Writing;
use crate::{EmbeddedStore, sql};

#[async_trait]
impl Watermarks for EmbeddedStore {
    async fn raise(&self, user: UserId, chat: ChatId, mark: Mark) -> Result<Marks, StoreError> {
        self.write(move |writing| raise(writing, user, chat, mark))
            .await
    }

    async fn marks(&self, user: UserId, chat: ChatId) -> Result<Marks, StoreError> {
        self.read(move |conn| read(conn, user, chat)).await
    }

    async fn marks_of_user(&self, user: UserId) -> Result<Vec<(ChatId, Marks)>, StoreError> {
        self.read(move |conn| of_user(conn, user)).await
    }

    async fn marks_of_chat(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<(UserId, Marks)>, StoreError> {
        self.read(move |conn| of_chat(conn, chat, after, limit))
            .await
    }
}

fn raise(
    writing: &mut Writing<'_>,
    user: UserId,
    chat: ChatId,
    mark: Mark,
) -> Result<Marks, Failure> {
    let head = writing
        .head(chat)?
        .ok_or(StoreError::NotFound("the chat"))?;
    if mark.seq() > head.seq {
        return Err(StoreError::AboveHead { head: head.seq }.into());
    }
    let now = read(writing.conn, user, chat)?;
    let raised = match mark {
        Mark::Delivered(seq) if seq > now.delivered => Marks {
            delivered: seq,
            ..now
        },
        Mark::Read(seq) if seq > now.read => Marks {
            delivered: now.delivered.max(seq),
            read: seq,
            read_countable: countable(writing.conn, chat, seq)?,
        },
        Mark::Delivered(_) | Mark::Read(_) => return Ok(now),
    };
    put(writing.conn, user, chat, raised)?;
    Ok(raised)
}

/// Written as a maximum although one writer has just compared: so the row can never fall.
fn put(conn: &Connection, user: UserId, chat: ChatId, marks: Marks) -> Result<(), Failure> {
    sql::change(
        conn,
        "INSERT INTO marks (user, chat, delivered, read, read_countable)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (user, chat) DO UPDATE SET
             delivered = max(delivered, excluded.delivered),
             read = max(read, excluded.read),
             read_countable = max(read_countable, excluded.read_countable)",
        params![
            int(user.get()),
            int(chat.get()),
            int(marks.delivered.get()),
            int(marks.read.get()),
            int(marks.read_countable.get()),
        ],
    )?;
    Ok(())
}

/// The countable number of an event that must be there.
fn countable(conn: &Connection, chat: ChatId, seq: Seq) -> Result<Countable, Failure> {
    let query = "SELECT countable FROM events WHERE chat = ?1 AND seq = ?2";
    let at = params![int(chat.get()), int(seq.get())];
    let number = sql::one(conn, query, at, |row| rows::number(row, 0))?;
    let missing = || Failure::corrupt(format!("event {seq} of chat {chat} is missing"));
    number.map(Countable::new).ok_or_else(missing)
}

fn read(conn: &Connection, user: UserId, chat: ChatId) -> Result<Marks, Failure> {
    let query = "SELECT delivered, read, read_countable FROM marks WHERE user = ?1 AND chat = ?2";
    let at = params![int(user.get()), int(chat.get())];
    let marks = sql::one(conn, query, at, |row| decode(row, 0))?;
    Ok(marks.unwrap_or_default())
}

fn of_user(conn: &Connection, user: UserId) -> Result<Vec<(ChatId, Marks)>, Failure> {
    sql::all(
        conn,
        "SELECT chat, delivered, read, read_countable FROM marks WHERE user = ?1 ORDER BY chat",
        [int(user.get())],
        |row| Ok((ChatId::new(rows::number(row, 0)?)?, decode(row, 1)?)),
    )
}

fn of_chat(
    conn: &Connection,
    chat: ChatId,
    after: Option<UserId>,
    limit: usize,
) -> Result<Vec<(UserId, Marks)>, Failure> {
    let after = after.map_or(0, |user| int(user.get()));
    sql::all(
        conn,
        "SELECT user, delivered, read, read_countable FROM marks INDEXED BY marks_by_chat
         WHERE chat = ?1 AND user > ?2 ORDER BY user LIMIT ?3",
        params![int(chat.get()), after, count(limit)],
        |row| Ok((UserId::new(rows::number(row, 0)?)?, decode(row, 1)?)),
    )
}

fn decode(row: &Row<'_>, first: usize) -> Result<Marks, Failure> {
    Ok(Marks {
        delivered: rows::seq(row, first)?,
        read: rows::seq(row, first + 1)?,
        read_countable: Countable::new(rows::number(row, first + 2)?),
    })
}
