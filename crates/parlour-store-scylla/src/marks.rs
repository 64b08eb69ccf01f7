//! [`Watermarks`]: max registers, because the seq of a mark is also its write timestamp.
//!
//! Invariants:
//! - `marks_by_user` is the truth. The copy by chat is written and acknowledged before it, so a mark that the truth
//!   holds is in both.
//! - Nothing is deleted and no time of a clock is written: a tombstone of today would hide every later mark.

use async_trait::async_trait;
use parlour_model::{ChatId, Countable, Mark, Marks, Seq, UserId};
use parlour_store::{StoreError, Watermarks};

use crate::ScyllaStore;
use crate::codes;
use crate::columns::{corrupt, int, limit, number};
use crate::cql::Statement;

static ONE: Statement = Statement::new(
    "marks_one",
    "SELECT delivered, read, read_countable FROM marks_by_user WHERE user_id = ? AND chat_id = ?",
);
static OF_USER: Statement = Statement::new(
    "marks_of_user",
    "SELECT chat_id, delivered, read, read_countable FROM marks_by_user WHERE user_id = ?",
);
static OF_CHAT: Statement = Statement::new(
    "marks_of_chat",
    "SELECT user_id, delivered, read, read_countable FROM marks_by_chat
     WHERE chat_id = ? AND user_id > ? LIMIT ?",
);
static DELIVERED_BY_CHAT: Statement = Statement::new(
    "marks_by_chat_delivered",
    "UPDATE marks_by_chat SET delivered = ? WHERE user_id = ? AND chat_id = ?",
);
static DELIVERED_BY_USER: Statement = Statement::new(
    "marks_by_user_delivered",
    "UPDATE marks_by_user SET delivered = ? WHERE user_id = ? AND chat_id = ?",
);
static READ_BY_CHAT: Statement = Statement::new(
    "marks_by_chat_read",
    "UPDATE marks_by_chat SET delivered = ?, read = ?, read_countable = ?
     WHERE user_id = ? AND chat_id = ?",
);
static READ_BY_USER: Statement = Statement::new(
    "marks_by_user_read",
    "UPDATE marks_by_user SET delivered = ?, read = ?, read_countable = ?
     WHERE user_id = ? AND chat_id = ?",
);

type Cells = (Option<i64>, Option<i64>, Option<i64>);
type KeyedCells = (i64, Option<i64>, Option<i64>, Option<i64>);

#[async_trait]
impl Watermarks for ScyllaStore {
    async fn raise(&self, user: UserId, chat: ChatId, mark: Mark) -> Result<Marks, StoreError> {
        let now = self.stored_marks(user, chat).await?;
        if let Some(now) = now.filter(|now| is_reached(now, mark)) {
            return Ok(now);
        }
        self.check_head(chat, mark.seq()).await?;
        let now = now.unwrap_or_default();
        match mark {
            // Nothing below the first event can be marked.
            Mark::Delivered(Seq::ZERO) | Mark::Read(Seq::ZERO) => Ok(now),
            Mark::Delivered(seq) => {
                self.write_delivered(user, chat, seq).await?;
                let delivered = now.delivered.max(seq);
                Ok(Marks { delivered, ..now })
            }
            Mark::Read(seq) => {
                let countable = self.log.event_known(chat, seq).await?.countable;
                self.write_read(user, chat, (seq, countable)).await?;
                Ok(Marks {
                    delivered: now.delivered.max(seq),
                    read: seq,
                    read_countable: countable,
                })
            }
        }
    }

    async fn marks(&self, user: UserId, chat: ChatId) -> Result<Marks, StoreError> {
        Ok(self.stored_marks(user, chat).await?.unwrap_or_default())
    }

    async fn marks_of_user(&self, user: UserId) -> Result<Vec<(ChatId, Marks)>, StoreError> {
        let rows: Vec<KeyedCells> = self.cql.all(&OF_USER, (int(user.get()),)).await?;
        let marks = rows.into_iter().map(|(chat, delivered, read, countable)| {
            let chat = ChatId::new(number(chat)?).map_err(corrupt)?;
            Ok((chat, decode((delivered, read, countable))?))
        });
        marks.collect()
    }

    async fn marks_of_chat(
        &self,
        chat: ChatId,
        after: Option<UserId>,
        rows_max: usize,
    ) -> Result<Vec<(UserId, Marks)>, StoreError> {
        let after = after.map_or(0, |user| int(user.get()));
        let range = (int(chat.get()), after, limit(rows_max));
        let rows: Vec<KeyedCells> = self.cql.all(&OF_CHAT, range).await?;
        let marks = rows.into_iter().map(|(user, delivered, read, countable)| {
            Ok((codes::user(user)?, decode((delivered, read, countable))?))
        });
        marks.collect()
    }
}

impl ScyllaStore {
    async fn stored_marks(&self, user: UserId, chat: ChatId) -> Result<Option<Marks>, StoreError> {
        let at = (int(user.get()), int(chat.get()));
        let cells: Option<Cells> = self.cql.one(&ONE, at).await?;
        cells.map(decode).transpose()
    }

    /// Refuses a mark above the head, as the store has it. Mostly that is one read at a quorum: of the head of the mark's own
    /// bucket. Only where a quorum shows no event of this seq is it asked for in a transaction, because whoever marks
    /// may have been shown an event whose commit was decided and has not reached a quorum yet. A memory of such answers
    /// would spare nothing: a mark that stays above the head is a client's mistake, and its requests are limited.
    async fn check_head(&self, chat: ChatId, seq: Seq) -> Result<(), StoreError> {
        // No event has such a seq, so nobody can know of it.
        let near = Some(seq).filter(|seq| *seq < Seq::LIMIT);
        let head = self.log.head(chat, near.unwrap_or_default()).await?;
        let head = head.ok_or(StoreError::NotFound("the chat"))?.seq;
        if seq > head {
            return Err(StoreError::AboveHead { head });
        }
        Ok(())
    }

    async fn write_delivered(
        &self,
        user: UserId,
        chat: ChatId,
        delivered: Seq,
    ) -> Result<(), StoreError> {
        let seq = int(delivered.get());
        let values = (seq, int(user.get()), int(chat.get()));
        let cql = &self.cql;
        cql.write_at(&DELIVERED_BY_CHAT, values, seq).await?;
        cql.write_at(&DELIVERED_BY_USER, values, seq).await?;
        Ok(())
    }

    async fn write_read(
        &self,
        user: UserId,
        chat: ChatId,
        (read, countable): (Seq, Countable),
    ) -> Result<(), StoreError> {
        let seq = int(read.get());
        let of_user = (int(user.get()), int(chat.get()));
        let values = (seq, seq, int(countable.get()), of_user.0, of_user.1);
        let cql = &self.cql;
        cql.write_at(&READ_BY_CHAT, values, seq).await?;
        cql.write_at(&READ_BY_USER, values, seq).await?;
        Ok(())
    }
}

/// Whether `marks` stand at or above `mark`.
fn is_reached(marks: &Marks, mark: Mark) -> bool {
    match mark {
        Mark::Delivered(seq) => marks.delivered >= seq,
        Mark::Read(seq) => marks.read >= seq,
    }
}

fn decode((delivered, read, countable): Cells) -> Result<Marks, StoreError> {
    Ok(Marks {
        delivered: codes::seq(delivered)?,
        read: codes::seq(read)?,
        read_countable: Countable::new(number(countable.unwrap_or(0))?),
    })
}
