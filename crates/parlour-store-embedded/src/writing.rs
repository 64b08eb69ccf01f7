//! What a write works with inside the writer's transaction.
//!
//! The head cache belongs to the writer and says what this transaction would see: it is emptied whenever anything
//! is rolled back.

use std::collections::HashMap;

use parlour_model::{ChatId, IdGenerator, Timestamp};
use parlour_store::Head;
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::rows::{self, HEAD, int};
use crate::sql;

/// Heads kept; when there are more, all are forgotten.
const HEADS_KEPT_MAX: usize = 50_000;

/// The transaction a write runs in.
pub(crate) struct Writing<'a> {
    /// The connection, inside a transaction.
    pub(crate) conn: &'a Connection,
    /// The time of the transaction.
    pub(crate) now: Timestamp,
    /// Makes the ids of events.
    pub(crate) ids: &'a IdGenerator,
    /// The heads of the chats written lately.
    pub(crate) heads: &'a mut HeadCache,
}

impl Writing<'_> {
    /// Runs `work`; if it fails by its own fault, everything it did is undone and nothing else.
    pub(crate) fn apart<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        sql::change(self.conn, "SAVEPOINT apart", ())?;
        let result = work(self);
        if let Err(failure) = &result {
            self.heads.forget();
            if !failure.is_own() {
                return result;
            }
            sql::change(self.conn, "ROLLBACK TO apart", ())?;
        }
        sql::change(self.conn, "RELEASE apart", ())?;
        result
    }

    /// The head of a chat, as this transaction sees it.
    pub(crate) fn head(&mut self, chat: ChatId) -> Result<Option<Head>, Failure> {
        if let Some(head) = self.heads.known.get(&chat) {
            return Ok(Some(*head));
        }
        let head = read_head(self.conn, chat)?;
        if let Some(head) = head {
            self.heads.keep(chat, head);
        }
        Ok(head)
    }

    /// Moves the head of a chat.
    pub(crate) fn set_head(&mut self, chat: ChatId, head: Head) -> Result<(), Failure> {
        sql::change(
            self.conn,
            "INSERT INTO heads (chat, seq, id, countable, epoch, membership_seq, effect_seq)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (chat) DO UPDATE SET seq = ?2, id = ?3, countable = ?4, epoch = ?5,
                 membership_seq = ?6, effect_seq = ?7",
            params![
                int(chat.get()),
                int(head.seq.get()),
                int(head.id.get()),
                int(head.countable.get()),
                int(head.epoch.get()),
                int(head.membership_seq.get()),
                int(head.effect_seq.get()),
            ],
        )?;
        self.heads.keep(chat, head);
        Ok(())
    }
}

/// The head of a chat.
pub(crate) fn read_head(conn: &Connection, chat: ChatId) -> Result<Option<Head>, Failure> {
    let query = format!("SELECT {HEAD} FROM heads WHERE chat = ?1");
    sql::one(conn, &query, [int(chat.get())], rows::head)
}

/// The heads of the chats written lately.
#[derive(Debug, Default)]
pub(crate) struct HeadCache {
    known: HashMap<ChatId, Head>,
    /// Whether the log of some chat was found ahead of the clock and said so.
    pub(crate) warned_of_clock: bool,
}

impl HeadCache {
    /// Forgets all: something was rolled back.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
    }

    fn keep(&mut self, chat: ChatId, head: Head) {
        if self.known.len() >= HEADS_KEPT_MAX && !self.known.contains_key(&chat) {
            self.known.clear();
        }
        self.known.insert(chat, head);
    }
}
